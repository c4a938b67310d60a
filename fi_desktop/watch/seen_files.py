"""Files of a watched folder: which were seen before, and which are still being written.

`SeenFiles` survives restarts. It recognizes a file by its content, whatever its name; and by name, size and
modification time, so that each file is read once and not at every start. Neither names nor contents can be
read from its file: both are hashed with a key of the folder, and are gone once that is deleted. The keys of
all folders are in a file of the data folder, sealed with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fi_desktop.core.errors import FiError, UserError
from fi_desktop.system import log
from fi_desktop.system.files import write_whole
from fi_desktop.vault.home_files import HomeFile, HomeFiles

FIRST_SCANS = 3
"""Scans in which a file must stay the same before it is queued."""
_REGROWN_SCANS = 20
_REGROWN_FACTOR = 3
_MAX_SCANS = 540

_KEY_BYTES = 32
_HASH_BYTES = 16
_NAME_LETTERS = 16
_KEYS = threading.Lock()  # the file of keys is read and written by the thread of each folder
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

    def __init__(self, files: HomeFiles, folder: Path) -> None:
        """Read the folder's file; a line that a power cut left incomplete is ignored.

        files: of the data folder.

        Raises:
            UserError: its vault is locked.
        """
        self._files, self._folder = files, folder
        self._earlier = _earlier_file(files.home, folder)
        self._stamps: dict[str, tuple[int, int]] = {}  # size and modification time by hashed path
        self._contents: set[str] = set()
        self._skipped: set[tuple[int, int]] = set()
        self._unwritten: list[_Line] = []
        self.queued = 0
        self.last_at: float | None = None
        earlier = _texts(self._earlier)
        own_key = _parse_key(earlier[0]) if earlier else None
        self._key = own_key or secrets.token_bytes(_KEY_BYTES)
        self._has_key = False  # it is on disk
        self._keep_key(adopt=True)  # at once, so that every reader of this folder uses the same one
        texts = _texts(self._file)
        for line in map(self._parse, texts or earlier):
            if line is not None:
                self._learn(line)
                self._unwritten += () if texts else (line,)
        if earlier:
            self._write(())

    @property
    def _file(self) -> Path:
        return _file(self._files.home, self._folder, self._key)

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

    def _keep_key(self, *, adopt: bool = False) -> None:
        """Store the present key as the folder's; if the disk is full, later.

        adopt: use the one that is stored, if there is one.

        Raises:
            UserError: the vault is locked.
        """
        try:
            with _KEYS:
                keys = _load_keys(self._files)
                known = keys.get(str(self._folder))
                if adopt and known is not None:
                    self._key = known
                else:
                    _save_keys(self._files, {**keys, str(self._folder): self._key})
        except UserError:
            raise
        except (OSError, FiError) as error:
            log.event("SEEN_FILES_UNWRITABLE", error=type(error).__name__)
        else:
            self._has_key = True

    def _write(self, lines: Sequence[_Line]) -> None:
        self._unwritten += lines
        text = "".join(f"{json.dumps(line._asdict())}\n" for line in self._unwritten).encode()
        try:
            if not self._has_key:
                self._keep_key()
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._file.exists():
                write_whole(self._file, text, mode=0o600)
            elif text:
                with self._file.open("ab") as file:
                    file.write(b"\n" + text)  # on a new line: the last one may be incomplete
                    file.flush()
                    os.fsync(file.fileno())
            self._earlier.unlink(missing_ok=True)
        except (OSError, FiError) as error:
            log.event("SEEN_FILES_UNWRITABLE", error=type(error).__name__)
        else:
            self._unwritten = []

    def _parse(self, text: str) -> _Line | None:
        """Parse a line; one of the first version holds a path."""
        try:
            values = json.loads(text)
            if "file" in values:
                return _Line(**values)
            values["queued_at"] = values.pop("taken_at", None)
            return self._line(SeenFile(**values))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def _line(self, seen: SeenFile) -> _Line:
        content = self._hash(seen.content) if seen.content else ""
        return _Line(self._hash(seen.path), seen.size, seen.mtime_ns, content, seen.queued_at)

    def _hash(self, text: str) -> str:
        return _hash(os.fsencode(text), self._key)

    def _learn(self, line: _Line) -> None:
        self._stamps[line.file] = (line.size, line.mtime_ns)
        if line.content:
            self._contents.add(line.content)
        else:
            self._skipped.add((line.size, line.mtime_ns))
        if line.taken_at is not None:
            self.queued += 1
            self.last_at = line.taken_at


def forget(files: HomeFiles, folder: Path) -> None:
    """Delete what was seen in a folder that is no longer watched.

    Raises:
        UserError: the vault is locked.
        TransientError: the disk is full.
        OSError: it cannot be deleted.
    """
    with _KEYS:
        keys = _load_keys(files)
        if (key := keys.pop(str(folder), None)) is not None:
            _save_keys(files, keys)
            _file(files.home, folder, key).unlink(missing_ok=True)
    _earlier_file(files.home, folder).unlink(missing_ok=True)


def _file(home: Path, folder: Path, key: bytes) -> Path:
    return home / "watch" / f"{_hash(os.fsencode(folder), key)[:_NAME_LETTERS]}.jsonl"


def _earlier_file(home: Path, folder: Path) -> Path:
    """Return where earlier versions kept a folder's lines, with their key in the first one."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:_NAME_LETTERS]
    return home / "watch" / f"{name}.jsonl"


def _texts(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _hash(data: bytes, key: bytes) -> str:
    return hashlib.blake2b(data, key=key, digest_size=_HASH_BYTES).hexdigest()


def _load_keys(files: HomeFiles) -> dict[str, bytes]:
    """Return the keys by folder; a damaged file is set aside, and all files count as unseen."""
    try:
        keys = json.loads(files.read(HomeFile.SEEN_FOLDERS))
        return {str(folder): bytes.fromhex(key) for folder, key in keys.items()}
    except FileNotFoundError:
        return {}
    except (AttributeError, TypeError, ValueError):
        files.set_aside(HomeFile.SEEN_FOLDERS)
        log.event("SEEN_FILES_DAMAGED")
        return {}


def _save_keys(files: HomeFiles, keys: Mapping[str, bytes]) -> None:
    content = json.dumps({folder: key.hex() for folder, key in keys.items()})
    files.write(HomeFile.SEEN_FOLDERS, content.encode())


def _parse_key(text: str) -> bytes | None:
    """Return the key in the first line of an earlier version; None if the first one wrote it."""
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
