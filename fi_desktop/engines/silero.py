"""Silero's network, in NumPy: spectra, four layers of convolutions, one that remembers.

Owns the weights' file and what is done with its numbers; `silero.py` decides what is heard and what it
means. A library that runs every network there is would weigh 37 MB, send telemetry unless told not to, and be
no faster: all frames of a block go through the convolutions at once, and only the memory goes from frame to
frame.

Source: Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad (MIT), version 6, as packed with
faster-whisper. The file's format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
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


class Network:
    """The network with its weights; it remembers nothing between calls. See `shared`."""

    def __init__(self, weights: dict[str, _Array]) -> None:
        """weights: as `read_weights` gives them."""
        self._waves = np.ascontiguousarray(weights["encoder.feature_extractor.forward_basis_buffer"][:, 0].T)
        layers = [weights[f"encoder.conv_layers.{layer}.weight"] for layer in range(4)]
        self._biases = [weights[f"encoder.conv_layers.{layer}.bias"] for layer in range(4)]
        # (taps times inputs, outputs); where only some taps lie within the frame, only those
        first, second = (layer.transpose(2, 1, 0).reshape(-1, layer.shape[0]) for layer in layers[:2])
        self._first, self._second = first, second
        self._third = layers[2][:, :, 1:].transpose(2, 1, 0).reshape(-1, layers[2].shape[0])
        self._fourth = layers[3][:, :, 1].T
        # Gates open by the logistic function, which is a tanh of half its argument: one tanh does for all.
        halves = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], dtype=np.float32), STATE_SIZE)
        given, remembered, biases = (weights[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211))
        self._given = (given * halves[:, None]).T
        self._remembered = np.ascontiguousarray(remembered * halves[:, None])
        self._gates = biases.reshape(2, -1).sum(axis=0) * halves
        self._voice = weights["decoder.conv1d.weight"][0, :, 0]
        self._silence = weights["decoder.conv1d.bias"][0]

    def run(self, frames: _Array, hidden: _Array, cell: _Array) -> tuple[_Array, _Array, _Array]:
        """Return the probability of speech in each frame, and the memory after the last.

        frames: (frames, 576), consecutive; hidden, cell: (128,), the memory before them.
        """
        gates = self._encode(frames) @ self._given + self._gates
        seen = np.empty((len(frames), STATE_SIZE), dtype=np.float32)
        for number, gate in enumerate(gates):
            opened = np.tanh(gate + self._remembered @ hidden)
            half = opened[: 3 * STATE_SIZE] * np.float32(0.5) + np.float32(0.5)
            taken_in, let_out, kept = half.reshape(3, STATE_SIZE)
            cell = kept * cell + taken_in * opened[3 * STATE_SIZE :]
            hidden = seen[number] = let_out * np.tanh(cell)
        score = np.maximum(seen, 0.0) @ self._voice + self._silence
        # no overflow, however silent
        return np.float32(0.5) * np.tanh(np.float32(0.5) * score) + np.float32(0.5), hidden, cell

    def _encode(self, frames: _Array) -> _Array:
        """Return (frames, 128), of what is heard in each frame by itself."""
        count = len(frames)
        mirrored = np.concatenate([frames, frames[:, -2 : -2 - _MIRRORED : -1]], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(mirrored, _WINDOW, axis=1)[:, ::_STEP]
        waves = windows.reshape(count * _STEPS, _WINDOW) @ self._waves
        real, imaginary = np.split(waves, 2, axis=1)
        spectra = np.sqrt(np.square(real) + np.square(imaginary)).reshape(count, _STEPS, -1)
        around = np.pad(spectra, ((0, 0), (1, 1), (0, 0)))
        first = self._layer(np.concatenate([around[:, tap : tap + _STEPS] for tap in range(3)], axis=2), 0)
        around = np.pad(first, ((0, 0), (1, 0), (0, 0)))
        second = self._layer(np.concatenate([around[:, tap : tap + 3 : 2] for tap in range(3)], axis=2), 1)
        third = self._layer(second.reshape(count, -1), 2)
        return self._layer(third, 3)

    def _layer(self, inputs: _Array, layer: int) -> _Array:
        matrix = (self._first, self._second, self._third, self._fourth)[layer]
        flat = inputs.reshape(-1, len(matrix)) @ matrix + self._biases[layer]
        np.maximum(flat, 0.0, out=flat)
        return flat.reshape(*inputs.shape[:-1], -1)


@cache
def shared() -> Network:
    """Return the network, which is read once a process."""
    return Network(read_weights(weights_file()))


def weights_file() -> Path:
    """Locate the weights in the faster-whisper package without importing it: that would load CTranslate2.

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


# Numbers of the fields in onnx.proto3, and of its type for 32-bit floats.
_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_FLOAT = 1


def read_weights(file: Path) -> dict[str, _Array]:
    """Return the tables of 32-bit floats in an ONNX file, by name."""
    weights = {}
    for graph in _messages(file.read_bytes(), _MODEL_GRAPH):
        for tensor in _messages(graph, _GRAPH_INITIALIZER):
            if (_TENSOR_TYPE, _FLOAT) in _fields(tensor):
                shape = [
                    size
                    for field, sizes in _fields(tensor)
                    if field == _TENSOR_DIMS
                    for size in _numbers(sizes)
                ]
                (name,) = _messages(tensor, _TENSOR_NAME)
                (raw,) = _messages(tensor, _TENSOR_RAW)
                table = np.frombuffer(raw, dtype="<f4").astype(np.float32)
                weights[str(name, "utf-8")] = table.reshape(shape)
    return weights


def _messages(message: bytes, number: int) -> list[bytes]:
    """Return the fields of this number that hold bytes: text, or messages within the message."""
    return [value for field, value in _fields(message) if field == number and isinstance(value, bytes)]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield a message's fields: their numbers, and a whole number or bytes. https://protobuf.dev"""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _number(message, at)
            yield key >> 3, value
            continue
        size, at = _number(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield key >> 3, message[at : at + size]
        at += size


def _numbers(value: int | bytes) -> Iterator[int]:
    """Yield the whole numbers of a field that may hold one or several."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _number(value, at)
        yield number


def _number(message: bytes, at: int) -> tuple[int, int]:
    """Return the whole number that begins `at`, and where it ends: seven bits a byte, the lowest first."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return value, at
