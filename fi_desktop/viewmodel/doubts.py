"""The places of a transcript that are worth hearing again, as a list to work through."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from fi_desktop.core.changes import Splice
from fi_desktop.core.transcript import Segment, Transcript


class DoubtKind(StrEnum):
    """Why a place is worth hearing again."""

    WORDS = "words"
    SPEAKER = "speaker"
    OVERLAP = "overlap"
    MISSING = "missing"


class Doubt(NamedTuple):
    """A place that nobody has checked yet; a tuple, since hours of speech have thousands.

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


_NEW: Callable[[Any], Doubt] = partial(tuple.__new__, Doubt)


def doubts_of(transcript: Transcript) -> tuple[Doubt, ...]:
    """Return the places to check, in order.

    Words that were hard to hear, of an unsure speaker or spoken over, and speech that was not understood.
    """
    return tuple(
        doubt for number, segment in enumerate(transcript.segments) for doubt in _doubts(number, segment)
    )


def doubts_after(doubts: tuple[Doubt, ...], change: Splice[Segment]) -> tuple[Doubt, ...]:
    """Return the places to check after segments changed, without a look at those that did not."""
    first = bisect_left(doubts, change.at, key=_segment)
    last = bisect_left(doubts, change.at + len(change.before), key=_segment)
    found = [doubt for at, segment in enumerate(change.after, change.at) for doubt in _doubts(at, segment)]
    later, shift = doubts[last:], len(change.after) - len(change.before)
    if shift and later:  # column by column: thousands one by one would take a third of a frame
        kinds, numbers, *others = zip(*later, strict=True)
        rows = zip(kinds, [number + shift for number in numbers], *others, strict=True)
        later = tuple(map(_NEW, rows))
    return (*doubts[:first], *found, *later)


def next_doubt(doubts: Sequence[Doubt], segment: int, word: int, *, back: bool = False) -> Doubt | None:
    """Return the first doubt behind a word, or before it; the other end follows the last one."""
    if not doubts:
        return None
    if back:
        return doubts[bisect_left(doubts, (segment, word), key=_place) - 1]
    return doubts[bisect_right(doubts, (segment, word), key=_place) % len(doubts)]


def _segment(doubt: Doubt) -> int:
    return doubt.segment


def _place(doubt: Doubt) -> tuple[int, int]:
    return doubt.segment, doubt.first


def _doubts(number: int, segment: Segment) -> Iterator[Doubt]:
    if segment.missing:
        yield Doubt(DoubtKind.MISSING, number, 0, 0, segment.start, segment.end)
    first, kind = 0, None
    for at, word in enumerate((*segment.words, None)):
        found = None
        if word is not None and word.doubtful:
            found = DoubtKind.WORDS
        elif word is not None and word.unsure_speaker and not word.checked:
            found = DoubtKind.SPEAKER
        elif word is not None and word.overlap and not word.checked:
            found = DoubtKind.OVERLAP
        if found is kind:
            continue
        if kind is not None:
            words = segment.words[first:at]
            yield Doubt(kind, number, first, at, words[0].start, max([each.end for each in words]))
        first, kind = at, found
