"""The diarizers and transcribers, one table of each, and which of them a recording gets.

To add an engine, write one file and add one line to a table here. A plugin declares an `EngineSpec` as an
entry point of the group "fi_desktop.diarizers" or "fi_desktop.transcribers" instead. An engine's module is
imported at its first use; the diarizer and the transcriber used last stay loaded for the worker's next job.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fi_desktop import models
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models import Pack, PackKind
from fi_desktop.system import log
from fi_desktop.system.plugins import entry_points

if TYPE_CHECKING:
    from fi_desktop.engines.contracts import Diarizer, Transcriber

AUTO = "auto"
NONE = "none"
BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine as the program knows it before importing it.

    Attributes:
        name: used in settings, on the command line and in results.
        title: for people; the window translates the titles of the engines below.
        target: "module:class". Called with the model's folder, `memory_level` and `threads` if it uses model
            packs; with the folders of its models if they are bundled; else without arguments.
        pack_kind: the kind of model pack that it loads, if any.
        bundled: the folders of its models below a model root, if they come with the program.
        requires: a module of an optional dependency, if it needs one.
        per_channel: wants speech detected in each channel separately (diarizers).
    """

    name: str
    title: str
    target: str
    pack_kind: PackKind | None = None
    bundled: tuple[str, ...] = ()
    requires: str = ""
    per_channel: bool = False


DIARIZERS = (
    EngineSpec(
        BUILTIN,
        "Built-in",
        "fi_desktop.engines.builtin:BuiltinDiarizer",
        bundled=("builtin", "voices"),
    ),
    EngineSpec(
        "channels",
        "One speaker per channel",
        "fi_desktop.engines.channels:ChannelsDiarizer",
        per_channel=True,
    ),
    EngineSpec(
        "pyannote",
        "pyannote",
        "fi_desktop.engines.pyannote:PyannoteDiarizer",
        PackKind.PYANNOTE,
        requires="pyannote.audio",
    ),
)
TRANSCRIBERS = (
    EngineSpec("whisper", "Whisper", "fi_desktop.engines.whisper:WhisperTranscriber", PackKind.WHISPER),
)


@dataclass(frozen=True, slots=True)
class TranscriberChoice:
    """A transcriber and the model pack that it loads; None if it uses no packs."""

    spec: EngineSpec
    pack: Pack | None = None

    @property
    def name(self) -> str:
        """The name of the model pack, or of an engine without one."""
        return self.pack.name if self.pack else self.spec.name


def diarizers() -> dict[str, EngineSpec]:
    """Return all diarizers by name, those of plugins last."""
    return _by_name(DIARIZERS, "fi_desktop.diarizers")


def transcribers() -> dict[str, EngineSpec]:
    """Return all transcribers by name, those of plugins last."""
    return _by_name(TRANSCRIBERS, "fi_desktop.transcribers")


def diarizer_names() -> tuple[str, ...]:
    """Return what can be asked for: "auto" and the name of each diarizer."""
    return (AUTO, *diarizers())


def transcriber_names(packs: Iterable[str]) -> tuple[str, ...]:
    """Return what can be asked for: "auto", "none", these model packs, and transcribers that use no packs."""
    return (*dict.fromkeys((AUTO, NONE, *packs, *(spec.name for spec in without_packs()))),)


def without_packs() -> tuple[EngineSpec, ...]:
    """Return the installed transcribers that use no model packs, such as those of plugins."""
    return tuple(spec for spec in transcribers().values() if spec.pack_kind is None and installed(spec))


def title(name: str) -> str:
    """Return the title of a diarizer or transcriber; of an unknown one, its name."""
    spec = diarizers().get(name) or transcribers().get(name)
    return spec.title if spec else name


def installed(spec: EngineSpec) -> bool:
    """Return whether the engine's optional dependency is installed, without importing it."""
    if not spec.requires:
        return True
    try:
        return find_spec(spec.requires) is not None
    except ModuleNotFoundError:
        return False


def available(name: str, roots: tuple[Path, ...]) -> bool:
    """Return whether a diarizer is installed and has the model that it needs."""
    spec = diarizers()[name]
    return installed(spec) and _has_model(spec, roots)


def best_diarizer(*, separate: bool) -> str:
    """Return the name of the best diarizer for a recording.

    Without separate channels it is the built-in engine: in `tests/bench/diarizers.py` it is ahead of
    pyannote's pipeline with the published weights, except on telephone lines.

    separate: each channel holds one speaker, which needs no guessing; see `channels.py`.
    """
    return "channels" if separate else BUILTIN


def check(name: str, roots: tuple[Path, ...]) -> str:
    """Return the name of a diarizer if it can be used.

    Raises:
        UserError: there is no such diarizer, it is not installed, or its model pack is missing or changed.
    """
    spec = diarizers().get(name)
    if spec is None:
        raise UserError(
            messages.ENGINE_UNKNOWN,
            name=name,
            known=", ".join(diarizer_names()),
        )
    if not installed(spec):
        raise UserError(messages.ENGINE_NOT_INSTALLED, name=name)
    if spec.pack_kind is not None:
        # its weights are pickles, which can run any code: read nothing but what was installed
        models.verify(_pack(spec.name, spec.pack_kind, roots))
    return name


def create_diarizer(
    name: str, roots: tuple[Path, ...], *, memory_level: int = 0, threads: int = 1
) -> Diarizer:
    """Load a diarizer that `check` or `best_diarizer` returned, or reuse the loaded one.

    Args:
        name: which one.
        roots: folders of models, best first.
        memory_level: how often the job ran out of memory: 0 as usual, 1 smaller batches, 2 and more no GPU.
        threads: CPU threads that it may use.
    """
    spec = diarizers()[name]
    engine: Diarizer
    if spec.pack_kind is not None:
        pack = _pack(spec.name, spec.pack_kind, roots)
        engine = _last_diarizer.get(spec, pack, memory_level=memory_level, threads=threads)
    elif spec.bundled:
        engine = _class(spec)(*_bundled(spec, roots))
    else:
        engine = _class(spec)()
    return engine


def choose_transcriber(name: str, roots: tuple[Path, ...]) -> TranscriberChoice | None:
    """Return the transcriber to use; None for none.

    Args:
        name: "none"; "auto" for the best one available, if any; the name of a model pack; or the name of a
            transcriber that uses no packs.
        roots: folders of models, best first.

    Raises:
        UserError: there is no such transcriber or pack, or the pack is incomplete.
    """
    if name == NONE:
        return None
    usable = [spec for spec in transcribers().values() if installed(spec)]
    if name == AUTO:
        found = _best_transcriber(usable, roots)
    else:
        found = _transcriber(name, usable, roots)
        if found is None:
            raise UserError(messages.ENGINE_NO_TRANSCRIBER, name=name)
    if found is not None and found.pack is not None:
        models.check(found.pack)
    return found


def create_transcriber(chosen: TranscriberChoice, *, memory_level: int = 0, threads: int = 1) -> Transcriber:
    """Load what `choose_transcriber` returned, or reuse the loaded one; see `create_diarizer`."""
    engine: Transcriber
    if chosen.pack is not None:
        engine = _last_transcriber.get(chosen.spec, chosen.pack, memory_level=memory_level, threads=threads)
    else:
        engine = _class(chosen.spec)()
    return engine


class _LastUsed:
    """Keeps the engine that was used last, until another takes its memory."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._engine: Any = None

    def get(self, spec: EngineSpec, pack: Pack, *, memory_level: int, threads: int) -> Any:
        key = (spec, pack, memory_level, threads)
        if self._key != key:
            self._key, self._engine = (), None  # free its memory before the next one needs it
            self._engine = _class(spec)(pack.folder, memory_level=memory_level, threads=threads)
            self._key = key
        return self._engine


_last_diarizer, _last_transcriber = _LastUsed(), _LastUsed()


def _by_name(table: Iterable[EngineSpec], group: str) -> dict[str, EngineSpec]:
    found = {spec.name: spec for spec in table}
    for spec in _plugins(group):
        found.setdefault(spec.name, spec)
    return found


@cache
def _plugins(group: str) -> tuple[EngineSpec, ...]:
    specs = []
    for entry in entry_points(group):
        try:
            specs.append(entry.load())
        except (ImportError, AttributeError) as error:
            log.event("PLUGIN_NOT_LOADED", level=logging.WARNING, plugin=entry.value, error=str(error))
    return tuple(specs)


def _best_transcriber(usable: Iterable[EngineSpec], roots: tuple[Path, ...]) -> TranscriberChoice | None:
    for spec in usable:
        pack = models.best(spec.pack_kind, roots) if spec.pack_kind else None
        if pack is not None or spec.pack_kind is None:
            return TranscriberChoice(spec, pack)
    return None


def _transcriber(
    name: str, usable: Iterable[EngineSpec], roots: tuple[Path, ...]
) -> TranscriberChoice | None:
    pack = models.find(name, roots)
    for spec in usable:
        if spec.pack_kind is None and spec.name == name:
            return TranscriberChoice(spec)
        if pack is not None and spec.pack_kind is pack.kind:
            return TranscriberChoice(spec, pack)
    return None


def _has_model(spec: EngineSpec, roots: tuple[Path, ...]) -> bool:
    if spec.pack_kind is not None:
        return models.best(spec.pack_kind, roots) is not None
    return not spec.bundled or bool(_bundled(spec, roots))


def _pack(name: str, kind: PackKind, roots: tuple[Path, ...]) -> Pack:
    pack = models.best(kind, roots)
    if pack is None:
        raise UserError(messages.ENGINE_NO_MODEL, name=name)
    return pack


def _bundled(spec: EngineSpec, roots: tuple[Path, ...]) -> list[Path]:
    """Return the folders of an engine's bundled models; empty if no root has all of them."""
    for root in roots:
        folders = [root / name for name in spec.bundled]
        if all(folder.is_dir() for folder in folders):
            return folders
    return []


def _class(spec: EngineSpec) -> Any:
    module, _, name = spec.target.partition(":")
    return getattr(import_module(module), name)
