"""Files of the app: written whole or not at all, and found wherever the app was installed."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from fi_desktop.core.errors import TransientError

RESULT = "result.json"
"""The finished transcript, in its job's folder."""

_PACKAGE = Path(__file__).parent.parent


@contextmanager
def replacing(target: Path, *, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `target` once the block ends well, and leaves no trace otherwise.

    Bytes go to a temp name beside the target, are fsynced, and renamed: a reader sees the old file or the
    new one. `mode` are the new file's rights, less the person's umask.

    Raises:
        TransientError: disk.full.
    """
    temp = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temp.replace(target)
    except BaseException as error:
        temp.unlink(missing_ok=True)
        if isinstance(error, OSError) and is_disk_full(error):
            raise disk_full() from error
        raise


def write_whole(target: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a small file whole or not at all; see `replacing`."""
    with replacing(target, mode=mode) as file:
        file.write(data)


def discard_stages(folder: Path) -> None:
    """Delete all that a job's folder holds but the result, as far as the system allows.

    Decoded speech, what stages made of it, and what an attempt that was killed left half written: a patient's
    speech is not kept longer than a retry may want it.
    """
    try:
        with os.scandir(folder) as entries:
            stages = [entry.path for entry in entries if entry.name != RESULT]
    except OSError:
        return
    for path in stages:
        with suppress(OSError):
            Path(path).unlink()


def is_disk_full(error: OSError) -> bool:
    """Whether there was no room for what was to be written."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def has_room(folder: Path, size: int) -> bool:
    """Whether so many bytes can be written in a folder; True where this cannot be tried."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(size))
            file.flush()
    except OSError as error:
        return not is_disk_full(error)
    return True


def disk_full() -> TransientError:
    """Return what is said of a full disk."""
    return TransientError("disk.full", "The disk is full: make room on it, and it goes on.")


def resource(*parts: str) -> Path:
    """Return where a file or folder of `resources/` lies: in the installed package, or in the source tree."""
    packaged = _PACKAGE / "resources"
    root = packaged if packaged.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)
