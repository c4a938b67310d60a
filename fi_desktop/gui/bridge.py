"""`Bridge`: the only way from other threads to the GUI thread.

Queue events, finished Futures and files from a second launch arrive on other threads. They go into an inbox
as plain data; one signal per burst wakes the GUI thread, which empties it. No other thread ever holds a
reference to a widget: if it dropped the last one, the widget would be deleted there and Qt would crash. For
the same reason a bridge has no parent; it lives as long as any thread may call it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

from fi_desktop.audit.acts import Act
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, error_info
from fi_desktop.gui import labels
from fi_desktop.jobs.queue_events import (
    AlertsChanged,
    ClockDoubted,
    ExportsHeld,
    Notice,
    QueueEvent,
    QueueHeld,
    QueuePaused,
    WorkersChanged,
)
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobsPage
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.watch.config import WatchedFolder
from fi_desktop.watch.watcher import FolderScan

T = TypeVar("T")
# each replaces the previous one of its type
_STATE_EVENTS = (AlertsChanged, ClockDoubted, ExportsHeld, Notice, QueueHeld, QueuePaused, WorkersChanged)
_FIRST_PAGE = 200  # jobs: enough for any screen, and shown at once
_PAGE = 5000  # jobs per read of the store, so that no read keeps the queue waiting


class Bridge(QObject):
    """Brings events and results to the GUI thread.

    Attributes:
        trail: the audit trail.

    Signals (all on the GUI thread):
        events_arrived: tuple of QueueEvent, in commit order.
        jobs_listed: JobsPage as of the time between the events before and after it, newest first.
        listing_failed: why the jobs cannot be listed, as a sentence.
        files_received: paths (list of str) from a second launch.
        settings_changed: Settings that another process changed.
        folder_scanned: WatchedFolder and the FolderScan that found something new.
        unlocked: the vault is unlocked again: what could not be read meanwhile can be.
    """

    events_arrived = Signal(object)
    jobs_listed = Signal(object)
    listing_failed = Signal(str)
    files_received = Signal(object)
    settings_changed = Signal(object)
    folder_scanned = Signal(object, object)
    unlocked = Signal()
    _woken = Signal()

    def __init__(self, service: JobService) -> None:
        super().__init__()
        self._service = service
        self.trail = service.trail
        self._gui_thread = threading.get_ident()
        self._unlisten: Callable[[], None] = lambda: None
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="window")
        self._inbox: SimpleQueue[tuple[Callable[[Any], None], Any]] = SimpleQueue()
        self._closed = False
        self._waking = False  # so that a burst of events wakes the GUI thread once
        self._callbacks: dict[int, _Waiting] = {}
        self._refused: list[_Waiting] = []  # tasks that read something while the vault was locked
        self._tickets = count()
        self._state: dict[type, QueueEvent] = {}
        self._last_page = JobsPage()
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def listen(self) -> None:
        """Follow the queue: first list all jobs, then pass on every event."""
        self._unlisten = self._service.listen(self._post_events)
        self._list_jobs(None)

    def replay(self) -> None:
        """Emit the current state again, for windows that were just built."""
        self.jobs_listed.emit(replace(self._last_page, jobs=()))
        self.events_arrived.emit(tuple(self._state.values()))

    @property
    def alerts(self) -> AlertsChanged:
        """The alerts that are raised."""
        known = self._state.get(AlertsChanged)
        return known if isinstance(known, AlertsChanged) else AlertsChanged(())

    def close(self) -> None:
        """Stop: no more signals, no more callbacks."""
        self._closed = True
        self._unlisten()
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._callbacks.clear()
        self._refused.clear()

    def record(self, *acts: Act) -> None:
        """Record acts that are about to be done in the audit trail; see `AuditTrail.record_first`."""
        if self.trail is not None and acts:
            self.trail.record_first(*acts)

    # ---- tasks

    def run_task(
        self, function: Callable[[], T], done: Callable[[T], None] | None, failed: Callable[[str], None]
    ) -> None:
        """Run a short function on the window's helper thread, then call back as `when_done` does.

        `function` must not refer to a widget. Does nothing once the bridge is closed.
        """
        self._run(_Waiting(done, failed, function))

    def retry(self) -> None:
        """Run again the tasks that were refused because the vault was locked."""
        refused, self._refused = self._refused, []
        for task in refused:
            self._run(task)
        self.unlocked.emit()

    def _run(self, task: _Waiting) -> None:
        if not self._closed and task.function is not None:
            self._wait_for(self._executor.submit(task.function), task)

    def run_in_thread(
        self,
        name: str,
        function: Callable[[], T],
        done: Callable[[T], None] | None,
        failed: Callable[[str], None],
        *,
        daemon: bool = True,
    ) -> threading.Thread:
        """Run a long function on a thread of this name, then call back as `when_done` does.

        `daemon`: whether the process may exit before the function returns.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 carried over to the GUI thread
                future.set_exception(error)
            else:
                future.set_result(result)

        self.when_done(future, done, failed)
        thread = threading.Thread(target=run, name=name, daemon=daemon)
        thread.start()
        return thread

    def when_done(
        self, future: Future[T], done: Callable[[T], None] | None, failed: Callable[[str], None]
    ) -> None:
        """Call `done` with the result, or `failed` with a sentence, on the GUI thread.

        A callback that is a method of a deleted widget is not called; nor is any if the vault is locked: the
        windows are hidden then, and ask again once they are not.
        """
        self._wait_for(future, _Waiting(done, failed))

    def _wait_for(self, future: Future[Any], waiting: _Waiting) -> None:
        ticket = next(self._tickets)
        self._callbacks[ticket] = waiting
        future.add_done_callback(partial(self._post_outcome, ticket))

    # ---- on other threads

    def receive_files(self, paths: list[str]) -> None:
        """Pass on the files of a second launch; called on any thread."""
        self._post(self._emit_files, paths)

    def receive_settings(self, settings: Settings) -> None:
        """Pass on settings that another process changed; called on any thread."""
        self._post(self._emit_settings, settings)

    def report_folder(self, folder: WatchedFolder, scan: FolderScan) -> None:
        """Pass on the result of scanning a watched folder; called on any thread."""
        self._post(self._emit_folder, (folder, scan))

    def _post(self, action: Callable[[Any], None], value: object) -> None:
        """Run an action on the GUI thread, in order; drop it once the bridge is closed."""
        if self._closed:
            return
        self._inbox.put((action, value))
        if not self._waking:
            self._waking = True
            try:
                self._woken.emit()
            except RuntimeError:
                if shiboken6.isValid(self):
                    raise
                # Qt has ended, and deleted it

    def _post_events(self, events: tuple[QueueEvent, ...]) -> None:
        self._post(self._emit_events, events)

    def _post_outcome(self, ticket: int, future: Future[Any]) -> None:
        self._post(self._call_back, (ticket, future))

    def _list_jobs(self, before: int | None) -> None:
        future = self._service.page(_FIRST_PAGE if before is None else _PAGE, before=before)
        future.add_done_callback(partial(self._on_listed, before))

    def _on_listed(self, before: int | None, future: Future[JobsPage]) -> None:
        """Pass on a page of jobs; called on the queue's thread, and so in order with its events."""
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            self._post(self._emit_listing_failed, error)
            return
        if threading.get_ident() == self._gui_thread:
            # The future was done before the callback was added, so later events may have overtaken it. Retry.
            self._list_jobs(before)
            return
        page = future.result()
        self._post(self._emit_jobs, page)
        if page.before is not None:
            self._list_jobs(page.before)

    # ---- on the GUI thread

    @Slot()
    def _on_woken(self) -> None:
        self._waking = False  # before emptying the inbox: what arrives from now on wakes again
        while not self._closed:
            try:
                action, value = self._inbox.get_nowait()
            except Empty:
                return
            action(value)

    def _emit_events(self, events: tuple[QueueEvent, ...]) -> None:
        self._state |= {type(event): event for event in events if isinstance(event, _STATE_EVENTS)}
        self.events_arrived.emit(events)

    def _emit_jobs(self, page: JobsPage) -> None:
        self._last_page = page
        self.jobs_listed.emit(page)

    def _emit_listing_failed(self, error: Exception) -> None:
        self.listing_failed.emit(labels.sentence(error_info(error)))

    def _emit_folder(self, scanned: tuple[WatchedFolder, FolderScan]) -> None:
        self.folder_scanned.emit(*scanned)

    def _emit_settings(self, settings: Settings) -> None:
        self.settings_changed.emit(settings)

    def _emit_files(self, paths: list[str]) -> None:
        self.files_received.emit(paths)

    def _call_back(self, outcome: tuple[int, Future[Any]]) -> None:
        ticket, future = outcome
        waiting = self._callbacks.pop(ticket, _NOBODY)
        done, failed = waiting.done, waiting.failed
        try:
            result = future.result()
        except CancelledError:
            return
        except FiError as error:
            if error.code == messages.VAULT_LOCKED.code:
                if waiting.function is not None:
                    self._refused.append(waiting)
                return
            _call(failed, labels.sentence(error_info(error)))
        except Exception as error:  # noqa: BLE001 - any other error becomes a sentence too
            log.event("WINDOW_TASK_FAILED", error=type(error).__name__)
            _call(failed, self.tr("Something went wrong ({error}).").format(error=type(error).__name__))
        else:
            if done is not None:
                _call(done, result)


def _call(callback: Callable[[Any], None], value: Any) -> None:
    method = callback.func if isinstance(callback, partial) else callback
    owner = getattr(method, "__self__", None)
    if not isinstance(owner, QObject) or shiboken6.isValid(owner):
        callback(value)


def _ignore(_sentence: str) -> None:
    """Replaces the callbacks that `close` removed."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Waits for an outcome.

    Attributes:
        done, failed: callbacks, see `Bridge.when_done`.
        function: of a task, which can be run again; None: somebody else's future.
    """

    done: Callable[[Any], None] | None
    failed: Callable[[str], None]
    function: Callable[[], Any] | None = None


_NOBODY = _Waiting(None, _ignore)
