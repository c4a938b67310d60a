"""What a person does in the text of a result, as edits; and where its words are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import attrgetter

from fi_desktop.core.revision import Edit, Write
from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.exporter import words_in
from fi_desktop.viewmodel.result import Match


def text_edits(number: int, segment: Segment, text: str) -> tuple[Edit, ...]:
    """Return the edits that turn a segment's text into another; words that stay are not touched."""
    before, after = [word.text for word in segment.words], text.split()
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    edits: list[Edit] = []
    for kind, first, end, start, stop in reversed(changes):  # later words first: numbers stay valid
        if kind == "replace" and end - first == stop - start:  # each new word takes the time of its old one
            pairs = zip(range(first, end), after[start:stop], strict=True)
            edits += reversed([Write(number, at, at + 1, word) for at, word in pairs])
        elif kind != "equal":
            edits.append(Write(number, first, end, " ".join(after[start:stop])))
    return tuple(edits)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What replaces matches. edits: one step; count: how many matches become another text."""

    edits: tuple[Edit, ...]
    count: int


def replacement(transcript: Transcript, matches: Iterable[Match], text: str) -> Replacement:
    """Return what replaces matches, in order, by a text; those in speech without words stay."""
    edits: list[Edit] = []
    count = 0
    for number, found in groupby(matches, key=attrgetter("row")):
        segment = transcript.segments[number]
        if not segment.words:
            continue
        spoken, parts, done = " ".join(segment.text.split()), [], 0
        for match in found:
            end = match.start + match.length
            parts += [spoken[done : match.start], text]
            count += spoken[match.start : end] != text
            done = end
        edits += text_edits(number, segment, "".join([*parts, spoken[done:]]))
    return Replacement(tuple(edits), count)


def word_at(segment: Segment, text: str, offset: int) -> int | None:
    """Return the number of the word at a character of a segment's text of one line; None between words."""
    numbers = {id(word): number for number, word in enumerate(segment.words)}
    for at, length, word in words_in(segment.words, text):
        if at <= offset < at + length:
            return numbers[id(word)]
    return None


def word_span(segment: Segment, text: str, number: int) -> tuple[int, int] | None:
    """Return the first character of a word in a segment's text, and their number."""
    wanted = segment.words[number]
    return next(((at, length) for at, length, word in words_in(segment.words, text) if word is wanted), None)


def spoken_at(transcript: Transcript, moment_s: float, near: int = 0) -> tuple[int, int] | None:
    """Return the segment and the word that is heard at a moment; `near`: a segment to look at first.

    Between words, it is the last one before.
    """
    segments = transcript.segments
    for number in (near, near + 1, *range(len(segments))):
        if number >= len(segments):
            continue
        segment = segments[number]
        following = segments[number + 1].start if number + 1 < len(segments) else float("inf")
        if segment.start <= moment_s < max(segment.end, min(following, segment.end + 1.0)) and segment.words:
            before = [at for at, word in enumerate(segment.words) if word.start <= moment_s]
            return number, before[-1] if before else 0
    return None
