"""The composition root: settings -> store -> pool -> service. The one place that knows all of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from fi_desktop import __version__
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.recovery import open_or_rebuild
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc.client import RemoteClient, answer
from fi_desktop.rpc.instance import AlreadyOwned, InstanceLock
from fi_desktop.rpc.server import IpcServer, request
from fi_desktop.settings import Settings, save_changes
from fi_desktop.system import log
from fi_desktop.system.clock import Clock
from fi_desktop.system.data_folder import check_data_folder
from fi_desktop.system.devices import default_workers
from fi_desktop.workers.inline import InlineBackend
from fi_desktop.workers.pool import WorkerPool
from fi_desktop.workers.queue_thread import Backend, IdleBackend, Limits

__all__ = ["AlreadyOwned", "App"]

BackendName = Literal["pool", "thread", "inline", "idle"]


class App:
    """The program without its window: the owner of a data folder.

    Attributes:
        settings: the settings in force.
        service: the queue; takes commands at once, and carries them out once `start` was called.
    """

    def __init__(self, settings: Settings, *, backend: BackendName = "pool") -> None:
        """Put the parts together; nothing is started, and no file is touched.

        Args:
            settings: the settings in force.
            backend: where jobs run: in worker processes, in a thread, in the engine room itself, or not at
                all.
        """
        self.settings = settings
        clock, folders = Clock(), JobFolders(settings.jobs)
        self.service = JobService(
            partial(open_or_rebuild, settings.store, folders, now=clock.now),
            folders,
            now=clock.now,
            rng=random.Random(),
            policy=_policy(settings),
            keep_s=_keep_s(settings),
            keep_unseen=settings.keep_unseen,
        )
        models = tuple(str(root) for root in settings.model_roots)
        self._backend: Backend
        match backend:
            case "pool" | "thread":
                threads = backend == "thread"
                self._backend = WorkerPool(self.service, settings, models, now=clock.now, threads=threads)
            case "inline":
                self._backend = InlineBackend(self.service, settings, models)
            case "idle":
                self._backend = IdleBackend(self.service, settings, models)
        self._lock: InstanceLock | None = None
        self._ipc = IpcServer(settings.home, self._answer)
        self._handover: Callable[[list[str]], None] | None = None

    def own(self, *, patience_s: float = 0.0) -> None:
        """Take the data folder, or wait so long until its owner is done with it.

        Raises:
            AlreadyOwned: another process has it; `owner()` talks to it.
            UserError, TransientError: it cannot hold a queue.
        """
        check_data_folder(self.settings.home)
        lock = InstanceLock(self.settings.home)
        lock.acquire(patience_s=patience_s)
        self._lock = lock

    def owner(self) -> RemoteClient:
        """Return the way to the process that owns the data folder."""
        return RemoteClient(partial(request, self.settings.home))

    def on_handover(self, callback: Callable[[list[str]], None]) -> None:
        """Call `callback`, on another thread, with the files of a second launch; none: raise the window."""
        self._handover = callback

    def start(self) -> None:
        """Open the store and begin to work off the queue; takes the data folder first where `own` was not
        called.

        Raises:
            AlreadyOwned: another process has the data folder.
            UserError, TransientError: the store cannot be opened.
        """
        if self._lock is None:
            self.own()
        log.set_up(self.settings.logs)
        log.event("APP_STARTED", version=__version__)
        self._backend.start()
        self._ipc.open()

    def stop(self) -> None:
        """Stop safely: running jobs go back to the queue. Returns when all is on disk."""
        self._ipc.close()
        self._backend.stop()
        log.event("APP_STOPPED")
        log.tear_down()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def resize_workers(self, workers: int) -> None:
        """Grow or shrink the pool while it works."""
        if isinstance(self._backend, WorkerPool):
            self._backend.resize(workers)

    def recycle_worker(self, name: str) -> None:
        """Replace a worker once its job is done."""
        if isinstance(self._backend, WorkerPool):
            self._backend.recycle(name)

    def restart_worker(self, name: str) -> None:
        """Replace a worker now; its job goes back to the queue without a charge."""
        if isinstance(self._backend, WorkerPool):
            self._backend.restart(name)

    def retire_worker(self, name: str) -> None:
        """Do with one worker less: with this one, once its job is done."""
        if isinstance(self._backend, WorkerPool):
            self._backend.retire(name)

    def change_limits(self, limits: Limits) -> None:
        """Use other time limits from now on, for what runs too."""
        if isinstance(self._backend, WorkerPool):
            self._backend.change_limits(limits)

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Write other settings into `settings.toml`, use at once what can be, and return all; blocks.

        Raises:
            UserError: a value cannot be used, or was set by the environment or the command line.
            TransientError: the disk is full.
        """
        before = self.settings
        self.settings = settings = save_changes(before, changes)
        self.service.change_policy(_policy(settings))
        self.service.change_retention(_keep_s(settings), keep_unseen=settings.keep_unseen)
        if isinstance(self._backend, WorkerPool):
            self._backend.change_settings(settings)
        if settings.workers != before.workers:
            self.resize_workers(settings.workers or default_workers())
        return settings

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Read what each worker process uses; none where there is none."""
        return self._backend.gauges() if isinstance(self._backend, WorkerPool) else ()

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        return answer(self.service, message, gauges=self.gauges, open_window=self._open_window)

    def _open_window(self, paths: list[str]) -> bool:
        if self._handover is None:
            return False
        self._handover(paths)
        return True


def _policy(settings: Settings) -> RetryPolicy:
    return RetryPolicy(settings.retry_delays_s, max_deliveries=settings.max_deliveries)


def _keep_s(settings: Settings) -> float | None:
    return settings.keep_days * 86_400 or None
