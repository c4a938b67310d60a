"""The one crossing from other threads to the GUI thread.

News of the queue, ends of Futures and files handed over arrive on threads of their own; from here on they
are queued Qt signals. A bridge has no parent and lives as long as anybody may still call it: a signal of a
QObject that Qt has deleted would raise in the queue's own thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

from fi_desktop import log
from fi_desktop.core.errors import FiError
from fi_desktop.core.job import Job
from fi_desktop.jobs.news import News
from fi_desktop.jobs.service import JobService

T = TypeVar("T")
_PAGE = 2000  # jobs a look at the store, so that no look keeps the queue waiting


class Bridge(QObject):
    """Brings what happens elsewhere to the GUI thread.

    Signals:
        news_arrived: a tuple of News, in the order in which they were committed.
        jobs_listed: a list of Jobs as they were between the news before and after it.
        listing_failed: why the jobs cannot be shown, in a sentence.
        handed_over: paths (list of str) that a second launch brought.
    """

    news_arrived = Signal(object)
    jobs_listed = Signal(object)
    listing_failed = Signal(str)
    handed_over = Signal(object)
    _ended = Signal(object, object, object)

    def __init__(self, service: JobService) -> None:
        super().__init__()
        self._service = service
        self._gui_thread = threading.get_ident()
        self._unlisten: Callable[[], None] = lambda: None
        # what reads or writes files for the window; short things, so one thread
        self._helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="window")
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    def listen(self) -> None:
        """Follow the queue: first whatever is there, then every change."""
        self._unlisten = self._service.listen(self._tell)
        self._list_jobs(0)

    def close(self) -> None:
        """Tell no more."""
        self._unlisten()
        self._helper.shutdown(wait=False, cancel_futures=True)

    def when_done(
        self, future: Future[T], done: Callable[[T], None] | None, failed: Callable[[str], None]
    ) -> None:
        """Call `done` with the result, or `failed` with a sentence, on the GUI thread.

        Neither is called where it is a method of a widget that is gone by then.
        """
        future.add_done_callback(partial(self._end, done, failed))

    def work(
        self, work: Callable[[], T], done: Callable[[T], None] | None, failed: Callable[[str], None]
    ) -> None:
        """Do something that may take long off the GUI thread, and go on with `done` or `failed` on it."""
        self.when_done(self._helper.submit(work), done, failed)

    def hand_over(self, paths: list[str]) -> None:
        """Tell that a second launch brought files; called on any thread."""
        self.handed_over.emit(paths)

    def _tell(self, news: tuple[News, ...]) -> None:
        self.news_arrived.emit(news)

    def _list_jobs(self, after: int) -> None:
        future = self._service.jobs(after=after, limit=_PAGE)
        future.add_done_callback(partial(self._on_listed, after))

    def _on_listed(self, after: int, future: Future[list[Job]]) -> None:
        """Pass on a page of jobs; called on the owner's thread, between its news, and so in their order."""
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            self.listing_failed.emit(str(error))
            return
        if threading.get_ident() == self._gui_thread:
            # It was answered before we could listen to it: later news may have overtaken it. Ask again.
            self._list_jobs(after)
            return
        page = future.result()
        self.jobs_listed.emit(page)
        if len(page) == _PAGE:
            self._list_jobs(page[-1].id)

    def _end(
        self, done: Callable[[Any], None] | None, failed: Callable[[str], None], future: Future[Any]
    ) -> None:
        self._ended.emit(done, failed, future)

    @Slot(object, object, object)
    def _on_ended(
        self, done: Callable[[Any], None] | None, failed: Callable[[str], None], future: Future[Any]
    ) -> None:
        try:
            result = future.result()
        except CancelledError:
            return
        except FiError as error:
            _call(failed, error.message)
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
