"""A folded batch: the recordings that were handed in together, in one row."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

from fi_desktop.core.job import JobState
from fi_desktop.viewmodel.rows import BatchSummary, Row, fold

# The state of a batch is the first of these that one of its jobs has.
_SPEAKS_FIRST = (
    JobState.RUNNING,
    JobState.RETRYING,
    JobState.QUEUED,
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.CANCELLED,
)
ENOUGH = 2
"""So many jobs have to be completed before the rest of them is foretold."""


class Batch:
    """The jobs behind one row; a job that changes costs the same however many there are.

    Attributes:
        ids: of its jobs.
    """

    def __init__(self, batch: int) -> None:
        self.ids: set[int] = set()
        self._batch = batch
        self._states: Counter[JobState] = Counter()
        self._shares = 0.0
        self._length_s = 0.0
        self._attempts = 0
        self._completed_s = 0.0  # what those that are completed took
        self._any: Row | None = None

    def add(self, row: Row) -> None:
        """Count a job in."""
        self.ids.add(row.id)
        self._any = self._any or row
        self._count(row, 1)

    def discard(self, row: Row) -> None:
        """Count a job out; `row` as it was counted in."""
        self.ids.discard(row.id)
        self._count(row, -1)

    def row(self) -> Row:
        """Return the row that stands for all; there must be one job at least."""
        one = self._any
        if one is None:
            raise ValueError("a batch without jobs has no row")
        done = sum(number for state, number in self._states.items() if state.final)
        name = PurePath(one.path).parent.name
        return Row(
            id=-self._batch,
            path=str(PurePath(one.path).parent),
            name=name,
            state=next(state for state in _SPEAKS_FIRST if self._states[state]),
            cancelling=False,
            submitted_at=one.submitted_at,
            since=one.submitted_at,
            due_at=None,
            ran_s=None,
            attempts=self._attempts,
            charged=0,
            error=None,
            asked=one.asked,
            duration_s=self._length_s or None,
            share=min(1.0, max(0.0, self._shares / len(self.ids))),
            folded=fold(name),
            batch=self._batch,
            engine="",
            jobs=BatchSummary(
                len(self.ids),
                done,
                self._states[JobState.FAILED],
                self._states[JobState.CANCELLED],
                self._left_s(),
            ),
        )

    def _left_s(self) -> float | None:
        """Return how long the rest will take, as many at a time as now; None: too few are done to say."""
        completed, running = self._states[JobState.COMPLETED], self._states[JobState.RUNNING]
        if completed < ENOUGH or not running:
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
