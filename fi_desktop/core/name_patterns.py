"""Patterns of file names, such as "{case}_{date}": what they may contain, and reading labels by them."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from fi_desktop.core import messages
from fi_desktop.core.case_labels import (
    CaseLabel,
    DateSource,
    LabelChange,
    day_of,
    plain_case,
    written_date,
)
from fi_desktop.core.errors import UserError
from fi_desktop.core.recorded_dates import believable, date_in_name, full_year, local_moment

_GAP = r"[-._ ]"
_YEAR_FIRST = rf"\d{{4}}{_GAP}\d\d?{_GAP}\d\d?|\d{{8}}|\d\d{_GAP}\d\d?{_GAP}\d\d?|\d{{6}}"
_YEAR_LAST = rf"\d\d?{_GAP}\d\d?{_GAP}\d{{4}}|\d{{8}}|\d\d?{_GAP}\d\d?{_GAP}\d\d|\d{{6}}"
_FIELDS = {
    "case": ".+?",
    "date": _YEAR_FIRST,
    "dmy": _YEAR_LAST,
    "mdy": _YEAR_LAST,
    "time": r"(?:[01]?\d|2[0-3])[-.:_h ]?[0-5]\d(?:[-.:_m ]?[0-5]\d)?",
    "any": ".*?",
}
_DATES = {"date": "%Y-%m-%d", "dmy": "%d-%m-%Y", "mdy": "%m-%d-%Y"}
_COPY = r"(?:\s*\(\d+\))?"  # added by browsers and file managers


READY_PATTERNS = (
    "{case}_{date}",
    "{case} {date}",
    "{date} {case}",
    "{date}_{time}_{case}",
    "{case} {dmy}",
    "{case}",
)
"""Patterns to choose from; a person may write another one."""


@dataclass(frozen=True, slots=True)
class NamePattern:
    """Reads case and date from names. Made by `name_pattern`.

    Attributes:
        text: with fields in braces: {case}, {date} with the year first, {dmy} with the day first, {mdy} with
            the month first, {time}, and {any} for what does not matter.
    """

    text: str
    _expression: re.Pattern[str]

    def read(self, stem: str) -> tuple[str, date | datetime | None] | None:
        """Return case and date of a file name without its ending; None if it has another form.

        The case is "" and the date None if the pattern has none.
        """
        found = self._expression.fullmatch(unicodedata.normalize("NFC", stem))
        if found is None:
            return None
        groups = found.groupdict()
        try:
            return plain_case(groups.get("case") or ""), _moment(groups)
        except ValueError:
            return None

    def filled(self, case: str, moment: datetime) -> str:
        """Return a name that has this form."""
        values = {name: moment.strftime(form) for name, form in _DATES.items()}
        values |= {"case": case, "time": moment.strftime("%H.%M.%S"), "any": "REC0012"}
        return "".join(text + values.get(field or "", "") for text, field, _, _ in _parts(self.text))


@cache
def name_pattern(text: str) -> NamePattern:
    """Return a pattern.

    Raises:
        UserError: it has an unknown field, one twice, neither case nor date, or a lone brace.
    """
    text = unicodedata.normalize("NFC", text.strip())
    try:
        parts = _parts(text)
    except ValueError as error:
        raise UserError(messages.NAMES_BAD_BRACES, pattern=text) from error
    fields = [field for _, field, _, _ in parts if field is not None]
    for _, field, form, conversion in parts:
        if field is not None and (field not in _FIELDS or form or conversion):
            raise UserError(messages.NAMES_BAD_FIELD, field=f"{{{field}}}", fields=_named(_FIELDS))
    dates = [field for field in fields if field in _DATES]
    # more than two parts of any length would make names slow to read
    if len(dates) > 1 or fields.count("any") > 2 or any(fields.count(one) > 1 for one in ("case", "time")):
        raise UserError(messages.NAMES_TWICE, pattern=text)
    if "case" not in fields and not dates:
        raise UserError(messages.NAMES_NO_FIELD, fields=_named(("case", *_DATES)))
    expression = "".join(map(_expression_of, parts))
    # a name that ends with the case may well have a number there
    ending = "" if parts[-1][1] == "case" else _COPY
    return NamePattern(text, re.compile(expression + ending, re.IGNORECASE))


def checked_pattern(text: str) -> str:
    """Return a pattern as it is stored; "" stands for no pattern.

    Raises:
        UserError: see `name_pattern`.
    """
    return name_pattern(text).text if text.strip() else ""


def label_of_file(stem: str, pattern: str, *, modified_at: float | None, now: float) -> CaseLabel:
    """Return what the name of a file says, or else when it was changed last.

    Args:
        stem: the file's name without its ending.
        pattern: see `name_pattern`; "": only dates as recorders and phones write them.
        modified_at: when the file was changed last, UTC; None if unknown.
        now: UTC, seconds since the epoch, as `modified_at`.
    """
    today = local_moment(now)
    usual = date_in_name(unicodedata.normalize("NFC", stem), today)
    case, moment = _read(stem, pattern, usual)
    at = written_date(moment) if moment is not None and believable(moment, today) else usual
    if at:
        return CaseLabel(case, at, DateSource.NAME)
    if modified_at is not None:
        try:
            changed = local_moment(modified_at)
        except (ValueError, OverflowError, OSError):
            return CaseLabel(case)
        if believable(changed, today):
            return CaseLabel(case, written_date(changed), DateSource.FILE)
    return CaseLabel(case)


def change_by_name(stem: str, pattern: str, label: CaseLabel, *, now: float) -> LabelChange:
    """Return what the name of a file says that its job's label does not; a person's date stays.

    The arguments are those of `label_of_file`.
    """
    found = label_of_file(stem, pattern, modified_at=None, now=now)
    known = label.recorded_from is DateSource.PERSON or label.recorded_at.startswith(found.recorded_at)
    return LabelChange(found.case or None, None if known else found.recorded_at, DateSource.NAME)


def _read(stem: str, pattern: str, usual: str) -> tuple[str, date | datetime | None]:
    """Return what the pattern reads, if it fits; `usual`: the date that recorders would mean by this name."""
    case, moment = (name_pattern(pattern).read(stem) if pattern else None) or ("", None)
    # "20261128_101112" fits {case}_{date}, but it is a recorder's name
    lettered = any(letter.isalpha() for letter in case)
    if usual and moment is not None and not lettered and day_of(usual) != day_of(moment.isoformat()):
        return "", None
    return case, moment


def _moment(groups: dict[str, str | None]) -> date | datetime | None:
    """Return date and time; None without a field for the date. Raises: ValueError if it is not one."""
    order = next((name for name in _DATES if groups.get(name)), None)
    if order is None:
        return None
    day = _day(order, groups[order] or "")
    clock = "".join(part.zfill(2) for part in re.findall(r"\d+", groups.get("time") or ""))
    if not clock:
        return day
    clock = clock.zfill(len(clock) + len(clock) % 2).ljust(6, "0")
    return datetime.strptime(f"{day.isoformat()} {clock}", "%Y-%m-%d %H%M%S")  # noqa: DTZ007 - local


def _day(order: str, text: str) -> date:
    """Return the date that a text says in this order. Raises: ValueError if it says none."""
    parts = re.findall(r"\d+", text)
    if len(parts) == 1:
        (digits,) = parts
        first = len(digits) - 4 if order == "date" else 2
        parts = [digits[:first], digits[first : first + 2], digits[first + 2 :]]
    one, two, three = map(int, parts)
    match order:
        case "date":
            return date(full_year(one), two, three)
        case "dmy":
            return date(full_year(three), two, one)
    return date(full_year(three), one, two)


def _expression_of(part: tuple[str, str | None, str | None, str | None]) -> str:
    text, field, _, _ = part
    literal = r"\s+".join(map(re.escape, re.split(r"\s+", text)))
    if field is None:
        return literal
    return f"{literal}({_FIELDS[field]})" if field == "any" else f"{literal}(?P<{field}>{_FIELDS[field]})"


def _parts(text: str) -> list[tuple[str, str | None, str | None, str | None]]:
    return list(string.Formatter().parse(text))


def _named(fields: Iterable[str]) -> str:
    return ", ".join(f"{{{field}}}" for field in fields)
