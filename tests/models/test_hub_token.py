from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from fi_desktop.models.hub import delete_token, store_token, stored_token


class Memory(KeyringBackend):
    """A keyring in memory."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not stored")


class PlainFile(Memory):
    """A backend that stores plain text."""

    priority = 0.5


class Locked(Memory):
    """A keyring that is locked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    set_password = delete_password = get_password


class Chain(ChainerBackend):
    """Several backends."""

    backends = [PlainFile(), Memory()]  # noqa: RUF012 as in the library


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_token_is_stored_and_deleted():
    keyring.set_keyring(Memory())
    assert stored_token() is None
    assert store_token("hf_secret")
    assert stored_token() == "hf_secret"
    assert delete_token()
    assert stored_token() is None
    assert not delete_token()


@pytest.mark.parametrize("backend", [NoKeyring, PlainFile, Locked])
def test_insecure_keyring_is_not_used(backend: type[KeyringBackend]):
    keyring.set_keyring(backend())
    assert not store_token("hf_secret")
    assert stored_token() is None
    assert not delete_token()


def test_secure_one_of_several_keyrings_is_used():
    keyring.set_keyring(Chain())
    plain, memory = Chain.backends
    assert store_token("hf_secret")
    assert plain.kept == {}
    assert list(memory.kept.values()) == ["hf_secret"]
