"""Clocks: `Clock` for the queue's timestamps, `awake_s` for time limits that exclude suspend."""

from __future__ import annotations

import sys
import time


class Clock:
    """UTC that never jumps while the program runs.

    It reads the system time once and adds elapsed time: if someone sets the system clock, due times stay
    right. Time in suspend counts if the system reports it.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - _elapsed_s()

    def now(self) -> float:
        """Return UTC, seconds since the epoch."""
        return self._offset_s + _elapsed_s()


def awake_s() -> float:
    """Return seconds since some fixed moment, excluding time in suspend."""
    if sys.platform == "win32":
        import ctypes

        ticks = ctypes.c_ulonglong()
        ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
        return ticks.value / 1e7
    return time.monotonic()


def _elapsed_s() -> float:
    """Return seconds since some fixed moment; on Linux with time in suspend, unlike `monotonic`."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
