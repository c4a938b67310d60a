"""Opens, verifies and rebuilds the store.

A damaged store is set aside, and rebuilt from the events that can still be read and the results in the jobs'
folders. A job continues from its last valid event; a job with a result is completed, whatever else was lost.
What was set aside holds the names of recordings removed since, and is deleted by `retention.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.codec import options_from_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job, JobState, apply, check
from fi_desktop.core.transcript import Transcript, summarize
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.event_chain import UNREADABLE, replay, unbroken, valid_events
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.sql import DATABASE, salvage
from fi_desktop.jobs.store import JobStore
from fi_desktop.system import log

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

_ASIDE = "-damaged-"
_MOMENT = "%Y%m%d-%H%M%S-%f"
_CLAIM = "rebuilt"


def open_or_rebuild(folder: Path, folders: JobFolders, *, now: Callable[[], float]) -> JobStore:
    """Open the store. A damaged one is set aside and rebuilt, and its `notice` says so.

    Raises:
        UserError: it was written by a newer version.
        TransientError: it cannot be opened now.
    """
    try:
        store = JobStore(folder, folders.vault)
    except UserError as error:
        if error.code != "store.damaged":
            raise
    else:
        if store.intact:
            return store
        store.close()
    moment = datetime.fromtimestamp(now(), UTC).strftime(_MOMENT)
    aside = folder.rename(folder.with_name(f"{folder.name}{_ASIDE}{moment}"))
    store = JobStore(folder, folders.vault)
    with store.transaction():
        restored = _restore(store, _links(aside / DATABASE), folders, now())
    log.event("STORE_REBUILT", jobs=restored)
    store.notice = messages.QUEUE_RESTORED(folder=aside.name, number=restored)
    return store


def damaged_queues(folder: Path, *, before: datetime) -> Iterator[Path]:
    """Yield the folders in which damaged stores of this folder were set aside before a moment."""
    for aside in folder.parent.glob(f"{folder.name}{_ASIDE}*"):
        try:
            moment = datetime.strptime(aside.name.rpartition(_ASIDE)[2], _MOMENT).replace(tzinfo=UTC)
        except ValueError:
            continue  # somebody renamed it, to keep it
        if moment < before:
            yield aside


def _restore(store: JobStore, links: dict[int, dict[int, Any]], folders: JobFolders, at: float) -> int:
    results = {int(path.parent.name) for path in folders.root.glob("[0-9]*/result.json")}
    restored = 0
    for job_id in sorted(links.keys() | results):
        events = list(valid_events(links.get(job_id, {}), partial(_open_event, folders.vault, job_id)))
        job = _replay(store, events)
        if job_id in results and (job is None or job.summary is None):
            job = _replay(store, _completion(job, job_id, folders, at), job)
        if job is not None and job.hold_since is None and folders.is_marked(job_id):
            job = _replay(store, [ev.LegalHoldPlaced(job_id, at, _CLAIM)], job)
        restored += job is not None
    store.reserve_ids(max([0, *links, *results]))
    return restored


def _open_event(vault: Vault | None, job_id: int, number: int, event: Any) -> Any:
    return event if vault is None else RowSeal(vault).open_event(job_id, number, event)


def _replay(store: JobStore, events: list[ev.JobEvent], job: Job | None = None) -> Job | None:
    for event in events:
        before, job = job, apply(job, event)
        store.write(before, job, event)
    return job


def _completion(job: Job | None, job_id: int, folders: JobFolders, at: float) -> list[ev.JobEvent]:
    """Return the events that complete a job that has a result."""
    try:
        result = folders.result(job_id)
    except (OSError, *UNREADABLE):
        return []
    events: list[ev.JobEvent] = []
    claim = _CLAIM
    if job is None:
        events.append(_submission(result.machine, job_id, at))
    if job is not None and job.claim is not None:
        claim = job.claim
    else:
        if job is not None and job.state is JobState.RETRYING:
            events.append(ev.Due(job_id, at))
        elif job is not None and job.state.final:
            events.append(ev.RetryAsked(job_id, at))
        events.append(ev.Claimed(job_id, at, claim, "rebuilt"))
    events.append(ev.Completed(job_id, at, claim, summarize(result.machine, result.version)))
    if steps := result.review.steps:
        outcome = ReviewOutcome.of(result.review)
        by, figures = steps[-1].by, (outcome.speakers, outcome.wrong_share)
        events.append(ev.Reviewed(job_id, at, outcome.state, by, outcome.people, *figures))
    return events


def _submission(transcript: Transcript, job_id: int, at: float) -> ev.Submitted:
    try:
        options = options_from_json(transcript.provenance.options)
    except UNREADABLE:
        options = JobOptions()
    return ev.Submitted(job_id, at, transcript.provenance.source_name, options, Priority.NORMAL)


def _links(database: Path) -> dict[int, dict[int, Any]]:
    """Return the events of a damaged database that can be read, by job and number."""
    found: dict[int, dict[int, Any]] = {}
    for key, value in salvage(database):
        with suppress(*UNREADABLE):
            kind, job_id, number = key.split(":")
            if kind == "e":
                found.setdefault(int(job_id), {})[int(number)] = json.loads(value)
    return found


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
    queued = store.queue.ids()
    for job_id in sorted(waiting - set(queued)):
        yield f"Job {job_id}: it is waiting, but is not in the queue."
    for job_id in sorted(set(queued) - waiting):
        yield f"Job {job_id}: it is in the queue, but is not waiting."
    for job_id in sorted({job_id for job_id in queued if queued.count(job_id) > 1}):
        yield f"Job {job_id}: it is in the queue more than once."
