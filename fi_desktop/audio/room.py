"""How much a decoded recording may take, of time and of the disk.

A file of some kilobytes can decode to terabytes. The decoder asks before it writes, so that the queue and all
other programs keep room on the disk.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.system.files import disk_full, is_disk_full

LONGEST_S = 24 * 3600.0
LARGEST_BYTES = round(LONGEST_S) * 16_000 * 2 * 8
"""The longest recording at 16 kHz, 16 bits and eight channels; no file that a worker writes is larger."""

# What is left to others: so much, or this share of the free space if that is less.
_RESERVE_BYTES = 2_000_000_000
_RESERVE_SHARE = 0.1
# A disk with less free space was full before the recording was decoded.
_ROOMY_BYTES = 100_000_000
# How much is written between two looks at the disk.
_LOOK_EVERY_BYTES = 8_000_000


def free_bytes(folder: Path) -> int:
    """Return the free space on a folder's disk."""
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class Room:
    """The room that one recording may take while it is decoded.

    Attributes:
        folder: where it is written.
        longest_s: a longer one is refused, seconds.
        roomy_bytes: with less free space at the start, the disk counts as full before.
        free_bytes: returns the free space of a folder's disk.
    """

    folder: Path
    longest_s: float = LONGEST_S
    roomy_bytes: int = _ROOMY_BYTES
    free_bytes: Callable[[Path], int] = free_bytes
    _free_at_start: int = field(init=False)
    _written: int = field(init=False, default=0)
    _look_at: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Look at the disk."""
        self._free_at_start = self.free_bytes(self.folder)

    def take(self, size: int, *, duration_s: float) -> None:
        """Ask for `size` more bytes; the recording is `duration_s` long with them.

        Raises:
            OSError: EFBIG or ENOSPC, as if the system itself refused to write; see `refusal`.
        """
        if duration_s > self.longest_s:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if self._written + size > self._look_at:
            self._look_at = self._written + size + _LOOK_EVERY_BYTES
            free = self.free_bytes(self.folder)
            if free - size < min(_RESERVE_BYTES, _RESERVE_SHARE * (free + self._written)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._written += size

    def refusal(self, error: OSError) -> FiError | None:
        """Return what is said of an error of writing, before what was written is deleted.

        Returns: UserError audio.too_long; TransientError disk.full, which is waited for without a limit;
            TransientError audio.no_room if the recording itself took most of the room that there was; None if
            the error is another one.
        """
        if error.errno == errno.EFBIG:
            return UserError(
                "audio.too_long",
                "The recording is too long to be done in one piece: "
                "cut it into parts of a few hours, and add these.",
            )
        if not is_disk_full(error):
            return None
        others = self._free_at_start - self._written - self.free_bytes(self.folder)
        if self._written < max(others, self.roomy_bytes):
            return disk_full()
        return TransientError(
            "audio.no_room",
            "The disk has too little room to decode this recording: make room, and try again.",
        )
