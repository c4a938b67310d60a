"""The contract of a backend, and the engine room that every backend runs.

The engine room is one thread that owns the store. It takes turns: in one transaction it carries out the
commands that came in through the service, records what running attempts told, and claims jobs for whoever is
free. Only what was committed is acted upon: a job is handed out after its claim is on disk, and an attempt is
over once its end is.
"""

from __future__ import annotations

import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from multiprocessing import Pipe
from typing import Protocol

from fi_desktop.core.errors import TransientError
from fi_desktop.core.job import Job
from fi_desktop.jobs.news import Notice, WorkersChanged
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.workers.limits import Limits
from fi_desktop.workers.protocol import Deliver

_FAULT = "The queue has stopped because of a fault in the program. Nothing is lost: start fi-desktop again."


class Backend(Protocol):
    """Where jobs run."""

    def start(self) -> None:
        """Open the store and begin to work off the queue; return once commands are taken.

        Raises:
            UserError, TransientError: the store cannot be opened.
        """

    def stop(self) -> None:
        """Claim nothing more, give running jobs back without a charge, close the store; return when done."""


class EngineRoom(ABC):
    """The thread that owns the store; a backend says how jobs are run."""

    def __init__(self, service: JobService, settings: Settings, models: tuple[str, ...]) -> None:
        self._service = service
        self._settings = settings
        self._models = models
        self._limits = Limits.of(settings)
        self._cores = os.cpu_count() or 1
        self._thread = threading.Thread(target=self._run, name="engine-room", daemon=True)
        self._opened = threading.Event()
        self._refusal: Exception | None = None
        self._stopping = threading.Event()
        # what attempts told and was not committed yet; kept over a turn that failed
        self._told: list[Callable[[], None]] = []
        self._unwritable = False
        self._bell_reader, self._bell = Pipe(duplex=False)
        self._bell_lock = threading.Lock()
        self._rung = False

    def start(self) -> None:
        """Open the store and begin to work; see Backend."""
        self._thread.start()
        self._opened.wait()
        if self._refusal is not None:
            raise self._refusal

    def stop(self) -> None:
        """Stop safely; see Backend."""
        self._stopping.set()
        self._ring()
        if self._thread.ident is not None:
            self._thread.join()

    def _ring(self) -> None:
        """Wake the engine room, from any thread. Rings once however often it is called before it is heard."""
        with self._bell_lock:
            if not self._rung:
                self._rung = True
                self._bell.send_bytes(b"!")

    def _hear(self) -> None:
        with self._bell_lock:
            if self._rung:
                self._rung = False
                self._bell_reader.recv_bytes()

    def _run(self) -> None:
        try:
            self._service.open(self._ring)
        except Exception as refusal:  # noqa: BLE001 - whatever it is, `start` raises it on the caller's thread
            self._refusal = refusal
            self._service.close()
            return
        finally:
            self._opened.set()
        try:
            self._work()
        except Exception as fault:
            log.event("ENGINE_ROOM_FAILED", level=logging.ERROR, error=type(fault).__name__)
            self._service.tell(WorkersChanged((), _FAULT))
            raise
        finally:
            self._service.close()

    def _turn(
        self, claim: Callable[[], list[Job]], hand_out: Callable[[list[Job]], None] = lambda _claimed: None
    ) -> list[Job]:
        """Take one turn and return the jobs that were claimed in it; none where nothing could be written.

        `hand_out` is given them as soon as they are on disk, before anybody is told of them.
        """
        claimed: list[Job] = []
        try:
            with self._service.turn(then=lambda: hand_out(claimed)):
                for record in self._told:
                    record()
                if not self._stopping.is_set():
                    claimed = claim()
        except TransientError as error:
            log.event("STORE_UNWRITABLE", code=error.code)
            if not self._unwritable:
                self._service.announce(Notice(error.message))
            self._unwritable = True
            self._on_unwritable(error)
            return []
        if self._unwritable:
            self._unwritable = False
            self._service.announce(Notice(""))
        self._told.clear()
        if self._service.waiting:
            self._ring()
        return claimed

    def _delivery(self, job: Job) -> Deliver:
        """Return what is handed out of a job that was just claimed."""
        return Deliver(
            claim=job.claim or "",
            job_id=job.id,
            path=job.path,
            options=job.options,
            folder=str(self._service.folders.folder(job.id)),
            models=self._models,
            soft_limit_s=self._limits.soft_s,
            limit_factor=self._limits.factor,
            frugality=job.out_of_memory,
            threads=max(1, self._cores // self._at_once()),
            last_try=self._service.ledger.is_last_try(job),
        )

    def _at_once(self) -> int:
        """How many jobs are worked at the same time."""
        return 1

    @abstractmethod
    def _work(self) -> None:
        """Work until told to stop, and leave nothing running."""

    @abstractmethod
    def _on_unwritable(self, error: TransientError) -> None:
        """A turn could not be written: see to it that it is taken again in a while."""
