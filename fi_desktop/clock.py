"""The time that the queue goes by: the wall's at the start, and from then on a clock that nobody sets."""

from __future__ import annotations

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


def _elapsed_s() -> float:
    """Seconds since some moment; sleep counted on Linux, where the monotonic clock leaves it out."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
