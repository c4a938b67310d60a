"""Reads files on a thread that can be abandoned.

A path on a drive that does not answer blocks its caller, perhaps forever, and nothing can end such a call. So
files are read on a separate thread. If it makes no progress, it is abandoned, and a new thread continues
after that path. All are daemon threads: the program can end meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from fi_desktop.jobs.commands import closing
from fi_desktop.system import log

T = TypeVar("T")
_CHECKS = 4  # this many checks without progress are a stall; a suspended computer makes none


class Reading(Protocol[T]):
    """What to read, and what was read so far."""

    def read(self, progress: Callable[[], None]) -> Iterator[T]:
        """Yield what has not been read yet, and call `progress` whenever the system answered.

        Only this may touch files. It can be abandoned: `take` alone keeps what it finds.
        """

    def take(self, item: T) -> None:
        """Keep an item; this may wait for the queue."""

    def skip(self) -> None:
        """Leave out what does not answer; another call of `read` reads the rest."""

    def finish(self) -> None:
        """Everything was read or left out."""

    def refuse(self, error: BaseException) -> None:
        """Answer the caller with an error."""


class _AbandonedError(Exception):
    """Another thread has replaced this one."""


class _ReadAttempt:
    """One call of `Reading.read`. It can be abandoned while it reads, but not while an item is kept."""

    def __init__(self, reading: Reading[Any], reader: FileReader) -> None:
        self.reading = reading
        self.active = False
        self.steps = 0
        self.abandoned = False
        self._reader = reader

    def resume(self) -> None:
        """Read on, unless the program is closing (UserError)."""
        with self._reader.lock:
            if self._reader.closed.is_set():
                raise closing()
            self.active = True

    def progress(self) -> None:
        """Count a step; ends the thread if another one has replaced it."""
        with self._reader.lock:
            if self.abandoned:
                raise _AbandonedError
            self.steps += 1

    def pause(self) -> None:
        """Stop reading: from here on it cannot be abandoned."""
        with self._reader.lock:
            if self.abandoned:
                raise _AbandonedError
            self.steps += 1
            self.active = False


class FileReader:
    """Performs readings one after the other."""

    def __init__(self, stall_s: float) -> None:
        """Prepare; a reading without progress for about `stall_s` seconds skips what it reads."""
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self._check_interval_s = stall_s / _CHECKS
        self._readings: SimpleQueue[Reading[Any] | None] = SimpleQueue()
        self._attempt: _ReadAttempt | None = None
        self._thread: threading.Thread | None = None

    def start(self, reading: Reading[Any]) -> None:
        """Perform a reading after those before it; refuse it (UserError) if the program is closing."""
        with self.lock:
            if not self.closed.is_set():
                if self._thread is None:
                    self._thread = self._new_thread(None)
                    threading.Thread(target=self._watch, name="file-reader-watch", daemon=True).start()
                self._readings.put(reading)
                return
        reading.refuse(closing())

    def close(self) -> None:
        """Stop reading, and refuse what waits."""
        with self.lock:
            self.closed.set()
            attempt, thread = self._attempt, self._thread
            running = attempt if attempt is not None and attempt.active else None
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
        """Perform one reading, or the rest of it, and those that wait."""
        while (reading := reading or self._readings.get()) is not None:
            try:
                self._perform(reading)
            except _AbandonedError:
                return
            reading = None

    def _perform(self, reading: Reading[Any]) -> None:
        attempt = self._attempt = _ReadAttempt(reading, self)
        try:
            attempt.resume()
            for item in reading.read(attempt.progress):
                attempt.pause()
                reading.take(item)
                attempt.resume()
            attempt.pause()
            reading.finish()
        except _AbandonedError:
            raise
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            attempt.pause()
            reading.refuse(error)

    def _watch(self) -> None:
        """Replace the thread whenever some checks in a row see no progress."""
        seen: tuple[_ReadAttempt | None, int] = (None, 0)
        checks = 0
        while not self.closed.wait(self._check_interval_s):
            attempt = self._attempt
            if attempt is None or not attempt.active or (attempt, attempt.steps) != seen:
                seen, checks = (attempt, attempt.steps if attempt else 0), 0
                continue
            checks += 1
            if checks >= _CHECKS:
                self._replace_thread(attempt, seen[1])

    def _replace_thread(self, attempt: _ReadAttempt, steps: int) -> None:
        with self.lock:
            if self.closed.is_set() or not attempt.active or attempt.steps != steps:
                return
            attempt.abandoned = True
            attempt.active = False
            attempt.reading.skip()
            self._thread = self._new_thread(attempt.reading)
        log.event("FILE_READER_STALLED")
