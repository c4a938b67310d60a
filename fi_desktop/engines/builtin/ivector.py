"""i-vectors of short windows: one point for each second or so of speech.

Source: Dehak et al. 2011, eq. 6 (the posterior mean of the eigenvoice factors), with scaled statistics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.builtin.background import BackgroundModel, Statistics

# Neighbouring frames repeat each other; counted in full they would make the posterior of a 2 s window too
# sure.
_STATISTICS_SCALE = 0.3
_BATCH_WINDOWS = 256


def ivectors(
    model: BackgroundModel, statistics: Statistics, windows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Compute the i-vectors of windows of chunks.

    windows: (windows, 2), first and one past the last chunk. Returns: (windows, rank).
    """
    zero = _running_sum(statistics.zero_order)
    first = _running_sum(statistics.first_order)
    result = np.empty((len(windows), model.rank))
    for start in range(0, len(windows), _BATCH_WINDOWS):
        low, high = windows[start : start + _BATCH_WINDOWS].T
        precision = _STATISTICS_SCALE * ((zero[high] - zero[low]) @ model.precision)
        precision = precision.reshape(-1, model.rank, model.rank) + np.eye(model.rank)
        shift = _STATISTICS_SCALE * (first[high] - first[low])
        result[start : start + len(low)] = np.linalg.solve(precision, shift[:, :, None])[:, :, 0]
    return result


def project(model: BackgroundModel, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project i-vectors by LDA, centred and scaled on this file, to unit length.

    Each dimension is weighted by how much of its variance is due to the voice. Returns: (windows,
    dimensions).
    """
    projected: NDArray[np.float64] = (vectors - vectors.mean(axis=0)) @ model.lda
    projected *= np.sqrt(model.lda_ratio / (model.lda_ratio + 1.0)) / (projected.std(axis=0) + 1e-9)
    projected /= np.linalg.norm(projected, axis=1, keepdims=True) + 1e-9
    return projected


def _running_sum(values: NDArray[np.float32]) -> NDArray[np.float64]:
    total = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, dtype=np.float64, out=total[1:])
    return total
