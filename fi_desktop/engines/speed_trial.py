"""A trial of this computer's speed: how long one core takes for networks that come with the program.

The trial runs in a process with low memory and ends after some seconds. CPU time is measured, not the time on
the clock, so that other programs disturb it little; the fastest pass counts.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.system.files import resource, write_whole

REFERENCE_S = 0.13
"""CPU-seconds of a pass on the machine of docs/benchmarks.md."""

_VERSION = 1
_FRAMES = 1000  # 10 s of sound
_LEAST_PASSES, _TRIAL_S = 3, 4.0
_TIMEOUT_S = 60.0
_FILE = "speed.json"


def speed(home: Path) -> float:
    """Return the speed of a core, 1.0 as on the machine of docs/benchmarks.md; blocks for some seconds.

    The outcome is kept in the data folder for as long as the computer and the trial are the same.

    Raises:
        FiError: the trial failed.
    """
    known = known_speed(home)
    if known is None:
        known = round(REFERENCE_S / measure_in_process(), 3)
        saved = {"computer": _computer(), "speed": known}
        with suppress(OSError):  # measured again the next time
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(home / _FILE, json.dumps(saved).encode())
    return known


def known_speed(home: Path) -> float | None:
    """Return the speed that an earlier trial on this computer found; None if there was none."""
    try:
        saved = json.loads((home / _FILE).read_text(encoding="utf-8"))
        return float(saved["speed"]) if saved["computer"] == _computer() and saved["speed"] > 0 else None
    except (OSError, KeyError, TypeError, ValueError):
        return None


def measure_in_process() -> float:
    """Return the CPU-seconds of one pass, measured in a process that ends with the trial.

    Raises:
        FiError: the process failed.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_main, args=(theirs,), name="speed-trial", daemon=True)
    try:
        process.start()
        theirs.close()
        if ours.poll(_TIMEOUT_S):
            return float(ours.recv())
        raise FiError(messages.ENGINE_UNEXPECTED, error="TimeoutError")
    except (OSError, EOFError) as error:
        raise FiError(messages.ENGINE_UNEXPECTED, error=type(error).__name__) from error
    finally:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join()


def measure() -> float:
    """Return the CPU-seconds of the fastest pass of the networks that tell voices apart, on one core."""
    import numpy as np

    from fi_desktop.engines.networks import load_network

    pack = resource("models", "voices")
    convolutions, frames = load_network(pack, "convolutions.onnx"), load_network(pack, "frames.onnx")
    bands = np.sin(np.arange(_FRAMES * 80, dtype=np.float32)).reshape(1, _FRAMES, 80)
    took_s: list[float] = []
    until = time.monotonic() + _TRIAL_S
    while len(took_s) < _LEAST_PASSES or time.monotonic() < until:
        before = time.process_time()
        frames.run(channels=convolutions.run(bands=bands))
        took_s.append(time.process_time() - before)
    return min(took_s)


def _main(pipe: Connection) -> None:
    pipe.send(measure())


def _computer() -> str:
    """Return what a change of the computer, or of the trial, would change."""
    return f"{_VERSION} {platform.machine()} {os.cpu_count()} {_processor()}"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
