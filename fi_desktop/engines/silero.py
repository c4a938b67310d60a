"""Silero's voice activity network in NumPy: spectra, four convolutional layers, an LSTM.

Owns the weights' file and the arithmetic; `vad.py` decides on input and meaning. ONNX Runtime would add 37 MB
and telemetry and be no faster: all frames of a block pass the convolutions at once, and only the LSTM runs
frame by frame.

Source: Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad (MIT), version 6, as packaged with
faster-whisper. File format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core import messages
from fi_desktop.core.errors import FiError

STATE_SIZE = 128
_WINDOW = 256
_STEP = 128
_STEPS = 4
# mirrored at the end of each frame, so that four windows fit
_MIRRORED = 64

_Array = NDArray[np.float32]


class SileroNetwork:
    """The network with its weights; the caller keeps its state. See `shared_network`."""

    def __init__(self, weights: dict[str, _Array]) -> None:
        """weights: as `read_weights` returns them."""
        self._waves = np.ascontiguousarray(weights["encoder.feature_extractor.forward_basis_buffer"][:, 0].T)
        layers = [weights[f"encoder.conv_layers.{layer}.weight"] for layer in range(4)]
        self._biases = [weights[f"encoder.conv_layers.{layer}.bias"] for layer in range(4)]
        # (taps times inputs, outputs); only the taps that fall inside the frame
        first, second = (layer.transpose(2, 1, 0).reshape(-1, layer.shape[0]) for layer in layers[:2])
        self._first, self._second = first, second
        self._third = layers[2][:, :, 1:].transpose(2, 1, 0).reshape(-1, layers[2].shape[0])
        self._fourth = layers[3][:, :, 1].T
        # The logistic function is a tanh of half its argument, so one tanh computes all four gates.
        halves = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], dtype=np.float32), STATE_SIZE)
        from_input, from_hidden, biases = (weights[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211))
        self._from_input = (from_input * halves[:, None]).T
        self._from_hidden = np.ascontiguousarray(from_hidden * halves[:, None])
        self._gate_bias = biases.reshape(2, -1).sum(axis=0) * halves
        self._output = weights["decoder.conv1d.weight"][0, :, 0]
        self._output_bias = weights["decoder.conv1d.bias"][0]

    def run(self, frames: _Array, hidden: _Array, cell: _Array) -> tuple[_Array, _Array, _Array]:
        """Return the probability of speech in each frame, and the state after the last.

        frames: (frames, 576), consecutive; hidden, cell: (128,), the state before them.
        """
        gates = self._encode(frames) @ self._from_input + self._gate_bias
        states = np.empty((len(frames), STATE_SIZE), dtype=np.float32)
        for number, gate in enumerate(gates):
            activated = np.tanh(gate + self._from_hidden @ hidden)
            half = activated[: 3 * STATE_SIZE] * np.float32(0.5) + np.float32(0.5)
            input_gate, output_gate, forget_gate = half.reshape(3, STATE_SIZE)
            cell = forget_gate * cell + input_gate * activated[3 * STATE_SIZE :]
            hidden = states[number] = output_gate * np.tanh(cell)
        score = np.maximum(states, 0.0) @ self._output + self._output_bias
        # a logistic function that cannot overflow
        return np.float32(0.5) * np.tanh(np.float32(0.5) * score) + np.float32(0.5), hidden, cell

    def _encode(self, frames: _Array) -> _Array:
        """Return the features of each frame, (frames, 128)."""
        count = len(frames)
        mirrored = np.concatenate([frames, frames[:, -2 : -2 - _MIRRORED : -1]], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(mirrored, _WINDOW, axis=1)[:, ::_STEP]
        waves = windows.reshape(count * _STEPS, _WINDOW) @ self._waves
        real, imaginary = np.split(waves, 2, axis=1)
        spectra = np.sqrt(np.square(real) + np.square(imaginary)).reshape(count, _STEPS, -1)
        padded = np.pad(spectra, ((0, 0), (1, 1), (0, 0)))
        first = self._layer(np.concatenate([padded[:, tap : tap + _STEPS] for tap in range(3)], axis=2), 0)
        padded = np.pad(first, ((0, 0), (1, 0), (0, 0)))
        second = self._layer(np.concatenate([padded[:, tap : tap + 3 : 2] for tap in range(3)], axis=2), 1)
        third = self._layer(second.reshape(count, -1), 2)
        return self._layer(third, 3)

    def _layer(self, inputs: _Array, layer: int) -> _Array:
        matrix = (self._first, self._second, self._third, self._fourth)[layer]
        flat = inputs.reshape(-1, len(matrix)) @ matrix + self._biases[layer]
        np.maximum(flat, 0.0, out=flat)
        return flat.reshape(*inputs.shape[:-1], -1)


@cache
def shared_network() -> SileroNetwork:
    """Return the network, read once per process."""
    return SileroNetwork(read_weights(weights_file()))


def weights_file() -> Path:
    """Locate the weights in the faster-whisper package without importing it, which would load CTranslate2.

    Raises:
        FiError: "engine.silero_missing".
    """
    spec = find_spec("faster_whisper")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        found = sorted(Path(folder).glob("assets/silero_vad*.onnx"))
        if found:
            return found[-1]
    raise FiError(messages.ENGINE_SILERO_MISSING)


# Field numbers of onnx.proto3, and its number for the type float32.
_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_FLOAT = 1


def read_weights(file: Path) -> dict[str, _Array]:
    """Return the float32 tensors of an ONNX file by name."""
    weights = {}
    for graph in _messages(file.read_bytes(), _MODEL_GRAPH):
        for tensor in _messages(graph, _GRAPH_INITIALIZER):
            if (_TENSOR_TYPE, _FLOAT) in _fields(tensor):
                shape = [
                    size
                    for field, sizes in _fields(tensor)
                    if field == _TENSOR_DIMS
                    for size in _varints(sizes)
                ]
                (name,) = _messages(tensor, _TENSOR_NAME)
                (raw,) = _messages(tensor, _TENSOR_RAW)
                values = np.frombuffer(raw, dtype="<f4").astype(np.float32)
                weights[str(name, "utf-8")] = values.reshape(shape)
    return weights


def _messages(message: bytes, number: int) -> list[bytes]:
    """Return the length-delimited fields with this number: text or nested messages."""
    return [value for field, value in _fields(message) if field == number and isinstance(value, bytes)]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field of a protobuf message. https://protobuf.dev"""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield key >> 3, message[at : at + size]
        at += size


def _varints(value: int | bytes) -> Iterator[int]:
    """Yield the integers of a field that holds one or, packed, several."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield number


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the integer that starts `at`, and its end: seven bits per byte, lowest first."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return value, at
