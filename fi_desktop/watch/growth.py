"""Files of a watched folder that are still being written, or go on growing after they were taken."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FIRST_LOOKS = 3
"""A file is taken once it was the same in this many looks, one after the other."""
_AGAIN_LOOKS = 20
_AGAIN_FACTOR = 3
_MOST_LOOKS = 540

_BLOCK_BYTES = 64 * 1024
_BLOCKS = 16
_ENDS_BYTES = 4096  # headers and indexes are rewritten while a recorder goes on


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken, as it was then.

    Attributes:
        size: bytes.
        sample: what `sample` returned of it.
        job: the job that it became; None: it is not known.
        looks: how many looks it has to stay the same before it is taken again.
    """

    size: int
    sample: str
    job: int | None
    looks: int


def taken(path: str, size: int, job: int | None, before: Taken | None) -> Taken:
    """Return what is to be known of a file that is just being taken; `before`: of the time before that.

    Each time that it grew after all it has to rest longer: a recorder may flush once in some minutes.
    """
    looks = _AGAIN_LOOKS if before is None else min(before.looks * _AGAIN_FACTOR, _MOST_LOOKS)
    return Taken(size, sample(path, size), job, looks)


def is_continued(path: str, before: Taken) -> bool:
    """Whether a file holds what it held when it was taken, rather than another recording of that name."""
    return before.sample != "" and sample(path, before.size) == before.sample


def sample(path: str, size: int) -> str:
    """Return a hash of blocks from all over the first `size` bytes, both ends apart; "" if unreadable."""
    ends = min(_ENDS_BYTES, size // 4)
    room = size - 2 * ends
    step = max(1, room // _BLOCKS)
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            for start in range(ends, ends + room, step):
                file.seek(start)
                digest.update(file.read(min(_BLOCK_BYTES, step, ends + room - start)))
    except OSError:
        return ""
    return digest.hexdigest()


def is_being_written(path: str) -> bool:
    """Whether a program has the file open for writing, as far as the system tells; False if it does not."""
    if sys.platform == "linux":
        return _has_writer(path)
    if sys.platform == "win32":
        return _refuses_readers_alone(path)
    return False


if sys.platform == "linux":
    import fcntl
    import signal

    def _has_writer(path: str) -> bool:
        # The kernel grants a read lease only on a file that nobody writes (fcntl(2)); on network drives, and
        # on another account's files, it grants none at all, with another error.
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # A writer that comes meanwhile is told to us by a signal; SIGIO would end the process.
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

    def _refuses_readers_alone(path: str) -> bool:
        # opened without leave for others to write: refused while one does
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        handle = kernel.CreateFileW(path, _GENERIC_READ, _FILE_SHARE_READ, None, _OPEN_EXISTING, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return ctypes.get_last_error() == _ERROR_SHARING_VIOLATION
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return False
