"""i-vectors of short windows: one point for each second or so of speech.

Source: Dehak et al. 2011, eq. 6 (the posterior mean of the eigenvoice factors), with scaled statistics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.builtin.background import BackgroundModel, Floats, Statistics
from fi_desktop.engines.builtin.chunks import WINDOW_CHUNKS

# Neighbouring frames repeat each other; counted in full they would make the posterior of a 2 s window too
# sure.
_STATISTICS_SCALE = 0.3
# Windows of 2 s every second overlap by half, and their neighbours say much the same.
_WINDOW_SCALE = 0.3
_BATCH_WINDOWS = 256


def ivectors(model: BackgroundModel, statistics: Statistics, windows: NDArray[np.int64]) -> Floats:
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


def discriminant(model: BackgroundModel, vectors: Floats) -> Floats:
    """Project i-vectors by LDA, centred on this file: variance 1 within a voice. Returns: (windows,
    dimensions).
    """
    projected: Floats = (vectors - vectors.mean(axis=0)) @ model.lda
    return projected


def normalise(model: BackgroundModel, points: Floats) -> Floats:
    """Bring points to unit length for clustering.

    Each dimension is scaled to this file, and weighted by how much of its variance is due to the voice.
    """
    weight = np.sqrt(model.lda_ratio / (model.lda_ratio + 1.0)) / (points.std(axis=0) + 1e-9)
    weighted: Floats = points * weight
    weighted /= np.linalg.norm(weighted, axis=1, keepdims=True) + 1e-9
    return weighted


def same_voice_evidence(
    model: BackgroundModel, points: Floats, labels: NDArray[np.int64], chunks: NDArray[np.int64]
) -> float:
    """Return the log evidence that the points of one label are of one voice, against each being from the
    mean.

    points: (windows, dimensions), from `discriminant`; labels, chunks: (windows,), chunks in the window.
    Source: Brummer & de Villiers 2010 (two-covariance model; here variance 1 within, `lda_ratio` between).
    """
    evidence = 0.0
    weight = _WINDOW_SCALE * np.minimum(1.0, chunks / WINDOW_CHUNKS)
    for label in np.unique(labels):
        chosen = labels == label
        count = weight[chosen].sum()
        total = weight[chosen] @ points[chosen]
        spread = 1.0 + count * model.lda_ratio
        evidence += 0.5 * float((model.lda_ratio / spread * np.square(total) - np.log(spread)).sum())
    return evidence


def _running_sum(values: NDArray[np.float32]) -> Floats:
    total = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, dtype=np.float64, out=total[1:])
    return total
