"""Whisper's encoder by ONNX Runtime: on the CPU it takes about half of the time.

`packaging/make_whisper_graphs.py` makes a graph for each published shape; the weights are those of the
installed pack.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from fi_desktop.engines.networks import Network
from fi_desktop.engines.whisper.model_weights import read_weights
from fi_desktop.engines.whisper.rounded_weights import rounded
from fi_desktop.system.files import resource

_log = logging.getLogger(__name__)

_COPIES = 3  # of the weights, while they are opened
_SPARE_BYTES = 2**30


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
        stored = read_weights(folder / "model.bin", "encoder/")
        width, bands, _ = stored["conv1/weight"].shape
        layers = sum(name.endswith("/ffn/linear_0/weight") for name in stored)
        graph = resource("models", "words", f"encoder-{layers}x{width}-{bands}.onnx").read_bytes()
        size = sum(values.size for values in stored.values())
        if psutil.virtual_memory().available < _COPIES * size + _SPARE_BYTES:
            _log.info("too little memory for another encoder; CTranslate2's is used")
            return None
        return Encoder(Network(graph, threads=threads, weights=rounded(stored)))
    except FileNotFoundError:
        _log.debug("no graph for this encoder; CTranslate2's is used")
    except Exception:  # noqa: BLE001 - ONNX Runtime's errors have no other class in common
        _log.warning("the encoder cannot be opened; CTranslate2's is used", exc_info=True)
    return None
