"""The data folder: may it hold a queue?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.files import write_whole

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


def check_home(home: Path) -> None:
    """Make the data folder where there is none, and refuse one that cannot hold the queue.

    Raises:
        UserError: it lies on a network drive, or cannot be written to.
        TransientError: the disk is full.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        raise TransientError(
            "home.full",
            "The disk of the data folder {home} is full: make room on it, and start again.",
            home=str(home),
        ) from error
    if on_network(home):
        raise UserError(
            "home.network",
            "The data folder {home} lies on a network drive, where a queue cannot be kept safely. "
            "Choose a local one by FI_DESKTOP_HOME.",
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
