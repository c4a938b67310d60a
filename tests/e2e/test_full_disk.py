"""A full disk: messages are accurate and say what to do."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.cli import main
from fi_desktop.core.errors import TransientError
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.exporters.files import export
from tests.exporters.test_exporters import WITH_WORDS


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this account cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    file = disk / "fill"
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)), file.open("wb", buffering=0) as target:
        while True:
            target.write(bytes(4096))
    return file


def test_full_disk_is_reported_and_the_queue_is_intact_afterwards(disk: Path, monkeypatch, capsys):
    home = disk / "home"
    monkeypatch.setenv("FI_DESKTOP_HOME", str(home))
    assert main(["jobs", "list"]) == 0
    filling = fill(disk)
    capsys.readouterr()
    for command in (["jobs", "list"], ["run", "--json"]):
        assert main(command) == 1
        output = capsys.readouterr()
        assert (output.out, output.err) == (
            "",
            f"fi-desktop: The disk of the data folder {home} is full. Free some space, and start again.\n",
        )
    filling.unlink()
    assert main(["jobs", "verify"]) == 0
    assert not list(home.glob("store-*"))


def test_export_to_a_full_disk_says_what_to_do(disk: Path):
    fill(disk)
    with pytest.raises(TransientError) as refused:
        export(ReviewedTranscript(WITH_WORDS), "txt", disk / "a.txt")
    assert refused.value.message == "The disk is full. Free some space, and export again."
    assert [path.name for path in disk.iterdir()] == ["fill"]
