"""What the table is sorted by: a key for each column, made of a row alone."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from fi_desktop.core.job import JobState
from fi_desktop.gui.job_table.cells import Column
from fi_desktop.viewmodel.pace import eta_s
from fi_desktop.viewmodel.rows import Row

Key = Callable[[Row], Any]
# What is under way stands beyond all that ended, the longest farthest: their order never changes by itself.
_UNDER_WAY = 1e12
_STATE_ORDER = {
    state: place
    for place, state in enumerate(
        (
            JobState.RUNNING,
            JobState.RETRYING,
            JobState.QUEUED,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.COMPLETED,
        )
    )
}


def key_of(column: Column | None, now: Callable[[], float]) -> Key:
    """Return what a column sorts by; None: by submission."""
    if column is Column.LEFT:
        return lambda row: (eta_s(row, now()) or 0.0) if row.state is JobState.RUNNING else 0.0
    return _KEYS[column]


def _spent(row: Row) -> float:
    return row.ran_s or 0.0 if row.state.final else _UNDER_WAY - row.since


_KEYS: dict[Column | None, Key] = {
    None: lambda row: abs(row.id),
    Column.FILE: attrgetter("folded"),
    Column.STATE: lambda row: _STATE_ORDER[row.state],
    Column.PROGRESS: lambda row: 1.0 if row.state is JobState.COMPLETED else row.share,
    Column.SPEAKERS: lambda row: row.speakers or 0,
    Column.LENGTH: lambda row: row.duration_s or 0.0,
    Column.TIME: _spent,
    Column.ATTEMPTS: attrgetter("attempts"),
    Column.SUBMITTED: attrgetter("submitted_at"),
    Column.FINISHED: lambda row: row.finished_at or 0.0,
    Column.ENGINE: attrgetter("engine"),
    Column.LANGUAGE: lambda row: row.language or "",
    Column.BATCH: lambda row: row.batch or 0,
}
