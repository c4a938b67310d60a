"""The index of all transcripts: SQLite's FTS5 in a database that can be made again from the results.

    results      one row a job: when it was recorded, its case, and which files its lines were read from
    passages     the lines, packed, some in each row
    vocabulary   each word once, with a number, and how many results have it
    lines        the full-text index: one row a line, with the numbers of its words in place of a text

`words` has every word; `stems` only those stems that are another word, without the others' positions; `name`
and `role` say who speaks. The rows of `lines` are numbered so that the newest job comes last, and its first
line comes last: read backwards, they are in the order of a list.

Nothing that was removed stays in the file. With its option `secure-delete` FTS5 takes a line's words out of
its pages at once, if it gets them again: that is one reason to store the lines, the other is to show them
without reading results. It keeps how pages began, though, which could be names: hence numbers.
SQLite overwrites what is deleted in the other tables, and `erase` empties the write-ahead log.

One process writes, the owner of the queue; others read. `apsw` brings its SQLite: those of some systems are
too old for `secure-delete`, and none seals its pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from fi_desktop.jobs.spoken_lines import MOST_LINES, UNREADABLE_LINES, SpokenLine, pack, unpack
from fi_desktop.jobs.spoken_words import keys_of, words_of

INDEX_FILE = "transcripts.db"
DAMAGED_MARK = "damaged"
"""A file of this name next to it asks its writer to make it again."""
INDEX_VERSION = 1
"""Grows with each change of what is stored, of `spoken_words`, or of the stemmer: the index is made again."""
LINE_BITS = MOST_LINES.bit_length() - 1
_PASSAGE_BITS = 5  # 32 lines: fewer compress less, more take longer to read
BUSY_TIMEOUT_MS = 5_000
_CACHE_KIB = 16_384
_CIPHER = "chacha20"  # ChaCha20-Poly1305 a page, of SQLite3 Multiple Ciphers

_CASE_COLUMN = ", case_key TEXT NOT NULL DEFAULT ''"  # an index of before there were cases gets it too
_SCHEMA = f"""
    CREATE TABLE results (job INTEGER PRIMARY KEY, at REAL, stamp TEXT{_CASE_COLUMN});
    CREATE INDEX results_at ON results (at);
    CREATE TABLE passages (number INTEGER PRIMARY KEY, packed BLOB);
    CREATE TABLE vocabulary (number INTEGER PRIMARY KEY, word TEXT UNIQUE, results INTEGER);
    CREATE VIRTUAL TABLE lines USING fts5
        (words, stems, name, role, content='', columnsize=0, tokenize=ascii);
    INSERT INTO lines (lines, rank) VALUES ('secure-delete', 1);
    CREATE TABLE about (left INTEGER, cause TEXT, open INTEGER);
    INSERT INTO about VALUES (-1, '', 0);
    PRAGMA user_version = {INDEX_VERSION};
"""
_INSERT = "INSERT INTO lines (rowid, words, stems, name, role) VALUES (?, ?, ?, ?, ?)"
_DELETE = "INSERT INTO lines (lines, rowid, words, stems, name, role) VALUES ('delete', ?, ?, ?, ?, ?)"
_COUNT_IN = (
    "INSERT INTO vocabulary (word, results) VALUES (?, 1)"
    " ON CONFLICT (word) DO UPDATE SET results = results + 1"
)
_COUNT_OUT = "UPDATE vocabulary SET results = results - 1 WHERE word = ?"
_FORGET = "DELETE FROM vocabulary WHERE word = ? AND results <= 0"
DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
"""What SQLite raises if the file is damaged."""


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """Where the index is.

    Attributes:
        folder: of its files.
        key: with which its pages are sealed; None: they are in clear.
    """

    folder: Path
    key: bytes | None = field(default=None, repr=False)

    def connect(self, flags: int = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) -> apsw.Connection:
        """Return a connection; one with another key finds that the file is no database, see `DAMAGE`."""
        connection = apsw.Connection(str(self.folder / INDEX_FILE), flags=flags)
        if self.key is not None:
            connection.pragma("cipher", _CIPHER)
            connection.pragma("key", f"raw:{self.key.hex()}")
        return connection


class IndexUnusable(Exception):
    """The index must be made again. cause: "damaged", "version" or "removed"."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class IndexedJob(NamedTuple):
    """What is known about a job besides its lines.

    Attributes:
        at: when it was recorded, or else added, UTC, seconds since the epoch.
        case_key: the case, see `search_key`.
    """

    at: float
    case_key: str = ""


class TranscriptIndex:
    """The index, as the one process that writes it sees it. Used by one thread."""

    def __init__(self, place: IndexPlace) -> None:
        """Open the index, or create it.

        Raises:
            IndexUnusable: it is damaged, or of another version.
            apsw.Error, OSError: it cannot be opened now.
        """
        place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = place.connect()
        try:
            self._open()
        except DAMAGE as error:
            self._connection.close()
            raise IndexUnusable("damaged") from error
        except BaseException:
            self._connection.close()
            raise

    def _open(self) -> None:
        self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        for pragma in (
            "secure_delete = ON",
            f"cache_size = -{_CACHE_KIB}",
            "journal_mode = WAL",
            "synchronous = NORMAL",  # what a power cut takes is made again
        ):
            self._rows(f"PRAGMA {pragma}")
        if not self._rows("SELECT 1 FROM sqlite_schema LIMIT 1"):
            with self.transaction():
                self._connection.execute(_SCHEMA)
        if self._connection.pragma("user_version") != INDEX_VERSION:
            raise IndexUnusable("version")
        columns = {name for _, name, *_ in self._rows("PRAGMA table_info(results)")}
        if "case_key" not in columns:
            self._connection.execute(f"ALTER TABLE results ADD COLUMN{_CASE_COLUMN[1:]}")
        if self._rows("SELECT open FROM about")[0][0] and self._connection.pragma("quick_check") != "ok":
            raise IndexUnusable("damaged")
        self._connection.execute("UPDATE about SET open = 1")

    def close(self) -> None:
        """Close the index."""
        try:
            self._connection.execute("UPDATE about SET open = 0")
        finally:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside, or nothing if the block raises."""
        with self._connection:
            yield

    # ---- writing

    def put(self, job_id: int, about: IndexedJob, stamp: str, lines: Iterable[SpokenLine]) -> None:
        """Index a job's lines in place of those it had. Needs a transaction. stamp: see `stamp_of`."""
        before = [_Row(job_id, line) for line in self.lines(job_id)]
        after = [_Row(job_id, line) for line in lines]
        self._replace(before, after)
        self._store(job_id, [row.line for row in after])
        result = "INSERT OR REPLACE INTO results (job, at, stamp, case_key) VALUES (?, ?, ?, ?)"
        self._connection.execute(result, (job_id, about.at, stamp, about.case_key))

    def describe(self, job_id: int, about: IndexedJob) -> None:
        """Change what is known about an indexed job. Needs a transaction; then call `erase`."""
        change = "UPDATE results SET at = ?, case_key = ? WHERE job = ?"
        self._connection.execute(change, (about.at, about.case_key, job_id))

    def remove(self, job_id: int) -> bool:
        """Remove a job, if it is there; return whether it was. Needs a transaction; then call `erase`."""
        if not self._rows("SELECT 1 FROM results WHERE job = ?", job_id):
            return False
        self._replace([_Row(job_id, line) for line in self.lines(job_id)], [])
        self._store(job_id, [])
        self._connection.execute("DELETE FROM results WHERE job = ?", (job_id,))
        return True

    def erase(self) -> bool:
        """Empty the write-ahead log, which holds what was removed; False if somebody reads just now."""
        try:
            busy = self._rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]
        except apsw.BusyError:
            return False
        return not busy

    def set_left(self, results: int) -> None:
        """Record how many results are still to be indexed."""
        self._connection.execute("UPDATE about SET left = ?", (results,))

    def set_cause(self, cause: str) -> None:
        """Record why the index is made again; "" once it is complete."""
        self._connection.execute("UPDATE about SET cause = ?", (cause,))

    # ---- reading

    def count(self) -> int:
        """Return how many jobs are indexed."""
        return int(self._rows("SELECT COUNT(*) FROM results")[0][0])

    def jobs(self) -> dict[int, IndexedJob]:
        """Return what is known about each indexed job."""
        return {
            job: IndexedJob(*about) for job, *about in self._rows("SELECT job, at, case_key FROM results")
        }

    def stamps(self) -> dict[int, str]:
        """Return the stamp of each indexed job."""
        return dict(self._rows("SELECT job, stamp FROM results"))

    def lines(self, job_id: int) -> tuple[SpokenLine, ...]:
        """Return a job's lines; none if it is not indexed.

        Raises:
            IndexUnusable: they are damaged.
        """
        found = self._rows(
            "SELECT packed FROM passages WHERE number >= ? AND number < ? ORDER BY number",
            passage_of(job_id, 0),
            passage_of(job_id + 1, 0),
        )
        try:
            return tuple(line for (packed,) in found for line in unpack(packed))
        except UNREADABLE_LINES as error:
            raise IndexUnusable("damaged") from error

    def check(self) -> None:
        """Check the whole full-text index.

        Raises:
            apsw.CorruptError: it is damaged.
        """
        self._connection.execute("INSERT INTO lines (lines) VALUES ('integrity-check')")

    # ---- inside

    def _rows(self, query: str, *values: int) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def _replace(self, before: Sequence[_Row], after: Sequence[_Row]) -> None:
        """Replace a job's rows in the full-text index; those that are equal stay."""
        old, new = _vocabulary(before), _vocabulary(after)
        self._connection.executemany(_COUNT_IN, [(word,) for word in new - old])
        numbers = self._numbers(old | new)
        kept = {row.line for row in before} & {row.line for row in after}
        for statement, rows in ((_DELETE, before), (_INSERT, after)):
            changed = (row.values(numbers) for row in rows if row.line not in kept)
            self._connection.executemany(statement, changed)
        gone = [(word,) for word in old - new]
        self._connection.executemany(_COUNT_OUT, gone)
        self._connection.executemany(_FORGET, gone)

    def _store(self, job_id: int, lines: Iterable[SpokenLine]) -> None:
        passages: dict[int, list[SpokenLine]] = {}
        for line in lines:
            passages.setdefault(passage_of(job_id, line.number), []).append(line)
        self._connection.execute(
            "DELETE FROM passages WHERE number >= ? AND number < ?",
            (passage_of(job_id, 0), passage_of(job_id + 1, 0)),
        )
        self._connection.executemany(
            "INSERT INTO passages (number, packed) VALUES (?, ?)",
            [(number, pack(some)) for number, some in passages.items()],
        )

    def _numbers(self, words: Iterable[str]) -> dict[str, str]:
        query = "SELECT word, number FROM vocabulary WHERE word = ?"
        return {
            str(word): str(number)
            for word, number in self._connection.executemany(query, [(word,) for word in words])
        }


class _Row:
    """A row of the full-text index, still with words.

    Attributes:
        words: those that are numbered.
    """

    def __init__(self, job_id: int, line: SpokenLine) -> None:
        words = list(words_of(line.text, line.language))
        self.line = line
        self._rowid = row_of(job_id, line.number)
        self._columns = (
            [word.key for word in words],
            [word.stem for word in words if word.stem != word.key],
            keys_of(line.name),
        )

    @property
    def words(self) -> Iterator[str]:
        return chain.from_iterable(self._columns)

    def values(self, numbers: Mapping[str, str]) -> tuple[int, str, str, str, str]:
        """Return the row for `_INSERT` and `_DELETE`."""
        words, stems, name = (" ".join(numbers[word] for word in column) for column in self._columns)
        return self._rowid, words, stems, name, self.line.role or ""


def _vocabulary(rows: Iterable[_Row]) -> set[str]:
    return set(chain.from_iterable(row.words for row in rows))


def row_of(job_id: int, number: int) -> int:
    """Return the row of a line in the full-text index."""
    return (job_id << LINE_BITS) + MOST_LINES - 1 - number


def passage_of(job_id: int, number: int) -> int:
    """Return the number of the passage that holds a line."""
    return ((job_id << LINE_BITS) + number) >> _PASSAGE_BITS


def line_at(row: int) -> tuple[int, int]:
    """Return the job and the number of a line."""
    return row >> LINE_BITS, MOST_LINES - 1 - (row & (MOST_LINES - 1))
