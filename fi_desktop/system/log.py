"""The structured log: one event a line, `2026-11-23T10:00:00.123Z INFO WORKFLOW_JOB_QUEUED job=17`.

Recordings are patient data: a line holds job ids, counts and codes, never a file name or a spoken word.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LOGGER = logging.getLogger("fi_desktop")
_MAX_BYTES = 2_000_000
_BACKUPS = 5
_QUOTED = re.compile(r'[\s"]|^$')


def set_up(folder: Path) -> None:
    """Write events to `folder`/fi-desktop.log, and keep five older files of 2 MB."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _LogFile(
        folder / "fi-desktop.log", maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8", delay=True
    )
    _use(handler)


def join(folder: Path) -> None:
    """Append events to the log of another process, which calls `set_up` and limits its size."""
    _use(_JoinedFile(folder / "fi-desktop.log", encoding="utf-8", delay=True))


def _use(handler: logging.Handler) -> None:
    handler.setFormatter(_Lines())
    tear_down()
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def tear_down() -> None:
    """Close the log file."""
    for handler in list(_LOGGER.handlers):
        _LOGGER.removeHandler(handler)
        with suppress(OSError):  # the disk is full
            handler.close()


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log an event. `fields` are ids, counts and codes; a value with spaces is quoted."""
    if _LOGGER.isEnabledFor(level):
        line = name + "".join(f" {key}={_quoted(value)}" for key, value in fields.items())
        # `Logger.log` would search the stack for its caller, which no line shows.
        _LOGGER.handle(_LOGGER.makeRecord(_LOGGER.name, level, "", 0, line, (), None))


@contextmanager
def batch() -> Iterator[None]:
    """Write the events of the block at its end, in one system call."""
    files = [handler for handler in _LOGGER.handlers if isinstance(handler, _LogFile)]
    for file in files:
        file.batching, file.checked = True, False
    try:
        yield
    finally:
        for file in files:
            file.batching = False
            with suppress(OSError):  # the disk is full
                file.flush()


class _Lines(logging.Formatter):
    """Formats an event as a line; the text of a second is made once, since a busy queue logs thousands."""

    _second = -1
    _text = ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        second = int(record.created)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._text}.{int(record.msecs):03d}Z {record.levelname} {record.getMessage()}"


class _LogFile(RotatingFileHandler):
    batching = False
    checked = False  # the file's size, in this batch

    def flush(self) -> None:
        """Write what is buffered, unless a batch will."""
        if not self.batching:
            super().flush()

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Roll over once the file has reached its size; the inherited check formats each line twice."""
        if self.stream is None:
            self.stream = self._open()
        if self.batching and self.checked:
            return False
        self.checked = True
        return os.fstat(self.stream.fileno()).st_size >= self.maxBytes  # `tell` would end a batch

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line: a full disk must not stop the queue."""


class _JoinedFile(logging.FileHandler):
    def emit(self, record: logging.LogRecord) -> None:
        """Write an event, and close the file, which the other process may rename."""
        with suppress(OSError):
            super().emit(record)
            if self.stream is not None:
                self.stream.close()
                self.stream = None

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line: a full disk must not stop the queue."""


def _quoted(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    if _QUOTED.search(text) is None:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
