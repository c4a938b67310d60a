"""What was found in transcripts as the window shows it, and where it is in a result."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.exporter import ExportOptions, words_in
from fi_desktop.exporters.phrases import Labels
from fi_desktop.jobs.spoken_lines import SpokenLine
from fi_desktop.jobs.transcript_search import FoundLine

_BEFORE = 40  # characters that are shown before the first mark
_ROUNDED_S = 0.001  # the index rounds starts


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a line's text. marks: start and end of what was found in it."""

    text: str
    marks: tuple[tuple[int, int], ...]


def excerpt(found: FoundLine) -> Excerpt:
    """Return a line's text from some words before what was found."""
    text, marks = found.line.text, found.marks
    first = marks[0][0] if marks else 0
    if first <= _BEFORE:
        return Excerpt(text, marks)
    start = text.rfind(" ", 0, first - _BEFORE) + 1
    return Excerpt(f"… {text[start:]}", tuple((one - start + 2, other - start + 2) for one, other in marks))


def speaker_of(line: SpokenLine, labels: Labels) -> str:
    """Return who says a line: by name, or else role or number; labels: those of the window's language."""
    role = labels.roles[line.role] if line.role else ""
    return line.name or role or ExportOptions(labels).speaker(line.speaker)


def place_of(transcript: Transcript, found: FoundLine) -> tuple[int, float]:
    """Return the number of the segment in which something was found, and when it is said, seconds.

    If the transcript was changed since, the segment is the one that is said at that time.
    """
    line, segments = found.line, transcript.segments
    number = line.number
    if not (number < len(segments) and _text_of(segments[number]) == line.text):
        earlier = [at for at, segment in enumerate(segments) if segment.start <= line.start + _ROUNDED_S]
        number = earlier[-1] if earlier else 0
        return number, line.start
    segment = segments[number]
    offset = found.marks[0][0] if found.marks else 0
    for at, length, word in words_in(segment.words, _text_of(segment)):
        if at + length > offset:
            return number, word.start
    return number, segment.start


def _text_of(segment: Segment) -> str:
    return unicodedata.normalize("NFC", " ".join(segment.text.split()))
