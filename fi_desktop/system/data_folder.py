"""The data folder: create it, and check that it can hold a queue and is private to this account."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.messages import system_reason
from fi_desktop.system.files import write_whole

# File locks are unreliable on these, so SQLite is too: https://sqlite.org/faq.html#q5
_NETWORK_FILE_SYSTEMS = frozenset({
    "9p", "afpfs", "afs", "cifs", "fuse.sshfs", "ncpfs", "nfs", "nfs4", "smb", "smb2", "smb3", "smbfs",
    "webdav",
})  # fmt: skip
_DRIVE_REMOTE = 4
_OTHERS = 0o077


def check_data_folder(home: Path) -> None:
    """Create the data folder if it does not exist, and refuse one that cannot hold the queue.

    Raises:
        UserError: it is a file, is on a network drive, cannot be written to, belongs to another account,
            cannot be made private, or can be replaced by another account.
        TransientError: the disk is full.
    """
    if home.is_file():
        raise UserError(
            messages.HOME_NOT_A_FOLDER,
            home=str(home),
        )
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(home)
        write_whole(home / ".writable", b"")
        (home / ".writable").unlink()
    except OSError as error:
        raise UserError(
            messages.HOME_UNWRITABLE,
            home=str(home),
            reason=system_reason(error),
        ) from error
    except TransientError as error:
        raise data_folder_full(home) from error
    if is_on_network(home):
        raise UserError(
            messages.HOME_NETWORK,
            home=str(home),
        )


def data_folder_full(home: Path) -> TransientError:
    """Return the error for a data folder whose disk is full."""
    return TransientError(
        messages.HOME_FULL,
        home=str(home),
    )


def is_on_network(folder: Path) -> bool:
    """Whether a folder is on another computer's disk, as far as the system reports it."""
    resolved = folder.resolve()
    if sys.platform == "win32":
        import ctypes

        drive = os.path.splitdrive(resolved)[0]
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == _DRIVE_REMOTE
    mounts = [
        (Path(partition.mountpoint), partition.fstype)
        for partition in psutil.disk_partitions(all=True)
        if resolved.is_relative_to(partition.mountpoint)
    ]
    _, file_system = max(mounts, key=lambda mount: len(mount[0].parts), default=(None, ""))
    return file_system.lower() in _NETWORK_FILE_SYSTEMS


def _make_private(home: Path) -> None:
    """Let only the owner enter the folder, even if another program or person created it."""
    if sys.platform == "win32":
        return  # a profile's folders are private; others inherit the rights their administrator chose
    status = home.stat()
    if status.st_uid != os.geteuid():
        raise UserError(
            messages.HOME_FOREIGN,
            home=str(home),
        )
    _refuse_replaceable(home.absolute())
    if not status.st_mode & _OTHERS:
        return
    with suppress(PermissionError):
        home.chmod(0o700)
    if home.stat().st_mode & _OTHERS:
        raise UserError(
            messages.HOME_EXPOSED,
            home=str(home),
        )


def _refuse_replaceable(home: Path) -> None:
    """Refuse a path that another account can make lead to another folder."""
    for folder in {*home.parents, *home.resolve().parents}:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise UserError(messages.HOME_REPLACEABLE, home=str(home), folder=str(folder))
    for part in (home, *home.parents):
        status = part.lstat()
        if stat.S_ISLNK(status.st_mode) and status.st_uid not in (0, os.geteuid()):
            raise UserError(messages.HOME_FOREIGN, home=str(home))
