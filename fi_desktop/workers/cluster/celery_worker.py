"""The Celery worker on the server.

What Celery does: distribute tasks over worker processes, deliver a task again if the process that had it
died, and show all that to monitors such as Flower. What it does not do: retries. A task is one attempt, and
the desktop's queue decides what follows.

An attempt is acknowledged when it has ended. After the visibility timeout, one that nobody has acknowledged
is delivered again; that is longer than any attempt may take. A desktop that hears nothing from a worker does
not wait for it.

Who can write to Redis but has no key can have nothing done: only our task is known, its content is signed,
and of Celery's remote commands only those that look, and the one that withdraws a task, are known.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import suppress
from multiprocessing import process
from typing import Any

from billiard import current_process
from celery import Task
from celery.exceptions import Ignore, Reject
from celery.signals import task_rejected, task_unknown, worker_process_init, worker_process_shutdown
from celery.worker.control import Panel

from fi_desktop import __version__
from fi_desktop.core.errors import TransientError
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.devices import devices
from fi_desktop.system.process import end_with_parent
from fi_desktop.workers.cluster.broker import QUEUE, Broker, Unreachable, celery_app
from fi_desktop.workers.cluster.link import BrokerPlace
from fi_desktop.workers.cluster.orders import TASK_NAME, ClusterKey, Order, Present, checked_task_id
from fi_desktop.workers.cluster.server_attempt import (
    DROPPED,
    FAILED,
    ServerAttempt,
    WarmWorker,
    remove_leftovers,
)
from fi_desktop.workers.cluster.transfer import TransferRoot

_MAIN_PROCESS = process.current_process()
_ANNOUNCE_S = 5.0
_SWEEP_S = 3600.0
_RETRY_S = 2.0
_COMMANDS = (
    "active",
    "active_queues",
    "conf",
    "disable_events",
    "enable_events",
    "heartbeat",
    "ping",
    "registered",
    "reserved",
    "revoke",
    "revoked",
    "scheduled",
    "stats",
)


class ServerWorker:
    """A Celery worker: its process announces itself, its children do the attempts."""

    def __init__(
        self,
        settings: Settings,
        place: BrokerPlace,
        key: ClusterKey,
        transfer: str,
        *,
        processes: int,
        queues: tuple[str, ...] = (QUEUE,),
    ) -> None:
        """Prepare.

        Args:
            settings: models, limits and the data folder of this server.
            place: where Redis is.
            key: what desktops sign with.
            transfer: fsspec URL of the folder for recordings and results.
            processes: attempts that run at a time.
            queues: the queues whose tasks it takes.
        """
        self._settings, self._place, self._key = settings, place, key
        self._transfer_url = transfer
        self._processes, self._queues = processes, queues
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._closing = threading.Event()
        self._child: _Child | None = None
        self.app = celery_app(place, queues[0])

        def attempt(task: Task, *said: Any, **_others: Any) -> str:
            return self._attempt(task, said[0] if len(said) == 1 else None)

        self.app.task(attempt, name=TASK_NAME, bind=True, shared=False, throws=(AttemptFailure,))

    def run(self) -> None:
        """Work until the process is asked to stop.

        Raises:
            UserError, TransientError: the place for transfers cannot be used.
        """
        root = TransferRoot(self._transfer_url)
        identity = root.identity(create=True)
        remove_leftovers(self._settings)
        self._know_only_attempts()
        worker_process_init.connect(self._begin_child, weak=False)
        worker_process_shutdown.connect(self._end_child, weak=False)
        threading.Thread(target=self._announce, args=(identity,), name="announce", daemon=True).start()
        threading.Thread(target=self._sweep, args=(root,), name="sweep", daemon=True).start()
        try:
            self.app.worker_main(
                [
                    "worker",
                    "--pool=prefork",
                    f"--concurrency={self._processes}",
                    f"--queues={','.join(self._queues)}",
                    f"--hostname={self._name}@%h",
                    "--loglevel=WARNING",
                    "--without-gossip",
                    "--without-mingle",
                ]
            )
        finally:
            self._closing.set()

    def _know_only_attempts(self) -> None:
        """Refuse other tasks, and remote commands that change something."""
        self.app.finalize()
        for name in set(self.app.tasks) - {TASK_NAME}:
            self.app.tasks.unregister(name)
        for name in set(Panel.data) - set(_COMMANDS):
            del Panel.data[name]
        task_unknown.connect(_on_refused, weak=False)
        task_rejected.connect(_on_refused, weak=False)

    # ---- the Celery worker's own process

    def _announce(self, identity: str) -> None:
        broker = Broker(self._place)
        while True:
            with suppress(Unreachable):
                present = Present(socket.gethostname(), os.getpid(), __version__, identity, self._processes)
                broker.announce(self._name, self._key.close(present, self._name))
            if self._closing.wait(_ANNOUNCE_S):
                break
        with suppress(Unreachable):
            broker.leave(self._name)
        broker.close()

    def _sweep(self, root: TransferRoot) -> None:
        """Delete, now and once an hour, what desktops left that were never seen again."""
        while True:
            with suppress(TransientError):
                if removed := root.sweep():
                    log.event("CLUSTER_SWEPT", files=removed)
            if self._closing.wait(_SWEEP_S):
                return

    # ---- its children

    def _begin_child(self, **_signal: object) -> None:
        if sys.platform == "linux":
            end_with_parent(os.getppid())
        # billiard puts its own process, a daemon, in the place of multiprocessing's; that cannot start others
        process._current_process = _MAIN_PROCESS  # type: ignore[attr-defined]
        number = int(getattr(current_process(), "index", 0))
        device = devices(self._processes)[number % self._processes]
        self._child = _Child(Broker(self._place), WarmWorker(self._settings, device), self._transfer_url)

    def _end_child(self, **_signal: object) -> None:
        if self._child is not None:
            self._child.worker.end()

    def _attempt(self, task: Task, envelope: Any) -> str:
        """Do one attempt; the Celery task."""
        child = self._child
        if child is None:
            raise RuntimeError("the process was not prepared")
        try:
            name = checked_task_id(str(task.request.id))
            order = self._key.open(envelope, name).message
            if not isinstance(order, Order):
                raise ValueError("no order")
        except ValueError as error:
            log.event("CLUSTER_TASK_REFUSED", reason=str(error))
            task.update_state(state="REVOKED")
            raise Ignore from None
        attempt = ServerAttempt(
            name,
            order,
            broker=child.broker,
            key=self._key,
            transfer=child.root,
            worker=child.worker,
            settings=self._settings,
        )
        while True:
            try:
                return _for_monitors(attempt.run())
            except Unreachable as error:
                # nothing was begun; the desktop stops waiting after a while
                log.event("CLUSTER_WAITS", reason=type(error).__name__)
                self._closing.wait(_RETRY_S)


class AttemptFailure(Exception):
    """What monitors see of an attempt that failed: a code. The desktop has been told why."""


def _for_monitors(end: str) -> str:
    """Return how an attempt ended, or raise what makes Celery show that it failed or was dropped."""
    word, _, code = end.partition(" ")
    if word == FAILED:
        raise AttemptFailure(code)
    if word == DROPPED:
        raise Reject(code, requeue=False)
    return end


def _on_refused(**_signal: object) -> None:
    log.event("CLUSTER_TASK_REFUSED", reason="unknown task")


class _Child:
    """What a process of the Celery worker keeps between attempts."""

    def __init__(self, broker: Broker, worker: WarmWorker, transfer: str) -> None:
        self.broker = broker
        self.worker = worker
        self._url = transfer
        self._root: TransferRoot | None = None

    def root(self) -> TransferRoot:
        """Return the folder for transfers, connected when it is first needed.

        Raises:
            UserError, TransientError: it cannot be used.
        """
        if self._root is None:
            self._root = TransferRoot(self._url)
        return self._root
