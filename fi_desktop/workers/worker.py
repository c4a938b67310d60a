"""A worker process: waits for a job on its pipe, does it, says so, waits for the next.

It imports no Qt and no store. It ends when it is told to, when its pipe closes, or when the app is gone,
however the app ended. Nothing ties the process to the app until `main` is reached, once this module was
imported: so it imports next to nothing, and its functions import the rest. The heavy libraries are imported
after the environment that governs their threads was set.
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
    from fi_desktop.workers.protocol import Deliver, FromWorker, ToWorker

# one thread a worker, and none that spins: two workers that each take every core are slower than one
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
_WARM = ("fi_desktop.pipeline", "fi_desktop.engines.builtin")
_PR_SET_PDEATHSIG = 1
_HEARTBEAT_S = 2.0


def main(pipe: Connection, device: str) -> None:
    """Serve until told to stop, computing on `device`; the target of the spawned process."""
    _end_with_the_app()
    from fi_desktop.audio.room import LARGEST_BYTES
    from fi_desktop.system.process import forbid_dumps, limit_files
    from fi_desktop.workers.devices import environment

    limit_files(LARGEST_BYTES)
    forbid_dumps()
    # Ctrl-C in a terminal reaches the whole group: what to do about it is the app's to decide
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(_ENVIRONMENT | environment(device))
    for module in _WARM:
        import_module(module)
    serve(pipe)


def serve(pipe: Connection) -> None:
    """Do one job after the other until told to stop, or until the pipe closes."""
    from fi_desktop.workers.protocol import CancelWork, ChangeLimit, Deliver, Ready, StopWork

    mouth = _Mouth(pipe)
    try:
        mouth.say(Ready())
        while True:
            message: ToWorker = pipe.recv()
            match message:
                case StopWork():
                    return
                case Deliver():
                    if _work(pipe, mouth, message):
                        return
                case CancelWork() | ChangeLimit():
                    pass  # the job had ended before the word came
    except (EOFError, OSError):
        return  # the app is gone
    finally:
        mouth.shut()
        pipe.close()


def _work(pipe: Connection, mouth: _Mouth, delivery: Deliver) -> bool:
    """Do one job; return whether the worker was told to stop meanwhile."""
    from fi_desktop.core.errors import Cancelled, Interrupted
    from fi_desktop.workers.attempt import Reporter, attempt
    from fi_desktop.workers.protocol import CancelWork, ChangeLimit, StopWork

    stopping = False

    def check() -> None:
        nonlocal stopping
        while pipe.poll():
            message: ToWorker = pipe.recv()
            match message:
                case StopWork():
                    stopping = True
                    raise Interrupted
                case CancelWork(claim=delivery.claim):
                    raise Cancelled
                case ChangeLimit():
                    reporter.change_limit(message.soft_limit_s, message.limit_factor)
                case _:
                    pass

    reporter = Reporter(delivery, mouth.say, check)
    with mouth.beating():
        outcome = attempt(delivery, reporter)
    mouth.say(outcome)
    return stopping


class _Mouth:
    """Says things on the pipe, one at a time, and beats while a job is done."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._shut = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heart", daemon=True)
        self._heart.start()

    def say(self, message: FromWorker) -> None:
        with self._lock:
            self._pipe.send(message)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Say that the worker is alive every few seconds, whatever its main thread does."""
        self._busy.set()
        try:
            yield
        finally:
            self._busy.clear()

    def shut(self) -> None:
        """Say nothing more."""
        self._shut.set()
        self._busy.set()  # so that the heart sees it
        self._heart.join()

    def _beat(self) -> None:
        from fi_desktop.workers.protocol import Heartbeat

        while self._busy.wait() and not self._shut.wait(_HEARTBEAT_S):
            if self._busy.is_set():
                try:
                    self.say(Heartbeat())
                except OSError:
                    return  # the app is gone


def _end_with_the_app() -> None:
    """See to it that no worker outlives the app, whatever ended it."""
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        # also inside native code, where the thread below may not get to run
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # and where it ended before that was asked for: nobody is told of what is past
        if os.getppid() != parent.pid:
            os._exit(1)
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
