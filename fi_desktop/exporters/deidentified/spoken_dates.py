"""Dates as they are written and said: "quince del tres del ochenta y dos", "March 15th".

Days of the week, "ayer" and times of day stay, as do years that are not of a birth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fi_desktop.core import numerals
from fi_desktop.core.numerals import word_list
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, SpokenDate
from fi_desktop.exporters.deidentified.spoken_text import Number, Stream

_ES_MONTHS = word_list(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
)
_EN_MONTHS = word_list(
    "january february march april may june july august september october november december"
)
_SHORT_MONTHS = (
    ("ene", "jan"), ("feb",), ("mar",), ("abr", "apr"), ("mayo",), ("jun",), ("jul",), ("ago", "aug"),
    ("sep", "sept", "setiembre"), ("oct",), ("nov",), ("dic", "dec"),
)  # fmt: skip
MONTHS = {
    name: number for names in (_ES_MONTHS, _EN_MONTHS) for number, name in enumerate(names, start=1)
} | {name: number for number, names in enumerate(_SHORT_MONTHS, start=1) for name in names}
"""Numbers of months by name, in both languages."""
# English words, and names
_AMBIGUOUS = frozenset(("march", "may", "april", "june", "august", "abril", "julio", "agosto"))
_SHORT = frozenset(name for names in _SHORT_MONTHS for name in names).difference(("mayo", "setiembre"))
_BEFORE_MONTH = frozenset(
    word_list(
        "in since until till last next this of by during early late mid from through before after every en "
        "de desde hasta mes este pasado para por"
    )
)
_BIRTH = frozenset(
    word_list("naci nacio nacido nacida nacimiento nacimos born birth birthday birthdate dob cumpleanos")
)
_BEFORE_YEAR = ("el", "del", "in", "ano", "year")  # of two digits
_YEARS = range(1880, 2100)
_BEFORE_DAY = (
    ("es", "el"),
    ("para", "el"),
    ("hasta", "el"),
    ("desde", "el"),
    ("vemos", "el"),
    ("cita", "el"),
)
_AFTER_DAY = frozenset(("at", "in", "for", "with", "and", "because", "en", "a", "por", "pero", "y", "but"))
_DIGITS_BIRTH = 10  # words between "nacimiento" and the date
_NUMERIC = re.compile(r"(?<![\d/.\-])(\d{1,4})([/.\-])(\d{1,2})\2(\d{2,4})(?![\d/\-]|\.\d)")
_WRITTEN_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)", re.IGNORECASE)
_ES_ORDINALS = {"primero": 1, "primer": 1}


def numeric_dates(text: str) -> Iterator[tuple[int, int, SpokenDate]]:
    """Return dates such as 15/03/1982 and 1982-03-15: where they start and end, and what they are."""
    for found in _NUMERIC.finditer(text):
        one, two, three = int(found[1]), int(found[3]), int(found[4])
        if len(found[1]) > 2:
            year, month, day = one, two, three
        else:
            day, month = (one, two) if two <= 12 else (two, one)
            year = three if len(found[4]) > 2 else _full_year(three)
        if 1 <= month <= 12 and 1 <= day <= 31 and year in _YEARS:
            yield found.start(), found.end(), SpokenDate(year, month, day)


def find_dates(stream: Stream) -> Iterator[Identifier]:
    """Return the dates of a stream, except those of `numeric_dates`."""
    at = 0
    while at < len(stream.tokens):
        found = _date(stream, at)
        if found is None:
            at += 1
            continue
        last, date = found
        value = f"{date.year or ''}-{date.month or ''}-{date.day or ''}"
        yield stream.identifier(at, last, IdentifierKind.DATE, value, date)
        at = last


def _date(stream: Stream, at: int) -> tuple[int, SpokenDate] | None:
    """Return where a date that starts with a word ends, and what it is."""
    key = stream.key(at)
    if not key:
        return None
    if key in MONTHS:
        return _from_month(stream, at)
    day = _day(stream, at)
    if day is not None:
        return (
            _named(stream, day)
            or _counted(stream, day)
            or _spoken_digits(stream, day)
            or _bare_day(stream, at, day)
            or _birth_year(stream, at)
        )
    return _eight_digits(stream, at) or _birth_year(stream, at)


def _day(stream: Stream, at: int) -> Number | None:
    """Return the day of a month that starts with a word."""
    key = stream.key(at)
    written = _WRITTEN_ORDINAL.fullmatch(key)
    if written is not None:
        return _checked(Number(at, at + 1, int(written[1]), written[1], spelled=False))
    if key in _ES_ORDINALS:
        return Number(at, at + 1, _ES_ORDINALS[key], "1", spelled=True)
    tens = {"twenty": 20, "thirty": 30}.get(key, 0)
    if tens and stream.key(at + 1) in numerals.ORDINALS[:9]:
        value = tens + numerals.ORDINALS.index(stream.key(at + 1)) + 1
        return _checked(Number(at, at + 2, value, str(value), spelled=True))
    if key == "thirtieth":
        return Number(at, at + 1, 30, "30", spelled=True)
    if key in numerals.ORDINALS:
        value = numerals.ORDINALS.index(key) + 1
        return Number(at, at + 1, value, str(value), spelled=True)
    return _checked(stream.number(at))


def _checked(number: Number | None) -> Number | None:
    return number if number is not None and 1 <= number.value <= 31 and len(number.digits) < 3 else None


def _named(stream: Stream, day: Number) -> tuple[int, SpokenDate] | None:
    """Read "15 de marzo de 1982", "fifteenth of March, 1982"."""
    at = day.last
    if stream.key(at) in ("de", "of"):
        at += 1
    month = MONTHS.get(stream.key(at))
    if month is None:
        return None
    last, year = _year_after(stream, at + 1)
    return last, SpokenDate(year, month, day.value)


def _counted(stream: Stream, day: Number) -> tuple[int, SpokenDate] | None:
    """Read "quince del tres del ochenta y dos"."""
    if stream.key(day.last) not in ("del", "de"):
        return None
    at = day.last + 1 + (stream.key(day.last + 1) == "mes")
    month = stream.number(at)
    if month is None or not 1 <= month.value <= 12 or stream.key(month.last) not in ("del", "de"):
        return None
    year = _year(stream, month.last + 1)
    return None if year is None else (year[0], SpokenDate(year[1], month.value, day.value))


def _spoken_digits(stream: Stream, day: Number) -> tuple[int, SpokenDate] | None:
    """Read "15 3 82" as the answer to when somebody was born."""
    month = stream.number(day.last)
    if month is None or not _BIRTH.intersection(stream.before(day.first, _DIGITS_BIRTH)):
        return None
    year = _year(stream, month.last)
    if year is None:
        return None
    first, second = day.value, month.value
    if second > 12:
        first, second = second, first
    return (year[0], SpokenDate(year[1], second, first)) if second <= 12 and first <= 31 else None


def _bare_day(stream: Stream, at: int, day: Number) -> tuple[int, SpokenDate] | None:
    """Read "el día 15", "el quince de este mes", "on the fifteenth"."""
    before, after = stream.before(at, 2), stream.keys(day.last, 3)
    if stream.gap(day.last) == "/" and before[-1:] in (("on",), ("el",), ("dia",), ("until",), ("since",)):
        return _slashed(stream, day)
    spanish = before in (("el", "dia"), ("del", "dia"), ("al", "dia"))
    this_month = after[:2] in (("del", "mes"), ("de", "este"), ("of", "this")) or after == (
        "of",
        "the",
        "month",
    )
    ordinal = stream.key(at) in numerals.ORDINALS or _WRITTEN_ORDINAL.fullmatch(stream.key(at)) is not None
    english = before in (("on", "the"), ("of", "the"), ("since", "the"), ("until", "the"), ("by", "the"))
    english = english and ordinal and (stream.ends(day.last) or after[0] in _AFTER_DAY)
    spanish = spanish or (before in _BEFORE_DAY and (stream.ends(day.last) or after[0] in _AFTER_DAY))
    return (day.last, SpokenDate(None, None, day.value)) if spanish or this_month or english else None


def _slashed(stream: Stream, day: Number) -> tuple[int, SpokenDate] | None:
    """Read "on 10/14", with the day first in Spanish."""
    other = stream.number(day.last)
    if other is None or other.spelled or not 1 <= other.value <= 31:
        return None
    first, second = (day.value, other.value) if stream.language == "es" else (other.value, day.value)
    if second > 12:
        first, second = second, first
    return (other.last, SpokenDate(None, second, first)) if second <= 12 else None


def _from_month(stream: Stream, at: int) -> tuple[int, SpokenDate] | None:
    """Read "March 15th, 1982", "marzo de 1982" and "en marzo"."""
    key, month = stream.key(at), MONTHS[stream.key(at)]
    day_at = at + 2 if stream.key(at + 1) == "the" else at + 1
    day = _day(stream, day_at)
    # "March nineteen eighty-two" has no day
    if day is not None and key not in _ES_MONTHS and not _is_spoken_year(stream, day_at):
        last, year = _year_after(stream, day.last)
        return last, SpokenDate(year, month, day.value)
    last, year = _year_after(stream, at + 1)
    if year is not None:
        return last, SpokenDate(year, month, None)
    before = stream.key(at - 1) if at else ""
    if key in _SHORT or (key in _AMBIGUOUS and before not in _BEFORE_MONTH):
        return None
    if key in ("may", "march") and not stream.tokens[at].capital:
        return None
    return at + 1, SpokenDate(None, month, None)


def _is_spoken_year(stream: Stream, at: int) -> bool:
    first = stream.number(at)
    return first is not None and first.spelled and _two_numbers(stream, first) is not None


def _birth_year(stream: Stream, at: int) -> tuple[int, SpokenDate] | None:
    if not _BIRTH.intersection(stream.before(at, 5)):
        return None
    year = _year(stream, at)
    before = stream.key(at - 1) if at else ""
    if year is None or before not in (_BEFORE_YEAR if year[2] < 100 else (*_BEFORE_YEAR, "en", "de", "of")):
        return None
    return year[0], SpokenDate(year[1], None, None)


def _eight_digits(stream: Stream, at: int) -> tuple[int, SpokenDate] | None:
    """Read "15031982" as the answer to when somebody was born."""
    key = stream.key(at)
    if not (len(key) == 8 and key.isdecimal() and _BIRTH.intersection(stream.before(at, _DIGITS_BIRTH))):
        return None
    day, month, year = int(key[:2]), int(key[2:4]), int(key[4:])
    if month > 12:
        day, month = month, day
    valid = 1 <= day <= 31 and 1 <= month <= 12 and year in _YEARS
    return (at + 1, SpokenDate(year, month, day)) if valid else None


def _year_after(stream: Stream, at: int) -> tuple[int, int | None]:
    """Return where a year after a month or day ends, and the year; None without one."""
    start = at
    joined = False
    while stream.key(start) in ("de", "del", "of", "ano", "year", "the"):
        joined, start = True, start + 1
        if start - at > 3:
            return at, None
    found = _year(stream, start)
    if found is None or (not joined and found[1] is not None and found[2] < 1000):
        return at, None
    return found[0], found[1]


def _year(stream: Stream, at: int) -> tuple[int, int, int] | None:
    """Return where a year that starts with a word ends, the year, and the number that was said."""
    first = stream.number(at)
    if first is None:
        return None
    if first.value in _YEARS:
        return first.last, first.value, first.value
    both = _two_numbers(stream, first)
    if both is not None:
        return both
    if len(first.digits) == 2 and first.value < 100:
        return first.last, _full_year(first.value), first.value
    return None


def _two_numbers(stream: Stream, first: Number) -> tuple[int, int, int] | None:
    """Read "nineteen eighty-two"."""
    if first.value not in (18, 19, 20):
        return None
    second = stream.number(first.last)
    if (
        second is None
        or not 10 <= second.value <= 99
        or first.spelled is not second.spelled
        or not first.spelled
    ):
        return None
    year = first.value * 100 + second.value
    return second.last, year, year


def _full_year(short: int) -> int:
    """Return a year of two digits in full: of a birth or an appointment, so hardly in the future."""
    return 1900 + short if short > 30 else 2000 + short
