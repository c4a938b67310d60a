"""A collapsed batch: the recordings that were added together, in one row."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

from fi_desktop.core.job import JobState
from fi_desktop.viewmodel.rows import BatchSummary, Row, name_key

# A batch has the first of these states that any of its jobs has.
_STATE_PRECEDENCE = (
    JobState.RUNNING,
    JobState.RETRYING,
    JobState.QUEUED,
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.CANCELLED,
)
ENOUGH_COMPLETED = 2
"""Completed jobs needed to predict the time left."""


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
            asked=member.asked,
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
