"""Silero's network in NumPy against onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from fi_desktop.engines.silero import STATE_SIZE, read_weights, shared_network, weights_file


def frames_of(samples: np.ndarray) -> np.ndarray:
    whole = samples[: len(samples) // 512 * 512].astype(np.float32)
    padded = np.concatenate([np.zeros(64, dtype=np.float32), whole])
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, 576)[::512])


@pytest.mark.parametrize("sound", ["call", "noise", "silence"])
def test_probabilities_and_state_match_onnxruntime(sound: str, call_samples: np.ndarray) -> None:
    noise = np.random.default_rng(3).normal(size=16_000 * 4)
    frames = frames_of({"call": call_samples, "noise": noise, "silence": 0.0 * noise}[sound])
    session = onnxruntime.InferenceSession(str(weights_file()), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(4)
    hidden, cell = rng.normal(size=(2, STATE_SIZE)).astype(np.float32)
    feed = {"input": frames, "h": hidden[None, None], "c": cell[None, None]}
    expected = [part.reshape(-1) for part in session.run(None, feed)]
    for found, known in zip(shared_network().run(frames, hidden, cell), expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-4)


def test_every_tensor_of_the_file_is_read() -> None:
    shapes = {name: tensor.shape for name, tensor in read_weights(weights_file()).items()}
    assert shapes["encoder.conv_layers.0.weight"] == (128, 129, 3)
    assert shapes["onnx::LSTM_210"] == (1, 512, 128)
    assert sum(len(shape) > 1 for shape in shapes.values()) == 9
