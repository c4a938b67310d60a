"""What Whisper says and nobody said: text in silence, text that no sound carries, a phrase over and over.

All of it works on the words of one window, in seconds of the recording.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from fi_desktop.core.transcript import Region, Word

_REACH_S = 0.1  # a word that is so near to speech is carried by it, and may end so much after it
_UNLIKELY = 0.5
_INSTANT_S = 0.03
_CRAMMED = 4  # nobody says so many words in no time
_LONGEST_PHRASE = 8
_REPEATS = 4
_BARE_S = 1.0  # shorter stretches are pauses and inaccurate times rather than words that are missing
_SAME_FIGURES = re.compile(r"(\d{1,4})\1{3,}")
_AT_A_CUT_S = 0.3
_LONGEST_WORD_S = 1.0
_LONGEST_FIGURE_S = 0.5


def crammed(words: Sequence[Word]) -> bool:
    """Whether words are put where there is no time to say them: there is more text than sound."""
    return len(without_crammed(words)) < len(words)


def without_crammed(words: Sequence[Word]) -> list[Word]:
    """Leave out what is said in no time, four words and more in a row."""
    kept: list[Word] = []
    for instant, run in groupby(words, key=lambda word: word.end - word.start < _INSTANT_S):
        row = list(run)
        kept += [] if instant and len(row) >= _CRAMMED else row
    return kept


def run_together(words: Sequence[Word]) -> bool:
    """Whether a word is a number in which the same figures come over and over: "99, 99, 99" as one."""
    return any(_SAME_FIGURES.search(word.text) for word in words)


def joined_at_a_cut(before: Sequence[Word], after: Sequence[Word]) -> list[Word]:
    """Return the words after a cut in the middle of speech, without a first one that was heard before it."""
    if before and after:
        last, first = before[-1], after[0]
        if _bare(last) == _bare(first) and first.start - last.end < _AT_A_CUT_S:
            return list(after[1:])
    return list(after)


def without_loops(words: Sequence[Word]) -> list[Word]:
    """Say a phrase once that comes four times and more in a row.

    People do say "no, no, no, no": for what still looks like a loop after the careful decoder alone.
    """
    texts = [_bare(word) for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        length, end = _loop(texts, at)
        kept += words[at : at + length]
        at = end
    return kept


def _bare(word: Word) -> str:
    return word.text.casefold().strip(".,;:!?¡¿… ")


def _loop(texts: Sequence[str], at: int) -> tuple[int, int]:
    """The length of the phrase that is repeated from `at` on, and where it ends; one word where none is."""
    for length in range(1, _LONGEST_PHRASE + 1):
        phrase, end = texts[at : at + length], at + length
        while texts[end : end + length] == phrase:
            end += length
        if end - at >= _REPEATS * length:
            return length, end
    return 1, at + 1


def within_speech(words: Sequence[Word], regions: Sequence[Region]) -> list[Word]:
    """Trim each word to the speech that carries it, and leave out what is unlikely and carried by none.

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
            home = near[0]
            for region in near[1:]:
                if _shared(region, word) > _shared(home, word):
                    home = region
            start = min(max(word.start, home.start), home.end + _REACH_S)
            kept.append(replace(word, start=start, end=max(start, min(word.end, home.end + _REACH_S))))
        elif word.probability is None or word.probability >= _UNLIKELY:
            kept.append(word)
    return kept


def bare_s(words: Sequence[Word], regions: Sequence[Region]) -> float:
    """Return the seconds of speech that no word carries: where there are some, a sentence may be missing.

    The alignment hands the time of what is missing to a neighbour, so a word counts for no longer than it can
    be said. words: in order; regions: sorted, not overlapping.
    """
    bare = 0.0
    ends = [_latest_end(word) for word in words]
    for region in regions:
        at, first = region.start, bisect_left(ends, region.start)
        for word, end in zip(words[first:], ends[first:], strict=True):
            if word.start >= region.end:
                break
            bare += _worth_s(word.start - at)
            at = max(at, end)
        bare += _worth_s(region.end - at)
    return bare


def _latest_end(word: Word) -> float:
    figures = sum(letter.isdigit() for letter in word.text)
    return min(word.end, word.start + _LONGEST_WORD_S + figures * _LONGEST_FIGURE_S)


def _worth_s(bare_s: float) -> float:
    return bare_s if bare_s >= _BARE_S else 0.0


def _shared(region: Region, word: Word) -> float:
    return min(region.end, word.end) - max(region.start, word.start)


def in_order(words: Sequence[Word], duration: float) -> list[Word]:
    """Let no word begin before the one before it, nor end before it begins, nor after the recording."""
    kept: list[Word] = []
    earliest = 0.0
    for word in words:
        start = min(max(word.start, earliest), duration)
        end = min(max(word.end, start), duration)
        kept.append(replace(word, start=round(start, 3), end=round(end, 3)))
        earliest = start
    return kept


# How sure a word is, once the words around it are known: what is misheard is seldom one word alone.
#
# Whisper's own probability of a word is the mean over its tokens. The chance that the word is right was
# learnt from some 2,250 words of read and synthetic speech, English and Spanish, whose texts are known
# (logistic regression; `python -m tests.bench.words` gives precision and recall).

_BIAS = -0.5
_OWN = 0.8
_BESIDE = 0.25
_SURE = 0.999


def weighed(words: Sequence[Word]) -> list[Word]:
    """Return the words with the chance that each is right as its probability; in order, as they were."""
    own = [_logit(word.probability) for word in words]
    before, after = [*own[:1], *own[:-1]], [*own[1:], *own[-1:]]
    return [
        replace(word, probability=round(_chance(_BIAS + _OWN * at + _BESIDE * (left + right)), 3))
        for word, at, left, right in zip(words, own, before, after, strict=True)
    ]


def _logit(probability: float | None) -> float:
    bounded = min(_SURE, max(1.0 - _SURE, _SURE if probability is None else probability))
    return math.log(bounded / (1.0 - bounded))


def _chance(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))
