"""The log: one event a line, in files of limited size."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.system import log


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    log.set_up(tmp_path)
    yield tmp_path
    log.tear_down()


def test_event_is_one_line_with_its_time_in_utc(folder: Path):
    log.event("WORKFLOW_JOB_QUEUED", job=17, wait_s=1.5)
    line = (folder / "fi-desktop.log").read_text()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO WORKFLOW_JOB_QUEUED job=17 wait_s=1.500\n", line
    )


def test_value_cannot_forge_a_second_line(folder: Path):
    log.event("X", text='a "quoted"\nFORGED job=1')
    assert (folder / "fi-desktop.log").read_text().count("\n") == 1


def test_events_of_a_batch_are_written_at_its_end(folder: Path):
    file = folder / "fi-desktop.log"
    with pytest.raises(ValueError, match="the block fails"), log.batch():
        log.event("X", number=1)
        log.event("X", number=2)
        within = file.read_text()
        raise ValueError("the block fails")
    assert (within, file.read_text().count("\n")) == ("", 2)
    log.event("X", number=3)
    assert file.read_text().count("\n") == 3


def test_old_files_are_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log, "_MAX_BYTES", 1_000)
    log.set_up(folder)
    for number in range(200):
        log.event("X", number=number)
    files = [path.read_bytes() for path in folder.iterdir()]
    assert len(files) == 6
    for content in files:
        assert len(content.rsplit(b"\n", 2)[0]) < 1_000  # it was not full before its last line


def test_file_that_is_full_at_the_start_rolls_over_first(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "fi-desktop.log").write_text("old\n" * 300)
    monkeypatch.setattr(log, "_MAX_BYTES", 1_000)
    log.set_up(folder)
    log.event("X")
    assert (folder / "fi-desktop.log").read_text().count("\n") == 1
    assert (folder / "fi-desktop.log.1").read_text() == "old\n" * 300


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_full_disk_costs_lines_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "fi-desktop.log").symlink_to("/dev/full")
    log.event("LOST")
    log.event("LOST")
    log.tear_down()
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX modes on Windows")
def test_log_files_are_private(tmp_path: Path):
    code = "from pathlib import Path; from fi_desktop.system import log, process; process.keep_private()"
    code += f"; log._MAX_BYTES = 1; log.set_up(Path({str(tmp_path)!r})); log.event('X'); log.event('Y')"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600, 0o600]
