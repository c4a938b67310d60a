"""The structured log: one event a line, `2026-11-23T10:00:00Z INFO WORKFLOW_JOB_QUEUED job=17`.

Recordings are patients' data: a line holds job ids, counts and codes, never a file's name or a spoken word.
"""

from __future__ import annotations

import logging
import logging.handlers
import time
from pathlib import Path

_ROOT = "fi_desktop"
_MAX_BYTES = 2_000_000
_BACKUPS = 5
_MARK_BYTES = 64  # at most, of a line's time and level


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
        handler.close()


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one event. `fields` are ids, counts and codes; a value with spaces is quoted."""
    logging.getLogger(_ROOT).log(
        level, "%s%s", name, "".join(f" {k}={_quoted(v)}" for k, v in fields.items())
    )


class _File(logging.handlers.RotatingFileHandler):
    """The log's file. The inherited rule formats each line twice and looks for the file before each."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Whether the line would make the file too long."""
        if self.stream is None:
            self.stream = self._open()
        return self.stream.tell() + len(record.getMessage()) + _MARK_BYTES > self.maxBytes


def _quoted(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    if text and not any(c.isspace() or c == '"' for c in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
