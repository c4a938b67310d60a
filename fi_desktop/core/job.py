"""A job, its states, and the one state machine: `apply(job, event) -> job`.

    submit -> QUEUED -> RUNNING -> COMPLETED
                ^          |-----> FAILED      (no retry left, or none makes sense)
                |          |-----> CANCELLED
                |          `-----> RETRYING    (until its due time)
                `---- released, due, or retried by a person

A completed job that is retried keeps its result until the new one is written. If the retry is cancelled, the
job is COMPLETED again, as it was before; if it fails, the job is FAILED and the earlier result stays.

A job is the fold of its events: nothing changes a job but `apply`. News of an attempt carry the *claim* under
which it was handed out; news under another claim come from an attempt that was given up, and are refused as
stale.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.messages import Note
from fi_desktop.core.speakers import SpeakerCount


class JobState(StrEnum):
    """Where a job stands. Celery's PENDING, STARTED, RETRY, SUCCESS, FAILURE and REVOKED, in this order."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the job by itself."""
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


class Stage(StrEnum):
    """What a running job is doing. Shown, never a state."""

    DECODE = "decode"
    SPEECH = "speech"
    DIARIZE = "diarize"
    TRANSCRIBE = "transcribe"
    JOIN = "join"


class StageEnd(StrEnum):
    """How a stage of an attempt ended."""

    DONE = "done"
    KEPT = "kept"  # an earlier attempt had done it
    BROKEN_OFF = "broken off"


class Priority(IntEnum):
    """Which ready job is claimed first; the smaller number wins."""

    URGENT = 1
    NORMAL = 5
    LOW = 9


class Outcome(StrEnum):
    """How an attempt ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CRASHED = "crashed"
    RELEASED = "released"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What the person asked for; a job carries its own full copy.

    Attributes:
        speakers: how many to look for.
        engine: what diarizes: a name of the registry, or "auto".
        language: ISO 639-1 code, or None to find out.
        transcriber: what transcribes: "auto" takes the best model pack there is, if any; "none"; or the name
            of a model pack.
        vocabulary: words that may come up and are seldom heard, such as names of drugs.
        prompt: a text as it might have been said before, in the spelling that is wanted.
    """

    speakers: SpeakerCount = field(default_factory=SpeakerCount)
    engine: str = "auto"
    language: str | None = None
    transcriber: str = "auto"
    vocabulary: tuple[str, ...] = ()
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the table shows of a finished job; the whole of it is in the result file.

    Attributes:
        speakers: number of speakers found.
        duration_s: length of the recording, seconds.
        engine: what diarized; empty where that failed.
        grade: how sure it is ("clear", "fair", "doubtful"), or None.
        notes: what the person must know.
        transcriber: what transcribed; empty where nothing did.
        words: number of words.
        language: ISO 639-1 code of what was transcribed.
        model: name of the model pack that transcribed; empty where nothing did.
    """

    speakers: int
    duration_s: float
    engine: str
    grade: str | None = None
    notes: tuple[Note, ...] = ()
    transcriber: str = ""
    words: int = 0
    language: str | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class StageTime:
    """What a stage of an attempt took, seconds, and how it ended."""

    stage: Stage
    took_s: float
    end: StageEnd = StageEnd.DONE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One numbered try. Times are UTC, seconds since the epoch.

    Attributes:
        number: from 1.
        worker: the worker's name, such as "worker-1".
        device: what it computes on: "cpu", or a GPU such as "cuda:0".
        outcome: None while it runs.
        error: what went wrong, where something did.
        charged: whether it counts against the retry policy.
        stages: what each stage took, in order, once the attempt has ended.
    """

    number: int
    started_at: float
    worker: str
    ended_at: float | None = None
    outcome: Outcome | None = None
    error: ErrorInfo | None = None
    charged: bool = False
    device: str = "cpu"
    stages: tuple[StageTime, ...] = ()

    def crashed_in(self, stage: Stage) -> bool:
        """Whether its worker crashed in that stage."""
        crashed = self.error is not None and self.error.code == messages.WORKER_CRASHED.code
        return crashed and bool(self.stages) and self.stages[-1].stage is stage


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """What a job goes back to when a person cancels its retry.

    Attributes:
        options, fingerprint: those with which the result was made.
        finished_at: when it was made.
    """

    options: JobOptions
    fingerprint: str | None
    finished_at: float


@dataclass(frozen=True, slots=True)
class Job:
    """One recording and a full snapshot of its options. Times are UTC, seconds since the epoch.

    Attributes:
        id: positive, in order of submission, never used twice.
        path: where the recording lies; absolute.
        deliveries: how often a worker got the job since a person last asked for it; never given back.
        claim: the token of the running attempt; set exactly in RUNNING.
        due_at: when the next attempt is due; set exactly in RETRYING.
        batch: the id of the first job of those that were handed in together; None for a single one.
        fingerprint: tells the same recording with the same options again.
        cancelling: a person has cancelled the running attempt; the worker was asked to stop.
        summary: of the result; set exactly while there is one.
        finished_at: set exactly in a final state.
        seen_at: when a person first looked at the result, or wrote it out.
        earlier: set exactly while the result is that of an earlier run: the job is being done again, or that
            failed.
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

    @property
    def error(self) -> ErrorInfo | None:
        """The last attempt's error; None for a completed job, also if a later attempt was cancelled."""
        completed = self.state is JobState.COMPLETED
        return self.attempts[-1].error if self.attempts and not completed else None

    @property
    def charged(self) -> int:
        """How many attempts count against the retry policy since the person last asked for a retry."""
        return sum(attempt.charged for attempt in self.attempts)

    @property
    def out_of_memory(self) -> int:
        """How many of these attempts ran out of memory, the computer's or a GPU's."""
        return sum(
            attempt.charged and attempt.error is not None and attempt.error.code == messages.MEMORY_FULL.code
            for attempt in self.attempts
        )


class StaleClaim(Exception):
    """News from an attempt that was given up; to be dropped."""


class InvalidTransition(Exception):
    """The event makes no sense in the job's state."""


def apply(job: Job | None, event: ev.JobEvent) -> Job:
    """Return the job after the event; the only state machine.

    Raises:
        StaleClaim: the event tells of an attempt that no longer runs.
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
        )
    if job is None:
        raise InvalidTransition(f"{type(event).__name__} before Submitted")
    if isinstance(event, ev.AttemptNews):
        if job.state is not JobState.RUNNING or job.claim != event.claim:
            raise StaleClaim(f"claim {event.claim} of job {job.id}")
        return _end_attempt(job, event)
    return _by_state(job, event)


def _by_state(job: Job, event: ev.JobEvent) -> Job:
    match job.state, event:
        case JobState.QUEUED, ev.Claimed():
            attempt = Attempt(len(job.attempts) + 1, event.at, event.worker, device=event.device)
            return replace(
                job,
                state=JobState.RUNNING,
                claim=event.claim,
                deliveries=job.deliveries + 1,
                attempts=(*job.attempts, attempt),
            )
        case JobState.RETRYING, ev.Due():
            return replace(job, state=JobState.QUEUED, due_at=None)
        case JobState.QUEUED | JobState.RETRYING, ev.Prioritized():
            return replace(job, priority=event.priority)
        case JobState.QUEUED | JobState.RETRYING, ev.OptionsChanged():
            return replace(job, options=event.options, fingerprint=event.fingerprint)
        case _, ev.Seen() if job.summary is not None:
            return replace(job, seen_at=job.seen_at or event.at)
        case JobState.RUNNING, ev.CancelAsked():
            return replace(job, cancelling=True)
        case JobState.QUEUED | JobState.RETRYING, ev.CancelAsked():
            return _cancelled(job, event.at)
        case JobState.FAILED | JobState.CANCELLED | JobState.RETRYING | JobState.COMPLETED, ev.RetryAsked():
            # the person's word starts the count anew: what was charged before is kept, but no longer counts
            forgiven = tuple(replace(attempt, charged=False) for attempt in job.attempts)
            return replace(
                job,
                state=JobState.QUEUED,
                attempts=forgiven,
                deliveries=0,
                due_at=None,
                finished_at=None,
                **_kept(job, event),
            )
        case _:
            raise InvalidTransition(f"{type(event).__name__} while {job.state.value}")


def _kept(job: Job, event: ev.RetryAsked) -> dict[str, Any]:
    """Return the fields that tell of the result, for a job that is done again."""
    if not event.keep_result:
        return {"summary": None, "seen_at": None, "earlier": None}
    if job.finished_at is None or job.state is not JobState.COMPLETED:
        return {}  # no result, or one that is kept already
    return {"earlier": EarlierResult(job.options, job.fingerprint, job.finished_at)}


def _cancelled(job: Job, at: float) -> Job:
    """Return the job once it is cancelled; one with an earlier result is as it was with that."""
    if (earlier := job.earlier) is None:
        return replace(job, state=JobState.CANCELLED, due_at=None, finished_at=at)
    return replace(
        job,
        state=JobState.COMPLETED,
        due_at=None,
        options=earlier.options,
        fingerprint=earlier.fingerprint,
        finished_at=earlier.finished_at,
        earlier=None,
    )


def _end_attempt(job: Job, event: ev.AttemptNews) -> Job:
    ended = replace(job, claim=None, cancelling=False)
    match event:
        case ev.Completed():
            attempts = _close(job, event, Outcome.COMPLETED)
            return replace(
                ended,
                state=JobState.COMPLETED,
                attempts=attempts,
                summary=event.summary,
                finished_at=event.at,
                seen_at=None,
                earlier=None,
            )
        case ev.Failed(error=error, retry_at=retry_at):
            outcome = Outcome.CRASHED if event.crashed else Outcome.FAILED
            attempts = _close(job, event, outcome, error=error, charged=event.charged)
            if retry_at is None:
                return replace(ended, state=JobState.FAILED, attempts=attempts, finished_at=event.at)
            if retry_at <= event.at:
                return replace(ended, state=JobState.QUEUED, attempts=attempts)
            return replace(ended, state=JobState.RETRYING, attempts=attempts, due_at=retry_at)
        case ev.Released() if not job.cancelling:
            return replace(ended, state=JobState.QUEUED, attempts=_close(job, event, Outcome.RELEASED))
        case ev.Released() | ev.Cancelled():  # what a person had given up does not come back
            attempts = _close(job, event, Outcome.CANCELLED)
            return _cancelled(replace(ended, attempts=attempts), event.at)
        case _:
            raise InvalidTransition(type(event).__name__)


def _close(
    job: Job,
    event: ev.AttemptNews,
    outcome: Outcome,
    *,
    error: ErrorInfo | None = None,
    charged: bool = False,
) -> tuple[Attempt, ...]:
    last = replace(
        job.attempts[-1],
        ended_at=event.at,
        outcome=outcome,
        error=error,
        charged=charged,
        stages=event.stages,
    )
    return (*job.attempts[:-1], last)
