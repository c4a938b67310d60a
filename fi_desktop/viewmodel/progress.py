"""How far a job is and how long it will still take: from what its worker reports and what earlier jobs took.

What is not known is not told: a number that is shown was measured, and counts down until the next report.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.retry import run_of, took_s
from fi_desktop.core.values import Stage
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.jobs.speed import GUESS, Speeds, StagePlan
from fi_desktop.viewmodel.batches import ENOUGH
from fi_desktop.viewmodel.rows import Row, StageTiming

_OWN_AFTER_S = 3.0
_OWN_AFTER_FRACTION = 0.05
_SILENT_S = 15.0  # without a report
_LATEST = 50  # completed jobs


def progressed(row: Row, news: JobProgressed, speeds: Speeds, now: float) -> Row:
    """Return the row of a running job that got on."""
    stage, fraction = news.stage, news.fraction
    plan = row.plan or GUESS[True]
    if plan.chosen is None and news.chosen is not None:
        plan = speeds.refine(plan, news.chosen)
    duration_s = news.duration_s or row.duration_s
    begun_at = row.pace.begun_at if row.pace is not None and row.stage is stage else now
    left_s = _left_s(plan, stage, fraction, duration_s, now - begun_at)
    ends_at = None if left_s is None else now + left_s
    return row._replace(
        stage=stage,
        plan=plan,
        share=max(row.share, plan.share(stage, fraction)),
        duration_s=duration_s,
        pace=StageTiming(begun_at, now, ends_at),
    )


def keep_progress(old: Row, new: Row) -> Row:
    """Return `new` with what is known from `old`: the length, and the progress of the same attempt."""
    if old.state is new.state is JobState.RUNNING and old.attempts == new.attempts:
        new = new._replace(stage=old.stage, plan=old.plan, share=old.share, pace=old.pace)
    return new if new.duration_s is not None else new._replace(duration_s=old.duration_s)


def eta_s(row: Row, now: float) -> float | None:
    """Return how long the running attempt, or the batch, will still take, seconds; None: it is not known.

    It is not known either while the worker reports nothing for long, or longer than was expected.
    """
    if row.state is not JobState.RUNNING or row.cancelling:
        return None
    if row.jobs is not None:
        return row.jobs.left_s
    pace = row.pace
    if pace is None or pace.ends_at is None or now >= pace.ends_at:
        return None
    silent_s = now - pace.heard_at
    if silent_s > max(_SILENT_S, (pace.ends_at - pace.heard_at) / 2):
        return None
    return pace.ends_at - now


def spent_s(row: Row, now: float) -> float | None:
    """Return how long the job has been waiting or running, or how long it took with its retries, seconds."""
    return row.ran_s if row.state.final else row.before_s + max(0.0, now - row.since)


def _left_s(
    plan: StagePlan, stage: Stage, fraction: float, duration_s: float | None, took_s: float
) -> float | None:
    """Return how long the attempt will still take; None: that is not known.

    What earlier jobs took says it at first; the further the stage is, the more its own pace counts.
    """
    later = plan.after(stage)
    if later is None:
        return None
    expected_s, later_s = None, 0.0
    if plan.measured and duration_s:
        expected_s = plan.work.get(stage, 0.0) * duration_s * (1 - fraction)
        later_s = later * duration_s
    if took_s < _OWN_AFTER_S or fraction < _OWN_AFTER_FRACTION:
        return None if expected_s is None else expected_s + later_s
    own_s = took_s / fraction * (1 - fraction)
    here_s = own_s if expected_s is None else fraction * own_s + (1 - fraction) * expected_s
    return here_s + later_s


class Forecast:
    """Learns what jobs take; the latest count."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=_LATEST)

    def learn(self, job: Job) -> None:
        """Take in a job that was just completed."""
        self._took.append(took_s(run_of(job)))

    def left_s(self, running: Sequence[Row], counts: Counter[JobState], now: float) -> float | None:
        """Return how long all will take, as many at a time as now, seconds; None: it is not known.

        Args:
            running: the jobs that run.
            counts: how many jobs are in each state.
            now: UTC, seconds since the epoch.
        """
        waiting = counts[JobState.QUEUED] + counts[JobState.RETRYING]
        if not waiting:
            each = [eta_s(row, now) for row in running]
            known = [left for left in each if left is not None]
            return max(known) if known and len(known) == len(each) else None
        if len(self._took) < ENOUGH or not running:
            return None
        rest = waiting + sum(1 - row.share for row in running)
        return rest * sum(self._took) / len(self._took) / len(running)
