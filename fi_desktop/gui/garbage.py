"""Collects garbage on the GUI thread alone.

Python's collector runs on whichever thread allocates, and the queue's thread allocates all the time. Wrappers
of widgets that it finds there are handed to the main thread to be deleted, by when Qt may have deleted them
itself: a crash in Shiboken's runDeletionInMainThread (seen with PySide6 6.11).

With 100,000 jobs in the table a full collection would hold the window up for 150 ms. So what comes by the
ten thousand is taken for data and not looked at, nor is what outlived a collection that took long: rows hold
no cycles, and go as soon as nobody refers to them.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer, Slot

_EVERY_MS = 5000
_LONG_S = 0.01
_MANY = 20_000  # more objects than windows are made of, come since the last look


class GarbageCollector(QObject):
    """Takes the collector's place while it lives."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setObjectName("garbage")
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def close(self) -> None:
        """Leave collecting to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _on_timeout(self) -> None:
        counts = gc.get_count()
        if counts[0] > _MANY:
            gc.freeze()
            return
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation]:
                began = time.perf_counter()
                gc.collect(generation)
                if time.perf_counter() - began > _LONG_S:
                    gc.freeze()
                return
