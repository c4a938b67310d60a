"""The worker process: receives a job over its pipe, runs it, reports its end, and waits for the next.

It imports neither Qt nor the store. It exits when asked to, when its pipe closes, and when the app is gone,
however the app ended. Until `main` runs nothing ties the process to the app, so this module imports almost
nothing, and its functions import the rest. Heavy libraries are imported after the environment variables that
set their threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fi_desktop.workers.confined_worker import ConfinedWorker
    from fi_desktop.workers.protocol import Deliver, FromWorker

# One thread per library, and no busy waiting: two workers that each use all cores are slower than one.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
PRELOADED = ("fi_desktop.pipeline", "fi_desktop.engines.builtin")
_PR_SET_PDEATHSIG = 1
_HEARTBEAT_S = 2.0
_WATCH = "parent-watch"


def main(
    pipe: Connection,
    device: str,
    grants: Connection | None = None,
    jobs: str = "",
    data: tuple[str, ...] = (),
) -> None:
    """Run jobs on `device` until asked to stop; the target of the spawned process.

    Args:
        pipe: to and from the queue thread; see `protocol`.
        device: what to compute on.
        grants: from the queue thread: the recordings that may be read; see `opener`. None for a worker that
            is not confined, and reads them itself.
        jobs: the folder of the jobs' folders.
        data: folders of models and of vocabulary lists.
    """
    die_with_the_app()
    from fi_desktop.audio.disk_space import LARGEST_BYTES
    from fi_desktop.system.devices import environment
    from fi_desktop.system.memory import share_one_heap
    from fi_desktop.system.process import forbid_dumps, limit_files

    limit_files(LARGEST_BYTES)
    forbid_dumps()
    share_one_heap()
    # Ctrl-C in a terminal reaches the whole process group; the app decides what to do about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ENVIRONMENT | environment(device))
    for module in PRELOADED:
        import_module(module)
    confined = None
    if grants is not None and sys.platform == "linux":
        from fi_desktop.workers.confined_worker import ConfinedWorker

        # before there are threads: one that exists would keep its rights
        confined = ConfinedWorker(grants, jobs, data, device)
    watch_the_app()
    serve(pipe, confined)


def serve(pipe: Connection, confined: ConfinedWorker | None = None) -> None:
    """Run jobs, one after the other, until asked to stop or the pipe closes."""
    from fi_desktop.workers.protocol import CancelWork, ChangeLimit, Deliver, Ready, StopWork, receive

    sender = Sender(pipe)
    try:
        sender.send(Ready())
        while True:
            message = receive(pipe)
            match message:
                case StopWork():
                    return
                case Deliver():
                    if _run_job(pipe, sender, message, confined):
                        return
                case CancelWork() | ChangeLimit():
                    pass  # the job had already ended
    except (EOFError, OSError):
        return  # the app is gone
    finally:
        sender.close()
        pipe.close()


def _run_job(pipe: Connection, sender: Sender, delivery: Deliver, confined: ConfinedWorker | None) -> bool:
    """Run one job; return whether the worker is to exit."""
    from fi_desktop.workers.attempt import PipeReporter, attempt
    from fi_desktop.workers.protocol import AttemptStopped

    if confined is not None and confined.outdated:
        # a new worker can read models that were added since
        sender.send(AttemptStopped(delivery.claim, cancelled=False))
        return True
    reporter = PipeReporter(delivery, pipe, sender.send)
    with sender.heartbeats():
        end = attempt(delivery, reporter) if confined is None else confined.attempt(delivery, reporter)
    sender.send(end)
    return reporter.stopping


class Sender:
    """Sends messages from any thread, and heartbeats while a job runs."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def send(self, message: FromWorker) -> None:
        """Send a message; OSError if the app is gone."""
        from fi_desktop.workers.protocol import send

        with self._lock:
            send(self._pipe, message)

    @contextmanager
    def heartbeats(self) -> Iterator[None]:
        """Send a heartbeat every few seconds, even if an engine holds the main thread."""
        self._busy.set()
        try:
            yield
        finally:
            self._busy.clear()

    def close(self) -> None:
        """Stop the heartbeat thread."""
        self._closed.set()
        self._busy.set()  # wakes the thread
        self._thread.join()

    def _beat(self) -> None:
        from fi_desktop.workers.protocol import Heartbeat

        while self._busy.wait() and not self._closed.wait(_HEARTBEAT_S):
            if self._busy.is_set():
                try:
                    self.send(Heartbeat())
                except OSError:
                    return  # the app is gone


def die_with_the_app() -> None:
    """Ensure on Linux that this process is killed when the app ends, even in native code."""
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The signal is not sent if the app ended before the call.
        if os.getppid() != parent.pid:
            os._exit(1)
    else:
        watch_the_app()


def watch_the_app() -> None:
    """Exit when the app ends, however it ends."""
    parent = parent_process()
    if parent is None or any(thread.name == _WATCH for thread in threading.enumerate()):
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name=_WATCH, daemon=True).start()
