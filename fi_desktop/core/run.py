"""The attempts that belong together: from a person's word to do the job until it ends, and what they took."""

from __future__ import annotations

from fi_desktop.core import messages
from fi_desktop.core.job import Attempt, Job, JobState, Outcome


def run_of(job: Job) -> tuple[Attempt, ...]:
    """Return the attempts since a person last asked for the job, the first one first.

    Of a completed job those that made its result, without a later one that was cancelled.
    """
    attempts = job.attempts
    while job.state is JobState.COMPLETED and attempts and attempts[-1].outcome is not Outcome.COMPLETED:
        attempts = attempts[:-1]
    first = len(attempts) - 1
    while first > 0 and (_is_retried(attempts[first - 1]) or attempts[first - 1].outcome is Outcome.RELEASED):
        first -= 1
    return attempts[max(0, first) :]


def took_s(run: tuple[Attempt, ...]) -> float:
    """Return what the attempts of a run that ended took, with the waits before retries, seconds.

    What passed after an attempt was given back does not count: the program was not running.
    """
    total = 0.0
    for attempt, following in zip(run, (*run[1:], None), strict=True):
        if attempt.ended_at is None:
            break
        waited = following is not None and _is_retried(attempt)
        total += (following.started_at if waited and following else attempt.ended_at) - attempt.started_at
    return max(0.0, total)


def before_s(job: Job) -> float:
    """Return what the run of a job that waits or runs took before it did, seconds."""
    last = job.attempts[-1] if job.attempts else None
    if last is None or job.state.final:
        return 0.0
    goes_on = job.state is JobState.RUNNING or _is_retried(last) or last.outcome is Outcome.RELEASED
    return took_s(run_of(job)) if goes_on else 0.0


def _is_retried(attempt: Attempt) -> bool:
    """Whether the policy has such an attempt followed by another; a person's retry forgives the charge."""
    full = attempt.error is not None and attempt.error.code == messages.DISK_FULL.code
    return attempt.charged or (attempt.outcome is Outcome.FAILED and full)
