"""The one crossing from other threads to the GUI thread.

Queue events, ends of Futures and files handed over arrive on threads of their own. They are put into an
inbox as plain data, and one signal wakes the GUI thread, which empties it: once a burst, not once a piece of
news. No widget is ever referred to from another thread: where the last reference to one falls there, it is
deleted there, and Qt crashes. A bridge has no parent and lives as long as anybody may still call it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

from fi_desktop.core.errors import FiError, error_info
from fi_desktop.gui import errors
from fi_desktop.jobs.queue_events import Notice, QueueEvent, QueuePaused, WorkersChanged
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobsPage
from fi_desktop.system import log
from fi_desktop.watch.config import WatchedFolder
from fi_desktop.watch.watcher import FolderScan

T = TypeVar("T")
_OF_THE_QUEUE = (Notice, QueuePaused, WorkersChanged)
_FIRST_PAGE = 200  # jobs: enough for any screen, and shown at once
_PAGE = 5000  # jobs a look at the store, so that no look keeps the queue waiting


class Bridge(QObject):
    """Brings what happens elsewhere to the GUI thread.

    Signals (all on the GUI thread):
        news_arrived: a tuple of QueueEvent, in the order in which they were committed.
        jobs_listed: a JobsPage of jobs as they were between the news before and after it, newest first.
        listing_failed: why the jobs cannot be shown, in a sentence.
        handed_over: paths (list of str) that a second launch brought.
        folder_looked_at: a WatchedFolder, and the FolderScan that found something new there.
    """

    news_arrived = Signal(object)
    jobs_listed = Signal(object)
    listing_failed = Signal(str)
    handed_over = Signal(object)
    folder_looked_at = Signal(object, object)
    _woken = Signal()

    def __init__(self, service: JobService) -> None:
        super().__init__()
        self._service = service
        self._gui_thread = threading.get_ident()
        self._unlisten: Callable[[], None] = lambda: None
        # what reads or writes files for the window; short things, so one thread
        self._helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="window")
        self._inbox: SimpleQueue[tuple[Callable[[Any], None], Any]] = SimpleQueue()
        self._closed = False
        self._waking = False  # so that a burst of news wakes the GUI thread once
        self._callbacks: dict[int, tuple[Callable[[Any], None] | None, Callable[[str], None]]] = {}
        self._tickets = count()
        self._holds: dict[type, QueueEvent] = {}  # the last news of a kind, of what is no job's
        self._listed = JobsPage()  # how far the jobs are listed
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def listen(self) -> None:
        """Follow the queue: first whatever is there, then every change."""
        self._unlisten = self._service.listen(self._tell)
        self._list_jobs(None)

    def tell_again(self) -> None:
        """Tell what still holds once more, to windows that were not there when it was told."""
        self.jobs_listed.emit(replace(self._listed, jobs=()))
        self.news_arrived.emit(tuple(self._holds.values()))

    def close(self) -> None:
        """Tell no more."""
        self._closed = True
        self._unlisten()
        self._helper.shutdown(wait=False, cancel_futures=True)
        self._callbacks.clear()

    def when_done(
        self, future: Future[T], done: Callable[[T], None] | None, failed: Callable[[str], None]
    ) -> None:
        """Call `done` with the result, or `failed` with a sentence, on the GUI thread.

        Neither is called where it is a method of a widget that is gone by then.
        """
        ticket = next(self._tickets)
        self._callbacks[ticket] = (done, failed)
        future.add_done_callback(partial(self._end, ticket))

    def run_task(
        self, work: Callable[[], T], done: Callable[[T], None] | None, failed: Callable[[str], None]
    ) -> None:
        """Do something that may take long off the GUI thread, and go on with `done` or `failed` on it.

        `work` must not refer to a widget. Nothing is begun any more once the bridge is closed.
        """
        if self._closed:
            return
        self.when_done(self._helper.submit(work), done, failed)

    def hand_over(self, paths: list[str]) -> None:
        """Tell that a second launch brought files; called on any thread."""
        self._post(self._show_handed_over, paths)

    def tell_of_folder(self, folder: WatchedFolder, look: FolderScan) -> None:
        """Tell what a look at a watched folder found; called on any thread."""
        self._post(self._show_folder, (folder, look))

    # ---- on other threads

    def _post(self, deed: Callable[[Any], None], value: object) -> None:
        """Have something done on the GUI thread; carried out in order."""
        self._inbox.put((deed, value))
        if not self._waking:
            self._waking = True
            self._woken.emit()

    def _tell(self, news: tuple[QueueEvent, ...]) -> None:
        self._post(self._show_news, news)

    def _end(self, ticket: int, future: Future[Any]) -> None:
        self._post(self._answer, (ticket, future))

    def _list_jobs(self, before: int | None) -> None:
        future = self._service.page(_FIRST_PAGE if before is None else _PAGE, before=before)
        future.add_done_callback(partial(self._on_listed, before))

    def _on_listed(self, before: int | None, future: Future[JobsPage]) -> None:
        """Pass on a page of jobs; called on the owner's thread, between its news, and so in their order."""
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            self._post(self._show_listing_failed, error)
            return
        if threading.get_ident() == self._gui_thread:
            # It was answered before we could listen to it: later news may have overtaken it. Ask again.
            self._list_jobs(before)
            return
        page = future.result()
        self._post(self._show_jobs, page)
        if page.before is not None:
            self._list_jobs(page.before)

    # ---- on the GUI thread

    @Slot()
    def _on_woken(self) -> None:
        self._waking = False  # first: what is put from now on wakes again
        while True:
            try:
                deed, value = self._inbox.get_nowait()
            except Empty:
                return
            deed(value)

    def _show_news(self, news: tuple[QueueEvent, ...]) -> None:
        self._holds |= {type(item): item for item in news if isinstance(item, _OF_THE_QUEUE)}
        self.news_arrived.emit(news)

    def _show_jobs(self, page: JobsPage) -> None:
        self._listed = page
        self.jobs_listed.emit(page)

    def _show_listing_failed(self, error: Exception) -> None:
        self.listing_failed.emit(errors.sentence(error_info(error)))

    def _show_folder(self, told: tuple[WatchedFolder, FolderScan]) -> None:
        self.folder_looked_at.emit(*told)

    def _show_handed_over(self, paths: list[str]) -> None:
        self.handed_over.emit(paths)

    def _answer(self, ended: tuple[int, Future[Any]]) -> None:
        ticket, future = ended
        done, failed = self._callbacks.pop(ticket, (None, _ignore))
        try:
            result = future.result()
        except CancelledError:
            return
        except FiError as error:
            _call(failed, errors.sentence(error_info(error)))
        except Exception as error:  # noqa: BLE001 the sentence for whatever we did not foresee
            log.event("WINDOW_WORK_FAILED", error=type(error).__name__)
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
    """Stands for callbacks that nobody waits for any more."""
