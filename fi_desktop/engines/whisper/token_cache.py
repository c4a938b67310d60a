"""Keys and values of the tokens that a beam search has read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.whisper.text_network import MASKED, Arrays, TextNetwork
from fi_desktop.system.memory import own_pages

_SPARE = 40  # slots that are kept free for the next steps
_MULTIPLE = 32


class TokenCache:
    """Keys and values of each window's tokens: a tree, in which a hypothesis sees those on its way.

    Nothing is copied when hypotheses branch off. Slots that no hypothesis sees any more are used again when
    all are full.

    Attributes:
        arrays: what the network receives.
    """

    def __init__(self, network: TextNetwork, windows: int) -> None:
        """Begin with one hypothesis for each window, and no tokens."""
        self.arrays = network.empty_cache(windows, 0)
        # Most of the time to copy an array into new memory would be the memory's first use, so each has a
        # block with room to grow, and they move into the spare one in turn.
        self._blocks = dict.fromkeys(self.arrays, np.empty(0, dtype=np.float32))
        self._spare = np.empty(0, dtype=np.float32)
        self._seen = np.zeros((windows, 1, 0), dtype=bool)  # of the slots, by each hypothesis
        self._used = 0

    @property
    def mask(self) -> NDArray[np.float32]:
        """What each hypothesis sees, (windows, 1, hypotheses, slots): 0 or MASKED."""
        return np.where(self._seen[:, None], np.float32(0), MASKED)

    def add(self, found: Arrays, seen: NDArray[np.bool_]) -> None:
        """Add the tokens of a step.

        found: the network's, of which keys and values are taken; seen: (hypotheses, tokens), the new tokens
        that each hypothesis sees from now on.
        """
        count = seen.shape[1]
        if self._used + count > self._seen.shape[2]:
            self._make_room(count)
        new = slice(self._used, self._used + count)
        for name, array in self.arrays.items():
            own = found[name.replace("past_", "own_")]
            if "key" in name:
                array[..., new] = own
            else:
                array[:, :, new] = own
        self._seen[:, :, new] = seen
        self._used += count

    def follow(self, parents: NDArray[np.int64]) -> None:
        """Replace the hypotheses by others that continue them. parents: (windows, hypotheses)."""
        self._seen = np.take_along_axis(self._seen, parents[:, :, None], axis=1)

    def keep(self, order: Sequence[int]) -> None:
        """Keep these windows, by `order_of_kept`; the arrays are changed, not copied."""
        for place, window in enumerate(order):
            if place != window:
                for array in self.arrays.values():
                    array[place] = array[window]
        self.arrays = {name: array[: len(order)] for name, array in self.arrays.items()}
        self._seen = self._seen[list(order)]

    def _make_room(self, count: int) -> None:
        seen_by_any: NDArray[np.bool_] = np.any(self._seen, axis=1)
        self._used = int(seen_by_any.sum(axis=1).max(initial=0))
        size = -(-(self._used + count + _SPARE) // _MULTIPLE) * _MULTIPLE
        slots = [np.flatnonzero(row) for row in seen_by_any]
        for name, before in self.arrays.items():
            if "key" in name:
                after = self._take_spare((*before.shape[:3], size))
                for window, kept in enumerate(slots):
                    # a quarter of the time of indexing
                    after[window, :, :, : len(kept)] = np.take(before[window], kept, axis=2)
            else:
                after = self._take_spare((*before.shape[:2], size, before.shape[3]))
                for window, kept in enumerate(slots):
                    after[window, :, : len(kept)] = np.take(before[window], kept, axis=1)
            self.arrays[name] = after
            self._spare, self._blocks[name] = self._blocks[name], self._spare
        seen = np.zeros((*self._seen.shape[:2], size), dtype=bool)
        for window, kept in enumerate(slots):
            seen[window, :, : len(kept)] = self._seen[window][:, kept]
        self._seen = seen

    def _take_spare(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return an array in the spare block, which is replaced if it is too small."""
        size = math.prod(shape)
        if len(self._spare) < size:
            self._spare = own_pages((2 * size,), np.float32)
        return self._spare[:size].reshape(shape)


def order_of_kept(kept: Sequence[int]) -> list[int]:
    """Return the windows to keep in an order in which few of them move. kept: ascending."""
    count = len(kept)
    order = list(range(count))
    moved = [window for window in kept if window >= count]
    for hole in sorted(set(range(count)) - set(kept)):
        order[hole] = moved.pop()
    return order
