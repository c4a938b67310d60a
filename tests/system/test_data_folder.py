"""The data folder is private, and one that cannot hold a queue is refused with a reason."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.models import PackKind
from fi_desktop.system.data_folder import check_data_folder, is_on_network
from fi_desktop.system.files import resource
from tests.e2e.commands import TIMEOUT_S, environment, fi_desktop
from tests.models.packs import whisper_files, with_manifest, write_files

CONSULTATION = resource("samples", "consulta.flac")
posix = pytest.mark.skipif(sys.platform == "win32", reason="no POSIX modes on Windows")


def test_new_data_folder_is_private_and_empty(tmp_path: Path):
    check_data_folder(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    if sys.platform != "win32":
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o755, 0o777, 0o710, 0o701])
def test_data_folder_that_others_can_enter_is_made_private(tmp_path: Path, mode: int):
    tmp_path.chmod(mode)
    check_data_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs a second account")
def test_data_folder_of_another_account_is_refused(tmp_path: Path):
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(UserError, match="belongs to another account"):
        check_data_folder(tmp_path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs a second account")
def test_data_folder_behind_a_link_of_another_account_is_refused(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    os.lchown(tmp_path / "link", 12002, 12002)
    for home in (tmp_path / "link", tmp_path / "link" / "home"):
        with pytest.raises(UserError, match="belongs to another account"):
            check_data_folder(home)


@posix
def test_data_folder_behind_an_own_link_is_made_private(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine").chmod(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    check_data_folder(tmp_path / "link")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("linked", [False, True])
def test_data_folder_that_every_account_could_replace_is_refused(tmp_path: Path, linked: bool):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    home = shared / "home"
    if linked:
        home = tmp_path / "link"
        home.symlink_to(shared / "home")
        (shared / "home").mkdir()
    with pytest.raises(UserError, match="can write to"):
        check_data_folder(home)
    shared.chmod(0o1777)  # as the temporary folder: only owners can rename
    check_data_folder(home)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs a second account")
def test_data_folder_planted_by_another_account_is_refused_by_the_program(tmp_path: Path):
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "settings.toml").write_text("keep_days = 1\n")
    os.chown(planted, 12002, 12002)
    done = fi_desktop("jobs", "list", home=planted)
    assert done.returncode == 1
    assert "belongs to another account" in done.stderr
    assert sorted(path.name for path in planted.iterdir()) == ["settings.toml"]


@posix
def test_drive_without_file_modes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # as on FAT: chmod succeeds and changes nothing
    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", lambda _self, _mode: None)
    with pytest.raises(UserError, match="Other accounts can open"):
        check_data_folder(tmp_path)


@posix
def test_files_created_by_commands_are_private_whatever_the_umask(tmp_path: Path):
    home, pack = tmp_path / "home", tmp_path / "pack"
    write_files(pack, with_manifest("own-whisper", PackKind.WHISPER, whisper_files(50_000)))
    for command in (
        ["models", "import", pack],
        ["run", CONSULTATION, "--transcriber", "none"],
        ["jobs", "list"],
    ):
        subprocess.run(
            [sys.executable, "-m", "fi_desktop", *map(str, command)],
            env=environment(home), check=True, capture_output=True, timeout=TIMEOUT_S, umask=0o000,
        )  # fmt: skip
    exposed = [path for path in (home, *home.rglob("*")) if path.stat().st_mode & 0o077]
    assert exposed == []
    assert (home / "jobs" / "1" / "result.json").is_file()


def test_file_instead_of_a_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        check_data_folder(tmp_path / "file")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this account can write everywhere")
def test_read_only_folder_is_refused(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written to"):
        check_data_folder(tmp_path)


def test_command_line_reports_a_read_only_data_folder(tmp_path: Path):
    proc = Path("/proc")
    if not proc.is_dir():
        pytest.skip("needs a file system that cannot be written to")
    done = fi_desktop("jobs", "list", home=proc / "fi-desktop")
    assert done.returncode == 1
    assert "Cannot write to the data folder" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reports the type of the drive")
def test_network_drive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # a test cannot mount a network drive, so it replaces the list of mounts
    mounts = [
        SimpleNamespace(mountpoint="/", fstype="ext4"),
        SimpleNamespace(mountpoint=str(tmp_path), fstype="nfs4"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    assert is_on_network(tmp_path / "deep" / "folder")
    with pytest.raises(UserError, match="network drive"):
        check_data_folder(tmp_path)


def test_local_disk_is_not_a_network_drive(tmp_path: Path):
    assert not is_on_network(tmp_path)
