"""Prove that the store is what was written into it: `fi-desktop jobs verify`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from fi_desktop.core.job import Job, JobState, apply, check
from fi_desktop.jobs.event_chain import UNREADABLE, unbroken
from fi_desktop.jobs.store import JobStore


def verify(store: JobStore) -> Iterator[str]:
    """Yield one sentence for each thing that is not as it must be; nothing where all is well.

    SQLite's own check of its file; each job's chain of events unbroken; each record the fold of its events;
    each job in its place in the queue, and nothing else there.
    """
    store.clear_cache()  # what lies on the disk is to be proved
    for finding in store.check():
        yield f"The database's file is damaged: {finding}"
    for job_id in store.ids():
        yield from _verify_job(store, job_id)
    yield from _verify_places(store)


def _verify_job(store: JobStore, job_id: int) -> Iterator[str]:
    try:
        record = store.record(job_id)
        if not unbroken(store.event_links(job_id)):
            yield f"Job {job_id}: an event was changed or left out."
        folded: Job | None = reduce(apply, store.events(job_id), None)
        if folded != record:
            yield f"Job {job_id}: its record is not what its events say."
        if record is not None:
            check(record)
    except UNREADABLE as error:
        yield f"Job {job_id}: its record or its events cannot be read ({type(error).__name__}: {error})."


def _verify_places(store: JobStore) -> Iterator[str]:
    waiting = {job.id for state in (JobState.QUEUED, JobState.RETRYING) for job in store.jobs(state=state)}
    placed = store.queued_ids()
    for job_id in sorted(waiting - set(placed)):
        yield f"Job {job_id}: it waits, but has no place in the queue."
    for job_id in sorted(set(placed) - waiting):
        yield f"Job {job_id}: it has a place in the queue, but does not wait."
    for job_id in sorted({job_id for job_id in placed if placed.count(job_id) > 1}):
        yield f"Job {job_id}: it has more than one place in the queue."
