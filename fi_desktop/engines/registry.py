"""The engines by name, and which one a recording gets. Imports none of them before it is used.

An engine that was loaded stays loaded: the next job of the same worker finds it warm.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fi_desktop import models
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models import Pack, PackKind

if TYPE_CHECKING:
    from fi_desktop.engines.contracts import Diarizer, Transcriber

AUTO = "auto"
NONE = "none"
BUILTIN = "builtin"  # the engine, and the folder of its model under a root


@dataclass(frozen=True, slots=True)
class _Entry:
    """A diarization engine.

    Attributes:
        target: where its class is.
        kind: the kind of model pack that it needs, if any.
        per_channel: whether it wants speech found in each channel by itself.
    """

    target: str
    kind: PackKind | None = None
    per_channel: bool = False


_ENTRIES = {
    BUILTIN: _Entry("fi_desktop.engines.builtin:BuiltinDiarizer"),
    "channels": _Entry("fi_desktop.engines.channels:ChannelsDiarizer", per_channel=True),
    "pyannote": _Entry("fi_desktop.engines.pyannote:PyannoteDiarizer", PackKind.PYANNOTE),
}
_TRANSCRIBER = "fi_desktop.engines.whisper:WhisperTranscriber"

NAMES = (AUTO, *_ENTRIES)


def available(name: str, roots: tuple[Path, ...]) -> bool:
    """Whether the engine could be used: it needs no model, or has one."""
    kind = _ENTRIES[name].kind
    if kind is not None:
        return models.best(kind, roots) is not None
    return name != BUILTIN or _builtin(roots) is not None


def per_channel(name: str) -> bool:
    """Whether an engine that `check` or `best` returned wants speech found in each channel by itself."""
    return _ENTRIES[name].per_channel


def best(roots: tuple[Path, ...], *, apart: bool) -> str:
    """Return the name of the best engine there is for a recording.

    One speaker a channel is exact, so it comes first; then pyannote where a model is installed; else our own.
    apart: whether each channel holds a speaker of its own; see `mixing.py`.

    Raises:
        UserError: the model pack is not whole, or was changed.
    """
    if apart:
        return "channels"
    return check("pyannote" if available("pyannote", roots) else BUILTIN, roots)


def check(name: str, roots: tuple[Path, ...]) -> str:
    """Return the name of an engine if it can be used.

    Raises:
        UserError: the engine is unknown, or its model pack is not installed, not whole, or was changed.
    """
    if name not in _ENTRIES:
        raise UserError(
            messages.ENGINE_UNKNOWN,
            name=name,
            known=", ".join(NAMES),
        )
    kind = _ENTRIES[name].kind
    if kind is not None:
        # its weights are pickles, which could run any code: nothing but what was installed is ever read
        models.verify(_pack(name, kind, roots))
    return name


def create(name: str, roots: tuple[Path, ...], *, frugality: int = 0, threads: int = 1) -> Diarizer:
    """Load an engine that `check` or `best` returned, or find it warm.

    Args:
        name: which one.
        roots: where models are looked for.
        frugality: how often memory ran out before: 0 as usual, 1 in smaller batches, 2 and more on the
            processor.
        threads: how many threads of the processor it may use.
    """
    entry = _ENTRIES[name]
    engine: Diarizer
    if entry.kind is None:
        folder = _builtin(roots) if name == BUILTIN else None
        engine = _load(entry.target)(*([folder] if folder else []))
    else:
        pack = _pack(name, entry.kind, roots)
        engine = _diarizer.get(entry.target, pack, frugality=frugality, threads=threads)
    return engine


def choose_transcriber(name: str, roots: tuple[Path, ...]) -> Pack | None:
    """Return the model pack that transcribes; None: nothing does.

    `name`: "auto" takes the best there is, if any; "none"; or the name of a pack.

    Raises:
        UserError: the pack is not installed, or not whole.
    """
    if name == NONE:
        return None
    pack = models.best(PackKind.WHISPER, roots) if name == AUTO else models.find(name, roots)
    if name != AUTO and (pack is None or pack.kind is not PackKind.WHISPER):
        raise UserError(
            messages.ENGINE_NO_TRANSCRIBER,
            name=name,
        )
    if pack is not None:
        models.check(pack)
    return pack


def create_transcriber(pack: Pack, *, frugality: int = 0, threads: int = 1) -> Transcriber:
    """Load what `choose_transcriber` returned, or find it warm; see `create`."""
    engine: Transcriber = _transcriber.get(_TRANSCRIBER, pack, frugality=frugality, threads=threads)
    return engine


class _Warm:
    """Keeps the engine that was used last; another takes its place, and its memory first."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._engine: Any = None

    def get(self, target: str, pack: Pack, **how: int) -> Any:
        key = (target, pack, *how.values())
        if self._key != key:
            self._key, self._engine = (), None
            self._engine = _load(target)(pack.folder, **how)
            self._key = key
        return self._engine


_diarizer, _transcriber = _Warm(), _Warm()


def _pack(name: str, kind: PackKind, roots: tuple[Path, ...]) -> Pack:
    pack = models.best(kind, roots)
    if pack is None:
        raise UserError(messages.ENGINE_NO_MODEL, name=name)
    return pack


def _builtin(roots: tuple[Path, ...]) -> Path | None:
    return next((root / BUILTIN for root in roots if (root / BUILTIN).is_dir()), None)


def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
