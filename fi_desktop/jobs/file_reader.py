"""Read files on a thread that can be abandoned.

A path on a drive that does not answer blocks its caller, perhaps for ever, and nothing can end such a call.
So it is made on a separate thread. If that makes no progress, it is abandoned, and another one goes on behind
the path. Both are daemon threads: the program can end meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from fi_desktop.jobs.commands import closing
from fi_desktop.system import log

T = TypeVar("T")
_LOOKS = 4  # so many looks without progress are a stall; while a computer sleeps nobody looks


class Reading(Protocol[T]):
    """What is to be read, and what has been so far."""

    def read(self, beat: Callable[[], None]) -> Iterator[T]:
        """Yield what is not read yet, and call `beat` whenever the system answered.

        Only here may a file be touched. It can be abandoned: what it finds is kept by `take` alone.
        """

    def take(self, item: T) -> None:
        """Keep what was read; this may wait for the queue."""

    def skip(self) -> None:
        """Leave out what does not answer; the rest is read by another call of `read`."""

    def finish(self) -> None:
        """Go on: everything is read or left out."""

    def refuse(self, error: BaseException) -> None:
        """Tell whoever waits that this came to nothing."""


class _AbandonedError(Exception):
    """Another thread has taken the place of this one."""


class _Attempt:
    """One call of `Reading.read`. It can be abandoned while it runs, and not while an item is kept."""

    def __init__(self, reading: Reading[Any], reader: FileReader) -> None:
        self.reading = reading
        self.runs = False
        self.beats = 0
        self.abandoned = False
        self._reader = reader

    def go_on(self) -> None:
        """Read on, unless the program is closing (UserError)."""
        with self._reader.lock:
            if self._reader.closed.is_set():
                raise closing()
            self.runs = True

    def beat(self) -> None:
        """Show progress; ends the thread if another one has its place."""
        with self._reader.lock:
            if self.abandoned:
                raise _AbandonedError
            self.beats += 1

    def hold(self) -> None:
        """Stop reading: from here on it cannot be abandoned."""
        with self._reader.lock:
            if self.abandoned:
                raise _AbandonedError
            self.beats += 1
            self.runs = False


class FileReader:
    """Carries out readings one after the other."""

    def __init__(self, stall_s: float) -> None:
        """Prepare; a reading that makes no progress for some `stall_s` seconds skips what it reads."""
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self._look_s = stall_s / _LOOKS
        self._readings: SimpleQueue[Reading[Any] | None] = SimpleQueue()
        self._attempt: _Attempt | None = None
        self._thread: threading.Thread | None = None

    def start(self, reading: Reading[Any]) -> None:
        """Carry it out once those before it are done; it is refused (UserError) if the program is closing."""
        with self.lock:
            if not self.closed.is_set():
                if self._thread is None:
                    self._thread = self._new_thread(None)
                    threading.Thread(target=self._watch, name="file-reader-watch", daemon=True).start()
                self._readings.put(reading)
                return
        reading.refuse(closing())

    def close(self) -> None:
        """Read no more: whoever waits is told so."""
        with self.lock:
            self.closed.set()
            attempt, thread = self._attempt, self._thread
            running = attempt if attempt is not None and attempt.runs else None
            if running is not None:
                running.abandoned = True
        if running is not None:
            running.reading.refuse(closing())
        while (reading := self._next_waiting()) is not None:
            reading.refuse(closing())
        self._readings.put(None)
        if thread is not None and running is None:
            thread.join()

    def _next_waiting(self) -> Reading[Any] | None:
        try:
            return self._readings.get_nowait()
        except Empty:
            return None

    def _new_thread(self, reading: Reading[Any] | None) -> threading.Thread:
        thread = threading.Thread(target=self._serve, args=(reading,), name="file-reader", daemon=True)
        thread.start()
        return thread

    def _serve(self, reading: Reading[Any] | None) -> None:
        """Carry out one reading, or the rest of it, and those that wait."""
        while (reading := reading or self._readings.get()) is not None:
            try:
                self._carry_out(reading)
            except _AbandonedError:
                return
            reading = None

    def _carry_out(self, reading: Reading[Any]) -> None:
        attempt = self._attempt = _Attempt(reading, self)
        try:
            attempt.go_on()
            for item in reading.read(attempt.beat):
                attempt.hold()
                reading.take(item)
                attempt.go_on()
            attempt.hold()
            reading.finish()
        except _AbandonedError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is told to whoever waits
            attempt.hold()
            reading.refuse(error)

    def _watch(self) -> None:
        """Replace the thread whenever it has made no progress for some looks."""
        seen: tuple[_Attempt | None, int] = (None, 0)
        looks = 0
        while not self.closed.wait(self._look_s):
            attempt = self._attempt
            if attempt is None or not attempt.runs or (attempt, attempt.beats) != seen:
                seen, looks = (attempt, attempt.beats if attempt else 0), 0
                continue
            looks += 1
            if looks >= _LOOKS:
                self._replace_thread(attempt, seen[1])

    def _replace_thread(self, attempt: _Attempt, beats: int) -> None:
        with self.lock:
            if self.closed.is_set() or not attempt.runs or attempt.beats != beats:
                return
            attempt.abandoned = True
            attempt.runs = False
            attempt.reading.skip()
            self._thread = self._new_thread(attempt.reading)
        log.event("FILE_READER_STALLED")
