"""The keys of a home: what locks it, what recovers it, and what is gone once a key is destroyed."""

import shutil
import subprocess
import sys
from pathlib import Path

import keyring
import pyrage
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from fi_desktop.core.errors import UserError
from fi_desktop.vault import vault_exists
from fi_desktop.vault.job_keys import KeyDestroyed
from fi_desktop.vault.sealing import SealBroken
from fi_desktop.vault.vault import Vault, VaultLocked
from tests.vault.keyrings import memory_keyring

PASSPHRASE = "caballo grapa pila"
JOBS = (1, 2, 5)


@pytest.fixture
def system_keyring():
    with memory_keyring() as memory:
        yield memory


@pytest.fixture(params=["keyring", "passphrase", "both"])
def locked_with(request, system_keyring):
    return {
        "keyring": request.param != "passphrase",
        "passphrase": "" if request.param == "keyring" else PASSPHRASE,
    }


class Vaults:
    """Opens vaults, and closes them at the end of a test."""

    def __init__(self) -> None:
        self._opened: list[Vault] = []

    def __call__(self, folder: Path, **how) -> Vault:
        self._opened.append(Vault(folder, **how))
        return self._opened[-1]

    def create(self, folder: Path, **how) -> Vault:
        self._opened.append(Vault.create(folder, **how))
        return self._opened[-1]

    def close(self) -> None:
        for vault in self._opened:
            vault.close()


@pytest.fixture
def vaults():
    opened = Vaults()
    yield opened
    opened.close()


def filled(vaults: Vaults, folder: Path, **locked_with) -> Vault:
    vault = vaults.create(folder, **locked_with)
    for job in JOBS:
        vault.new_job(job)
    vault.sync()
    return vault


def keys_of(vault: Vault) -> dict[int, bytes | None]:
    return {job: vault.files(job).key for job in vault.jobs()}


def test_keys_are_there_again_after_unlocking(vaults, tmp_path: Path, locked_with):
    vault = filled(vaults, tmp_path / "keys", **locked_with)
    known, secret = keys_of(vault), vault.secret("fingerprints")
    assert len({*known.values(), secret, vault.secret("watch"), vault.search_key()}) == len(JOBS) + 3
    vault.close()

    again = vaults(tmp_path / "keys", owner=True)
    assert again.locked
    with pytest.raises(VaultLocked):
        again.files(1)
    with pytest.raises(VaultLocked):
        again.secret("fingerprints")
    again.unlock(locked_with["passphrase"])
    assert keys_of(again) == known
    assert again.secret("fingerprints") == secret
    again.close()


def test_nothing_of_a_key_is_in_the_files(vaults, tmp_path: Path, locked_with):
    vault = filled(vaults, tmp_path / "keys", **locked_with)
    content = b"".join(path.read_bytes() for path in (tmp_path / "keys").iterdir())
    for key in keys_of(vault).values():
        assert key not in content
        assert key.hex().encode() not in content
    assert PASSPHRASE.encode() not in content
    if sys.platform != "win32":
        assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
        assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_wrong_or_missing_passphrase_is_refused(vaults, tmp_path: Path, system_keyring):
    filled(vaults, tmp_path / "keys", keyring=False, passphrase=PASSPHRASE).close()
    vault = vaults(tmp_path / "keys")
    for given, code in (("", "vault.passphrase_needed"), ("caballo grapa pilas", "vault.passphrase_wrong")):
        with pytest.raises(UserError) as told:
            vault.unlock(given)
        assert told.value.code == code
        assert vault.locked


def test_lost_keyring_is_reported_and_nothing_is_overwritten(vaults, tmp_path: Path, system_keyring):
    filled(vaults, tmp_path / "keys", keyring=True).close()
    before = {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    kept = dict(system_keyring.secrets)
    system_keyring.secrets.clear()
    with pytest.raises(UserError) as told:
        vaults(tmp_path / "keys", owner=True).unlock()
    assert told.value.code == "vault.not_in_keyring"
    keyring.set_keyring(NoKeyring())
    with pytest.raises(UserError) as told:
        vaults(tmp_path / "keys", owner=True).unlock()
    assert told.value.code == "vault.no_keyring"
    assert {path.name: path.read_bytes() for path in (tmp_path / "keys").iterdir()} == before
    keyring.set_keyring(system_keyring)
    system_keyring.secrets.update(kept)
    vaults(tmp_path / "keys", owner=True).unlock()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"keyring": False}, "vault.no_lock"),
        ({"keyring": False, "passphrase": "short"}, "vault.passphrase_short"),
        ({"keyring": False, "passphrase": PASSPHRASE, "recipients": ["ssh-rsa"]}, "vault.bad_recipient"),
        ({"keyring": True}, "vault.no_keyring"),
    ],
)
def test_vault_that_could_not_be_opened_is_not_made(vaults, tmp_path: Path, wanted, code):
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    try:
        with pytest.raises(UserError) as told:
            vaults.create(tmp_path / "keys", **wanted)
    finally:
        keyring.set_keyring(before)
    assert told.value.code == code
    assert not vault_exists(tmp_path / "keys")


def test_recovery_key_opens_it_and_gives_it_a_new_lock(vaults, tmp_path: Path, system_keyring):
    identity, stranger = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    vault = filled(vaults, tmp_path / "keys", keyring=True, recipients=[str(identity.to_public())])
    known = keys_of(vault)
    vault.close()
    system_keyring.secrets.clear()

    vault = vaults(tmp_path / "keys", owner=True)
    for wrong in (str(stranger), "AGE-SECRET-KEY-1", ""):
        with pytest.raises(UserError) as told:
            vault.recover(wrong)
        assert told.value.code == "vault.not_a_recipient"
    vault.recover(f" {identity}\n")
    assert keys_of(vault) == known
    vault.change_lock(keyring=False, passphrase=PASSPHRASE)
    vault.close()
    vault = vaults(tmp_path / "keys")
    vault.unlock(PASSPHRASE)
    assert keys_of(vault) == known
    vault.recover(str(identity))


def test_change_of_lock_and_rotation_keep_every_key(vaults, tmp_path: Path, locked_with, system_keyring):
    vault = filled(vaults, tmp_path / "keys", **locked_with)
    known, secret = keys_of(vault), vault.secret("fingerprints")
    old = tmp_path / "old"
    shutil.copytree(tmp_path / "keys", old)
    vault.rotate()
    vault.destroy(2)
    vault.sync()
    vault.rotate()
    assert vault.state.generation == 3
    assert [path.name for path in sorted((tmp_path / "keys").glob("keys-*"))] == ["keys-3.bin"]
    vault.close()
    vault = vaults(tmp_path / "keys", owner=True)
    vault.unlock(locked_with["passphrase"])
    assert keys_of(vault) == {job: key for job, key in known.items() if job != 2}
    assert vault.secret("fingerprints") == secret
    assert len(system_keyring.secrets) == int(locked_with["keyring"])
    if locked_with["keyring"]:  # what the keyring held for the copy is gone
        with pytest.raises(UserError):
            vaults(old).unlock(locked_with["passphrase"])
    vault.change_lock(keyring=False, passphrase="otra frase distinta")
    vault.close()
    vault = vaults(tmp_path / "keys", owner=True)
    with pytest.raises(UserError):
        vault.unlock(PASSPHRASE)
    vault.unlock("otra frase distinta")
    assert vault.jobs() == [1, 5]
    assert not system_keyring.secrets


def test_refused_change_of_lock_changes_nothing(vaults, tmp_path: Path, system_keyring):
    vault = filled(vaults, tmp_path / "keys", keyring=False, passphrase=PASSPHRASE)
    known = keys_of(vault)
    keyring.set_keyring(NoKeyring())
    for wanted in ({"keyring": True}, {"keyring": False}, {"keyring": False, "passphrase": "short"}):
        with pytest.raises(UserError):
            vault.change_lock(**wanted)
    vault.close()
    vault = vaults(tmp_path / "keys", owner=True)
    vault.unlock(PASSPHRASE)
    assert keys_of(vault) == known


def test_destroyed_key_is_gone_for_good(vaults, tmp_path: Path, system_keyring):
    vault = filled(vaults, tmp_path / "keys", keyring=True)
    vault.files(2).write(tmp_path / "result.json", b"words")
    vault.hold(2)
    vault.destroy(2)
    vault.sync()
    with pytest.raises(KeyDestroyed):
        vault.files(2)
    assert vault.jobs() == [1, 5]
    vault.new_job(2)  # an id that was never committed is used again
    with pytest.raises(SealBroken):
        vault.files(2).read(tmp_path / "result.json")


def slots_in_use(folder: Path) -> list[int]:
    content = (folder / "keys-1.bin").read_bytes()[64:]
    return [at // 64 for at in range(0, len(content), 64) if content[at : at + 64].strip(b"\0")]


def test_keys_of_the_next_jobs_are_made_with_one_write(vaults, tmp_path: Path, system_keyring):
    folder = tmp_path / "keys"
    vault = vaults.create(folder, keyring=True)
    vault.new_job(7)
    vault.sync()
    ahead = slots_in_use(folder)
    assert ahead[:2] == [7, 8]
    assert len(ahead) > 50
    before = (folder / "keys-1.bin").read_bytes()
    for job in (8, 9, 12):
        vault.new_job(job)
    assert (folder / "keys-1.bin").read_bytes() == before
    assert vault.jobs() == [7, 8, 9, 12]
    assert not vault.has(10)
    with pytest.raises(KeyDestroyed):
        vault.files(10)
    known = keys_of(vault)
    assert len(set(known.values())) == 4
    reader = vaults(folder)
    reader.unlock()
    assert {job: reader.files(job).key for job in known} == known
    vault.lock()  # what was made ahead is in no memory, and in no file
    assert slots_in_use(folder) == [7, 8, 9, 12]
    vault.unlock()
    assert keys_of(vault) == known
    vault.new_job(13)
    vault.rotate()
    assert vault.jobs() == [7, 8, 9, 12, 13]
    vault.close()
    assert sorted(path.name for path in folder.iterdir()) == ["keys-2.bin", "vault.json"]


def test_keys_made_ahead_replace_no_others(vaults, tmp_path: Path, system_keyring):
    vault = filled(vaults, tmp_path / "keys", keyring=True)
    known = keys_of(vault)
    vault.new_job(3)
    assert {job: key for job, key in keys_of(vault).items() if job != 3} == known
    vault.close()
    assert slots_in_use(tmp_path / "keys") == [1, 2, 3, 5]


def test_jobs_are_added_while_it_is_locked(vaults, tmp_path: Path, system_keyring):
    vault = filled(vaults, tmp_path / "keys", keyring=True)
    known = keys_of(vault)
    vault.lock()
    vault.new_job(9)
    vault.sync()
    added = vault.files(9).key
    assert added not in (tmp_path / "keys" / "keys-1.bin").read_bytes()
    reader = vaults(tmp_path / "keys")
    with pytest.raises(VaultLocked):
        reader.new_job(10)  # it was locked when it was opened
    vault.unlock()
    assert keys_of(vault) == known | {9: added}
    assert vault.state.interim == ""
    vault.lock()
    vault.new_job(11)
    vault.sync()
    added = vault.files(11).key
    vault.close()  # ended while it was locked
    vault = vaults(tmp_path / "keys", owner=True)
    vault.unlock()
    assert vault.files(11).key == added
    vault.rotate()
    assert vault.files(11).key == added


def test_locked_vault_keeps_only_the_keys_that_are_held(vaults, tmp_path: Path, system_keyring):
    vault = filled(vaults, tmp_path / "keys", keyring=True)
    key = vault.files(1).key
    vault.hold(1)
    vault.lock()
    assert vault.files(1).key == key
    for call in (lambda: vault.files(2), vault.rotate, vault.search_key):
        with pytest.raises(VaultLocked):
            call()
    vault.release(1)
    with pytest.raises(VaultLocked):
        vault.files(1)
    vault.destroy(2)  # what is removed by rule needs no key
    vault.unlock()
    assert vault.jobs() == [1, 5]


def test_slot_of_another_job_or_home_is_refused(vaults, tmp_path: Path, system_keyring):
    vault = filled(vaults, tmp_path / "keys", keyring=True)
    other = filled(vaults, tmp_path / "other", keyring=True)
    path = tmp_path / "keys" / "keys-1.bin"
    slots = bytearray(path.read_bytes())
    slots[64 * 2 : 64 * 3], slots[64 * 3 : 64 * 4] = slots[64 * 3 : 64 * 4], slots[64 * 2 : 64 * 3]
    theirs = (tmp_path / "other" / "keys-1.bin").read_bytes()
    slots[64 * 6 : 64 * 7] = theirs[64 * 6 : 64 * 7]
    path.write_bytes(slots)
    vault.close()
    vault = vaults(tmp_path / "keys", owner=True)
    vault.unlock()
    for job in JOBS:
        with pytest.raises(SealBroken):
            vault.files(job)
    other.close()


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[1]", b'{"version": 1, "home": 3}', b"\xff\xfe", b'{"version": 99}']
)
def test_damaged_vault_is_reported_and_left_as_it_is(vaults, tmp_path: Path, system_keyring, damage):
    filled(vaults, tmp_path / "keys", keyring=True).close()
    (tmp_path / "keys" / "vault.json").write_bytes(damage)
    with pytest.raises(UserError) as told:
        vaults(tmp_path / "keys", owner=True)
    assert told.value.code == ("vault.newer" if b"99" in damage else "vault.damaged")
    assert (tmp_path / "keys" / "vault.json").read_bytes() == damage
    assert (tmp_path / "keys" / "keys-1.bin").is_file()


SHORT_OF_MEMORY = """
import sys
from pathlib import Path
from fi_desktop.core.errors import TransientError
from fi_desktop.system.process import limit_memory
from fi_desktop.vault.vault import Vault
vault = Vault(Path(sys.argv[1]))
limit_memory(30_000_000)
try:
    vault.unlock(sys.argv[2])
except TransientError as error:
    print(error.code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory by the page")
def test_too_little_memory_for_a_passphrase_is_a_sentence(vaults, tmp_path: Path):
    filled(vaults, tmp_path / "keys", keyring=False, passphrase=PASSPHRASE).close()
    command = [sys.executable, "-c", SHORT_OF_MEMORY, str(tmp_path / "keys"), PASSPHRASE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout == "memory.full\n"


MANY_AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor
from fi_desktop.vault.vault_state import Argon2Cost
cost = Argon2Cost("00" * 16)
with ThreadPoolExecutor(6) as threads:
    print(*{each.hex() for each in threads.map(cost.hash, ["same"] * 12)})
"""


def test_passphrases_that_are_tried_at_once_wait_for_each_other():
    command = [sys.executable, "-c", MANY_AT_ONCE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert len(done.stdout.split()) == 1
