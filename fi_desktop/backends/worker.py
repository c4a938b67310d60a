"""A worker process: waits for a job on its pipe, does it, says so, waits for the next.

It imports no Qt and no store. It ends when it is told to, when its pipe closes, or when the app is gone,
however the app ended. The heavy libraries are imported after the environment that governs their threads was
set.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from fi_desktop.backends.attempt import Reporter, attempt
from fi_desktop.backends.messages import CancelWork, Deliver, FromWorker, Ready, StopWork, ToWorker
from fi_desktop.core.errors import Cancelled, Interrupted

# one thread a worker, and none that spins: two workers that each take every core are slower than one
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
_WARM = ("fi_desktop.pipeline", "fi_desktop.engines.builtin", "scipy.cluster.hierarchy", "onnxruntime")
_PR_SET_PDEATHSIG = 1


def main(pipe: Connection) -> None:
    """Serve until told to stop; the target of the spawned process."""
    _end_with_the_app()
    # Ctrl-C in a terminal reaches the whole group: what to do about it is the app's to decide
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(_ENVIRONMENT)
    for module in _WARM:
        import_module(module)
    _serve(pipe)


def _serve(pipe: Connection) -> None:
    try:
        _send(pipe, Ready())
        while True:
            message: ToWorker = pipe.recv()
            match message:
                case StopWork():
                    return
                case Deliver():
                    if _work(pipe, message):
                        return
                case CancelWork():
                    pass  # the job had ended before the word came
    except (EOFError, OSError):
        return  # the app is gone


def _work(pipe: Connection, delivery: Deliver) -> bool:
    """Do one job; return whether the worker was told to stop meanwhile."""
    stopping = False

    def check() -> None:
        nonlocal stopping
        while pipe.poll():
            message: ToWorker = pipe.recv()
            if isinstance(message, StopWork):
                stopping = True
                raise Interrupted
            if isinstance(message, CancelWork) and message.claim == delivery.claim:
                raise Cancelled

    reporter = Reporter(delivery, lambda news: _send(pipe, news), check)
    _send(pipe, attempt(delivery, reporter))
    return stopping


def _send(pipe: Connection, message: FromWorker) -> None:
    pipe.send(message)


def _end_with_the_app() -> None:
    """See to it that no worker outlives the app, whatever ended it."""
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        # also inside native code, where the thread below may not get to run
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
