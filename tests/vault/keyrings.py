"""A keyring for tests: the system's may be none, and is not for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend


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
