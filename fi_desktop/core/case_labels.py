"""`CaseLabel`: what a recording is called and when it was made, and who says so.

A consultation has a local date: it is kept as local ISO 8601 text without an offset, "2026-11-29T10:30:00",
or "2026-11-29" if the time is unknown. As text it sorts, and is the same day in every time zone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from fi_desktop.core.text import one_line

LONGEST_CASE = 120
"""Characters of a case label."""
_DATE_CHARACTERS = 10


class DateSource(StrEnum):
    """What says when a recording was made, the most reliable first."""

    PERSON = "person"
    NAME = "name"  # the file's name
    METADATA = "metadata"  # what the recorder wrote into the file
    FILE = "file"  # when the file was changed last

    @property
    def rank(self) -> int:
        """0 for the most reliable."""
        return tuple(DateSource).index(self)


@dataclass(frozen=True, slots=True)
class CaseLabel:
    """What a recording is called, and when it was made.

    Attributes:
        case: a name that a clinic gives to the patient or the visit; one line; may be empty.
        recorded_at: local date, with the time if it is known; ISO 8601; empty if unknown.
        recorded_from: what says so; None if unknown, unless a person says that it is.
    """

    case: str = ""
    recorded_at: str = ""
    recorded_from: DateSource | None = None

    def with_metadata(self, recorded_at: str) -> CaseLabel:
        """Return the label after the file's metadata was read; a person and the file's name go first.

        A date without a time gets the time from the metadata if that has the same date, unless it is a
        person's.
        """
        if not recorded_at or self.recorded_from is DateSource.PERSON:
            return self
        if self.recorded_from is DateSource.NAME:
            same_day = recorded_at.startswith(self.recorded_at)
            return replace(self, recorded_at=recorded_at) if same_day else self
        return replace(self, recorded_at=recorded_at, recorded_from=DateSource.METADATA)


NO_LABEL = CaseLabel()


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A change of a label. None: that stays.

    Attributes:
        case: empty removes it.
        recorded_at: empty: nobody knows.
        recorded_from: what says so; set together with `recorded_at`, to undo a person's change.
    """

    case: str | None = None
    recorded_at: str | None = None
    recorded_from: DateSource | None = DateSource.PERSON

    def apply(self, label: CaseLabel) -> CaseLabel:
        """Return the changed label.

        Raises:
            ValueError: the date is not one.
        """
        if self.case is not None:
            label = replace(label, case=plain_case(self.case))
        if self.recorded_at is not None:
            at = checked_date(self.recorded_at) if self.recorded_at else ""
            if at != label.recorded_at or self.recorded_from is not DateSource.PERSON:
                label = replace(label, recorded_at=at, recorded_from=self.recorded_from)
        return label

    def undone(self, label: CaseLabel) -> LabelChange:
        """Return the change that restores what this one changes of a label."""
        return LabelChange(
            None if self.case is None else label.case,
            None if self.recorded_at is None else label.recorded_at,
            label.recorded_from,
        )


def plain_case(text: str) -> str:
    """Return a case label on one line, without what would change the text around it, and not too long."""
    return one_line(" ".join(text.split()))[:LONGEST_CASE].strip()


def written_date(moment: date | datetime) -> str:
    """Return a local date, or a moment to the second, as `CaseLabel` has it."""
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None).isoformat(timespec="seconds")
    return moment.isoformat()


def checked_date(text: str) -> str:
    """Return an ISO 8601 date or local moment as `CaseLabel` has it.

    Raises:
        ValueError: it is not one.
    """
    text = text.strip().replace(" ", "T", 1)
    if len(text) <= _DATE_CHARACTERS:
        return written_date(date.fromisoformat(text))
    return written_date(datetime.fromisoformat(text))


def day_of(recorded_at: str) -> str:
    """Return the date of `CaseLabel.recorded_at`, ISO 8601; "" if unknown."""
    return recorded_at[:_DATE_CHARACTERS]


def time_of(recorded_at: str) -> str:
    """Return its time as "10:30"; "" if unknown."""
    return recorded_at[_DATE_CHARACTERS + 1 : _DATE_CHARACTERS + 6]


def seconds_of(recorded_at: str, otherwise: float) -> float:
    """Return it as UTC, seconds since the epoch, in the computer's time zone; at noon if without a time."""
    if not recorded_at:
        return otherwise
    at = datetime.fromisoformat(recorded_at)
    if not time_of(recorded_at):
        at = at.replace(hour=12)
    try:
        return at.timestamp()
    except (OverflowError, OSError):
        return otherwise
