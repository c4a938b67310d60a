"""How probable several texts of one window are, which mostly begin alike: variants of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.whisper.text_network import MASKED, Arrays, TextNetwork

_TOKENS = 600  # of variants that are read at once, with what they have in common


def token_scores(
    network: TextNetwork, memory: Arrays, start: Sequence[int], texts: Sequence[Sequence[int]], end: int
) -> list[list[float]]:
    """Return the log probability of each token of each text.

    Several texts are read at once, as a tree: what one has in common with the beginning of the first is
    read with the first.

    Args:
        network: of the model.
        memory: of the window.
        start: the tokens before each text; the last one announces it.
        texts: their tokens; start and text fit into the model's context.
        end: tokens from there on are in no text.
    """
    scores: list[list[float]] = []
    for variants in _batches(texts[1:]):
        found = _tree_scores(network, memory, start, [texts[0], *variants], end)
        scores += found if not scores else found[1:]
    return scores


def _batches(variants: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Yield some variants at a time, at least once; attention to the sound takes 0.05 MB for each token."""
    batch: list[Sequence[int]] = []
    for variant in variants:
        if batch and sum(map(len, batch)) + len(variant) > _TOKENS:
            yield batch
            batch = []
        batch.append(variant)
    yield batch


def _tree_scores(
    network: TextNetwork, memory: Arrays, start: Sequence[int], texts: Sequence[Sequence[int]], end: int
) -> list[list[float]]:
    """Return what `token_scores` does, in one run."""
    main = [*start, *texts[0]]
    shared = [len(start) + _alike(texts[0], text) for text in texts[1:]]
    tails = [text[common - len(start) :] for text, common in zip(texts[1:], shared, strict=True)]
    tokens = np.array([*main, *(token for tail in tails for token in tail)])
    places = np.array([*range(len(main)), *_places(shared, tails)])
    seen = np.zeros((len(tokens), len(tokens)), dtype=bool)
    seen[: len(main), : len(main)] = np.tri(len(main), dtype=bool)
    before = np.arange(len(tokens)) - 1  # the token before each, where it is predicted
    first = len(main)
    for common, tail in zip(shared, tails, strict=True):
        last = first + len(tail)
        seen[first:last, :common] = True
        seen[first:last, first:last] = np.tri(len(tail), dtype=bool)
        if tail:
            before[first] = common - 1
        first = last
    found = _scores(network, memory, tokens, places, seen, before[len(start) :], end)
    scores = [found[: len(texts[0])]]
    at = len(texts[0])
    for common, tail in zip(shared, tails, strict=True):
        scores.append([*scores[0][: common - len(start)], *found[at : at + len(tail)]])
        at += len(tail)
    return scores


def _scores(
    network: TextNetwork,
    memory: Arrays,
    tokens: NDArray[np.int64],
    places: NDArray[np.int64],
    seen: NDArray[np.bool_],
    before: NDArray[np.int64],
    end: int,
) -> list[float]:
    """Return the log probability of the last tokens, where `before` says which token each continues."""
    mask = np.where(seen, np.float32(0), MASKED)[None, None]
    none = np.zeros((1, 1, len(tokens), 0), dtype=np.float32)
    found = network.run(tokens[None], places, (none, mask), memory, network.empty_cache(1, 0))
    bias = network.bias(range(end, network.tokens))
    wanted = tokens[len(tokens) - len(before) :]
    return list(map(float, network.log_probabilities(found["output"][0, before], bias, wanted)))


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _places(shared: Sequence[int], tails: Sequence[Sequence[int]]) -> list[int]:
    return [
        place
        for common, tail in zip(shared, tails, strict=True)
        for place in range(common, common + len(tail))
    ]
