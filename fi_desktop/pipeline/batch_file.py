"""A file of finished batches, so that a later attempt at a stage goes on after them.

One JSON value per line: what the batches belong to, then the batches. A line that a killed worker left
incomplete is dropped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fi_desktop.system.files import disk_full, is_disk_full


class BatchFile:
    """The finished batches of one stage; see `contracts.FinishedBatches`."""

    def __init__(self, path: Path, asked: Any) -> None:
        """path: of the file; asked: the options of the job that the batches depend on, JSON values."""
        self._path = path
        self._asked = asked

    def resume(self, plan: Any) -> list[Any]:
        """Return the batches finished for the same options and plan, or start with none."""
        header = [self._asked, plan]
        whole = self._path.read_bytes() if self._path.is_file() else b""
        lines, size = [], 0
        for line in whole.splitlines(keepends=True):
            try:
                lines.append(json.loads(line))
            except ValueError:
                break
            if not line.endswith(b"\n"):
                lines.pop()
                break
            size += len(line)
        if lines and lines[0] == json.loads(json.dumps(header)):
            self._write("r+b", b"", size)
            return lines[1:]
        self._write("wb", _line(header))
        return []

    def add(self, batch: Any) -> None:
        """Append a finished batch, JSON values; it is on disk when this returns."""
        self._write("ab", _line(batch))

    def _write(self, mode: str, data: bytes, size: int | None = None) -> None:
        try:
            with self._path.open(mode) as file:
                if size is not None:
                    file.truncate(size)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if is_disk_full(error):
                raise disk_full() from error
            raise


def _line(value: Any) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"
