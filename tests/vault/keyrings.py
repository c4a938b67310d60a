"""A keyring for tests: the system's may be none, and is not for tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend

FILE_KEYRING = "TEST_KEYRING_FILE"
"""The environment variable with the path of `FileKeyring`."""


class MemoryKeyring(KeyringBackend):
    """A keyring in memory.

    Attributes:
        secrets: by service and account.
    """

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is stored."""
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store something."""
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Delete what is stored."""
        del self.secrets[service, username]


class FileKeyring(KeyringBackend):
    """A keyring in a file, for several processes; the environment says which.

    Attributes:
        priority: above every keyring of the system.
    """

    priority = 5

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is stored."""
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store something."""
        self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Delete what is stored."""
        secrets = self._read()
        del secrets[f"{service}/{username}"]
        self._write(secrets)

    def _read(self) -> dict[str, str]:
        path = Path(os.environ[FILE_KEYRING])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, secrets: dict[str, str]) -> None:
        Path(os.environ[FILE_KEYRING]).write_text(json.dumps(secrets))


@contextmanager
def memory_keyring() -> Iterator[MemoryKeyring]:
    """Use a keyring in memory inside the block."""
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    try:
        yield memory
    finally:
        keyring.set_keyring(before)
