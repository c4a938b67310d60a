"""Which files of a watched folder were seen: kept over restarts, one line a file, only ever added to.

A file is known again by its content, whatever its name; and by name, size and time of the last change, so
that content is read once a file and not once a start. Neither name nor content can be read from what is kept:
both are hashed with a key on the file's first line, and are forgotten with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fi_desktop.core.errors import TransientError
from fi_desktop.system import log
from fi_desktop.system.files import write_whole

_KEY_BYTES = 32
_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that was seen.

    Attributes:
        size: bytes.
        mtime_ns: when it was changed last, nanoseconds.
        content: a hash of its content; "": it was passed over and not read.
        taken_at: UTC, seconds since the epoch; None: it was passed over, or its content was known.
    """

    path: str
    size: int
    mtime_ns: int
    content: str = ""
    taken_at: float | None = None


class _Line(NamedTuple):
    """What is kept of a file that was seen: `file` and `content` are keyed hashes."""

    file: str
    size: int
    mtime_ns: int
    content: str
    taken_at: float | None


class Memory:
    """What was seen of one folder.

    Attributes:
        taken: how many files were taken.
        last_at: when the last one was, UTC, seconds since the epoch; None: none was.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        """Read what was seen before; a line that was half written when the power failed is passed over."""
        self._file = _file(home, folder)
        self._signs: dict[str, tuple[int, int]] = {}
        self._contents: set[str] = set()
        self._passed: set[tuple[int, int]] = set()
        self.taken = 0
        self.last_at: float | None = None
        try:
            texts = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            texts = []
        key = _key(texts[0]) if texts else None
        self._begun = key is not None  # the file begins with the key that its lines are made with
        self._key = key or secrets.token_bytes(_KEY_BYTES)
        self._unwritten: list[_Line] = []
        for text in texts:
            line = self._read(text)
            if line is not None:
                self._learn(line)
        if not self._begun:
            self._write(())  # at once: whoever remembers something of this folder has to use the same key

    def knows(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether this very file was seen; also under another name where it was passed over."""
        return (size, mtime_ns) in self._passed or self._signs.get(self._hash(path)) == (size, mtime_ns)

    def knows_content(self, content: str) -> bool:
        """Whether a file of this content was seen."""
        return self._hash(content) in self._contents

    def add(self, files: Iterable[Seen]) -> None:
        """Remember files. Where the disk does not take them they are known until the program ends."""
        lines = [self._line(seen) for seen in files]
        for line in lines:
            self._learn(line)
        self._write(lines)

    def _write(self, lines: Sequence[_Line]) -> None:
        self._unwritten += lines
        text = "".join(f"{json.dumps(line._asdict())}\n" for line in self._unwritten).encode()
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._begun:
                head = json.dumps({"key": self._key.hex()}).encode()
                write_whole(self._file, head + b"\n" + text, mode=0o600)
            else:
                with self._file.open("ab") as file:
                    file.write(b"\n" + text)  # on a line of its own: the last one may have been cut off
                    file.flush()
                    os.fsync(file.fileno())
        except (OSError, TransientError) as error:
            log.event("WATCH_MEMORY_UNWRITABLE", error=type(error).__name__)
        else:
            self._begun = True
            self._unwritten = []

    def _read(self, text: str) -> _Line | None:
        """Read a line; one that an earlier version wrote, with a path in it, is to be written anew."""
        try:
            values = json.loads(text)
            if self._begun:
                return _Line(**values)
            line = self._line(Seen(**values))
        except (TypeError, ValueError):
            return None
        self._unwritten.append(line)
        return line

    def _line(self, seen: Seen) -> _Line:
        content = self._hash(seen.content) if seen.content else ""
        return _Line(self._hash(seen.path), seen.size, seen.mtime_ns, content, seen.taken_at)

    def _hash(self, text: str) -> str:
        return hashlib.blake2b(os.fsencode(text), key=self._key, digest_size=_HASH_BYTES).hexdigest()

    def _learn(self, line: _Line) -> None:
        self._signs[line.file] = (line.size, line.mtime_ns)
        if line.content:
            self._contents.add(line.content)
        else:
            self._passed.add((line.size, line.mtime_ns))
        if line.taken_at is not None:
            self.taken += 1
            self.last_at = line.taken_at


def _key(text: str) -> bytes | None:
    """Return the key on the first line; None: an earlier version wrote the file, or it is damaged."""
    try:
        key = bytes.fromhex(json.loads(text)["key"])
    except (KeyError, TypeError, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


def forget(home: Path, folder: Path) -> None:
    """Forget what was seen of a folder that is watched no more."""
    _file(home, folder).unlink(missing_ok=True)


def _file(home: Path, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return home / "watch" / f"{name}.jsonl"
