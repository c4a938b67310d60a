"""Which language is spoken when: a window in which it changes is cut there.

Whisper is told one language for each window, and translates what is spoken in another. Whether a window is in
one is not seen from the window as a whole: it may be sure of either. So it is looked at in glances of some
seconds (`Decoder.glance`), and the likeliest course of languages over all of them is found, in which a change
has its price: a name or a cough does not change the language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.engines.base import Speech
from fi_desktop.engines.whisper.decoder import GLANCE_S, GLANCE_STEP_S
from fi_desktop.engines.whisper.windows import Window, quietest_offset

TOLD_APART = ("en", "es")
"""Languages that may follow each other in a recording; one in any other is in that one throughout."""

_CHANGE = 3.2  # little more than what one glance says that is sure of the other language
_NEITHER = 0.05  # a glance at which no language is likelier than this tells nothing
_REACH_S = 1.75  # so far around the middle of two glances the change may be
_SHORTEST_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A window, or a part of one, in one language. samples: float32 (samples,)."""

    window: Window
    samples: NDArray[np.float32]
    language: str


def tell_apart(
    batch: Sequence[tuple[Window, NDArray[np.float32]]],
    glances: Sequence[NDArray[np.float64]],
    speech: Speech,
    before: str,
) -> list[Part]:
    """Cut windows where the language changes, in the quietest place near.

    Args:
        batch: windows that follow each other, with their samples.
        glances: of each window, (glances, languages), the languages being `TOLD_APART`.
        speech: to find quiet places.
        before: the language of what goes before.
    """
    path = course(np.concatenate(glances), TOLD_APART.index(before))
    parts: list[Part] = []
    for (whole, sound), row in zip(batch, glances, strict=True):
        own, path = path[: len(row)], path[len(row) :]
        window, samples, done_s = whole, sound, 0.0
        for number in _changes(own):
            middle = (_centre(number - 1, whole) + _centre(number, whole)) / 2 - done_s
            cut = quietest_offset(window, speech, middle - _REACH_S, middle + _REACH_S)
            if _SHORTEST_S <= cut <= window.duration - _SHORTEST_S:
                first, window = window.cut(cut)
                length = round(cut * SAMPLE_RATE_HZ)
                parts.append(Part(first, samples[:length], TOLD_APART[own[number - 1]]))
                samples, done_s = samples[length:], done_s + cut
        parts.append(Part(window, samples, TOLD_APART[own[-1]]))
    return parts


def course(glances: NDArray[np.float64], before: int) -> list[int]:
    """Return the likeliest language of each glance (Viterbi). glances: (glances, languages), probabilities.

    before: the language of what goes before.
    """
    told = np.log(glances + _NEITHER)
    prices = _CHANGE * (1.0 - np.eye(told.shape[1]))
    score = told[0] - prices[before]
    came_from = []
    for row in told[1:]:
        ways = score[:, None] - prices
        came_from.append(ways.argmax(axis=0))
        score = ways.max(axis=0) + row
    path = [int(score.argmax())]
    for origins in reversed(came_from):
        path.append(int(origins[path[-1]]))
    return path[::-1]


def _centre(number: int, window: Window) -> float:
    """Where in a window a glance's middle is, seconds."""
    return max(0.0, min(number * GLANCE_STEP_S, window.duration - GLANCE_S)) + GLANCE_S / 2


def _changes(path: Sequence[int]) -> list[int]:
    """Return the glances with which another language begins."""
    return [number for number, (one, next_one) in enumerate(pairwise(path), start=1) if one != next_one]
