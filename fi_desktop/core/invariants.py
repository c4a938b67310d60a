"""What holds for every job in every state; what breaks it is a damaged record, or a fault of `apply`."""

from __future__ import annotations

from fi_desktop.core.job import Job, JobState


def check(job: Job) -> None:
    """Assert what holds for every job in every state.

    Raises:
        ValueError: an invariant is broken; the record is not to be trusted.
    """
    rules = {
        "finished_at exactly in a final state": (job.finished_at is not None) == job.state.final,
        "claim exactly while running": (job.claim is not None) == (job.state is JobState.RUNNING),
        "due_at exactly while retrying": (job.due_at is not None) == (job.state is JobState.RETRYING),
        "a summary when completed": job.summary is not None or job.state is not JobState.COMPLETED,
        "seen only with a result": job.seen_at is None or job.summary is not None,
        "earlier exactly with a result when not completed": (job.earlier is not None)
        == (job.summary is not None and job.state is not JobState.COMPLETED),
        "cancelling only while running": not job.cancelling or job.state is JobState.RUNNING,
        "one open attempt exactly while running": [a.outcome is None for a in job.attempts]
        == [False] * (len(job.attempts) - 1) + [job.state is JobState.RUNNING] * bool(job.attempts),
        "attempts are numbered from 1": [a.number for a in job.attempts]
        == list(range(1, len(job.attempts) + 1)),
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ValueError(f"job {job.id}: {'; '.join(broken)}")
