"""No jobs at all: the queue is opened to be looked at or changed, as by `fi-desktop jobs`."""

from __future__ import annotations

import time
from multiprocessing.connection import wait

from fi_desktop.backends.base import EngineRoom
from fi_desktop.core.errors import TransientError

_RETRY_TURN_S = 1.0


class IdleBackend(EngineRoom):
    """Carries out commands and claims nothing."""

    def _work(self) -> None:
        while not self._stopping.is_set():
            wait([self._bell_reader])
            self._hear()
            self._turn(list)

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        time.sleep(_RETRY_TURN_S)
