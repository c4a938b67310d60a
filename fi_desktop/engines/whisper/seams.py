"""The words of consecutive windows joined, without losing or repeating a word where a window was cut.

A window that had to be cut inside speech overlaps the next one, so each word is whole in one of the two. In
the overlap both may have the same words at about the same times: the text changes from the first window to
the second after the best such run. Without one, it changes at the middle of the overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import takewhile
from typing import Any

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.whisper.windows import Window

_SAME_TIME_S = 0.4  # how far apart the two windows may place the same word
_REACH_S = 0.4  # words this far outside the overlap are compared too: times are inexact at borders
_AT_A_CUT_S = 0.3


@dataclass(frozen=True, slots=True)
class TranscribedPart:
    """The words of a window, in order and in the recording's time."""

    window: Window
    words: tuple[Word, ...]


def part_to_json(part: TranscribedPart) -> dict[str, Any]:
    """Convert to JSON values."""
    pieces = [[piece.start, piece.end] for piece in part.window.pieces]
    return {"pieces": pieces, "words": [_changed_fields(word) for word in part.words]}


def part_from_json(value: dict[str, Any]) -> TranscribedPart:
    """Convert from JSON values."""
    window = Window(tuple(Region(start, end) for start, end in value["pieces"]))
    return TranscribedPart(window, tuple(Word(**word) for word in value["words"]))


def _changed_fields(word: Word) -> dict[str, Any]:
    return {
        each.name: getattr(word, each.name)
        for each in fields(word)
        if getattr(word, each.name) != each.default
    }


def join_parts(parts: Sequence[TranscribedPart]) -> Iterator[Word]:
    """Yield the words of consecutive parts, in order."""
    waiting: list[Word] = []
    before: TranscribedPart | None = None
    for part in parts:
        words = list(part.words)
        if before is not None:
            start, end = part.window.pieces[0].start, before.window.pieces[-1].end
            waiting, words = join_words(waiting, words, start, end)
        yield from waiting
        waiting, before = words, part
    yield from waiting


def join_words(
    before: Sequence[Word], after: Sequence[Word], start: float, end: float, border: float | None = None
) -> tuple[list[Word], list[Word]]:
    """Return which first words of one window and which last words of the next one are kept.

    Args:
        before: words of the first window.
        after: words of the second one.
        start: of the second window, seconds; the two overlap if it is before `end`.
        end: of the first window, seconds.
        border: where the text changes without a common run, seconds; by default the middle of the overlap.
    """
    if end < start:
        return list(before), list(after)
    if end == start:
        return list(before), _without_repetition(before, after)
    first = next((n for n, word in enumerate(before) if word.end > start - _REACH_S), len(before))
    last = sum(1 for _word in takewhile(lambda word: word.start < end + _REACH_S, after))
    length, at_before, at_after = _best_run(before[first:], after[:last])
    if length:
        return list(before[: first + at_before + length]), list(after[at_after + length :])
    border = (start + end) / 2 if border is None else border
    # the start of a window's first word is inexact, and so is the end of its last one
    kept = [word for word in before if word.start < border]
    rest = [word for word in after if word.end > border]
    if kept and rest and _is_same_sound(kept[-1], rest[0]):
        rest = rest[1:]
    return kept, rest


def _is_same_sound(one: Word, other: Word) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > min(one.end - one.start, other.end - other.start) / 2


def normalized(word: Word) -> str:
    """Return a word's text without case and punctuation, for comparison."""
    return word.text.casefold().strip(".,;:!?¡¿…-\"' ")


def _best_run(before: Sequence[Word], after: Sequence[Word]) -> tuple[int, int, int]:
    """Return the length of the best run of words in both, and where it starts in each.

    Long is good, and so is at the same time: of "no no no", each word is its neighbour's, a third of a second
    away.
    """
    best, best_likeness = (0, 0, 0), 0.0
    for one in range(len(before)):
        for other in range(len(after)):
            length, likeness = 0, 0.0
            while (
                one + length < len(before)
                and other + length < len(after)
                and (alike := _likeness(before[one + length], after[other + length])) > 0.0
            ):
                length += 1
                likeness += alike
            if likeness > best_likeness:
                best, best_likeness = (length, one, other), likeness
    return best


def _likeness(one: Word, other: Word) -> float:
    """Return how likely two words are the same one, 0 to 1; 0 for other words."""
    if normalized(one) != normalized(other) or not normalized(one):
        return 0.0
    apart_s = abs((one.start + one.end) - (other.start + other.end)) / 2
    return max(0.0, 1.0 - apart_s / _SAME_TIME_S)


def _without_repetition(before: Sequence[Word], after: Sequence[Word]) -> list[Word]:
    """Return words without a first one that was already recognized before the cut."""
    if before and after:
        last, first = before[-1], after[0]
        if normalized(last) == normalized(first) and first.start - last.end < _AT_A_CUT_S:
            return list(after[1:])
    return list(after)
