"""`ActiveJobs`: progress of the jobs that are in progress together, until none is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fi_desktop.core.job import AttemptOutcome, Job, JobState


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
