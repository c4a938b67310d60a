"""How long the whole queue will take, from what the latest jobs took."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.run import run_of, took_s
from fi_desktop.viewmodel.batches import ENOUGH
from fi_desktop.viewmodel.pace import eta_s
from fi_desktop.viewmodel.rows import Row

_LATEST = 50  # completed jobs


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
