"""Eigenvoices: how well a chunk of speech fits each voice, from cepstra alone.

The background model is a universal background model (UBM), a mixture of diagonal Gaussians over cepstra, and
eigenvoices, a low-rank basis of the shifts of its means from voice to voice. `packaging/train_background.py`
trains it. Pure NumPy.

Source: Reynolds et al. 2000 (UBM); Kenny 2010, "Bayesian analysis of speaker diarization with eigenvoice
priors"; Diez, Burget & Matejka 2018, "Speaker diarization based on Bayesian HMM with eigenvoice priors".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.builtin.features import Floats
from fi_desktop.engines.contracts import Progress
from fi_desktop.engines.networks import read_checked, read_manifest

MODEL_FILE = "background.npz"
_BATCH_CHUNKS = 256


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
    """UBM and eigenvoices.

    Attributes:
        weights: (components,), sum 1.
        means, variances: (components, coefficients).
        eigenvoices: (components, coefficients, rank).
    """

    weights: Floats
    means: Floats
    variances: Floats
    eigenvoices: Floats

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

    Raises: FiError "engine.builtin_missing" or "engine.builtin_damaged".
    """
    content = read_checked(folder / MODEL_FILE, read_manifest(folder).get("sha256"))
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        values = {name: arrays[name].astype(np.float64) for name in arrays.files}
    return BackgroundModel(**values)


def eigenvoice_scores(
    model: BackgroundModel,
    statistics: Statistics,
    posterior: Floats,
    evidence: float,
    scored: Statistics | None = None,
) -> Floats:
    """Return the expected log likelihood of each chunk under each voice, relative to the UBM.

    Args:
        model: the background model.
        statistics: of the chunks that the voices are estimated from.
        posterior: (chunks, speakers), who speaks in these.
        evidence: Fa, weight of the acoustic evidence.
        scored: of the chunks to score; those of `statistics` unless given.

    Returns: (scored chunks, speakers).
    """
    # in single precision, as the statistics: NumPy would copy them all in double
    shares = posterior.T.astype(np.float32)
    zero, first = shares @ statistics.zero_order, shares @ statistics.first_order
    covariance, voice = _voices(model, zero.astype(np.float64), first.astype(np.float64), evidence)
    second = (covariance + voice[:, :, None] * voice[:, None, :]).reshape(len(voice), -1)
    scored = scored or statistics
    shift, spread = voice.T.astype(np.float32), (model.precision @ second.T).astype(np.float32)
    scores = scored.first_order @ shift - np.float32(0.5) * (scored.zero_order @ spread)
    return evidence * scores.astype(np.float64)


def _voices(model: BackgroundModel, zero: Floats, first: Floats, scale: float) -> tuple[Floats, Floats]:
    """Return the posterior covariance (n, rank, rank) and mean (n, rank) of n voices."""
    precision = np.eye(model.rank) + scale * (zero @ model.precision).reshape(-1, model.rank, model.rank)
    covariance = np.linalg.inv(precision).astype(np.float64, copy=False)
    return covariance, scale * np.einsum("krq,kq->kr", covariance, first)
