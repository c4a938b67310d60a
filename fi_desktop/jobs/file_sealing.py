"""`FileSealing` seals the files of jobs that are still in clear, while the program works.

A home that gets a vault goes on working meanwhile: the thread has one job's folder after the other sealed,
on the thread that owns the store, and skips jobs that run. If the program is ended, it goes on the next time;
until the last file is sealed, files in clear are read too.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fi_desktop.core.errors import FiError
from fi_desktop.system import log

if TYPE_CHECKING:
    from fi_desktop.jobs.service import JobService
    from fi_desktop.vault.vault import Vault

_RETRY_S = 2.0  # while jobs run


class FileSealing:
    """Has all files of a home sealed.

    Attributes:
        done: set once all are.
    """

    def __init__(self, service: JobService, vault: Vault) -> None:
        """Prepare; the store is sealed already."""
        self._service, self._vault = service, vault
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-sealing", daemon=True)
        self.done = threading.Event()

    def start(self) -> None:
        """Start."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the folder in progress."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            left = [int(path.name) for path in self._service.folders.root.iterdir() if path.name.isdigit()]
            while left and not self._closing.is_set():
                left = [job_id for job_id in left if not self._is_sealed(job_id)]
                if left:
                    self._closing.wait(_RETRY_S)
            if not left:
                self._vault.set_mixed(mixed=False)
                log.event("FILES_SEALED")
                self.done.set()
        except (FiError, OSError) as error:  # the queue closes, or the disk is full: the next start goes on
            log.event("SEALING_FAILED", error=type(error).__name__)

    def _is_sealed(self, job_id: int) -> bool:
        return self._closing.is_set() or self._service.seal_files(job_id).result()
