"""Keys and values of a beam search's tokens: each hypothesis sees its own, whatever moves and grows."""

from __future__ import annotations

import numpy as np
import pytest

from fi_desktop.engines.whisper.text_network import MASKED, Arrays
from fi_desktop.engines.whisper.token_cache import TokenCache, order_of_kept

HEADS, DEPTH, BEAM = 2, 4, 3


class Network:
    """Makes empty arrays as `TextNetwork` does."""

    def empty_cache(self, windows: int, size: int) -> Arrays:
        return {
            "past_key_0": np.zeros((windows, HEADS, DEPTH, size), dtype=np.float32),
            "past_value_0": np.zeros((windows, HEADS, size, DEPTH), dtype=np.float32),
        }


def found(numbers: np.ndarray) -> Arrays:
    """Return keys and values that are the tokens' numbers. numbers: (windows, tokens)."""
    windows, count = numbers.shape
    keys = np.broadcast_to(numbers[:, None, None, :], (windows, HEADS, DEPTH, count))
    return {
        "own_key_0": keys.astype(np.float32),
        "own_value_0": np.swapaxes(keys, 2, 3).astype(np.float32) + 0.5,
    }


@pytest.mark.parametrize("seed", range(6))
def test_each_hypothesis_sees_its_own_tokens(seed: int) -> None:
    rng = np.random.default_rng(seed)
    windows = [0, 1, 2, 3]
    cache = TokenCache(Network(), len(windows))  # type: ignore[arg-type]
    prompt = np.arange(5)
    cache.add(found(np.tile(prompt, (len(windows), 1))), np.ones((1, 5), dtype=bool))
    ways = {window: [list(prompt)] for window in windows}
    number = 10
    for _ in range(90):
        parents = rng.integers(0, len(ways[windows[0]]), (len(windows), BEAM))
        cache.follow(parents)
        if len(windows) > 1 and rng.random() < 0.03:
            kept = sorted(rng.choice(len(windows), len(windows) - 1, replace=False).tolist())
            order = order_of_kept(kept)
            cache.keep(order)
            windows, parents = [windows[place] for place in order], parents[order]
        new = number + np.arange(len(windows) * BEAM).reshape(len(windows), BEAM)
        number += new.size
        cache.add(found(new), np.eye(BEAM, dtype=bool))
        for window, row, tokens in zip(windows, parents, new, strict=True):
            before = ways[window]
            ways[window] = [[*before[parent], token] for parent, token in zip(row, tokens, strict=True)]
        keys, values, mask = cache.arrays["past_key_0"], cache.arrays["past_value_0"], cache.mask
        assert keys.shape[3] == values.shape[2] == mask.shape[3]
        for place, window in enumerate(windows):
            for hypothesis, way in enumerate(ways[window]):
                seen = mask[place, 0, hypothesis] > MASKED / 2
                assert sorted(keys[place, 1, 2, seen]) == way
                np.testing.assert_array_equal(keys[place, 0, 0, seen] + 0.5, values[place, 0, seen, 3])
    assert keys.shape[3] < 5 + 90 * BEAM  # slots are used again
