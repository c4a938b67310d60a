"""The time that the queue goes by: the wall's at the start, and from then on a clock that nobody sets.

And the time that a worker has had: that of a computer that sleeps stands still.
"""

from __future__ import annotations

import sys
import time


class Clock:
    """UTC that neither jumps back nor ahead within a run.

    Due times and waits would come too soon, or never, where a clock is set by hours. What the computer sleeps
    counts, as far as the system tells.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - _elapsed_s()

    def now(self) -> float:
        """Return the time, UTC, seconds since the epoch."""
        return self._offset_s + _elapsed_s()


def awake_s() -> float:
    """Return seconds since some moment, without those that the computer slept."""
    if sys.platform == "win32":
        import ctypes

        ticks = ctypes.c_ulonglong()
        ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
        return ticks.value / 1e7
    return time.monotonic()


def _elapsed_s() -> float:
    """Seconds since some moment; sleep counted on Linux, where the monotonic clock leaves it out."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
