"""What becomes of jobs: every change of a job is made here, inside a turn, on the thread that owns the store.

A change is an event: it is applied to the record, both are written, and the news of it are kept until the
turn is committed. `JobService` calls the first half for its callers; the backend calls the second half for
its workers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.audio.media_files import NOTHING_LEFT_OUT, LeftOut
from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, FiError, UserError, error_info
from fi_desktop.core.job import Job, JobState, StaleClaim, apply
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, StageTime, Summary
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent, QueuePaused
from fi_desktop.jobs.store import JobStore
from fi_desktop.system import log

_WAITING = (JobState.QUEUED, JobState.RETRYING)
_EXPIRED_A_TURN = 500  # ids; some milliseconds


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What became of recordings that were handed in.

    Attributes:
        ids: the new jobs, in order.
        known: the jobs of recordings that were not queued another time.
        known_paths: where these recordings were handed in from, in the order of `known`.
        left_out: what lay beside them and was not taken.
    """

    ids: tuple[int, ...]
    known: tuple[int, ...]
    known_paths: tuple[str, ...] = ()
    left_out: LeftOut = NOTHING_LEFT_OUT


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What became of jobs that were to be done in another way.

    Attributes:
        changed: those that are done so now; also those that were so before.
        begun: those that had begun already, or were done.
        known: those whose recording is in the list another time with these options.
    """

    changed: tuple[int, ...] = ()
    begun: tuple[int, ...] = ()
    known: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a recording by which it can be told again.

    Attributes:
        fingerprint: see `fingerprint`.
        same: ids of jobs whose recordings hold the same bytes.
        other: ids of jobs whose recordings hold other bytes, or bytes that nobody knows any more.
    """

    fingerprint: str | None
    same: frozenset[int] = field(default_factory=frozenset)
    other: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What is known about whether a recording is already in the queue.

    Attributes:
        fingerprint: see `submissions.fingerprint`; None if the file could not be read.
        same: ids of jobs whose recordings hold the same bytes.
        other: ids of jobs whose recordings hold other bytes, or bytes that can no longer be read.
    """

    fingerprint: str | None
    same: frozenset[int] = field(default_factory=frozenset)
    other: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """A recording that a person or a watched folder hands in.

    Attributes:
        identity: what is known of it so far.
        job_id: the job whose options are to be changed; None: the recording is to be queued.
    """

    path: Path
    identity: FileIdentity
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """A recording that looks like that of other jobs, the newest first: their bytes are to be compared."""

    handed: SubmittedFile
    candidates: tuple[Job, ...]


class Transitions:
    """The jobs of an open store, and the rules by which they change.

    Attributes:
        store: where they lie.
        news: what is to be told once the turn is committed.
    """

    def __init__(
        self,
        store: JobStore,
        *,
        now: Callable[[], float],
        rng: random.Random,
        policy: RetryPolicy,
        keep_s: float | None,
        keep_unseen: bool,
    ) -> None:
        """Take over a store; see `JobService` for the rest."""
        self.store = store
        self.news: list[QueueEvent] = []
        self._now = now
        self._rng = rng
        self._policy = policy
        self._keep_s = keep_s
        self._keep_unseen = keep_unseen
        self._expired_up_to = 0  # the id up to which `expire` has looked

    def change_policy(self, policy: RetryPolicy) -> None:
        """Decide by another policy from now on; a retry that is waited for stays due when it was."""
        self._policy = policy

    def change_retention(self, keep_s: float | None, *, keep_unseen: bool) -> None:
        """Keep finished jobs for another time from now on."""
        self._keep_s = keep_s
        self._keep_unseen = keep_unseen
        self._expired_up_to = 0

    # ---- for callers of the service

    def submit(
        self,
        recordings: Iterable[SubmittedFile],
        options: JobOptions,
        priority: Priority,
        *,
        batch: int | None,
        again: bool,
    ) -> tuple[SubmitResult, list[PossibleDuplicate]]:
        """Queue recordings; those that are known only where `again`.

        `batch`: the one that they belong to; 0: they begin one of their own.

        Returns: what became of them, and those that could not be told from others yet: for them nothing was
        done.
        """
        ids: list[int] = []
        known: list[int] = []
        known_paths: list[str] = []
        undecided: list[PossibleDuplicate] = []
        for handed in recordings:
            path, fingerprint = str(handed.path), handed.identity.fingerprint
            before, candidates = (None, ()) if again else self._known(handed.identity)
            if before is not None:
                known.append(before.id)
                known_paths.append(path)
            elif candidates:
                undecided.append(PossibleDuplicate(handed, candidates))
            else:
                job_id = self.store.next_id()
                if batch == 0:
                    batch = job_id
                event = ev.Submitted(job_id, self._now(), path, options, priority, batch, fingerprint)
                self._record(None, event)
                ids.append(job_id)
        return SubmitResult(tuple(ids), tuple(known), tuple(known_paths)), undecided

    def cancel(self, job: Job) -> None:
        """Cancel a job; a running one is asked to stop. One in a final state stays as it is.

        A job that is done again goes back to the result it has.
        """
        if not job.state.final and not job.cancelling:
            self._record(job, ev.CancelAsked(job.id, self._now()))

    def retry(self, job: Job) -> None:
        """Do a job again, or now; a result that it has stays until there is another.

        One that is queued or running stays as it is.
        """
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            self._record(job, ev.RetryAsked(job.id, self._now(), keep_result=True))

    def prioritize(self, job: Job, priority: Priority) -> None:
        """Move a waiting job forward or back."""
        if job.state in _WAITING and job.priority is not priority:
            self._record(job, ev.Prioritized(job.id, self._now(), priority))

    def change(
        self, recordings: Iterable[SubmittedFile], options: JobOptions
    ) -> tuple[ChangeResult, list[PossibleDuplicate]]:
        """Do jobs that wait with other options; each comes with its recording's identity under these.

        One whose recording is done with these options by another job stays as it is, but for copies that were
        handed in together. Jobs that are unknown by now are passed over.

        Returns: what became of them, and those that could not be told from others yet.
        """
        changed: list[int] = []
        begun: list[int] = []
        known: list[int] = []
        undecided: list[PossibleDuplicate] = []
        for handed in recordings:
            job = None if handed.job_id is None else self.store.get(handed.job_id)
            if job is None:
                continue
            if job.state not in _WAITING:
                begun.append(job.id)
                continue
            if job.options == options:
                changed.append(job.id)
                continue
            same, candidates = self._known(handed.identity, but_batch=job.batch)
            if same is not None:
                known.append(job.id)
            elif candidates:
                undecided.append(PossibleDuplicate(handed, candidates))
            else:
                fingerprint = handed.identity.fingerprint
                self._record(job, ev.OptionsChanged(job.id, self._now(), options, fingerprint))
                changed.append(job.id)
        return ChangeResult(tuple(changed), tuple(begun), tuple(known)), undecided

    def mark_seen(self, job: Job) -> None:
        """A person looked at the result, or wrote it out."""
        if job.summary is not None and job.seen_at is None:
            self._record(job, ev.Seen(job.id, self._now()))

    def set_paused(self, *, paused: bool) -> None:
        """Claim nothing more; or claim again."""
        self.store.paused = paused
        self.news.append(QueuePaused(paused))

    def remove(self, job: Job) -> None:
        """Forget a job.

        Raises:
            UserError: it is running.
        """
        if job.state is JobState.RUNNING:
            raise UserError(messages.JOB_RUNNING)
        self.store.remove(job)
        self.news.append(JobRemoved(job.id))

    def remove_superseded(self, job: Job) -> bool:
        """Forget a job that another one took the place of, unless somebody has looked at its result.

        Returns: False if it runs: it is asked to stop, and this is to be called again.
        """
        if job.state is JobState.RUNNING:
            self.cancel(job)
            return False
        if job.seen_at is None:
            self.remove(job)
        return True

    # ---- for the backend

    def take_back(self) -> None:
        """Take back what an earlier owner left running, and what waits for a time that makes no sense."""
        for job in self.store.jobs(state=JobState.RUNNING):
            self._rescue(job)
        latest = self._now() + self._policy.longest_delay_s
        for job in self.store.jobs(state=JobState.RETRYING):
            if job.due_at is not None and job.due_at > latest:  # the clock was ahead when it was written
                self._record(job, ev.Due(job.id, self._now()))

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

    def is_last_try(self, job: Job) -> bool:
        """Whether no further attempt would follow an error of the one that runs."""
        return self._policy.is_last_try(job)

    # `stages`: what each stage of the attempt took, as far as it told

    def completed(
        self, job_id: int, claim: str, summary: Summary, *, stages: tuple[StageTime, ...] = ()
    ) -> None:
        """The result of a claim is on disk."""
        self._end(job_id, lambda _job: ev.Completed(job_id, self._now(), claim, summary, stages=stages))

    def failed(
        self,
        job_id: int,
        claim: str,
        error: ErrorInfo,
        *,
        crashed: bool = False,
        stages: tuple[StageTime, ...] = (),
    ) -> None:
        """A claim ended in an error; the policy says whether it is tried again."""

        def event(job: Job) -> ev.AttemptEvent:
            if job.cancelling:  # the person had given it up already
                return ev.Cancelled(job_id, self._now(), claim, stages=stages)
            verdict = self._policy.verdict(job, error, stages)
            delay_s = self._policy.delay_s(job, verdict, crashed=crashed, rng=self._rng)
            retry_at = None if delay_s is None else self._now() + delay_s
            charged = verdict.code != messages.DISK_FULL.code
            return ev.Failed(job_id, self._now(), claim, verdict, retry_at, crashed, charged, stages=stages)

        self._end(job_id, event)

    def released(self, job_id: int, claim: str, *, stages: tuple[StageTime, ...] = ()) -> None:
        """A claim was given back because its worker stops."""
        self._end(job_id, lambda _job: ev.Released(job_id, self._now(), claim, stages=stages))

    def cancelled(self, job_id: int, claim: str, *, stages: tuple[StageTime, ...] = ()) -> None:
        """A claim ended because a person had cancelled the job."""
        self._end(job_id, lambda _job: ev.Cancelled(job_id, self._now(), claim, stages=stages))

    @property
    def expires(self) -> bool:
        """Whether finished jobs are ever forgotten."""
        return self._keep_s is not None

    def expire(self) -> bool:
        """Forget jobs that were finished so long ago that the settings let them go.

        Looks at some jobs at a time, so that no turn is long where there are a hundred thousand.

        Returns: whether all have been looked at; where not, it is to be called again.
        """
        if self._keep_s is None:
            return True
        after = self._expired_up_to
        up_to = after + _EXPIRED_A_TURN
        for job in self.store.finished_before(self._now() - self._keep_s, after=after, up_to=up_to):
            unseen = self._keep_unseen and job.summary is not None and job.seen_at is None
            if not unseen:
                self.remove(job)
        done = up_to >= self.store.last_id
        self._expired_up_to = 0 if done else up_to
        return done

    # ---- inside

    def _known(
        self, identity: FileIdentity, *, but_batch: int | None = None
    ) -> tuple[Job | None, tuple[Job, ...]]:
        """Return the job that did, does or will do this recording with these options, or None.

        Beside it the jobs of which nobody has found out yet whether they do; none where one is known.
        """
        if identity.fingerprint is None:
            return None, ()
        candidates = [
            job
            for job in self.store.with_fingerprint(identity.fingerprint)
            if job.state not in (JobState.FAILED, JobState.CANCELLED)
            and (but_batch is None or job.batch != but_batch)
        ]
        same = next((job for job in candidates if job.id in identity.same), None)
        if same is not None:
            return same, ()
        return None, tuple(job for job in candidates if job.id not in identity.other)

    def _rescue(self, job: Job) -> None:
        claim = job.claim or ""
        if job.cancelling:
            self._record(job, ev.Cancelled(job.id, self._now(), claim))
        elif job.deliveries >= self._policy.max_deliveries:
            error = error_info(FiError(messages.JOB_DELIVERIES, times=job.deliveries))
            self._record(job, ev.Failed(job.id, self._now(), claim, error, None, crashed=True))
        else:
            self._record(job, ev.Released(job.id, self._now(), claim))

    def _end(self, job_id: int, event: Callable[[Job], ev.AttemptEvent]) -> None:
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
        self.news.append(JobChanged(job, event))
        return job
