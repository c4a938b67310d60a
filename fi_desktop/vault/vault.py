"""`Vault`: the keys of one home, locked or unlocked.

The home's key wraps the keys of all jobs (`job_keys.py`) and the secret from which keyed hashes are made. It
is itself wrapped with what locks the vault: a random key in the system's keyring, a passphrase (Argon2id,
RFC 9106), or both together; and also with the public keys of those who may recover it (age).

The vault is a folder next to the home, not in it: a copy of the home is of no use without it, and a job whose
key was destroyed cannot be read in any copy. Everything that changes goes into files with the number of their
generation; `vault.json` names the one that counts, and is replaced at once.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.system import keyring_access
from fi_desktop.vault import VAULT_FILE, vault_exists
from fi_desktop.vault.job_files import JobFiles
from fi_desktop.vault.job_keys import SEARCH_INDEX, JobKeys, make_keys_file
from fi_desktop.vault.sealing import SealBroken, derived, new_key, seal, unseal
from fi_desktop.vault.vault_state import (
    Argon2Cost,
    Recovery,
    VaultState,
    decoded,
    encoded,
    read_state,
    write_state,
)

SHORTEST_PASSPHRASE = 8
"""Characters."""
_ID_BYTES = 8
_SALT_BYTES = 16
_RECENT_KEYS = 1_000


@dataclass(slots=True)
class _Unlocked:
    """What is in memory only while the vault is unlocked."""

    home_key: bytes = field(repr=False)
    root: bytes = field(repr=False)
    passphrase_hash: bytes = field(repr=False)


class VaultLocked(UserError):
    """The vault is locked: what it seals cannot be read now."""

    def __init__(self) -> None:
        super().__init__(messages.VAULT_LOCKED)


class Vault:
    """The keys of one home. May be used from any thread; only one process changes it."""

    def __init__(self, folder: Path, *, owner: bool = False) -> None:
        """Open a vault, still locked. owner: this process changes it.

        Raises:
            UserError: it is damaged, or of a newer version.
            OSError: it cannot be read.
        """
        self.folder = folder
        self._state = read_state(folder)
        self._keys = _open_keys(folder, self._state.generation)
        self._unlocked: _Unlocked | None = None
        self._held: dict[int, bytes] = {}
        self._recent: dict[int, bytes] = {}  # keys that were used last; empty while it is locked
        self._interim: bytes | None = None  # while it is locked, after `lock`
        self._guard = threading.RLock()
        if owner:
            self._tidy()

    @classmethod
    def create(
        cls, folder: Path, *, keyring: bool, passphrase: str = "", recipients: Iterable[str] = ()
    ) -> Vault:
        """Make a vault for a home, and unlock it.

        Args:
            folder: where it will be.
            keyring: lock it with a key in the system's keyring.
            passphrase: lock it with this as well, or instead.
            recipients: age public keys that can recover it.

        Raises:
            UserError: there is one already, the keyring refused the key, the passphrase is too short, or a
                public key is none.
            TransientError: the disk is full.
        """
        if vault_exists(folder):
            raise UserError(messages.VAULT_EXISTS)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unlocked = _Unlocked(new_key(), new_key(), b"")
        state = _locked(
            VaultState(secrets.token_hex(_ID_BYTES), 1, keyring, None, "", ""),
            unlocked,
            passphrase=passphrase,
            recipients=recipients,
        )
        make_keys_file(_keys_file(folder, 1))
        write_state(folder, state)
        vault = cls(folder, owner=True)
        vault._unlocked = unlocked
        return vault

    @property
    def state(self) -> VaultState:
        """How it is locked."""
        return self._state

    @property
    def locked(self) -> bool:
        """Whether the home's key is not in memory."""
        return self._unlocked is None

    def close(self) -> None:
        """Lock it and close its files."""
        with self._guard:
            self._unlocked = self._interim = None
            self._held.clear()
            self._recent.clear()
            self._keys.close()

    # ---- locking

    def unlock(self, passphrase: str = "") -> None:
        """Unlock it with the keyring, the passphrase, or both, as it was locked; blocks.

        Raises:
            UserError: the keyring does not have the key, or the passphrase is missing or wrong.
            TransientError: there is not enough memory for the moment.
        """
        state = self._state
        in_keyring = b""
        if state.keyring:
            stored = keyring_access.read(state.account)
            if stored is None:
                available = keyring_access.available()
                raise UserError(messages.VAULT_NOT_IN_KEYRING if available else messages.VAULT_NO_KEYRING)
            in_keyring = decoded(stored)
        passphrase_hash = b""
        if state.passphrase is not None:
            if not passphrase:
                raise UserError(messages.VAULT_PASSPHRASE_NEEDED)
            passphrase_hash = state.passphrase.hash(passphrase)
        try:
            home_key = unseal(
                _lock_key(in_keyring, passphrase_hash), decoded(state.wrapped), state.about_home_key
            )
        except SealBroken as error:
            wrong = messages.VAULT_PASSPHRASE_WRONG if passphrase_hash else messages.VAULT_NOT_IN_KEYRING
            raise UserError(wrong) from error
        self._open_with(home_key, passphrase_hash)

    def recover(self, identity: str) -> None:
        """Unlock it with the private key of a recipient; choose another lock with `change_lock` afterwards.

        Raises:
            UserError: this is not the private key of a recipient.
        """
        import pyrage

        for each in self._state.recovery:
            with suppress(pyrage.DecryptError, pyrage.IdentityError, SealBroken):
                key = pyrage.x25519.Identity.from_str(identity.strip())
                self._open_with(pyrage.decrypt(decoded(each.wrapped), [key]), b"")
                return
        raise UserError(messages.VAULT_NOT_A_RECIPIENT)

    def _open_with(self, home_key: bytes, passphrase_hash: bytes) -> None:
        root = unseal(home_key, decoded(self._state.root), self._state.about_root)
        with self._guard:
            self._unlocked = _Unlocked(home_key, root, passphrase_hash)
            self._held.clear()
            self._end_interim(home_key)

    def lock(self) -> None:
        """Forget the home's key; only the keys of jobs that are held stay in memory.

        Jobs can still be added: their keys are wrapped with another key until the vault is unlocked.

        Raises:
            TransientError: the disk is full; it is not locked.
        """
        with self._guard:
            if self._unlocked is None:
                return
            interim = new_key()
            wrapped = encoded(seal(self._unlocked.home_key, interim, self._state.about_interim))
            state = replace(self._state, interim=wrapped)
            write_state(self.folder, state)
            with suppress(OSError):  # what stays is emptied when the store is opened
                self._keys.empty_ahead()
            self._state, self._interim, self._unlocked = state, interim, None
            self._recent.clear()

    def _end_interim(self, home_key: bytes) -> None:
        """Wrap the keys of jobs that were added while it was locked as those of the others."""
        if not self._state.interim:
            return
        interim = unseal(home_key, decoded(self._state.interim), self._state.about_interim)
        self._keys.end_interim(interim, home_key)
        self._keys.sync()
        state = replace(self._state, interim="")
        write_state(self.folder, state)
        self._state, self._interim = state, None

    def hold(self, job_id: int) -> None:
        """Keep a job's key in memory although the vault may be locked, until `release`.

        Raises:
            VaultLocked, KeyDestroyed: it cannot be read now, or never again.
        """
        with self._guard:
            self._held[job_id] = self._key(job_id)

    def holds(self, job_id: int) -> bool:
        """Whether a job is held."""
        return job_id in self._held

    def release(self, job_id: int) -> None:
        """No longer hold a job's key."""
        with self._guard:
            self._held.pop(job_id, None)

    def change_lock(
        self, *, keyring: bool, passphrase: str = "", recipients: Iterable[str] | None = None
    ) -> None:
        """Lock it differently from now on, under a new home key; no file of a job is rewritten.

        recipients: who can recover it; None: the same as before.

        Raises:
            VaultLocked: it must be unlocked.
            UserError, TransientError: see `create`; nothing has changed.
        """
        with self._guard:
            if self._unlocked is None:
                raise VaultLocked
            kept = tuple(each.recipient for each in self._state.recovery)
            self._rewrap(
                replace(self._state, keyring=keyring, passphrase=None),
                passphrase=passphrase,
                recipients=kept if recipients is None else recipients,
            )

    def rotate(self, recipients: Iterable[str] | None = None) -> None:
        """Wrap everything with a new home key; earlier copies of the vault open nothing that is destroyed.

        recipients: who can recover it; None: the same as before.

        Raises:
            VaultLocked: it must be unlocked.
            UserError, TransientError: the keyring refused the key, a public key is none, the passphrase is
                not known because it was recovered, or the disk is full; nothing has changed.
        """
        with self._guard:
            if self._unlocked is None:
                raise VaultLocked
            if self._state.passphrase is not None and not self._unlocked.passphrase_hash:
                raise UserError(messages.VAULT_PASSPHRASE_NEEDED)
            kept = tuple(each.recipient for each in self._state.recovery)
            self._rewrap(self._state, passphrase=None, recipients=kept if recipients is None else recipients)

    def _rewrap(self, wanted: VaultState, *, passphrase: str | None, recipients: Iterable[str]) -> None:
        """Change to a new home key. passphrase: None: the same as before.

        A program that is killed in between leaves files of a generation that `vault.json` does not name.
        """
        old, before = self._unlocked, self._state
        if old is None:
            raise VaultLocked
        new = _Unlocked(new_key(), old.root, old.passphrase_hash if passphrase is None else b"")
        state = replace(wanted, generation=before.generation + 1)
        state = _locked(state, new, passphrase=passphrase, recipients=recipients)
        target = _keys_file(self.folder, state.generation)
        self._keys.write_rewrapped(target, old.home_key, new.home_key)
        write_state(self.folder, state)
        self._keys.close()
        self._keys = _open_keys(self.folder, state.generation)
        self._state, self._unlocked = state, new
        _keys_file(self.folder, before.generation).unlink(missing_ok=True)
        if before.keyring:
            keyring_access.delete(before.account)

    def _tidy(self) -> None:
        """Delete what a rotation left that was interrupted."""
        current = _keys_file(self.folder, self._state.generation)
        for path in self.folder.glob("keys-*.bin"):
            if path != current:
                path.unlink(missing_ok=True)

    def set_mixed(self, *, mixed: bool, unsealing: bool = False) -> None:
        """Read files that are not sealed yet, or no longer. unsealing: all are to be in clear again."""
        with self._guard:
            state = replace(self._state, mixed=mixed, unsealing=unsealing)
            write_state(self.folder, state)
            self._state = state

    def delete(self) -> None:
        """Delete the vault with all its keys; nothing may be sealed any more."""
        with self._guard:
            self.close()
            (self.folder / VAULT_FILE).unlink()
            for path in self.folder.glob("keys-*.bin"):
                path.unlink()
            if self._state.keyring:
                keyring_access.delete(self._state.account)
            with suppress(OSError):  # the index of transcripts, or what is not the program's
                self.folder.rmdir()

    # ---- jobs

    def files(self, job_id: int) -> JobFiles:
        """Return how a job's files are read and written.

        Raises:
            VaultLocked: the vault is locked, and the job is not held.
            KeyDestroyed: the job has no key.
        """
        return JobFiles(job_id, self.key(job_id), self._state.mixed)

    def key(self, job_id: int) -> bytes:
        """Return a job's key, for the store's rows; see `files` for its files and what is raised."""
        with self._guard:
            return self._key(job_id)

    def new_job(self, job_id: int) -> None:
        """Make a job's key; `sync` brings it to the disk. While the vault is locked, the job is held.

        Raises:
            VaultLocked: the vault was locked when it was opened.
        """
        with self._guard:
            if self._unlocked is not None:
                self._recent[job_id] = self._keys.create_ahead(job_id, self._unlocked.home_key)
            elif self._interim is not None:
                self._held[job_id] = self._keys.create(job_id, self._interim, interim=True)
            else:
                raise VaultLocked

    def has(self, job_id: int) -> bool:
        """Whether a job has a key."""
        with self._guard:
            return self._keys.has(job_id)

    def destroy(self, job_id: int) -> None:
        """Destroy a job's key, and with it all that it seals, wherever that is; `sync` makes it last."""
        with self._guard:
            self._held.pop(job_id, None)
            self._recent.pop(job_id, None)
            self._keys.destroy(job_id)

    def sync(self) -> None:
        """Bring new and destroyed keys to the disk.

        Raises:
            OSError: the disk is full, or refuses it.
        """
        with self._guard:
            self._keys.sync()

    def jobs(self) -> list[int]:
        """Return the jobs that have a key."""
        with self._guard:
            return [number for number in self._keys.numbers() if number != SEARCH_INDEX]

    def secret(self, purpose: str) -> bytes:
        """Return a key for keyed hashes and small files, which lasts as long as the vault.

        Raises:
            VaultLocked: the vault is locked.
        """
        with self._guard:
            if self._unlocked is None:
                raise VaultLocked
            return derived(self._unlocked.root, purpose)

    def search_key(self) -> bytes:
        """Return the key of the search index.

        Raises:
            VaultLocked: the vault is locked.
        """
        with self._guard:
            if self._unlocked is None:
                raise VaultLocked
            if not self._keys.has(SEARCH_INDEX):
                self._keys.create(SEARCH_INDEX, self._unlocked.home_key)
                self._keys.sync()
            return self._keys.key(SEARCH_INDEX, self._unlocked.home_key)

    def _key(self, job_id: int) -> bytes:
        if (held := self._held.get(job_id)) is not None:
            return held
        if self._unlocked is None:
            raise VaultLocked
        if (recent := self._recent.get(job_id)) is not None:
            return recent
        if len(self._recent) >= _RECENT_KEYS:
            self._recent.clear()
        key = self._recent[job_id] = self._keys.key(job_id, self._unlocked.home_key)
        return key


def _locked(
    state: VaultState, unlocked: _Unlocked, *, passphrase: str | None, recipients: Iterable[str]
) -> VaultState:
    """Return a state in which the home's key is wrapped as it says, and put a new key into the keyring.

    passphrase: "": none; None: the hash of the present one is in `unlocked`.
    """
    if passphrase is not None:
        if passphrase and len(passphrase) < SHORTEST_PASSPHRASE:
            raise UserError(messages.VAULT_PASSPHRASE_SHORT, number=SHORTEST_PASSPHRASE)
        cost = Argon2Cost(secrets.token_hex(_SALT_BYTES)) if passphrase else None
        state = replace(state, passphrase=cost)
        unlocked.passphrase_hash = cost.hash(passphrase) if cost is not None else b""
    if not state.keyring and state.passphrase is None:
        raise UserError(messages.VAULT_NO_LOCK)
    recovery = tuple(_recovery(each, unlocked.home_key) for each in recipients)
    in_keyring = b""
    if state.keyring:
        in_keyring = new_key()
        if not keyring_access.write(state.account, encoded(in_keyring)):
            raise UserError(messages.VAULT_NO_KEYRING)
    lock_key = _lock_key(in_keyring, unlocked.passphrase_hash)
    return replace(
        state,
        wrapped=encoded(seal(lock_key, unlocked.home_key, state.about_home_key)),
        root=encoded(seal(unlocked.home_key, unlocked.root, state.about_root)),
        recovery=recovery,
    )


def _recovery(recipient: str, home_key: bytes) -> Recovery:
    import pyrage

    try:
        key = pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError as error:
        raise UserError(messages.VAULT_BAD_RECIPIENT, recipient=recipient.strip()[:80]) from error
    return Recovery(str(key), encoded(pyrage.encrypt(home_key, [key])))


def _lock_key(in_keyring: bytes, passphrase_hash: bytes) -> bytes:
    """Return the key that wraps the home's key: it follows from all that is needed to unlock it."""
    return derived(in_keyring + passphrase_hash, f"lock {len(in_keyring)} {len(passphrase_hash)}")


def _keys_file(folder: Path, generation: int) -> Path:
    return folder / f"keys-{generation}.bin"


def _open_keys(folder: Path, generation: int) -> JobKeys:
    try:
        return JobKeys(_keys_file(folder, generation))
    except (FileNotFoundError, SealBroken) as error:
        raise UserError(messages.VAULT_DAMAGED, folder=str(folder)) from error
