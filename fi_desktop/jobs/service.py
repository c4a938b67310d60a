"""The one door to the queue: submit, cancel, retry, remove, and what listeners are told.

Commands may be called from any thread: they return a Future at once and are carried out on the thread that
owns the store, in *turns*. A turn is one transaction: the commands that came in, what the workers told, and
the claims that follow from both are committed together, and only then are callers answered and listeners
told. The backend drives the turns.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.commands import Inbox
from fi_desktop.jobs.folders import JobFolders, Sweeper
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, Listener, Notice, QueueEvent, QueuePaused
from fi_desktop.jobs.store import JobsPage, JobStore
from fi_desktop.jobs.submissions import Submissions
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult, Transitions
from fi_desktop.jobs.verify import verify
from fi_desktop.system import log

T = TypeVar("T")
_COMMANDS_A_TURN = 64  # a burst of commands must not keep the workers' news waiting

_LOGGED = {
    ev.Submitted: "WORKFLOW_JOB_QUEUED",
    ev.Claimed: "WORKFLOW_JOB_STARTED",
    ev.Due: "WORKFLOW_JOB_DUE",
    ev.CancelAsked: "WORKFLOW_JOB_CANCEL_ASKED",
    ev.RetryAsked: "WORKFLOW_JOB_RETRY_ASKED",
    ev.Prioritized: "WORKFLOW_JOB_PRIORITIZED",
    ev.OptionsChanged: "WORKFLOW_JOB_OPTIONS_CHANGED",
    ev.Seen: "WORKFLOW_JOB_SEEN",
    ev.Completed: "WORKFLOW_JOB_COMPLETED",
    ev.Released: "WORKFLOW_JOB_RELEASED",
    ev.Cancelled: "WORKFLOW_JOB_CANCELLED",
}


class JobService:
    """Submits, cancels, retries and removes jobs, and tells listeners what became of them.

    Attributes:
        folders: where the jobs' files lie.
    """

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
        self._new_ledger = partial(
            Transitions,
            now=now,
            rng=rng,
            policy=policy or RetryPolicy(),
            keep_s=keep_s,
            keep_unseen=keep_unseen,
        )
        self._opened: Transitions | None = None
        self._inbox = Inbox()
        self._listeners: tuple[Listener, ...] = ()
        self._sweeper = Sweeper(folders, lambda found: self._inbox.post(partial(self._discard_stages, found)))
        self._submissions = Submissions(self._inbox, folders, lambda: self.transitions)

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
        again: bool = False,
    ) -> Future[SubmitResult]:
        """Queue recordings; folders are walked. The answer comes once the jobs are on disk.

        A recording that waits, runs or is done with the same options is not queued another time, unless
        `again`. Fails with UserError where nothing that could be a recording is found.
        """
        return self._submissions.submit(tuple(paths), options or JobOptions(), priority, again=again)

    def cancel(self, ids: Iterable[int]) -> Future[None]:
        """Cancel jobs; a running one is asked to stop. Those in a final state stay as they are."""
        return self._each(ids, lambda job: self.transitions.cancel(job))

    def retry(self, ids: Iterable[int]) -> Future[None]:
        """Do jobs again, or now, with the options they had. Those queued or running stay as they are."""
        return self._each(ids, lambda job: self.transitions.retry(job))

    def remove(self, ids: Iterable[int]) -> Future[None]:
        """Forget jobs with all their files, the recordings apart. A running job is refused (UserError)."""
        return self._each(ids, lambda job: self.transitions.remove(job))

    def remove_superseded(self, job_id: int) -> Future[bool]:
        """Remove a job that another one replaced, unless it was seen; return False while it still runs."""

        def run() -> bool:
            job = self.transitions.store.get(job_id)
            return job is None or self.transitions.remove_superseded(job)

        return self._inbox.post(run)

    def prioritize(self, ids: Iterable[int], priority: Priority) -> Future[None]:
        """Move waiting jobs forward or back. Those that run or are done stay as they are."""
        return self._each(ids, lambda job: self.transitions.prioritize(job, priority))

    def change(self, recordings: Mapping[int, Path], options: JobOptions) -> Future[ChangeResult]:
        """Do jobs that wait with other options; see `ChangeResult` for those that cannot be done so any more.

        Jobs that are unknown by now are passed over.

        recordings: where each job's recording lies; it is read on the thread that reads drops.
        """
        return self._submissions.change(dict(recordings), options)

    def mark_seen(self, ids: Iterable[int]) -> Future[None]:
        """A person looked at results, or wrote them out."""
        return self._each(ids, lambda job: self.transitions.mark_seen(job))

    def retry_failed(self) -> Future[int]:
        """Do all failed jobs again, with the options they had; return how many."""
        return self._all_of((JobState.FAILED,), lambda job: self.transitions.retry(job))

    def purge(self, states: Iterable[JobState] = (JobState.QUEUED, JobState.RETRYING)) -> Future[int]:
        """Forget all jobs in these states, by default all that wait; return how many. None that runs."""
        return self._all_of(states, lambda job: self.transitions.remove(job))

    def pause(self) -> Future[None]:
        """Claim nothing more until `resume`, also after a restart. What runs is finished."""
        return self._inbox.post(lambda: self.transitions.set_paused(paused=True))

    def resume(self) -> Future[None]:
        """Claim jobs again."""
        return self._inbox.post(lambda: self.transitions.set_paused(paused=False))

    def paused(self) -> Future[bool]:
        """Whether the queue is paused."""
        return self._inbox.post(lambda: self.transitions.store.paused)

    def change_policy(self, policy: RetryPolicy) -> Future[None]:
        """Try failed attempts again by another policy from now on."""
        return self._inbox.post(lambda: self.transitions.change_policy(policy))

    def change_retention(self, keep_s: float | None, *, keep_unseen: bool) -> Future[None]:
        """Keep finished jobs for another time from now on; see `__init__`."""
        return self._inbox.post(lambda: self.transitions.change_retention(keep_s, keep_unseen=keep_unseen))

    def job(self, job_id: int) -> Future[Job | None]:
        """Look one job up."""
        return self._inbox.post(lambda: self.transitions.store.get(job_id))

    def events(self, job_id: int) -> Future[list[ev.JobEvent]]:
        """List what happened to a job, in order; nothing where there is none."""
        return self._inbox.post(lambda: self.transitions.store.events(job_id))

    def jobs(
        self, *, state: JobState | None = None, after: int = 0, limit: int | None = None
    ) -> Future[list[Job]]:
        """List jobs in order of submission: those with an id above `after`, at most `limit` of them."""
        return self._inbox.post(lambda: self.transitions.store.jobs(state=state, after=after, limit=limit))

    def page(self, limit: int, *, before: int | None = None) -> Future[JobsPage]:
        """List the newest jobs with an id below `before`, and count all; see `listing.page`."""
        return self._inbox.post(lambda: self.transitions.store.page(limit, before))

    def batch(self, batch: int) -> Future[list[Job]]:
        """List the jobs that were handed in together."""
        return self._inbox.post(lambda: self.transitions.store.batch(batch))

    def counts(self) -> Future[dict[JobState, int]]:
        """Count the jobs in each state."""
        return self._inbox.post(lambda: self.transitions.store.counts())

    def verify(self) -> Future[list[str]]:
        """Prove the store; one sentence for each thing that is not as it must be."""
        return self._inbox.post(lambda: list(verify(self.transitions.store)))

    # ---- for the backend, on the thread that owns the store

    @property
    def transitions(self) -> Transitions:
        """The jobs and their rules; there between `open` and `close`, to be changed inside a turn."""
        if self._opened is None:
            raise RuntimeError("the store is not open on this thread")
        return self._opened

    def open(self, wake: Callable[[], None]) -> None:
        """Open the store and take back what an earlier owner left running.

        Args:
            wake: called from any thread once a command waits for a turn.
        """
        self._opened = self._new_ledger(self._open_store())
        with self.transaction():
            self.transitions.take_back()
            self.transitions.expire()
            if self.transitions.store.notice:
                self.publish(Notice(self.transitions.store.notice))
        self.folders.prepare()
        self.folders.sweep(self.transitions.store.ids())
        self._sweeper.start()
        self._inbox.wake = wake
        wake()  # commands may have come in before

    def close(self) -> None:
        """Refuse further commands, answer those that wait, and close the store, if it was opened."""
        self._inbox.close()
        if self._opened is not None:
            self._last_turns()
            self._opened.store.close()
            self._opened = None
        self._inbox.refuse_all()
        self._submissions.close()
        self._sweeper.close()

    @property
    def waiting(self) -> bool:
        """Whether commands wait for a turn."""
        return self._inbox.waiting

    @contextmanager
    def transaction(self, then: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Carry out waiting commands and what the block does in one transaction; then answer and tell.

        Args:
            then: called once all is on disk and before anybody is told: no worker waits for listeners.

        Raises:
            TransientError: nothing could be written; callers of commands were told so, and what the block
                did is to be done again.
        """
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.transitions.store.transaction():
                while len(answers) < _COMMANDS_A_TURN and (waiting := self._inbox.take()) is not None:
                    future, command = waiting
                    answers.append((future, None, None))  # so that it is answered whatever happens
                    answers[-1] = (future, *self._carry_out(command))
                yield
        except BaseException as error:
            self.transitions.news.clear()
            for future, _, _ in answers:
                future.set_exception(error)
            raise
        then()
        for future, result, refusal in answers:
            if refusal is None:
                future.set_result(result)
            else:
                future.set_exception(refusal)
        self._publish()
        if not self.waiting:
            self.transitions.store.checkpoint()

    def publish(self, *news: QueueEvent) -> None:
        """Tell listeners something that is not stored, with the next turn."""
        self.transitions.news.extend(news)

    def publish_now(self, *news: QueueEvent) -> None:
        """Tell listeners at once: for when no turn can be committed."""
        for listener in self._listeners:
            listener(news)

    # ---- inside

    def _discard_stages(self, ids: Iterable[int]) -> None:
        """Delete what attempts left of those of these jobs that are in a final state."""
        for job_id in ids:
            if self.transitions.store.is_finished(job_id):
                self.folders.discard_stages(job_id)

    def _last_turns(self) -> None:
        try:
            with self.transaction():  # also where no command waits: what is left to tell is told
                pass
            while self.waiting:
                with self.transaction():
                    pass
        except TransientError as error:  # the callers were told; what runs is taken back at the next start
            log.event("STORE_UNWRITABLE", code=error.code)

    def _each(self, ids: Iterable[int], change: Callable[[Job], None]) -> Future[None]:
        given = tuple(ids)

        def run() -> None:
            for job_id in given:
                job = self.transitions.store.get(job_id)
                if job is None:
                    raise UserError(messages.JOB_UNKNOWN, job=job_id)
                change(job)

        return self._inbox.post(run)

    def _all_of(self, states: Iterable[JobState], change: Callable[[Job], None]) -> Future[int]:
        wanted = tuple(states)

        def run() -> int:
            jobs = [job for state in wanted for job in self.transitions.store.jobs(state=state)]
            for job in jobs:
                change(job)
            return len(jobs)

        return self._inbox.post(run)

    def _carry_out(self, command: Callable[[], T]) -> tuple[T | None, BaseException | None]:
        told = len(self.transitions.news)
        try:
            with self.transitions.store.savepoint():
                return command(), None
        except TransientError:
            raise  # nothing can be written now: it is the whole turn's trouble
        except Exception as refusal:  # noqa: BLE001 - the caller's, whatever it is; the savepoint undid it
            del self.transitions.news[told:]
            return None, refusal

    def _publish(self) -> None:
        news, self.transitions.news = tuple(self.transitions.news), []
        for item in news:
            if isinstance(item, JobRemoved):
                self.folders.discard(item.job_id)
            elif isinstance(item, JobChanged) and item.job.state.final:
                self.folders.discard_stages(item.job.id)  # its worker has ended it, or is gone
            _log(item)
        if news:
            for listener in self._listeners:
                listener(news)


def _log(news: QueueEvent) -> None:
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
