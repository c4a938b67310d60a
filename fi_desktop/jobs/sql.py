"""Rows in SQLite: diskcache.Cache, and the SQL that goes beyond its public interface.

diskcache opens the file, owns the table and runs transactions. This is the only module that knows its table
(`Cache`: key, raw, tag, mode, filename, value). It writes SQL for three reasons:

- diskcache cannot do it: ranges of keys, reading tags, savepoints, checks, checkpoints.
- diskcache does it in three statements, and a job costs a dozen writes: `put` and `delete`.
- Every row would pay for bookkeeping that only eviction needs, and this store never evicts.

Keys are str. Values are JSON text or int, never pickled: diskcache unpickles whatever a row claims to be a
pickle (CVE-2025-69872), so one forged row would run code in the app.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from diskcache import UNKNOWN, Cache, Disk, Timeout
from diskcache.core import MODE_RAW

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.system import log
from fi_desktop.system.data_folder import data_folder_full
from fi_desktop.system.files import has_room

DATABASE = "cache.db"
"""The database's file name."""
_NEVER = 2**62  # bytes; no store gets this large, so nothing is evicted or moved to a file
_BUSY_TIMEOUT_S = 5.0
_EVICTION_TRIGGERS = ("count_insert", "count_delete", "size_insert", "size_update", "size_delete")
_EVICTION_INDEXES = (("Cache_expire_time", "expire_time"), ("Cache_tag_rowid", "tag, rowid"))

# mode 1 is diskcache's MODE_RAW
_PUT = (
    "INSERT INTO Cache (key, raw, tag, mode, value) VALUES (?, 1, ?, 1, ?)"
    " ON CONFLICT (key, raw) DO UPDATE SET tag = excluded.tag, value = excluded.value"
)
_DELETE = "DELETE FROM Cache WHERE key = ? AND raw = 1"
_SELECT = "SELECT key, mode, filename, value FROM Cache WHERE "
_BETWEEN = "key >= ? AND key < ? AND raw = 1"

_LINES_PER_PARSE = 200
_ROWS_PER_PAGE = 40
_MAGIC = b"SQLite format 3"
_LARGEST_BYTES = 2**36  # a header with a larger size is damaged too
_BYTES_TO_OPEN = 64 * 1024  # SQLite's companion files, and some more
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")

to_text = json.JSONEncoder(separators=(",", ":")).encode
"""Encode a value as it is stored: ASCII only, since file names may hold bytes that SQLite refuses as text."""


class RefusedRow(ValueError):
    """A row has a form that this program never writes."""


class StoredRow(NamedTuple):
    """A row as SQLite returns it; `Rows.value` decodes it."""

    key: str
    mode: int
    filename: str | None
    stored: Any


class Rows:
    """One database of rows, used by the thread that opened it.

    Attributes:
        cache: diskcache's view of the database.
        execute: runs one SQL statement.
    """

    def __init__(self, folder: Path) -> None:
        """Open the database in a folder, or create it.

        Raises:
            UserError: store.damaged.
            TransientError: it cannot be opened now.
        """
        with opening(folder):
            self.cache: Cache = open_cache(folder)
        self.execute: Callable[..., sqlite3.Cursor] = self.cache._con.execute

    def close(self) -> None:
        """Close the database; committed rows stay."""
        self.cache.close()

    # ---- writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside, or nothing if the block raises.

        Raises:
            TransientError: the disk is full, or the database cannot be written now; nothing was written.
        """
        try:
            with self.cache.transact(retry=False):
                yield
        except (sqlite3.OperationalError, Timeout) as error:
            connection = self.cache._con
            if connection.in_transaction:  # diskcache does not roll back when COMMIT itself fails
                connection.rollback()
            raise unwritable(error) from error

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is written inside if the block raises; the transaction continues."""
        self.execute("SAVEPOINT command")
        try:
            yield
        except sqlite3.OperationalError as error:
            raise unwritable(error) from error
        except BaseException:
            self.execute("ROLLBACK TO command")
            self.execute("RELEASE command")
            raise
        self.execute("RELEASE command")

    def put(self, key: str, stored: str | int, tag: str | None = None) -> None:
        """Insert or replace a row; `stored` is JSON text or an int."""
        self.execute(_PUT, (key, tag, stored))

    def delete(self, key: str) -> None:
        """Delete a row, if there is one."""
        self.execute(_DELETE, (key,))

    def delete_between(self, first: str, end: str) -> None:
        """Delete the rows from key `first` up to, not including, `end`."""
        self.execute(f"DELETE FROM Cache WHERE {_BETWEEN}", (first, end))

    def delete_between_with_value(self, first: str, end: str, stored: int) -> None:
        """Delete the rows of a range that hold this int."""
        self.execute(f"DELETE FROM Cache WHERE {_BETWEEN} AND value = ?", (first, end, stored))

    # ---- reading

    def value(self, row: Sequence[Any]) -> Any:
        """Decode a `StoredRow`'s value.

        Raises:
            ValueError: the value is not JSON text; RefusedRow if it is pickled, binary, or in a file.
        """
        _, mode, filename, stored = row
        return self.cache.disk.fetch(mode, filename, stored, False)

    def row(self, key: str) -> StoredRow | None:
        """Return one row."""
        found = self.execute(f"{_SELECT} key = ? AND raw = 1", (key,)).fetchone()
        return None if found is None else StoredRow(*found)

    def tag(self, key: str) -> str | None:
        """Return one row's tag."""
        found = self.execute("SELECT tag FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchone()
        return None if found is None else found[0]

    def between(self, first: str, end: str, *, limit: int = -1, descending: bool = False) -> list[Any]:
        """Return the rows from key `first` up to, not including, `end`, in order of their keys."""
        order = "DESC" if descending else "ASC"
        query = f"{_SELECT} {_BETWEEN} ORDER BY key {order} LIMIT ?"
        return self.execute(query, (first, end, limit)).fetchall()

    def tagged(self, tag: str, *, above: str, limit: int = -1) -> list[Any]:
        """Return the rows with a tag and a key above `above`, in order of their keys."""
        query = f"{_SELECT} tag = ? AND key > ? ORDER BY key LIMIT ?"
        return self.execute(query, (tag, above, limit)).fetchall()

    def keys(self, first: str, end: str) -> list[str]:
        """Return the keys from `first` up to, not including, `end`."""
        return [key for (key,) in self.execute(f"SELECT key FROM Cache WHERE {_BETWEEN}", (first, end))]

    def first_key(self, first: str, end: str) -> str | None:
        """Return the lowest key from `first` up to, not including, `end`."""
        query = f"SELECT key FROM Cache WHERE {_BETWEEN} ORDER BY key LIMIT 1"
        found = self.execute(query, (first, end)).fetchone()
        return None if found is None else found[0]

    def ints(self, first: str, end: str) -> list[int]:
        """Return the values from key `first` up to, not including, `end`, which are ints."""
        return [
            int(value) for (value,) in self.execute(f"SELECT value FROM Cache WHERE {_BETWEEN}", (first, end))
        ]

    def count_tags(self) -> dict[str, int]:
        """Count the rows with each tag."""
        query = "SELECT tag, COUNT(*) FROM Cache WHERE tag IS NOT NULL GROUP BY tag"
        return dict(self.execute(query).fetchall())

    def field_below(
        self, first: str, end: str, field: str, bound: float, *, tags: Sequence[str] = ()
    ) -> list[Any]:
        """Return the rows of a range, with one of these tags if any, whose JSON has a number below `bound`.

        In SQL, since decoding each record in Python takes ten times as long.
        """
        query = f"{_SELECT} {_BETWEEN} AND CASE WHEN json_valid(value) THEN json_extract(value, ?) END < ?"
        if tags:
            query += f" AND tag IN ({', '.join('?' * len(tags))})"
        return self.execute(query, (first, end, f"$.{field}", bound, *tags)).fetchall()

    def extracts(
        self, first: str, end: str, limit: int, *, tag: str, single: str, paths: Sequence[str]
    ) -> list[Any] | None:
        """Return the highest rows of a range, decoded; of some only the values at JSON paths, as a list.

        SQLite extracts the values and joins a page into one text: other threads hold Python's lock meanwhile,
        which decoding row by row would keep asking for.

        tag, single: only the values are returned of rows with this tag whose array at this path has one item.
        Returns: in no order; None if a row cannot be read.
        """
        query = f"""
            SELECT COUNT(*), COUNT(record), group_concat(record, char(10)) FROM (
                SELECT CASE
                    WHEN mode <> {MODE_RAW} OR filename IS NOT NULL OR typeof(value) <> 'text' THEN NULL
                    WHEN tag IS NOT ? OR NOT json_valid(value) THEN value
                    WHEN json_array_length(value, ?) IS NOT 1 THEN value
                    ELSE json_extract(value, {", ".join("?" * len(paths))}) END AS record
                FROM Cache WHERE {_BETWEEN} ORDER BY key DESC LIMIT ?)
        """
        rows, readable, lines = self.execute(query, (tag, single, *paths, first, end, limit)).fetchone()
        if readable < rows:
            return None
        try:
            return list(_parse((lines or "").splitlines()))
        except (ValueError, RecursionError):  # the latter: nested too deeply
            return None

    # ---- the file

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with its file; empty if nothing is."""
        found = [row[0] for row in self.execute("PRAGMA quick_check").fetchall()]
        return [] if found == ["ok"] else found

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty it; False if there is no room now."""
        with suppress(sqlite3.OperationalError):
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return True
        return False

    def vacuum(self) -> bool:
        """Rewrite the database without its free pages; False if there is no room now."""
        with suppress(sqlite3.OperationalError):
            self.execute("VACUUM")
            return True
        return False


def open_cache(folder: Path) -> Cache:
    """Open diskcache so that it never evicts, never pickles, and never loses a commit.

    Every opener writes its settings into the database, so nothing else may open one.
    """
    cache = Cache(
        str(folder),
        timeout=_BUSY_TIMEOUT_S,
        disk=JSONTextDisk,
        disk_min_file_size=_NEVER,
        eviction_policy="none",
        cull_limit=0,
        size_limit=_NEVER,
        statistics=0,
        tag_index=1,
        sqlite_synchronous=2,  # FULL: NORMAL may lose the last commits in a power cut
        sqlite_auto_vacuum=0,  # free pages are reused; moving them costs a tenth of a transaction
        sqlite_secure_delete=1,  # overwrite deleted data; not every build of SQLite does by default
        sqlite_mmap_size=0,  # a mapped file that becomes unreadable kills the process
    )
    try:
        with cache.transact(retry=False):
            _drop_eviction(cache._con)
    except BaseException:
        cache.close()
        raise
    return cache


def _drop_eviction(connection: sqlite3.Connection) -> None:
    """Drop what diskcache has just created to be able to evict."""
    for trigger in _EVICTION_TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS Settings_{trigger}")
    if connection.execute("SELECT 1 FROM Cache LIMIT 1").fetchone() is None:
        for name, columns in _EVICTION_INDEXES:  # under the same names, or diskcache would create them again
            connection.execute(f"DROP INDEX IF EXISTS {name}")
            first = columns.partition(",")[0]
            connection.execute(f"CREATE INDEX {name} ON Cache ({columns}) WHERE {first} IS NOT NULL")


def peek(folder: Path, key: str) -> Any:
    """Read one value without changing the database's files; None if it cannot be read like that."""
    file = folder / DATABASE
    if not file.is_file():
        return None
    # The log of an owner that was killed must be read too. Without a log, mode=ro would create files.
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").is_file() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{mode}", uri=True)) as connection:
            row = connection.execute("SELECT value FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else row[0]


def salvage(database: Path) -> Iterator[tuple[str, Any]]:
    """Yield keys and stored values of a damaged database, as far as they can be read, one by one."""
    scratch, query = database.with_suffix(".scratch"), "SELECT key, value FROM Cache WHERE rowid = ?"
    try:
        pages = _copy_whole(database, scratch)
        with closing(sqlite3.connect(scratch)) as connection:
            for rowid in range(1, _last_row(connection, pages) + 1):
                try:
                    row = connection.execute(query, (rowid,)).fetchone()
                except sqlite3.DatabaseError:
                    continue
                if row is not None and isinstance(row[0], str):
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


class JSONTextDisk(Disk):  # type: ignore[misc]  # diskcache ships no types
    """Stores values as JSON text and refuses pickles. Ints stay raw: `Cache.incr` adds to them in SQL."""

    def put(self, key: str) -> tuple[str, bool]:
        """Return the key as it is stored.

        Raises:
            TypeError: the key is not a str.
        """
        if not isinstance(key, str):
            raise TypeError("the store's keys are str")
        return key, True

    def get(self, key: Any, raw: bool) -> str:
        """Return a row's key.

        Raises:
            RefusedRow: the key is not text.
        """
        if not raw or not isinstance(key, str):
            raise RefusedRow("a key that is not text")
        return key

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> tuple[int, int, str | None, Any]:
        """Return (size, mode, file name, stored value); never a file, which no transaction covers."""
        if read:
            raise TypeError("the store holds values, not open files")
        if type(value) is int:
            return 0, MODE_RAW, None, value
        return 0, MODE_RAW, None, to_text(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        """Return a row's value.

        Raises:
            ValueError: the value is not JSON text; RefusedRow if it is pickled, binary, in a file, or nested
                deeper than Python reads.
        """
        if mode != MODE_RAW or filename is not None or read or isinstance(value, bytes):
            raise RefusedRow("a value that is not JSON text")
        try:
            return json.loads(value) if isinstance(value, str) else value
        except RecursionError as error:
            raise RefusedRow("JSON that is nested too deeply") from error


def _parse(lines: Sequence[str]) -> Iterable[Any]:
    """Decode lines of JSON, many at once: one by one takes half as long again, all at once blocks threads."""
    for start in range(0, len(lines), _LINES_PER_PARSE):
        yield from json.loads(f"[{','.join(lines[start : start + _LINES_PER_PARSE])}]")


# ---- SQLite's errors as sentences; SQLite's own reason goes to the log


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Raise what goes wrong inside as what prevents the database in `folder` from being opened.

    Raises:
        UserError: store.damaged.
        TransientError: it cannot be opened now.
    """
    try:
        yield
    except (sqlite3.OperationalError, Timeout) as error:
        raise _unavailable(error, folder) from error
    except (sqlite3.DatabaseError, RefusedRow) as error:
        log.event("STORE_DAMAGED", reason=_reason(error))
        raise UserError(messages.STORE_DAMAGED) from error


def unwritable(error: Exception) -> TransientError:
    """Return the error to raise for a transaction that could not be written."""
    reason = _reason(error)
    log.event("STORE_WRITE_FAILED", reason=reason)
    if reason.startswith("SQLITE_FULL"):
        return TransientError(messages.STORE_FULL)
    if reason.startswith(_BUSY):
        return TransientError(messages.STORE_BUSY)
    return TransientError(messages.STORE_UNWRITABLE)


def _unavailable(error: Exception, folder: Path) -> TransientError:
    log.event("STORE_OPEN_FAILED", reason=_reason(error))
    if not has_room(folder, _BYTES_TO_OPEN):  # SQLite reports a full disk as an input or output error
        return data_folder_full(folder.parent)
    return TransientError(messages.STORE_UNAVAILABLE)


def _reason(error: Exception) -> str:
    """Return SQLite's name of the first error, such as SQLITE_FULL.

    A second rollback fails too, and its error hides the one that caused the first.
    """
    first: BaseException = error
    while isinstance(first.__context__, Exception):
        first = first.__context__
    if isinstance(first, sqlite3.Error):
        return getattr(first, "sqlite_errorname", type(first).__name__)
    return _BUSY[0] if isinstance(first, Timeout) else type(first).__name__
