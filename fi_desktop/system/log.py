"""The structured log: one event a line, `2026-11-23T10:00:00Z INFO WORKFLOW_JOB_QUEUED job=17`.

Recordings are patients' data: a line holds job ids, counts and codes, never a file's name or a spoken word.
"""

from __future__ import annotations

import logging
import logging.handlers
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

_ROOT = "fi_desktop"
_MAX_BYTES = 2_000_000
_BACKUPS = 5


def set_up(folder: Path) -> None:
    """Write events into `folder`/fi-desktop.log, five older files of 2 MB kept."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _File(
        folder / "fi-desktop.log", maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8", delay=True
    )
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger(_ROOT)
    tear_down()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False


def tear_down() -> None:
    """Close the log's file."""
    root = logging.getLogger(_ROOT)
    for handler in list(root.handlers):
        root.removeHandler(handler)
        with suppress(OSError):  # what a full disk did not take is lost
            handler.close()


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one event. `fields` are ids, counts and codes; a value with spaces is quoted."""
    root = logging.getLogger(_ROOT)
    if root.isEnabledFor(level):
        line = name + "".join(f" {k}={_quoted(v)}" for k, v in fields.items())
        # not root.log, which looks through the stack for its caller: no line tells of it
        root.handle(root.makeRecord(_ROOT, level, "", 0, line, (), None))


@contextmanager
def together() -> Iterator[None]:
    """Give the block's events to the system in one write, at its end."""
    files = [handler for handler in logging.getLogger(_ROOT).handlers if isinstance(handler, _File)]
    for file in files:
        file.keep()
    try:
        yield
    finally:
        for file in files:
            file.write_out()


class _File(logging.handlers.RotatingFileHandler):
    """The log's file. The inherited one formats each line twice, and looks for the file before each."""

    _keeping = False
    _size = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, into a new file where it would make this one too long."""
        try:
            line = self.format(record) + self.terminator
            size = len(line.encode())
            stream = self.stream or self._begin()
            if self._size and self._size + size > self.maxBytes:
                self.doRollover()
                stream = self._begin()
            stream.write(line)
            self._size += size
            if not self._keeping:
                self.flush()
        except Exception:  # noqa: BLE001 - as logging's own handlers: no event may end the program
            self.handleError(record)

    def _begin(self) -> TextIOWrapper:
        self.stream = self._open()
        self._size = self.stream.tell()
        return self.stream

    def keep(self) -> None:
        """Keep lines until `write_out`."""
        self._keeping = True

    def write_out(self) -> None:
        """Write what was kept."""
        self._keeping = False
        with suppress(OSError):  # a full disk may cost lines, but never the queue
            self.flush()


def _quoted(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    if text and not any(c.isspace() or c == '"' for c in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
