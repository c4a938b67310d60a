"""Limits on a decoded recording's length and size.

A file of a few kilobytes can decode to terabytes. The decoder asks before it writes, so the queue and other
programs keep some disk space.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.system.files import disk_full, is_disk_full

LONGEST_S = 24 * 3600.0
LARGEST_BYTES = round(LONGEST_S) * 16_000 * 2 * 8
"""Longest recording at 16 kHz, 16 bits and eight channels; no file that a worker writes is larger."""

# Left free for others: this much, or this share of the free space if that is less.
_RESERVE_BYTES = 2_000_000_000
_RESERVE_SHARE = 0.1
# With less free space than this at the start, the disk counts as already full.
_AMPLE_BYTES = 100_000_000
# Bytes written between two checks of the disk.
_CHECK_EVERY_BYTES = 8_000_000


def free_bytes(folder: Path) -> int:
    """Return the free space on a folder's disk."""
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class DiskSpace:
    """The disk space that one recording may use while it is decoded.

    Attributes:
        folder: target folder.
        longest_s: maximum length, seconds.
        ample_bytes: with less free space at the start, the disk counts as already full.
        free_bytes: returns the free space of a folder's disk.
    """

    folder: Path
    longest_s: float = LONGEST_S
    ample_bytes: int = _AMPLE_BYTES
    free_bytes: Callable[[Path], int] = free_bytes
    _free_at_start: int = field(init=False)
    _written: int = field(init=False, default=0)
    _check_at: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Read the free space."""
        self._free_at_start = self.free_bytes(self.folder)

    def reserve(self, size: int, *, duration_s: float) -> None:
        """Ask to write `size` more bytes, which make the recording `duration_s` long.

        Raises:
            OSError: EFBIG or ENOSPC, as the system itself would raise; see `explain`.
        """
        if duration_s > self.longest_s:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if self._written + size > self._check_at:
            self._check_at = self._written + size + _CHECK_EVERY_BYTES
            free = self.free_bytes(self.folder)
            if free - size < min(_RESERVE_BYTES, _RESERVE_SHARE * (free + self._written)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._written += size

    def explain(self, error: OSError) -> FiError | None:
        """Return what a write error means; call before the written data is deleted.

        Returns: UserError audio.too_long; TransientError disk.full, which is retried without limit;
            TransientError audio.no_room if the recording used most of the space; None for other errors.
        """
        if error.errno == errno.EFBIG:
            return UserError(
                messages.AUDIO_TOO_LONG,
            )
        if not is_disk_full(error):
            return None
        others = self._free_at_start - self._written - self.free_bytes(self.folder)
        if self._written < max(others, self.ample_bytes):
            return disk_full()
        return TransientError(
            messages.AUDIO_NO_ROOM,
        )
