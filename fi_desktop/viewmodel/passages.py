"""What was said, as it is read: each segment's text with its words in place. Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass

from fi_desktop.core.transcript import Segment, Transcript, Word
from fi_desktop.exporters.names import words_in

NOTHING = "–"
"""The text of a segment in which somebody speaks and no word was made out."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that a person should look at: a doubtful one, or one that somebody else spoke over.

    Attributes:
        start, length: characters in the passage's text.
    """

    start: int
    length: int
    word: Word


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment's text. start, end: seconds; speaker: number from 0, or None where nobody knows."""

    start: float
    end: float
    speaker: int | None
    text: str
    marks: tuple[Mark, ...]

    def mark_at(self, place: int) -> Mark | None:
        """Return the mark over a character."""
        return next((mark for mark in self.marks if 0 <= place - mark.start < mark.length), None)


def passages_of(transcript: Transcript) -> tuple[Passage, ...]:
    """Return one passage a segment, in the transcript's order."""
    numbers = {label: number for number, label in enumerate(transcript.speakers)}
    passages = []
    for segment in transcript.segments:
        number = None
        if segment.speaker is not None:
            number = numbers.setdefault(segment.speaker, len(numbers))
        text = " ".join(segment.text.split()) or NOTHING
        passages.append(Passage(segment.start, segment.end, number, text, _marks(segment, text)))
    return tuple(passages)


def _marks(segment: Segment, text: str) -> tuple[Mark, ...]:
    """Find the words in the text; a word that is not in it any more bears no mark."""
    found = words_in(segment.words, text)
    return tuple(Mark(at, length, word) for at, length, word in found if word.doubtful or word.overlap)
