"""Which channels of a recording hold a sound of their own.

Judged by products of the channels' samples, which are gathered block by block and say how far one channel, or
several together, explain another. Used where sound tracks are joined and where speakers are told apart by
channel; knows nothing of speech.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A channel is explained by others that predict this share of its energy; codecs cost one or two percent.
_EXPLAINED = 0.95
# Keeps the inverse finite where channels are equal; -60 dB against any channel's own energy.
_RIDGE = 1e-6


def correlation_of(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalise products of channels to correlations, -1 to 1; 0 for a channel without any sound.

    products: (channels, channels), sums over samples of one channel times the other. Returns: the same shape.
    """
    power = np.sqrt(np.diag(products)) + 1e-12
    return np.asarray(products / (power[:, None] * power[None, :]))


def distinct_channels(products: NDArray[np.float64]) -> list[int]:
    """Return the channels that no others explain, rising.

    Of two channels with the same sound, in whatever phase, the louder one stays (the first of equals). A
    channel that is the mix of several others is left out: recorders and screen recorders write one beside the
    single microphones. Channels without any sound are left out.

    products: as in `correlation_of`.
    """
    energy = np.diag(products)
    kept = [row for row in range(len(energy)) if energy[row] > 0.0]
    while len(kept) > 1:
        rows = np.array(kept)
        explained = _explained(products[np.ix_(rows, rows)]) > _EXPLAINED
        if not explained.any():
            break
        kept.remove(_redundant(products, rows[explained]))
    return kept


def _explained(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each channel's energy that the others predict, 0 to 1. Linear regression: the
    inverse's diagonal is 1 / (1 - R²).
    """
    correlation = correlation_of(products) + _RIDGE * np.eye(len(products))
    return np.asarray(1.0 - 1.0 / np.diag(np.linalg.inv(correlation)))


def _redundant(products: NDArray[np.float64], rows: NDArray[np.int64]) -> int:
    """Return which of the channels that others explain goes first."""
    square = np.square(correlation_of(products)[np.ix_(rows, rows)])
    energy = np.diag(products)[rows]
    pairs = np.argwhere(np.triu(square > _EXPLAINED, k=1))
    if len(pairs):
        first, second = pairs[0]
        return int(rows[first if energy[first] < energy[second] else second])
    # A mix is louder than each of its parts, and all of them explain each other.
    return int(rows[energy.argmax()])
