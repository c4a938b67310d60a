"""The jobs that are under way together: from the first that waits until none does any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fi_desktop.core.job import AttemptOutcome, Job, JobState


@dataclass(frozen=True, slots=True)
class FinishedJobs:
    """What became of a wave, or of one job of it: ids."""

    completed: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """All of them."""
        return self.completed + self.failed


@dataclass(slots=True)
class ActiveJobs:
    """Counts a wave's jobs; what a person cancels or removes leaves it.

    Attributes:
        under: those that wait or run.
        running: those of them that run.
        completed, failed: those that are done, in order.
    """

    under: set[int] = field(default_factory=set)
    running: set[int] = field(default_factory=set)
    completed: dict[int, None] = field(default_factory=dict)
    failed: dict[int, None] = field(default_factory=dict)

    def take(self, job: Job) -> FinishedJobs | None:
        """See a job as it is now; return what it ended as, if it just did."""
        known = job.id in self.under
        if not known and job.state in (JobState.COMPLETED, JobState.FAILED):
            return None  # it was so before
        self.drop(job.id)
        match job.state:
            case JobState.COMPLETED if job.attempts[-1].outcome is not AttemptOutcome.COMPLETED:
                return None  # its retry was cancelled: it stands as it did before
            case JobState.COMPLETED:
                self.completed[job.id] = None
                return FinishedJobs(completed=(job.id,))
            case JobState.FAILED:
                self.failed[job.id] = None
                return FinishedJobs(failed=(job.id,))
            case JobState.QUEUED | JobState.RUNNING | JobState.RETRYING:
                self.under.add(job.id)
        if job.state is JobState.RUNNING:
            self.running.add(job.id)
        return None

    def drop(self, job_id: int) -> None:
        """Forget a job."""
        self.under.discard(job_id)
        self.running.discard(job_id)
        self.completed.pop(job_id, None)
        self.failed.pop(job_id, None)

    def end(self) -> FinishedJobs | None:
        """Return what became of the wave once all of it has ended, and begin another; None: not yet."""
        if self.under:
            return None
        ended = FinishedJobs(tuple(self.completed), tuple(self.failed))
        self.completed.clear()
        self.failed.clear()
        return ended if ended.ids else None

    def share(self, shares: Mapping[int, float]) -> float | None:
        """Return how much is done, 0 to 1; None: nothing is under way. `shares`: of the jobs that run."""
        if not self.under:
            return None
        done = len(self.completed) + len(self.failed)
        got_on = sum(shares.get(job_id, 0.0) for job_id in self.running)
        return (done + got_on) / (done + len(self.under))
