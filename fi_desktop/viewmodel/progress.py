"""Progress and time left of jobs, and the progress of all active jobs together.

A time is predicted only from what workers report and what earlier jobs took; without measurements it is None
and the window shows "calculating…".
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fi_desktop.core.job import AttemptOutcome, Job, JobState
from fi_desktop.core.retry import run_of, took_s
from fi_desktop.core.values import Stage
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.jobs.speed import GUESS, Speeds, StagePlan
from fi_desktop.viewmodel.rows import ENOUGH_COMPLETED, Row, StageTiming

_OWN_SPEED_AFTER_S = 3.0
_OWN_SPEED_AFTER_FRACTION = 0.05
_SILENT_S = 15.0  # without a report
_RECENT_JOBS = 50


class QueueForecast:
    """Predicts when the queue will be empty, from the latest completed jobs."""

    def __init__(self) -> None:
        self._took_s: deque[float] = deque(maxlen=_RECENT_JOBS)

    def learn(self, job: Job) -> None:
        """Add a job that just completed."""
        self._took_s.append(took_s(run_of(job)))

    def left_s(self, running: Sequence[Row], counts: Counter[JobState], now: float) -> float | None:
        """Predict the time until all jobs are done, with as many running as now.

        Args:
            running: the running jobs.
            counts: number of jobs in each state.
            now: UTC, seconds since the epoch.

        Returns: seconds; None if unknown.
        """
        waiting = counts[JobState.QUEUED] + counts[JobState.RETRYING]
        if not waiting:
            each = [eta_s(row, now) for row in running]
            known = [left_s for left_s in each if left_s is not None]
            return max(known) if known and len(known) == len(each) else None
        if len(self._took_s) < ENOUGH_COMPLETED or not running:
            return None
        rest = waiting + sum(1 - row.share for row in running)
        return rest * sum(self._took_s) / len(self._took_s) / len(running)


def progressed(row: Row, event: JobProgressed, speeds: Speeds, now: float) -> Row:
    """Return the row of a running job after a progress report."""
    stage, fraction = event.stage, event.fraction
    plan = row.plan or GUESS[True]
    if plan.chosen is None and event.chosen is not None:
        plan = speeds.refine(plan, event.chosen)
    duration_s = event.duration_s or row.duration_s
    started_at = row.timing.started_at if row.timing is not None and row.stage is stage else now
    left_s = _left_s(plan, stage, fraction, duration_s, now - started_at)
    ends_at = None if left_s is None else now + left_s
    return row._replace(
        stage=stage,
        plan=plan,
        share=max(row.share, plan.share(stage, fraction)),
        duration_s=duration_s,
        timing=StageTiming(started_at, now, ends_at),
    )


def keep_progress(old: Row, new: Row) -> Row:
    """Return `new` with what only `old` knows: the length, and the progress of the same attempt."""
    if old.state is new.state is JobState.RUNNING and old.attempts == new.attempts:
        new = new._replace(stage=old.stage, plan=old.plan, share=old.share, timing=old.timing)
    return new if new.duration_s is not None else new._replace(duration_s=old.duration_s)


def eta_s(row: Row, now: float) -> float | None:
    """Predict the time until a running job or batch is done, seconds; None if unknown.

    Unknown also while the worker has been silent for long or the predicted end has passed.
    """
    if row.state is not JobState.RUNNING or row.cancelling:
        return None
    if row.summary is not None:
        return row.summary.left_s
    timing = row.timing
    if timing is None or timing.ends_at is None or now >= timing.ends_at:
        return None
    silent_s = now - timing.reported_at
    if silent_s > max(_SILENT_S, (timing.ends_at - timing.reported_at) / 2):
        return None
    return timing.ends_at - now


def spent_s(row: Row, now: float) -> float | None:
    """Return how long a job has been waiting or running, or took including its retries, seconds."""
    return row.ran_s if row.state.final else row.before_s + max(0.0, now - row.since)


def _left_s(
    plan: StagePlan, stage: Stage, fraction: float, duration_s: float | None, stage_took_s: float
) -> float | None:
    """Predict the time left of an attempt, seconds; None if unknown.

    Starts from what earlier jobs took; the stage's own speed weighs more the further it is.
    """
    later = plan.after(stage)
    if later is None:
        return None
    expected_s, later_s = None, 0.0
    if plan.measured and duration_s:
        expected_s = plan.work.get(stage, 0.0) * duration_s * (1 - fraction)
        later_s = later * duration_s
    if stage_took_s < _OWN_SPEED_AFTER_S or fraction < _OWN_SPEED_AFTER_FRACTION:
        return None if expected_s is None else expected_s + later_s
    own_s = stage_took_s / fraction * (1 - fraction)
    here_s = own_s if expected_s is None else fraction * own_s + (1 - fraction) * expected_s
    return here_s + later_s


@dataclass(frozen=True, slots=True)
class FinishedJobs:
    """Ids of jobs that finished."""

    completed: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """All of them."""
        return self.completed + self.failed


@dataclass(slots=True)
class ActiveJobs:
    """Counts jobs from the first that waits until none does; cancelled and removed jobs do not count.

    Attributes:
        unfinished: ids of jobs that wait or run.
        running: ids of those that run.
        completed, failed: ids of finished jobs, in order.
    """

    unfinished: set[int] = field(default_factory=set)
    running: set[int] = field(default_factory=set)
    completed: dict[int, None] = field(default_factory=dict)
    failed: dict[int, None] = field(default_factory=dict)

    def add(self, job: Job) -> FinishedJobs | None:
        """Add or update a job; return it if it has just finished."""
        known = job.id in self.unfinished
        if not known and job.state in (JobState.COMPLETED, JobState.FAILED):
            return None  # it had finished before
        self.discard(job.id)
        match job.state:
            case JobState.COMPLETED if job.attempts[-1].outcome is not AttemptOutcome.COMPLETED:
                return None  # a cancelled retry leaves the earlier result in place
            case JobState.COMPLETED:
                self.completed[job.id] = None
                return FinishedJobs(completed=(job.id,))
            case JobState.FAILED:
                self.failed[job.id] = None
                return FinishedJobs(failed=(job.id,))
            case JobState.QUEUED | JobState.RUNNING | JobState.RETRYING:
                self.unfinished.add(job.id)
        if job.state is JobState.RUNNING:
            self.running.add(job.id)
        return None

    def discard(self, job_id: int) -> None:
        """Remove a job."""
        self.unfinished.discard(job_id)
        self.running.discard(job_id)
        self.completed.pop(job_id, None)
        self.failed.pop(job_id, None)

    def take_finished(self) -> FinishedJobs | None:
        """Once no job is left, return all that finished, and start over; None before that."""
        if self.unfinished:
            return None
        finished = FinishedJobs(tuple(self.completed), tuple(self.failed))
        self.completed.clear()
        self.failed.clear()
        return finished if finished.ids else None

    def progress(self, shares: Mapping[int, float]) -> float | None:
        """Return the overall progress, 0 to 1; None if no job is active.

        shares: progress of the running jobs by id, 0 to 1.
        """
        if not self.unfinished:
            return None
        done = len(self.completed) + len(self.failed)
        partial = sum(shares.get(job_id, 0.0) for job_id in self.running)
        return (done + partial) / (done + len(self.unfinished))
