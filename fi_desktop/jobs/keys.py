"""The keys under which rows lie in the store; `store.py` says what each row is."""

from __future__ import annotations

from fi_desktop.core.job import Job, JobState


def record_key(job_id: int) -> str:
    """Return the key of a job's record."""
    return f"j:{job_id:012d}"


def batch_key(job: Job) -> str:
    """Return the key under which a job is in its batch."""
    return f"b:{job.batch:012d}:{job.id:012d}"


def same_key(job: Job) -> str:
    """Return the key under which a job is found by its fingerprint."""
    return f"f:{job.fingerprint}:{job.id:012d}"


def event_key(job_id: int, number: int) -> str:
    """Return the key of a job's event; numbers begin at 1."""
    return f"e:{job_id:012d}:{number:06d}"


def place_key(job: Job) -> str | None:
    """Return the key under which the job waits, if it does."""
    if job.state is JobState.QUEUED:
        return f"q:{int(job.priority)}:{job.id:012d}"
    if job.state is JobState.RETRYING and job.due_at is not None:
        return f"d:{job.due_at:017.3f}:{job.id:012d}"
    return None
