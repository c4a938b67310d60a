"""Post-processing of Whisper's words: hallucinations, loops and times.

All of it works on the words of one window, in seconds of the recording.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from fi_desktop.core.transcript import Region, Word

_REACH_S = 0.1  # a word this near to speech belongs to it, and may end this much after it
_IMPROBABLE = 0.5
_INSTANT_S = 0.03
_CRAMMED = 4  # nobody says this many words in no time
_LONGEST_PHRASE = 8
_REPEATS = 4
_UNCOVERED_S = 1.0  # shorter stretches are pauses and inexact times rather than missing words
_SAME_DIGITS = re.compile(r"(\d{1,4})\1{3,}")
_LONGEST_WORD_S = 1.0
_LONGEST_DIGIT_S = 0.5


def has_crammed(words: Sequence[Word]) -> bool:
    """Return whether there is more text than time to say it."""
    return len(drop_crammed(words)) < len(words)


def drop_crammed(words: Sequence[Word]) -> list[Word]:
    """Drop runs of four and more words without duration."""
    kept: list[Word] = []
    for instant, run in groupby(words, key=lambda word: word.end - word.start < _INSTANT_S):
        row = list(run)
        kept += [] if instant and len(row) >= _CRAMMED else row
    return kept


def has_repeated_digits(words: Sequence[Word]) -> bool:
    """Return whether a word is a number that repeats the same digits: "99, 99, 99" as one word."""
    return any(_SAME_DIGITS.search(word.text) for word in words)


def collapse_loops(words: Sequence[Word]) -> list[Word]:
    """Keep one of four and more consecutive repetitions of a phrase.

    People do say "no, no, no, no": only for text that still looks like a loop after decoding with fallback.
    """
    texts = [_normalized(word) for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        length, end = _loop(texts, at)
        kept += words[at : at + length]
        at = end
    return kept


def _normalized(word: Word) -> str:
    return word.text.casefold().strip(".,;:!?¡¿… ")


def _loop(texts: Sequence[str], at: int) -> tuple[int, int]:
    """Return the length of the phrase that repeats from `at` and the end of the loop, or one word."""
    for length in range(1, _LONGEST_PHRASE + 1):
        phrase, end = texts[at : at + length], at + length
        while texts[end : end + length] == phrase:
            end += length
        if end - at >= _REPEATS * length:
            return length, end
    return 1, at + 1


def fit_to_speech(words: Sequence[Word], regions: Sequence[Region]) -> list[Word]:
    """Trim each word to its region of speech, and drop improbable words outside speech.

    The model's alignment stretches words over pauses. regions: sorted, not overlapping.
    """
    ends = [region.end for region in regions]
    kept = []
    for word in words:
        at = bisect_left(ends, word.start - _REACH_S)
        near = []
        while at < len(regions) and regions[at].start <= word.end + _REACH_S:
            near.append(regions[at])
            at += 1
        if near:
            home = max(near, key=lambda region: _overlap(region, word))
            start = min(max(word.start, home.start), home.end + _REACH_S)
            kept.append(replace(word, start=start, end=max(start, min(word.end, home.end + _REACH_S))))
        elif word.probability is None or word.probability >= _IMPROBABLE:
            kept.append(word)
    return kept


def uncovered_s(words: Sequence[Word], regions: Sequence[Region]) -> float:
    """Return the seconds of speech without words; see `uncovered`."""
    return sum(region.duration for region in uncovered(words, regions))


def uncovered(words: Sequence[Word], regions: Sequence[Region]) -> list[Region]:
    """Return the stretches of speech without words: a sentence may be missing.

    The alignment gives the time of missing words to a neighbour, so a word counts for no longer than it takes
    to say it. words: in order; regions: sorted, not overlapping.
    """
    found = []
    ends = [_latest_end(word) for word in words]
    for region in regions:
        at, first = region.start, bisect_left(ends, region.start)
        for word, end in zip(words[first:], ends[first:], strict=True):
            if word.start >= region.end:
                break
            found.append(Region(at, word.start))
            at = max(at, end)
        found.append(Region(at, region.end))
    return [region for region in found if region.duration >= _UNCOVERED_S]


def _latest_end(word: Word) -> float:
    digits = sum(letter.isdigit() for letter in word.text)
    return min(word.end, word.start + _LONGEST_WORD_S + digits * _LONGEST_DIGIT_S)


def _overlap(region: Region, word: Word) -> float:
    return min(region.end, word.end) - max(region.start, word.start)


def put_in_order(words: Sequence[Word], duration: float) -> list[Word]:
    """Correct times that are out of order or outside the recording."""
    kept: list[Word] = []
    earliest = 0.0
    for word in words:
        start = min(max(word.start, earliest), duration)
        end = min(max(word.end, start), duration)
        kept.append(replace(word, start=round(start, 3), end=round(end, 3)))
        earliest = start
    return kept
