"""What the table knows of a job: a slim row, made from the job and from news of its progress."""

from __future__ import annotations

import os
import unicodedata
from typing import NamedTuple

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.events import JobEvent, RetryAsked
from fi_desktop.core.job import Job, JobState, Priority, Stage
from fi_desktop.core.listed import Done
from fi_desktop.core.names import one_line
from fi_desktop.jobs.speed import GUESS, Plan, Speeds

_ETA_AFTER_S = 3.0
_ETA_AFTER_SHARE = 0.05
_PRIORITIES = {int(priority): priority for priority in Priority}  # a look-up is faster than Enum's own


class BatchSummary(NamedTuple):
    """What a folded batch says of its jobs.

    Attributes:
        total: how many jobs stand behind it.
        done: how many of them ended.
        failed, cancelled: how many of those in an error, and how many were called off.
    """

    total: int
    done: int
    failed: int
    cancelled: int


class Row(NamedTuple):
    """One job as it is shown, or a folded batch. Times are UTC, seconds since the epoch.

    A tuple, since a hundred thousand are made at a start: a frozen dataclass takes three times as long.

    Attributes:
        id: the job's; of a folded batch, the batch's with a minus.
        since: when the state that is shown began.
        ran_s: how long the last attempt took; None before one ended.
        charged: attempts that count against the retries.
        error: what went wrong in the last attempt; None where nothing did.
        asked: the number of speakers that was asked for.
        duration_s: length of the recording; None before it was decoded.
        speakers, grade, notes: of the result; None and empty before there is one.
        stage: what the running attempt is doing; None before it told.
        plan: what the running attempt is expected to spend its time on.
        transcribes: whether words are written down; None: that depends on the models there are, and shows
            once the stage begins; and where nothing runs it does not matter.
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
    notes: tuple[str, ...] = ()
    stage: Stage | None = None
    plan: Plan | None = None
    transcribes: bool | None = None
    share: float = 0.0
    folded: str = ""
    batch: int | None = None
    priority: Priority = Priority.NORMAL
    engine: str = "auto"
    language: str | None = None
    finished_at: float | None = None
    jobs: BatchSummary | None = None

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
    ran_s = last.ended_at - last.started_at if last and last.ended_at is not None else None
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
        transcribes=speeds.transcribes(job.options) if job.state is JobState.RUNNING else None,
        folded=fold(name),
        batch=job.batch,
        priority=job.priority,
        engine=(summary.engine if summary else "") or job.options.engine,
        language=(summary.language if summary else None) or job.options.language,
        finished_at=job.finished_at,
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
        notes=tuple(done.notes),
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


def progressed(row: Row, stage: Stage, fraction: float, duration_s: float | None = None) -> Row:
    """Return the row of a running job that got on."""
    transcribes = True if stage is Stage.TRANSCRIBE else row.transcribes
    plan = row.plan
    if plan is None or (stage is Stage.TRANSCRIBE and stage not in plan.work):
        # not known yet: rather a bar that jumps ahead at the end than one that stands still at 98 %
        plan = GUESS[transcribes is not False]
    share_done = max(row.share, plan.share(stage, fraction))
    return row._replace(
        stage=stage,
        plan=plan,
        transcribes=transcribes,
        share=share_done,
        duration_s=duration_s or row.duration_s,
    )


def keep_progress(old: Row, new: Row) -> Row:
    """Return `new` with the progress of `old` where both show the same running attempt."""
    if old.state is new.state is JobState.RUNNING and old.attempts == new.attempts:
        return new._replace(
            stage=old.stage,
            plan=old.plan,
            share=old.share,
            duration_s=old.duration_s,
            transcribes=old.transcribes,
        )
    return new


def eta_s(row: Row, now: float) -> float | None:
    """Return how long the running attempt will still take, seconds; None where it is too early to say.

    What earlier jobs took says it at first; the further the attempt is, the more its own pace counts.
    """
    if row.state is not JobState.RUNNING or row.transcribes is None:
        return None  # words may be most of the work, or none of it
    left, expected_s = 1 - row.share, None
    if row.plan is not None and row.plan.measured and row.duration_s:
        expected_s = row.plan.rate * row.duration_s * left
    took_s = now - row.since
    if took_s < _ETA_AFTER_S or row.share < _ETA_AFTER_SHARE:
        return expected_s
    own_s = took_s / row.share * left
    return own_s if expected_s is None else row.share * own_s + left * expected_s


def spent_s(row: Row, now: float) -> float | None:
    """Return how long the job has been waiting or running, or how long its last attempt took, seconds."""
    return row.ran_s if row.state.final else max(0.0, now - row.since)


def _since(job: Job, event: JobEvent | None) -> float:
    if isinstance(event, RetryAsked):
        return event.at
    last = job.attempts[-1] if job.attempts else None
    if last is None:
        return job.submitted_at
    return last.started_at if last.ended_at is None else max(job.submitted_at, last.ended_at)


def _name(path: str) -> str:
    return one_line(path.rpartition(os.sep)[2])  # pathlib takes a third of the time that a row takes
