"""The model packs that can be downloaded, the best of each kind first."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models.manifest import PackKind
from fi_desktop.models.pins import PINS
from fi_desktop.models.structure import CONFIG, WHISPER_FILES

HUB = "https://huggingface.co"
"""The hub that packs are downloaded from."""

TOKENS_PAGE = f"{HUB}/settings/tokens"
"""Where a person creates the token that gated packs need."""


@dataclass(frozen=True, slots=True)
class HubFiles:
    """Files of one repository on the hub, as `pins.py` describes them.

    Attributes:
        repo: "owner/name".
        patterns: `fnmatch` patterns of the files.
        into: target folder within the pack; "" for the pack's folder.
        gated: whether an account has to accept the authors' conditions first.
    """

    repo: str
    patterns: tuple[str, ...]
    into: str = ""
    gated: bool = False

    @property
    def commit(self) -> str:
        """The commit that the files are taken from."""
        return PINS[self.repo].commit

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the files, by their paths in the repository."""
        pinned = PINS[self.repo].hashes
        return {
            path: pinned[path]
            for path in pinned
            if any(fnmatchcase(path, pattern) for pattern in self.patterns)
        }


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A pack that can be downloaded.

    Attributes:
        name: the pack's name.
        short: common name, also accepted by the command line.
        title: name in the window.
        kind: decides which engine loads it.
        about_bytes: approximate download size.
        licence, attribution: as in `Pack`.
        sources: where its files come from; the first one's commit becomes the pack's version.
    """

    name: str
    short: str
    title: str
    kind: PackKind
    about_bytes: int
    licence: str
    attribution: str
    sources: tuple[HubFiles, ...]

    @property
    def gated(self) -> bool:
        """Whether a Hugging Face token is needed."""
        return any(source.gated for source in self.sources)


_PLDA = HubFiles("pyannote/speaker-diarization-community-1", ("plda/*.npz",), gated=True)

_PYANNOTE = (
    CatalogEntry(
        "speaker-diarization-community-1",
        "community-1",
        "pyannote Community-1",
        PackKind.PYANNOTE,
        33_000_000,
        "CC-BY-4.0",
        "pyannote speaker-diarization-community-1, by pyannoteAI and CNRS (Hervé Bredin); PLDA by Brno "
        "University of Technology; embedding by WeSpeaker.",
        (
            HubFiles(
                "pyannote/speaker-diarization-community-1",
                (CONFIG, "segmentation/*.bin", "embedding/*.bin", "plda/*.npz"),
                gated=True,
            ),
        ),
    ),
    CatalogEntry(
        "speaker-diarization-3.1",
        "3.1",
        "pyannote 3.1",
        PackKind.PYANNOTE,
        33_000_000,
        "MIT AND CC-BY-4.0",
        "pyannote speaker-diarization-3.1 and segmentation-3.0, by CNRS (Hervé Bredin), MIT; embedding by "
        "WeSpeaker, CC-BY-4.0; PLDA of speaker-diarization-community-1, CC-BY-4.0.",
        (
            HubFiles("pyannote/speaker-diarization-3.1", (CONFIG,), gated=True),
            HubFiles("pyannote/segmentation-3.0", ("pytorch_model.bin",), into="segmentation", gated=True),
            HubFiles("pyannote/wespeaker-voxceleb-resnet34-LM", ("pytorch_model.bin",), into="embedding"),
            # pyannote.audio 4 loads a PLDA for every pipeline, even if it does not use it
            _PLDA,
        ),
    ),
)


def _whisper(short: str, size: str, repo: str, about_bytes: int) -> CatalogEntry:
    return CatalogEntry(
        f"faster-whisper-{short}",
        short,
        f"Whisper {size}",
        PackKind.WHISPER,
        about_bytes,
        "MIT",
        f"Whisper {short}, by OpenAI; converted for CTranslate2 by {repo.partition('/')[0]}.",
        (HubFiles(repo, WHISPER_FILES),),
    )


# repositories from faster_whisper.utils._MODELS, 1.2
_WHISPER = (
    _whisper("large-v3", "Large v3", "Systran/faster-whisper-large-v3", 3_090_000_000),
    _whisper(
        "large-v3-turbo",
        "Large v3 Turbo",
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        1_620_000_000,
    ),
    _whisper("medium", "Medium", "Systran/faster-whisper-medium", 1_530_000_000),
    _whisper("small", "Small", "Systran/faster-whisper-small", 486_000_000),
    _whisper("base", "Base", "Systran/faster-whisper-base", 148_000_000),
    _whisper("tiny", "Tiny", "Systran/faster-whisper-tiny", 78_000_000),
)

ENTRIES = (*_PYANNOTE, *_WHISPER)


# The work of a model, relative to base: multiplications for 30 s of speech, with the encoder's parameters for
# 1,500 frames and the decoder's for 130 tokens, as the authors publish them (A. Radford et al. 2022, table 1;
# the model cards of large-v3-turbo and distil-large-v3).
_WORK = {
    "tiny": 0.4,
    "base": 1.0,
    "small": 4.0,
    "medium": 13.8,
    "large-v3": 28.5,
    "large-v3-turbo": 26.0,
    "distil-large-v3": 25.8,
}

# CPU-seconds for a second of dense speech on the machine of docs/benchmarks.md: words with base, int8, and
# everything else that a job does.
_BASE_S, _OTHER_STAGES_S = 0.075, 0.017
_LONGEST_HOUR_S = 20 * 60.0
_TWIN = "large-v3"  # turbo is nearly as good, half the size and quicker
_MEMORY_BYTES, _MEMORY_PER_BYTE = 2.5e9, 2.5  # of the system and the program; and of each byte of weights


def hour_s(short: str, *, speed: float, threads: int) -> float:
    """Return how long an hour of recording takes with a Whisper model, seconds.

    Args:
        short: its common name.
        speed: of a core, relative to the machine of docs/benchmarks.md.
        threads: cores that a job has.
    """
    return 3600.0 * (_BASE_S * _WORK[short] + _OTHER_STAGES_S) / speed / threads


def recommended(*, memory_bytes: float, speed: float, threads: int) -> tuple[CatalogEntry, float]:
    """Return the best pack for transcription without a GPU that fits, and its `hour_s`.

    It fits if the memory suffices and an hour of recording takes at most 20 minutes; otherwise it is the
    fastest one.
    """
    candidates = [entry for entry in _WHISPER if entry.short != _TWIN]
    for entry in candidates:
        needed_s = hour_s(entry.short, speed=speed, threads=threads)
        fits = memory_bytes >= _MEMORY_BYTES + _MEMORY_PER_BYTE * entry.about_bytes
        if fits and needed_s <= _LONGEST_HOUR_S:
            return entry, needed_s
    return candidates[-1], hour_s(candidates[-1].short, speed=speed, threads=threads)


_ALIASES = {"turbo": "faster-whisper-large-v3-turbo", "large": "faster-whisper-large-v3"}


def find_entry(name: str) -> CatalogEntry:
    """Return the pack with this name or common name.

    Raises:
        UserError: models.unknown.
    """
    wanted = _ALIASES.get(name, name)
    for pack in ENTRIES:
        if wanted in (pack.name, pack.short):
            return pack
    raise UserError(
        messages.MODELS_UNKNOWN,
        name=name,
        known=", ".join(pack.short for pack in ENTRIES),
    )


def entry_of(name: str) -> CatalogEntry | None:
    """Return the catalog's entry of an installed pack; None for a custom pack."""
    return next((pack for pack in ENTRIES if pack.name == name), None)


def title(name: str) -> str:
    """Return a pack's title for people; custom packs have their name only."""
    entry = entry_of(name)
    return name if entry is None else entry.title


def rank(name: str) -> int:
    """Return a pack's rank by quality, 0 for the best of its kind; custom packs come last."""
    names = [pack.name for pack in ENTRIES]
    return names.index(name) if name in names else len(names)
