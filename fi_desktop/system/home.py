"""The data folder: may it hold a queue, and is it for one account alone?"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.system.files import write_whole

# SQLite's locks, and so the queue, cannot be relied on there: https://sqlite.org/faq.html#q5
_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "fuse.sshfs",
        "afs",
        "9p",
        "ncpfs",
    }
)
_DRIVE_REMOTE = 4
_OTHERS = 0o077


def check_home(home: Path) -> None:
    """Make the data folder where there is none, and refuse one that cannot hold the queue.

    Raises:
        UserError: it is a file, lies on a network drive, cannot be written to, is another account's, or
            cannot be closed to other accounts.
        TransientError: the disk is full.
    """
    if home.is_file():
        raise UserError(
            "home.not_a_folder",
            "The data folder {home} is a file: choose another by FI_DESKTOP_HOME.",
            home=str(home),
        )
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_to_others(home)
        write_whole(home / ".writable", b"")
        (home / ".writable").unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(
            "home.unwritable",
            "The data folder {home} cannot be written to ({reason}): choose another by FI_DESKTOP_HOME.",
            home=str(home),
            reason=reason,
        ) from error
    except TransientError as error:
        raise full(home) from error
    if on_network(home):
        raise UserError(
            "home.network",
            "The data folder {home} lies on a network drive, where a queue cannot be kept safely. "
            "Choose a local one by FI_DESKTOP_HOME.",
            home=str(home),
        )


def _close_to_others(home: Path) -> None:
    """Make a data folder one that its owner alone can enter, whatever program or person created it."""
    if sys.platform == "win32":
        return  # folders of a profile are their owner's; others inherit what their administrator chose
    found = home.stat()
    if found.st_uid != os.geteuid():
        raise UserError(
            "home.foreign",
            "The data folder {home} belongs to another account: choose another by FI_DESKTOP_HOME.",
            home=str(home),
        )
    if not found.st_mode & _OTHERS:
        return
    with suppress(PermissionError):
        home.chmod(0o700)
    if home.stat().st_mode & _OTHERS:
        raise UserError(
            "home.exposed",
            "Other accounts can open the data folder {home}, and its drive cannot prevent it: "
            "choose another by FI_DESKTOP_HOME.",
            home=str(home),
        )


def full(home: Path) -> TransientError:
    """Return what is said of a data folder whose disk is full."""
    return TransientError(
        "home.full",
        "The disk of the data folder {home} is full: make room on it, and start again.",
        home=str(home),
    )


def on_network(folder: Path) -> bool:
    """Whether a folder lies on another computer's disk, as far as the system tells."""
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
    _, kind = max(mounts, key=lambda mount: len(mount[0].parts), default=(None, ""))
    return kind.lower() in _NETWORK
