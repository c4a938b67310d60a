"""The window's side of the playback process: starts it, sends requests, reads what it sends."""

from __future__ import annotations

import shutil
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.audio import playback
from fi_desktop.audio.playback import MOST_BYTES, NotedTable, PlaybackState, PlayedSound, read_message
from fi_desktop.core.errors import TransientError
from fi_desktop.vault.job_files import JobFiles

_LONGEST_S = 1.0  # that the window waits for a process that was killed


class PlaybackLink:
    """The playback process, and the thread that reads what it sends.

    Attributes:
        broken: the process ended, or sent what nobody understands.
    """

    def __init__(
        self, source: Path, folder: Path, table: Path, files: JobFiles, notify: Callable[[], None]
    ) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=playback.main,
            args=(theirs, source, folder, table, files.seal(table.name), files.seal(playback.DECODED)),
            name="playback",
            daemon=True,
        )
        self._files = files
        self._process.start()
        theirs.close()
        self._folder, self._table = folder, table
        self.broken = False
        self._closing = False
        self._notify = notify
        self._messages: deque[PlaybackState | PlayedSound] = deque()
        self._thread = threading.Thread(target=self._read, name="playback-reader", daemon=True)
        self._thread.start()

    def send(self, request: bytes) -> None:
        """Send a request; a process that is gone is noticed by the reader."""
        try:
            self._pipe.send_bytes(request)
        except OSError:
            self.broken = True

    def take(self) -> list[PlaybackState | PlayedSound]:
        """Return what came since the last call."""
        return [self._messages.popleft() for _ in range(len(self._messages))]

    def close(self) -> None:
        """End the process, at once: it may still be starting, or busy in a codec."""
        self._closing = True
        self._process.kill()
        self._thread.join(_LONGEST_S)  # which sees that the pipe has ended
        _close(self._pipe)
        self._process.join(_LONGEST_S)
        if not self._process.is_alive():  # a drive that does not answer can hold it up
            self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self) -> None:
        try:
            while True:
                if self._pipe.poll(0.1):
                    message = read_message(self._pipe.recv_bytes(MOST_BYTES))
                    if isinstance(message, NotedTable):
                        self._keep_table(message)
                        continue
                    self._messages.append(message)
                    self._tell()
                elif self._closing:
                    return
        except (EOFError, OSError, ValueError, KeyError, TypeError, struct.error):
            if not self._closing:
                self.broken = True
                self._tell()

    def _keep_table(self, message: NotedTable) -> None:
        with suppress(OSError, TransientError):  # the job was removed, or the disk is full
            self._files.write(self._table, message.data)

    def _tell(self) -> None:
        try:
            self._notify()
        except RuntimeError:  # Qt deleted the player with its window
            self._closing = True


def _close(pipe: Connection) -> None:
    try:
        pipe.close()
    except OSError:
        return
