"""`IndexingThread` keeps the index of transcripts up to date, in the process that owns the queue.

It follows the queue's events: a job that completes is indexed, one that is corrected too, one that is removed
is erased. At the start of a program that stays open, and before a search from the command line, it compares
all results with the index: what an older version, a crash or another program left out is indexed, a few
results at a time, newest first. If it is stopped meanwhile, it goes on next time.

Neither queue nor window waits for it. It reads results and not the store, except for the list of jobs.
"""

from __future__ import annotations

import shutil
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

import apsw

from fi_desktop.core import events as ev
from fi_desktop.core.case_labels import seconds_of
from fi_desktop.core.errors import FiError
from fi_desktop.core.job import Job
from fi_desktop.core.text import search_key
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent, ResultCorrected
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.spoken_lines import lines_of, stamp_of
from fi_desktop.jobs.transcript_index import (
    DAMAGE,
    DAMAGED_MARK,
    INDEX_FILE,
    IndexedJob,
    IndexPlace,
    IndexUnusable,
    TranscriptIndex,
)
from fi_desktop.system import log

_JOBS_PER_PAGE = 200  # of the list of jobs, so that the queue does not wait
_RESULTS_PER_TRANSACTION = 16
_GATHER_S = 0.25  # after a result, for those that come right behind it: the queue goes first
_CORRECTED_S = 1.0  # after the last correction: each means that a whole result is read
_REMOVED_AT_ONCE = 8  # half a second each
_RETRY_S = 30.0  # after an error
_ERASE_AGAIN_S = 0.2
_LOOK_S = 10.0  # how often it looks whether a reader found damage


def indexed_job(job: Job) -> IndexedJob:
    """Return what the index knows about a job besides its lines."""
    at = seconds_of(job.label.recorded_at, job.submitted_at)
    return IndexedJob(at, search_key(unicodedata.normalize("NFC", job.label.case)))


class _Change(NamedTuple):
    """A job that is to be indexed again.

    Attributes:
        due: when, by the monotonic clock.
        about: what the index knows of it besides its lines; None if the queue must be asked.
    """

    due: float
    about: IndexedJob | None = None


class IndexingThread:
    """Writes the index of transcripts.

    Attributes:
        caught_up: set while nothing is left to do, or nothing can be done.
    """

    def __init__(self, service: JobService) -> None:
        """Prepare; the index is where the service's folders have it."""
        self._service = service
        self._inbox: SimpleQueue[QueueEvent | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="transcript-index", daemon=True)
        self._unlisten: Callable[[], None] = lambda: None
        self._closing = threading.Event()
        self.caught_up = threading.Event()
        self._asking = threading.Lock()  # nothing is asked for between a look into the inbox and `caught_up`
        # used by the thread only
        self._index: TranscriptIndex | None = None
        self._place: IndexPlace | None = None  # of the index that was opened last
        self._moves = False
        self._compares = self._hurries = False
        self._removed: set[int] = set()
        self._changed: dict[int, _Change] = {}
        self._stale: list[tuple[int, IndexedJob]] = []  # what a comparison found
        self._relabelled: dict[int, IndexedJob] = {}
        self._unerased = False  # the write-ahead log holds what was deleted

    def start(self) -> None:
        """Follow the queue's events."""
        self._unlisten = self._service.listen(self._on_events)
        self._thread.start()

    def compare(self, *, hurry: bool = False) -> None:
        """Compare all results with the index, now; hurry: without leaving time to others."""
        self._hurries = hurry
        self._compares = True
        self._ask(None)

    def move(self) -> None:
        """Make the index again where it is to be from now on, and delete it where it was."""
        self._moves = self._compares = True
        self._ask(None)

    def close(self) -> None:
        """Erase what was removed, leave the rest for the next time, and end; called after the queue's end."""
        self._closing.set()
        self._inbox.put(None)
        if self._thread.ident is not None:
            self._thread.join()
        self._unlisten()

    # ---- on the owner's thread

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            match event:
                case (
                    JobChanged(event=ev.Completed() | ev.Reviewed() | ev.VersionChosen() | ev.LabelChanged())
                    | JobRemoved()
                    | ResultCorrected()
                ):
                    self._ask(event)
                case _:
                    pass

    def _ask(self, event: QueueEvent | None) -> None:
        with self._asking:
            self.caught_up.clear()
            self._inbox.put(event)

    # ---- on its own thread

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._wait()
                if not self._closing.is_set():
                    self._work()
            except Exception as error:  # noqa: BLE001 - SQLite's errors, the disk's, and those of damaged files
                self._recover(error)
        self._take(0.0)
        try:
            self._remove()
        except IndexUnusable:
            self._close_index()
            shutil.rmtree(self._folder, ignore_errors=True)
        except Exception as error:  # noqa: BLE001 - the next comparison finds what is left
            log.event("SEARCH_INDEX_FAILED", error=type(error).__name__)
        self._close_index()

    def _wait(self) -> None:
        """Take the events that came; wait for one if there is nothing else to do."""
        if self._removed or self._stale or self._relabelled or self._compares:
            self._take(0.0)
        elif self._changed or self._unerased:
            due = min((change.due for change in self._changed.values()), default=0.0) - time.monotonic()
            self._closing.wait(min(max(_ERASE_AGAIN_S, due), _GATHER_S))
            self._take(0.0)
        else:
            with self._asking:
                if self._inbox.empty():
                    self.caught_up.set()
            self._take(_LOOK_S if self._index is not None else None)

    def _take(self, timeout_s: float | None) -> None:
        try:
            self._note(self._inbox.get(timeout=timeout_s) if timeout_s != 0.0 else self._inbox.get_nowait())
            while True:
                self._note(self._inbox.get_nowait())
        except Empty:
            return

    def _note(self, event: QueueEvent | None) -> None:
        match event:
            case JobRemoved(job_id=job_id):
                self._removed.add(job_id)
                self._changed.pop(job_id, None)
                self._relabelled.pop(job_id, None)
            case JobChanged(job=job, event=ev.Completed() | ev.VersionChosen()):
                self._changed[job.id] = _Change(time.monotonic() + _GATHER_S, indexed_job(job))
            case JobChanged(job=job, event=ev.LabelChanged()):
                self._relabelled[job.id] = about = indexed_job(job)
                if (change := self._changed.get(job.id)) is not None:
                    self._changed[job.id] = change._replace(about=about)
            case JobChanged(job=job):
                self._changed[job.id] = _Change(time.monotonic() + _CORRECTED_S, indexed_job(job))
            case ResultCorrected(job_id=job_id):
                self._changed[job_id] = _Change(time.monotonic() + _CORRECTED_S)
            case _:
                pass

    def _work(self) -> None:
        if self._moves:
            self._leave_place()
        if not self._compares and self._index is None and not (self._folder / INDEX_FILE).is_file():
            self._removed.clear()  # nobody searches yet: the first comparison finds all of it
            self._changed.clear()
            self._relabelled.clear()
            return
        if (self._folder / DAMAGED_MARK).is_file():
            raise IndexUnusable("damaged")
        if self._compares:
            self._compare()
        self._remove()
        self._describe()
        now = time.monotonic()
        if any(change.due <= now for change in self._changed.values()):
            now += _GATHER_S  # those that are due at once after it come along
        due = iter([item for item in self._changed.items() if item[1].due <= now])
        while some := dict(islice(due, _RESULTS_PER_TRANSACTION)):
            self._update(some)
        if self._stale:
            self._update_stale()

    def _opened(self) -> TranscriptIndex:
        if self._index is None:
            self._place = self._service.folders.index_place()
            self._index = TranscriptIndex(self._place)
        return self._index

    @property
    def _folder(self) -> Path:
        return (self._place or self._service.folders.index_place()).folder

    def _leave_place(self) -> None:
        """Delete the index where it was."""
        self._moves = False
        self._close_index()
        self._place = None
        for folder in self._service.folders.other_index_folders():
            shutil.rmtree(folder, ignore_errors=True)

    def _compare(self) -> None:
        """Find the results that are not indexed as they are, and the jobs that no longer exist."""
        index = self._opened()
        self._compares = False
        known = index.stamps()
        found: dict[int, IndexedJob] = {}
        page_full, after = True, 0
        while page_full and not self._closing.is_set():
            page = self._service.jobs(after=after, limit=_JOBS_PER_PAGE).result()
            found |= {job.id: indexed_job(job) for job in page if job.summary is not None}
            page_full, after = len(page) == _JOBS_PER_PAGE, page[-1].id if page else after
        if self._closing.is_set():
            return
        folder = self._service.folders.folder
        self._stale = [job for job in found.items() if stamp_of(folder(job[0])) != known.get(job[0])]
        self._relabelled |= {
            id_: found[id_] for id_, about in index.jobs().items() if found.get(id_, about) != about
        }
        # one that completed meanwhile is not in `found`, but it was not known either: its event comes
        self._removed |= known.keys() - found.keys()
        self._record_left(index)

    def _remove(self) -> None:
        """Erase removed jobs, and empty the write-ahead log unless somebody reads it just now.

        Raises:
            IndexUnusable: it is quicker to make the index again.
        """
        if self._index is None and not (self._folder / INDEX_FILE).is_file():
            self._removed.clear()
        while self._removed:
            index = self._opened()
            most = _REMOVED_AT_ONCE if self._closing.is_set() else max(20, index.count() // 10)
            if len(self._removed) > most:
                raise IndexUnusable("removed")
            some = sorted(self._removed)[:_REMOVED_AT_ONCE]
            with index.transaction():
                for job_id in some:
                    self._unerased |= index.remove(job_id)
            self._removed -= set(some)
            shutil.rmtree(self._aside, ignore_errors=True)
        if self._unerased and self._index is not None:
            self._unerased = not self._index.erase()

    def _update(self, changes: Mapping[int, _Change]) -> None:
        """Index jobs that have a new result or were corrected."""
        known: dict[int, IndexedJob] = {}
        for job_id, change in changes.items():
            if change.about is not None:
                known[job_id] = change.about
            elif (job := self._service.job(job_id).result()) is not None:  # else its removal is on the way
                known[job_id] = indexed_job(job)
        index = self._opened()
        with index.transaction():
            for job_id, about in known.items():
                self._put(index, job_id, about)
        for job_id in changes:
            self._changed.pop(job_id, None)
        self._unerased = True  # the log holds what stood there before

    def _update_stale(self) -> None:
        """Index some of the results that a comparison found, the newest first."""
        started = time.monotonic()
        index = self._opened()
        with index.transaction():
            for _ in range(min(_RESULTS_PER_TRANSACTION, len(self._stale))):
                job_id, about = self._stale.pop()
                if job_id not in self._removed:
                    self._put(index, job_id, about)
                if self._closing.is_set():
                    break
        self._record_left(index)
        if self._stale and not self._hurries:
            self._closing.wait(time.monotonic() - started)  # half of the time is for others

    def _describe(self) -> None:
        """Record the cases and dates that people corrected."""
        if not self._relabelled:
            return
        index = self._opened()
        with index.transaction():
            for job_id, about in self._relabelled.items():
                index.describe(job_id, about)
        # what is still to be indexed was read before it was corrected
        self._stale = [(job_id, self._relabelled.get(job_id, about)) for job_id, about in self._stale]
        self._relabelled.clear()
        self._unerased = True

    def _put(self, index: TranscriptIndex, job_id: int, about: IndexedJob) -> None:
        """Index a job's result as it is now; one that cannot be read has no lines."""
        folders = self._service.folders
        stamp = stamp_of(folders.folder(job_id))
        if not stamp:
            index.remove(job_id)
            return
        try:
            lines = lines_of(folders.transcript(job_id))
        except (OSError, ValueError, KeyError) as error:
            log.event("SEARCH_RESULT_UNREADABLE", job=job_id, error=type(error).__name__)
            lines = ()
        index.put(job_id, about, stamp, lines)

    def _record_left(self, index: TranscriptIndex) -> None:
        with index.transaction():
            index.set_left(len(self._stale))
            if not self._stale:
                index.set_cause("")
        if not self._stale:
            shutil.rmtree(self._aside, ignore_errors=True)
            log.event("SEARCH_INDEX_COMPLETE")

    # ---- when something is wrong

    @property
    def _aside(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}-aside")

    def _recover(self, error: Exception) -> None:
        """Put a damaged index aside, and compare again; after another error, some time later."""
        self._close_index()
        self._compares = True
        if isinstance(error, FiError):  # the queue closes, or its disk is full
            self._give_time()
            return
        log.event("SEARCH_INDEX_FAILED", error=type(error).__name__)
        if isinstance(error, (IndexUnusable, *DAMAGE)):
            try:
                self._put_aside(error.cause if isinstance(error, IndexUnusable) else "damaged")
            except (OSError, apsw.Error) as failure:  # another program has it open
                log.event("SEARCH_INDEX_FAILED", error=type(failure).__name__)
            else:
                return
        self._give_time()

    def _give_time(self) -> None:
        """Wait until what was wrong may be over."""
        self.caught_up.set()
        self._closing.wait(_RETRY_S)
        self.caught_up.clear()

    def _put_aside(self, cause: str) -> None:
        """Make an empty index. A damaged one is kept until the new one is complete."""
        shutil.rmtree(self._aside, ignore_errors=True)
        self._folder.rename(self._aside)
        if cause == "removed":
            shutil.rmtree(self._aside)
        index = self._opened()
        self._removed.clear()  # they are in no index any more
        with index.transaction():
            index.set_cause(cause)

    def _close_index(self) -> None:
        if self._index is not None:
            with suppress(apsw.Error):
                self._index.close()
            self._index = None
