"""`JobService`, the one way to the queue: commands for callers, events for listeners.

Commands may be called from any thread. They return a Future at once, and run on the thread that owns the
store. That thread belongs to a backend, which runs one transaction after the other: the commands that wait,
what workers reported, and the claims that follow are committed together. Only then are callers answered and
listeners notified.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.case_labels import LabelChange
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.review import Step
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.commands import CommandQueue, command
from fi_desktop.jobs.conversion import seal_folder
from fi_desktop.jobs.folders import JobFolders, LeftoverScan
from fi_desktop.jobs.queue_events import (
    ClockDoubted,
    JobChanged,
    JobRemoved,
    Listener,
    Notice,
    QueueEvent,
    ResultCorrected,
    WorkerGauge,
    log_event,
)
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.retention import KEEP_ALL, KeepTimes, Retention, RetentionReport
from fi_desktop.jobs.review_files import ChosenResult, ReviewFile, ReviewOutcome
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.store import JobsPage, JobStore
from fi_desktop.jobs.stored_acts import StoredActs
from fi_desktop.jobs.submissions import Submissions
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult, Transitions
from fi_desktop.system import log
from fi_desktop.system.account import account_name

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

T = TypeVar("T")
_COMMANDS_PER_TRANSACTION = 64  # a burst of commands must not hold up what workers report


class JobService:
    """Submits, cancels, retries and removes jobs, and notifies listeners of what happens to them.

    Attributes:
        folders: the jobs' files.
        trail: records what is done to jobs and results; None in some tests.
    """

    def __init__(
        self,
        open_store: Callable[[], JobStore],
        folders: JobFolders,
        *,
        now: Callable[[], float],
        rng: random.Random,
        policy: RetryPolicy | None = None,
        keep: KeepTimes = KEEP_ALL,
        expires: bool = True,
        name_pattern: str = "",
        trail: AuditTrail | None = None,
    ) -> None:
        """Prepare; nothing is opened before a backend calls `open` on its own thread.

        Args:
            open_store: creates the store; called on the owner's thread.
            folders: the jobs' files.
            now: UTC, seconds since the epoch.
            rng: varies the retry delays.
            policy: which failed attempts are retried, and when.
            keep: how long things are kept.
            expires: whether what is older is deleted without being asked for.
            name_pattern: how files are named, see `name_patterns.py`.
            trail: records what is done to jobs and results; None to keep no trail.
        """
        self.folders = folders
        self.trail = trail
        self._acts = StoredActs(trail, now)
        self._open_store = open_store
        self._new_transitions = partial(Transitions, now=now, rng=rng, policy=policy or RetryPolicy())
        self._transitions: Transitions | None = None
        self._retention: Retention | None = None
        self._new_retention = partial(
            Retention, folders=folders, times=keep, trail=trail, now=now, expires=expires
        )
        self._commands = CommandQueue()
        self._listeners: tuple[Listener, ...] = ()
        self._read_gauges: Callable[[], Iterable[WorkerGauge]] = tuple
        self._leftovers = LeftoverScan(folders, lambda ids: self._commands.put(partial(self._discard, ids)))
        self._submissions = Submissions(self._commands, folders, lambda: self.transitions, now=now)
        self._submissions.name_pattern = name_pattern

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on the owner's thread with each transaction's events; return how to stop that."""
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(known for known in self._listeners if known is not listener)

        return stop

    # ---- commands, from any thread

    @command
    def submit(
        self,
        paths: Iterable[Path],
        options: JobOptions | None = None,
        *,
        priority: Priority = Priority.NORMAL,
        again: bool = False,
        exports: str = "",
        case: str = "",
    ) -> Future[SubmitResult]:
        """Queue recordings and those in folders. The answer comes once the jobs are on disk.

        A recording that is queued, running or completed with the same options is not queued twice, unless
        `again`. `exports`: key of the `ExportRule` for results; "": as the settings say. `case`: see
        `CaseLabel`; "": by the files' names. Fails with UserError if nothing is found that could be a
        recording.
        """
        return self._submissions.submit(
            tuple(paths), options or JobOptions(), priority, again=again, exports=exports, case=case
        )

    @command
    def cancel(self, ids: Iterable[int]) -> Future[None]:
        """Cancel jobs; a running one is asked to stop. Finished jobs stay as they are."""
        return self._for_each(ids, lambda job: self.transitions.cancel(job))

    @command
    def retry(self, ids: Iterable[int]) -> Future[None]:
        """Run jobs again, or now, with their options. Queued and running jobs stay as they are."""
        return self._for_each(ids, lambda job: self.transitions.retry(job))

    @command
    def remove(self, ids: Iterable[int]) -> Future[None]:
        """Delete jobs and their files, but not the recordings. Fails with UserError for a running job."""
        return self._for_each(ids, lambda job: self.transitions.remove(job))

    @command
    def prioritize(self, ids: Iterable[int], priority: Priority) -> Future[None]:
        """Change the priority of waiting jobs. Others stay as they are."""
        return self._for_each(ids, lambda job: self.transitions.prioritize(job, priority))

    @command
    def schedule(self, ids: Iterable[int], start_at: float | None) -> Future[None]:
        """Choose when waiting jobs start, see `Job.start_at`. Others stay as they are."""
        return self._for_each(ids, lambda job: self.transitions.schedule(job, start_at))

    @command
    def add_words(self, ids: Iterable[int]) -> Future[int]:
        """Run jobs again whose results have no words: their turns stay. Return how many; others stay."""
        given = tuple(ids)

        def run() -> int:
            jobs = [job for job in map(self.transitions.store.get, given) if job and job.lacks_words]
            for job in jobs:
                if job.options.transcriber == "none":
                    options, path = replace(job.options, transcriber="auto"), Path(job.path)
                    self._submissions.change({job.id: path}, options, again=True, keep_turns=True)
                else:
                    self.transitions.add_words(job)
            return len(jobs)

        return self._commands.put(run)

    @command
    def change(
        self, recordings: Mapping[int, Path], options: JobOptions, *, again: bool = False
    ) -> Future[ChangeResult]:
        """Give waiting jobs other options; `ChangeResult` names those that could not be changed.

        `recordings`: the file of each job; `again`: finished jobs run again with these options, each keeping
        its result until there is a new one. Unknown jobs are skipped.
        """
        return self._submissions.change(dict(recordings), options, again=again)

    @command
    def choose_exports(self, ids: Iterable[int], exports: str) -> Future[None]:
        """Have the results of jobs written to files by another `ExportRule`; "": as the settings say."""
        return self._for_each(ids, lambda job: self.transitions.choose_exports(job, job.path, exports))

    @command
    def relocate(self, job_id: int, path: Path) -> Future[None]:
        """Use a job's recording at another place from now on; its result stays as it is.

        `path`: absolute; the caller has found the same bytes there, see `moved_recording.py`.
        """
        return self._for_each([job_id], lambda job: self.transitions.relocate(job, path))

    @command
    def relabel(self, changes: Mapping[int, LabelChange]) -> Future[None]:
        """Change case or date of jobs, by id. Fails with UserError if a date is not one."""
        given = dict(changes)
        return self._for_each(given, lambda job: self.transitions.relabel(job, given[job.id]))

    @command
    def add_steps(
        self, job_id: int, version: str, steps: Sequence[Step], *, after: int, outcome: ReviewOutcome
    ) -> Future[None]:
        """Add what a person did to a result; it is on disk once this is answered.

        `version`: of the result, see `StoredResult`; `after`: the number of steps before these; `outcome`:
        what they lead to. Fails with UserError if somebody else changed the result meanwhile.
        """
        given = tuple(steps)

        def run() -> None:
            job = self.transitions.store.get(job_id)
            if job is None:
                raise unknown_job(job_id)
            files = self.folders.files(job_id)
            ReviewFile(self.folders.folder(job_id), version, files).append(given, after)
            known = job.summary.version if job.summary is not None else ""
            if known == version or (not known and self.folders.is_current(job_id, version)):
                self.transitions.mark_reviewed(job, outcome, given[-1].by)
                self.publish(ResultCorrected(job_id, tuple(step.kind for step in given)))

        return self._commands.put(run)

    @command
    def use_version(self, job_id: int, chosen: ChosenResult) -> Future[None]:
        """Make one of a job's results the current one, which the table shows and exports use; all stay.

        Fails with UserError if the job waits or runs, or has no such result.
        """

        def run() -> None:
            job = self.transitions.store.get(job_id)
            if job is None:
                raise unknown_job(job_id)
            self.transitions.use_version(job, chosen)
            if not self.folders.use_version(job_id, chosen.summary.version):
                raise UserError(messages.RESULT_GONE)

        return self._commands.put(run)

    @command
    def hold(self, ids: Iterable[int]) -> Future[None]:
        """Put jobs on legal hold: nothing removes them until it is released."""
        by = account_name()
        return self._for_each(ids, lambda job: self.transitions.hold(job, by))

    @command
    def release(self, ids: Iterable[int]) -> Future[None]:
        """Release the legal hold of jobs."""
        by = account_name()
        return self._for_each(ids, lambda job: self.transitions.release(job, by))

    @command
    def jobs_on_hold(self) -> Future[list[Job]]:
        """List the jobs on legal hold."""
        return self._commands.put(lambda: self.transitions.store.on_hold())

    @command
    def plan_retention(self) -> Future[RetentionReport]:
        """Say what is due to be deleted by age; deletes nothing."""
        return self._commands.put(lambda: self.retention.plan())

    @command
    def run_retention(self, *, clock_is_right: bool = False) -> Future[RetentionReport]:
        """Delete what is due now, and say what that was. `clock_is_right`: a person confirms the clock."""
        return self._commands.put(lambda: self.retention.run(clock_is_right=clock_is_right))

    @command
    def retry_failed(self) -> Future[int]:
        """Run all failed jobs again, with their options; return how many."""
        return self._for_all((JobState.FAILED,), lambda job: self.transitions.retry(job))

    @command
    def purge(self, states: Iterable[JobState] = (JobState.QUEUED, JobState.RETRYING)) -> Future[int]:
        """Delete all jobs in these states, by default all that wait; return how many. Legal holds stay."""
        return self._for_all(
            states, lambda job: self.transitions.remove(job), which=lambda job: job.hold_since is None
        )

    @command
    def pause(self) -> Future[None]:
        """Claim no more jobs until `resume`, also after a restart. Running jobs are finished."""
        return self._commands.put(lambda: self.transitions.set_paused(paused=True))

    @command
    def resume(self) -> Future[None]:
        """Claim jobs again."""
        return self._commands.put(lambda: self.transitions.set_paused(paused=False))

    @command
    def paused(self) -> Future[bool]:
        """Whether the queue is paused."""
        return self._commands.put(lambda: self.transitions.store.paused)

    @command
    def job(self, job_id: int) -> Future[Job | None]:
        """Look up one job."""
        return self._commands.put(lambda: self.transitions.store.get(job_id))

    @command
    def jobs(
        self, *, state: JobState | None = None, after: int = 0, limit: int | None = None
    ) -> Future[list[Job]]:
        """List at most `limit` jobs with an id above `after`, in order of submission."""
        return self._commands.put(lambda: self.transitions.store.jobs(state=state, after=after, limit=limit))

    @command
    def batch(self, batch: int) -> Future[list[Job]]:
        """List the jobs that were submitted together."""
        return self._commands.put(lambda: self.transitions.store.batch(batch))

    @command
    def verify(self) -> Future[list[str]]:
        """Check the store; one sentence for each inconsistency."""
        return self._commands.put(lambda: list(verify(self.transitions.store)))

    @command
    def gauges(self) -> Future[list[WorkerGauge]]:
        """Read what each worker process uses; answered at once, on the caller's thread."""
        future: Future[list[WorkerGauge]] = Future()
        future.set_result(list(self._read_gauges()))
        return future

    # ---- likewise, but within this process only

    def events(self, job_id: int) -> Future[list[ev.JobEvent]]:
        """List a job's events in order; none for an unknown job."""
        return self._commands.put(lambda: self.transitions.store.events(job_id))

    def page(self, limit: int, *, before: int | None = None) -> Future[JobsPage]:
        """List the newest jobs with an id below `before`, and count all; see `JobStore.page`."""
        return self._commands.put(lambda: self.transitions.store.page(limit, before))

    def counts(self) -> Future[dict[JobState, int]]:
        """Count the jobs in each state."""
        return self._commands.put(lambda: self.transitions.store.counts())

    def mark_seen(self, ids: Iterable[int]) -> Future[None]:
        """Record that somebody viewed or exported results."""
        return self._for_each(ids, lambda job: self.transitions.mark_seen(job))

    def remove_superseded(self, job_id: int) -> Future[bool]:
        """Remove a job that another one replaced, unless it was seen; return False while it still runs."""

        def run() -> bool:
            job = self.transitions.store.get(job_id)
            return job is None or self.transitions.remove_superseded(job)

        return self._commands.put(run)

    def change_policy(self, policy: RetryPolicy) -> Future[None]:
        """Use another retry policy from now on."""
        return self._commands.put(lambda: self.transitions.change_policy(policy))

    def change_retention(self, keep: KeepTimes) -> Future[None]:
        """Keep things for other times from now on."""
        return self._commands.put(lambda: self.retention.change(keep))

    def change_names(self, pattern: str) -> None:
        """Read names of files by another pattern from now on."""
        self._submissions.name_pattern = pattern

    def seal(self, vault: Vault) -> Future[None]:
        """Seal the store; from now on, files of jobs are sealed too. `FileSealing` seals those there are."""

        def use(answered: Future[None]) -> None:
            if answered.exception() is None:
                self.folders.vault = vault

        sealed = self._commands.put(lambda: self.transitions.store.convert(RowSeal(vault)))
        sealed.add_done_callback(use)  # on the owner's thread, after the commit
        return sealed

    def lock(self, vault: Vault) -> Future[None]:
        """Lock the vault; only the keys of jobs that wait or run stay in memory, and only those go on.

        Fails with TransientError if the disk is full; it is not locked then.
        """

        def run() -> None:
            store = self.transitions.store
            for state in (JobState.QUEUED, JobState.RUNNING, JobState.RETRYING):
                for job in store.jobs(state=state):
                    vault.hold(job.id)
            vault.lock()
            store.clear_cache()

        return self._commands.put(run)

    def seal_files(self, job_id: int) -> Future[bool]:
        """Seal the files of a job that are in clear; return False while the job runs."""

        def run() -> bool:
            job = self.transitions.store.get(job_id)
            if job is not None and job.state is JobState.RUNNING:
                return False
            if job is not None:
                seal_folder(self.folders.folder(job_id), self.folders.files(job_id))
            return True

        return self._commands.put(run)

    def announce(self, event: QueueEvent) -> Future[None]:
        """Notify listeners of an event that is not stored, on the owner's thread."""
        return self._commands.put(lambda: self.publish(event))

    # ---- for the backend, on the thread that owns the store

    @property
    def transitions(self) -> Transitions:
        """The jobs and their rules, between `open` and `close`; changes need a transaction."""
        if self._transitions is None:
            raise RuntimeError("the store is not open on this thread")
        return self._transitions

    @property
    def retention(self) -> Retention:
        """Deletes by age, between `open` and `close`."""
        if self._retention is None:
            raise RuntimeError("the store is not open on this thread")
        return self._retention

    def open(
        self,
        wake: Callable[[], None],
        gauges: Callable[[], Iterable[WorkerGauge]] = tuple,
        keep: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        """Open the store, and recover jobs that an earlier owner left running.

        Args:
            wake: called from any thread when a command waits for a transaction.
            gauges: reads what each worker uses; called from any thread.
            keep: jobs of an earlier owner that still run, elsewhere.
        """
        self._read_gauges = gauges
        self._transitions = self._new_transitions(self._open_store())
        self._retention = self._new_retention(self._transitions)
        with self.transaction():
            self._acts.open(self.transitions.store)
            self.transitions.recover(keep)
            self.retention.expire()
            if (jump := self.retention.clock_jump()) is not None:
                self.publish(ClockDoubted(jump))
            if self.transitions.store.notice:
                self.publish(Notice(self.transitions.store.notice))
        self.folders.prepare()
        self.folders.sweep(self.transitions.store.ids())
        self._leftovers.start()
        self._commands.wake = wake
        wake()  # commands may have been called before

    def close(self) -> None:
        """Refuse further commands, answer those that wait, and close the store, if it was opened."""
        self._commands.close()
        if self._transitions is not None:
            self._drain()
            with suppress(TransientError):
                self._acts.settle()
            self._transitions.store.close()
            self._transitions = self._retention = None
        self._commands.refuse_all()
        self._submissions.close()
        self._leftovers.close()

    @property
    def waiting(self) -> bool:
        """Whether commands wait for a transaction."""
        return self._commands.waiting

    @contextmanager
    def transaction(self, then: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Run waiting commands and the block in one transaction; then answer callers and notify listeners.

        Args:
            then: called after the commit and before anybody is notified: no worker waits for listeners.

        Raises:
            TransientError: nothing could be written. Callers of commands got this error; what the block did
                must be repeated.
        """
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.transitions.store.transaction():
                while len(answers) < _COMMANDS_PER_TRANSACTION:
                    if (waiting := self._commands.get()) is None:
                        break
                    future, call = waiting
                    answers.append((future, None, None))  # so that it is answered whatever happens
                    answers[-1] = (future, *self._run(call))
                yield
                self._acts.collect(self.transitions.events)
        except BaseException as error:
            self._acts.forget()
            self.retention.forget()
            self.transitions.events.clear()
            for future, _, _ in answers:
                future.set_exception(error)
            raise
        then()
        self._acts.deliver()
        events, self.transitions.events = tuple(self.transitions.events), []
        self._change_files(events)  # before the answers: a removed job's files are gone by then
        for future, result, refusal in answers:
            if refusal is None:
                future.set_result(result)
            else:
                future.set_exception(refusal)
        self._notify(events)
        if not self.waiting:
            self.transitions.store.checkpoint()

    def publish(self, *events: QueueEvent) -> None:
        """Notify listeners of events that are not stored, after the next transaction."""
        self.transitions.events.extend(events)

    def publish_now(self, *events: QueueEvent) -> None:
        """Notify listeners at once, even if no transaction can be committed."""
        for listener in self._listeners:
            listener(events)

    # ---- inside

    def _discard(self, ids: Iterable[int]) -> None:
        """Delete the stage files of those jobs that are finished."""
        for job_id in ids:
            if self.transitions.store.is_finished(job_id):
                self.folders.discard_stages(job_id)

    def _drain(self) -> None:
        try:
            with self.transaction():  # even if no command waits: events may
                pass
            while self.waiting:
                with self.transaction():
                    pass
        except TransientError as error:  # callers got it; running jobs are recovered later
            log.event("STORE_UNWRITABLE", code=error.code)

    def _for_each(self, ids: Iterable[int], change: Callable[[Job], None]) -> Future[None]:
        given = tuple(ids)

        def run() -> None:
            for job_id in given:
                job = self.transitions.store.get(job_id)
                if job is None:
                    raise unknown_job(job_id)
                change(job)

        return self._commands.put(run)

    def _for_all(
        self,
        states: Iterable[JobState],
        change: Callable[[Job], None],
        which: Callable[[Job], bool] = lambda job: True,
    ) -> Future[int]:
        given = tuple(states)

        def run() -> int:
            found = (job for state in given for job in self.transitions.store.jobs(state=state))
            jobs = [job for job in found if which(job)]
            for job in jobs:
                change(job)
            return len(jobs)

        return self._commands.put(run)

    def _run(self, call: Callable[[], T]) -> tuple[T | None, BaseException | None]:
        published = len(self.transitions.events)
        try:
            with self.transitions.store.savepoint():
                return call(), None
        except TransientError:
            raise  # nothing can be written now, so the whole transaction fails
        except Exception as refusal:  # noqa: BLE001 - the caller gets it; the savepoint undid the call
            del self.transitions.events[published:]
            return None, refusal

    def _keep_current(self, changed: JobChanged) -> None:
        """Make the result in the record the current one again, after an attempt that ended without one.

        Such an attempt may have written its result, if it was killed right before it reported that. Of a job
        that has no result yet, the next attempt would keep that as an earlier version.
        """
        summary, event = changed.job.summary, changed.event
        if not isinstance(event, ev.AttemptEvent) or isinstance(event, ev.Completed):
            return
        try:
            if summary is None:
                self.folders.drop_unreported(changed.job.id)
            elif summary.version:
                self.folders.use_version(changed.job.id, summary.version)
        except (OSError, ValueError, KeyError, FiError) as error:
            log.event("RESULT_NOT_RESTORED", job=changed.job.id, reason=type(error).__name__)

    def _change_files(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            if isinstance(event, JobRemoved):
                self.folders.discard(event.job_id)
            elif isinstance(event, JobChanged):
                if event.job.state.final:
                    self.folders.discard_stages(event.job.id)  # no worker uses them any more
                if isinstance(event.event, ev.LegalHoldPlaced | ev.LegalHoldReleased):
                    self.folders.mark_hold(event.job.id, held=event.job.hold_since is not None)
                self._keep_current(event)

    def _notify(self, events: tuple[QueueEvent, ...]) -> None:
        with log.batch():
            for event in events:
                log_event(event)
        if events:
            self.publish_now(*events)


def unknown_job(job_id: int) -> UserError:
    """Return the error for a job that does not exist."""
    return UserError(messages.JOB_UNKNOWN, job=job_id)
