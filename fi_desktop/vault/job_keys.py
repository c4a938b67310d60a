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

The keys of the next jobs are made ahead, many with one write, so that one sync is enough for all of them.
Their slots are emptied when the vault is locked or closed; after a crash, when the store is opened.
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
_AHEAD = 64  # keys
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
        self._ahead: dict[int, bytes] = {}  # keys in slots of jobs that do not exist yet
        if not self._file.read(_SLOT_BYTES).startswith(_MAGIC):
            self._file.close()
            raise SealBroken("not a file of keys")

    def close(self) -> None:
        """Close the file; what was not synced is written first."""
        if not self._file.closed:
            self.empty_ahead()
            self.sync()
            self._file.close()

    def create(self, number: int, wrapping_key: bytes, *, interim: bool = False) -> bytes:
        """Put a new key into a slot and return it; `sync` brings it to the disk.

        interim: it is wrapped with the interim key.
        """
        key = new_key()
        mark = _INTERIM if interim else b""
        self._write(number, seal(wrapping_key, key, _context(number)) + mark)
        return key

    def create_ahead(self, number: int, wrapping_key: bytes) -> bytes:
        """Put a new key into a slot and return it, as `create`, and into the empty ones that follow."""
        if (key := self._ahead.pop(number, None)) is not None:
            return key
        self.empty_ahead()
        self._file.seek((2 + number) * _SLOT_BYTES)
        if self._file.read(_AHEAD * _SLOT_BYTES).strip(b"\0"):  # keys of jobs, which must stay
            return self.create(number, wrapping_key)
        keys = {each: new_key() for each in range(number, number + _AHEAD)}
        self._write(number, *(seal(wrapping_key, key, _context(each)) for each, key in keys.items()))
        key = keys.pop(number)
        self._ahead = keys
        return key

    def empty_ahead(self) -> None:
        """Empty the slots of jobs that do not exist yet; `sync` brings it to the disk."""
        numbers = list(self._ahead)
        self._ahead.clear()
        for number in numbers:
            self._write(number, b"")

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
                self._write(number, seal(home_key, key, _context(number)))

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
            self._write(number, b"")

    def sync(self) -> None:
        """Bring every change to the disk."""
        if self._unsynced:
            _sync_data(self._file.fileno())
            self._unsynced = False

    def numbers(self) -> list[int]:
        """Return the numbers of all slots that hold a key, without those made ahead."""
        self._file.seek(_SLOT_BYTES)
        slots = self._file.read()
        found = (
            at // _SLOT_BYTES
            for at in range(0, len(slots), _SLOT_BYTES)
            if slots[at : at + _WRAPPED_BYTES].strip(b"\0")
        )
        return [number for number in found if number not in self._ahead]

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
        """Return what is in the slot of a job; nothing if there is no such job yet."""
        if number in self._ahead:
            return b""
        self._file.seek((1 + number) * _SLOT_BYTES)
        return self._file.read(_WRAPPED_BYTES)

    def _write(self, number: int, *slots: bytes) -> None:
        """Write the content of one slot, or of several that follow each other."""
        at = (1 + number) * _SLOT_BYTES
        data = b"".join(slot.ljust(_SLOT_BYTES, b"\0") for slot in slots)
        if at + len(data) > self._end:  # more than needed: to sync a new length takes longer than bytes
            self._end = self._file.seek(0, os.SEEK_END)
            room = max(0, at + len(data) - self._end)
            self._end += self._file.write(bytes(room + _GROWTH_BYTES))
        self._unsynced = True
        self._file.seek(at)
        self._file.write(data)


def make_keys_file(path: Path) -> None:
    """Make a file without keys, or empty it."""
    write_whole(path, _MAGIC.ljust(_SLOT_BYTES, b"\0"), mode=_PRIVATE)


def _context(number: int) -> bytes:
    return f"key of job {number}".encode()
