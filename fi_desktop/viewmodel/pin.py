"""The PIN of the lock screen, stored as a salted hash in the data folder. It encrypts nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.system.files import write_whole

MIN_LENGTH = 4  # characters

_FILE = "pin.json"
_LOCKED_FILE = "locked"  # see `Settings.locked`
_PRIVATE = 0o600
_MAX_WAIT_S = 64.0


def pin_file(home: Path) -> Path:
    """Return the path of the hash; if the file does not exist, no PIN is set."""
    return home / _FILE


def is_set(home: Path) -> bool:
    """Whether a PIN is set."""
    return pin_file(home).is_file()


def matches(home: Path, pin: str) -> bool:
    """Whether this is the PIN, or none is set. Takes about 50 ms on purpose."""
    try:
        stored = json.loads(pin_file(home).read_text(encoding="utf-8"))
        salt, expected = bytes.fromhex(stored["salt"]), bytes.fromhex(stored["hash"])
    except FileNotFoundError:
        return True  # removed, as the lock screen explains
    except (KeyError, TypeError, ValueError):
        return False
    return hmac.compare_digest(_hash(pin, salt), expected)


def change(home: Path, current: str, new: str) -> bool:
    """Set a new PIN, or remove it if `new` is ""; return False if `current` is wrong.

    Raises:
        TransientError: the disk is full.
    """
    if is_set(home) and not matches(home, current):
        return False
    if not new:
        pin_file(home).unlink(missing_ok=True)
        return True
    salt = secrets.token_bytes(16)
    stored = {"salt": salt.hex(), "hash": _hash(new, salt).hex()}
    write_whole(pin_file(home), json.dumps(stored).encode(), mode=_PRIVATE)
    return True


def save_locked(home: Path, *, locked: bool) -> None:
    """Save whether the program is locked, so that a restart does not unlock it."""
    if locked:
        (home / _LOCKED_FILE).touch()
    else:
        (home / _LOCKED_FILE).unlink(missing_ok=True)


def was_locked(home: Path) -> bool:
    """Whether the program was locked when it ended."""
    return (home / _LOCKED_FILE).exists() and is_set(home)


@dataclass(slots=True)
class PinAttempts:
    """Delays attempts after a wrong PIN: 1, 2, 4, … seconds.

    Attributes:
        now: monotonic clock, seconds.
        failures: wrong PINs since the last correct one.
    """

    now: Callable[[], float]
    failures: int = 0
    _next_at: float = field(default=0.0)

    @property
    def wait_s(self) -> float:
        """Seconds until the next attempt is allowed."""
        return max(0.0, self._next_at - self.now())

    def record(self, *, correct: bool) -> None:
        """Record the outcome of an attempt."""
        self.failures = 0 if correct else self.failures + 1
        wait_s = 0.0 if correct else min(2.0 ** (self.failures - 1), _MAX_WAIT_S)
        self._next_at = self.now() + wait_s


def _hash(pin: str, salt: bytes) -> bytes:
    # RFC 7914; n and r as OWASP recommends for interactive logins
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1)
