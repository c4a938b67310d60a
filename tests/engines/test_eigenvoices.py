from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.core.errors import FiError
from fi_desktop.engines.builtin.eigenvoices import (
    BackgroundModel,
    Statistics,
    eigenvoice_scores,
    load_model,
)
from fi_desktop.engines.builtin.hmm import forward_backward

from .conftest import MODEL_DIR, ignore


def test_model_is_small_described_and_attributed() -> None:
    manifest = json.loads((MODEL_DIR / "manifest.json").read_text(encoding="utf-8"))
    file = MODEL_DIR / manifest["file"]
    assert file.stat().st_size == manifest["bytes"] <= 1_000_000
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    attribution = (MODEL_DIR / manifest["attribution"]).read_text(encoding="utf-8")
    assert "CC BY 4.0" in attribution
    assert "LibriSpeech" in attribution
    assert manifest["command"] in attribution
    assert manifest["command"].startswith("python packaging/train_background.py ")


def test_model_has_the_stated_shape(model: BackgroundModel) -> None:
    assert model.means.shape == (128, 20)
    assert model.rank == 60
    assert model.eigenvoices.shape == (128, 20, 60)
    assert model.weights.sum() == pytest.approx(1.0)
    assert (model.variances > 0).all()
    with np.load(MODEL_DIR / "background.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == {"weights", "means", "variances", "eigenvoices"}


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: flip_a_bit(folder / "background.npz"),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").write_text("{}"),
    ],
    ids=["another bit", "not JSON", "not an object", "no hash"],
)
def test_damaged_model_is_refused(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_DIR, folder)
    damage(folder)
    with pytest.raises(FiError) as caught:
        load_model(folder)
    assert caught.value.code == "engine.builtin_damaged"


@pytest.mark.parametrize("name", ["background.npz", "manifest.json"])
def test_missing_model_is_reported(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_DIR, folder)
    (folder / name).unlink()
    with pytest.raises(FiError) as caught:
        load_model(folder)
    assert caught.value.code == "engine.builtin_missing"


def test_posteriors_match_the_mixture_density(model: BackgroundModel) -> None:
    frames = np.random.default_rng(2).normal(size=(7, 20)).astype(np.float32)
    expected = np.empty((7, 128))
    for row, frame in enumerate(frames):
        for component in range(128):
            variance = model.variances[component]
            distance = ((frame - model.means[component]) ** 2 / variance).sum()
            density = np.exp(-0.5 * distance) / np.sqrt(np.prod(2 * np.pi * variance))
            expected[row, component] = model.weights[component] * density
    expected /= expected.sum(axis=1, keepdims=True)
    assert model.posteriors(frames) == pytest.approx(expected, abs=1e-4)


def test_statistics_agree_with_a_naive_loop(model: BackgroundModel) -> None:
    rng = np.random.default_rng(3)
    # More chunks than one batch, of unequal length.
    offsets = np.concatenate([[0], np.cumsum(rng.integers(1, 6, size=300))])
    frames = rng.normal(size=(offsets[-1], 20)).astype(np.float32)
    found = model.statistics(frames, offsets, ignore)
    posterior = model.posteriors(frames).astype(float)
    for chunk in (0, 1, 255, 256, 299):
        rows = range(offsets[chunk], offsets[chunk + 1])
        assert found.zero_order[chunk] == pytest.approx(sum(posterior[row] for row in rows), abs=1e-4)
        first = np.zeros(60)
        for row in rows:
            for component in range(128):
                shift = (frames[row] - model.means[component]) / model.variances[component]
                first += posterior[row, component] * (model.eigenvoices[component].T @ shift)
        assert found.first_order[chunk] == pytest.approx(first, abs=5e-3)


def test_scores_agree_with_the_formulas(model: BackgroundModel) -> None:
    rng = np.random.default_rng(4)
    frames = rng.normal(size=(200, 20)).astype(np.float32)
    statistics = model.statistics(frames, np.arange(0, 201, 20), ignore)
    posterior = rng.dirichlet(np.ones(2), size=10)
    found = eigenvoice_scores(model, statistics, posterior, 0.2)
    products = [basis.T @ (basis / variance[:, None]) for basis, variance in zip(
        model.eigenvoices, model.variances, strict=True)]  # fmt: skip
    for voice in range(2):
        zero = sum(
            posterior[chunk, voice] * statistics.zero_order[chunk].astype(float) for chunk in range(10)
        )
        first = sum(
            posterior[chunk, voice] * statistics.first_order[chunk].astype(float) for chunk in range(10)
        )
        # Kenny 2010, the posterior of a voice: precision and mean
        precision = np.eye(60) + 0.2 * sum(n * p for n, p in zip(zero, products, strict=True))
        mean = np.linalg.solve(precision, 0.2 * first)
        second = np.linalg.inv(precision) + np.outer(mean, mean)
        for chunk in (0, 5, 9):
            spread = sum(
                n * np.trace(p @ second) for n, p in zip(statistics.zero_order[chunk], products, strict=True)
            )
            expected = 0.2 * (statistics.first_order[chunk] @ mean - 0.5 * spread)
            assert found[chunk, voice] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_chunks_of_elsewhere_are_scored_with_the_same_voices(model: BackgroundModel) -> None:
    statistics, truth = two_voices(model)
    posterior = np.eye(2)[truth]
    everywhere = eigenvoice_scores(model, statistics, posterior, 0.2)
    chosen = np.array([3, 50, 170])
    elsewhere = eigenvoice_scores(model, statistics, posterior, 0.2, statistics.take(chosen))
    assert elsewhere == pytest.approx(everywhere[chosen])


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


def refined(model: BackgroundModel, statistics: Statistics, posterior: np.ndarray) -> np.ndarray:
    """Return who speaks after ten rounds of scores and the hidden Markov model."""
    for _ in range(10):
        scores = eigenvoice_scores(model, statistics, posterior, 0.15)
        posterior, _ = forward_backward(scores, np.full(2, 0.5), 0.98)
    return posterior.argmax(axis=1)


def test_two_voices_are_separated_from_a_poor_start(model: BackgroundModel) -> None:
    statistics, truth = two_voices(model)
    rng = np.random.default_rng(9)
    guess = np.full((len(truth), 2), 0.2)
    guess[np.arange(len(truth)), np.where(rng.random(len(truth)) < 0.25, 1 - truth, truth)] = 0.8
    assert (refined(model, statistics, guess) == truth).mean() > 0.98


def test_unknown_chunks_are_filled_in(model: BackgroundModel) -> None:
    statistics, truth = two_voices(model)
    guess = np.zeros((len(truth), 2))
    guess[np.arange(60), truth[:60]] = 1.0
    assert (refined(model, statistics, guess) == truth).mean() > 0.98
