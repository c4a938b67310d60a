"""Dates of recordings, see `CaseLabel`, as people read and write them in the window's language."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, Qt

from fi_desktop.core.case_labels import checked_date, time_of

_SHORT = QLocale.FormatType.ShortFormat
_NARROW_SPACE = "\u202f"  # before AM and PM
_CENTURY = 2000  # of years with two digits


def shown_date(recorded_at: str) -> str:
    """Return a date, with the time if it is known, in the person's locale; "" if unknown."""
    if not recorded_at:
        return ""
    moment = QDateTime.fromString(recorded_at, Qt.DateFormat.ISODate)
    locale = QLocale()
    return locale.toString(moment, _SHORT) if time_of(recorded_at) else locale.toString(moment.date(), _SHORT)


def date_lines(recorded_at: str) -> tuple[str, ...]:
    """Return the date and, if it is known, the time; none if the date is unknown."""
    if not recorded_at:
        return ()
    moment = QDateTime.fromString(recorded_at, Qt.DateFormat.ISODate)
    day = QLocale().toString(moment.date(), _SHORT)
    return (day, QLocale().toString(moment.time(), _SHORT)) if time_of(recorded_at) else (day,)


def read_date(text: str) -> str:
    """Return a date that a person wrote, with or without a time, in their locale or ISO 8601; "" for none.

    Raises:
        ValueError: it is not a date.
    """
    text = " ".join(text.replace(",", " ").split())
    if not text:
        return ""
    try:
        return checked_date(text)
    except ValueError:
        pass
    locale = QLocale()
    short = locale.dateFormat(_SHORT).replace("dd", "d").replace("MM", "M")
    whole = short if "yyyy" in short else short.replace("yy", "yyyy")
    clocks = ("", locale.timeFormat(_SHORT).replace(_NARROW_SPACE, " "), "H:mm", "h:mm AP", "H:mm:ss")
    for day in (short, whole):
        for clock in clocks:
            moment = locale.toDateTime(text.replace(_NARROW_SPACE, " "), f"{day} {clock}".strip(), _CENTURY)
            if moment.isValid():
                return moment.toString("yyyy-MM-ddTHH:mm:ss" if clock else "yyyy-MM-dd")
    raise ValueError(text)
