"""A job, its states, and the state machine: `apply(job, event) -> job`.

    submit -> QUEUED -> RUNNING -> COMPLETED
                ^          |-----> FAILED      (no retry left, or none makes sense)
                |          |-----> CANCELLED
                |          `-----> RETRYING    (until its due time)
                `---- released, due, or retried by a person

A completed job that is retried keeps its result until the new one is written. If the retry is cancelled, the
job is COMPLETED again, as it was before. If it fails, the job is FAILED and keeps the earlier result, until a
person settles for it (`VersionChosen`) or retries.

A job is the replay of its events: nothing but `apply` changes a job. An event of an attempt carries the
*claim* under which the attempt was delivered. With another claim it belongs to an abandoned attempt, and is
stale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from typing import Any, NamedTuple

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.case_labels import NO_LABEL, CaseLabel
from fi_desktop.core.dataclass_fields import with_fields
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.messages import Note
from fi_desktop.core.values import JobOptions, Priority, ReviewState, Stage, StageEnd, StageTime, Summary

SERVER = "server-"
"""How the names of workers begin whose jobs run on the server."""
START_NOW = 0.0
"""`Job.start_at` of a job that starts as soon as a worker is free."""


class JobState(StrEnum):
    """The state of a job: Celery's PENDING, STARTED, RETRY, SUCCESS, FAILURE and REVOKED, in this order."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        """Whether the job stays as it is unless a person acts."""
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


class AttemptOutcome(StrEnum):
    """How an attempt ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CRASHED = "crashed"
    RELEASED = "released"
    CANCELLED = "cancelled"


CRASHES = frozenset(
    message.code for message in (messages.WORKER_CRASHED, messages.DECODER_CRASHED, messages.DECODER_ODD)
)
"""Codes of the errors of an attempt that a process did not survive, or in which it went mad."""

LOSSES = frozenset(message.code for message in (messages.WORKER_ENDED, messages.CLUSTER_WORKER_LOST))
"""Codes of the errors of an attempt whose worker was lost; the recording is hardly the cause."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One numbered attempt at a job. Times are UTC, seconds since the epoch.

    Attributes:
        number: from 1.
        worker: the worker's name, such as "worker-1".
        device: what it computes on: "cpu", or a GPU such as "cuda:0".
        outcome: None while it runs.
        error: what went wrong, if anything.
        charged: whether it counts against the retry policy.
        stages: how long each stage took, in order, once the attempt has ended.
    """

    number: int
    started_at: float
    worker: str
    ended_at: float | None = None
    outcome: AttemptOutcome | None = None
    error: ErrorInfo | None = None
    charged: bool = False
    device: str = "cpu"
    stages: tuple[StageTime, ...] = ()

    def crashed_in(self, stage: Stage) -> bool:
        """Return whether its worker, or the decoder process, crashed in that stage."""
        crashed = self.error is not None and self.error.code in CRASHES
        last = self.stages[-1] if self.stages else None
        # on the server, an attempt can crash after a stage and before the next one
        return crashed and last is not None and (last.stage, last.end) == (stage, StageEnd.BROKEN_OFF)


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """What a job returns to when a person cancels its retry.

    Attributes:
        options, fingerprint: those of the run that made the result.
        finished_at: when it was made.
    """

    options: JobOptions
    fingerprint: str | None
    finished_at: float


@dataclass(frozen=True, slots=True)
class Job:
    """One recording and a full snapshot of its options. Times are UTC, seconds since the epoch.

    Attributes:
        id: positive, in order of submission, never reused.
        path: the recording; absolute.
        deliveries: how often a worker received the job since a person last asked for it.
        lost: those of them that ended because the server could not be reached.
        claim: the token of the running attempt; set exactly in RUNNING.
        due_at: when the next attempt is due; set exactly in RETRYING.
        batch: the id of the first job that was submitted together with this one; None for a single one.
        fingerprint: equal for the same recording with the same options.
        cancelling: a person cancelled the running attempt; the worker was asked to stop.
        summary: of the result; set exactly while there is one.
        finished_at: set exactly in a final state.
        seen_at: when a person first viewed or exported the result.
        earlier: set exactly while the result is that of an earlier run: the job is being retried, or the
            retry failed.
        start_at: when the job starts, if a person chose that: not before this moment, or `START_NOW`, which
            the times of the queue do not hold up; None: with the queue. Never set in a final state.
        review: how far a person has checked the result.
        people: names and roles that a person gave to the speakers.
        keep_turns: the next result has the turns of the present one; only words are added.
        copies: other files with the same bytes that were added; absolute.
        exports: keys of the `ExportRule` of the recording and of each copy, in order; "", or missing at the
            end: as the settings say. Not one of the options: it changes no result.
        label: the case, and when it was recorded.
        hold_since: since when it is on legal hold, so that nothing removes it; None: it is not.
    """

    id: int
    path: str
    options: JobOptions
    priority: Priority
    submitted_at: float
    state: JobState = JobState.QUEUED
    attempts: tuple[Attempt, ...] = ()
    deliveries: int = 0
    claim: str | None = None
    due_at: float | None = None
    cancelling: bool = False
    summary: Summary | None = None
    finished_at: float | None = None
    batch: int | None = None
    fingerprint: str | None = None
    seen_at: float | None = None
    earlier: EarlierResult | None = None
    start_at: float | None = None
    review: ReviewState = ReviewState.DRAFT
    people: tuple[str, ...] = ()
    keep_turns: bool = False
    copies: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    label: CaseLabel = NO_LABEL
    hold_since: float | None = None
    lost: int = 0

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """The recording and its copies, each with the key of its `ExportRule`."""
        return tuple(zip_longest((self.path, *self.copies), self.exports, fillvalue=""))

    @property
    def error(self) -> ErrorInfo | None:
        """The last attempt's error; None for a completed job, even if a later attempt was cancelled."""
        completed = self.state is JobState.COMPLETED
        return self.attempts[-1].error if self.attempts and not completed else None

    @property
    def on_server(self) -> bool:
        """Whether the server does its running attempt, which goes on while this program is closed."""
        return self.state is JobState.RUNNING and self.attempts[-1].worker.startswith(SERVER)

    @property
    def lacks_words(self) -> bool:
        """Whether it is finished, and its result says only who spoke when."""
        return self.state.final and self.summary is not None and not self.summary.transcriber

    @property
    def charged(self) -> int:
        """Attempts that count against the retry policy since the person last asked for a retry."""
        return sum(attempt.charged for attempt in self.attempts)

    @property
    def out_of_memory(self) -> int:
        """Charged attempts that ran out of memory, the computer's or a GPU's."""
        return sum(
            attempt.charged and attempt.error is not None and attempt.error.code == messages.MEMORY_FULL.code
            for attempt in self.attempts
        )


class Done(NamedTuple):
    """A job that completed at its first attempt, as a long list needs it.

    A store may hold a hundred thousand jobs, nearly all of which completed at the first attempt. The database
    extracts these values from their records, outside Python's lock. Times are UTC, seconds since the epoch.

    Attributes:
        priority: as a number.
        speakers_asked, engine_asked, language_asked: of the options.
        started_at, ended_at: of its only attempt.
        speakers, duration_s, engine, grade, notes, language, wrong_share, transcriber: of the summary.
        review: see `Job`; None for a draft.
        people: see `Job`.
        case, recorded_at, recorded_from: of the label, see `CaseLabel`; None if empty.
        hold_since: see `Job`.
    """

    id: int
    path: str
    priority: int
    submitted_at: float
    finished_at: float
    batch: int | None
    speakers_asked: str
    engine_asked: str
    language_asked: str | None
    started_at: float
    ended_at: float
    speakers: int
    duration_s: float
    engine: str
    grade: str | None
    notes: tuple[Note, ...]
    language: str | None
    wrong_share: float | None
    review: str | None
    people: tuple[str, ...]
    transcriber: str | None
    case: str | None
    recorded_at: str | None
    recorded_from: str | None
    hold_since: float | None


class StaleClaim(Exception):
    """An event of an abandoned attempt; to be dropped."""


class InvalidTransition(Exception):
    """The event makes no sense in the job's state."""


def apply(job: Job | None, event: ev.JobEvent) -> Job:
    """Return the job after the event.

    Raises:
        StaleClaim: the event is of an attempt that no longer runs.
        InvalidTransition: the event makes no sense in this state.
    """
    if isinstance(event, ev.Submitted):
        if job is not None:
            raise InvalidTransition("submitted twice")
        return Job(
            event.job_id,
            event.path,
            event.options,
            event.priority,
            event.at,
            batch=event.batch,
            fingerprint=event.fingerprint,
            exports=(event.exports,) if event.exports else (),
            label=event.label,
        )
    if job is None:
        raise InvalidTransition(f"{type(event).__name__} before Submitted")
    if isinstance(event, ev.AttemptEvent):
        if job.state is not JobState.RUNNING or job.claim != event.claim:
            raise StaleClaim(f"claim {event.claim} of job {job.id}")
        return _end_attempt(job, event)
    return _by_state(job, event)


def _by_state(job: Job, event: ev.JobEvent) -> Job:
    match job.state, event:
        case JobState.QUEUED, ev.Claimed():
            attempt = Attempt(len(job.attempts) + 1, event.at, event.worker, device=event.device)
            return with_fields(
                job,
                state=JobState.RUNNING,
                claim=event.claim,
                deliveries=job.deliveries + 1,
                attempts=(*job.attempts, attempt),
            )
        case JobState.RETRYING, ev.Due():
            return replace(job, state=JobState.QUEUED, due_at=None)
        case JobState.QUEUED, ev.Due() if job.start_at is not None:
            return replace(job, start_at=None)
        case JobState.QUEUED | JobState.RETRYING, ev.StartChanged():
            return replace(job, start_at=event.start_at)
        case JobState.QUEUED | JobState.RETRYING, ev.Prioritized():
            return replace(job, priority=event.priority)
        case JobState.QUEUED | JobState.RETRYING, ev.OptionsChanged():
            return replace(job, options=event.options, fingerprint=event.fingerprint)
        case _, ev.Relocated():
            return replace(job, path=event.path)
        case _, ev.CopyAdded():
            return _with_exports(replace(job, copies=(*job.copies, event.path)), event.path, event.exports)
        case _, ev.ExportsChosen():
            return _with_exports(job, event.path, event.exports)
        case _, ev.LabelChanged():
            return replace(job, label=event.label)
        case _, ev.LegalHoldPlaced():
            return replace(job, hold_since=job.hold_since or event.at)
        case _, ev.LegalHoldReleased():
            return replace(job, hold_since=None)
        case _, ev.Seen() if job.summary is not None:
            return replace(job, seen_at=job.seen_at or event.at)
        case _, ev.Reviewed() if job.summary is not None:
            summary = job.summary
            if event.speakers is not None:
                summary = replace(summary, speakers=event.speakers, wrong_share=event.wrong_share)
            return replace(job, review=event.state, people=event.people, summary=summary)
        case JobState.COMPLETED | JobState.FAILED, ev.VersionChosen() if job.summary is not None:
            return replace(
                job,
                state=JobState.COMPLETED,
                summary=event.summary,
                review=event.review,
                people=event.people,
                options=event.options,
                fingerprint=event.fingerprint,
                finished_at=job.earlier.finished_at if job.earlier is not None else job.finished_at,
                earlier=None,
            )
        case JobState.RUNNING, ev.CancelAsked():
            return replace(job, cancelling=True)
        case JobState.QUEUED | JobState.RETRYING, ev.CancelAsked():
            return _cancelled(job, event.at)
        case JobState.FAILED | JobState.CANCELLED | JobState.RETRYING | JobState.COMPLETED, ev.RetryAsked():
            # A retry by a person resets the count: earlier attempts are kept, but no longer charged.
            uncharged = tuple(replace(attempt, charged=False) for attempt in job.attempts)
            return replace(
                job,
                state=JobState.QUEUED,
                attempts=uncharged,
                deliveries=0,
                lost=0,
                due_at=None,
                finished_at=None,
                start_at=None,
                keep_turns=event.keep_result
                and job.summary is not None
                and (event.keep_turns or job.keep_turns),
                **_kept(job, event),
            )
        case _:
            raise InvalidTransition(f"{type(event).__name__} while {job.state.value}")


def _with_exports(job: Job, path: str, exports: str) -> Job:
    """Return the job with another `ExportRule` for one of its files."""
    keys = [exports if file == path else key for file, key in job.files]
    while keys and not keys[-1]:
        keys.pop()
    return replace(job, exports=tuple(keys))


def _kept(job: Job, event: ev.RetryAsked) -> dict[str, Any]:
    """Return the fields that describe the result, for a job that is retried."""
    if not event.keep_result:
        return {"summary": None, "seen_at": None, "earlier": None, "review": ReviewState.DRAFT, "people": ()}
    if job.finished_at is None or job.state is not JobState.COMPLETED:
        return {}  # no result, or one that is kept already
    return {"earlier": EarlierResult(job.options, job.fingerprint, job.finished_at)}


def _cancelled(job: Job, at: float) -> Job:
    """Return the cancelled job; one with an earlier result returns to that."""
    if (earlier := job.earlier) is None:
        return replace(job, state=JobState.CANCELLED, due_at=None, finished_at=at, start_at=None)
    return replace(
        job,
        state=JobState.COMPLETED,
        due_at=None,
        options=earlier.options,
        fingerprint=earlier.fingerprint,
        finished_at=earlier.finished_at,
        earlier=None,
        start_at=None,
        keep_turns=False,
    )


def _end_attempt(job: Job, event: ev.AttemptEvent) -> Job:
    if isinstance(event, ev.Completed):
        return _completed(job, event)
    ended = replace(job, claim=None, cancelling=False)
    match event:
        case ev.Failed(error=error, retry_at=retry_at):
            outcome = AttemptOutcome.CRASHED if event.crashed else AttemptOutcome.FAILED
            attempts = _close(job, event, outcome, error=error, charged=event.charged)
            ended = replace(ended, lost=job.lost + event.lost)
            if retry_at is None:
                failed = replace(ended, state=JobState.FAILED, attempts=attempts, finished_at=event.at)
                return replace(failed, start_at=None, keep_turns=False)
            if retry_at <= event.at:
                return replace(ended, state=JobState.QUEUED, attempts=attempts)
            return replace(ended, state=JobState.RETRYING, attempts=attempts, due_at=retry_at)
        case ev.Released(lost=lost, begun=begun) if not job.cancelling:
            return replace(
                ended,
                state=JobState.QUEUED,
                attempts=_close(job, event, AttemptOutcome.RELEASED),
                deliveries=job.deliveries - (not begun),
                lost=job.lost + (lost and begun),
            )
        case ev.Released() | ev.Cancelled():  # a job that the person cancelled is not queued again
            attempts = _close(job, event, AttemptOutcome.CANCELLED)
            return _cancelled(replace(ended, attempts=attempts), event.at)
        case _:
            raise InvalidTransition(type(event).__name__)


def _completed(job: Job, event: ev.Completed) -> Job:
    return with_fields(
        job,
        state=JobState.COMPLETED,
        claim=None,
        cancelling=False,
        attempts=_close(job, event, AttemptOutcome.COMPLETED),
        summary=event.summary,
        finished_at=event.at,
        seen_at=None,
        earlier=None,
        start_at=None,
        review=ReviewState.DRAFT,
        people=(),
        keep_turns=False,
        label=job.label.with_metadata(event.summary.recorded_at),
    )


def _close(
    job: Job,
    event: ev.AttemptEvent,
    outcome: AttemptOutcome,
    *,
    error: ErrorInfo | None = None,
    charged: bool = False,
) -> tuple[Attempt, ...]:
    last = with_fields(
        job.attempts[-1],
        ended_at=event.at,
        outcome=outcome,
        error=error,
        charged=charged,
        stages=event.stages,
    )
    return (*job.attempts[:-1], last)


def check(job: Job) -> None:
    """Check what holds for every job in every state.

    Raises:
        ValueError: an invariant is broken: the record is damaged, or `apply` has a bug.
    """
    rules = {
        "finished_at exactly in a final state": (job.finished_at is not None) == job.state.final,
        "claim exactly while running": (job.claim is not None) == (job.state is JobState.RUNNING),
        "due_at exactly while retrying": (job.due_at is not None) == (job.state is JobState.RETRYING),
        "keep_turns only with a result, before the end": not job.keep_turns
        or (job.summary is not None and not job.state.final),
        "start_at only before the end": job.start_at is None or not job.state.final,
        "a summary when completed": job.summary is not None or job.state is not JobState.COMPLETED,
        "seen only with a result": job.seen_at is None or job.summary is not None,
        "reviewed only with a result": job.review is ReviewState.DRAFT or job.summary is not None,
        "earlier exactly with a result when not completed": (job.earlier is not None)
        == (job.summary is not None and job.state is not JobState.COMPLETED),
        "cancelling only while running": not job.cancelling or job.state is JobState.RUNNING,
        "one open attempt exactly while running": [a.outcome is None for a in job.attempts]
        == [False] * (len(job.attempts) - 1) + [job.state is JobState.RUNNING] * bool(job.attempts),
        "attempts are numbered from 1": [a.number for a in job.attempts]
        == list(range(1, len(job.attempts) + 1)),
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ValueError(f"job {job.id}: {'; '.join(broken)}")
