"""How the store's keys and values lie in SQLite: JSON text, and nothing that could run code.

diskcache pickles whatever it does not know, and unpickles whatever a row says is pickled (CVE-2025-69872):
somebody who can write one row into the database runs code in the app. This Disk refuses pickle both ways, for
keys as for values.
"""

from __future__ import annotations

import json
from typing import Any

from diskcache import UNKNOWN, Disk
from diskcache.core import MODE_RAW

to_text = json.JSONEncoder(separators=(",", ":")).encode
"""A value as it lies in the database. ASCII alone: a file's name may hold bytes that are no text, which
SQLite would refuse as such."""
_LINES_AT_ONCE = 200


class RefusedRow(ValueError):
    """A row is in a form that this program never writes."""


class JSONTextDisk(Disk):  # type: ignore[misc]  # diskcache ships no types
    """Keys are str. Values are JSON text; whole numbers stay raw, since `Cache.incr` reads them in SQL."""

    def put(self, key: str) -> tuple[str, bool]:
        """Return the key as it lies in the database.

        Raises:
            TypeError: the key is not a str.
        """
        if not isinstance(key, str):
            raise TypeError("the store's keys are str")
        return key, True

    def get(self, key: Any, raw: bool) -> str:
        """Return the key of a row.

        Raises:
            RefusedRow: the row's key is not text.
        """
        if not raw or not isinstance(key, str):
            raise RefusedRow("a key that is not text")
        return key

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> tuple[int, int, str | None, Any]:
        """Return (size, mode, file name, database value); never a file, which no transaction covers."""
        if read:
            raise TypeError("the store takes values, not open files")
        if type(value) is int:
            return 0, MODE_RAW, None, value
        return 0, MODE_RAW, None, to_text(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        """Return the value of a row.

        Raises:
            RefusedRow: the row's value is pickled, binary, or in a file.
        """
        if mode != MODE_RAW or filename is not None or read or isinstance(value, bytes):
            raise RefusedRow("a value that is not JSON text")
        return json.loads(value) if isinstance(value, str) else value


def to_values(lines: str) -> list[Any]:
    """Return what lines of JSON text say, read some hundred at once.

    Each by itself takes half as long again, and all together keep other threads from Python's lock.
    """
    texts = lines.splitlines()
    return [
        value
        for start in range(0, len(texts), _LINES_AT_ONCE)
        for value in json.loads(f"[{','.join(texts[start : start + _LINES_AT_ONCE])}]")
    ]
