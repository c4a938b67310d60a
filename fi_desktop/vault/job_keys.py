"""The wrapped keys of all jobs: one file of slots, outside the home.

Each job has its random key, which cannot be derived from anything else. The key is wrapped with
the home's key and stored in the job's slot. Emptying the slot destroys the key, and with it everything that
was ever sealed with it: in the home, in its write-ahead logs and free pages, and in every copy of the home.
So this file is in another folder, which is not copied along with the home.

    64 bytes  "fi-keys1", and zeros
    64 bytes  a slot for each number from 0: nonce, wrapped key, tag, and 1 if it is wrapped with the interim
              key of a locked vault; zeros if it is empty

Slot 0 holds the key of the search index. Another slot than the job's, or one of another home, cannot be
unwrapped.
"""

from __future__ import annotations

import os
from pathlib import Path

from fi_desktop.system.files import write_whole
from fi_desktop.vault.sealing import KEY_BYTES, SEAL_BYTES, SealBroken, new_key, seal, unseal

SEARCH_INDEX = 0
"""Number of the search index's slot; those of jobs are their ids."""
_MAGIC = b"fi-keys1"
_SLOT_BYTES = 64
_WRAPPED_BYTES = KEY_BYTES + SEAL_BYTES
_INTERIM = b"\1"
_GROWTH_BYTES = 64 * 1024
_PRIVATE = 0o600
_sync_data = getattr(os, "fdatasync", os.fsync)


class KeyDestroyed(KeyError):
    """A job's key does not exist, or no longer does."""


class JobKeys:
    """The file of wrapped keys. Used by the owner's queue thread; other processes only read it."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
            SealBroken: it is another file.
        """
        self._file = path.open("r+b", buffering=0)
        self._unsynced = False
        self._end = 0  # of the file, as far as known
        if not self._file.read(_SLOT_BYTES).startswith(_MAGIC):
            self._file.close()
            raise SealBroken("not a file of keys")

    def close(self) -> None:
        """Close the file; what was not synced is written first."""
        if not self._file.closed:
            self.sync()
            self._file.close()

    def create(self, number: int, wrapping_key: bytes, *, interim: bool = False) -> bytes:
        """Put a new key into a slot and return it; `sync` brings it to the disk.

        interim: it is wrapped with the interim key.
        """
        key = new_key()
        self._put(number, seal(wrapping_key, key, _context(number)), interim=interim)
        return key

    def end_interim(self, interim_key: bytes, home_key: bytes) -> None:
        """Wrap all keys that are wrapped with the interim key with the home's key.

        Raises:
            SealBroken: one is wrapped with another key, or changed.
        """
        for number in self.numbers():
            self._file.seek((1 + number) * _SLOT_BYTES)
            slot = self._file.read(_SLOT_BYTES)
            if slot[_WRAPPED_BYTES : _WRAPPED_BYTES + 1] == _INTERIM:
                key = unseal(interim_key, slot[:_WRAPPED_BYTES], _context(number))
                self._put(number, seal(home_key, key, _context(number)))

    def key(self, number: int, home_key: bytes) -> bytes:
        """Return the key in a slot.

        Raises:
            KeyDestroyed: the slot is empty.
            SealBroken: it was wrapped with another home's key, or changed.
        """
        wrapped = self._slot(number)
        if not wrapped.strip(b"\0"):
            raise KeyDestroyed(number)
        return unseal(home_key, wrapped, _context(number))

    def has(self, number: int) -> bool:
        """Whether there is a key in a slot."""
        return bool(self._slot(number).strip(b"\0"))

    def destroy(self, number: int) -> None:
        """Empty a slot; `sync` brings it to the disk."""
        if self.has(number):
            self._put(number, bytes(_WRAPPED_BYTES))

    def sync(self) -> None:
        """Bring every change to the disk."""
        if self._unsynced:
            _sync_data(self._file.fileno())
            self._unsynced = False

    def numbers(self) -> list[int]:
        """Return the numbers of all slots that hold a key."""
        self._file.seek(_SLOT_BYTES)
        slots = self._file.read()
        return [
            at // _SLOT_BYTES
            for at in range(0, len(slots), _SLOT_BYTES)
            if slots[at : at + _WRAPPED_BYTES].strip(b"\0")
        ]

    def write_rewrapped(self, target: Path, home_key: bytes, new_home_key: bytes) -> None:
        """Write a copy of the file whose keys are wrapped with another home key; it is on disk afterwards.

        Raises:
            SealBroken: a key cannot be unwrapped.
        """
        slots = [_MAGIC.ljust(_SLOT_BYTES, b"\0")]
        for number in self.numbers():
            slots += [bytes(_SLOT_BYTES)] * (1 + number - len(slots))
            wrapped = seal(new_home_key, self.key(number, home_key), _context(number))
            slots.append(wrapped.ljust(_SLOT_BYTES, b"\0"))
        write_whole(target, b"".join(slots), mode=_PRIVATE)

    def _slot(self, number: int) -> bytes:
        self._file.seek((1 + number) * _SLOT_BYTES)
        return self._file.read(_WRAPPED_BYTES)

    def _put(self, number: int, wrapped: bytes, *, interim: bool = False) -> None:
        at = (1 + number) * _SLOT_BYTES
        if at >= self._end:  # ahead of need: bringing a new length to the disk takes longer than bytes
            self._end = self._file.seek(0, os.SEEK_END)
            room = max(0, at + _SLOT_BYTES - self._end)
            self._end += self._file.write(bytes(room + _GROWTH_BYTES))
        self._file.seek(at)
        self._file.write((wrapped + _INTERIM * interim).ljust(_SLOT_BYTES, b"\0"))
        self._unsynced = True


def make_keys_file(path: Path) -> None:
    """Make a file without keys, or empty it."""
    write_whole(path, _MAGIC.ljust(_SLOT_BYTES, b"\0"), mode=_PRIVATE)


def _context(number: int) -> bytes:
    return f"key of job {number}".encode()
