"""The rules by which jobs change.

Every change is made here, inside a transaction, on the thread that owns the store. A change is an event: it
is applied to the record, both are written, and it is kept to be published after the commit. `JobService`
makes changes for its callers, a backend makes those for its workers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.audio.media_files import NOTHING_LEFT_OUT, LeftOut
from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.case_labels import NO_LABEL, CaseLabel, LabelChange
from fi_desktop.core.errors import ErrorInfo, FiError, UserError, error_info
from fi_desktop.core.job import START_NOW, Job, JobState, StaleClaim, apply
from fi_desktop.core.retry import OBSTACLES, RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, StageTime, Summary
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent, QueuePaused, Removal
from fi_desktop.jobs.review_files import ChosenResult, ReviewOutcome
from fi_desktop.jobs.store import JobStore
from fi_desktop.system import log

_WAITING = (JobState.QUEUED, JobState.RETRYING)
_SEEN_SHARE = 0.005  # of the words: half a percent


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What became of submitted recordings.

    Attributes:
        ids: the new jobs, in order.
        known: the existing jobs of recordings that were not queued again.
        known_paths: where those recordings were submitted from, in the order of `known`.
        left_out: files that were not queued.
    """

    ids: tuple[int, ...]
    known: tuple[int, ...]
    known_paths: tuple[str, ...] = ()
    left_out: LeftOut = NOTHING_LEFT_OUT


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What became of jobs that were to get other options.

    Attributes:
        changed: have these options now, or had them before.
        started: unchanged, since they were no longer waiting.
        known: unchanged, since another job processes the same recording with these options.
    """

    changed: tuple[int, ...] = ()
    started: tuple[int, ...] = ()
    known: tuple[int, ...] = ()


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
    """A recording to queue, or of a job whose options are to change.

    Attributes:
        identity: what is known of it so far.
        job_id: the job whose options are to change; None to queue the recording.
        label: what its name says.
    """

    path: Path
    identity: FileIdentity
    job_id: int | None = None
    label: CaseLabel = NO_LABEL


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """A recording whose bytes must be compared with those of other jobs, newest first."""

    file: SubmittedFile
    candidates: tuple[Job, ...]


class Transitions:
    """The jobs of an open store, and the rules by which they change.

    Attributes:
        store: the jobs on disk.
        events: to be published once the transaction is committed.
    """

    def __init__(
        self,
        store: JobStore,
        *,
        now: Callable[[], float],
        rng: random.Random,
        policy: RetryPolicy,
    ) -> None:
        """Use an open store; see `JobService` for the other arguments."""
        self.store = store
        self.events: list[QueueEvent] = []
        self._now = now
        self._rng = rng
        self._policy = policy

    def change_policy(self, policy: RetryPolicy) -> None:
        """Use another retry policy from now on; retries that wait keep their due times."""
        self._policy = policy

    # ---- for callers of the service

    def submit(
        self,
        files: Iterable[SubmittedFile],
        options: JobOptions,
        priority: Priority,
        *,
        batch: int | None,
        again: bool,
        exports: str = "",
    ) -> tuple[SubmitResult, list[PossibleDuplicate]]:
        """Queue recordings; those that are known only if `again`.

        `batch`: the batch they belong to; 0 to start a new one. `exports`: key of an `ExportRule`, or "".

        Returns: what became of them, and possible duplicates, which are not queued yet.
        """
        ids: list[int] = []
        known: list[int] = []
        known_paths: list[str] = []
        undecided: list[PossibleDuplicate] = []
        for file in files:
            path, fingerprint = str(file.path), file.identity.fingerprint
            before, candidates = (None, ()) if again else self._known(file.identity)
            if before is not None:
                known.append(before.id)
                known_paths.append(path)
                self._note_copy(before, path, exports)
            elif candidates:
                undecided.append(PossibleDuplicate(file, candidates))
            else:
                job_id = self.store.next_id()
                if batch == 0:
                    batch = job_id
                event = ev.Submitted(
                    job_id, self._now(), path, options, priority, batch, fingerprint, exports, file.label
                )
                self._record(None, event)
                ids.append(job_id)
        return SubmitResult(tuple(ids), tuple(known), tuple(known_paths)), undecided

    def cancel(self, job: Job) -> None:
        """Cancel a job; a running one is asked to stop. A finished job stays as it is.

        A completed job that was retried goes back to the result it has.
        """
        if not job.state.final and not job.cancelling:
            self._record(job, ev.CancelAsked(job.id, self._now()))

    def retry(self, job: Job) -> None:
        """Run a job again, or now; its result stays until there is a new one.

        A queued or running job stays as it is.
        """
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            self._record(job, ev.RetryAsked(job.id, self._now(), keep_result=True))

    def add_words(self, job: Job) -> None:
        """Run a job without words again; its turns stay, and words are added; see `Job.lacks_words`."""
        self._record(job, ev.RetryAsked(job.id, self._now(), keep_result=True, keep_turns=True))

    def prioritize(self, job: Job, priority: Priority) -> None:
        """Change the priority of a waiting job."""
        if job.state in _WAITING and job.priority is not priority:
            self._record(job, ev.Prioritized(job.id, self._now(), priority))

    def change(
        self, files: Iterable[SubmittedFile], options: JobOptions, *, again: bool, keep_turns: bool = False
    ) -> tuple[ChangeResult, list[PossibleDuplicate]]:
        """Give waiting jobs other options; each file's identity is that under the new options.

        With `again`, finished jobs get them too, and run again; results stay until there are new ones, which
        have the same turns with `keep_turns`. A job stays as it is if another one processes its recording
        with these options, except for copies in the same batch. Unknown jobs are skipped.

        Returns: what became of them, and possible duplicates, which are not changed yet.
        """
        changed: list[int] = []
        started: list[int] = []
        known: list[int] = []
        undecided: list[PossibleDuplicate] = []
        for file in files:
            job = None if file.job_id is None else self.store.get(file.job_id)
            if job is None:
                continue
            if job.state not in _WAITING and not (again and job.state.final):
                started.append(job.id)
                continue
            if job.options != options:
                same, candidates = self._known(file.identity, except_batch=job.batch)
                if same is not None:
                    known.append(job.id)
                    continue
                if candidates:
                    undecided.append(PossibleDuplicate(file, candidates))
                    continue
            if job.state.final:
                asked = ev.RetryAsked(job.id, self._now(), keep_result=True, keep_turns=keep_turns)
                job = self._record(job, asked)
            if job.options != options:
                fingerprint = file.identity.fingerprint
                self._record(job, ev.OptionsChanged(job.id, self._now(), options, fingerprint))
            changed.append(job.id)
        return ChangeResult(tuple(changed), tuple(started), tuple(known)), undecided

    def schedule(self, job: Job, start_at: float | None) -> None:
        """Choose when a waiting job starts, see `Job.start_at`. A retry that starts now is a new run."""
        if job.state is JobState.RETRYING and start_at == START_NOW:
            job = self._record(job, ev.RetryAsked(job.id, self._now(), keep_result=True))
        if job.state in _WAITING and job.start_at != start_at:
            self._record(job, ev.StartChanged(job.id, self._now(), start_at))

    def relocate(self, job: Job, path: Path) -> None:
        """Use the recording at another place from now on; the caller has compared it."""
        if job.path != str(path):
            self._record(job, ev.Relocated(job.id, self._now(), str(path)))

    def choose_exports(self, job: Job, path: str, exports: str) -> None:
        """Choose how results are written to files automatically, for one file of a job's recording."""
        if dict(job.files).get(path, exports) != exports:
            self._record(job, ev.ExportsChosen(job.id, self._now(), path, exports))

    def relabel(self, job: Job, change: LabelChange) -> None:
        """Change the case or the date.

        Raises:
            UserError: the date is not one.
        """
        try:
            label = change.apply(job.label)
        except ValueError:
            raise UserError(messages.LABEL_BAD_DATE, text=change.recorded_at or "") from None
        if label != job.label:
            self._record(job, ev.LabelChanged(job.id, self._now(), label))

    def hold(self, job: Job, by: str) -> None:
        """Put a job on legal hold."""
        if job.hold_since is None:
            self._record(job, ev.LegalHoldPlaced(job.id, self._now(), by))

    def release(self, job: Job, by: str) -> None:
        """Release the legal hold of a job."""
        if job.hold_since is not None:
            self._record(job, ev.LegalHoldReleased(job.id, self._now(), by))

    def mark_seen(self, job: Job) -> None:
        """Record that somebody viewed or exported the result."""
        if job.summary is not None and job.seen_at is None:
            self._record(job, ev.Seen(job.id, self._now()))

    def mark_reviewed(self, job: Job, outcome: ReviewOutcome, by: str) -> None:
        """Record how far the result is checked, who its speakers are, and how much of it may be wrong.

        A share that changes by less than a person would see is not recorded.
        """
        if job.summary is None:
            return
        summary = outcome.corrected(job.summary)
        known = job.review, job.people, job.summary.speakers
        change = (summary.wrong_share or 0.0) - (job.summary.wrong_share or 0.0)
        if known == (outcome.state, outcome.people, summary.speakers) and abs(change) < _SEEN_SHARE:
            return
        event = ev.Reviewed(
            job.id, self._now(), outcome.state, by, outcome.people, outcome.speakers, outcome.wrong_share
        )
        self._record(job, event)

    def use_version(self, job: Job, chosen: ChosenResult) -> None:
        """Record that another of the job's results is the current one, or that the one it has shall do.

        Raises:
            UserError: the job waits or runs, so that its result is about to be another one.
        """
        if job.summary is None or job.state not in (JobState.COMPLETED, JobState.FAILED):
            raise UserError(messages.RESULT_BUSY)
        options, outcome = chosen.options, chosen.outcome
        asked = [
            each for each in self.store.events(job.id) if isinstance(each, ev.Submitted | ev.OptionsChanged)
        ]
        fingerprint = next((each.fingerprint for each in reversed(asked) if each.options == options), None)
        event = ev.VersionChosen(
            job.id,
            self._now(),
            outcome.corrected(chosen.summary),
            outcome.state,
            outcome.people,
            options,
            fingerprint,
        )
        self._record(job, event)

    def set_paused(self, *, paused: bool) -> None:
        """Claim no more jobs, or claim them again."""
        self.store.paused = paused
        self.events.append(QueuePaused(paused))

    def remove(self, job: Job, why: Removal = Removal.PERSON) -> None:
        """Remove a job.

        Raises:
            UserError: it is on legal hold, or running.
        """
        if job.hold_since is not None:
            raise UserError(messages.JOB_ON_HOLD, job=job.id)
        if job.state is JobState.RUNNING:
            raise UserError(messages.JOB_RUNNING)
        self.store.remove(job)
        self.events.append(JobRemoved(job.id, why))

    def remove_superseded(self, job: Job) -> bool:
        """Remove a job that another one replaced, unless somebody has viewed its result.

        Returns: False if it is running; it was asked to stop, and this is to be called again.
        """
        if job.state is JobState.RUNNING:
            self.cancel(job)
            return False
        if job.seen_at is None and job.hold_since is None:
            self.remove(job, Removal.REPLACED)
        return True

    # ---- for the backend

    def recover(self, keep: Callable[[Job], bool] = lambda job: False) -> None:
        """Requeue jobs that an earlier owner left running, and retries whose due time makes no sense.

        keep: jobs that still run, elsewhere.
        """
        for job in self.store.jobs(state=JobState.RUNNING):
            if job.cancelling or not keep(job):
                self._recover(job)
        latest = self._now() + self._policy.longest_delay_s
        for job in self.store.jobs(state=JobState.RETRYING):
            if job.due_at is not None and job.due_at > latest:  # the clock was ahead when it was written
                self._record(job, ev.Due(job.id, self._now()))

    def claim(self, worker: str, device: str = "cpu", *, held: bool = False) -> Job | None:
        """Give the next ready job to a worker; None if none is ready, or the queue is paused.

        held: the times of the queue let only jobs start that a person started.
        """
        if self.store.paused:
            return None
        while (due := self.store.queue.first_due(self._now())) is not None:
            self._record(due, ev.Due(due.id, self._now()))
        job = self.store.queue.first_ready(held=held)
        if job is None:
            return None
        token = f"{self.store.epoch}.{job.id}.{len(job.attempts) + 1}"
        return self._record(job, ev.Claimed(job.id, self._now(), token, worker, device))

    def is_last_attempt(self, job: Job) -> bool:
        """Whether the running attempt would not be retried after an error."""
        return self._policy.is_last_attempt(job)

    # `stages`: how long each stage of the attempt took, as far as the worker reported it

    def completed(
        self, job_id: int, claim: str, summary: Summary, *, stages: tuple[StageTime, ...] = ()
    ) -> None:
        """A claim ended with a result, which is on disk."""
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
        """A claim ended in an error; the policy decides whether it is retried."""

        def event(job: Job) -> ev.AttemptEvent:
            if job.cancelling:  # nobody wants it retried
                return ev.Cancelled(job_id, self._now(), claim, stages=stages)
            verdict = self._policy.verdict(job, error, stages)
            delay_s = self._policy.delay_s(job, verdict, crashed=crashed, rng=self._rng)
            retry_at = None if delay_s is None else self._now() + delay_s
            charged, lost = verdict.code not in OBSTACLES, verdict.code == messages.CLUSTER_TRANSFER.code
            return ev.Failed(
                job_id, self._now(), claim, verdict, retry_at, crashed, charged, lost, stages=stages
            )

        self._end(job_id, event)

    def released(
        self,
        job_id: int,
        claim: str,
        *,
        lost: bool = False,
        begun: bool = True,
        stages: tuple[StageTime, ...] = (),
    ) -> None:
        """A claim ended because its worker is stopping, or was lost; the job is requeued.

        lost, begun: see `Released`.
        """

        def event(job: Job) -> ev.AttemptEvent:
            at = self._now()
            if lost and begun and not job.cancelling and self._policy.is_lost_too_often(job):
                error = error_info(FiError(messages.JOB_LOST, times=job.lost + 1))
                return ev.Failed(job_id, at, claim, error, None, charged=False, stages=stages)
            return ev.Released(job_id, at, claim, lost=lost, begun=begun, stages=stages)

        self._end(job_id, event)

    def cancelled(self, job_id: int, claim: str, *, stages: tuple[StageTime, ...] = ()) -> None:
        """A claim ended because the job was cancelled."""
        self._end(job_id, lambda _job: ev.Cancelled(job_id, self._now(), claim, stages=stages))

    # ---- inside

    def _known(
        self, identity: FileIdentity, *, except_batch: int | None = None
    ) -> tuple[Job | None, tuple[Job, ...]]:
        """Return the job that processes this recording with these options, if one is known to.

        If none is, also return the jobs whose recordings still have to be compared.
        """
        if identity.fingerprint is None:
            return None, ()
        candidates = [
            job
            for job in self.store.with_fingerprint(identity.fingerprint)
            if job.state not in (JobState.FAILED, JobState.CANCELLED)
            and (except_batch is None or job.batch != except_batch)
        ]
        same = next((job for job in candidates if job.id in identity.same), None)
        if same is not None:
            return same, ()
        return None, tuple(job for job in candidates if job.id not in identity.other)

    def _note_copy(self, job: Job, path: str, exports: str) -> None:
        """Record that a file with another name holds a job's recording: it is exported under both names.

        A file that is added again has its results written as it is said now, if anything is.
        """
        if path != job.path and path not in job.copies:
            self._record(job, ev.CopyAdded(job.id, self._now(), path, exports))
        elif exports:
            self.choose_exports(job, path, exports)

    def _recover(self, job: Job) -> None:
        claim = job.claim or ""
        if job.cancelling:
            self._record(job, ev.Cancelled(job.id, self._now(), claim))
        elif self._policy.is_over_cap(job):
            error = error_info(FiError(messages.JOB_DELIVERIES, times=job.deliveries - job.lost))
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
            log.event("WORKFLOW_CLAIM_STALE", job=job_id)

    def _record(self, before: Job | None, event: ev.JobEvent) -> Job:
        job = apply(before, event)
        self.store.write(before, job, event)
        self.events.append(JobChanged(job, event))
        return job
