"""The background model of voices, and i-vectors: one point for each second or so of speech.

The model has a universal background model (UBM) of diagonal Gaussians over cepstra, eigenvoices (a low-rank
basis of the shifts of its means from voice to voice) and a linear discriminant analysis (LDA) of i-vectors.
`packaging/train_background.py` trains it. Pure NumPy.

Source: Reynolds et al. 2000 (UBM), Kenny 2010 (eigenvoices), Dehak et al. 2011 (i-vectors, LDA).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.engines.contracts import Progress

MANIFEST = "manifest.json"
_BATCH_CHUNKS = 256
_BATCH_WINDOWS = 256

# Neighbouring frames repeat each other; in full, they would make the posterior of a 2 s window too sure.
_STATISTICS_SCALE = 0.3
# Windows of 2 s, one per second, overlap by half and so repeat each other.
_WINDOW_SCALE = 0.3
WINDOW_CHUNKS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Sufficient statistics of consecutive chunks of speech; the engine keeps nothing else of the audio.

    Attributes:
        zero_order: float32 (chunks, components), how many frames each Gaussian explains.
        first_order: float32 (chunks, rank), the frames' shift from the UBM, projected on the eigenvoices:
            V' Sigma^-1 (F - N mean).
    """

    zero_order: NDArray[np.float32]
    first_order: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.zero_order)

    def take(self, rows: NDArray[np.int64]) -> Statistics:
        """Return the statistics of some chunks, in the given order."""
        return Statistics(self.zero_order[rows], self.first_order[rows])


@dataclass(frozen=True, eq=False)
class BackgroundModel:
    """UBM, eigenvoices and LDA.

    Attributes:
        weights: (components,), sum 1.
        means, variances: (components, coefficients).
        eigenvoices: (components, coefficients, rank).
        lda: (rank, dimensions), projects an i-vector so that its variance within a voice is 1.
        lda_ratio: (dimensions,), variance between voices over variance within, descending.
        name: name and version, for provenance.
    """

    weights: Floats
    means: Floats
    variances: Floats
    eigenvoices: Floats
    lda: Floats
    lda_ratio: Floats
    name: str = ""

    @property
    def components(self) -> int:
        """Number of Gaussians."""
        return len(self.weights)

    @property
    def rank(self) -> int:
        """Number of eigenvoices."""
        return int(self.eigenvoices.shape[2])

    @cached_property
    def precision(self) -> Floats:
        """V_c' Sigma_c^-1 V_c, flattened: (components, rank * rank)."""
        scaled = self.eigenvoices / self.variances[:, :, None]
        inner: Floats = np.einsum("cdr,cdq->crq", self.eigenvoices, scaled, optimize=True)
        return inner.reshape(self.components, -1)

    @cached_property
    def _scoring(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Weights of x^2, x and 1 in the Gaussians' log densities."""
        inverse = 1.0 / self.variances
        constant = np.log(self.weights) - 0.5 * (
            np.square(self.means) * inverse + np.log(2.0 * np.pi * self.variances)
        ).sum(axis=1)
        return (
            (-0.5 * inverse.T).astype(np.float32),
            (self.means * inverse).T.astype(np.float32),
            constant.astype(np.float32),
        )

    @cached_property
    def _projection(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """V' Sigma^-1, (components * coefficients, rank); its product with the means, (components, rank)."""
        scaled = self.eigenvoices / self.variances[:, :, None]
        centre = np.einsum("cdr,cd->cr", scaled, self.means)
        return scaled.reshape(-1, self.rank).astype(np.float32), centre.astype(np.float32)

    def posteriors(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each Gaussian for each frame, (frames, components).

        frames: (frames, coefficients).
        """
        quadratic, linear, constant = self._scoring
        score = np.square(frames) @ quadratic + frames @ linear + constant
        score -= score.max(axis=1, keepdims=True)
        np.exp(score, out=score)
        score /= score.sum(axis=1, keepdims=True)
        return score

    def statistics(
        self, frames: NDArray[np.float32], offsets: NDArray[np.int64], progress: Progress
    ) -> Statistics:
        """Accumulate the statistics of chunks of frames.

        Args:
            frames: float32 (frames, coefficients).
            offsets: (chunks + 1,); chunk i is `frames[offsets[i]:offsets[i + 1]]`.
            progress: called after each batch of chunks.
        """
        count = len(offsets) - 1
        zero = np.zeros((count, self.components), dtype=np.float32)
        first = np.zeros((count, self.rank), dtype=np.float32)
        projection, centre = self._projection
        longest = int(np.diff(offsets).max(initial=0))
        for start in range(0, count, _BATCH_CHUNKS):
            stop = min(start + _BATCH_CHUNKS, count)
            low, high = offsets[start], offsets[stop]
            # Chunks differ by a frame or two: pad each with zeros to `longest` frames.
            lengths = np.diff(offsets[start : stop + 1])
            filled = np.arange(longest) < lengths[:, None]
            shape = (stop - start, longest)
            posterior = np.zeros((*shape, self.components), dtype=np.float32)
            posterior[filled] = self.posteriors(frames[low:high])
            padded = np.zeros((*shape, frames.shape[1]), dtype=np.float32)
            padded[filled] = frames[low:high]
            zero[start:stop] = posterior.sum(axis=1)
            sums = np.matmul(posterior.transpose(0, 2, 1), padded).reshape(stop - start, -1)
            first[start:stop] = sums @ projection - zero[start:stop] @ centre
            progress(stop / count)
        return Statistics(zero, first)


def load_model(folder: Path) -> BackgroundModel:
    """Read a model and check it against its manifest.

    Raises: FiError if the model is missing or does not match its manifest.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        file = folder / manifest["file"]
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError) as error:
        raise FiError(messages.ENGINE_BUILTIN_MISSING) from error
    if digest != manifest["sha256"]:
        raise FiError(messages.ENGINE_BUILTIN_DAMAGED)
    with np.load(file, allow_pickle=False) as arrays:
        values = {name: arrays[name].astype(np.float64) for name in arrays.files}
    return BackgroundModel(**values, name=f"{manifest['name']} {manifest['version']}")


def ivectors(model: BackgroundModel, statistics: Statistics, windows: NDArray[np.int64]) -> Floats:
    """Compute the i-vectors of windows of chunks (Dehak et al. 2011, eq. 6, with scaled statistics).

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


def project(model: BackgroundModel, vectors: Floats) -> Floats:
    """Project i-vectors by LDA, centred on this file: variance 1 within a voice.

    Returns: (windows, dimensions).
    """
    projected: Floats = (vectors - vectors.mean(axis=0)) @ model.lda
    return projected


def normalize(model: BackgroundModel, points: Floats) -> Floats:
    """Scale points to unit length for clustering.

    Each dimension is first scaled to this file and weighted by the share of its variance that voices explain.
    """
    weight = np.sqrt(model.lda_ratio / (model.lda_ratio + 1.0)) / (points.std(axis=0) + 1e-9)
    weighted: Floats = points * weight
    weighted /= np.linalg.norm(weighted, axis=1, keepdims=True) + 1e-9
    return weighted


def same_voice_evidence(
    model: BackgroundModel, points: Floats, labels: NDArray[np.int64], chunks: NDArray[np.int64]
) -> float:
    """Return the log evidence that the points of each label share a voice, relative to the mean voice.

    Source: Brummer & de Villiers 2010 (two-covariance model; here variance 1 within, `lda_ratio` between).

    Args:
        model: gives the variance between voices.
        points: (windows, dimensions), from `project`.
        labels: (windows,).
        chunks: (windows,), the number of chunks in each window.
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
