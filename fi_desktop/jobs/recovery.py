"""Opens the store. A damaged one is set aside, and rebuilt from what can still be read.

The rebuilt store gets the events that can be read, row by row, and the results in the jobs' folders. A job
continues from its last valid event; a job with a result is completed, whatever else was lost. What was set
aside is deleted some weeks later, as it holds the names of recordings that were removed since.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.codec import options_from_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job, JobState, apply
from fi_desktop.core.transcript import Transcript, summarize
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.event_chain import UNREADABLE, valid_events
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.store import JobStore
from fi_desktop.system import log

ASIDE_DAYS = 30
"""How long a damaged store is kept after it was rebuilt."""
_ASIDE = "-damaged-"
_MOMENT = "%Y%m%d-%H%M%S-%f"
_CLAIM = "rebuilt"
_ROW = "SELECT key, value FROM Cache WHERE rowid = ?"
_ROWS_PER_PAGE = 40
_MAGIC = b"SQLite format 3"
_LARGEST_BYTES = 2**36  # a header with a larger size is damaged too


def open_or_rebuild(folder: Path, folders: JobFolders, *, now: Callable[[], float]) -> JobStore:
    """Open the store. A damaged one is set aside and rebuilt, and its `notice` says so.

    Raises:
        UserError: it was written by a newer version.
        TransientError: it cannot be opened now.
    """
    _delete_old(folder, now())
    try:
        store = JobStore(folder)
    except UserError as error:
        if error.code != "store.damaged":
            raise
    else:
        if store.intact:
            return store
        store.close()
    moment = datetime.fromtimestamp(now(), UTC).strftime(_MOMENT)
    aside = folder.rename(folder.with_name(f"{folder.name}{_ASIDE}{moment}"))
    store = JobStore(folder)
    with store.transaction():
        restored = _restore(store, _links(aside / "cache.db"), folders, now())
    log.event("STORE_REBUILT", jobs=restored)
    store.notice = messages.QUEUE_RESTORED(folder=aside.name, number=restored)
    return store


def _delete_old(folder: Path, now: float) -> None:
    """Delete what was set aside longer ago than `ASIDE_DAYS`."""
    for aside in folder.parent.glob(f"{folder.name}{_ASIDE}*"):
        try:
            moment = datetime.strptime(aside.name.rpartition(_ASIDE)[2], _MOMENT).replace(tzinfo=UTC)
        except ValueError:
            continue  # somebody renamed it, to keep it
        if now - moment.timestamp() > ASIDE_DAYS * 86_400:
            shutil.rmtree(aside, ignore_errors=True)
            log.event("STORE_DELETED")


def _restore(store: JobStore, links: dict[int, dict[int, Any]], folders: JobFolders, at: float) -> int:
    results = {int(path.parent.name) for path in folders.root.glob("[0-9]*/result.json")}
    restored = 0
    for job_id in sorted(links.keys() | results):
        events = list(valid_events(links.get(job_id, {})))
        job = _replay(store, events)
        if job_id in results and (job is None or job.summary is None):
            job = _replay(store, _completion(job, job_id, folders, at), job)
        restored += job is not None
    store.reserve_ids(max([0, *links, *results]))
    return restored


def _replay(store: JobStore, events: list[ev.JobEvent], job: Job | None = None) -> Job | None:
    for event in events:
        before, job = job, apply(job, event)
        store.write(before, job, event)
    return job


def _completion(job: Job | None, job_id: int, folders: JobFolders, at: float) -> list[ev.JobEvent]:
    """Return the events that complete a job that has a result."""
    try:
        transcript = folders.transcript(job_id)
    except (OSError, *UNREADABLE):
        return []
    events: list[ev.JobEvent] = []
    claim = _CLAIM
    if job is None:
        events.append(_submission(transcript, job_id, at))
    if job is not None and job.claim is not None:
        claim = job.claim
    else:
        if job is not None and job.state is JobState.RETRYING:
            events.append(ev.Due(job_id, at))
        elif job is not None and job.state.final:
            events.append(ev.RetryAsked(job_id, at))
        events.append(ev.Claimed(job_id, at, claim, "rebuilt"))
    return [*events, ev.Completed(job_id, at, claim, summarize(transcript))]


def _submission(transcript: Transcript, job_id: int, at: float) -> ev.Submitted:
    try:
        options = options_from_json(transcript.provenance.options)
    except UNREADABLE:
        options = JobOptions()
    return ev.Submitted(job_id, at, transcript.provenance.source_name, options, Priority.NORMAL)


def _links(database: Path) -> dict[int, dict[int, Any]]:
    """Return the events of a damaged database that can be read, by job and number."""
    found: dict[int, dict[int, Any]] = {}
    for key, value in _rows(database):
        try:
            _, job_id, number = key.split(":")
            found.setdefault(int(job_id), {})[int(number)] = json.loads(value)
        except UNREADABLE:
            continue
    return found


def _rows(database: Path) -> Iterator[tuple[Any, Any]]:
    """Yield the event rows of a damaged database, read one by one."""
    scratch = database.with_suffix(".scratch")
    try:
        pages = _copy_whole(database, scratch)
        with closing(sqlite3.connect(scratch)) as connection:
            for rowid in range(1, _last_row(connection, pages) + 1):
                try:
                    row = connection.execute(_ROW, (rowid,)).fetchone()
                except sqlite3.DatabaseError:
                    continue
                if row is not None and str(row[0]).startswith("e:"):
                    yield row
    except (OSError, sqlite3.DatabaseError) as error:
        log.event("STORE_UNREADABLE", error=type(error).__name__)
    finally:
        for leftover in database.parent.glob(f"{scratch.name}*"):
            leftover.unlink()


def _copy_whole(database: Path, scratch: Path) -> int:
    """Copy a database and fill up what was cut off with zeros: SQLite reads no file that is too short.

    Returns: the number of pages in its header; 0 if that is lost.
    """
    shutil.copyfile(database, scratch)
    log_file = database.with_name(database.name + "-wal")
    if log_file.is_file():
        shutil.copyfile(log_file, scratch.with_name(scratch.name + "-wal"))
    with scratch.open("r+b") as file:
        header = file.read(32)
        if not header.startswith(_MAGIC):
            return 0
        page_bytes, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
        page_bytes = 65_536 if page_bytes == 1 else page_bytes
        if page_bytes * pages > _LARGEST_BYTES:
            return 0
        file.truncate(max(page_bytes * pages, scratch.stat().st_size))
    return pages


def _last_row(connection: sqlite3.Connection, pages: int) -> int:
    try:
        return int(connection.execute("SELECT MAX(rowid) FROM Cache").fetchone()[0] or 0)
    except sqlite3.DatabaseError:
        return pages * _ROWS_PER_PAGE  # unknown: more than there can be
