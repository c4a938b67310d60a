"""The store: every job, its events and its place in the queue, in one diskcache.Cache.

Beside it only `opening.py` and `disk.py` know diskcache. One thread of one process owns a store (SQLite
before 3.51.3 can corrupt a WAL database that two connections write; see
https://sqlite.org/wal.html#walresetbug), so it must be opened on the thread that uses it. What is written
inside `transaction()` is there together after a power cut, or not at all.

Rows, all under text keys, so that a range of keys is a range of things:

    j:<id>                  the job's record; its tag is the job's state
    e:<id>:<number>         the job's events, in order, each chained to the one before by its hash
    q:<priority>:<id>       ready jobs, best first; the value is the job's id
    d:<due time>:<id>       retries that wait, soonest first; the value is the job's id
    b:<batch>:<id>          the jobs of a batch
    f:<fingerprint>:<id>    the jobs of a recording with the same options; the value is the job's id
    m:…                     the schema's version, the last id, the owner's epoch, whether an owner
                            has it open, whether the queue is paused, whether what is deleted was always
                            overwritten

Since there is no other writer, what was written last is remembered, and so need not be read for the next
change; nor need what is asked at every claim: whether the queue is paused, and which retry is due first; nor,
as long as no job changes, how many jobs are in each state. Whatever undoes a write makes the store forget all
of that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from diskcache import Cache, Timeout
from diskcache.core import MODE_RAW

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.listed import DONE_PATHS, Done, listed_from_json
from fi_desktop.core.records import event_from_json, event_to_json, job_from_json, job_to_json
from fi_desktop.jobs.chain import ROOT, UNREADABLE, link
from fi_desktop.jobs.disk import RefusedRow, to_text, to_values
from fi_desktop.jobs.keys import batch_key, event_key, place_key, record_key, same_key
from fi_desktop.jobs.opening import open_cache, schema_of
from fi_desktop.jobs.restored import restored
from fi_desktop.jobs.trouble import damaged, unavailable, unwritable

SCHEMA_VERSION = 1
_REMEMBERED = 10_000  # jobs; some megabytes

# as diskcache writes a row, in one statement where it takes three; mode 1 is its MODE_RAW
_PUT = (
    "INSERT INTO Cache (key, raw, tag, mode, value) VALUES (?, 1, ?, 1, ?)"
    " ON CONFLICT (key, raw) DO UPDATE SET tag = excluded.tag, value = excluded.value"
)
_DELETE = "DELETE FROM Cache WHERE key = ? AND raw = 1"
# SQLite picks the values out of the records and puts a page together as one text: other threads have Python's
# lock meanwhile, which would be asked for again at each row
_LISTED = f"""
    SELECT COUNT(*), COUNT(record), group_concat(record, char(10)) FROM (
        SELECT CASE
            WHEN mode <> {MODE_RAW} OR filename IS NOT NULL OR typeof(value) <> 'text' THEN NULL
            WHEN tag IS NOT '{JobState.COMPLETED.value}' OR NOT json_valid(value) THEN value
            WHEN json_array_length(value, '$.attempts') IS NOT 1 THEN value
            ELSE json_extract(value, {", ".join("?" * len(DONE_PATHS))}) END AS record
        FROM Cache WHERE key < ? AND key > 'j:' AND raw = 1 ORDER BY key DESC LIMIT ?)
"""


class _Written(NamedTuple):
    """A job as it was written last, with number and hash of its last event."""

    job: Job
    number: int
    digest: str


class JobStore:
    """Jobs on disk.

    Attributes:
        epoch: grows by one each time the store is opened; it tells this owner's claims from an earlier
            owner's.
        sound: False where the last owner did not close the store and SQLite finds its file damaged.
        notice: a sentence for the person about how the store was opened; mostly empty.
    """

    notice = ""

    def __init__(self, folder: Path) -> None:
        """Open the store, making it where there is none.

        Raises:
            UserError: it was written by a newer version, or is no store.
            TransientError: it cannot be opened now.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_newer(schema_of(folder))
        try:
            self._cache: Cache = open_cache(folder)
        except (sqlite3.OperationalError, Timeout) as error:
            raise unavailable(error, folder) from error
        except sqlite3.DatabaseError as error:
            raise damaged(error) from error
        self._sql = self._cache._con.execute
        self._written: dict[int, _Written] = {}
        self._paused: bool | None = None  # None: to be read
        self._waiting: tuple[str, ...] | None = (
            None  # the key of the retry that is due first; None: to be read
        )
        self._counts: dict[JobState, int] | None = None  # None: to be counted
        self._last_id: int | None = None  # None: to be read
        self._ids_given = False  # … since the last id was written
        self._removed = False  # jobs were removed, and the log may still hold what they were
        try:
            self._begin()
        except sqlite3.OperationalError as error:
            self._cache.close()
            raise unavailable(error, folder) from error
        except (sqlite3.DatabaseError, RefusedRow) as error:
            self._cache.close()
            raise damaged(error) from error
        except BaseException:
            self._cache.close()
            raise

    def _begin(self) -> None:
        _refuse_newer(self._cache.get("m:schema", default=SCHEMA_VERSION))
        self.sound = not self._cache.get("m:open", default=0) or not self.check()
        if not self._cache.get("m:overwrites", default=0):
            self._overwrite_free_pages()
        with self.transaction():
            self._cache.set("m:schema", SCHEMA_VERSION)
            self._cache.set("m:open", 1)
            self.epoch: int = self._cache.incr("m:epoch", default=0)

    def _overwrite_free_pages(self) -> None:
        """Rid the file of what was deleted before deleting overwrote; once in a store's life."""
        with suppress(sqlite3.OperationalError):  # no room for it now: tried again at the next start
            self._sql("VACUUM")
            self._cache.set("m:overwrites", 1)

    def close(self) -> None:
        """Close the store; what was committed stays."""
        try:
            with suppress(TransientError), self.transaction():  # else it is looked over at the next start
                self._cache.set("m:open", 0)
        finally:
            self._cache.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is written inside together, or nothing of it where an exception leaves the block.

        Raises:
            TransientError: the disk is full, or the database cannot be written now; nothing was written.
        """
        try:
            with self._cache.transact(retry=False):
                yield
                if self._ids_given:
                    self._sql(_PUT, ("m:last_id", None, self._last_id))
                    self._ids_given = False
        except (sqlite3.OperationalError, Timeout) as error:
            connection = self._cache._con
            if connection.in_transaction:  # diskcache does not roll back where COMMIT itself fails
                connection.rollback()
            self._forget_all()
            raise unwritable(error) from error
        except BaseException:
            self._forget_all()
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is written inside where an exception leaves the block; the transaction goes on."""
        self._sql("SAVEPOINT command")
        try:
            yield
        except sqlite3.OperationalError as error:
            raise unwritable(error) from error
        except BaseException:
            self.forget()
            self._sql("ROLLBACK TO command")
            self._sql("RELEASE command")
            raise
        self._sql("RELEASE command")

    def forget(self) -> None:
        """Read jobs and queue from the disk again, from now on."""
        self._written.clear()
        self._paused = self._waiting = self._counts = None

    def never_reuse(self, last_id: int) -> None:
        """Give ids above this one alone. Needs a transaction."""
        self._last_id, self._ids_given = last_id, True

    def next_id(self) -> int:
        """Return an id that was never used before. Needs a transaction: its end writes the last one."""
        self._last_id, self._ids_given = self.last_id + 1, True
        return self._last_id

    @property
    def last_id(self) -> int:
        """The highest id that was ever given; 0: none was."""
        if self._last_id is None:
            self._last_id = int(self._cache.get("m:last_id", default=0))
        return self._last_id

    def write(self, before: Job | None, job: Job, event: JobEvent) -> None:
        """Write the job after an event, the event, and the job's place in the queue. Needs a transaction."""
        self._counts = None
        if before is not None:
            self._unplace(before)
        if (place := place_key(job)) is not None:
            self._sql(_PUT, (place, None, job.id))
            if job.state is JobState.RETRYING:
                self._waiting = None
        if before is None and job.batch is not None:
            self._sql(_PUT, (batch_key(job), None, job.id))
        known_by = before.fingerprint if before is not None else None
        if before is not None and known_by is not None and known_by != job.fingerprint:
            self._sql(_DELETE, (same_key(before),))
        if job.fingerprint is not None and job.fingerprint != known_by:
            self._sql(_PUT, (same_key(job), None, job.id))
        self._sql(_PUT, (record_key(job.id), job.state.value, to_text(job_to_json(job))))
        number, last = (0, ROOT) if before is None else self._last_link(job.id)
        text, digest = link(last, event_to_json(event))
        self._sql(_PUT, (event_key(job.id, number + 1), None, text))
        self._remember(_Written(job, number + 1, digest))

    def get(self, job_id: int) -> Job | None:
        """Return the job, or None where there is none."""
        if (written := self._written.get(job_id)) is not None:
            return written.job
        row = self._sql(
            "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1", (record_key(job_id),)
        ).fetchone()
        return None if row is None else self._job(job_id, row)

    def record(self, job_id: int) -> Job | None:
        """Return the job as its record says, or None where there is none.

        Raises:
            KeyError, TypeError, ValueError: the record cannot be read.
        """
        record = self._cache.get(record_key(job_id))
        return None if record is None else job_from_json(record)

    def events(self, job_id: int) -> list[JobEvent]:
        """Return what happened to the job, in order."""
        return [event_from_json(data["event"]) for data in self.links(job_id)]

    def links(self, job_id: int) -> list[dict[str, Any]]:
        """Return the job's chained events as they lie in the store, in order; see `chain.py`."""
        return [self._value(row) for row in self._between(f"e:{job_id:012d}:")]

    @property
    def paused(self) -> bool:
        """Whether nothing is to be claimed; set inside a transaction."""
        if self._paused is None:
            self._paused = bool(self._cache.get("m:paused", default=0))
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._sql(_PUT, ("m:paused", None, int(paused)))
        self._paused = paused

    def known(self, fingerprint: str) -> list[Job]:
        """Return the jobs of this recording with these options, the newest first."""
        rows = self._between(f"f:{fingerprint}:")
        return [job for row in reversed(rows) if (job := self.get(self._value(row))) is not None]

    def batch(self, batch: int) -> list[Job]:
        """Return the jobs that were handed in together, in order."""
        rows = self._between(f"b:{batch:012d}:")
        return [job for row in rows if (job := self.get(self._value(row))) is not None]

    def first_ready(self) -> Job | None:
        """Return the best job that is ready: the most urgent, then the oldest."""
        return self._first("q:", "q;")

    def next_due_at(self) -> float | None:
        """Return when the soonest waiting retry is due, UTC seconds since the epoch; None: none waits."""
        first = self._first_waiting()
        return float(first[0].split(":")[1]) if first else None

    def first_due(self, now: float) -> Job | None:
        """Return the waiting retry that has been due for longest at `now`, or None."""
        while (first := self._first_waiting()) and first[0] <= f"d:{now:017.3f}:~":
            job = self.get(int(first[0].rpartition(":")[2]))
            if job is not None and place_key(job) == first[0]:
                return job
            self._sql(_DELETE, first)  # of a job that cannot be read, or does not wait there
            self._waiting = None
        return None

    def jobs(self, *, state: JobState | None = None, after: int = 0, limit: int | None = None) -> list[Job]:
        """Return jobs in order of submission: those with an id above `after`, at most `limit` of them."""
        bound = -1 if limit is None else limit
        if state is None:
            rows = self._sql(
                "SELECT key, mode, filename, value FROM Cache WHERE key > ? AND key < 'j;' AND raw = 1"
                " ORDER BY key LIMIT ?",
                (record_key(after), bound),
            )
        else:
            rows = self._sql(
                "SELECT key, mode, filename, value FROM Cache WHERE tag = ? AND key > ? ORDER BY key LIMIT ?",
                (state.value, record_key(after), bound),
            )
        return self._jobs(rows.fetchall())

    def newest(self, limit: int) -> list[Job]:
        """Return the jobs that were submitted last, the newest first."""
        return self._below("j;", limit)

    def listed(self, before: int, limit: int) -> list[Job | Done]:
        """Return jobs with an id below `before`, the newest first: as little as a list needs of each."""
        rows, sound, lines = self._sql(_LISTED, (*DONE_PATHS, record_key(before), limit)).fetchone()
        try:
            jobs = list(map(listed_from_json, to_values(lines or "")))
        except UNREADABLE:
            sound = 0
        if sound < rows:  # one cannot be read: each by itself
            return list(self._below(record_key(before), limit))
        return sorted(jobs, key=attrgetter("id"), reverse=True)

    def finished_before(self, moment: float, *, after: int, up_to: int) -> list[Job]:
        """Return the jobs above `after` and up to `up_to` that were finished before then, UTC seconds."""
        # in SQL: to make a Job of each record takes ten times as long
        rows = self._sql(
            "SELECT key, mode, filename, value FROM Cache WHERE key > ? AND key <= ? AND raw = 1"
            " AND CASE WHEN json_valid(value) THEN json_extract(value, '$.finished_at') END < ?",
            (record_key(after), record_key(up_to), moment),
        )
        return self._jobs(rows.fetchall())

    def ids(self) -> list[int]:
        """Return the ids of all jobs."""
        rows = self._sql("SELECT key FROM Cache WHERE key > 'j:' AND key < 'j;' AND raw = 1")
        return [int(key[2:]) for (key,) in rows.fetchall()]

    def is_finished(self, job_id: int) -> bool:
        """Whether there is a job of this id, in a final state."""
        row = self._sql("SELECT tag FROM Cache WHERE key = ? AND raw = 1", (record_key(job_id),)).fetchone()
        return row is not None and JobState(row[0]).final

    def placed(self) -> list[int]:
        """Return the id of the job at each place in the queue, ready and waiting."""
        rows = self._sql(
            "SELECT value FROM Cache WHERE raw = 1"
            " AND (key >= 'q:' AND key < 'q;' OR key >= 'd:' AND key < 'd;')"
        )
        return [int(value) for (value,) in rows.fetchall()]

    def counts(self) -> dict[JobState, int]:
        """Return the number of jobs in each state."""
        if self._counts is None:
            rows = self._sql("SELECT tag, COUNT(*) FROM Cache WHERE tag IS NOT NULL GROUP BY tag")
            found = dict(rows.fetchall())
            self._counts = {state: found.get(state.value, 0) for state in JobState}
        return dict(self._counts)

    def remove(self, job: Job) -> None:
        """Forget the job and its events. Needs a transaction; see `clear_log`."""
        self._removed = True
        self._written.pop(job.id, None)
        self._counts = None
        self._unplace(job)
        if job.batch is not None:
            self._sql(_DELETE, (batch_key(job),))
        if job.fingerprint is not None:
            self._sql(_DELETE, (same_key(job),))
        self._sql(_DELETE, (record_key(job.id),))
        self._sql(
            "DELETE FROM Cache WHERE key >= ? AND key < ? AND raw = 1",
            (f"e:{job.id:012d}:", f"e:{job.id:012d};"),
        )

    def clear_log(self) -> None:
        """Take what was removed out of the write-ahead log too; nothing where nothing was removed.

        Costs two fsyncs, so it is for when nothing else waits. Not inside a transaction.
        """
        if self._removed:
            with suppress(sqlite3.OperationalError):  # no room for it now: it is done later, or at the end
                self._sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self._removed = False

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with its file; nothing where all is well."""
        rows = [row[0] for row in self._sql("PRAGMA quick_check").fetchall()]
        return [] if rows == ["ok"] else rows

    def _forget_all(self) -> None:
        """Forget ids too; not where a savepoint alone was undone: those given before are not on disk yet."""
        self.forget()
        self._last_id, self._ids_given = None, False

    def _unplace(self, job: Job) -> None:
        if (place := place_key(job)) is not None:
            self._sql(_DELETE, (place,))
            if job.state is JobState.RETRYING:
                self._waiting = None

    def _first_waiting(self) -> tuple[str, ...]:
        """Return the key of the retry that is due first; nothing where none waits."""
        if self._waiting is None:
            row = self._sql(
                "SELECT key FROM Cache WHERE key >= 'd:' AND key < 'd;' AND raw = 1 ORDER BY key LIMIT 1"
            ).fetchone()
            self._waiting = row or ()
        return self._waiting

    def _remember(self, written: _Written) -> None:
        if written.job.state.final:  # it will hardly change again
            self._written.pop(written.job.id, None)
            return
        if len(self._written) >= _REMEMBERED:
            self._written.clear()
        self._written[written.job.id] = written

    def _last_link(self, job_id: int) -> tuple[int, str]:
        """Return number and hash of the job's last event; 0 and the chain's root where there is none."""
        if (written := self._written.get(job_id)) is not None:
            return written.number, written.digest
        row = self._sql(
            "SELECT key, mode, filename, value FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
            " ORDER BY key DESC LIMIT 1",
            (f"e:{job_id:012d}:", f"e:{job_id:012d};"),
        ).fetchone()
        if row is None:
            return 0, ROOT
        try:
            digest = str(self._value(row[1:])["hash"])
        except UNREADABLE:
            digest = ROOT  # the chain is broken there, and `verify` says so
        return int(row[0].rpartition(":")[2]), digest

    def _between(self, prefix: str) -> list[Any]:
        rows = self._sql(
            "SELECT mode, filename, value FROM Cache WHERE key >= ? AND key < ? AND raw = 1 ORDER BY key",
            (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)),
        )
        return list(rows.fetchall())

    def _first(self, start: str, end: str) -> Job | None:
        query = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1 ORDER BY key LIMIT 1"
        while (row := self._sql(query, (start, end)).fetchone()) is not None:
            job = self.get(int(row[0].rpartition(":")[2]))
            if job is not None and place_key(job) == row[0]:
                return job
            self._sql(_DELETE, row)  # of a job that cannot be read, or does not wait there
        return None

    def _below(self, key: str, limit: int) -> list[Job]:
        """Return jobs whose records come before a key, the newest first, but not what cannot be read."""
        jobs: list[Job] = []
        while len(jobs) < limit:
            rows = self._sql(
                "SELECT key, mode, filename, value FROM Cache WHERE key > 'j:' AND key < ? AND raw = 1"
                " ORDER BY key DESC LIMIT ?",
                (key, limit - len(jobs)),
            ).fetchall()
            if not rows:
                break
            jobs += self._jobs(rows)
            key = rows[-1][0]
        return jobs

    def _jobs(self, rows: Iterable[tuple[Any, ...]]) -> list[Job]:
        """Return the jobs of rows with their keys, without those that cannot be read."""
        found = (self._job(int(key[2:]), row) for key, *row in rows)
        return [job for job in found if job is not None]

    def _job(self, job_id: int, row: Sequence[Any]) -> Job | None:
        """Return the job of a row; one that cannot be read is what its events say, as far as these can be."""
        try:
            return job_from_json(self._value(row))
        except UNREADABLE:
            return self._restored(job_id)

    def _restored(self, job_id: int) -> Job | None:
        """Write a record from the job's events; None: they cannot be read either, and nothing is changed."""
        job = restored(self._sql, self._value, job_id)
        if job is not None:
            self._sql(_PUT, (record_key(job_id), job.state.value, to_text(job_to_json(job))))
            if (place := place_key(job)) is not None:
                self._sql(_PUT, (place, None, job_id))
            self.forget()
        return job

    def _value(self, row: Sequence[Any]) -> Any:
        mode, filename, value = row
        return self._cache.disk.fetch(mode, filename, value, False)


def _refuse_newer(version: int | None) -> None:
    """What is not understood is not touched, though it would open.

    Raises:
        UserError: the store was written by a newer version.
    """
    if version is not None and version > SCHEMA_VERSION:
        raise UserError(
            "store.newer",
            "The queue was written by a newer version of fi-desktop: nothing was changed; start that version "
            "again, or choose another data folder by FI_DESKTOP_HOME.",
        )
