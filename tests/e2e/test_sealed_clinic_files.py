"""What a clinic writes itself is sealed with its home: profiles, watched folders, rules, names, settings."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from fi_desktop.app import App
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobState
from fi_desktop.exporters.deidentified.name_lists import read_clinic_text
from fi_desktop.settings import load, save, with_private
from fi_desktop.settings.toml_file import FILE
from fi_desktop.vault import keys_folder, vault_exists
from fi_desktop.vault.home_files import HomeFile, HomeFiles
from fi_desktop.vault.sealed_file import MAGIC
from fi_desktop.vault.vault import Vault, VaultLocked
from fi_desktop.watch.config import WatchedFolder, load_profiles, save_profiles
from fi_desktop.watch.seen_files import SeenFiles
from fi_desktop.watch.watcher import Watcher
from fi_desktop.workers.queue_thread import InlineBackend
from tests.app_driver import TIMEOUT_S, running_app
from tests.e2e.clinic_files import WRITTEN, all_written, write_clinic_files
from tests.e2e.commands import fi_desktop
from tests.vault.keyrings import memory_keyring

PASSPHRASE = "caballo grapa pila"


@pytest.fixture
def home(home: Path) -> Path:
    """A data folder with what a clinic wrote itself, in clear."""
    write_clinic_files(home)
    return home


@pytest.fixture
def keyring() -> Iterator[None]:
    with memory_keyring():
        yield


def found(home: Path) -> set[str]:
    """Return the names that can be read in a home and among its keys."""
    folders = (home, keys_folder(home))
    content = b"".join(path.read_bytes() for each in folders for path in each.rglob("*") if path.is_file())
    return {name for name in WRITTEN if name.encode() in content}


def sealed_before(home: Path) -> None:
    """Seal a home as the version did that left these files in clear."""
    Vault.create(keys_folder(home), keyring=False, passphrase=PASSPHRASE).close()


def kinds(home: Path) -> list[object]:
    """Return what the audit trail says was changed of the settings."""
    lines = (home / "audit" / "trail-000001.jsonl").read_text(encoding="utf-8").splitlines()
    return [entry["detail"] for entry in map(json.loads, lines) if entry["kind"] == "settings changed"]


def test_they_are_sealed_stay_the_same_and_come_back(home: Path, keyring: None):
    before = all_written(HomeFiles(home), load())
    in_clear = {
        name: (home / name).read_bytes() for name in ("profiles.json", "watch.json", "identifiers.txt")
    }
    assert found(home) == set(WRITTEN)
    with running_app(home, backend="idle", seal=False) as driver:
        files = driver.app.service.folders.home_files
        driver.app.seal(keyring=True)
        assert found(home) == set()
        assert all_written(files, driver.app.settings) == before
        save_profiles(files, load_profiles(files))
        driver.app.change_settings({"vocabulary": (WRITTEN[0],), "theme": "dark"})
        assert found(home) == set()
        assert load().theme == "dark"
        assert load().vocabulary == ()  # nobody has unlocked it
        driver.app.change_settings({"vocabulary": ("ciclofosfotol",), "theme": "system"})
        assert driver.app.vault is not None
        driver.app.vault.rotate()
    with running_app(home, backend="idle") as driver:
        assert all_written(driver.app.service.folders.home_files, driver.app.settings) == before
        assert driver.app.service.folders.vault is not None
    app = App(load(), backend="idle")
    app.own()
    app.unseal()
    app.stop()
    assert all_written(HomeFiles(home), load()) == before
    assert {name: (home / name).read_bytes() for name in in_clear} == in_clear
    assert not (home / HomeFile.SETTINGS).exists()


def test_nothing_of_them_is_shown_or_changed_while_it_is_locked(home: Path, keyring: None):
    with running_app(home, backend="idle", seal=False) as driver:
        files = driver.app.service.folders.home_files
        driver.app.seal(keyring=True)
        before = all_written(files, driver.app.settings)
        content = {name: (home / name).read_bytes() for name in HomeFile if (home / name).exists()}
        driver.app.lock()
        for other in (files, HomeFiles(home)):
            with pytest.raises(VaultLocked):
                load_profiles(other)
            with pytest.raises(VaultLocked):
                save_profiles(other, ())
            with pytest.raises(VaultLocked):
                read_clinic_text(other)
        with pytest.raises(VaultLocked):
            driver.app.change_settings({"vocabulary": ("otra",)})
        assert driver.app.change_settings({"theme": "dark"}).theme == "dark"
        assert {name: (home / name).read_bytes() for name in content} == content
        driver.app.unlock()
        assert all_written(files, driver.app.settings) == before


def test_a_home_that_was_sealed_without_them_is_completed_when_it_is_unlocked(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    before = all_written(HomeFiles(home), load())
    sealed_before(home)
    monkeypatch.setenv("FI_DESKTOP_PASSPHRASE", PASSPHRASE)
    assert fi_desktop("jobs", "list", home=home).returncode == 0
    assert found(home) == set()
    assert kinds(home) == [
        {
            "sealed": [
                "export-rules.json",
                "export_folder",
                "identifiers.txt",
                "profiles.json",
                "vocabulary",
                "watch-keys.json",
                "watch.json",
            ]
        }
    ]
    shown = fi_desktop("vault", "show", "identifiers.txt", home=home)
    assert (shown.returncode, shown.stdout) == (0, "Eulaliapan = place\n")
    (home / "locked").touch()
    refused = fi_desktop("vault", "show", "identifiers.txt", home=home)
    (home / "locked").unlink()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "locked" in refused.stderr
    text = (home / FILE).read_text(encoding="utf-8")
    (home / FILE).write_text(f'{text}# of our clinic\nvocabulary = ["a", "b"]\n', encoding="utf-8")
    (home / "identifiers.txt").write_text("Eulaliapan\n", encoding="utf-8")  # a person's own editor
    status = json.loads(fi_desktop("vault", "status", "--json", home=home).stdout)
    assert (status["in_clear"], status["complete"]) == (["identifiers.txt", "vocabulary"], False)
    app = App(load(), backend="idle")
    app.own()
    app.unlock(PASSPHRASE)
    app.start()
    try:
        assert app.settings.vocabulary == ("a", "b")
        assert read_clinic_text(app.service.folders.home_files) == "Eulaliapan\n"
        assert all_written(app.service.folders.home_files, app.settings)[:3] == before[:3]
    finally:
        app.stop()
    assert found(home) == set()
    status = json.loads(fi_desktop("vault", "status", "--json", home=home).stdout)
    assert status["in_clear"] == []
    assert "# of our clinic" in (home / FILE).read_text(encoding="utf-8")
    assert "vocabulary" not in (home / FILE).read_text(encoding="utf-8")


def test_watched_folders_go_on_with_their_profile_while_it_is_locked(
    home: Path, tmp_path: Path, ten_seconds: Path, keyring: None
):
    watched = tmp_path / "recorder"
    watched.mkdir()
    with running_app(home, backend="idle", seal=False) as driver:
        driver.app.seal(keyring=True)
        files, service = driver.app.service.folders.home_files, driver.app.service
        totals: SimpleQueue[int] = SimpleQueue()
        watcher = Watcher(files, service, lambda _folder, scan: totals.put(scan.total), interval_s=0.02)
        watcher.profiles = {each.name: each.choice for each in load_profiles(files)}
        watcher.watch([WatchedFolder(watched, profile="Con Fulgenciano")])
        shutil.copy(ten_seconds, watched / "first.wav")
        driver.wait_for(lambda: driver.states(1) == [JobState.QUEUED])
        driver.app.lock()
        shutil.copy(ten_seconds, watched / "unfinished")
        with (watched / "unfinished").open("ab") as file:
            file.write(b"another recording")
        (watched / "unfinished").rename(watched / "second.wav")
        driver.wait_for(lambda: driver.states(2) == [JobState.QUEUED])
        while totals.get(timeout=TIMEOUT_S) < 2:
            pass  # until it has noted what it queued
        watcher.close()
        assert found(home) == set()
        driver.app.unlock()
        for job_id in (1, 2):
            assert driver.job(job_id).options.prompt == "Con Fulgenciano"
        assert SeenFiles(files, watched).queued == 2


@pytest.mark.skipif(os.name == "nt", reason="no named pipes in folders on Windows")
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(home: Path, keyring: None):
    for name in (HomeFile.PROFILES, HomeFile.CLINIC_NAMES, HomeFile.SETTINGS):
        (home / name).unlink(missing_ok=True)
        os.mkfifo(home / name)
    files = HomeFiles(home)
    for read, code in ((load_profiles, "profiles.unreadable"), (read_clinic_text, "identifiers.unreadable")):
        with pytest.raises(UserError) as refused:
            read(files)
        assert refused.value.code == code
    with running_app(home, backend="idle", seal=False) as driver:
        driver.app.seal(keyring=True)
    app = App(load(), backend="idle")
    with pytest.raises(UserError) as refused:
        app.start()
    app.stop()
    assert refused.value.code == "settings.damaged"


def test_the_queue_works_with_the_settings_that_were_sealed(home: Path, keyring: None):
    save(home, {"broker": "redis://127.0.0.1:1/0"})
    with running_app(home, backend="inline", seal=False) as driver:
        driver.app.seal(keyring=True)
    assert load().broker == ""
    with running_app(home, backend="inline") as driver:
        assert isinstance(driver.app._backend, InlineBackend)
        assert driver.app._backend._settings.broker == "redis://127.0.0.1:1/0"


def test_changed_and_swapped_files_are_refused_and_kept(home: Path, keyring: None):
    with running_app(home, backend="idle", seal=False) as driver:
        driver.app.seal(keyring=True)
        files = driver.app.service.folders.home_files
        profiles, names = home / HomeFile.PROFILES, home / HomeFile.CLINIC_NAMES
        swapped = profiles.read_bytes()
        profiles.write_bytes(names.read_bytes())
        names.write_bytes(swapped)
        with pytest.raises(UserError) as refused:
            load_profiles(files)
        assert refused.value.code == "profiles.damaged"
        assert (home / "profiles-unreadable.json").read_bytes()[: len(MAGIC)] == MAGIC
        with pytest.raises(UserError) as refused:
            read_clinic_text(files)
        assert refused.value.code == "identifiers.damaged"
    settings = home / HomeFile.SETTINGS
    settings.write_bytes(settings.read_bytes()[:-1])
    app = App(load(), backend="idle")
    with pytest.raises(UserError) as refused:
        app.start()
    app.stop()
    assert refused.value.code == "settings.damaged"


KILLED = """
import os, signal, sys
from pathlib import Path
from fi_desktop.app import App
from fi_desktop.settings import load
left, home = int(sys.argv[2]), load().home
for name in ("replace", "unlink"):
    def counted(path, *arguments, done=getattr(Path, name), **named):
        global left
        if home in path.parents or home.with_name(home.name + "-keys") in path.parents:
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return done(path, *arguments, **named)
    setattr(Path, name, counted)
app = App(load(), backend="idle")
app.own()
app.unlock("caballo grapa pila")
if sys.argv[1] == "unseal":
    app.unseal()
else:
    app.start()
app.stop()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no signals on Windows")
@pytest.mark.parametrize("direction", ["seal", "unseal"])
def test_a_kill_at_each_change_of_a_file_loses_nothing(home: Path, tmp_path: Path, direction: str):
    before = all_written(HomeFiles(home), load())
    sealed_before(home)
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")

    def run(direction: str, changes: int) -> int:
        arguments = [sys.executable, str(script), direction, str(changes)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode

    if direction == "unseal":
        assert run("seal", 1000) == 0
    folders = (home, keys_folder(home))
    for folder in folders:
        shutil.copytree(folder, tmp_path / folder.name)
    changes = 0
    while run(direction, changes):
        assert readable(home) == before, changes
        changes += 1
        if changes % 3:  # else it goes on where it was interrupted
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(tmp_path / folder.name, folder)
    assert changes > 5
    assert readable(home) == before
    assert found(home) == (set() if direction == "seal" else set(WRITTEN))


def readable(home: Path) -> tuple[object, ...]:
    """Return what can be read with the passphrase, whatever was done of a conversion."""
    vault = Vault(keys_folder(home)) if vault_exists(keys_folder(home)) else None
    if vault is not None:
        vault.unlock(PASSPHRASE)
    files = HomeFiles(home, lambda: vault)
    try:
        return all_written(files, with_private(load(), files))
    finally:
        if vault is not None:
            vault.close()
