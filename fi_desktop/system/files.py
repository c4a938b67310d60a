"""Files: atomic writes, disk space, a job's temporary files, and the resources that ship with the app."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError

RESULT = "result.json"
"""File name of the finished transcript in its job's folder."""

WAVEFORM = "waveform.u8"
"""File name of the recording's waveform in its job's folder."""
PEAKS_HZ = 50
"""Its peaks per second: three hours are half a megabyte."""
SEEK_TABLE = "seek.table"
"""File name of the recording's seek table in its job's folder; see `audio.seek_table`."""
WRITTEN = "exported.json"
"""File name of the list of files that were written of a job's result by themselves, in the job's folder."""
HOLD = "hold"
"""Name of the empty file that marks the folder of a job on legal hold, for a queue that is rebuilt."""
_KEPT = re.compile(
    rf"result(-\d+)?\.json|review-[0-9a-f]{{16}}\.jsonl"
    rf"|{re.escape(WAVEFORM)}|{re.escape(SEEK_TABLE)}|{re.escape(WRITTEN)}(\.part)?|{HOLD}"
)
_PACKAGE = Path(__file__).parent.parent


@contextmanager
def replacing(target: Path, *, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Open a file that replaces `target` if the block succeeds, and is deleted otherwise.

    Bytes go to a temporary name in the same folder, are fsynced and renamed: readers see the old file or the
    new one. `mode` is the new file's mode, less the umask.

    Raises:
        TransientError: the disk is full.
    """
    temp = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with _created(temp, mode) as file:
            yield file
        temp.replace(target)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


@contextmanager
def _created(path: Path, mode: int) -> Iterator[IO[bytes]]:
    """Open a new file, which is on disk after the block."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if is_disk_full(error):
            raise disk_full() from error
        raise


def write_whole(target: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a small file atomically; see `replacing`."""
    with replacing(target, mode=mode) as file:
        file.write(data)


def write_by_way_of(temp: Path, target: Path, data: bytes, *, over: bool = False, mode: int = 0o666) -> None:
    """Write a small file atomically, by way of a temporary file whose name the caller can find again.

    Args:
        temp: the temporary file, in the same folder; one that a killed program left is replaced.
        target: the file.
        data: its content.
        over: replace what has the name.
        mode: the file's, less the umask.

    Raises:
        FileExistsError: something has this name.
        TransientError: the disk is full.
    """
    try:
        temp.unlink(missing_ok=True)
        with _created(temp, mode) as file:
            file.write(data)
        if over:
            temp.replace(target)
        else:
            _name_new(temp, target, mode)
    finally:
        temp.unlink(missing_ok=True)


def _name_new(temp: Path, target: Path, mode: int) -> None:
    try:
        os.link(temp, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as that of most USB sticks
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        temp.replace(target)


def is_kept(name: str) -> bool:
    """Whether a file in a finished job's folder stays: a result, its review, or what belongs to them."""
    return _KEPT.fullmatch(name) is not None


def discard_stages(folder: Path) -> None:
    """Delete everything in a job's folder except its results and reviews, as far as the system allows.

    That is decoded speech, the stages' results and partial files of a killed attempt: a patient's speech is
    kept no longer than a retry can use it.
    """
    try:
        with os.scandir(folder) as entries:
            stages = [entry for entry in entries if not is_kept(entry.name)]
    except OSError:
        return
    for entry in stages:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
            continue
        with suppress(OSError):
            Path(entry.path).unlink()


def is_disk_full(error: OSError) -> bool:
    """Whether a write failed because the disk or the quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def has_room(folder: Path, size: int) -> bool:
    """Whether `size` bytes can be written in a folder; True if this cannot be tried."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(size))
            file.flush()
    except OSError as error:
        return not is_disk_full(error)
    return True


def disk_full() -> TransientError:
    """Return the error for a full disk."""
    return TransientError(messages.DISK_FULL)


def resource(*parts: str) -> Path:
    """Return the path of a file or folder in `resources/`, in the installed package or the source tree."""
    packaged = _PACKAGE / "resources"
    root = packaged if packaged.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)
