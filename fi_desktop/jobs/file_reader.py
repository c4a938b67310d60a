"""Read files on a thread that can be left behind.

A path on a drive that does not answer blocks its caller, perhaps for ever, and nothing can end such a call.
So it is made on a separate thread. If that makes no progress, it is abandoned and another one takes its
place. It is a daemon thread: the program can end meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from fi_desktop import log
from fi_desktop.jobs.inbox import closing

T = TypeVar("T")
_END = object()


class Stalled(Exception):
    """The drive did not answer in time; the thread that waits for it was abandoned."""


class _AbandonedError(Exception):
    """Nobody waits any more for what is read."""


class Pulse:
    """Shows that a reading gets on."""

    def __init__(self) -> None:
        self.at = time.monotonic()
        self.stopped = False

    def beat(self) -> None:
        """Call it whenever the system answered; ends the reading where nobody waits for it any more."""
        if self.stopped:
            raise _AbandonedError
        self.at = time.monotonic()


_Task = tuple[Callable[[Pulse], Iterable[Any]], Pulse, "SimpleQueue[tuple[Any, BaseException | None]]"]


class FileReader:
    """Runs readings, one after the other, for one thread that waits for them."""

    def __init__(self, stall_s: float) -> None:
        """Prepare; a reading that does not get on for `stall_s` seconds is abandoned."""
        self._stall_s = stall_s
        self._lock = threading.Lock()
        self._closed = False
        self._tasks: SimpleQueue[_Task | None] | None = None  # of the thread that is not abandoned
        self._answers: SimpleQueue[tuple[Any, BaseException | None]] | None = None

    def read(self, work: Callable[[Pulse], Iterable[T]]) -> Iterator[T]:
        """Yield what `work` yields on the reader's thread, and raise what it raises.

        Raises:
            Stalled: it did not get on; it is not called again.
            UserError: the program is closing.
        """
        pulse = Pulse()
        answers = self._hand_over(work, pulse)
        try:
            while True:
                item, error = self._next(answers, pulse)
                if error is not None:
                    raise error
                if item is _END:
                    return
                yield item
        finally:
            pulse.stopped = True

    def close(self) -> None:
        """Read no more: whoever waits is told so."""
        with self._lock:
            self._closed = True
            if self._answers is not None:
                self._answers.put((None, closing()))
            self._leave_thread()

    def _hand_over(
        self, work: Callable[[Pulse], Iterable[Any]], pulse: Pulse
    ) -> SimpleQueue[tuple[Any, BaseException | None]]:
        with self._lock:
            if self._closed:
                raise closing()
            if self._tasks is None:
                self._tasks = SimpleQueue()
                threading.Thread(target=_serve, args=(self._tasks,), name="file-reader", daemon=True).start()
            self._answers = SimpleQueue()
            self._tasks.put((work, pulse, self._answers))
            return self._answers

    def _next(
        self, answers: SimpleQueue[tuple[Any, BaseException | None]], pulse: Pulse
    ) -> tuple[Any, BaseException | None]:
        while True:
            left_s = pulse.at + self._stall_s - time.monotonic()
            try:
                return answers.get(timeout=max(0.0, left_s))
            except Empty:
                if time.monotonic() - pulse.at < self._stall_s:
                    continue  # it got on meanwhile
                log.event("FILE_READER_STALLED")
                with self._lock:
                    self._leave_thread()
                raise Stalled from None

    def _leave_thread(self) -> None:
        """Let the thread end once it is done with what it has."""
        if self._tasks is not None:
            self._tasks.put(None)
            self._tasks = None


def _serve(tasks: SimpleQueue[_Task | None]) -> None:
    while (task := tasks.get()) is not None:
        work, pulse, answers = task
        try:
            for item in work(pulse):
                pulse.beat()
                answers.put((item, None))
            answers.put((_END, None))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            answers.put((None, error))
        del task, work, answers
