"""Identifiers in a transcript: their kind, where they are said, and what makes two the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IdentifierKind(StrEnum):
    """What something that identifies a person is; the value names its label and its line in lists."""

    PERSON = "person"
    DATE = "date"
    AGE = "age"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    PLACE = "place"
    ORGANISATION = "organisation"
    ID = "id"
    ACCOUNT = "account"
    LINK = "link"
    NAME = "name"  # a name of which nobody can tell what it is


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a segment's text.

    Attributes:
        segment: number of the segment.
        start, end: characters of its text.
    """

    segment: int
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """Return whether both have a character in common."""
        return self.segment == other.segment and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Identifier:
    """Something in a transcript that identifies a person.

    Attributes:
        kind: what it is.
        places: where it stands, in order; several if it goes on in the next segment of the same speaker.
        text: as it stands there.
        value: the same for what means the same, such as the digits of a phone number.
        date: year, month and day of a date; None for each that is not said.
    """

    kind: IdentifierKind
    places: tuple[Place, ...]
    text: str
    value: str
    date: SpokenDate | None = None

    @property
    def place(self) -> Place:
        """Where it starts."""
        return self.places[0]


@dataclass(frozen=True, slots=True)
class SpokenDate:
    """A date as it is said. year, month, day: None if it is not said."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
