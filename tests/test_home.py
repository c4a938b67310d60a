"""The data folder: one that cannot hold a queue is refused with a reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.home import check_home, on_network
from tests.e2e.commands import fi_desktop


def test_a_folder_is_made_for_its_owner_alone_and_left_empty(tmp_path: Path):
    check_home(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    if sys.platform != "win32":
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_file_in_its_place_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written to"):
        check_home(tmp_path / "file")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this account may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written to"):
        check_home(tmp_path)


def test_a_read_only_disk_is_said_on_the_command_line(tmp_path: Path):
    proc = Path("/proc")
    if not proc.is_dir():
        pytest.skip("no file system here that nobody may write to")
    done = fi_desktop("jobs", "list", home=proc / "fi-desktop")
    assert done.returncode == 1
    assert "cannot be written to" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells by the drive's kind")
def test_a_network_drive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # no network drive can be mounted in a test: the system's list of mounts stands in for one
    mounts = [
        SimpleNamespace(mountpoint="/", fstype="ext4"),
        SimpleNamespace(mountpoint=str(tmp_path), fstype="nfs4"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    assert on_network(tmp_path / "deep" / "folder")
    with pytest.raises(UserError, match="network drive"):
        check_home(tmp_path)


def test_this_machines_own_disk_is_none(tmp_path: Path):
    assert not on_network(tmp_path)
