"""A worker's confinement: the opener that reads recordings for it, and what its engines may open."""

from __future__ import annotations

import os
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.workers.attempt import Reporter, attempt
from fi_desktop.workers.confined_reader import ConfinedReader
from fi_desktop.workers.engine_files import EngineFiles
from fi_desktop.workers.opener import start_opener
from fi_desktop.workers.protocol import AttemptEnd, Deliver


class ConfinedWorker:
    """Confines this process; made while it has one thread, with everything imported that decoding needs."""

    def __init__(self, grants: Connection, jobs: str, data: tuple[str, ...], device: str) -> None:
        """Start the opener, and give up all that engines do not need; see `process.main`."""
        os.environ["JOBLIB_MULTIPROCESSING"] = "0"  # it warns where it may not make semaphores
        self._files = EngineFiles(Path(jobs), tuple(map(Path, data)), device)
        self._opener = start_opener(grants)
        self._readable = self._files.confine_worker()

    @property
    def outdated(self) -> bool:
        """Whether a folder of models or vocabulary lists, or a link in one, is new: it cannot be read."""
        return not self._files.existing_data() <= self._readable

    def attempt(self, delivery: Deliver, reporter: Reporter) -> AttemptEnd:
        """Run a job in a thread that may write in the job's folder only; return how it ended."""
        ends: list[AttemptEnd] = []

        def work() -> None:
            with self._files.confined_to_job(Path(delivery.folder)):
                ends.append(attempt(delivery, reporter, ConfinedReader(self._opener, delivery.claim)))

        thread = threading.Thread(target=work, name="job", daemon=True)
        thread.start()
        thread.join()
        (end,) = ends  # without one the worker has crashed
        return end
