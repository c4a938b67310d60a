"""What the table knows of a job: a slim row, made from the job and from news of its progress."""

from __future__ import annotations

import os
import unicodedata
from typing import NamedTuple

from fi_desktop.core.codec import Done
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.events import JobEvent, RetryAsked
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.core.retry import before_s, run_of, took_s
from fi_desktop.core.text import one_line
from fi_desktop.core.values import Priority, Stage
from fi_desktop.jobs.speed import Speeds, StagePlan

_PRIORITIES = {int(priority): priority for priority in Priority}  # a look-up is faster than Enum's own


class BatchSummary(NamedTuple):
    """What a folded batch says of its jobs.

    Attributes:
        total: how many jobs stand behind it.
        done: how many of them ended.
        failed, cancelled: how many of those in an error, and how many were called off.
        left_s: how long the others will take, at the pace of those that are done, seconds; None: it is not
            known.
    """

    total: int
    done: int
    failed: int
    cancelled: int
    left_s: float | None = None


class StageTiming(NamedTuple):
    """How a running attempt gets on. Times are UTC, seconds since the epoch.

    Attributes:
        begun_at: when its stage was first heard of.
        heard_at: when it was last heard of.
        ends_at: when it will be done; None: that is not known.
    """

    begun_at: float
    heard_at: float
    ends_at: float | None


class Row(NamedTuple):
    """One job as it is shown, or a folded batch. Times are UTC, seconds since the epoch.

    A tuple, since a hundred thousand are made at a start: a frozen dataclass takes three times as long.

    Attributes:
        id: the job's; of a folded batch, the batch's with a minus.
        since: when the state that is shown began.
        ran_s: how long it took, with its retries and the waits before them; None before an attempt ended.
        before_s: how long earlier attempts and the waits after them took, while it waits or runs.
        charged: attempts that count against the retries.
        error: what went wrong in the last attempt; None where nothing did.
        asked: the number of speakers that was asked for.
        duration_s: length of the recording; None before it was decoded.
        speakers, grade, notes: of the result; None and empty before there is one.
        stage: what the running attempt is doing; None before it told.
        plan: what the running attempt is expected to spend its time on.
        pace: how the running attempt gets on; None before its worker told.
        share: how much of the attempt is done, 0 to 1; it never goes back while the attempt lasts.
        folded: the name without case and accents, as it is searched and sorted.
        batch: the id of the first job of those that were handed in together; None for a single one.
        engine: what diarized, or was asked for.
        language: what was said in, or asked for; ISO 639-1 code.
        jobs: of a folded batch; None for a job.
    """

    id: int
    path: str
    name: str
    state: JobState
    cancelling: bool
    submitted_at: float
    since: float
    due_at: float | None
    ran_s: float | None
    attempts: int
    charged: int
    error: ErrorInfo | None
    asked: str
    speakers: int | None = None
    duration_s: float | None = None
    grade: str | None = None
    notes: tuple[Note, ...] = ()
    stage: Stage | None = None
    plan: StagePlan | None = None
    pace: StageTiming | None = None
    share: float = 0.0
    folded: str = ""
    batch: int | None = None
    priority: Priority = Priority.NORMAL
    engine: str = "auto"
    language: str | None = None
    finished_at: float | None = None
    jobs: BatchSummary | None = None
    before_s: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether it can be moved forward or back in the queue."""
        return self.state in (JobState.QUEUED, JobState.RETRYING)

    @property
    def removable(self) -> bool:
        """Whether the queue would forget it now."""
        return self.state is not JobState.RUNNING

    @property
    def cancellable(self) -> bool:
        """Whether there is something to cancel."""
        return not self.state.final and not self.cancelling

    @property
    def retriable(self) -> bool:
        """Whether it can be done again, or now."""
        return self.state not in (JobState.QUEUED, JobState.RUNNING)

    @property
    def exportable(self) -> bool:
        """Whether there is a result, to look at or to make a file of."""
        return self.speakers is not None


class _Marks(dict[int, int | None]):
    """What `str.translate` makes of each character: nothing of an accent. Learnt as characters come up."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_MARKS = _Marks()


def row_of(job: Job, event: JobEvent | None = None, speeds: Speeds | None = None) -> Row:
    """Return the row of a job, after this event where one is known; `speeds`: what the machine can do."""
    last = job.attempts[-1] if job.attempts else None
    ran_s = took_s(run_of(job)) if last and last.ended_at is not None else None
    error = job.error if job.state in (JobState.FAILED, JobState.RETRYING) else None
    summary = job.summary
    speeds = speeds or Speeds()
    name = _name(job.path)
    return Row(
        id=job.id,
        path=job.path,
        name=name,
        state=job.state,
        cancelling=job.cancelling,
        submitted_at=job.submitted_at,
        since=_since(job, event),
        due_at=job.due_at,
        ran_s=ran_s,
        attempts=len(job.attempts),
        charged=job.charged,
        error=error,
        asked=str(job.options.speakers),
        speakers=summary.speakers if summary else None,
        duration_s=summary.duration_s if summary else None,
        grade=summary.grade if summary else None,
        notes=summary.notes if summary else (),
        plan=speeds.plan(job) if job.state is JobState.RUNNING else None,
        folded=fold(name),
        batch=job.batch,
        priority=job.priority,
        engine=(summary.engine if summary else "") or job.options.engine,
        language=(summary.language if summary else None) or job.options.language,
        finished_at=job.finished_at,
        before_s=before_s(job),
    )


def row_of_done(done: Done) -> Row:
    """Return the row of a job of which no more is known than a list needs: as `row_of` does of the job."""
    name = _name(done.path)
    return Row(
        id=done.id,
        path=done.path,
        name=name,
        state=JobState.COMPLETED,
        cancelling=False,
        submitted_at=done.submitted_at,
        since=max(done.submitted_at, done.ended_at),
        due_at=None,
        ran_s=done.ended_at - done.started_at,
        attempts=1,
        charged=0,
        error=None,
        asked=done.speakers_asked,
        speakers=done.speakers,
        duration_s=done.duration_s,
        grade=done.grade,
        notes=done.notes,
        folded=fold(name),
        batch=done.batch,
        priority=_PRIORITIES[done.priority],
        engine=done.engine or done.engine_asked,
        language=done.language or done.language_asked,
        finished_at=done.finished_at,
    )


def fold(text: str) -> str:
    """Return the text as it is searched: "García" and "GARCIA" are the same."""
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFKD", text.casefold()).translate(_MARKS)


def _since(job: Job, event: JobEvent | None) -> float:
    if isinstance(event, RetryAsked):
        return event.at
    last = job.attempts[-1] if job.attempts else None
    if last is None:
        return job.submitted_at
    return last.started_at if last.ended_at is None else max(job.submitted_at, last.ended_at)


def _name(path: str) -> str:
    return one_line(path.rpartition(os.sep)[2])  # pathlib takes a third of the time that a row takes
