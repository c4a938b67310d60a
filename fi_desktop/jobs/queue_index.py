"""The queue: which jobs are ready, and which wait for a retry, as keys of the store's rows.

    q:<priority>:<id>    ready jobs, best first
    d:<due time>:<id>    jobs that wait for a retry, soonest first

The value of each row is the job's id.
"""

from __future__ import annotations

from collections.abc import Callable

from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.sql import Rows

_READY = "q:", "q;"
_RETRYING = "d:", "d;"


class QueueIndex:
    """The queue entries of waiting jobs, one each. Changes need a transaction of the store."""

    def __init__(self, rows: Rows, get: Callable[[int], Job | None]) -> None:
        """Use a store's rows; `get` returns a job of that store."""
        self._rows = rows
        self._get = get
        self._next_retry: str | None = None  # the first key of a retry, "" if none waits; None: not read yet

    def clear_cache(self) -> None:
        """Read the queue from disk again from now on."""
        self._next_retry = None

    def put(self, job: Job) -> None:
        """Add a job, if it is waiting."""
        if (key := queue_key(job)) is not None:
            self._rows.put(key, job.id)
            if job.state is JobState.RETRYING:
                self._next_retry = None

    def discard(self, job: Job) -> None:
        """Remove a job, if it is waiting."""
        if (key := queue_key(job)) is not None:
            self._rows.delete(key)
            if job.state is JobState.RETRYING:
                self._next_retry = None

    def replace(self, job: Job) -> None:
        """Remove every entry of a job, wherever it is, and add it if it is waiting."""
        for keys in (_READY, _RETRYING):
            self._rows.delete_between_with_value(*keys, job.id)
        self.put(job)

    def first_ready(self) -> Job | None:
        """Return the ready job to claim next: the most urgent, then the oldest."""
        while (key := self._rows.first_key(*_READY)) is not None:
            if (job := self._job_at(key)) is not None:
                return job
        return None

    def first_due(self, now: float) -> Job | None:
        """Return the job whose retry has been due longest, or None if none is due at `now`."""
        while (key := self._first_retry()) and key <= f"d:{now:017.3f}:~":
            if (job := self._job_at(key)) is not None:
                return job
            self._next_retry = None
        return None

    def next_due_at(self) -> float | None:
        """Return when the next retry is due, UTC seconds since the epoch; None if none waits."""
        key = self._first_retry()
        return float(key.split(":")[1]) if key else None

    def ids(self) -> list[int]:
        """Return the job id of each entry, ready and retrying."""
        return self._rows.ints(*_READY) + self._rows.ints(*_RETRYING)

    def _first_retry(self) -> str:
        if self._next_retry is None:
            self._next_retry = self._rows.first_key(*_RETRYING) or ""
        return self._next_retry

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
        return f"q:{int(job.priority)}:{job.id:012d}"
    if job.state is JobState.RETRYING and job.due_at is not None:
        return f"d:{job.due_at:017.3f}:{job.id:012d}"
    return None
