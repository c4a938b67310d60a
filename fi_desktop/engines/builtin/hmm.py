"""The hidden Markov model of who speaks: from a score of each speaker in each chunk to probabilities.

Source: Rabiner 1989, "A tutorial on hidden Markov models and selected applications in speech recognition"
(forward-backward algorithm); the chain is that of Diez, Burget & Matejka 2018, "Speaker diarization based on
Bayesian HMM with eigenvoice priors".
"""

from __future__ import annotations

import numpy as np

from fi_desktop.engines.builtin.features import Floats

_SMALLEST_SCORE = -60.0


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
