"""The lock that makes a process the owner of a data folder."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError


class AlreadyOwned(UserError):
    """Another process owns the data folder."""

    def __init__(self) -> None:
        super().__init__(messages.APP_OWNED)


class InstanceLock:
    """The right to own a data folder; the system releases it when its process dies."""

    def __init__(self, home: Path) -> None:
        self._lock = FileLock(home / "instance.lock")

    def acquire(self, *, timeout_s: float = 0.0) -> None:
        """Take the lock, waiting for it if need be.

        Raises:
            AlreadyOwned: another process has it.
        """
        try:
            self._lock.acquire(timeout=timeout_s)
        except Timeout:
            raise AlreadyOwned() from None

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()
