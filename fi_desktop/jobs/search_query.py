"""What people look for in transcripts: words, phrases, who said it and when.

dolor cabeza            both words in one line, in any form: "dolores de cabeza" too
"dolor de cabeza"       these words in this order, as they stand; without case and accents
hiper*                  words that begin like this
-migraña                no line with this word
case:0042               only in results whose case contains it; case:"ana ruiz"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fi_desktop.core.text import search_key
from fi_desktop.core.transcript import Role
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.jobs.spoken_words import SpokenWord, variants, words_of

_TERM = re.compile(r'(-?)(?:"([^"]*)("?)|(\S+))')
_CASE = re.compile(r'(?<!\S)(?:case|caso):(?:"(?P<quoted>[^"]*)"?|(?P<bare>\S*))', re.IGNORECASE)
PERIODS = ("today", "yesterday", "this week", "last week", "this month", "last month", "this year")
"""Names of periods; a week begins on Monday."""


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One term of a query.

    Attributes:
        words: of a phrase; a single one: what it is looked for as, see `variants`.
        phrase: whether the words follow each other.
        begins: whether words that begin like the last one are found too.
        excluded: whether lines with it are left out.
    """

    words: tuple[str, ...]
    phrase: bool = False
    begins: bool = False
    excluded: bool = False

    def found_in(self, words: Sequence[SpokenWord]) -> Iterator[tuple[int, int]]:
        """Yield the first and the last word, by number, of each place where the term is found."""
        if not self.phrase:
            for at, word in enumerate(words):
                begins = self.begins and word.key.startswith(self.words[0])
                if begins or word.key in self.words or word.stem in self.words:
                    yield at, at
            return
        *first, last = self.words
        count = len(self.words)
        for at in range(len(words) - count + 1):
            key = words[at + count - 1].key
            ends = key == last or (self.begins and key.startswith(last))
            if ends and all(word.key == wanted for word, wanted in zip(words[at:], first, strict=False)):
                yield at, at + count - 1


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for.

    Attributes:
        terms: all must be found in a line.
        speaker: a role, or a part of a speaker's name; "": anybody.
        since, until: when recordings were made, or else added, UTC in seconds since the epoch; `until` is not
            included.
        case: a part of the job's case; "": any.
    """

    terms: tuple[SearchTerm, ...] = ()
    speaker: str = ""
    since: float | None = None
    until: float | None = None
    case: str = ""

    def marks(self, text: str, language: str | None) -> tuple[tuple[int, int], ...]:
        """Return start and end of what is found in a line's text, in order, without overlap."""
        words = list(words_of(text, language))
        spans: list[tuple[int, int]] = []
        found = (place for term in self.terms if not term.excluded for place in term.found_in(words))
        for first, last in sorted(found):
            start, end = words[first].start, words[last].end
            if spans and start < spans[-1][1]:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            else:
                spans.append((start, end))
        return tuple(spans)


def terms_of(text: str, *, typing: bool = False) -> tuple[SearchTerm, ...]:
    """Parse a search; typing: the last word may not be complete yet."""
    text = unicodedata.normalize("NFC", text)
    terms = []
    for found in _TERM.finditer(text):
        minus, quoted, closed, bare = found.groups()
        given = quoted if bare is None else bare
        words = list(words_of(given, None))
        if not words:
            continue
        last = typing and found.end() == len(text) and not closed and words[-1].end == len(given)
        begins = last or given.endswith("*")
        if bare is not None and len(words) == 1:
            word = words[0]
            forms = variants(given[word.start : word.end])
            terms.append(SearchTerm(forms, begins=begins, excluded=bool(minus)))
        else:
            keys = tuple(word.key for word in words)
            terms.append(SearchTerm(keys, phrase=True, begins=begins, excluded=bool(minus)))
    return tuple(terms)


def split_case(text: str) -> tuple[str, str]:
    """Return a search without "case:0042", and what it says; "" if it names no case."""
    found = _CASE.search(text)
    if found is None:
        return text, ""
    case = (found["quoted"] or found["bare"] or "").strip()
    return f"{text[: found.start()]} {text[found.end() :]}", case


def role_of(speaker: str) -> Role | None:
    """Return the role with this name, in any language of the program."""
    wanted = search_key(speaker.strip())
    for role in Role:
        if wanted in (role.value, *(search_key(labels.roles[role]) for labels in LABELS.values())):
            return role
    return None


def period(name: str, today: date) -> tuple[float, float]:
    """Return when a period starts and ends in this computer's time zone, UTC in seconds since the epoch.

    name: one of `PERIODS`, with spaces or "-", or a day in ISO 8601.

    Raises:
        ValueError: it is neither.
    """
    first, after = _days(" ".join(name.casefold().replace("-", " ").split()), name.strip(), today)
    return start_of(first), start_of(after)


def start_of(day: date) -> float:
    """Return when a day starts in this computer's time zone, UTC in seconds since the epoch."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def _days(name: str, iso: str, today: date) -> tuple[date, date]:
    day = timedelta(days=1)
    monday = today - today.weekday() * day
    month = today.replace(day=1)
    match name:
        case "today":
            return today, today + day
        case "yesterday":
            return today - day, today
        case "this week":
            return monday, monday + 7 * day
        case "last week":
            return monday - 7 * day, monday
        case "this month":
            return month, (month + 31 * day).replace(day=1)
        case "last month":
            return (month - day).replace(day=1), month
        case "this year":
            return today.replace(month=1, day=1), date(today.year + 1, 1, 1)
    given = date.fromisoformat(iso)
    return given, given + day
