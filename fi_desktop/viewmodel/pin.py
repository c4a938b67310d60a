"""The PIN: kept only as a salted hash in the data folder. It keeps eyes out, and encrypts nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.system.files import write_whole

LEAST = 4
"""So many characters at least."""

_FILE = "pin.json"
_LOCKED = "locked"  # there while the program is locked: it begins so the next time
_PRIVATE = 0o600
_LONGEST_WAIT_S = 64.0


def pin_file(home: Path) -> Path:
    """Return where the hash lies; without it there is no PIN."""
    return home / _FILE


def exists(home: Path) -> bool:
    """Whether a PIN was set."""
    return pin_file(home).is_file()


def fits(home: Path, pin: str) -> bool:
    """Whether this is the PIN; takes a twentieth of a second on purpose."""
    try:
        kept = json.loads(pin_file(home).read_text(encoding="utf-8"))
        salt, wanted = bytes.fromhex(kept["salt"]), bytes.fromhex(kept["hash"])
    except FileNotFoundError:
        return True  # it was removed, as the cover says how
    except (KeyError, TypeError, ValueError):
        return False
    return hmac.compare_digest(_hash(pin, salt), wanted)


def change(home: Path, current: str, new: str) -> bool:
    """Set another PIN, or none where `new` is ""; return False where `current` is not the PIN.

    Raises:
        TransientError: the disk is full.
    """
    if exists(home) and not fits(home, current):
        return False
    if not new:
        pin_file(home).unlink(missing_ok=True)
        return True
    salt = secrets.token_bytes(16)
    kept = {"salt": salt.hex(), "hash": _hash(new, salt).hex()}
    write_whole(pin_file(home), json.dumps(kept).encode(), mode=_PRIVATE)
    return True


def mark(home: Path, *, locked: bool) -> None:
    """Remember whether the program is locked: ending it is no way round the PIN."""
    if locked:
        (home / _LOCKED).touch()
    else:
        (home / _LOCKED).unlink(missing_ok=True)


def was_locked(home: Path) -> bool:
    """Whether the program was locked when it ended."""
    return (home / _LOCKED).exists() and exists(home)


@dataclass(slots=True)
class PinAttempts:
    """Slows wrong tries down: 1, 2, 4, … seconds.

    Attributes:
        now: seconds, monotonic.
        wrong: how many were wrong since the last that was right.
    """

    now: Callable[[], float]
    wrong: int = 0
    _again_at: float = field(default=0.0)

    @property
    def wait_s(self) -> float:
        """How long until the next try may be made, seconds."""
        return max(0.0, self._again_at - self.now())

    def take(self, *, right: bool) -> None:
        """See how a try went."""
        self.wrong = 0 if right else self.wrong + 1
        wait_s = 0.0 if right else min(2.0 ** (self.wrong - 1), _LONGEST_WAIT_S)
        self._again_at = self.now() + wait_s


def _hash(pin: str, salt: bytes) -> bytes:
    # RFC 7914; n and r as OWASP has them for a login that a person waits for
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1)
