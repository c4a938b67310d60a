"""What a person types into the search field, as a test of rows. Pure; the field shows what is not understood.

    garcia                  the name holds it, whatever its case and accents
    "ward round"            the name holds these words, as they stand
    -draft                  not those; any term can be turned round so
    state:failed            queued, running, retrying, completed, failed, cancelled, or the window's own word
    speaker:3               found, or asked for
    language:es  engine:pyannote  error:damaged  batch:12
    before:2026-11-01  after:2026-11-01     submitted before that day, or on it and later

All terms must hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial, reduce
from operator import attrgetter

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.job import JobState
from fi_desktop.viewmodel.rows import Row, fold

Test = Callable[[Row], bool]

_TERM = re.compile(r'(-?)(?:([^\W\d_]+):)?(?:"([^"]*)"?|(\S+))?')
_STATES = {
    **{state.value.casefold(): state for state in JobState},
    "waiting": JobState.QUEUED,
    "progress": JobState.RUNNING,
    "done": JobState.COMPLETED,
}
KEYS = ("state", "speaker", "language", "engine", "error", "batch", "before", "after")
_ALIASES = {"speakers": "speaker", "lang": "language"}


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, understood.

    Attributes:
        tests: all must hold.
        unknown: terms that no jobs can be searched by ("colour:red").
        wrong: terms whose value makes no sense ("before:yesterday").
    """

    tests: tuple[Test, ...] = ()
    unknown: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


def parse(
    text: str,
    states: Mapping[str, JobState] | None = None,
    keys: Mapping[str, str] | None = None,
    *,
    sentence: Callable[[ErrorInfo], str] = attrgetter("message"),
) -> Query:
    """Read what was typed.

    Args:
        text: as it stands in the field.
        states: the window's words for states, beside the ones that are always known.
        keys: likewise the window's words for `KEYS`.
        sentence: what a person reads of an error.
    """
    words = _STATES | {fold(word): state for word, state in (states or {}).items()}
    aliases = _ALIASES | {fold(word): key for word, key in (keys or {}).items()}
    tests: list[Test] = []
    unknown: list[str] = []
    wrong: list[str] = []
    for found in _TERM.finditer(text):
        sign, key, quoted, bare = found.groups()
        value = fold(quoted or bare or "").strip()
        if not value:
            continue  # a term that is still being typed
        name = aliases.get(fold(key or ""), fold(key or ""))
        if name and name not in KEYS:
            unknown.append(found.group().strip())
            continue
        test = _test(name, value, words, sentence)
        if test is None:
            wrong.append(found.group().strip())
        else:
            tests.append(partial(_not, test) if sign else test)
    return Query(tuple(tests), tuple(unknown), tuple(wrong))


def combine(tests: tuple[Test, ...], states: frozenset[JobState]) -> Test | None:
    """Return one test for all of these and, where any are given, for these states; None: all rows pass."""
    if states:
        tests = (lambda row: row.state in states, *tests)
    return reduce(_both, tests) if tests else None


def _test(
    key: str, value: str, states: Mapping[str, JobState], sentence: Callable[[ErrorInfo], str]
) -> Test | None:
    """Return the test of one term; None where its value makes no sense."""
    match key:
        case "":
            return lambda row: value in row.folded
        case "state":
            state = _state(value, states)
            return None if state is None else lambda row: row.state is state
        case "speaker":
            return partial(_has_speakers, int(value), value) if value.isdecimal() else None
        case "language":
            return lambda row: (row.language or "").startswith(value)
        case "engine":
            return lambda row: value in row.engine.casefold()
        case "error":
            return lambda row: row.error is not None and value in fold(_said(row.error, sentence))
        case "batch":
            batch = int(value) if value.isdecimal() else None
            return None if batch is None else lambda row: row.batch == batch
    day = _start_of_day(value)
    if day is None:
        return None
    if key == "before":
        return lambda row: row.submitted_at < day
    return lambda row: row.submitted_at >= day


def _state(value: str, states: Mapping[str, JobState]) -> JobState | None:
    """Return the state whose word begins so, where only one does."""
    if value in states:
        return states[value]
    begun = {state for word, state in states.items() if word.startswith(value)}
    return begun.pop() if len(begun) == 1 else None


def _said(error: ErrorInfo, sentence: Callable[[ErrorInfo], str]) -> str:
    """Return what the person reads of an error, and how the log and other languages have it."""
    return f"{sentence(error)} {error.code} {error.message}"


def _has_speakers(number: int, asked: str, row: Row) -> bool:
    return row.asked == asked if row.speakers is None else row.speakers == number


def _start_of_day(value: str) -> float | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    # the person's own day, wherever they are
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def _both(one: Test, other: Test) -> Test:
    return lambda row: one(row) and other(row)  # all() of any number takes twice as long


def _not(test: Test, row: Row) -> bool:
    return not test(row)
