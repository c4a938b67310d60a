"""When jobs were sent and started, for our queue and its peers.

Each worker appends its starts to a file, by the clock that all processes share. This module imports nothing
from the project, since the peers use it too.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

_LINE = b"%08d %017.6f\n"
_LINE_BYTES = len(_LINE % (0, 0.0))
_POLL_INTERVAL_S = 0.01
_TIMEOUT_S = 300.0
_SETTLE_S = 0.5

_notes: dict[Path, int] = {}


def note_start(folder: Path, number: int) -> None:
    """Record, in a worker, that job `number` starts now."""
    now = time.time()
    if folder not in _notes:
        path = folder / f"{os.getpid()}.starts"
        _notes[folder] = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.write(_notes[folder], _LINE % (number, now))


class Watch:
    """Sends jobs, and reads from `folder` when they started. Numbers are never reused in a folder.

    Attributes:
        sent: the highest number used so far, by earlier watches too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sent = self._noted()

    def burst(self, send: Callable[[list[int]], None], jobs: int) -> float:
        """Send jobs at once; return how many started per second, counted from the first `send`."""
        numbers = self._numbers(jobs)
        began = time.time()
        send(numbers)
        starts = self._wait_for(numbers)
        return jobs / (max(starts.values()) - began)

    def paced(self, send: Callable[[list[int]], None], jobs: int, every_s: float) -> list[float]:
        """Send one job every `every_s` seconds; return how long each took to start, milliseconds, sorted."""
        time.sleep(_SETTLE_S)
        numbers = self._numbers(jobs)
        sent_at = {}
        for number in numbers:
            sent_at[number] = time.time()
            send([number])
            time.sleep(every_s)
        starts = self._wait_for(numbers)
        return sorted(1000 * (starts[number] - sent_at[number]) for number in numbers)

    def _numbers(self, jobs: int) -> list[int]:
        self.sent += jobs
        return list(range(self.sent - jobs + 1, self.sent + 1))

    def _wait_for(self, numbers: list[int]) -> dict[int, float]:
        deadline = time.monotonic() + _TIMEOUT_S
        while self._noted() < self.sent:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all of {self.sent} jobs started within {_TIMEOUT_S:.0f} s")
            time.sleep(_POLL_INTERVAL_S)
        lines = (line.split() for path in self._notes() for line in path.read_text().splitlines())
        starts = {int(number): float(at) for number, at in lines}
        return {number: starts[number] for number in numbers}

    def _noted(self) -> int:
        return sum(path.stat().st_size for path in self._notes()) // _LINE_BYTES

    def _notes(self) -> list[Path]:
        return list(self._folder.glob("*.starts"))


def median(values: list[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(values)[int(0.95 * len(values))]
