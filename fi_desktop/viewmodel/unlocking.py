"""Unlocking the program: what is asked for, and whether what a person typed opens it. Knows no Qt."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core.errors import UserError
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.vault import VAULT_FILE
from fi_desktop.viewmodel import pin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fi_desktop.jobs.file_sealing import FileSealing
    from fi_desktop.vault.vault import Vault

_OPENABLE = frozenset({"vault.passphrase_needed", "vault.not_in_keyring", "vault.no_keyring"})
_WRONG = frozenset({"vault.passphrase_wrong", "vault.not_a_recipient"})
_RECOVERY_KEY = "AGE-SECRET-KEY-"


class SealedProgram(Protocol):
    """The parts of `fi_desktop.app.App` that encrypt data at rest.

    Attributes:
        settings: the current settings.
        service: the queue.
        vault: has the keys; None: data is in clear, or the program was not started yet.
        sealing: encrypts the files that are still in clear, if there are any.
    """

    settings: Settings
    service: JobService
    vault: Vault | None
    sealing: FileSealing | None

    def start(self) -> None:
        """Open the store and start the queue; blocks. May be called again if the vault stayed closed."""

    def unlock(self, passphrase: str = "") -> None:
        """Unlock the vault, if it is locked; blocks."""

    def lock(self) -> None:
        """Lock the vault, if there is one; blocks for a moment."""

    def seal(self, *, keyring: bool, passphrase: str = "", recipients: Iterable[str] = ()) -> None:
        """Encrypt everything, while work goes on; blocks until the store is encrypted."""


class LockKind(Enum):
    """What the lock of the windows protects."""

    CLEAR = "clear"
    """Data is in clear: a PIN keeps others from looking."""
    KEYRING = "keyring"
    """Data is encrypted, and this account's keyring opens it: the PIN keeps others from looking."""
    PASSPHRASE = "passphrase"
    """Data is encrypted, and only the passphrase opens it."""


def lock_kind(keys: Path) -> LockKind:
    """Return what the lock protects; keys: folder of the vault, see `Settings.keys`."""
    try:
        state = json.loads((keys / VAULT_FILE).read_bytes())
        return LockKind.PASSPHRASE if state["passphrase"] is not None else LockKind.KEYRING
    except (OSError, ValueError, KeyError, TypeError):  # the program's start reports a damaged one
        return LockKind.CLEAR


def start(program: SealedProgram) -> str:
    """Start the program; return "", or the code of the error if a person must open the vault first.

    Raises:
        UserError, TransientError: it cannot be started, whatever a person types.
    """
    try:
        program.start()
    except UserError as error:
        if program.vault is None or error.code not in _OPENABLE:
            raise
        return error.code
    return ""


def opens(program: SealedProgram, typed: str) -> bool:
    """Whether a passphrase or a recovery key opens the vault, which is unlocked then.

    It is checked even if the vault is unlocked, as it is until `lock` is done. Takes 0.2 s on purpose.

    Raises:
        UserError: the keyring does not have its part of the key, or nothing was typed.
    """
    vault = program.vault
    if vault is None:
        return False
    return _tried(program, _opened(vault, typed), "recovery key" if is_recovery_key(typed) else "passphrase")


def _opened(vault: Vault, typed: str) -> bool:
    try:
        if is_recovery_key(typed):
            vault.recover(typed)
        else:
            vault.unlock(typed)
    except UserError as error:
        if error.code not in _WRONG:
            raise
        return False
    return True


def unlocks(program: SealedProgram, typed: str) -> bool:
    """Whether what was typed unlocks the windows; the vault is unlocked then.

    Raises:
        UserError: the keyring does not have the key, or nothing was typed.
    """
    if lock_kind(program.settings.keys) is LockKind.PASSPHRASE:
        return opens(program, typed)
    if not _tried(program, pin.matches(program.settings.home, typed), "PIN"):
        return False
    if program.service.folders.vault is not None:  # else the start failed, and says why once it is seen
        program.unlock()
    return True


def _tried(program: SealedProgram, correct: bool, by: str) -> bool:
    """Record in the audit trail that something was tried; return whether it was correct."""
    if program.service.trail is not None:
        program.service.trail.record(Act(ActKind.UNLOCK_TRIED, detail={"by": by, "correct": correct}))
    return correct


def is_recovery_key(typed: str) -> bool:
    """Whether this is the private key of an age identity, and not a passphrase."""
    return typed.strip().upper().startswith(_RECOVERY_KEY)
