"""A file of finished batches, so that a later attempt at a stage goes on after them.

One JSON value per line: what the batches belong to, then the batches. A line that a killed worker left
incomplete is dropped.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from fi_desktop.system.files import disk_full, is_disk_full
from fi_desktop.vault.job_files import CLEAR, JobFiles


class BatchFile:
    """The finished batches of one stage; see `contracts.FinishedBatches`."""

    def __init__(self, path: Path, asked: Any, files: JobFiles = CLEAR) -> None:
        """Prepare.

        Args:
            path: of the file.
            asked: the options of the job that the batches depend on, JSON values.
            files: how it is read and written.
        """
        self._path = path
        self._asked = asked
        self._files = files
        self._lines = 0  # in the file

    def resume(self, plan: Any) -> list[Any]:
        """Return the batches finished for the same options and plan, or start with none."""
        header = [self._asked, plan]
        whole = self._path.read_bytes() if self._path.is_file() else b""
        lines: list[Any] = []
        with suppress(ValueError):  # a line of a killed worker, and those after it
            for line in self._files.lines(self._path.name, whole):
                lines.append(json.loads(line))
        if lines and lines[0] == json.loads(json.dumps(header)):
            self._lines = len(lines)
            self._write("r+b", b"", sum(map(len, whole.splitlines(keepends=True)[: self._lines])))
            return lines[1:]
        self._lines = 0
        self._write("wb", self._line(header))
        return []

    def add(self, batch: Any) -> None:
        """Append a finished batch, JSON values; it is on disk when this returns."""
        self._write("ab", self._line(batch))

    def _line(self, value: Any) -> bytes:
        self._lines += 1
        return self._files.line(self._path.name, self._lines - 1, json.dumps(value).encode("ascii"))

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
