"""The rows of the job table: one per job, or one per collapsed batch.

`Row` is a slim tuple with what the table shows, searches and sorts by, and nothing else: 100,000 of them are
made when the window opens. Rows are replaced, never changed, and cross threads freely.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from pathlib import PurePath
from typing import NamedTuple

from fi_desktop.core.case_labels import CaseLabel, DateSource
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.events import JobEvent, RetryAsked
from fi_desktop.core.job import Done, Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.core.retry import before_s, run_of, took_s
from fi_desktop.core.text import one_line, search_key
from fi_desktop.core.values import Priority, ReviewState, Stage
from fi_desktop.jobs.speed import Speeds, StagePlan

_PRIORITIES = {int(priority): priority for priority in Priority}  # faster than Enum's lookup
# A batch has the first of these states that any of its jobs has.
_STATE_PRECEDENCE = (
    JobState.RUNNING,
    JobState.RETRYING,
    JobState.QUEUED,
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.CANCELLED,
)
# one text for all rows
_SOURCES: dict[str | None, str] = {None: ""} | {source.value: source.value for source in DateSource}
_CASE_BELOW = "\x1f"  # precedes the case in search keys; no name has it
ENOUGH_COMPLETED = 2
"""Completed jobs needed to predict the time left."""


class BatchSummary(NamedTuple):
    """The jobs of a collapsed batch, counted.

    Attributes:
        total: jobs in the batch.
        done: jobs that ended, in whatever state.
        failed, cancelled: how many of those failed or were cancelled.
        left_s: predicted time until the rest is done, seconds; None if unknown.
    """

    total: int
    done: int
    failed: int
    cancelled: int
    left_s: float | None = None


class StageTiming(NamedTuple):
    """When a running attempt reported. Times are UTC, seconds since the epoch.

    Attributes:
        started_at: first report of the current stage.
        reported_at: latest report.
        ends_at: predicted end of the attempt; None if unknown.
    """

    started_at: float
    reported_at: float
    ends_at: float | None


class Row(NamedTuple):
    """A job or a collapsed batch, as the table shows it. Times are UTC, seconds since the epoch.

    A tuple because a frozen dataclass takes three times as long to make.

    Attributes:
        id: the job's id; minus the batch's id for a collapsed batch.
        since: when the current state began.
        ran_s: total time of all attempts and the waits between them; None before the first attempt ended.
        before_s: time of earlier attempts and their waits, while the job waits or runs.
        charged: attempts that count towards the retry limit.
        error: the last attempt's error, if it failed.
        requested_speakers: "2", "2-4" or "auto".
        duration_s: length of the recording; None until it is decoded.
        speakers, grade, notes: of the result, if there is one.
        stage: current stage; None before the worker reports.
        plan: expected time per stage of the running attempt.
        timing: the running attempt's reports; None before the first.
        share: progress of the attempt, 0 to 1; never decreases within an attempt.
        search_key: the name, below it the names and roles of the speakers, and the case label, without
            upper case and accents; searched and sorted.
        batch: id of the first job added together with this one; None if it was added alone.
        engine: the diarizer that ran, or the one requested.
        language: languages found, or those requested; ISO 639-1 codes, separated by commas.
        wrong_share: share of the words that is probably wrong, 0 to 1; None if unknown.
        summary: counts of a collapsed batch; None for a job.
        start_at: as in `Job`.
        review: how far a person has checked the result.
        transcribed: whether the result, if there is one, was transcribed.
        case, recorded_at, recorded_from: of the label, see `CaseLabel`; "" if empty.
        on_hold: whether it is on legal hold.
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
    requested_speakers: str
    speakers: int | None = None
    duration_s: float | None = None
    grade: str | None = None
    notes: tuple[Note, ...] = ()
    stage: Stage | None = None
    plan: StagePlan | None = None
    timing: StageTiming | None = None
    share: float = 0.0
    search_key: str = ""
    batch: int | None = None
    priority: Priority = Priority.NORMAL
    engine: str = "auto"
    language: str | None = None
    wrong_share: float | None = None
    finished_at: float | None = None
    summary: BatchSummary | None = None
    before_s: float = 0.0
    start_at: float | None = None
    review: ReviewState = ReviewState.DRAFT
    transcribed: bool = False
    case: str = ""
    recorded_at: str = ""
    recorded_from: str = ""
    on_hold: bool = False

    @property
    def label(self) -> CaseLabel:
        """The case, and when it was recorded."""
        return CaseLabel(
            self.case, self.recorded_at, DateSource(self.recorded_from) if self.recorded_from else None
        )

    @property
    def lacks_words(self) -> bool:
        """Whether words can be added to its result."""
        return self.state.final and self.exportable and not self.transcribed

    @property
    def waits(self) -> bool:
        """Whether the job waits, so that its priority matters."""
        return self.state in (JobState.QUEUED, JobState.RETRYING)

    @property
    def removable(self) -> bool:
        """Whether the queue accepts its removal now."""
        return self.state is not JobState.RUNNING and not self.on_hold

    @property
    def cancellable(self) -> bool:
        """Whether it can be cancelled."""
        return not self.state.final and not self.cancelling

    @property
    def retriable(self) -> bool:
        """Whether it can be retried, or its next retry started now."""
        return self.state not in (JobState.QUEUED, JobState.RUNNING)

    @property
    def exportable(self) -> bool:
        """Whether it has a result to open or export."""
        return self.speakers is not None

    @property
    def to_review(self) -> bool:
        """Whether it completed, and nobody has checked the result."""
        return (
            self.state is JobState.COMPLETED
            and self.review is ReviewState.DRAFT
            and self.speakers is not None
        )

    @property
    def people_key(self) -> str:
        """The part of the search key that holds the names and roles of the speakers."""
        return self.search_key.partition("\n")[2].partition(_CASE_BELOW)[0]

    @property
    def case_key(self) -> str:
        """The part of the search key that holds the case."""
        return self.search_key.rpartition(_CASE_BELOW)[2] if self.case else ""


def row_of(job: Job, event: JobEvent | None = None, speeds: Speeds | None = None) -> Row:
    """Return a job's row. `event`: the latest one, if known; `speeds`: this machine's, for the plan."""
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
        requested_speakers=str(job.options.speakers),
        speakers=summary.speakers if summary else None,
        duration_s=summary.duration_s if summary else None,
        grade=summary.grade if summary else None,
        notes=summary.notes if summary else (),
        plan=speeds.plan(job) if job.state is JobState.RUNNING else None,
        search_key=_search_key(name, job.people, job.label.case),
        batch=job.batch,
        priority=job.priority,
        engine=(summary.engine if summary else "") or job.options.engine,
        language=(summary.language if summary else None) or job.options.language,
        wrong_share=summary.wrong_share if summary else None,
        finished_at=job.finished_at,
        review=job.review,
        before_s=before_s(job),
        start_at=job.start_at,
        transcribed=summary is not None and bool(summary.transcriber),
        case=one_line(job.label.case),
        recorded_at=job.label.recorded_at,
        recorded_from=job.label.recorded_from or "",
        on_hold=job.hold_since is not None,
    )


def row_of_done(done: Done) -> Row:
    """Return the row of a completed job as the store lists it; the same as `row_of` makes from the job."""
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
        requested_speakers=done.speakers_asked,
        speakers=done.speakers,
        duration_s=done.duration_s,
        grade=done.grade,
        notes=done.notes,
        search_key=_search_key(name, done.people, done.case),
        batch=done.batch,
        priority=_PRIORITIES[done.priority],
        engine=done.engine or done.engine_asked,
        language=done.language or done.language_asked,
        wrong_share=done.wrong_share,
        finished_at=done.finished_at,
        review=ReviewState(done.review or ReviewState.DRAFT),
        transcribed=bool(done.transcriber),
        case=one_line(case) if (case := done.case) else "",
        recorded_at=done.recorded_at or "",
        recorded_from=_SOURCES[done.recorded_from],
        on_hold=done.hold_since is not None,
    )


def name_key(name: str) -> str:
    """Return the search key of a file name, which may hold accents as separate characters."""
    return search_key(unicodedata.normalize("NFC", name))


def _search_key(name: str, people: tuple[str, ...], case: str | None) -> str:
    text = "\n".join((name, *people)) if people else name
    return name_key(f"{text}{_CASE_BELOW}{case}" if case else text)


def _since(job: Job, event: JobEvent | None) -> float:
    if isinstance(event, RetryAsked):
        return event.at
    last = job.attempts[-1] if job.attempts else None
    if last is None:
        return job.submitted_at
    return last.started_at if last.ended_at is None else max(job.submitted_at, last.ended_at)


def _name(path: str) -> str:
    return one_line(path.rpartition(os.sep)[2])  # pathlib would add a third to the time per row


class Batch:
    """Running totals of a batch's jobs; a changed job costs the same whatever the batch's size.

    Attributes:
        ids: its jobs.
    """

    def __init__(self, batch: int) -> None:
        self.ids: set[int] = set()
        self._batch = batch
        self._states: Counter[JobState] = Counter()
        self._shares = 0.0
        self._length_s = 0.0
        self._attempts = 0
        self._completed_s = 0.0  # total time of completed jobs
        self._any: Row | None = None

    def add(self, row: Row) -> None:
        """Add a job."""
        self.ids.add(row.id)
        self._any = self._any or row
        self._count(row, 1)

    def discard(self, row: Row) -> None:
        """Remove a job; `row` must be the one that was added."""
        self.ids.discard(row.id)
        self._count(row, -1)

    def row(self) -> Row:
        """Return the batch's row. Raises: ValueError if no job was ever added."""
        member = self._any
        if member is None:
            raise ValueError("a batch without jobs has no row")
        folder = PurePath(member.path).parent
        done = sum(number for state, number in self._states.items() if state.final)
        return Row(
            id=-self._batch,
            path=str(folder),
            name=folder.name,
            state=next(state for state in _STATE_PRECEDENCE if self._states[state]),
            cancelling=False,
            submitted_at=member.submitted_at,
            since=member.submitted_at,
            due_at=None,
            ran_s=None,
            attempts=self._attempts,
            charged=0,
            error=None,
            requested_speakers=member.requested_speakers,
            duration_s=self._length_s or None,
            share=min(1.0, max(0.0, self._shares / len(self.ids))),
            search_key=name_key(folder.name),
            batch=self._batch,
            engine="",
            summary=BatchSummary(
                len(self.ids),
                done,
                self._states[JobState.FAILED],
                self._states[JobState.CANCELLED],
                self._left_s(),
            ),
        )

    def _left_s(self) -> float | None:
        """Predict the time left with as many running jobs as now; None if too few have completed."""
        completed, running = self._states[JobState.COMPLETED], self._states[JobState.RUNNING]
        if completed < ENOUGH_COMPLETED or not running:
            return None
        rest = max(0.0, len(self.ids) - self._shares)
        return rest * self._completed_s / completed / running

    def _count(self, row: Row, sign: int) -> None:
        self._states[row.state] += sign
        self._shares += sign * (1.0 if row.state.final else row.share)
        self._length_s += sign * (row.duration_s or 0.0)
        self._attempts += sign * row.attempts
        if row.state is JobState.COMPLETED:
            self._completed_s += sign * (row.ran_s or 0.0)
