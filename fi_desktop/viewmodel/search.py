"""The search field's query language, as tests of rows.

    garcia                  the file name, the case, or a speaker's name or role, contains it; upper case and
                            accents do not matter
    "ward round"            they contain this phrase
    draft                   also results in this state of review: draft, reviewed, signed, or its label
    -draft                  negation; works for every term
    state:failed            queued, running, retrying, completed, failed, cancelled, or a label of the window
    speaker:3               found, or requested
    speaker:robles          a speaker's name or role contains it
    review:draft            draft, reviewed, signed, or a label of the window
    language:es  engine:pyannote  error:damaged  batch:12
    before:2026-11-01  after:2026-11-01     submitted before that day; on that day or later
    case:0042               the case contains it
    date:2026-11-29         recorded on that day; date:2026-11 in that month; or date:2026-11-01..2026-11-15

All terms must match. Unknown and invalid terms match everything and are reported by `Query`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial, reduce
from operator import attrgetter
from typing import TypeVar

from fi_desktop.core.case_labels import checked_date, day_of
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.job import JobState
from fi_desktop.core.text import search_key
from fi_desktop.core.values import ReviewState
from fi_desktop.viewmodel.rows import Row

T = TypeVar("T")
RowTest = Callable[[Row], bool]
ErrorText = Callable[[ErrorInfo], str]

_PART_OF_DATE = re.compile(r"\d{4}(-\d\d)?")
_TERM = re.compile(r'(-?)(?:([^\W\d_]+):)?(?:"([^"]*)"?|(\S+))?')
_STATES = {
    **{state.value.casefold(): state for state in JobState},
    "waiting": JobState.QUEUED,
    "progress": JobState.RUNNING,
    "done": JobState.COMPLETED,
}
KEYS = (
    "state",
    "speaker",
    "language",
    "engine",
    "error",
    "batch",
    "before",
    "after",
    "review",
    "case",
    "date",
)
Shown = JobState | ReviewState
"""What the table can be narrowed to: jobs in a state, or results that nobody has reviewed (`DRAFT`)."""

_REVIEWS = {state.value: state for state in ReviewState}
_ALIASES = {"speakers": "speaker", "lang": "language"}


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search.

    Attributes:
        tests: a row matches if all of them pass.
        unknown: terms with a key that is not in `KEYS` ("colour:red").
        invalid: terms whose value makes no sense ("before:yesterday").
    """

    tests: tuple[RowTest, ...] = ()
    unknown: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()


def parse(
    text: str,
    states: Mapping[str, JobState] | None = None,
    keys: Mapping[str, str] | None = None,
    reviews: Mapping[str, ReviewState] | None = None,
    *,
    error_text: ErrorText = attrgetter("message"),
    read_date: Callable[[str], str] = checked_date,
) -> Query:
    """Parse a search.

    Args:
        text: the field's content.
        states: further words for states, in the window's language.
        keys: further words for `KEYS`, likewise.
        reviews: further words for reviews, likewise.
        error_text: an error as the window shows it.
        read_date: reads a day as people write it; raises ValueError if it is not one.
    """
    state_words = _STATES | {search_key(word): state for word, state in (states or {}).items()}
    review_words = _REVIEWS | {search_key(word): state for word, state in (reviews or {}).items()}
    aliases = _ALIASES | {search_key(word): key for word, key in (keys or {}).items()}
    tests: list[RowTest] = []
    unknown: list[str] = []
    invalid: list[str] = []
    for found in _TERM.finditer(unicodedata.normalize("NFC", text)):
        sign, key, quoted, bare = found.groups()
        value = search_key(quoted or bare or "").strip()
        if not value:
            continue  # a term that is still being typed
        name = search_key(key or "")
        name = aliases.get(name, name)
        if name and name not in KEYS:
            unknown.append(found.group().strip())
            continue
        if name == "review":
            test = _review_test(value, review_words)
        elif name == "date":
            test = _date_test(value, read_date)
        elif not name:
            test = _word_test(value, review_words.get(value))
        else:
            test = _test(name, value, state_words, error_text)
        if test is None:
            invalid.append(found.group().strip())
        else:
            tests.append(partial(_not, test) if sign else test)
    return Query(tuple(tests), tuple(unknown), tuple(invalid))


def combine(tests: tuple[RowTest, ...], shown: frozenset[Shown]) -> RowTest | None:
    """Return one test for all of these and for any of these states; None if every row passes."""
    if ReviewState.DRAFT in shown:
        tests = (lambda row: row.to_review or row.state in shown, *tests)
    elif shown:
        tests = (lambda row: row.state in shown, *tests)
    return reduce(_both, tests) if tests else None


def _test(key: str, value: str, states: Mapping[str, JobState], error_text: ErrorText) -> RowTest | None:
    """Return the test of one term; None if its value is invalid."""
    match key:
        case "state":
            state = _named(value, states)
            return None if state is None else lambda row: row.state is state
        case "speaker":
            if value.isdecimal():
                return partial(_has_speakers, int(value), value)
            return lambda row: value in row.people_key
        case "language":
            return lambda row: any(code.startswith(value) for code in (row.language or "").split(","))
        case "engine":
            return lambda row: value in row.engine.casefold()
        case "error":
            return lambda row: row.error is not None and value in _error_key(row.error, error_text)
        case "case":
            return lambda row: value in row.case_key
        case "batch":
            batch = int(value) if value.isdecimal() else None
            return None if batch is None else lambda row: row.batch == batch
    day = _start_of_day(value)
    if day is None:
        return None
    if key == "before":
        return lambda row: row.submitted_at < day
    return lambda row: row.submitted_at >= day


def _date_test(value: str, read_date: Callable[[str], str]) -> RowTest | None:
    """Return the test of a day, a month, a year, or a range of days, either end of which may be missing."""
    if _PART_OF_DATE.fullmatch(value):
        return lambda row: row.recorded_at.startswith(value)
    first, dots, last = value.partition("..")
    try:
        since = day_of(read_date(first)) if first else ""
        until = day_of(read_date(last)) if last else since if not dots else "9999"
    except ValueError:
        return None
    return lambda row: row.recorded_at != "" and since <= day_of(row.recorded_at) <= until


def _word_test(value: str, review: ReviewState | None) -> RowTest:
    """Return the test of a word. review: the state of review that it names, if any."""
    if review is None:
        return lambda row: value in row.search_key
    return lambda row: value in row.search_key or (row.exportable and row.review is review)


def _review_test(value: str, words: Mapping[str, ReviewState]) -> RowTest | None:
    review = _named(value, words)
    return None if review is None else lambda row: row.exportable and row.review is review


def _named(value: str, states: Mapping[str, T]) -> T | None:
    """Return the state whose word starts with this, if it is the only one."""
    if value in states:
        return states[value]
    matching = {state for word, state in states.items() if word.startswith(value)}
    return matching.pop() if len(matching) == 1 else None


def _error_key(error: ErrorInfo, error_text: ErrorText) -> str:
    """Return the search key of an error as the window shows it, with its code and the log's wording."""
    return search_key(f"{error_text(error)} {error.code} {error.message}")


def _has_speakers(number: int, requested: str, row: Row) -> bool:
    return row.requested_speakers == requested if row.speakers is None else row.speakers == number


def _start_of_day(value: str) -> float | None:
    """Return when a day starts in the computer's time zone."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def _both(one: RowTest, other: RowTest) -> RowTest:
    return lambda row: one(row) and other(row)  # half the time of all()


def _not(test: RowTest, row: Row) -> bool:
    return not test(row)
