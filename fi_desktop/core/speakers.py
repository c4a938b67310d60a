"""Speakers: how many to look for, and who said which word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from fi_desktop.core.transcript import Segment, Turn


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many speakers to look for: fixed where minimum == maximum, else a range; both None: find out.

    The default is a consultation: two.
    """

    minimum: int | None = 2
    maximum: int | None = 2

    def __post_init__(self) -> None:
        if (self.minimum is None) != (self.maximum is None):
            raise ValueError("a range of speakers needs both its ends")
        if self.minimum is not None and self.maximum is not None and not 1 <= self.minimum <= self.maximum:
            raise ValueError("speakers: the smaller number comes first and is at least 1")

    @property
    def fixed(self) -> int | None:
        """The number of speakers where it is given."""
        return self.minimum if self.minimum == self.maximum else None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2", "2-4" or "auto".

        Raises:
            ValueError: it is none of these.
        """
        if text == "auto":
            return cls(None, None)
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", text)
        if not match:
            raise ValueError(f"speakers: {text!r} is neither a number, nor a range such as 2-4, nor auto")
        minimum = int(match[1])
        return cls(minimum, int(match[2] or minimum))

    def __str__(self) -> str:
        if self.minimum is None:
            return "auto"
        return str(self.minimum) if self.fixed else f"{self.minimum}-{self.maximum}"


def segments_of(turns: tuple[Turn, ...]) -> tuple[Segment, ...]:
    """Segments without words, one a turn: what a transcript holds where nothing was transcribed."""
    return tuple(Segment(turn.start, turn.end, turn.speaker) for turn in turns)
