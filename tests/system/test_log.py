"""The log: one event a line, in a file that does not grow for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.system import log


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    log.set_up(tmp_path)
    yield tmp_path
    log.tear_down()


def test_an_event_is_one_line_with_its_time_in_utc(folder: Path):
    log.event("WORKFLOW_JOB_QUEUED", job=17, wait_s=1.5)
    line = (folder / "fi-desktop.log").read_text()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO WORKFLOW_JOB_QUEUED job=17 wait_s=1.500\n", line
    )


def test_no_value_can_forge_a_second_line(folder: Path):
    log.event("X", text='a "quoted"\nFORGED job=1')
    assert (folder / "fi-desktop.log").read_text().count("\n") == 1


def test_old_lines_make_room(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log, "_MAX_BYTES", 1_000)
    log.set_up(folder)
    for number in range(200):
        log.event("X", number=number)
    sizes = [path.stat().st_size for path in folder.iterdir()]
    assert len(sizes) == 6
    assert max(sizes) <= 1_000


def test_a_file_that_is_full_at_the_start_makes_room_first(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "fi-desktop.log").write_text("old\n" * 300)
    monkeypatch.setattr(log, "_MAX_BYTES", 1_000)
    log.set_up(folder)
    log.event("X")
    assert (folder / "fi-desktop.log").read_text().count("\n") == 1
    assert (folder / "fi-desktop.log.1").read_text() == "old\n" * 300


def test_events_that_belong_together_are_written_at_once_and_whatever_happens(folder: Path):
    path = folder / "fi-desktop.log"
    log.event("BEFORE")
    with pytest.raises(ZeroDivisionError), log.together():
        log.event("ONE")
        log.event("OTHER")
        assert path.read_text().count("\n") == 1
        raise ZeroDivisionError
    assert path.read_text().count("\n") == 3
    log.event("AFTER")
    assert path.read_text().count("\n") == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_costs_lines_and_nothing_else(folder: Path):
    (folder / "fi-desktop.log").symlink_to("/dev/full")
    with log.together():
        log.event("LOST")
    log.tear_down()
