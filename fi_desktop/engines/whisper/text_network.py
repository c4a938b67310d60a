"""Whisper's decoder by ONNX Runtime: from the encoder's output and tokens to the next tokens.

`packaging/make_whisper_graphs.py` makes the graphs for each published shape; the weights are those of the
installed pack.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from fi_desktop.engines.networks import Network
from fi_desktop.engines.whisper.model_weights import read_weights
from fi_desktop.engines.whisper.rounded_weights import half_precision, products_are_exact, rounded
from fi_desktop.system.files import resource
from fi_desktop.system.memory import own_pages, share_own_pages

_log = logging.getLogger(__name__)

_VOCABULARY = 51_968
"""The size of the graph's vocabulary, in which each published one fits."""

MASKED = np.float32(-1e9)
"""Added to the score of what a token does not see. Scores of one token differ by more than 65."""

# The weights of each graph, by their names in the file.
_MEMORY = re.compile(r"layer_\d+/attention/linear_1/")
_DECODER = re.compile(r"layer_norm/|layer_\d+/(?!attention/linear_1/)")
_PROJECTION = re.compile("projection/")

_COPIES = 3  # of the weights, while they are opened
_SPARE_BYTES = 2**30
_ROWS = 20  # whose probabilities are found at a time, 0.2 MB each

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Layers, attention heads and the width of a head."""

    layers: int
    heads: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """What tokens and places become.

    Attributes:
        tokens: (tokens, width).
        places: (places, width).
    """

    tokens: NDArray[np.float16]
    places: NDArray[np.float32]

    def embed(self, tokens: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (windows, tokens, width). tokens: (windows, tokens); places: in the text, (tokens,)."""
        return self.tokens[tokens].astype(np.float32) + self.places[places]


class Memory:
    """Keys and values of the encoder's output for several windows."""

    def __init__(self, arrays: Arrays) -> None:
        """Hold arrays, (windows, …) each."""
        self._arrays = arrays
        self._windows = list(range(len(next(iter(arrays.values())))))
        self._used = len(self._windows)

    @property
    def size(self) -> int:
        """How many windows it holds."""
        return len(self._windows)

    @property
    def used(self) -> Arrays:
        """The arrays of the windows that are still used."""
        return {name: array[: self._used] for name, array in self._arrays.items()}

    def of(self, window: int) -> Arrays:
        """Return the arrays of one window, (1, …) each."""
        place = self._windows.index(window)
        return {name: array[place : place + 1] for name, array in self._arrays.items()}

    def keep(self, order: Sequence[int]) -> None:
        """Go on with some of the used windows, by their places among them; the others remain for `of`."""
        for place, other in enumerate(order):
            if other > place:
                for array in self._arrays.values():
                    array[[place, other]] = array[[other, place]]
                windows = self._windows
                windows[place], windows[other] = windows[other], windows[place]
        self._used = len(order)


class TextNetwork:
    """Whisper's decoder; several threads may use it at once.

    Attributes:
        shape: of the model.
        tokens: how many it knows.
        forbidden_first: tokens that begin no text.
    """

    def __init__(
        self,
        networks: tuple[Network, Network, Network],
        embeddings: Embeddings,
        shape: Shape,
        settings: Mapping[str, Any],
    ) -> None:
        """Use loaded graphs; see `open_text_network`. settings: of the model pack."""
        self._memory, self._decoder, self._vocabulary = networks
        self._embeddings = embeddings
        self.shape = shape
        self.tokens = len(embeddings.tokens)
        self.forbidden_first: Sequence[int] = settings["suppress_ids_begin"]
        heads = [
            [head for of, head in settings["alignment_heads"] if of == layer] for layer in range(shape.layers)
        ]
        self._aligned = {f"attended_{layer}": np.array(each, np.int64) for layer, each in enumerate(heads)}
        self._none = {name: each[:0] for name, each in self._aligned.items()}

    def remember(self, outputs: Sequence[NDArray[np.float32]]) -> Memory:
        """Return keys and values of the encoder's output for windows, (frames, width) each, equally long."""
        arrays: Arrays = {}
        for window, output in enumerate(outputs):
            found = self._memory.run_named(encoded=output[None])
            if not window:
                count = len(outputs)
                arrays = share_own_pages(
                    {name: ((count, *each.shape[1:]), each.dtype) for name, each in found.items()}
                )
            for name, each in found.items():
                arrays[name][window] = each[0]
        return Memory(arrays)

    def run(
        self,
        tokens: NDArray[np.int64],
        places: NDArray[np.int64],
        masks: tuple[NDArray[np.float32], NDArray[np.float32]],
        memory: Arrays,
        cached: Arrays,
        *,
        aligned: bool = False,
    ) -> Arrays:
        """Run the layers.

        Args:
            tokens: (windows, tokens).
            places: of the tokens in the text, (tokens,).
            masks: 0 or MASKED: what each token sees of the cached ones, (windows, 1, tokens, cached), and of
                these, (1, 1, tokens, tokens).
            memory: keys and values of the sound.
            cached: keys and values of earlier tokens; see `empty_cache`.
            aligned: find the attention of the heads that follow the sound.

        Returns:
            "output" (windows, tokens, width), "attention" (windows, heads, tokens, frames), and keys and
            values of these tokens.
        """
        embedded = self._embeddings.embed(tokens, places)
        heads = self._aligned if aligned else self._none
        return self._decoder.run_named(
            embedded=embedded, past_mask=masks[0], own_mask=masks[1], **memory, **cached, **heads
        )

    def empty_cache(self, windows: int, size: int) -> Arrays:
        """Return keys (windows, heads, depth, size) and values (windows, heads, size, depth) of no tokens."""
        heads, depth = self.shape.heads, self.shape.depth
        return {
            name.format(layer): own_pages(shape, np.float32)
            for layer in range(self.shape.layers)
            for name, shape in (
                ("past_key_{}", (windows, heads, depth, size)),
                ("past_value_{}", (windows, heads, size, depth)),
            )
        }

    def bias(self, forbidden: Iterable[int]) -> NDArray[np.float32]:
        """Return what is added to scores, (vocabulary,): minus infinity for tokens that no text has."""
        bias = np.zeros(_VOCABULARY, dtype=np.float32)
        bias[list(forbidden)] = -np.inf
        bias[self.tokens :] = -np.inf
        return bias

    def next_tokens(
        self, output: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the best tokens of each row, in no order: log probabilities and tokens, (rows, candidates).

        output: of the layers, (rows, width); bias: see `bias`.
        """
        wanted = np.zeros((len(output), 1), dtype=np.int64)
        found = self._vocabulary.run_named(rows=output, bias=bias, wanted=wanted)
        return found["log_probabilities"], found["tokens"]

    def log_probabilities(
        self, output: NDArray[np.float32], bias: NDArray[np.float32], wanted: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the log probability of one token for each row, (rows,); see `next_tokens`."""
        found = [
            self._vocabulary.run_named(
                rows=output[first : first + _ROWS], bias=bias, wanted=wanted[first : first + _ROWS, None]
            )["wanted_log_probability"]
            for first in range(0, len(output), _ROWS)
        ]
        return np.concatenate(found)[:, 0]


def open_text_network(folder: Path, *, threads: int) -> TextNetwork | None:
    """Return a model pack's decoder; None if there is no graph for its shape, or it cannot be used.

    threads: CPU threads that one run may use.
    """
    try:
        settings = json.loads((folder / "config.json").read_bytes())
        stored = read_weights(folder / "model.bin", "decoder/")
        if not products_are_exact():
            _log.info("8-bit products overflow on this processor; CTranslate2 decodes")
            return None
        size = sum(values.size for values in stored.values())
        if psutil.virtual_memory().available < _COPIES * size + _SPARE_BYTES:
            _log.info("too little memory for another decoder; CTranslate2's is used")
            return None
        width = stored["position_encodings/encodings"].shape[1]
        layers = sum(name.endswith("/ffn/linear_0/weight") for name in stored)
        heads = int(stored["num_heads"])
        memory, decoder, vocabulary = (
            _open_part(stored, part, file, threads=threads)
            for part, file in (
                (_MEMORY, f"memory-{layers}x{width}"),
                (_DECODER, f"decoder-{layers}x{width}"),
                (_PROJECTION, f"vocabulary-{width}"),
            )
        )
        embeddings = Embeddings(
            half_precision(stored["embeddings/weight"], stored.get("embeddings/weight_scale")),
            stored["position_encodings/encodings"].astype(np.float32),
        )
        return TextNetwork(
            (memory, decoder, vocabulary), embeddings, Shape(layers, heads, width // heads), settings
        )
    except FileNotFoundError:
        _log.debug("no graph for this decoder; CTranslate2's is used")
    except Exception:  # noqa: BLE001 - ONNX Runtime's errors have no other class in common
        _log.warning("the decoder cannot be opened; CTranslate2's is used", exc_info=True)
    return None


def _open_part(
    stored: Mapping[str, NDArray[np.generic]], part: re.Pattern[str], file: str, *, threads: int
) -> Network:
    weights = rounded({name: values for name, values in stored.items() if part.match(name)})
    if part is _PROJECTION:
        missing = _VOCABULARY - weights["projection/weight"].shape[1]
        weights["projection/weight"] = np.pad(weights["projection/weight"], ((0, 0), (0, missing)))
        weights["projection/scale"] = np.pad(weights["projection/scale"], (0, missing), constant_values=1)
    content = resource("models", "words", f"{file}.onnx").read_bytes()
    return Network(content, threads=threads, weights=weights, optimized=False)
