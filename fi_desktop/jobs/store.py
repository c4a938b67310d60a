"""The store: every job, its events and the queue, as rows of one database (`sql.py`).

One thread of one process owns a store, and must open it itself: SQLite before 3.51.3 can corrupt a WAL
database that two connections write to (https://sqlite.org/wal.html#walresetbug). Whatever is written inside
one `transaction()` survives a power cut as a whole, or not at all.

Rows have text keys, so that a range of keys is a list of things (`row_keys.py`).
With a vault, what is private in records and events is sealed, and fingerprints are keyed (`sealed_rows.py`).

As nobody else writes, the store caches what it wrote last, and what every claim asks for. Whatever undoes a
write clears that cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fi_desktop.core import messages
from fi_desktop.core.codec import (
    event_from_json,
    event_to_json,
    job_from_json,
    job_to_json,
    listed_from_json,
)
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Done, Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.jobs.conversion import rewrite
from fi_desktop.jobs.event_chain import ROOT, UNREADABLE, link, replay, valid_events
from fi_desktop.jobs.queue_index import QueueIndex
from fi_desktop.jobs.row_keys import (
    ALL_JOBS,
    SCHEMA,
    SCHEMA_VERSION,
    SEALED_SCHEMA_VERSION,
    SEALED_WITH,
    batch_key,
    batch_keys,
    event_key,
    event_keys,
    fingerprint_key,
    fingerprint_keys,
    number_in,
    record_key,
)
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.sql import Rows, opening, peek, to_text
from fi_desktop.system import log

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

_CACHED_JOBS = 10_000  # some megabytes


@dataclass(frozen=True, slots=True)
class JobsPage:
    """One page of the list of all jobs, newest first.

    Attributes:
        jobs: newest first.
        counts: number of jobs in each state, on all pages.
        before: the id below which the next page begins; None on the last page.
    """

    jobs: Sequence[Job | Done] = ()
    counts: Mapping[JobState, int] = field(default_factory=dict)
    before: int | None = None


class _Cached(NamedTuple):
    """A job as it was last written, with the number and hash of its last event."""

    job: Job
    number: int
    digest: str


class JobStore:
    """Jobs on disk.

    Attributes:
        epoch: grows by one each time the store is opened, so that claims of different owners differ.
        intact: False if the last owner did not close the store and SQLite finds its file damaged.
        notice: what the person should know about how the store was opened; mostly None.
        rows: the database.
        queue: which jobs are ready, and which wait for a retry.
        seal: seals rows; with the vault that the store has, or none.
    """

    notice: Note | None = None

    def __init__(self, folder: Path, vault: Vault | None = None) -> None:
        """Open the store, or create it.

        vault: unlocked, and the one with which it is sealed; a new store is sealed with it.

        Raises:
            UserError: it was written by a newer version, is sealed with another vault, or is not a database.
            TransientError: it cannot be opened now.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_newer(peek(folder, SCHEMA))
        _refuse_other(peek(folder, SEALED_WITH), vault)
        self.seal = self._committed_seal = RowSeal(vault)
        self.rows = Rows(folder)
        self.queue = QueueIndex(self.rows, self.get)
        self._cached: dict[int, _Cached] = {}
        self._paused: bool | None = None  # None: not read yet
        self._counts: dict[JobState, int] | None = None  # None: not counted yet
        self._last_id: int | None = None  # None: not read yet
        self._last_id_changed = False
        self._removed = False  # jobs were removed since the last checkpoint
        self._converted = False  # rows were rewritten since then, and what was there is in free pages
        try:
            with opening(folder):
                self._begin()
        except BaseException:
            self.rows.close()
            raise

    def _begin(self) -> None:
        cache = self.rows.cache
        _refuse_newer(cache.get(SCHEMA, default=SCHEMA_VERSION))
        self.intact = not cache.get("m:open", default=0) or not self.check()
        # once in a store's life: free pages from before `secure_delete` hold deleted data
        if not cache.get("m:overwrites", default=0) and self.rows.vacuum():
            cache.set("m:overwrites", 1)
        with self.transaction():
            sealed = self.rows.row(SEALED_WITH) is not None
            cache.set(SCHEMA, SEALED_SCHEMA_VERSION if sealed else SCHEMA_VERSION)
            cache.set("m:open", 1)
            self.epoch: int = cache.incr("m:epoch", default=0)
        if self.seal.vault is not None:
            self._begin_sealed(self.seal.vault)

    def _begin_sealed(self, vault: Vault) -> None:
        """Seal a store that is in clear; destroy the keys of jobs that were removed just before a crash."""
        if self.rows.row(SEALED_WITH) is None:
            self.seal = self._committed_seal = RowSeal()
            with self.transaction():
                self.convert(RowSeal(vault))
            self.checkpoint()
            return
        jobs, keys = set(self.ids()), set(vault.jobs())
        self.seal.destroy(keys - jobs)
        if missing := jobs - keys:
            self.notice = messages.VAULT_KEYS_MISSING(number=len(missing))

    def close(self) -> None:
        """Close the store; what was committed stays."""
        try:
            with (
                suppress(TransientError),
                self.transaction(),
            ):  # if this fails, the next start checks the file
                self.rows.put("m:open", 0)
        finally:
            self.rows.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside, or nothing if the block raises.

        Raises:
            TransientError: the disk is full, or the database cannot be written now; nothing was written.
        """
        try:
            with self.rows.transaction():
                yield
                if self._last_id_changed and self._last_id is not None:
                    self.rows.put("m:last_id", self._last_id)
                    self._last_id_changed = False
                self.seal.before_commit()
        except BaseException:
            self.seal = self._committed_seal
            self.clear_cache()
            self._last_id, self._last_id_changed = None, False
            raise
        self._committed_seal = self.seal
        self.seal.after_commit()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is written inside if the block raises; the transaction continues.

        Ids that were taken inside stay taken.
        """
        try:
            with self.rows.savepoint():
                yield
        except BaseException:
            self.clear_cache()
            raise

    def clear_cache(self) -> None:
        """Read jobs and the queue from disk again from now on."""
        self._cached.clear()
        self.seal.clear_cache()
        self._paused = self._counts = None
        self.queue.clear_cache()

    def next_id(self) -> int:
        """Return an id that was never used before. Needs a transaction, whose end writes the last id."""
        self._last_id, self._last_id_changed = self.last_id + 1, True
        return self._last_id

    def reserve_ids(self, last_id: int) -> None:
        """Use only ids above `last_id` from now on. Needs a transaction."""
        self._last_id, self._last_id_changed = last_id, True

    @property
    def last_id(self) -> int:
        """The highest id ever used, or 0."""
        if self._last_id is None:
            self._last_id = int(self.rows.cache.get("m:last_id", default=0))
        return self._last_id

    # ---- one job

    def write(self, before: Job | None, job: Job, event: JobEvent) -> None:
        """Write an event, the job after it, and the job's queue entry. Needs a transaction."""
        put = self.rows.put
        self._counts = None
        if before is None:
            self.seal.new_job(job.id)
        if before is not None:
            self.queue.discard(before)
        self.queue.put(job)
        if before is None and job.batch is not None:
            put(batch_key(job), job.id)
        old_fingerprint = before.fingerprint if before is not None else None
        if before is not None and old_fingerprint is not None and old_fingerprint != job.fingerprint:
            self.rows.delete(self._fingerprint_key(old_fingerprint, job.id))
        if job.fingerprint is not None and job.fingerprint != old_fingerprint:
            put(self._fingerprint_key(job.fingerprint, job.id), job.id)
        self._put_record(job)
        number, digest = (0, ROOT) if before is None else self._last_link(job.id)
        text, digest = link(digest, self.seal.event(job.id, number + 1, event_to_json(event)))
        put(event_key(job.id, number + 1), text)
        self._cache(_Cached(job, number + 1, digest))
        if job.state.final:
            self.seal.finish_job(job.id)

    def remove(self, job: Job) -> None:
        """Delete a job and its events. Needs a transaction; see also `checkpoint`."""
        self._removed = True
        self._cached.pop(job.id, None)
        self._counts = None
        self.queue.discard(job)
        if job.batch is not None:
            self.rows.delete(batch_key(job))
        if job.fingerprint is not None:
            self.rows.delete(self._fingerprint_key(job.fingerprint, job.id))
        self.rows.delete(record_key(job.id))
        self.rows.delete_between(*event_keys(job.id))
        self.seal.remove_job(job.id)

    def get(self, job_id: int) -> Job | None:
        """Return a job, or None if there is no such job."""
        if (cached := self._cached.get(job_id)) is not None:
            return cached.job
        row = self.rows.row(record_key(job_id))
        return None if row is None else self._job(row)

    def record(self, job_id: int) -> Job | None:
        """Return a job as its record on disk says, or None if there is no such job.

        Raises:
            KeyError, TypeError, ValueError: the record cannot be read.
        """
        row = self.rows.row(record_key(job_id))
        return None if row is None else self._job_in(row)

    def is_finished(self, job_id: int) -> bool:
        """Whether the job exists and is in a final state."""
        tag = self.rows.tag(record_key(job_id))
        return tag is not None and JobState(tag).final

    def events(self, job_id: int) -> list[JobEvent]:
        """Return a job's events in order."""
        return [event_from_json(event) for event in self.events_in_clear(job_id)]

    def event_links(self, job_id: int) -> list[dict[str, Any]]:
        """Return a job's events as they are stored, in order; see `event_chain.py`."""
        return [self.rows.value(row) for row in self.rows.between(*event_keys(job_id))]

    @property
    def paused(self) -> bool:
        """Whether no job may be claimed. Setting it needs a transaction."""
        if self._paused is None:
            self._paused = bool(self.rows.cache.get("m:paused", default=0))
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self.rows.put("m:paused", int(paused))
        self._paused = paused

    # ---- many jobs

    def jobs(self, *, state: JobState | None = None, after: int = 0, limit: int | None = None) -> list[Job]:
        """Return at most `limit` jobs with an id above `after`, in order of submission."""
        at_most = -1 if limit is None else limit
        if state is not None:
            return self._jobs(self.rows.tagged(state.value, above=record_key(after), limit=at_most))
        return self._jobs(self.rows.between(record_key(after + 1), ALL_JOBS[1], limit=at_most))

    def page(self, limit: int, before: int | None = None) -> JobsPage:
        """Return the newest jobs with an id below `before`, and count all.

        The first page, without `before`, holds whole jobs: from those a window learns this machine's speed.
        """
        jobs = self._newest(ALL_JOBS[1], limit) if before is None else self._condensed(before, limit)
        return JobsPage(jobs, self.counts(), jobs[-1].id if len(jobs) == limit else None)

    def counts(self) -> dict[JobState, int]:
        """Return the number of jobs in each state."""
        if self._counts is None:
            found = self.rows.count_tags()
            self._counts = {state: found.get(state.value, 0) for state in JobState}
        return dict(self._counts)

    def with_fingerprint(self, fingerprint: str) -> list[Job]:
        """Return the jobs of a recording with the same options, newest first.

        Without those that are sealed in a locked vault.
        """
        ids = self.rows.ints(*fingerprint_keys(self.seal.fingerprint(fingerprint)))
        readable = (job_id for job_id in sorted(ids, reverse=True) if self.seal.can_read(job_id))
        return [job for job_id in readable if (job := self.get(job_id)) is not None]

    def batch(self, batch: int) -> list[Job]:
        """Return the jobs that were submitted together, in order."""
        ids = self.rows.ints(*batch_keys(batch))
        return [job for job_id in sorted(ids) if (job := self.get(job_id)) is not None]

    def finished_before(self, moment: float, *, after: int, up_to: int) -> list[Job]:
        """Return the jobs with ids above `after` and up to `up_to` that finished before `moment`, UTC."""
        keys = record_key(after + 1), record_key(up_to + 1)
        return self._jobs(self.rows.field_below(*keys, "finished_at", moment))

    def submitted_before(
        self, moment: float, states: Iterable[JobState], *, after: int, up_to: int
    ) -> list[Job]:
        """Return the jobs in these states and range of ids that were submitted before `moment`, UTC."""
        keys = record_key(after + 1), record_key(up_to + 1)
        tags = [state.value for state in states]
        return self._jobs(self.rows.field_below(*keys, "submitted_at", moment, tags=tags))

    def on_hold(self) -> list[Job]:
        """Return the jobs on legal hold."""
        return self._jobs(self.rows.field_below(*ALL_JOBS, "hold_since", math.inf))

    @property
    def first_id(self) -> int:
        """The lowest id of a job; the next one without jobs."""
        key = self.rows.first_key(*ALL_JOBS)
        return self.last_id + 1 if key is None else int(key[2:])

    def ids(self) -> list[int]:
        """Return the ids of all jobs."""
        return [int(key[2:]) for key in self.rows.keys(*ALL_JOBS)]

    # ---- the file

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with its file; empty if nothing is."""
        return self.rows.check()

    def convert(self, seal: RowSeal) -> None:
        """Rewrite all rows as another seal writes them. Needs a transaction.

        What was there before is erased by `checkpoint`.

        Raises:
            VaultLocked: a vault is locked.
        """
        jobs = [job for job_id in self.ids() if (job := self.get(job_id)) is not None]  # or restored
        rewrite(self.rows, jobs, self.seal, seal)
        self.seal = seal
        self._converted = True

    def checkpoint(self) -> None:
        """Erase removed jobs from the write-ahead log too, if any were removed. Not inside a transaction.

        Costs two fsyncs, so it is called when nothing else waits.
        """
        if self._converted and self.rows.vacuum():
            self._converted, self._removed = False, True
        if self._removed and self.rows.checkpoint():
            self._removed = False

    # ---- inside

    def _cache(self, cached: _Cached) -> None:
        if cached.job.state.final:  # unlikely to change again
            self._cached.pop(cached.job.id, None)
            return
        if len(self._cached) >= _CACHED_JOBS:
            self._cached.clear()
        self._cached[cached.job.id] = cached

    def _last_link(self, job_id: int) -> tuple[int, str]:
        """Return the number and hash of a job's last event; 0 and the chain's root without events."""
        if (cached := self._cached.get(job_id)) is not None:
            return cached.number, cached.digest
        rows = self.rows.between(*event_keys(job_id), limit=1, descending=True)
        if not rows:
            return 0, ROOT
        try:
            digest = str(self.rows.value(rows[0])["hash"])
        except UNREADABLE:
            digest = ROOT  # the chain is broken here, and `verify` reports it
        return number_in(rows[0][0]), digest

    def _newest(self, end: str, limit: int) -> list[Job]:
        """Return the newest jobs whose record keys come before `end`, newest first."""
        jobs: list[Job] = []
        while len(jobs) < limit:  # more than once if some cannot be read
            rows = self.rows.between(ALL_JOBS[0], end, limit=limit - len(jobs), descending=True)
            if not rows:
                break
            jobs += self._jobs(rows)
            end = rows[-1][0]
        return jobs

    def _condensed(self, before: int, limit: int) -> list[Job | Done]:
        """Return the newest jobs below an id, newest first, each with as little as a list needs."""
        completed = JobState.COMPLETED.value
        keys = ALL_JOBS[0], record_key(before)
        paths = self.seal.done_paths
        found = self.rows.extracts(*keys, limit, tag=completed, single="$.attempts", paths=paths)
        if found is not None:
            with suppress(*UNREADABLE):
                listed = (listed_from_json(self.seal.open_listed(data)) for data in found)
                return sorted(listed, key=attrgetter("id"), reverse=True)
        return list(self._newest(keys[1], limit))

    def _jobs(self, rows: Iterable[Sequence[Any]]) -> list[Job]:
        """Return the jobs of record rows, without those that cannot be read."""
        return [job for row in rows if (job := self._job(row)) is not None]

    def _job(self, row: Sequence[Any]) -> Job | None:
        """Return the job of a record row; one that cannot be read is restored from its events."""
        try:
            return self._job_in(row)
        except UNREADABLE:
            return self._restore(number_in(row[0]))

    def _record_in(self, row: Sequence[Any]) -> Any:
        """Return the JSON values of a record row."""
        return self.seal.open_record(number_in(row[0]), self.rows.value(row))

    def _put_record(self, job: Job) -> None:
        data = self.seal.record(job.id, job_to_json(job))
        self.rows.put(record_key(job.id), to_text(data), job.state.value)

    def events_in_clear(self, job_id: int) -> list[Any]:
        """Return a job's events as JSON values, in order."""
        links = enumerate(self.event_links(job_id), start=1)
        return [self.seal.open_event(job_id, number, data["event"]) for number, data in links]

    def _fingerprint_key(self, fingerprint: str, job_id: int) -> str:
        return fingerprint_key(self.seal.fingerprint(fingerprint), job_id)

    def _job_in(self, row: Sequence[Any]) -> Job:
        """Return the job of a record row.

        Raises:
            KeyError, TypeError, ValueError: the row cannot be read, or has the record of another job.
        """
        job = job_from_json(self._record_in(row))
        if job.id != number_in(row[0]):
            raise ValueError("the record of another job")
        return job

    def _restore(self, job_id: int) -> Job | None:
        """Rewrite a record from the job's valid events, and delete those after them.

        Returns: None, and changes nothing, if not even the first event can be read.
        """
        if not self.seal.has_key(job_id):
            return None
        links: dict[int, Any] = {}
        for row in self.rows.between(*event_keys(job_id)):
            with suppress(ValueError):
                links[number_in(row[0])] = self.rows.value(row)
        events = list(valid_events(links, partial(self.seal.open_event, job_id)))
        job = replay(events)
        log.event("STORE_ROW_DAMAGED", job=job_id, events=len(events))
        if job is None:
            return None
        self.rows.delete_between(event_key(job_id, len(events) + 1), event_keys(job_id)[1])
        self._put_record(job)
        self.queue.replace(job)
        self.clear_cache()
        return job


def _refuse_other(home: Any, vault: Vault | None) -> None:
    """Leave a sealed store alone that cannot be read.

    Raises:
        UserError: the vault is missing, or another home's.
    """
    if home is not None and (vault is None or to_text(vault.state.home) != home):
        raise UserError(messages.VAULT_OTHER if vault is not None else messages.VAULT_MISSING)


def _refuse_newer(version: Any) -> None:
    """Leave a store alone that might open but would not be understood.

    Raises:
        UserError: the store was written by a newer version.
    """
    if isinstance(version, int) and version > SEALED_SCHEMA_VERSION:
        raise UserError(
            messages.STORE_NEWER,
        )
