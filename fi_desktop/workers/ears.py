"""What the engine room listens with: it waits until one of its sources has something to say."""

from __future__ import annotations

import selectors
import sys
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any


class Ears:
    """Waits for the same sources again and again.

    `multiprocessing.connection.wait` makes a selector each time, and registers each source with it: that
    costs more than all else that is done to hear of a worker. Here it is kept for as long as the sources stay
    the same. Windows cannot select its pipes, and has `connection.wait` for them.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sources: list[Any] = []

    def wait(self, sources: Sequence[Any], patience_s: float | None) -> set[Any]:
        """Return which sources have something to say; none where none had within that time. None: wait."""
        if sys.platform == "win32":
            return set(wait(sources, patience_s))
        if sources != self._sources:
            self._register(sources)
        return {key.fileobj for key, _ in self._selector.select(patience_s)}

    def close(self) -> None:
        """Let go of the sources."""
        self._selector.close()

    def _register(self, sources: Sequence[Any]) -> None:
        # anew: the number of one that was closed may be another's by now
        self._selector.close()
        self._selector = selectors.DefaultSelector()
        for source in sources:
            self._selector.register(source, selectors.EVENT_READ)
        self._sources = list(sources)
