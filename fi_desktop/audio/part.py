"""A part of a file that is read as if it were a file."""

from __future__ import annotations

from typing import Protocol


class Readable(Protocol):
    """A file, or a part of one."""

    def tell(self) -> int:
        """Return the position."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; none at the end."""


class Part:
    """Bytes `start` to `end` of a file, some of them replaced.

    Positions count from `start`.
    """

    def __init__(
        self, file: Readable, start: int, end: int, *, replaced_at: int = 0, replacement: bytes = b""
    ) -> None:
        """Replace the bytes at position `replaced_at` of the part by `replacement`."""
        self._file = file
        self._start = start
        self._end = end
        self._replaced_at = replaced_at
        self._replacement = replacement
        file.seek(start)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move from the start (0), the position (1) or the end (2).

        Raises:
            ValueError: before the start.
        """
        base = (0, self.tell(), self._end - self._start)[whence]
        if base + offset < 0:
            raise ValueError("before the start")
        return self._file.seek(self._start + base + offset) - self._start

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        at = self.tell()
        data = self._file.read(max(0, min(size, self._end - self._start - at)))
        first = max(0, self._replaced_at - at)
        last = min(len(data), self._replaced_at + len(self._replacement) - at)
        if first >= last:
            return data
        new = self._replacement[at + first - self._replaced_at : at + last - self._replaced_at]
        return data[:first] + new + data[last:]
