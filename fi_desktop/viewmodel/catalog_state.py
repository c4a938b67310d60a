"""What the models dialog shows: the catalog's state, read off the GUI thread, and tasks on it."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.messages import Note
from fi_desktop.models import Pack, PackKind, catalog, check, installed
from fi_desktop.models.download import fetched_bytes
from fi_desktop.viewmodel.recommendation import recommend

STOPPED = "stopped"
"""`TaskOutcome.code` of a task that the person stopped."""

_RATE_WINDOW_S = 6.0
_RESUME_BYTES = 8_000_000  # a larger step is data that an earlier download left


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model, installed or available.

    Attributes:
        name: the pack's.
        kind: the task it is for.
        size_bytes: size on disk, or the approximate download.
        licence, attribution: as in `Pack`.
        languages: ISO 639-1 codes; empty for any.
        known: whether the catalog has a source for it.
        gated: whether the source needs a token.
        installed: whether it is on disk, damaged or not.
        bundled: whether it is part of the program and cannot be removed.
        trouble: why it cannot be used; None if it can.
        fetched_bytes: size of a paused download.
        recommended: whether this computer should have it, while no model transcribes.
    """

    name: str
    kind: PackKind
    size_bytes: int
    licence: str
    attribution: str
    languages: tuple[str, ...] = ()
    known: bool = True
    gated: bool = False
    installed: bool = False
    bundled: bool = False
    trouble: Note | None = None
    fetched_bytes: int = 0
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class CatalogState:
    """All models, and the free disk space.

    Attributes:
        models: sorted by kind; imported ones first, then the best first.
        free_bytes: on the disk of the models folder.
    """

    models: tuple[ModelEntry, ...]
    free_bytes: int


def read_catalog(root: Path, bundle: Path) -> CatalogState:
    """Read the person's models folder, the bundled one, and the catalog."""
    packs = {pack.name: pack for pack in installed((bundle, root))}
    models = [_installed_entry(pack, root) for pack in packs.values()]
    models += [_available_entry(known, root) for known in catalog.ENTRIES if known.name not in packs]
    models = _with_recommendation(models, root.parent)
    kinds = list(PackKind)
    models.sort(
        key=lambda entry: (
            kinds.index(entry.kind),
            catalog.entry_of(entry.name) is not None,
            catalog.rank(entry.name),
            entry.name,
        )
    )
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    return CatalogState(tuple(models), shutil.disk_usage(existing).free)


def _with_recommendation(models: list[ModelEntry], home: Path) -> list[ModelEntry]:
    """Recommend a transcription model that suits this computer, unless one is installed."""
    if any(entry.installed and entry.kind is PackKind.WHISPER for entry in models):
        return models
    name = recommend(home, trial=False).name
    return [replace(entry, recommended=entry.name == name) for entry in models]


def _installed_entry(pack: Pack, root: Path) -> ModelEntry:
    trouble = None
    try:
        check(pack)
    except UserError as error:
        trouble = error.note
    known = catalog.entry_of(pack.name)
    return ModelEntry(
        pack.name,
        pack.kind,
        pack.size_bytes,
        pack.licence,
        pack.attribution,
        pack.languages,
        known=known is not None,
        gated=known is not None and known.gated,
        installed=True,
        bundled=pack.folder is not None and pack.folder.parent != root,
        trouble=trouble,
    )


def _available_entry(known: catalog.CatalogEntry, root: Path) -> ModelEntry:
    return ModelEntry(
        known.name,
        known.kind,
        known.about_bytes,
        known.licence,
        known.attribution,
        gated=known.gated,
        fetched_bytes=fetched_bytes(known.name, root),
    )


class Activity(Enum):
    """The task that runs on a model."""

    NONE = auto()
    DOWNLOADING = auto()
    CHECKING = auto()


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """How a task ended.

    Attributes:
        code: "" for success, `STOPPED`, or the error's code.
        note: the error's, if any.
    """

    code: str = ""
    note: Note | None = None


class TaskProgress:
    """Progress of a task; written by its thread, read by the window.

    Attributes:
        done, total: bytes.
        stopping: whether the task was asked to stop.
    """

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.stopping = False
        self._resumed = 0  # bytes that were on disk already and do not count for the rate
        self._samples: deque[tuple[float, int]] = deque()

    def report(self, done: int, total: int) -> None:
        """Record the progress; called on the task's thread.

        Raises:
            CancelledByUser: the task is to stop.
        """
        if done - self.done > _RESUME_BYTES:
            self._resumed += done - self.done
        self.done, self.total = done, total
        if self.stopping:
            raise CancelledByUser

    def bytes_per_s(self, now: float) -> float:
        """Return the recent rate; the window calls it at each refresh. now: seconds, monotonic."""
        fetched = self.done - self._resumed
        self._samples.append((now, fetched))
        while now - self._samples[0][0] > _RATE_WINDOW_S:
            self._samples.popleft()
        since, before = self._samples[0]
        return max(0.0, (fetched - before) / (now - since)) if now > since else 0.0
