from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.core.errors import FiError
from fi_desktop.engines.builtin.ivector import BackgroundModel, ivectors, load_model

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
    assert model.lda.shape == (60, 40)
    assert model.weights.sum() == pytest.approx(1.0)
    assert (model.variances > 0).all()
    assert (np.diff(model.lda_ratio) <= 1e-6).all()
    assert model.name == "fi-desktop voices 1"


def test_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL_DIR, folder)
    file = folder / "background.npz"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(FiError) as caught:
        load_model(folder)
    assert caught.value.code == "engine.builtin_damaged"


def test_missing_model_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FiError) as caught:
        load_model(tmp_path)
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


def test_ivector_maximizes_its_posterior(model: BackgroundModel) -> None:
    rng = np.random.default_rng(4)
    frames = rng.normal(size=(200, 20)).astype(np.float32)
    statistics = model.statistics(frames, np.arange(0, 201, 20), ignore)
    (vector,) = ivectors(model, statistics, np.array([[0, 10]]))
    zero, first = statistics.zero_order.sum(axis=0), statistics.first_order.sum(axis=0)
    precision = (zero.astype(float) @ model.precision).reshape(60, 60)
    # The gradient of the log posterior, statistics scaled by 0.3, is zero there.
    gradient = 0.3 * first - 0.3 * precision @ vector - vector
    assert gradient == pytest.approx(np.zeros(60), abs=1e-3)
