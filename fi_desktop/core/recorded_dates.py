"""When a recording was made: by the usual names that recorders and phones give, and by metadata.

A clock that was never set says 1904, 1970, 1980 or 1 January; one that is wrong may be ahead. Such dates are
not believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from fi_desktop.core.case_labels import written_date

_FIRST_YEAR = 1995  # of digital recorders; the clock of an earlier file was not set
_CENTURY = 70  # "69" is 2069, "70" is 1970
_MONTHS = 12
_HALF_DAY = 12
_DAY_CHARACTERS = len("2026-11-29")
_AHEAD = timedelta(days=1)  # of this computer's clock

_TIME = (
    r"(?P<hour>[01]?\d|2[0-3])[.:\-_h꞉ ]?(?P<minute>[0-5]\d)(?:[.:\-_m꞉ ]?(?P<second>[0-5]\d))?(?!\d)"
    r"(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?"
)
_BETWEEN = r"(?:T|[-_. ,]+(?:at |a la\(?s?\)? |às )?)"
_YEAR_FIRST = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<between>[-._ ]?)(?P<month>\d\d)(?P=between)(?P<day>\d\d)"
_YEAR_LAST = (
    r"(?<!\d)(?P<day>\d\d?)(?P<between>[-._ ])(?P<month>\d\d?)(?P=between)(?P<year>(?:19|20)\d\d)(?!\d)"
)
# a counter has three or four digits: only six digits, or a time with separators, are a time
_CLEAR_TIME = rf"(?=\d{{6}}(?!\d)|\d{{1,2}}[.:\-_h꞉ ]\d\d){_TIME}"

_CLOCK = re.compile(r"\d\d.\d\d.\d\d")

_Reader = Callable[[re.Match[str]], "date | datetime"]


def believable(moment: date | datetime, now: datetime) -> bool:
    """Return whether a recorder's clock can have been right: not too early, ahead, or just reset.

    A clock that is not set starts on 1 January at midnight, of whatever year.
    """
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    reset = (at.month, at.day, at.hour) == (1, 1, 0)
    return at.year >= _FIRST_YEAR and at <= now + _AHEAD and not reset


def date_in_name(stem: str, now: datetime) -> str:
    """Return the date in the name of a recorder, phone or program, see `CaseLabel`; "" without one.

    Numbers that count ("REC0001", "Grabación 12") are not dates, nor is what could be day or month.

    stem: the file's name without its ending. now: local.
    """
    for pattern, read in _RULES:
        if (found := pattern.search(stem)) is not None:
            try:
                moment = read(found)
            except ValueError:
                continue
            if believable(moment, now):
                return written_date(moment)
    return ""


def date_in_metadata(tags: Mapping[str, str], now: datetime) -> str:
    """Return when a file says it was recorded, see `CaseLabel`; "" without a date, or with a wrong one.

    tags: the container's and the track's, as FFmpeg names them. A broadcast WAV has its local time in
    "creation_time", without a date; other files have UTC there. now: local.
    """
    lower = {name.lower(): value.strip() for name, value in tags.items()}
    created, day = lower.get("creation_time", ""), lower.get("date", "")
    told = [lower.get("com.apple.quicktime.creationdate", "")]
    told += [f"{day}T{created}", day] if _CLOCK.fullmatch(created) else [created, day]
    for text in told:
        moment = _moment(text)
        if moment is not None and believable(moment, now):
            return written_date(moment)
    return ""


def local_moment(at: float) -> datetime:
    """Return a moment, UTC in seconds since the epoch, on the clock of this computer's time zone."""
    return datetime.fromtimestamp(at, UTC).astimezone().replace(tzinfo=None)


def full_year(year: int) -> int:
    """Return a year that may have two digits."""
    if year >= 100:
        return year
    return year + (1900 if year >= _CENTURY else 2000)


def _moment(text: str) -> date | datetime | None:
    """Return a date or local moment; None unless at least year, month and day are there."""
    text = re.sub(r"^(\d{4})[-:/._](\d\d)[-:/._](\d\d)", r"\1-\2-\3", text)
    text = re.sub(r"T(\d\d)[-:._](\d\d)[-:._](\d\d)", r"T\1:\2:\3", text)
    try:
        if len(text) <= _DAY_CHARACTERS:
            return date.fromisoformat(text) if len(text) == _DAY_CHARACTERS else None
        moment = datetime.fromisoformat(text)
        return moment.astimezone().replace(tzinfo=None) if moment.tzinfo is not None else moment
    except (ValueError, OverflowError, OSError):
        return None


def _read(found: re.Match[str]) -> date | datetime:
    return _made(found.groupdict())


def _read_clear(found: re.Match[str]) -> date | datetime:
    """Read a date with the day or the month first; only if it can be but one date."""
    groups = found.groupdict()
    one, other = int(groups["day"]), int(groups["month"])
    if one != other and max(one, other) <= _MONTHS:
        raise ValueError("day or month")
    if other > _MONTHS:
        groups["day"], groups["month"] = groups["month"], groups["day"]
    return _made(groups)


def _read_utc(found: re.Match[str]) -> datetime:
    moment = datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return moment.astimezone().replace(tzinfo=None)


def _made(groups: Mapping[str, str | None]) -> date | datetime:
    year, month, day = (int(groups[name] or 0) for name in ("year", "month", "day"))
    whole = date(full_year(year), month, day)
    if not groups.get("hour"):
        return whole
    hour = int(groups["hour"] or 0)
    if half := groups.get("half"):
        if not 1 <= hour <= _HALF_DAY:
            return whole
        hour = hour % _HALF_DAY + (_HALF_DAY if half.lower() == "p" else 0)
    return datetime.combine(whole, time(hour, int(groups["minute"] or 0), int(groups["second"] or 0)))


_RULES: tuple[tuple[re.Pattern[str], _Reader], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        # Zoom in the cloud, Google Pixel: UTC
        (r"(?<![A-Za-z])GMT(\d{8})[-_](\d{6})(?!\d)", _read_utc),
        (r"(?<![A-Za-z])PXL_(\d{8})_(\d{6})", _read_utc),
        # "29-11-2026 10.30"
        (rf"{_YEAR_LAST}(?:{_BETWEEN}{_CLEAR_TIME})?", _read_clear),
        # "2026-11-29 10.30.00", "20261129_103000", "WhatsApp Audio 2026-11-29 at 10.30.00 AM"
        (rf"{_YEAR_FIRST}{_BETWEEN}{_CLEAR_TIME}", _read),
        (rf"{_YEAR_FIRST}(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)(?!\d)", _read),
        # "VID-20261129-WA0003"
        (rf"{_YEAR_FIRST}(?!\d)", _read),
        # "Voz 261129_103000"
        (
            rf"(?<!\d)(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)[-_ ](?=\d{{6}}(?!\d)){_TIME}",
            _read,
        ),
        # "250312_0012": a date and a counter
        (r"^(?:[^\W\d_]+[-_ ]?)?(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)[-_]\d{3,4}(?!\d)", _read),
    )
)
