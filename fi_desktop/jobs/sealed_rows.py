"""Seals the private parts of the queue's rows: what names or quotes a person.

Such values are taken out of the JSON, wherever they are in it, and put back in one text, sealed with the
job's key. States, times, numbers and codes stay as they are, so that SQL can ask for them.

Equal recordings are found by their fingerprint, in another row: there it is a keyed hash.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fi_desktop.core import messages
from fi_desktop.core.codec import DONE_PATHS
from fi_desktop.core.errors import TransientError
from fi_desktop.system import log
from fi_desktop.system.files import disk_full, is_disk_full

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

PRIVATE = frozenset(
    {
        "by",
        "case",
        "copies",
        "details",
        "fingerprint",
        "folder",
        "message",
        "notes",
        "path",
        "people",
        "prompt",
        "values",
        "vocabulary",
    }
)
"""Keys of private values, in records and events."""
_NESTED = frozenset({dict, list})
_SEALED = "sealed"  # key of the sealed text in a record or an event
_CACHED_RECORDS = 10_000
_RECORD = "record"
_PURPOSE = "fingerprints"

_to_text = json.JSONEncoder(separators=(",", ":")).encode
_DONE_PLACES = {tuple(path.removeprefix("$.").split(".")): at for at, path in enumerate(DONE_PATHS)}

Found = list[tuple[list[str | int], Any]]
"""Private values, each with where it is."""


class RowSeal:
    """Seals and unseals the rows of a store, or leaves them in clear without a vault.

    Used by the thread that owns the store.

    Attributes:
        vault: has the keys; None: rows are in clear.
    """

    def __init__(self, vault: Vault | None = None) -> None:
        """Use an unlocked vault, or none."""
        self.vault = vault
        self._secret = b"" if vault is None else vault.secret(_PURPOSE)
        self._records: dict[int, tuple[Found, str]] = {}  # of jobs: what was sealed last, in clear and sealed
        self._removed: list[int] = []
        self._finished: list[int] = []

    # ---- keys

    def new_job(self, job_id: int) -> None:
        """Make a job's key, unless it has one from a transaction that failed."""
        if self.vault is not None and not self.vault.has(job_id):
            self.vault.new_job(job_id)

    def remove_job(self, job_id: int) -> None:
        """Destroy a job's key, once its removal is committed."""
        self._records.pop(job_id, None)
        if self.vault is not None:
            self._removed.append(job_id)

    def finish_job(self, job_id: int) -> None:
        """Hold a job's key no longer while the vault is locked, once its end is committed."""
        if self.vault is not None:
            self._finished.append(job_id)

    def before_commit(self) -> None:
        """Bring new keys to the disk: a job must not be there without its key.

        Raises:
            TransientError: the disk is full, or refuses them.
        """
        if self.vault is None:
            return
        try:
            self.vault.sync()
        except OSError as error:
            full = is_disk_full(error)
            raise (disk_full() if full else TransientError(messages.STORE_UNWRITABLE)) from error

    def after_commit(self) -> None:
        """Destroy the keys of removed jobs; no longer hold those of finished ones."""
        if self.vault is None:
            return
        if self._removed:
            self.destroy(self._removed)
            self._removed.clear()
        if self._finished:
            if self.vault.locked:
                for job_id in self._finished:
                    self.vault.release(job_id)
            self._finished.clear()

    def destroy(self, jobs: Iterable[int]) -> None:
        """Destroy keys now."""
        if self.vault is not None:
            for job_id in jobs:
                self.vault.destroy(job_id)
            self.before_commit()

    def clear_cache(self) -> None:
        """Forget what a transaction that failed has sealed or removed."""
        self._records.clear()
        self._removed.clear()
        self._finished.clear()

    @property
    def locked(self) -> bool:
        """Whether rows of jobs that are neither waiting nor running cannot be read now."""
        return self.vault is not None and self.vault.locked

    def can_read(self, job_id: int) -> bool:
        """Whether a job can be read although the vault may be locked."""
        return self.vault is None or not self.vault.locked or self.vault.holds(job_id)

    def has_key(self, job_id: int) -> bool:
        """Whether a job's key can be used: what cannot be read without it is not damaged."""
        if self.vault is None:
            return True
        try:
            self.vault.key(job_id)
        except (KeyError, ValueError):
            log.event("STORE_KEY_MISSING", job=job_id)
            return False
        return True

    # ---- rows

    @property
    def done_paths(self) -> Sequence[str]:
        """The paths at which SQL reads what `open_listed` takes."""
        return DONE_PATHS if self.vault is None else (*DONE_PATHS, f"$.{_SEALED}")

    def fingerprint(self, fingerprint: str) -> str:
        """Return what a fingerprint is looked up by: a keyed hash of it."""
        if self.vault is None:
            return fingerprint
        return hmac.digest(self._secret, fingerprint.encode(), "sha256").hex()

    def record(self, job_id: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return a job's record, as JSON values, with its private values sealed."""
        if self.vault is None:
            return data
        found: Found = []
        public = _without_private(data, [], found)
        if not found:
            return public
        known = self._records.get(job_id)
        if known is None or known[0] != found:  # else they are as they were: most changes are of the state
            if len(self._records) >= _CACHED_RECORDS:
                self._records.clear()
            known = self._records[job_id] = found, self._sealed(job_id, _RECORD, found)
        public[_SEALED] = known[1]
        return public

    def event(self, job_id: int, number: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return an event, as JSON values, with its private values sealed."""
        if self.vault is None:
            return data
        found: Found = []
        public = _without_private(data, [], found)
        if found:
            public[_SEALED] = self._sealed(job_id, f"event {number}", found)
        return public

    def open_record(self, job_id: int, data: Any) -> Any:
        """Return a record as `record` got it.

        Raises:
            SealBroken: it was changed, or is another job's.
            VaultLocked, KeyDestroyed: its key cannot be read now, or never again.
        """
        return self._opened(job_id, _RECORD, data)

    def open_event(self, job_id: int, number: int, data: Any) -> Any:
        """Return an event as `event` got it; see `open_record`."""
        return self._opened(job_id, f"event {number}", data)

    def open_listed(self, data: Any) -> Any:
        """Return a record, or the values at `DONE_PATHS`, of what SQL read at `done_paths`."""
        if self.vault is None:
            return data
        if isinstance(data, dict):
            return self.open_record(data["id"], data)
        *values, sealed = data
        if sealed is not None:
            for place, value in self._found(values[0], _RECORD, sealed):
                if (at := _DONE_PLACES.get(tuple(map(str, place)))) is not None:
                    values[at] = value
        return values

    def _opened(self, job_id: int, kind: str, data: Any) -> Any:
        if self.vault is None or not isinstance(data, dict) or _SEALED not in data:
            return data
        sealed = data.pop(_SEALED)
        for place, value in self._found(job_id, kind, sealed):
            inner = data
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = value
        return data

    def _found(self, job_id: int, kind: str, sealed: str) -> Any:
        from fi_desktop.vault.sealing import unseal

        stored = base64.b64decode(sealed, validate=True)
        return json.loads(unseal(self._key(job_id), stored, _context(job_id, kind)))

    def _sealed(self, job_id: int, kind: str, found: Found) -> str:
        from fi_desktop.vault.sealing import seal

        data = _to_text(found).encode("ascii")
        return base64.b64encode(seal(self._key(job_id), data, _context(job_id, kind))).decode("ascii")

    def _key(self, job_id: int) -> bytes:
        if self.vault is None:
            raise ValueError("rows in clear have no key")
        return self.vault.key(job_id)


def _context(job_id: int, kind: str) -> bytes:
    return f"row {job_id} {kind}".encode()


def _without_private(data: dict[str, Any], place: list[str | int], found: Found) -> dict[str, Any]:
    """Return an object without its private values, which are added to `found` with their places."""
    if PRIVATE.isdisjoint(data) and _NESTED.isdisjoint(map(type, data.values())):
        return data  # most parts of a record; all of this is done six times for each job
    public = data.copy()
    for key in PRIVATE.intersection(data):
        if value := data[key]:
            found.append(([*place, key], value))
            del public[key]
    for key, value in public.items():
        if type(value) is dict:
            public[key] = _without_private(value, [*place, key], found)
        elif type(value) is list and value and type(value[0]) is dict:
            public[key] = [_without_private(each, [*place, key, n], found) for n, each in enumerate(value)]
    return public
