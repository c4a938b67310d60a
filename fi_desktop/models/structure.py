"""The files that a pack of each kind needs, so that its engine finds all of them on disk.

Engines must never go online, but their libraries would: pyannote.audio downloads what its `config.yaml` does
not name (a 3.1 pipeline names no PLDA), and faster-whisper downloads a missing tokenizer even with local
files only. So everything is checked first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Message, Note
from fi_desktop.models.manifest import PackKind

CONFIG = "config.yaml"
MAX_CONFIG_BYTES = 100_000

WHISPER_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
"""The files of a repository that faster-whisper uses (`utils.download_model`, 1.2)."""

_PYANNOTE_FILES = (CONFIG, "*/pytorch_model.bin", "*/xvec_transform.npz", "*/plda.npz")
_TEXTS = ("LICENSE*", "LICENCE*", "NOTICE*", "README*")
_WEIGHTS = {
    "segmentation": ("pytorch_model.bin",),
    "embedding": ("pytorch_model.bin",),
    "plda": ("xvec_transform.npz", "plda.npz"),
}
# pyannote.audio instantiates any class that a configuration names; only these are allowed
_PIPELINES = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
_MODEL = "$model/"
_128_BANDS = "large-v3"  # without its preprocessor file, faster-whisper would use 80 mel bands instead of 128


def recognize(paths: Collection[str]) -> PackKind | None:
    """Return the kind of a pack without a manifest from its files; None if it is not a pack."""
    if CONFIG in paths and any(fnmatchcase(path, "*/pytorch_model.bin") for path in paths):
        return PackKind.PYANNOTE
    if "model.bin" in paths and "config.json" in paths:
        return PackKind.WHISPER
    return None


def is_pack_file(kind: PackKind, path: str) -> bool:
    """Whether a file is one that a pack of this kind may hold."""
    patterns = (*(_PYANNOTE_FILES if kind is PackKind.PYANNOTE else WHISPER_FILES), *_TEXTS)
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def check_structure(kind: PackKind, name: str, paths: Collection[str], config: bytes) -> None:
    """Check that an engine finds everything it needs among `paths`.

    Args:
        kind: the pack's kind.
        name: the pack's name.
        paths: the pack's files.
        config: content of a pyannote pack's `config.yaml`; empty for other packs.

    Raises:
        UserError: models.incomplete, models.bad_config.
    """
    needed = list(_whisper_needs(name, paths) if kind is PackKind.WHISPER else _pyannote_needs(name, config))
    if lacking := [path for path in needed if path not in paths]:
        raise incomplete(name, missing_files(lacking))


def incomplete(name: str, reason: Note) -> UserError:
    """Return the error of a pack that lacks files."""
    return UserError(messages.MODELS_INCOMPLETE, name=name, reason=reason)


def localized(config: bytes) -> bytes:
    """Return a pipeline's `config.yaml` with all parts in the pack's folder, otherwise unchanged.

    Raises:
        UserError: models.bad_config.
    """
    import yaml

    value = _load(config)
    value["pipeline"]["params"] |= {part: f"{_MODEL}{part}" for part in _WEIGHTS}
    return yaml.safe_dump(value, sort_keys=False).encode()


def _whisper_needs(name: str, paths: Collection[str]) -> Iterable[str]:
    yield from ("model.bin", "config.json", "tokenizer.json")
    if not any(fnmatchcase(path, "vocabulary.*") for path in paths):
        yield "vocabulary.json"
    if _128_BANDS in name:
        yield "preprocessor_config.json"


def _pyannote_needs(name: str, config: bytes) -> Iterable[str]:
    yield CONFIG
    if not config:
        return
    value = _load(config)
    if value["pipeline"].get("name") not in _PIPELINES or "preprocessors" in value:
        raise _bad_config(messages.PACK_OTHER_PIPELINE)
    for part, files in _WEIGHTS.items():
        location = value["pipeline"]["params"].get(part)
        if not isinstance(location, str) or not location.startswith(_MODEL) or "@" in location:
            wanted = f"{part}: {_MODEL}{part}"
            raise incomplete(name, messages.PACK_CONFIG_NETWORK(wanted=wanted))
        yield from (f"{location.removeprefix(_MODEL).strip('/')}/{file}" for file in files)


def _load(config: bytes) -> dict[str, Any]:
    import yaml

    if len(config) > MAX_CONFIG_BYTES:
        raise _bad_config(messages.PACK_TOO_LONG)
    try:
        value: dict[str, Any] = yaml.safe_load(config)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _bad_config(messages.PACK_NO_YAML) from error
    pipeline = value.get("pipeline") if isinstance(value, dict) else None
    if not isinstance(pipeline, dict) or not isinstance(pipeline.get("params"), dict):
        raise _bad_config(messages.PACK_NO_PIPELINE)
    return value


def _bad_config(reason: Message) -> UserError:
    return UserError(messages.MODELS_BAD_CONFIG, reason=reason())


def missing_files(paths: list[str]) -> Note:
    """Return a note that these files are missing."""
    message = messages.PACK_FILE_MISSING if len(paths) == 1 else messages.PACK_FILES_MISSING
    return message(file=", ".join(paths))
