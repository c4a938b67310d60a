"""An open file as a path, for code that opens what it reads and writes by path."""

from __future__ import annotations

import os
from pathlib import PosixPath
from typing import Any


class GivenFile(PosixPath):
    """A descriptor that a process was given; `open` returns a copy of it, at its start.

    All copies share one position: use one at a time.
    """

    @classmethod
    def of(cls, descriptor: int) -> GivenFile:
        """Return the path of an open file."""
        return cls(f"/proc/self/fd/{descriptor}")

    @property
    def descriptor(self) -> int:
        """The descriptor; stays open."""
        return int(self.name)

    def open(self, mode: str = "r", *_args: Any, **_options: Any) -> Any:
        """Return the file at its start, emptied if it is opened for writing."""
        copy = os.dup(self.descriptor)
        os.lseek(copy, 0, os.SEEK_SET)
        if "w" in mode:
            os.ftruncate(copy, 0)
        return os.fdopen(copy, mode)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return what the system knows of the open file."""
        del follow_symlinks
        return os.fstat(self.descriptor)

    def unlink(self, missing_ok: bool = False) -> None:
        """Empty the file: its name is for the process that gave it to delete."""
        del missing_ok
        os.ftruncate(self.descriptor, 0)
