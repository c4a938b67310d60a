"""Proves that the store holds what was written into it: `fi-desktop jobs verify`."""

from __future__ import annotations

from collections.abc import Iterator

from fi_desktop.core.job import JobState, check
from fi_desktop.jobs.event_chain import UNREADABLE, replay, unbroken
from fi_desktop.jobs.store import JobStore


def verify(store: JobStore) -> Iterator[str]:
    """Yield one sentence for each inconsistency.

    Checked are SQLite's file, each job's chain of events, each record against the replay of its events, and
    that exactly the waiting jobs have a queue entry, and one each.
    """
    store.clear_cache()  # check what is on disk
    for finding in store.check():
        yield f"The database's file is damaged: {finding}"
    for job_id in store.ids():
        yield from _verify_job(store, job_id)
    yield from _verify_queue(store)


def _verify_job(store: JobStore, job_id: int) -> Iterator[str]:
    try:
        record = store.record(job_id)
        if not unbroken(store.event_links(job_id)):
            yield f"Job {job_id}: an event was changed or left out."
        if replay(store.events(job_id)) != record:
            yield f"Job {job_id}: its record is not what its events say."
        if record is not None:
            check(record)
    except UNREADABLE as error:
        yield f"Job {job_id}: its record or its events cannot be read ({type(error).__name__}: {error})."


def _verify_queue(store: JobStore) -> Iterator[str]:
    waiting = {job.id for state in (JobState.QUEUED, JobState.RETRYING) for job in store.jobs(state=state)}
    queued = store.queued_ids()
    for job_id in sorted(waiting - set(queued)):
        yield f"Job {job_id}: it is waiting, but is not in the queue."
    for job_id in sorted(set(queued) - waiting):
        yield f"Job {job_id}: it is in the queue, but is not waiting."
    for job_id in sorted({job_id for job_id in queued if queued.count(job_id) > 1}):
        yield f"Job {job_id}: it is in the queue more than once."
