"""The PIN of the lock screen, stored as a salted hash in the data folder. It encrypts nothing.

`PinAttempts` slows down wrong PINs, and wrong passphrases of a vault too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from pathlib import Path

from fi_desktop.core.errors import TransientError
from fi_desktop.system.files import write_whole

SHORTEST_PASSPHRASE = 8
"""Characters; see `Vault.create`, which insists on it."""
_WORD_BITS = 13.0  # one of 8,000 words
_FAIR_BITS, _GOOD_BITS = 30.0, 45.0
MIN_LENGTH = 4  # characters

_FILE = "pin.json"
_LOCKED_FILE = "locked"  # see `Settings.locked`
_ATTEMPTS_FILE = "attempts"
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
    """Delays attempts after a wrong PIN or passphrase: 1, 2, 4, … seconds, also after a restart.

    The delay begins again with each start of the program, so that no clock that can be set matters.

    Attributes:
        now: monotonic clock, seconds.
        file: keeps the count of wrong attempts; None: it is only in memory.
        failures: wrong attempts since the last correct one.
    """

    now: Callable[[], float]
    file: Path | None = None
    failures: int = 0
    _next_at: float = field(default=0.0)

    def __post_init__(self) -> None:
        """Go on where an earlier process ended."""
        if self.file is not None:
            with suppress(OSError, ValueError):
                self.failures = max(0, int(self.file.read_text(encoding="ascii")))
            self._delay()

    @property
    def wait_s(self) -> float:
        """Seconds until the next attempt is allowed."""
        return max(0.0, self._next_at - self.now())

    def checked(self, check: Callable[[], bool]) -> bool:
        """Return whether a check succeeds; called on another thread, before `record`.

        It is saved as a wrong one first, so that it counts if the program is ended meanwhile.

        Raises:
            FiError: `check` could not be made; the attempt does not count.
        """
        self._save(self.failures + 1)
        failures = self.failures
        try:
            correct = check()
            failures = 0 if correct else self.failures + 1
        finally:
            self._save(failures)
        return correct

    def record(self, *, correct: bool) -> None:
        """Record the outcome of an attempt."""
        self.failures = 0 if correct else self.failures + 1
        self._delay()

    def _delay(self) -> None:
        wait_s = min(2.0 ** min(self.failures - 1, 10), _MAX_WAIT_S) if self.failures else 0.0
        self._next_at = self.now() + wait_s

    def _save(self, failures: int) -> None:
        if self.file is None:
            return
        with suppress(OSError, TransientError):  # a full disk must not keep the person out
            if failures:
                write_whole(self.file, str(failures).encode(), mode=_PRIVATE)
            else:
                self.file.unlink(missing_ok=True)


def attempts_file(home: Path) -> Path:
    """Return the path of the file that keeps the count of wrong attempts."""
    return home / _ATTEMPTS_FILE


def _hash(pin: str, salt: bytes) -> bytes:
    # RFC 7914; n and r as OWASP recommends for interactive logins
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1)


class Strength(Enum):
    """How hard a passphrase is to guess."""

    SHORT = "short"
    WEAK = "weak"
    FAIR = "fair"
    GOOD = "good"


def strength(passphrase: str) -> Strength:
    """Estimate how hard a passphrase is to guess for a program that knows words and patterns."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        return Strength.SHORT
    bits = _bits(passphrase)
    if bits < _FAIR_BITS:
        return Strength.WEAK
    return Strength.FAIR if bits < _GOOD_BITS else Strength.GOOD


def _bits(passphrase: str) -> float:
    words = [word.casefold() for word in passphrase.replace("-", " ").split()]
    if words and all(word.isalpha() for word in words):
        return _WORD_BITS * len(set(words))
    kinds = (
        (26, any(char.islower() for char in passphrase)),
        (26, any(char.isupper() for char in passphrase)),
        (10, any(char.isdigit() for char in passphrase)),
        (30, any(not char.isalnum() for char in passphrase)),
    )
    alphabet = sum(size for size, present in kinds if present)
    # a character that repeats or continues the one before, as in "1111" or "abcd", is guessed with it
    steps = [abs(ord(b) - ord(a)) for a, b in pairwise(passphrase)]
    return (1 + sum(step > 1 for step in steps)) * math.log2(alphabet)
