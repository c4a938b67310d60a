"""Whisper's encoder by ONNX Runtime: on the CPU it takes about half of the time.

`packaging/make_whisper_graphs.py` makes a graph for each published shape; the weights are those of the
installed pack.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from fi_desktop.engines.networks import Network
from fi_desktop.engines.whisper.model_weights import read_encoder
from fi_desktop.system.files import resource

_log = logging.getLogger(__name__)

_COPIES = 3  # of the weights, while they are opened
_SPARE_BYTES = 2**30
_LEVELS = 127
_LEVELS_WITHOUT_OVERFLOW = 63
"""Where sums of two products are kept in 16 bits (x86 without VNNI): 2 * 255 * 63 < 2**15."""


class Encoder:
    """Encodes one window after the other."""

    def __init__(self, network: Network) -> None:
        """Use a loaded graph; see `open_encoder`."""
        self._network = network

    def encode(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the encoder's output, (windows, frames, width).

        features: log mel spectrograms, (windows, bands, 2 * frames), up to 1500 frames.
        """
        windows = np.ascontiguousarray(features, dtype=np.float32)
        return np.concatenate([self._network.run(features=each[None]) for each in windows])


def open_encoder(folder: Path, *, threads: int) -> Encoder | None:
    """Return a model pack's encoder; None if there is no graph for its shape, or it cannot be used.

    threads: CPU threads that it may use.
    """
    try:
        stored = read_encoder(folder / "model.bin")
        width, bands, _ = stored["conv1/weight"].shape
        layers = sum(name.endswith("/ffn/linear_0/weight") for name in stored)
        graph = resource("models", "words", f"encoder-{layers}x{width}-{bands}.onnx").read_bytes()
        size = sum(values.size for values in stored.values())
        if psutil.virtual_memory().available < _COPIES * size + _SPARE_BYTES:
            _log.info("too little memory for another encoder; CTranslate2's is used")
            return None
        weights = _rounded({name: values for name, values in stored.items() if values.ndim})
        return Encoder(Network(graph, threads=threads, weights=weights))
    except FileNotFoundError:
        _log.debug("no graph for this encoder; CTranslate2's is used")
    except Exception:  # noqa: BLE001 - ONNX Runtime's errors have no other class in common
        _log.warning("the encoder cannot be opened; CTranslate2's is used", exc_info=True)
    return None


def _rounded(stored: dict[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Return weights as the graph wants them: matrices as 8-bit integers, a scale for each column."""
    levels = _LEVELS if products_are_exact() else _LEVELS_WITHOUT_OVERFLOW
    found: dict[str, NDArray[np.generic]] = {}
    for name, values in stored.items():
        if name.endswith("_scale"):
            continue
        factor = stored.get(f"{name}_scale")
        if values.ndim == 2 and name.endswith("/weight"):
            rows, scale = _rounded_rows(values, factor, levels)
            found[name], found[name.replace("/weight", "/scale")] = np.ascontiguousarray(rows.T), scale
        else:
            found[name] = _single_precision(values, factor)
    return found


def _rounded_rows(
    values: NDArray[np.generic], factor: NDArray[np.generic] | None, levels: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return rows of 8-bit integers of up to `levels`, and the scale of each row."""
    if factor is not None and levels == _LEVELS:  # stored so
        return values.astype(np.int8), 1.0 / factor.astype(np.float32)
    exact = _single_precision(values, factor)
    scale = np.maximum(np.abs(exact).max(axis=1), np.finfo(np.float32).tiny * levels) / levels
    return np.rint(exact / scale[:, None]).astype(np.int8), scale


def _single_precision(values: NDArray[np.generic], factor: NDArray[np.generic] | None) -> NDArray[np.float32]:
    """Return stored values. factor: of each row of integers; None if they are not integers."""
    if factor is None:
        if values.dtype.kind != "f":
            raise ValueError(f"weights of {values.dtype}")
        return values.astype(np.float32)
    return values.astype(np.float32) / factor.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))


@cache
def products_are_exact() -> bool:
    """Return whether this processor multiplies 8-bit integers without overflow."""
    network = Network(resource("models", "words", "products.onnx").read_bytes())
    left, right = np.full((8, 64), 255, dtype=np.uint8), np.full((64, 16), 127, dtype=np.int8)
    return bool((network.run(left=left, right=right) == 64 * 255 * 127).all())
