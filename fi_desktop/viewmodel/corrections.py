"""What a person does in the text of a result, as edits; and the places that are worth hearing again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from fi_desktop.core.revision import Edit, Write
from fi_desktop.core.text import search_key
from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.exporter import words_in


class DoubtKind(StrEnum):
    """Why a place is worth hearing again."""

    WORDS = "words"
    OVERLAP = "overlap"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A place that nobody has checked yet.

    Attributes:
        segment: its number.
        first, end: the words, from the first to before the end; both 0 for speech without words.
        start_s, end_s: when it is heard, seconds.
    """

    kind: DoubtKind
    segment: int
    first: int
    end: int
    start_s: float
    end_s: float


def doubts_of(transcript: Transcript) -> tuple[Doubt, ...]:
    """Return the places to check, in order: words that were hard to hear, spoken over, or not understood."""
    return tuple(
        doubt for number, segment in enumerate(transcript.segments) for doubt in _doubts(number, segment)
    )


def _doubts(number: int, segment: Segment) -> Iterator[Doubt]:
    if segment.missing:
        yield Doubt(DoubtKind.MISSING, number, 0, 0, segment.start, segment.end)
    first, kind = 0, None
    for at, word in enumerate((*segment.words, None)):
        found = None
        if word is not None and word.doubtful:
            found = DoubtKind.WORDS
        elif word is not None and word.overlap and not word.checked:
            found = DoubtKind.OVERLAP
        if found is kind:
            continue
        if kind is not None:
            words = segment.words[first:at]
            yield Doubt(kind, number, first, at, words[0].start, max(each.end for each in words))
        first, kind = at, found


def next_doubt(doubts: Sequence[Doubt], segment: int, word: int, *, back: bool = False) -> Doubt | None:
    """Return the first doubt behind a word, or before it; the other end follows the last one."""
    if not doubts:
        return None
    here = (segment, word)
    if back:
        before = [doubt for doubt in doubts if (doubt.segment, doubt.first) < here]
        return before[-1] if before else doubts[-1]
    return next((doubt for doubt in doubts if (doubt.segment, doubt.first) > here), doubts[0])


def text_edits(number: int, segment: Segment, text: str) -> tuple[Edit, ...]:
    """Return the edits that turn a segment's text into another; words that stay are not touched."""
    before, after = [word.text for word in segment.words], text.split()
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple(
        Write(number, first, end, " ".join(after[start:stop]))
        for kind, first, end, start, stop in reversed(changes)  # later words first: numbers stay valid
        if kind != "equal"
    )


def replacements(transcript: Transcript, wanted: str, text: str) -> tuple[Edit, ...]:
    """Return the edits that replace a text everywhere, whatever its case and accents."""
    key = search_key(wanted)
    if not key:
        return ()
    edits: list[Edit] = []
    for number, segment in enumerate(transcript.segments):
        spoken = " ".join(segment.text.split())
        searched = search_key(spoken)
        if key not in searched or len(searched) != len(spoken):
            continue
        parts, done, at = [], 0, searched.find(key)
        while at >= 0:
            parts += [spoken[done:at], text]
            done = at + len(key)
            at = searched.find(key, done)
        edits += text_edits(number, segment, "".join([*parts, spoken[done:]]))
    return tuple(edits)


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
