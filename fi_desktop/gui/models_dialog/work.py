"""What takes long with models, each on a thread of its own: fetching, importing, checking, removing.

A thread knows no widget: it writes numbers into a `Meter`, which the window reads when it likes, and its end
crosses by the bridge. Threads are daemons: whatever they do may be cut off at any byte, and nothing is lost.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from fi_desktop.core.errors import Cancelled, FiError
from fi_desktop.core.messages import Note
from fi_desktop.gui.bridge import Bridge
from fi_desktop.models.library import Report

T = TypeVar("T")
_PACE_S = 6.0
_LEAP_BYTES = 8_000_000  # more than is ever read at once


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    Attributes:
        code: "" where all went well, `STOPPED` where the person stopped it, else the error's code.
        note: the error's; None where there is none.
    """

    code: str = ""
    note: Note | None = None


STOPPED = "stopped"
Deed = Callable[[Report], object]
"""Long work; it tells how far it is, and must not refer to a widget."""


class Meter:
    """How far the work is; written by its thread, read by the window.

    Attributes:
        done, total: bytes.
        stopping: whether it was asked to stop.
    """

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.stopping = False
        self._leapt = 0  # bytes that were there already: they say nothing of the pace
        self._marks: deque[tuple[float, int]] = deque()

    def report(self, done: int, total: int) -> None:
        """Tell how far it is, from the work's thread.

        Raises:
            Cancelled: the person wants it to stop.
        """
        if done - self.done > _LEAP_BYTES:
            self._leapt += done - self.done
        self.done, self.total = done, total
        if self.stopping:
            raise Cancelled

    def pace(self, now: float) -> float:
        """Return bytes a second, lately; called by the window every so often. `now`: seconds, monotonic."""
        come = self.done - self._leapt
        self._marks.append((now, come))
        while now - self._marks[0][0] > _PACE_S:
            self._marks.popleft()
        since, before = self._marks[0]
        return max(0.0, (come - before) / (now - since)) if now > since else 0.0


def start(
    deed: Deed,
    bridge: Bridge,
    ended: Callable[[Outcome], None],
    broken: Callable[[str], None],
) -> Meter:
    """Do something long; return how far it is.

    Args:
        deed: what is done.
        bridge: the crossing to the GUI thread.
        ended: called there with the outcome.
        broken: called there with a sentence for what nobody foresaw.
    """
    meter = Meter()

    def run() -> Outcome:
        try:
            deed(meter.report)
        except Cancelled:
            return Outcome(STOPPED)
        except FiError as error:
            return Outcome(error.code, error.note)
        return Outcome()

    in_thread(run, bridge, ended, broken)
    return meter


def in_thread(
    work: Callable[[], T], bridge: Bridge, done: Callable[[T], None], failed: Callable[[str], None]
) -> None:
    """Do something on a thread of its own, and go on with `done` or `failed` on the GUI thread.

    The bridge's own helper thread is for short things: a keyring may wait for the person to unlock it.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 carried over to the GUI thread
            future.set_exception(error)
        else:
            future.set_result(result)

    bridge.when_done(future, done, failed)
    threading.Thread(target=run, name="models", daemon=True).start()
