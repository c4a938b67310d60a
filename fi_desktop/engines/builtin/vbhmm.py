"""Resegmentation by a variational Bayes hidden Markov model.

Each speaker is a state whose voice is a point in the space of eigenvoices. Chunks of speech are assigned to
states and voices are estimated from their chunks, in turn, until the evidence lower bound (ELBO) converges.

Source: Kenny 2010, "Bayesian analysis of speaker diarization with eigenvoice priors"; Diez, Burget & Matejka
2018, "Speaker diarization based on Bayesian HMM with eigenvoice priors" (eq. 14-20, with their scaling
factors Fa and Fb).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fi_desktop.engines.builtin.ivector import BackgroundModel, Floats, Statistics
from fi_desktop.engines.contracts import Progress

_SMALLEST_SCORE = -60.0


@dataclass(frozen=True, slots=True)
class HmmSettings:
    """The parameters of the model.

    Attributes:
        evidence: Fa, weight of the acoustic evidence (frames are not independent).
        prior: Fb, weight of the prior on voices.
        stay: probability that the next chunk keeps the speaker without a new draw.
        iterations: the maximum.
        tolerance: stop when an iteration gains less than this fraction of the ELBO.
    """

    evidence: float = 0.15
    prior: float = 1.0
    stay: float = 0.98
    iterations: int = 30
    tolerance: float = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Resegmentation:
    """Who speaks in which chunk.

    Attributes:
        posterior: (chunks, speakers), rows sum to 1.
        elbo: evidence lower bound, relative to the UBM.
        history: the ELBO after each iteration.
    """

    posterior: Floats
    elbo: float
    history: tuple[float, ...]


def resegment(
    model: BackgroundModel,
    statistics: Statistics,
    posterior: Floats,
    settings: HmmSettings,
    progress: Progress,
) -> Resegmentation:
    """Improve an initial assignment of chunks to speakers; the number of speakers does not change.

    Args:
        model: the background model.
        statistics: of the chunks.
        posterior: (chunks, speakers), the initial assignment; rows sum to 1, or are 0 if nothing is known.
        settings: the parameters.
        progress: called after each iteration.
    """
    speakers, rank = posterior.shape[1], model.rank
    zero, first = statistics.zero_order.astype(np.float64), statistics.first_order.astype(np.float64)
    share = np.full(speakers, 1.0 / speakers)
    scale = settings.evidence / settings.prior
    history: list[float] = []
    for iteration in range(settings.iterations):
        covariance, voice = _voices(model, posterior.T @ zero, posterior.T @ first, scale)
        second = (covariance + voice[:, :, None] * voice[:, None, :]).reshape(speakers, rank * rank)
        score = settings.evidence * (first @ voice.T - 0.5 * zero @ (model.precision @ second.T))
        posterior, evidence = forward_backward(score, share, settings.stay)
        divergence = 0.5 * (
            np.trace(covariance, axis1=1, axis2=2)
            + np.square(voice).sum(axis=1)
            - rank
            - np.linalg.slogdet(covariance)[1]
        )
        history.append(float(evidence - settings.prior * divergence.sum()))
        progress((iteration + 1) / settings.iterations)
        if iteration and history[-1] - history[-2] < settings.tolerance * abs(history[-1]):
            break
    return Resegmentation(posterior, history[-1], tuple(history))


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
    covariance, voice = _voices(
        model, posterior.T @ statistics.zero_order, posterior.T @ statistics.first_order, evidence
    )
    second = (covariance + voice[:, :, None] * voice[:, None, :]).reshape(len(voice), -1)
    scored = scored or statistics
    scores: Floats = evidence * (
        scored.first_order @ voice.T - 0.5 * scored.zero_order @ (model.precision @ second.T)
    )
    return scores


def voice_evidence(
    model: BackgroundModel, statistics: Statistics, posterior: Floats, settings: HmmSettings
) -> Floats:
    """Return the log evidence that each column's chunks share a voice, relative to the UBM: (columns,)."""
    scale = settings.evidence / settings.prior
    zero, first = posterior.T @ statistics.zero_order, posterior.T @ statistics.first_order
    covariance, voice = _voices(model, zero, first, scale)
    evidence: Floats = 0.5 * (scale * (first * voice).sum(axis=1) + np.linalg.slogdet(covariance)[1])
    return evidence


def _voices(model: BackgroundModel, zero: Floats, first: Floats, scale: float) -> tuple[Floats, Floats]:
    """Return the posterior covariance (n, rank, rank) and mean (n, rank) of n voices."""
    precision = np.eye(model.rank) + scale * (zero @ model.precision).reshape(-1, model.rank, model.rank)
    covariance = np.linalg.inv(precision).astype(np.float64, copy=False)
    return covariance, scale * np.einsum("krq,kq->kr", covariance, first)


def forward_backward(score: Floats, share: Floats, stay: float) -> tuple[Floats, float]:
    """Sum over all paths of the hidden Markov chain.

    The chain is cut into about sqrt(chunks) pieces of equal length. First the transfer matrices of all
    pieces are multiplied in parallel, then a short loop over the pieces gives the exact messages at their
    borders, and from these all pieces run in parallel again. The result is that of the plain recursion, in
    3 sqrt(chunks) vectorized steps.

    Args:
        score: (chunks, states), log likelihoods.
        share: (states,), the probability of each state in a new draw.
        stay: the probability that the next chunk keeps its state; otherwise a new state is drawn.

    Returns: posterior (chunks, states), rows sum to 1; log likelihood of all chunks.
    """
    chunks, states = score.shape
    peak = score.max(axis=1, keepdims=True)
    likelihood = np.exp(np.maximum(score - peak, _SMALLEST_SCORE))
    transition = stay * np.eye(states) + (1.0 - stay) * share[None, :]
    length = max(1, int(np.sqrt(chunks)))
    pieces = -(-chunks // length)
    # The chunks that pad the last piece favour no state, so they change no posterior; they are cut off below.
    padded = np.ones((pieces * length, states))
    padded[:chunks] = likelihood
    padded = padded.reshape(pieces, length, states)

    forward, growth = _forward(padded, transition, share)
    backward = _backward(padded, transition)
    posterior = (forward * backward).reshape(-1, states)[:chunks]
    posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior, float(np.log(growth.reshape(-1)[:chunks]).sum() + peak.sum())


def _forward(likelihood: Floats, transition: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return the filtered state probabilities, and the normalizer of each chunk.

    likelihood: (pieces, length, states).
    """
    pieces, length, states = likelihood.shape
    transfer = np.broadcast_to(np.eye(states), (pieces, states, states))
    for step in range(length):
        transfer = (transfer @ transition) * likelihood[:, step, None, :]
        transfer = transfer / transfer.sum(axis=(1, 2), keepdims=True)
    # `share` is stationary under `transition`, so the first chunk is no special case.
    message = np.empty((pieces, states))
    message[0] = share
    for piece in range(1, pieces):
        carried = message[piece - 1] @ transfer[piece - 1]
        message[piece] = carried / carried.sum()
    filtered, growth = np.empty_like(likelihood), np.empty((pieces, length))
    for step in range(length):
        message = (message @ transition) * likelihood[:, step]
        growth[:, step] = message.sum(axis=1)
        message = message / growth[:, step, None]
        filtered[:, step] = message
    return filtered, growth


def _backward(likelihood: Floats, transition: Floats) -> Floats:
    """Return the backward messages, each scaled to sum 1. likelihood: (pieces, length, states)."""
    pieces, length, states = likelihood.shape
    transfer = np.broadcast_to(np.eye(states), (pieces, states, states))
    for step in range(length - 1, -1, -1):
        transfer = (transition * likelihood[:, step, None, :]) @ transfer
        transfer = transfer / transfer.sum(axis=(1, 2), keepdims=True)
    message = np.empty((pieces, states))
    message[-1] = 1.0 / states
    for piece in range(pieces - 1, 0, -1):
        carried = transfer[piece] @ message[piece]
        message[piece - 1] = carried / carried.sum()
    backward = np.empty_like(likelihood)
    for step in range(length - 1, -1, -1):
        backward[:, step] = message
        message = (message * likelihood[:, step]) @ transition.T
        message = message / message.sum(axis=1, keepdims=True)
    return backward
