"""How often Python looks for garbage while a queue is worked on without a window."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 50_000
"""Objects that are created and not deleted between two collections; Python's own default is 700."""


@contextmanager
def collect_seldom() -> Iterator[None]:
    """Collect garbage seldom while the block runs, and nothing that was there before it.

    Jobs have no cycles, but hold thousands of objects: with Python's thresholds, looking at them takes 4 % of
    a busy queue's processor time. See `gui.application.GarbageCollector` for the window.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
