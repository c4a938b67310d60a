"""Texts of encoded windows and their times: by CTranslate2, or by our own network where it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.whisper.alignment import Alignment, align
from fi_desktop.engines.whisper.beam_search import LENGTH_PENALTY, Found, Search, find_texts
from fi_desktop.engines.whisper.text_network import Memory, TextNetwork, open_text_network
from fi_desktop.engines.whisper.text_scores import token_scores

CONTEXT = 448  # tokens of the model: prompt and text
LONGEST_TEXT = CONTEXT // 2  # where the library ends a text
_SCORED = 6  # texts of one window that CTranslate2 reads at a time
_TINY = 1e-30  # of probabilities that are rounded to 0
_WINDOWS = 8  # whose texts our own network finds: its weights are read once for all
_SIDE_BY_SIDE = 2  # threads that share a batch; more threads for one step would wait for each other


_Given = TypeVar("_Given")
_Result = TypeVar("_Result")


class Texts(Protocol):
    """Finds the texts of encoded windows, (frames, width) each, equally long.

    Attributes:
        batch: how many windows it takes at a time.
    """

    batch: int

    def find(self, encoded: Sequence[NDArray[Any]], search: Search) -> list[Found]:
        """Return the text of each window."""

    def align(
        self,
        encoded: Sequence[NDArray[Any]],
        texts: Sequence[Sequence[int]],
        frames: Sequence[int],
        tokenizer: Any,
    ) -> list[Any]:
        """Return an `Alignment` for each window with a text.

        texts: tokens; frames: of the encoder's output, which the sound takes; tokenizer: faster-whisper's.
        """

    def score(
        self, encoded: NDArray[Any], start: Sequence[int], texts: Sequence[Sequence[int]], tokenizer: Any
    ) -> list[list[float]]:
        """Return the log probability of each token of several texts of one window, (frames, width).

        start: the tokens before a text, but not the last one, which announces text without times.
        """


class LibraryTexts:
    """Texts by CTranslate2."""

    def __init__(self, model: Any, batch: int) -> None:
        """Use a model of CTranslate2 for this many windows at a time."""
        self._model, self.batch = model, batch
        self._view = import_module("ctranslate2").StorageView.from_array

    def find(self, encoded: Sequence[NDArray[Any]], search: Search) -> list[Found]:
        """Return the text of each window."""
        found = self._model.generate(
            self._view(np.stack(encoded)),
            [list(search.prompt)] * len(encoded),
            beam_size=search.beam,
            length_penalty=LENGTH_PENALTY,
            max_length=CONTEXT,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=list(search.forbidden),
        )
        return [_found(each) for each in found]

    def align(
        self,
        encoded: Sequence[NDArray[Any]],
        texts: Sequence[Sequence[int]],
        frames: Sequence[int],
        tokenizer: Any,
    ) -> list[Any]:
        """Return an alignment for each window with a text."""
        spoken = [number for number, text in enumerate(texts) if text]
        if not spoken:
            return []
        return list(
            self._model.align(
                self._view(np.stack([encoded[number] for number in spoken])),
                list(tokenizer.sot_sequence),
                [list(texts[number]) for number in spoken],
                [2 * frames[number] for number in spoken],
            )
        )

    def score(
        self, encoded: NDArray[Any], start: Sequence[int], texts: Sequence[Sequence[int]], tokenizer: Any
    ) -> list[list[float]]:
        """Return the log probability of each token of several texts of one window."""
        scores: list[list[float]] = []
        for first in range(0, len(texts), _SCORED):
            batch = [list(text) for text in texts[first : first + _SCORED]]
            # it adds the token that announces text
            found = self._model.align(
                self._view(np.stack([encoded] * len(batch))), list(start), batch, 2 * len(encoded)
            )
            scores += [np.log(np.maximum(each.text_token_probs, _TINY)).tolist() for each in found]
        return scores


def _found(result: Any) -> Found:
    """Convert the library's result, whose score is divided by the length LENGTH_PENALTY times."""
    (text, *_), (score, *_) = result.sequences_ids, result.scores
    return Found(text, score * max(1, len(text)) ** (LENGTH_PENALTY - 1), result.no_speech_prob)


class NetworkTexts:
    """Texts by our own network: two thirds of the time, and as exact."""

    def __init__(self, network: TextNetwork, *, threads: int) -> None:
        """Use a loaded network. threads: CPU threads that it may use."""
        self._network, self.batch = network, _WINDOWS
        self._threads = min(threads, _SIDE_BY_SIDE)
        self._remembered: tuple[Sequence[NDArray[Any]], list[Memory]] | None = None

    def find(self, encoded: Sequence[NDArray[Any]], search: Search) -> list[Found]:
        """Return the text of each window."""
        parts = np.array_split(range(len(encoded)), min(self._threads, len(encoded)))
        self._remembered = None  # before memory is taken for others
        # one after the other: it takes little time, and much memory
        memories = [self._network.remember([encoded[number] for number in part]) for part in parts]
        self._remembered = encoded, memories
        found = self._in_threads(lambda memory: find_texts(self._network, memory, search), memories)
        return [each for part in found for each in part]

    def align(
        self,
        encoded: Sequence[NDArray[Any]],
        texts: Sequence[Sequence[int]],
        frames: Sequence[int],
        tokenizer: Any,
    ) -> list[Any]:
        """Return an alignment for each window with a text."""
        if self._remembered is not None and self._remembered[0] is encoded:
            memories = self._remembered[1]
        else:
            memories = [self._network.remember([output]) for output in encoded]
        self._remembered = None
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        places = [(memory, window) for memory in memories for window in range(memory.size)]

        def align_window(number: int) -> Alignment:
            memory, window = places[number]
            return align(
                self._network, memory.of(window), start, texts[number], tokenizer.eot, frames[number]
            )

        return self._in_threads(align_window, [number for number, text in enumerate(texts) if text])

    def score(
        self, encoded: NDArray[Any], start: Sequence[int], texts: Sequence[Sequence[int]], tokenizer: Any
    ) -> list[list[float]]:
        """Return the log probability of each token of several texts of one window."""
        memory = self._network.remember([encoded]).used
        return token_scores(self._network, memory, [*start, tokenizer.no_timestamps], texts, tokenizer.eot)

    def _in_threads(self, do: Callable[[_Given], _Result], given: Sequence[_Given]) -> list[_Result]:
        if self._threads == 1 or len(given) < 2:
            return [do(each) for each in given]
        with ThreadPoolExecutor(self._threads) as threads:
            return list(threads.map(do, given))


def open_texts(model: Any, batch: int, folder: Path, *, threads: int, own_network: bool) -> Texts:
    """Return our own network's texts where it can run, otherwise CTranslate2's.

    model, batch: of CTranslate2; folder: of the pack; threads: CPU threads that it may use.
    """
    network = open_text_network(folder, threads=max(1, threads // _SIDE_BY_SIDE)) if own_network else None
    return NetworkTexts(network, threads=threads) if network else LibraryTexts(model, batch)
