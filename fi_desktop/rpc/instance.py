"""One owner a data folder: the lock that says so."""

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
    """The right to own a data folder; the system takes it back from a process that died."""

    def __init__(self, home: Path) -> None:
        self._lock = FileLock(home / "instance.lock")

    def acquire(self, *, patience_s: float = 0.0) -> None:
        """Take it, or wait so long for it.

        Raises:
            AlreadyOwned: another process has it.
        """
        try:
            self._lock.acquire(timeout=patience_s)
        except Timeout:
            raise AlreadyOwned() from None

    def release(self) -> None:
        """Give it back."""
        self._lock.release()
