from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.engines.builtin.ivector import BackgroundModel, Statistics
from fi_desktop.engines.builtin.vbhmm import HmmSettings, forward_backward, resegment, voice_evidence

from .conftest import ignore


def naive_forward_backward(score: np.ndarray, share: np.ndarray, stay: float) -> tuple[np.ndarray, float]:
    chunks, states = score.shape
    transition = stay * np.eye(states) + (1 - stay) * share
    likelihood = np.exp(score)
    forward, backward = np.zeros((chunks, states)), np.ones((chunks, states))
    forward[0] = share * likelihood[0]
    for t in range(1, chunks):
        forward[t] = (forward[t - 1] @ transition) * likelihood[t]
    for t in range(chunks - 2, -1, -1):
        backward[t] = transition @ (likelihood[t + 1] * backward[t + 1])
    posterior = forward * backward
    return posterior / posterior.sum(axis=1, keepdims=True), float(np.log(forward[-1].sum()))


@settings(deadline=None, max_examples=60)
@given(
    chunks=st.integers(1, 60),
    states=st.integers(1, 4),
    stay=st.floats(0.0, 0.999),
    seed=st.integers(0, 2**16),
)
def test_forward_backward_matches_the_plain_recursion(
    chunks: int, states: int, stay: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    score, share = rng.normal(size=(chunks, states)) * 2, rng.dirichlet(np.ones(states))
    posterior, likelihood = forward_backward(score, share, stay)
    expected, total = naive_forward_backward(score, share, stay)
    assert posterior == pytest.approx(expected, abs=1e-8)
    assert likelihood == pytest.approx(total, abs=1e-8)


def test_forward_backward_matches_the_sum_over_all_paths() -> None:
    rng = np.random.default_rng(5)
    score, share, stay = rng.normal(size=(6, 3)), np.array([0.5, 0.3, 0.2]), 0.7
    mass = np.zeros((6, 3))
    for path in product(range(3), repeat=6):
        weight = share[path[0]] * np.exp(sum(score[t, state] for t, state in enumerate(path)))
        for old, new in pairwise(path):
            weight *= stay * (old == new) + (1 - stay) * share[new]
        for t, state in enumerate(path):
            mass[t, state] += weight
    posterior, likelihood = forward_backward(score, share, stay)
    assert posterior == pytest.approx(mass / mass.sum(axis=1, keepdims=True))
    assert likelihood == pytest.approx(np.log(mass[0].sum()))


def test_forward_backward_survives_long_and_extreme_input() -> None:
    score = np.random.default_rng(6).normal(size=(20_000, 2)) * 500
    posterior, likelihood = forward_backward(score, np.full(2, 0.5), 0.98)
    assert np.isfinite(likelihood)
    assert posterior.sum(axis=1) == pytest.approx(np.ones(20_000))


def two_voices(model: BackgroundModel, seed: int = 7) -> tuple[Statistics, np.ndarray]:
    """Draw chunks of two voices from the model, in turns of 15 chunks."""
    rng = np.random.default_rng(seed)
    voices = rng.normal(size=(2, model.rank)) * 2
    truth = np.repeat(np.arange(12) % 2, 15)
    component = rng.choice(model.components, p=model.weights, size=(len(truth), 20))
    mean = model.means[component] + np.einsum("tfdr,tr->tfd", model.eigenvoices[component], voices[truth])
    frames = mean + rng.normal(size=mean.shape) * np.sqrt(model.variances[component])
    offsets = np.arange(0, 20 * len(truth) + 1, 20)
    return model.statistics(frames.reshape(-1, 20).astype(np.float32), offsets, ignore), truth


def test_elbo_never_decreases(model: BackgroundModel) -> None:
    statistics, _ = two_voices(model)
    guess = np.random.default_rng(8).dirichlet(np.ones(3), size=len(statistics))
    for config in (
        HmmSettings(tolerance=-1.0),
        HmmSettings(evidence=0.5, prior=2.0, stay=0.9, tolerance=-1.0),
    ):
        history = resegment(model, statistics, guess, config, ignore).history
        assert len(history) == config.iterations
        assert np.diff(history).min() > -1e-6 * abs(history[-1])


def test_two_voices_are_separated_from_a_poor_start(model: BackgroundModel) -> None:
    statistics, truth = two_voices(model)
    rng = np.random.default_rng(9)
    guess = np.full((len(truth), 2), 0.2)
    guess[np.arange(len(truth)), np.where(rng.random(len(truth)) < 0.25, 1 - truth, truth)] = 0.8
    found = resegment(model, statistics, guess, HmmSettings(), ignore).posterior.argmax(axis=1)
    assert (found == truth).mean() > 0.98


def test_unknown_chunks_are_filled_in(model: BackgroundModel) -> None:
    statistics, truth = two_voices(model)
    guess = np.zeros((len(truth), 2))
    guess[np.arange(60), truth[:60]] = 1.0
    found = resegment(model, statistics, guess, HmmSettings(), ignore).posterior.argmax(axis=1)
    assert (found == truth).mean() > 0.98


def test_merging_one_voice_gains_evidence_and_two_voices_lose(model: BackgroundModel) -> None:
    statistics, truth = two_voices(model)
    half = np.arange(len(truth)) % 4 < 2
    parts = np.stack([(truth == 0) & half, (truth == 0) & ~half, truth == 1], axis=1).astype(float)
    single = voice_evidence(model, statistics, parts, HmmSettings())
    same, different = voice_evidence(
        model,
        statistics,
        np.stack([parts[:, 0] + parts[:, 1], parts[:, 0] + parts[:, 2]], axis=1),
        HmmSettings(),
    )
    assert same > single[0] + single[1]
    assert different < single[0] + single[2]
