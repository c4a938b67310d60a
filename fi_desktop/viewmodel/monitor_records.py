"""What the monitor remembers of the jobs: as much as the figures need, and no more.

A hundred thousand jobs with their names, options and results would take the memory of a model. What is over
is kept without these; what runs or is scheduled is kept whole, since it is shown. Knows no Qt and no thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.job import Attempt, Job, JobOptions, JobState
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent

_SHOWN = (JobState.RUNNING, JobState.RETRYING)
_NO_OPTIONS = JobOptions()


class Records:
    """The jobs, by their ids."""

    def __init__(self) -> None:
        self._open: dict[int, Job] = {}  # apart from those that are over, which are many and asked for less
        self._over: dict[int, Job] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._over)

    def take_jobs(self, jobs: Iterable[Job]) -> None:
        """Take jobs as they stand in the store."""
        for job in jobs:
            into, out_of = (self._over, self._open) if job.state.final else (self._open, self._over)
            into[job.id] = slim(job)
            out_of.pop(job.id, None)

    def take_news(self, news: Iterable[QueueEvent]) -> None:
        """Take what happened since."""
        for item in news:
            if isinstance(item, JobChanged):
                self.take_jobs((item.job,))
            elif isinstance(item, JobRemoved):
                self._open.pop(item.job_id, None)
                self._over.pop(item.job_id, None)

    def open(self, state: JobState) -> list[Job]:
        """Return the jobs in a state that is not final."""
        return [job for job in self._open.values() if job.state is state]

    def since(self, start: float | None) -> list[Job]:
        """Return the jobs that a window which begins at `start` can tell of; None: all."""
        over = self._over.values()
        if start is None:
            return [*over, *self._open.values()]
        late = (job for job in over if job.finished_at is None or job.finished_at >= start)
        return [*late, *self._open.values()]


def slim(job: Job) -> Job:
    """Return the job without what no figure is made of, unless it is one that is shown."""
    if job.state in _SHOWN:
        return job
    attempts = tuple(_slim(attempt) for attempt in job.attempts)
    bare = replace(job, path="", options=_NO_OPTIONS, summary=None, earlier=None, fingerprint=None)
    return replace(bare, attempts=attempts)


def _slim(attempt: Attempt) -> Attempt:
    error = attempt.error
    if error is None:
        return attempt
    return replace(attempt, error=ErrorInfo(error.kind, error.code, ""))
