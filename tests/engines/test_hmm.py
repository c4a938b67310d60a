from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.engines.builtin.hmm import forward_backward


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
