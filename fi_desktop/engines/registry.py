"""The engines by name, and which one a recording gets. Imports none of them before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fi_desktop.core.errors import UserError

if TYPE_CHECKING:
    from fi_desktop.audio.recording import Recording
    from fi_desktop.engines.base import Diarizer

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class _Entry:
    """An engine.

    Attributes:
        target: where its class is.
        model: the folder under a models root that it needs, if any.
        thrifty: whether it takes `frugality`.
    """

    target: str
    model: str | None
    thrifty: bool = False


_ENTRIES = {
    "builtin": _Entry("fi_desktop.engines.builtin:BuiltinDiarizer", "builtin"),
    "channels": _Entry("fi_desktop.engines.channels:ChannelsDiarizer", None),
    "pyannote": _Entry("fi_desktop.engines.pyannote:PyannoteDiarizer", "pyannote", thrifty=True),
}

NAMES = (AUTO, *_ENTRIES)


def model_folder(name: str, roots: tuple[Path, ...]) -> Path | None:
    """Return the engine's model folder under the first root that has one; None where none has."""
    model = _ENTRIES[name].model
    if model is None:
        return None
    return next((root / model for root in roots if (root / model).is_dir()), None)


def available(name: str, roots: tuple[Path, ...]) -> bool:
    """Whether the engine could be used: it needs no model, or has one."""
    return _ENTRIES[name].model is None or model_folder(name, roots) is not None


def choose(name: str, recording: Recording, roots: tuple[Path, ...]) -> str:
    """Return the engine's name for a recording; "auto" takes the best there is.

    One speaker a channel is exact, so it comes first; then pyannote where a model is installed; else our own.

    Raises:
        UserError: the engine is unknown, or its model is not installed.
    """
    if name == AUTO:
        if recording.channels > 1 and _load("fi_desktop.engines.channels:channels_hold_different_speakers")(
            recording
        ):
            return "channels"
        return "pyannote" if available("pyannote", roots) else "builtin"
    if name not in _ENTRIES:
        raise UserError("engine.unknown", f"There is no engine {name!r}; known are {', '.join(NAMES)}.")
    if not available(name, roots):
        raise UserError("engine.no_model", f"The engine {name} needs a model pack, and none is installed.")
    return name


def create(name: str, roots: tuple[Path, ...], *, frugality: int = 0) -> Diarizer:
    """Load an engine that `choose` returned.

    `frugality`: how often memory ran out before: 0 as usual, 1 in smaller batches, 2 and more on the
    processor.
    """
    entry = _ENTRIES[name]
    folder = model_folder(name, roots)
    given = {"frugality": frugality} if entry.thrifty else {}
    engine: Diarizer = _load(entry.target)(*([folder] if folder else []), **given)
    return engine


def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
