"""Search in all transcripts: reads the index that the owner of the queue writes, from any process.

Each search opens the database and closes it: it costs a millisecond, and nobody keeps the writer from erasing
what was removed, or from putting a damaged index aside.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import apsw

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError
from fi_desktop.core.text import search_key
from fi_desktop.jobs.search_expression import ExpressionBuilder
from fi_desktop.jobs.search_query import SearchQuery
from fi_desktop.jobs.spoken_lines import UNREADABLE_LINES, SpokenLine, unpack
from fi_desktop.jobs.transcript_index import (
    BUSY_TIMEOUT_MS,
    DAMAGE,
    DAMAGED_MARK,
    INDEX_FILE,
    INDEX_VERSION,
    LINE_BITS,
    IndexPlace,
    line_at,
    passage_of,
    row_of,
)
from fi_desktop.system import log

_ALL = "SELECT rowid FROM lines WHERE lines MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
_BY_RESULT = (
    f"SELECT lines.rowid FROM lines CROSS JOIN results ON results.job = lines.rowid >> {LINE_BITS}"
    " WHERE lines MATCH ? AND lines.rowid < ? AND lines.rowid >= ? AND results.at >= ? AND results.at < ?"
    " AND instr(results.case_key, ?)"
    " ORDER BY lines.rowid DESC LIMIT ?"
)
_LAST_ROW = 2**62


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line in which something was found.

    Attributes:
        job: its job's id.
        at: when it was recorded, or else added, UTC, seconds since the epoch.
        line: what was said.
        marks: start and end of what was found in its text.
    """

    job: int
    at: float
    line: SpokenLine
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Some of the lines that were found, newest job first.

    Attributes:
        lines: at most as many as were asked for.
        next: for the next page; None if this is the last.
    """

    lines: tuple[FoundLine, ...] = ()
    next: int | None = None


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far the index is.

    Attributes:
        indexed: results that can be searched.
        left: results that are still to be indexed; -1 if nobody has counted yet.
        cause: why it is made again: "damaged", "version" or "removed"; "" if it is not.
    """

    indexed: int = 0
    left: int = -1
    cause: str = ""

    @property
    def complete(self) -> bool:
        """Whether every result can be searched."""
        return self.left == 0


class SearchStopped(CancelledError):
    """The search was stopped by `TranscriptSearch.stop`; nobody waits for it any more."""


class TranscriptSearch:
    """Searches the index. One search runs at a time; `stop` may be called from any thread."""

    def __init__(self, place: Callable[[], IndexPlace]) -> None:
        """Prepare; nothing is opened. place: returns where the index is."""
        self._place = place
        self._lock = Lock()
        self._running: apsw.Connection | None = None

    def state(self) -> IndexState:
        """Return how far the index is; of one that does not exist yet, that nothing can be searched.

        Raises:
            TransientError: it cannot be read now.
        """
        with self._reading() as connection:
            if connection is None:
                return IndexState()
            left, cause = _fetch(connection, "SELECT left, cause FROM about")[0]
            (indexed,) = _fetch(connection, "SELECT COUNT(*) FROM results")[0]
            return IndexState(indexed, left, cause)

    def find(self, query: SearchQuery, limit: int, after: int | None = None) -> FoundPage:
        """Return lines, those of the newest job first. after: `next` of the page before.

        Raises:
            SearchStopped: `stop` was called.
            TransientError: the index cannot be read now.
        """
        with self._reading() as connection:
            if connection is None:
                return FoundPage()
            connection.execute("BEGIN")  # words, rows and lines of the same moment
            expression = ExpressionBuilder(connection).build(query)
            if not expression:
                return FoundPage()
            rows = _rows(connection, query, expression, limit + 1, _LAST_ROW if after is None else after)
            lines = tuple(_lines(connection, query, rows[:limit]))
            connection.execute("COMMIT")
        return FoundPage(lines, rows[limit - 1] if len(rows) > limit else None)

    def stop(self) -> None:
        """Stop the search that runs, if one does."""
        with self._lock:
            if self._running is not None:
                self._running.interrupt()

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection | None]:
        """Open the index; None if it does not exist, or is one that its owner will make again."""
        place = self._place()
        if not (place.folder / INDEX_FILE).is_file():
            yield None
            return
        connection: apsw.Connection | None = None
        try:
            connection = place.connect(apsw.SQLITE_OPEN_READONLY)
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            with self._lock:
                self._running = connection
            yield connection if connection.pragma("user_version") == INDEX_VERSION else None
        except apsw.InterruptError as error:
            raise SearchStopped from error
        except (*DAMAGE, *UNREADABLE_LINES) as error:
            log.event("SEARCH_INDEX_DAMAGED", error=type(error).__name__)
            (place.folder / DAMAGED_MARK).touch()
            raise TransientError(messages.SEARCH_DAMAGED) from error
        except apsw.Error as error:
            log.event("SEARCH_FAILED", error=type(error).__name__)
            raise TransientError(messages.SEARCH_UNAVAILABLE) from error
        finally:
            with self._lock:
                self._running = None
            if connection is not None:
                connection.close()


def _fetch(connection: apsw.Connection, query: str, *values: int | float | str) -> list[Any]:
    return connection.execute(query, values).fetchall()


def _rows(
    connection: apsw.Connection, query: SearchQuery, expression: str, limit: int, before: int
) -> Sequence[int]:
    if query.since is None and query.until is None and not query.case:
        return [row for (row,) in _fetch(connection, _ALL, expression, before, limit)]
    since = query.since if query.since is not None else 0.0
    until = query.until if query.until is not None else float("inf")
    case = search_key(unicodedata.normalize("NFC", query.case.strip()))
    # Later jobs were made later, as a rule: the day bounds the rows that FTS5 reads, and is then checked.
    bounds = "SELECT MIN(job), MAX(job) FROM results WHERE at >= ? AND at < ? AND instr(case_key, ?)"
    first, last = _fetch(connection, bounds, since, until, case)[0]
    if first is None:
        return []
    before, lowest = min(before, row_of(last, 0) + 1), row_of(first - 1, 0) + 1
    found = _fetch(connection, _BY_RESULT, expression, before, lowest, since, until, case, limit)
    return [row for (row,) in found]


def _lines(connection: apsw.Connection, query: SearchQuery, rows: Sequence[int]) -> Iterator[FoundLine]:
    moments: dict[int, float] = {}
    passages: dict[int, dict[int, SpokenLine]] = {}
    for row in rows:
        job, number = line_at(row)
        passage = passage_of(job, number)
        if job not in moments:
            ((moments[job],),) = _fetch(connection, "SELECT at FROM results WHERE job = ?", job)
        if passage not in passages:
            ((packed,),) = _fetch(connection, "SELECT packed FROM passages WHERE number = ?", passage)
            passages[passage] = {line.number: line for line in unpack(packed)}
        line = passages[passage][number]
        yield FoundLine(job, moments[job], line, query.marks(line.text, line.language))
