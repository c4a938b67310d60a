"""In a sealed home the keys for verification and for names are sealed; entries are written while locked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.keys import load_roots
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail
from fi_desktop.vault import keys_folder
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.vault.sealed_file import MAGIC
from fi_desktop.vault.vault import Vault, VaultLocked
from tests.app_driver import running_app
from tests.e2e.commands import fi_desktop
from tests.vault.keyrings import memory_keyring

PASSPHRASE = "caballo grapa pila"
WHO = {"user": "doctora", "host": "consultorio"}


@pytest.fixture
def vault(home: Path) -> Iterator[Vault]:
    """The vault of a home that was sealed after a first entry."""
    TrailStore(home / "audit").append([(1.0, Act(ActKind.ADDED, 1))], WHO)
    vault = Vault.create(keys_folder(home), keyring=False, passphrase=PASSPHRASE)
    yield vault
    vault.close()


@pytest.fixture
def store(home: Path, vault: Vault) -> TrailStore:
    """The trail of that home."""
    store = TrailStore(home / "audit", files=HomeFiles(home, lambda: vault))
    store.seal_keys()
    return store


def codes(store: TrailStore) -> list[str]:
    return [finding.code for finding in verify_trail(store).findings]


def opened(store: TrailStore, job: int) -> None:
    store.append([(float(job), Act(ActKind.OPENED, job))], WHO)


def jobs(store: TrailStore) -> list[object]:
    kinds = (ActKind.ADDED, ActKind.OPENED)
    return [entry.fields["job"] for entry in store.entries(0) if entry.fields["kind"] in kinds]


def test_the_keys_are_sealed_and_the_trail_goes_on_while_the_vault_is_locked(
    home: Path, store: TrailStore, vault: Vault
):
    keys = home / "audit" / "keys"
    assert keys.read_bytes()[: len(MAGIC)] == MAGIC
    trail = AuditTrail(home / "audit", program="window", files=store.home_files)
    code = trail.code("Zutanita.wav")
    assert code is not None
    before = keys.read_bytes()
    vault.lock()
    opened(store, 2)
    opened(TrailStore(home / "audit"), 3)  # a program that nobody has unlocked
    assert trail.code("Zutanita.wav") == code
    other = AuditTrail(home / "audit", program="command line", files=store.home_files)
    assert other.code("Zutanita.wav") is None
    with pytest.raises(VaultLocked):
        verify_trail(store)
    with pytest.raises(VaultLocked):
        verify_trail(TrailStore(home / "audit"))
    assert keys.read_bytes() == before
    vault.unlock(PASSPHRASE)
    assert codes(store) == []
    assert jobs(store) == [1, 2, 3]
    assert other.code("Zutanita.wav") == code
    vault.rotate()
    assert codes(store) == []


@pytest.mark.parametrize("everything", [False, True])
def test_a_chain_that_begins_while_the_vault_is_locked_is_verified_afterwards(
    home: Path, store: TrailStore, vault: Vault, everything: bool
):
    vault.lock()
    for number in (2, 3):
        (home / "audit" / "state").unlink()
        if everything:
            for path in (home / "audit").glob("trail-*"):
                path.unlink()
        opened(store, number)
        opened(store, number + 10)
    assert (home / "audit" / "keys-begun").exists()
    vault.unlock(PASSPHRASE)
    found = codes(store)
    store.seal_keys()
    assert not (home / "audit" / "keys-begun").exists()
    assert codes(store) == found == ([] if everything else ["audit.began_again"] * 2)
    assert jobs(store) == ([3, 13] if everything else [1, 2, 12, 3, 13])
    opened(store, 4)
    assert codes(store) == found


def test_keys_that_are_away_are_not_replaced(home: Path, store: TrailStore, tmp_path: Path):
    sealed = (home / "audit" / "keys").read_bytes()
    keys_folder(home).rename(tmp_path / "away")
    lost = TrailStore(home / "audit")
    opened(lost, 2)
    (home / "audit" / "state").unlink()
    opened(lost, 3)
    assert AuditTrail(home / "audit", program="window").code("Zutanita.wav") is None
    assert (home / "audit" / "keys").read_bytes() == sealed


def test_a_program_seals_the_keys_that_an_earlier_version_left_in_clear_and_unseals_them(home: Path):
    with memory_keyring():
        with running_app(home, seal=False, backend="idle") as driver:
            driver.app.trail.record_first(Act(ActKind.SETTINGS_CHANGED))
            roots = load_roots(home / "audit")
            Vault.create(keys_folder(home), keyring=True).close()
        with running_app(home, backend="idle") as driver:
            store = driver.app.trail.store
            assert (home / "audit" / "keys").read_bytes()[: len(MAGIC)] == MAGIC
            assert store.roots() == roots
            driver.app.lock()
            driver.app.trail.record(Act(ActKind.UNLOCK_TRIED)).result(60)
            driver.app.unlock()
            assert codes(store) == []
        app = driver.app
        app.own()
        app.unseal()
        app.stop()
    assert json.loads((home / "audit" / "keys").read_bytes())["names"] == roots.names.hex()
    verified = fi_desktop("audit", "verify", home=home)
    assert verified.returncode == 0, verified.stderr
