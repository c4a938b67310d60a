"""Files of a watched folder: which were seen before, and which are still being written.

`SeenFiles` survives restarts. It recognizes a file by its content, whatever its name; and by name, size and
modification time, so that each file is read once and not at every start. Neither names nor contents can be
read from its file: both are hashed with a key in the first line, and are gone once that is deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fi_desktop.core.errors import TransientError
from fi_desktop.system import log
from fi_desktop.system.files import write_whole

FIRST_SCANS = 3
"""Scans in which a file must stay the same before it is queued."""
_REGROWN_SCANS = 20
_REGROWN_FACTOR = 3
_MAX_SCANS = 540

_KEY_BYTES = 32
_HASH_BYTES = 16
_BLOCK_BYTES = 64 * 1024
_BLOCKS = 16
_ENDS_BYTES = 4096  # a recorder rewrites headers and indexes while it records


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file that was seen.

    Attributes:
        path: the file.
        size: bytes.
        mtime_ns: modification time, nanoseconds.
        content: hash of its content; "" if it was skipped and not read.
        queued_at: UTC, seconds since the epoch; None if it was skipped, or its content was known.
    """

    path: str
    size: int
    mtime_ns: int
    content: str = ""
    queued_at: float | None = None


class _Line(NamedTuple):
    """A stored line; `file` and `content` are keyed hashes. The names are keys in the file."""

    file: str
    size: int
    mtime_ns: int
    content: str
    taken_at: float | None


class SeenFiles:
    """The files seen in one folder, stored one per line and only ever appended.

    Attributes:
        queued: number of files that were queued.
        last_at: when the last one was queued, UTC, seconds since the epoch; None if none was.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        """Read the folder's file; a line that a power cut left incomplete is ignored."""
        self._file = _file(home, folder)
        self._stamps: dict[str, tuple[int, int]] = {}  # size and modification time by hashed path
        self._contents: set[str] = set()
        self._skipped: set[tuple[int, int]] = set()
        self.queued = 0
        self.last_at: float | None = None
        try:
            texts = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            texts = []
        key = _parse_key(texts[0]) if texts else None
        self._has_key = key is not None  # the file starts with the key of its lines
        self._key = key or secrets.token_bytes(_KEY_BYTES)
        self._unwritten: list[_Line] = []
        for text in texts:
            line = self._parse(text)
            if line is not None:
                self._learn(line)
        if not self._has_key:
            self._write(())  # at once, so that every reader of this folder uses the same key

    def knows(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether this file was seen, unchanged; a skipped file counts under any name."""
        return (size, mtime_ns) in self._skipped or self._stamps.get(self._hash(path)) == (size, mtime_ns)

    def knows_content(self, content: str) -> bool:
        """Whether a file with this content was seen."""
        return self._hash(content) in self._contents

    def add(self, files: Iterable[SeenFile]) -> None:
        """Remember files; if the disk is full, only until the program ends."""
        lines = [self._line(seen) for seen in files]
        for line in lines:
            self._learn(line)
        self._write(lines)

    def _write(self, lines: Sequence[_Line]) -> None:
        self._unwritten += lines
        text = "".join(f"{json.dumps(line._asdict())}\n" for line in self._unwritten).encode()
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._has_key:
                head = json.dumps({"key": self._key.hex()}).encode()
                write_whole(self._file, head + b"\n" + text, mode=0o600)
            else:
                with self._file.open("ab") as file:
                    file.write(b"\n" + text)  # on a new line: the last one may be incomplete
                    file.flush()
                    os.fsync(file.fileno())
        except (OSError, TransientError) as error:
            log.event("SEEN_FILES_UNWRITABLE", error=type(error).__name__)
        else:
            self._has_key = True
            self._unwritten = []

    def _parse(self, text: str) -> _Line | None:
        """Parse a line; one of an older version holds a path, and is queued to be rewritten."""
        try:
            values = json.loads(text)
            if self._has_key:
                return _Line(**values)
            values["queued_at"] = values.pop("taken_at", None)
            line = self._line(SeenFile(**values))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        self._unwritten.append(line)
        return line

    def _line(self, seen: SeenFile) -> _Line:
        content = self._hash(seen.content) if seen.content else ""
        return _Line(self._hash(seen.path), seen.size, seen.mtime_ns, content, seen.queued_at)

    def _hash(self, text: str) -> str:
        return hashlib.blake2b(os.fsencode(text), key=self._key, digest_size=_HASH_BYTES).hexdigest()

    def _learn(self, line: _Line) -> None:
        self._stamps[line.file] = (line.size, line.mtime_ns)
        if line.content:
            self._contents.add(line.content)
        else:
            self._skipped.add((line.size, line.mtime_ns))
        if line.taken_at is not None:
            self.queued += 1
            self.last_at = line.taken_at


def forget(home: Path, folder: Path) -> None:
    """Delete what was seen in a folder that is no longer watched."""
    _file(home, folder).unlink(missing_ok=True)


def _file(home: Path, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return home / "watch" / f"{name}.jsonl"


def _parse_key(text: str) -> bytes | None:
    """Return the key in the first line; None if an older version wrote the file, or it is damaged."""
    try:
        key = bytes.fromhex(json.loads(text)["key"])
    except (KeyError, TypeError, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


# ---- files that grow


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """A file as it was when it was queued.

    Attributes:
        size: bytes.
        sample: what `sample` returned for it.
        job: its job; None if unknown.
        scans: scans in which it must stay the same before it is queued again.
    """

    size: int
    sample: str
    job: int | None
    scans: int


def queued_file(path: str, size: int, job: int | None, before: QueuedFile | None) -> QueuedFile:
    """Return the record of a file that is being queued; `before` is that of the previous time.

    After each growth it must rest longer: some recorders flush once in several minutes.
    """
    scans = _REGROWN_SCANS if before is None else min(before.scans * _REGROWN_FACTOR, _MAX_SCANS)
    return QueuedFile(size, sample(path, size), job, scans)


def is_continued(path: str, before: QueuedFile) -> bool:
    """Whether a file still starts with what was queued, rather than another recording of that name."""
    return before.sample != "" and sample(path, before.size) == before.sample


def sample(path: str, size: int) -> str:
    """Return a hash of blocks spread over the first `size` bytes except both ends; "" if unreadable."""
    ends = min(_ENDS_BYTES, size // 4)
    length = size - 2 * ends
    step = max(1, length // _BLOCKS)
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            for start in range(ends, ends + length, step):
                file.seek(start)
                digest.update(file.read(min(_BLOCK_BYTES, step, ends + length - start)))
    except OSError:
        return ""
    return digest.hexdigest()


def is_being_written(path: str) -> bool:
    """Whether a program has the file open for writing; False if the system does not report it."""
    if sys.platform == "linux":
        return _has_writer(path)
    if sys.platform == "win32":
        return _has_sharing_violation(path)
    return False


if sys.platform == "linux":
    import fcntl
    import signal

    def _has_writer(path: str) -> bool:
        # fcntl(2): the kernel grants a read lease only if no process has the file open for writing. On
        # network drives and for files of other accounts it grants none at all, with another error.
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # A writer that opens the file meanwhile triggers a signal; the default, SIGIO, ends the process.
            fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            with suppress(OSError):
                os.close(handle)
        return False


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _GENERIC_READ, _FILE_SHARE_READ, _OPEN_EXISTING = 0x80000000, 1, 3
    _ERROR_SHARING_VIOLATION = 32

    def _has_sharing_violation(path: str) -> bool:
        # Opening without FILE_SHARE_WRITE fails while another process has the file open for writing.
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        handle = kernel.CreateFileW(path, _GENERIC_READ, _FILE_SHARE_READ, None, _OPEN_EXISTING, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return ctypes.get_last_error() == _ERROR_SHARING_VIOLATION
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return False
