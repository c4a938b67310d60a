"""What `vault.json` says: how the home's key is wrapped, and what is needed to unlock it."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.system.files import write_whole
from fi_desktop.vault import VAULT_FILE
from fi_desktop.vault.sealing import KEY_BYTES, SealBroken

_VERSION = 1
_PRIVATE = 0o600
# OpenSSL computes the lanes on a number of threads that is fixed for the process: two derivations at once
# fail as if there were too little memory, or never end
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What it costs to try a passphrase: RFC 9106's second recommendation, 64 MiB.

    Attributes:
        salt: hex.
        iterations, memory_kib, lanes: parameters of Argon2id.
    """

    salt: str
    iterations: int = 3
    memory_kib: int = 65_536
    lanes: int = 4

    def hash(self, passphrase: str) -> bytes:
        """Return what follows from a passphrase; takes a quarter of a second on purpose.

        Raises:
            TransientError: there is not enough memory for the moment.
        """
        derivation = Argon2id(
            salt=bytes.fromhex(self.salt),
            length=KEY_BYTES,
            iterations=self.iterations,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        )
        try:
            with _one_at_a_time:
                return derivation.derive(passphrase.encode())
        except MemoryError as error:
            raise TransientError(messages.MEMORY_FULL) from error


@dataclass(frozen=True, slots=True)
class Recovery:
    """Somebody who can recover the home's key. recipient: an age public key; wrapped: base64."""

    recipient: str
    wrapped: str


@dataclass(frozen=True, slots=True)
class VaultState:
    """What `vault.json` says.

    Attributes:
        home: tells this home from others, hex.
        generation: of the home's key, from 1.
        keyring: a key in the keyring is needed.
        passphrase: a passphrase is needed.
        wrapped: the home's key, base64.
        root: the secret of keyed hashes, wrapped with the home's key, base64.
        recovery: who else can recover it.
        interim: the key with which keys of jobs are wrapped that were added while it was locked, wrapped with
            the home's key, base64; "" if there are no such jobs.
        mixed: files of jobs that are not sealed yet are read too.
        unsealing: everything is being written in clear again.
    """

    home: str
    generation: int
    keyring: bool
    passphrase: Argon2Cost | None
    wrapped: str
    root: str
    recovery: tuple[Recovery, ...] = ()
    interim: str = ""
    mixed: bool = True
    unsealing: bool = False

    @property
    def account(self) -> str:
        """Name of the key in the keyring."""
        return f"vault {self.home} {self.generation}"

    @property
    def about_home_key(self) -> bytes:
        """What the wrapped home's key is bound to."""
        return f"home key {self.home} {self.generation}".encode()

    @property
    def about_root(self) -> bytes:
        """What the wrapped secret is bound to."""
        return f"root {self.home}".encode()

    @property
    def about_interim(self) -> bytes:
        """What the wrapped interim key is bound to."""
        return f"interim {self.home} {self.generation}".encode()


def read_state(folder: Path) -> VaultState:
    """Read a vault's state.

    Raises:
        UserError: it is damaged, or of a newer version.
        OSError: the file cannot be read.
    """
    data: dict[str, Any]
    try:
        data = json.loads((folder / VAULT_FILE).read_bytes())
        if data.pop("version") > _VERSION:
            raise UserError(messages.VAULT_NEWER)
        cost, recovery = data.pop("passphrase"), data.pop("recovery")
        return VaultState(
            passphrase=None if cost is None else Argon2Cost(**cost),
            recovery=tuple(Recovery(**each) for each in recovery),
            **data,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(messages.VAULT_DAMAGED, folder=str(folder)) from error


def write_state(folder: Path, state: VaultState) -> None:
    """Replace a vault's state at once."""
    text = json.dumps({"version": _VERSION, **asdict(state)}, indent=1)
    write_whole(folder / VAULT_FILE, text.encode(), mode=_PRIVATE)


def encoded(data: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """Return the bytes of base64.

    Raises:
        SealBroken: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise SealBroken("not base64") from error
