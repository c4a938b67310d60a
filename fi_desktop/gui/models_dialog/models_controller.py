"""Runs downloads, imports, checks and removals of models, each on its own thread.

The threads know no widget: they update a `TaskProgress` that the dialog polls, and their outcome reaches the
GUI thread through the bridge. They are daemons: a task can be interrupted at any byte without losing data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core.errors import CancelledByUser, FiError
from fi_desktop.core.messages import verbatim
from fi_desktop.gui.bridge import Bridge
from fi_desktop.models import find, library, remove, verify
from fi_desktop.models.catalog import HUB, CatalogEntry
from fi_desktop.models.download import discard, install
from fi_desktop.models.hub import Hub, store_token, stored_token
from fi_desktop.models.importing import import_pack
from fi_desktop.models.library import Report
from fi_desktop.system.files import resource
from fi_desktop.viewmodel.catalog_state import (
    STOPPED,
    Activity,
    CatalogState,
    TaskOutcome,
    TaskProgress,
    read_catalog,
)

Task = Callable[[Report], object]
"""Long work that reports its progress; it must not refer to a widget."""


class ModelsController(QObject):
    """Runs at most one task per model.

    Attributes:
        progress: of each running task, by the pack's name.
        activity: the kind of each running task, by the pack's name.
        importing: progress of the running import, or None.

    Signals:
        catalog_read: a `CatalogState`.
        token_loaded: the pack's name, and the saved token or "".
        token_saved: the pack's name, the token, and whether a keyring accepted it.
        downloaded, checked, removed: the pack's name and a `TaskOutcome`.
        imported: the source path and a `TaskOutcome`.
        failed: a sentence for an unexpected error.
    """

    catalog_read = Signal(object)
    token_loaded = Signal(str, str)
    token_saved = Signal(str, str, bool)
    downloaded = Signal(str, object)
    checked = Signal(str, object)
    removed = Signal(str, object)
    imported = Signal(str, object)
    failed = Signal(str)

    def __init__(self, root: Path, bridge: Bridge, parent: QObject, *, address: str = HUB) -> None:
        """Manage the models in `root`; `address`: the hub's."""
        super().__init__(parent)
        self.progress: dict[str, TaskProgress] = {}
        self.activity: dict[str, Activity] = {}
        self.importing: TaskProgress | None = None
        self._discard: set[str] = set()  # downloads to delete once their task has stopped
        self._root, self._bundle = root, resource("models")
        self._bridge, self._address = bridge, address

    @property
    def busy(self) -> bool:
        """Whether any task is running."""
        return bool(self.progress) or self.importing is not None

    def refresh(self) -> None:
        """Read the catalog; emits `catalog_read`."""
        work = partial(read_catalog, self._root, self._bundle)
        self._bridge.run_task(work, self._on_catalog_read, self._on_failed)

    def load_token(self, name: str) -> None:
        """Read the person's token from the keyring; emits `token_loaded`."""
        # not on the helper thread: a keyring may wait for the person to unlock it
        self._bridge.run_in_thread(
            "models", stored_token, partial(self._on_token_loaded, name), self._on_failed
        )

    def save_token(self, name: str, hub_token: str) -> None:
        """Save a token in the keyring if there is one; emits `token_saved`."""
        done = partial(self._on_token_saved, name, hub_token)
        self._bridge.run_in_thread("models", partial(store_token, hub_token), done, self._on_failed)

    def download(self, known: CatalogEntry, hub_token: str = "", *, replace: bool = False) -> None:
        """Start or resume a download; `hub_token`: the person's token. Emits `downloaded`."""
        root, address = self._root, self._address

        def task(report: Report) -> None:
            install(known, root, Hub(address, token=hub_token or None), report=report, replace=replace)

        self._start(known.name, Activity.DOWNLOADING, task)

    def check(self, name: str) -> None:
        """Verify every byte of a pack; emits `checked`."""
        roots = (self._bundle, self._root)

        def task(report: Report) -> None:
            pack = find(name, roots)
            if pack is None:
                raise library.missing(name)
            verify(pack, report)

        self._start(name, Activity.CHECKING, task)

    def stop(self, name: str) -> None:
        """Stop a pack's task and keep what it has downloaded."""
        if name in self.progress:
            self.progress[name].stopping = True

    def cancel(self, name: str) -> None:
        """Stop a pack's task and delete what it has downloaded; emits `catalog_read`."""
        if name not in self.progress:
            self._discard_download(name)
            return
        if self.activity[name] is Activity.DOWNLOADING:
            self._discard.add(name)
        self.stop(name)

    def stop_all(self) -> None:
        """Stop all tasks."""
        for progress in (*self.progress.values(), *([self.importing] if self.importing else [])):
            progress.stopping = True

    def remove(self, name: str) -> None:
        """Delete a pack; emits `removed`."""
        root, bundle = self._root, self._bundle
        ended = partial(self._on_removed, name)
        _start_task(
            lambda _report: remove(name, root, bundled=(bundle,)), self._bridge, ended, self._on_failed
        )

    def import_from(self, path: str, *, approved: bool = False, replace: bool = False) -> None:
        """Import a pack from a folder or archive; emits `imported`."""
        root, trail = self._root, self._bridge.trail

        def task(report: Report) -> None:
            pack = import_pack(Path(path), root, report=report, approved=approved, replace=replace)
            if approved and trail is not None:
                trail.record_first(Act(ActKind.MODEL_APPROVED, detail={"model": pack.name}))

        ended, failed = partial(self._on_imported, path), partial(self._on_import_failed, path)
        self.importing = _start_task(task, self._bridge, ended, failed)

    def cancel_import(self) -> None:
        """Stop the import and delete what it has copied."""
        if self.importing is not None:
            self.importing.stopping = True

    def _start(self, name: str, activity: Activity, task: Task) -> None:
        if name in self.progress:
            return
        self.activity[name] = activity
        ended, failed = partial(self._on_ended, name), partial(self._on_task_failed, name)
        self.progress[name] = _start_task(task, self._bridge, ended, failed)

    def _discard_download(self, name: str) -> None:
        self._bridge.run_task(partial(discard, name, self._root), self._on_discarded, self._on_failed)

    def _on_ended(self, name: str, outcome: TaskOutcome) -> None:
        del self.progress[name]
        ended = self.downloaded if self.activity.pop(name) is Activity.DOWNLOADING else self.checked
        ended.emit(name, outcome)
        if name in self._discard:
            self._discard.discard(name)
            self._discard_download(name)
        else:
            self.refresh()

    def _on_task_failed(self, name: str, sentence: str) -> None:
        self._on_ended(name, TaskOutcome("models.bug", verbatim(sentence)))

    def _on_removed(self, name: str, outcome: TaskOutcome) -> None:
        self.removed.emit(name, outcome)
        self.refresh()

    def _on_imported(self, path: str, outcome: TaskOutcome) -> None:
        self.importing = None
        self.imported.emit(path, outcome)
        self.refresh()

    def _on_import_failed(self, path: str, sentence: str) -> None:
        self._on_imported(path, TaskOutcome("models.bug", verbatim(sentence)))

    def _on_catalog_read(self, state: CatalogState) -> None:
        self.catalog_read.emit(state)

    def _on_token_loaded(self, name: str, saved: str | None) -> None:
        self.token_loaded.emit(name, saved or "")

    def _on_token_saved(self, name: str, hub_token: str, saved: bool) -> None:
        self.token_saved.emit(name, hub_token, saved)

    def _on_discarded(self, _nothing: None) -> None:
        self.refresh()

    def _on_failed(self, sentence: str) -> None:
        self.failed.emit(sentence)
        self.refresh()


def _start_task(
    task: Task,
    bridge: Bridge,
    ended: Callable[[TaskOutcome], None],
    failed: Callable[[str], None],
) -> TaskProgress:
    """Run a task on its own thread.

    Args:
        task: the work.
        bridge: the crossing to the GUI thread.
        ended: called there with the outcome.
        failed: called there with a sentence for an unexpected error.
    """
    progress = TaskProgress()

    def run() -> TaskOutcome:
        try:
            task(progress.report)
        except CancelledByUser:
            return TaskOutcome(STOPPED)
        except FiError as error:
            return TaskOutcome(error.code, error.note)
        return TaskOutcome()

    bridge.run_in_thread("models", run, ended, failed)
    return progress
