"""The queue: which jobs are ready, and which wait for a moment, as keys of the store's rows.

    q:<priority>:<id>    ready jobs, best first; those to start now have the priority 0
    d:<due time>:<id>    jobs that wait for a retry or for the time of their start, soonest first

The value of each row is the job's id.
"""

from __future__ import annotations

from collections.abc import Callable

from fi_desktop.core.job import START_NOW, Job, JobState
from fi_desktop.jobs.sql import Rows

_READY = "q:", "q;"
_READY_NOW = "q:0:", "q:0;"
_DUE_LATER = "d:", "d;"


class QueueIndex:
    """The queue entries of waiting jobs, one each. Changes need a transaction of the store."""

    def __init__(self, rows: Rows, get: Callable[[int], Job | None]) -> None:
        """Use a store's rows; `get` returns a job of that store."""
        self._rows = rows
        self._get = get
        self._next_due: str | None = None  # the first key that is due later, "" if none; None: not read yet

    def clear_cache(self) -> None:
        """Read the queue from disk again from now on."""
        self._next_due = None

    def put(self, job: Job) -> None:
        """Add a job, if it is waiting."""
        if (key := queue_key(job)) is not None:
            self._rows.put(key, job.id)
            self._forget_due(key)

    def discard(self, job: Job) -> None:
        """Remove a job, if it is waiting."""
        if (key := queue_key(job)) is not None:
            self._rows.delete(key)
            self._forget_due(key)

    def replace(self, job: Job) -> None:
        """Remove every entry of a job, wherever it is, and add it if it is waiting."""
        for keys in (_READY, _DUE_LATER):
            self._rows.delete_between_with_value(*keys, job.id)
        self.put(job)

    def first_ready(self, *, held: bool = False) -> Job | None:
        """Return the ready job to claim next: the most urgent, then the oldest.

        held: only of those that are to start now, whatever the times of the queue.
        """
        keys = _READY_NOW if held else _READY
        while (key := self._rows.first_key(*keys)) is not None:
            if (job := self._job_at(key)) is not None:
                return job
        return None

    def first_due(self, now: float) -> Job | None:
        """Return the job that has been due longest, or None if none is due at `now`."""
        while (key := self._first_due_key()) and key <= f"d:{now:017.3f}:~":
            if (job := self._job_at(key)) is not None:
                return job
            self._next_due = None
        return None

    def next_due_at(self) -> float | None:
        """Return when the next job is due, UTC seconds since the epoch; None if none waits for a moment."""
        key = self._first_due_key()
        return float(key.split(":")[1]) if key else None

    def ids(self) -> list[int]:
        """Return the job id of each entry, ready and due later."""
        return self._rows.ints(*_READY) + self._rows.ints(*_DUE_LATER)

    def _forget_due(self, changed: str) -> None:
        """Read the first key again, if it may have changed with this one."""
        if changed.startswith(_DUE_LATER[0]):
            self._next_due = None

    def _first_due_key(self) -> str:
        if self._next_due is None:
            self._next_due = self._rows.first_key(*_DUE_LATER) or ""
        return self._next_due

    def _job_at(self, key: str) -> Job | None:
        """Return the job of an entry; an entry that is wrong, or whose job cannot be read, is deleted."""
        job = self._get(int(key.rpartition(":")[2]))
        if job is not None and queue_key(job) == key:
            return job
        self._rows.delete(key)
        return None


def queue_key(job: Job) -> str | None:
    """Return the key of a waiting job's entry; None if the job does not wait."""
    if job.state is JobState.QUEUED:
        if job.start_at is not None and job.start_at != START_NOW:
            return _due_key(job.start_at, job.id)
        return f"q:{int(job.priority) if job.start_at is None else 0}:{job.id:012d}"
    if job.state is JobState.RETRYING and job.due_at is not None:
        return _due_key(job.due_at, job.id)
    return None


def _due_key(at: float, job_id: int) -> str:
    return f"d:{at:017.3f}:{job_id:012d}"
