"""The packs that the program knows where to get, the best of each kind first."""

from __future__ import annotations

from dataclasses import dataclass

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models.pack import PackKind
from fi_desktop.models.structure import CONFIG, WHISPER_FILES

HUB = "https://huggingface.co"
"""Where packs are fetched from."""

TOKENS_PAGE = f"{HUB}/settings/tokens"
"""Where a person makes the token that gated packs need."""


@dataclass(frozen=True, slots=True)
class Source:
    """Files of one repository on the hub.

    Attributes:
        repo: "owner/name".
        patterns: which of its files, as `fnmatch` reads them.
        into: the folder below the pack's that takes them; "" the pack's own.
        gated: whether its makers ask for an account that accepted their conditions.
    """

    repo: str
    patterns: tuple[str, ...]
    into: str = ""
    gated: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A pack that can be fetched.

    Attributes:
        name: the pack's.
        short: what people call it; the command line takes it too.
        title: its name in the window.
        kind: which engine loads it.
        about_bytes: how much is fetched, roughly: the hub says it exactly.
        licence, attribution: as in `Pack`.
        sources: where its files come from; the first one's revision is the pack's version.
    """

    name: str
    short: str
    title: str
    kind: PackKind
    about_bytes: int
    licence: str
    attribution: str
    sources: tuple[Source, ...]

    @property
    def gated(self) -> bool:
        """Whether a Hugging Face token is needed."""
        return any(source.gated for source in self.sources)


_PLDA = Source("pyannote/speaker-diarization-community-1", ("plda/*.npz",), gated=True)

_PYANNOTE = (
    Known(
        "speaker-diarization-community-1",
        "community-1",
        "pyannote Community-1",
        PackKind.PYANNOTE,
        33_000_000,
        "CC-BY-4.0",
        "pyannote speaker-diarization-community-1, by pyannoteAI and CNRS (Hervé Bredin); PLDA by Brno "
        "University of Technology; embedding by WeSpeaker.",
        (
            Source(
                "pyannote/speaker-diarization-community-1",
                (CONFIG, "segmentation/*.bin", "embedding/*.bin", "plda/*.npz"),
                gated=True,
            ),
        ),
    ),
    Known(
        "speaker-diarization-3.1",
        "3.1",
        "pyannote 3.1",
        PackKind.PYANNOTE,
        33_000_000,
        "MIT AND CC-BY-4.0",
        "pyannote speaker-diarization-3.1 and segmentation-3.0, by CNRS (Hervé Bredin), MIT; embedding by "
        "WeSpeaker, CC-BY-4.0; PLDA of speaker-diarization-community-1, CC-BY-4.0.",
        (
            Source("pyannote/speaker-diarization-3.1", (CONFIG,), gated=True),
            Source("pyannote/segmentation-3.0", ("pytorch_model.bin",), into="segmentation", gated=True),
            Source("pyannote/wespeaker-voxceleb-resnet34-LM", ("pytorch_model.bin",), into="embedding"),
            # pyannote.audio 4 loads a PLDA for every pipeline, also where it makes no use of it
            _PLDA,
        ),
    ),
)


def _whisper(short: str, size: str, repo: str, about_bytes: int) -> Known:
    return Known(
        f"faster-whisper-{short}",
        short,
        f"Whisper {size}",
        PackKind.WHISPER,
        about_bytes,
        "MIT",
        f"Whisper {short}, by OpenAI; converted for CTranslate2 by {repo.partition('/')[0]}.",
        (Source(repo, WHISPER_FILES),),
    )


# the repositories as faster_whisper.utils._MODELS has them, 1.2
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

KNOWN = (*_PYANNOTE, *_WHISPER)


def recommended(cores: int, memory_bytes: int) -> str:
    """Return the name of the pack that transcribes best on a computer of this size, without a GPU."""
    if cores >= 8 and memory_bytes >= 15e9:
        return "faster-whisper-large-v3-turbo"
    return "faster-whisper-small" if memory_bytes >= 6e9 else "faster-whisper-base"


_ALIASES = {"turbo": "faster-whisper-large-v3-turbo", "large": "faster-whisper-large-v3"}


def known(name: str) -> Known:
    """Return the pack called so, by its name or what people call it.

    Raises:
        UserError: models.unknown.
    """
    wanted = _ALIASES.get(name, name)
    for pack in KNOWN:
        if wanted in (pack.name, pack.short):
            return pack
    raise UserError(
        messages.MODELS_UNKNOWN,
        name=name,
        known=", ".join(pack.short for pack in KNOWN),
    )


def look_up(name: str) -> Known | None:
    """Return what is known of an installed pack; None for one that somebody made themselves."""
    return next((pack for pack in KNOWN if pack.name == name), None)


def title(name: str) -> str:
    """Return a pack's name for people; one that is not in the catalog keeps its own."""
    pack = look_up(name)
    return name if pack is None else pack.title


def rank(name: str) -> int:
    """Return where a pack stands in the order of quality, 0 the best of its kind; unknown ones come last."""
    names = [pack.name for pack in KNOWN]
    return names.index(name) if name in names else len(names)
