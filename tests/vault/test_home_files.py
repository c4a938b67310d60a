"""Files of a home that belong to no job: sealed by name, in clear without a vault, never lost in between."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.vault import keys_folder
from fi_desktop.vault.home_files import HomeFile, HomeFiles
from fi_desktop.vault.sealed_file import MAGIC
from fi_desktop.vault.sealing import SealBroken
from fi_desktop.vault.vault import Vault, VaultLocked

PASSPHRASE = "caballo grapa pila"
TEXT = b"Xochitl Quetzalpa\n"
NAMES = HomeFile.CLINIC_NAMES


@pytest.fixture
def vault(home: Path) -> Iterator[Vault]:
    vault = Vault.create(keys_folder(home), keyring=False, passphrase=PASSPHRASE)
    yield vault
    vault.close()


@pytest.fixture
def files(home: Path, vault: Vault) -> HomeFiles:
    return HomeFiles(home, lambda: vault)


def test_without_a_vault_they_are_in_clear(home: Path):
    files = HomeFiles(home)
    files.write(NAMES, TEXT)
    assert (home / NAMES).read_bytes() == TEXT
    assert files.read(NAMES) == TEXT
    assert files.read(NAMES, 7) == TEXT[:7]
    if os.name == "posix":
        assert (home / NAMES).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", TEXT, bytes(200_000)])
def test_with_a_vault_each_is_sealed_under_its_name(home: Path, files: HomeFiles, content: bytes):
    files.write(NAMES, content)
    stored = (home / NAMES).read_bytes()
    assert stored.startswith(MAGIC)
    assert TEXT not in stored
    assert files.read(NAMES) == content
    assert files.read(NAMES, 7) == content[:7]
    (home / HomeFile.PROFILES).write_bytes(stored)
    with pytest.raises(SealBroken):
        files.read(HomeFile.PROFILES)


def test_a_change_of_lock_and_a_rotation_rewrite_none(home: Path, files: HomeFiles, vault: Vault):
    files.write(NAMES, TEXT)
    stored = (home / NAMES).read_bytes()
    vault.rotate()
    vault.change_lock(keyring=False, passphrase="grapa pila caballo")
    vault.lock()
    vault.unlock("grapa pila caballo")
    assert (home / NAMES).read_bytes() == stored
    assert files.read(NAMES) == TEXT


def test_nothing_is_written_in_clear_over_what_is_sealed(home: Path, files: HomeFiles, tmp_path: Path):
    files.write(NAMES, TEXT)
    stored = (home / NAMES).read_bytes()
    for others in ("a program that has not unlocked it", "a home whose keys are away"):
        with pytest.raises(VaultLocked):
            HomeFiles(home).write(NAMES, b"other")
        with pytest.raises(VaultLocked):
            HomeFiles(home).read(NAMES)
        if others.startswith("a program"):
            keys_folder(home).rename(tmp_path / "away")
    assert (home / NAMES).read_bytes() == stored


def test_a_link_stays_what_it_is(home: Path, files: HomeFiles, tmp_path: Path):
    shared = tmp_path / "shared.txt"
    shared.write_bytes(TEXT)
    (home / NAMES).symlink_to(shared)
    assert files.seal_all() == set()
    assert (home / NAMES).is_symlink()
    assert files.read(NAMES) == shared.read_bytes() == TEXT


def test_what_was_set_aside_is_sealed_too_and_comes_back(home: Path, files: HomeFiles):
    (home / NAMES).write_bytes(b"damaged")
    assert files.set_aside(NAMES) == "identifiers-unreadable.txt"
    (home / NAMES).write_bytes(TEXT)
    assert files.seal_all() == {NAMES}
    aside = home / "identifiers-unreadable.txt"
    assert aside.read_bytes().startswith(MAGIC)
    files.unseal_all()
    assert (aside.read_bytes(), (home / NAMES).read_bytes()) == (b"damaged", TEXT)
    assert files.seal_all() == {NAMES}
    broken = aside.read_bytes()[:-1]
    aside.write_bytes(broken)
    files.unseal_all()  # one that cannot be read stays, and keeps no other
    assert (aside.read_bytes(), (home / NAMES).read_bytes()) == (broken, TEXT)


def test_a_change_is_not_overtaken_while_the_home_is_being_sealed(home: Path, vault: Vault):
    """As in a window whose home is encrypted while a person edits."""
    files, begun = HomeFiles(home, lambda: vault), threading.Event()
    for round in range(30):
        (home / NAMES).write_bytes(b"before")

        def edit(round: int = round) -> None:
            begun.set()
            for number in range(20):
                files.write(NAMES, f"{round} {number}".encode())

        editor = threading.Thread(target=edit)
        editor.start()
        begun.wait(60)
        files.seal_all()
        editor.join()
        assert files.read(NAMES) == f"{round} 19".encode()
        begun.clear()
