"""The one door to the queue: submit, cancel, retry, remove, and what listeners are told.

Commands may be called from any thread: they return a Future at once and are carried out on the thread that
owns the store, in *turns*. A turn is one transaction: the commands that came in, what the workers told, and
the claims that follow from both are committed together, and only then are callers answered and listeners
told. The backend drives the turns and calls the methods of the second half; nobody else does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from fi_desktop import log
from fi_desktop.audio.files import media_files
from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind, TransientError, UserError
from fi_desktop.core.job import Job, JobOptions, JobState, Priority, StaleClaim, Summary, apply
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.news import JobChanged, JobRemoved, Listener, News, QueuePaused
from fi_desktop.jobs.store import JobStore
from fi_desktop.jobs.verify import verify

T = TypeVar("T")
_COMMANDS_A_TURN = 64  # a burst of commands must not keep the workers' news waiting
_FILES_A_COMMAND = 200  # so that the first rows of a large folder are shown at once

_LOGGED = {
    ev.Submitted: "WORKFLOW_JOB_QUEUED",
    ev.Claimed: "WORKFLOW_JOB_STARTED",
    ev.Due: "WORKFLOW_JOB_DUE",
    ev.CancelAsked: "WORKFLOW_JOB_CANCEL_ASKED",
    ev.RetryAsked: "WORKFLOW_JOB_RETRY_ASKED",
    ev.Prioritized: "WORKFLOW_JOB_PRIORITIZED",
    ev.Seen: "WORKFLOW_JOB_SEEN",
    ev.Completed: "WORKFLOW_JOB_COMPLETED",
    ev.Released: "WORKFLOW_JOB_RELEASED",
    ev.Cancelled: "WORKFLOW_JOB_CANCELLED",
}


class JobService:
    """Submits, cancels, retries and removes jobs, and tells listeners what became of them."""

    def __init__(
        self,
        open_store: Callable[[], JobStore],
        folders: JobFolders,
        *,
        now: Callable[[], float],
        rng: random.Random,
        policy: RetryPolicy | None = None,
        keep_s: float | None = None,
        keep_unseen: bool = False,
    ) -> None:
        """Prepare; nothing is opened before the backend calls `open` on its own thread.

        Args:
            open_store: makes the store; called on the owner's thread.
            folders: where the jobs' files lie.
            now: UTC, seconds since the epoch.
            rng: varies the retry delays.
            policy: which failed attempt is tried again, and when.
            keep_s: how long finished jobs are kept, seconds; None: for ever.
            keep_unseen: keep results that nobody has looked at or written out, however old.
        """
        self.folders = folders
        self._open_store = open_store
        self._now = now
        self._rng = rng
        self._policy = policy or RetryPolicy()
        self._keep_s = keep_s
        self._keep_unseen = keep_unseen
        self._store: JobStore | None = None
        self._commands: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._wake: Callable[[], None] = lambda: None
        self._listeners: tuple[Listener, ...] = ()
        self._news: list[News] = []
        self._closed = False
        self._gate = Lock()  # so that no command slips in behind the last turn
        # folders are walked here, so that a slow network drive stops neither the window nor the workers
        self._intake = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    # ---- for everybody, from any thread

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each turn's news, on the owner's thread; return how to stop that."""
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(known for known in self._listeners if known is not listener)

        return stop

    def submit(
        self,
        paths: Iterable[Path],
        options: JobOptions | None = None,
        *,
        priority: Priority = Priority.NORMAL,
    ) -> Future[tuple[int, ...]]:
        """Queue recordings; folders are walked. The ids come once the jobs are on disk.

        Fails with UserError where nothing that could be a recording is found.
        """
        given = tuple(paths)
        return self._intake.submit(self._take_in, given, options or JobOptions(), priority)

    def cancel(self, ids: Iterable[int]) -> Future[None]:
        """Cancel jobs; a running one is asked to stop. Those in a final state stay as they are."""
        return self._each(ids, self._cancel)

    def retry(self, ids: Iterable[int]) -> Future[None]:
        """Do jobs again, or now, with the options they had. Those queued or running stay as they are."""
        return self._each(ids, self._retry)

    def remove(self, ids: Iterable[int]) -> Future[None]:
        """Forget jobs with all their files, the recordings apart. A running job is refused (UserError)."""
        return self._each(ids, self._remove)

    def prioritize(self, ids: Iterable[int], priority: Priority) -> Future[None]:
        """Move waiting jobs forward or back. Those that run or are done stay as they are."""
        return self._each(ids, partial(self._prioritize, priority=priority))

    def mark_seen(self, ids: Iterable[int]) -> Future[None]:
        """A person looked at results, or wrote them out."""
        return self._each(ids, self._mark_seen)

    def retry_failed(self) -> Future[None]:
        """Do all failed jobs again, with the options they had."""

        def run() -> None:
            for job in self.store.jobs(state=JobState.FAILED):
                self._retry(job)

        return self._post(run)

    def purge(self, states: Iterable[JobState] = (JobState.QUEUED, JobState.RETRYING)) -> Future[int]:
        """Forget all jobs in these states, by default all that wait; return how many. None that runs."""
        wanted = tuple(states)

        def run() -> int:
            jobs = [job for state in wanted for job in self.store.jobs(state=state)]
            for job in jobs:
                self._remove(job)
            return len(jobs)

        return self._post(run)

    def pause(self) -> Future[None]:
        """Claim nothing more until `resume`, also after a restart. What runs is finished."""
        return self._post(lambda: self._set_paused(paused=True))

    def resume(self) -> Future[None]:
        """Claim jobs again."""
        return self._post(lambda: self._set_paused(paused=False))

    def paused(self) -> Future[bool]:
        """Whether the queue is paused."""
        return self._post(lambda: self.store.paused)

    def batch(self, batch: int) -> Future[list[Job]]:
        """List the jobs that were handed in together."""
        return self._post(lambda: self.store.batch(batch))

    def verify(self) -> Future[list[str]]:
        """Prove the store; one sentence for each thing that is not as it must be."""
        return self._post(lambda: list(verify(self.store)))

    def job(self, job_id: int) -> Future[Job | None]:
        """Look one job up."""
        return self._post(lambda: self.store.get(job_id))

    def jobs(
        self, *, state: JobState | None = None, after: int = 0, limit: int | None = None
    ) -> Future[list[Job]]:
        """List jobs in order of submission: those with an id above `after`, at most `limit` of them."""
        return self._post(lambda: self.store.jobs(state=state, after=after, limit=limit))

    def counts(self) -> Future[dict[JobState, int]]:
        """Count the jobs in each state."""
        return self._post(lambda: self.store.counts())

    # ---- for the backend, on the thread that owns the store

    @property
    def store(self) -> JobStore:
        """The store; there between `open` and `close`."""
        if self._store is None:
            raise RuntimeError("the store is not open on this thread")
        return self._store

    def open(self, wake: Callable[[], None]) -> None:
        """Open the store and take back what an earlier owner left running.

        Args:
            wake: called from any thread once a command waits for a turn.
        """
        self._store = self._open_store()
        with self.turn():
            for job in self.store.jobs(state=JobState.RUNNING):
                self._rescue(job)
        self.folders.prepare()
        self.folders.sweep(self.store.ids())
        self._wake = wake
        wake()  # commands may have come in before

    def close(self) -> None:
        """Refuse further commands, answer those that wait, and close the store, if it was opened."""
        with self._gate:
            self._closed = True
        self._wake = lambda: None
        if self._store is not None:
            self._last_turns()
            self._store.close()
            self._store = None
        while (waiting := self._next_command()) is not None:
            waiting[0].set_exception(_closing())
        self._intake.shutdown(wait=True, cancel_futures=True)

    @property
    def waiting(self) -> bool:
        """Whether commands wait for a turn."""
        return not self._commands.empty()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Carry out waiting commands and what the block does in one transaction; then answer and tell.

        Raises:
            TransientError: nothing could be written; callers of commands were told so, and what the block
                did is to be done again.
        """
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.store.transaction():
                for _ in range(_COMMANDS_A_TURN):
                    if (waiting := self._next_command()) is None:
                        break
                    future, command = waiting
                    if future.set_running_or_notify_cancel():
                        answers.append((future, *self._carry_out(command)))
                yield
        except BaseException as error:
            self._news.clear()
            for future, _, _ in answers:
                future.set_exception(error)
            raise
        for future, result, refusal in answers:
            if refusal is None:
                future.set_result(result)
            else:
                future.set_exception(refusal)
        self._publish()

    def tell(self, *news: News) -> None:
        """Tell listeners something that is not stored, with the next turn."""
        self._news.extend(news)

    def next_due_at(self) -> float | None:
        """Return when the soonest retry is due, UTC seconds since the epoch."""
        return self.store.next_due_at()

    def claim(self, worker: str, device: str = "cpu") -> Job | None:
        """Give the best ready job, those due for a retry included, to a worker on `device`; or None."""
        if self.store.paused:
            return None
        while (due := self.store.first_due(self._now())) is not None:
            self._record(due, ev.Due(due.id, self._now()))
        job = self.store.first_ready()
        if job is None:
            return None
        token = f"{self.store.epoch}.{job.id}.{len(job.attempts) + 1}"
        return self._record(job, ev.Claimed(job.id, self._now(), token, worker, device))

    @property
    def expires(self) -> bool:
        """Whether finished jobs are ever forgotten."""
        return self._keep_s is not None

    def expire(self) -> None:
        """Forget jobs that were finished so long ago that the settings let them go."""
        if self._keep_s is None:
            return
        oldest = self._now() - self._keep_s
        for state in JobState:
            for job in self.store.jobs(state=state) if state.final else ():
                unseen = self._keep_unseen and job.state is JobState.COMPLETED and job.seen_at is None
                if job.finished_at is not None and job.finished_at < oldest and not unseen:
                    self._remove(job)

    def completed(self, job_id: int, claim: str, summary: Summary) -> None:
        """The result of a claim is on disk."""
        self._end(job_id, lambda _job: ev.Completed(job_id, self._now(), claim, summary))

    def failed(self, job_id: int, claim: str, error: ErrorInfo, *, crashed: bool = False) -> None:
        """A claim ended in an error; the policy says whether it is tried again."""

        def event(job: Job) -> ev.AttemptNews:
            if job.cancelling:  # the person had given it up already
                return ev.Cancelled(job_id, self._now(), claim)
            delay_s = self._policy.delay_s(job, error.kind, crashed=crashed, rng=self._rng)
            retry_at = None if delay_s is None else self._now() + delay_s
            return ev.Failed(job_id, self._now(), claim, error, retry_at, crashed)

        self._end(job_id, event)

    def released(self, job_id: int, claim: str) -> None:
        """A claim was given back because the app stops."""
        self._end(job_id, lambda _job: ev.Released(job_id, self._now(), claim))

    def cancelled(self, job_id: int, claim: str) -> None:
        """A claim ended because a person had cancelled the job."""
        self._end(job_id, lambda _job: ev.Cancelled(job_id, self._now(), claim))

    # ---- inside

    def _next_command(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        try:
            return self._commands.get_nowait()
        except Empty:
            return None

    def _last_turns(self) -> None:
        try:
            with self.turn():  # also where no command waits: what is left to tell is told
                pass
            while self.waiting:
                with self.turn():
                    pass
        except TransientError as error:  # the callers were told; what runs is taken back at the next start
            log.event("STORE_UNWRITABLE", code=error.code)

    def _post(self, command: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                future.set_exception(_closing())
                return future
            self._commands.put((future, command))
        self._wake()
        return future

    def _each(self, ids: Iterable[int], command: Callable[[Job], None]) -> Future[None]:
        given = tuple(ids)

        def run() -> None:
            for job_id in given:
                job = self.store.get(job_id)
                if job is None:
                    raise UserError("job.unknown", f"There is no job {job_id}.")
                command(job)

        return self._post(run)

    def _carry_out(self, command: Callable[[], T]) -> tuple[T | None, BaseException | None]:
        told = len(self._news)
        try:
            with self.store.savepoint():
                return command(), None
        except TransientError:
            raise  # nothing can be written now: it is the whole turn's trouble
        except Exception as refusal:  # noqa: BLE001 - the caller's, whatever it is; the savepoint undid it
            del self._news[told:]
            return None, refusal

    def _take_in(self, paths: tuple[Path, ...], options: JobOptions, priority: Priority) -> tuple[int, ...]:
        ids: list[int] = []
        batch: list[Path] = []
        for path in media_files(paths):
            batch.append(path)
            if len(batch) == _FILES_A_COMMAND:
                ids += self._insert(batch, options, priority).result()
                batch = []
        if batch:
            ids += self._insert(batch, options, priority).result()
        if not ids:
            raise UserError("submit.nothing", "No audio or video was found there.")
        return tuple(ids)

    def _insert(self, files: list[Path], options: JobOptions, priority: Priority) -> Future[list[int]]:
        def run() -> list[int]:
            ids = [self.store.next_id() for _ in files]
            for job_id, file in zip(ids, files, strict=True):
                self._record(None, ev.Submitted(job_id, self._now(), str(file), options, priority))
            return ids

        return self._post(run)

    def _cancel(self, job: Job) -> None:
        if not job.state.final and not job.cancelling:
            self._record(job, ev.CancelAsked(job.id, self._now()))

    def _retry(self, job: Job) -> None:
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            self._record(job, ev.RetryAsked(job.id, self._now()))

    def _prioritize(self, job: Job, *, priority: Priority) -> None:
        if job.state in (JobState.QUEUED, JobState.RETRYING) and job.priority is not priority:
            self._record(job, ev.Prioritized(job.id, self._now(), priority))

    def _mark_seen(self, job: Job) -> None:
        if job.state is JobState.COMPLETED and job.seen_at is None:
            self._record(job, ev.Seen(job.id, self._now()))

    def _set_paused(self, *, paused: bool) -> None:
        self.store.paused = paused
        self._news.append(QueuePaused(paused))

    def _remove(self, job: Job) -> None:
        if job.state is JobState.RUNNING:
            raise UserError("job.running", "This job is running: cancel it before you remove it.")
        self.store.remove(job)
        self._news.append(JobRemoved(job.id))

    def _rescue(self, job: Job) -> None:
        claim = job.claim or ""
        if job.cancelling:
            self._record(job, ev.Cancelled(job.id, self._now(), claim))
        elif job.deliveries >= self._policy.max_deliveries:
            error = ErrorInfo(
                ErrorKind.BUG,
                "job.deliveries",
                f"The program ended {job.deliveries} times while it worked on this.",
            )
            self._record(job, ev.Failed(job.id, self._now(), claim, error, None, crashed=True))
        else:
            self._record(job, ev.Released(job.id, self._now(), claim))

    def _end(self, job_id: int, event: Callable[[Job], ev.AttemptNews]) -> None:
        job = self.store.get(job_id)
        if job is None:
            return
        try:
            self._record(job, event(job))
        except StaleClaim:
            log.event("WORKFLOW_NEWS_STALE", job=job_id)

    def _record(self, before: Job | None, event: ev.JobEvent) -> Job:
        job = apply(before, event)
        self.store.write(before, job, event)
        self._news.append(JobChanged(job, event))
        return job

    def _publish(self) -> None:
        news, self._news = tuple(self._news), []
        for item in news:
            if isinstance(item, JobRemoved):
                self.folders.discard(item.job_id)
            _log(item)
        if news:
            for listener in self._listeners:
                listener(news)


def _closing() -> UserError:
    return UserError("app.closing", "fi-desktop is closing.")


def _log(news: News) -> None:
    match news:
        case QueuePaused(paused=paused):
            log.event("WORKFLOW_QUEUE_PAUSED" if paused else "WORKFLOW_QUEUE_RESUMED")
        case JobRemoved(job_id=job_id):
            log.event("WORKFLOW_JOB_REMOVED", job=job_id)
        case JobChanged(job=job, event=ev.Failed(error=error)):
            name = "WORKFLOW_JOB_FAILED" if job.state is JobState.FAILED else "WORKFLOW_JOB_RETRYING"
            log.event(name, job=job.id, attempt=len(job.attempts), code=error.code, kind=error.kind.value)
        case JobChanged(job=job) if job.state is JobState.CANCELLED:
            log.event("WORKFLOW_JOB_CANCELLED", job=job.id)
        case JobChanged(job=job, event=event):
            log.event(_LOGGED[type(event)], job=job.id, attempt=len(job.attempts))
