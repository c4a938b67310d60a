"""Speech that no word covers: what the transcript does not have, so that it can say where.

The alignment gives the time of missing words to a neighbour, so a word counts for no longer than it takes to
say it at the recording's own rate. What is left between words is missing speech if people are heard there:
voice activity detection is sure of it, or is not but the sound is well above the background, which tells a
quiet voice from loud noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.contracts import Speech

_LEAST_S = 1.0  # of speech; less is a pause, or an inexact time
_SURE = 0.8  # probability of speech that needs no more evidence
_ABOVE = 2.5  # power above the background that is evidence
_BACKGROUND = 0.1  # the quantile of power that is the background, within
_AROUND_S = 15.0
_APART_S = 3.0  # passages that are closer, without a word between them, are one
_BREATH_S = 0.2
_BURST_S = 0.25  # a shorter sound next to a word belongs to it
_SLOW = 1.6  # a word may take this many times as long as its letters do on average
_LEAST_WORD_S = 0.5
_RATE = (8.0, 25.0)  # letters per second: the slowest and the fastest that is believed
_DIGIT_LETTERS = 6  # a digit is said as a word


def missing_speech(words: Sequence[Word], speech: Speech, power: NDArray[np.float32]) -> tuple[Region, ...]:
    """Return the passages of speech without words, sorted.

    Args:
        words: in order.
        speech: of the recording.
        power: of each frame of `speech`, (frames,).
    """
    heard = _heard(speech, power)
    rate = _letters_per_s(words)
    ends = [_latest_end(word, rate) for word in words]
    borders = [0.0, *(edge for word, end in zip(words, ends, strict=True) for edge in (word.start, end))]
    borders.append(len(heard) * speech.hop_s)
    found: list[Region] = []
    reached = 0.0
    for start, end in list(pairwise(borders))[::2]:
        reached = max(reached, start)
        found += _passages(heard, speech.hop_s, reached, end)
    return tuple(found)


def _passages(heard: NDArray[np.bool_], hop_s: float, start: float, end: float) -> list[Region]:
    """Return the passages between two words."""
    first = round(start / hop_s)
    frames = first + np.flatnonzero(heard[first : round(end / hop_s)])
    if len(frames) * hop_s < _LEAST_S:
        return []
    bursts = _split(frames, hop_s, _BREATH_S)
    # the tail of the word before, and the breath before the next
    if len(bursts[0]) * hop_s < _BURST_S and bursts[0][0] <= first + 1:
        del bursts[0]
    if bursts and len(bursts[-1]) * hop_s < _BURST_S and bursts[-1][-1] >= round(end / hop_s) - 2:
        del bursts[-1]
    groups = _split(np.concatenate([frames[:0], *bursts]), hop_s, _APART_S)
    return [
        Region(round(float(group[0] * hop_s), 3), round(float((group[-1] + 1) * hop_s), 3))
        for group in groups
        if len(group) * hop_s >= _LEAST_S
    ]


def _split(frames: NDArray[np.intp], hop_s: float, apart_s: float) -> list[NDArray[np.intp]]:
    """Split ascending frames where they are further apart than this."""
    return np.split(frames, np.flatnonzero(np.diff(frames) * hop_s > apart_s) + 1)


def _heard(speech: Speech, power: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether people are heard in each frame, (frames,)."""
    probability = speech.probability.max(axis=0)
    inside = np.zeros(len(probability), dtype=bool)
    for region in speech.regions:
        inside[round(region.start / speech.hop_s) : round(region.end / speech.hop_s)] = True
    width = max(1, round(2 * _AROUND_S / speech.hop_s))
    background = np.empty(len(probability))
    for at in range(0, len(probability), width // 2 or 1):
        around = power[max(0, at - width // 4) : at + width // 2 + width // 4]
        background[at : at + (width // 2 or 1)] = np.quantile(around, _BACKGROUND) if len(around) else 0.0
    loud = power[: len(probability)] > _ABOVE * background
    heard: NDArray[np.bool_] = inside & ((probability >= _SURE) | loud)
    return heard


def _letters_per_s(words: Sequence[Word]) -> float:
    rates = [_letters(word) / (word.end - word.start) for word in words if word.end > word.start]
    return float(np.clip(np.median(rates), *_RATE)) if rates else _RATE[0]


def _letters(word: Word) -> int:
    return sum(_DIGIT_LETTERS if letter.isdigit() else letter.isalpha() for letter in word.text)


def _latest_end(word: Word, rate: float) -> float:
    return min(word.end, word.start + max(_LEAST_WORD_S, _SLOW * _letters(word) / rate))
