"""Where a text's tokens are in the sound: dynamic time warping over the attention of some heads.

Source: https://github.com/openai/whisper, `whisper/timing.py`; CTranslate2's `Whisper.align` does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.whisper.text_network import MASKED, Arrays, TextNetwork

_FILTERED = 7  # frames, of which the median is taken
# A sorting network's exchanges that put the median of seven values in the middle.
# Source: N. Devillard, "Fast median search: an ANSI C implementation" (1998).
_EXCHANGES = (
    (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alignment:
    """As CTranslate2 returns it.

    Attributes:
        alignments: pairs of a token of the text, or its end, and a frame of the encoder's output.
        text_token_probs: the probability of each token among those of texts.
    """

    alignments: list[tuple[int, int]]
    text_token_probs: list[float]


def align(
    network: TextNetwork,
    memory: Arrays,
    start: Sequence[int],
    text: Sequence[int],
    end: int,
    frames: int,
) -> Alignment:
    """Align a window's text.

    Args:
        network: of the model.
        memory: of the window.
        start: the tokens before the text; the last one announces it.
        text: its tokens.
        end: the token behind it; tokens from there on are in no text.
        frames: of the encoder's output, which the window's sound takes.
    """
    tokens = np.array([[*start, *text, end]])
    count = tokens.shape[1]
    causal = np.where(np.tri(count, dtype=bool), np.float32(0), MASKED)[None, None]
    before = np.zeros((1, 1, count, 0), dtype=np.float32)
    found = network.run(
        tokens,
        np.arange(count),
        (before, causal),
        memory,
        network.empty_cache(1, 0),
        aligned=True,
    )
    bias = network.bias(range(end, network.tokens))
    first = len(start) - 1
    rows = found["output"][0, first : first + len(text)]
    probabilities = np.exp(network.log_probabilities(rows, bias, np.array(text)))
    path = []
    if frames:
        weights = _sharpened(found["attention"][0, :, :, :frames])
        path = warp(weights[first : first + len(text) + 1])
    return Alignment(path, probabilities.tolist())


def warp(similarities: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the path through (rows, columns) with the largest sum, as pairs of row and column."""
    rows, columns = similarities.shape
    costs = np.full((rows + 1, columns + 1), np.inf)
    costs[0, 0] = 0.0
    for row, similar in enumerate(similarities.astype(np.float64), start=1):
        # The cost of a cell is that of the best one above, from which a path goes on to the right.
        above = np.minimum(costs[row - 1, :-1], costs[row - 1, 1:])
        sums = np.cumsum(similar)
        costs[row, 1:] = np.minimum.accumulate(above + sums - similar) - sums
    path = []
    row, column = rows, columns
    while row and column:
        path.append((row - 1, column - 1))
        both, down, right = costs[row - 1, column - 1], costs[row - 1, column], costs[row, column - 1]
        if both < down and both < right:
            row, column = row - 1, column - 1
        elif down < both and down < right:
            row -= 1
        else:
            column -= 1
    return path[::-1]


def _sharpened(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over the heads, (tokens, frames), of weights (heads, tokens, frames)."""
    total = np.zeros(weights.shape[1:], dtype=np.float32)
    for head in weights:  # one after another, for memory
        shares = head / head.sum(axis=1, keepdims=True)
        spread = np.maximum(shares.std(axis=0), np.finfo(np.float32).tiny)
        total += _median((shares - shares.mean(axis=0)) / spread)
    return total / np.float32(len(weights))


def _median(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the running median along the last axis, which is mirrored at its ends."""
    frames, reach = weights.shape[-1], _FILTERED // 2
    if frames <= reach:
        return weights
    padded = np.pad(weights, [(0, 0)] * (weights.ndim - 1) + [(reach, reach)], mode="reflect")
    values = [padded[..., first : first + frames] for first in range(_FILTERED)]
    for one, other in _EXCHANGES:
        values[one], values[other] = (
            np.minimum(values[one], values[other]),
            np.maximum(values[one], values[other]),
        )
    return values[reach]
