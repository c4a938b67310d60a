"""No jobs at all: the queue is opened to be looked at or changed, as by `fi-desktop jobs`."""

from __future__ import annotations

import time
from multiprocessing.connection import wait

from fi_desktop.core.errors import TransientError
from fi_desktop.core.job import Job
from fi_desktop.workers.queue_thread import EngineRoom

_RETRY_TURN_S = 1.0


class IdleBackend(EngineRoom):
    """Carries out commands and claims nothing."""

    _all_expired = False

    def _work(self) -> None:
        while not self._stopping.is_set():
            if self._all_expired:
                wait([self._bell_reader])
            self._hear()
            self._turn(self._expire)

    def _expire(self) -> list[Job]:
        """Forget old jobs once, a few a turn: where the window is seldom opened, nobody else does."""
        self._all_expired = self._all_expired or self._service.ledger.expire()
        return []

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        time.sleep(_RETRY_TURN_S)
