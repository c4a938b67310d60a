"""The name of a data folder on the server: kept when the folder is moved, renewed when it is copied."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.workers.cluster.desktop_id import FILE, desktop_id
from tests.app_driver import running_app
from tests.workers.cluster.clinic import Clinic, until
from tests.workers.cluster.test_faults import wait_until_at_work


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that has a name."""
    folder = tmp_path / "deep" / "folder"
    desktop_id(folder)
    return folder


def test_name_stays_at_a_restart_and_when_the_folder_is_moved(folder: Path, tmp_path: Path):
    name = desktop_id(folder)
    assert len(name) == 12
    assert desktop_id(folder) == name
    moved = folder.rename(tmp_path / "moved")
    assert desktop_id(moved) == name
    moved_again = moved.rename(tmp_path / "moved again")
    assert desktop_id(moved_again) == name


def test_folder_that_is_restored_where_it_was_keeps_its_name(folder: Path, tmp_path: Path):
    name = desktop_id(folder)
    shutil.copytree(folder, tmp_path / "backup")
    folder.rename(tmp_path / "damaged")
    shutil.copytree(tmp_path / "backup", folder)
    assert desktop_id(folder) == name


def test_copy_gets_another_name_and_the_original_keeps_its_own(folder: Path, tmp_path: Path):
    name = desktop_id(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    other = desktop_id(copy)
    assert other != name
    assert desktop_id(copy) == other
    assert desktop_id(folder) == name


def test_folder_of_another_computer_gets_another_name(folder: Path):
    name = desktop_id(folder)
    known = json.loads((folder / FILE).read_text())
    (folder / FILE).write_text(json.dumps(known | {"computer": "0" * 16}))
    assert desktop_id(folder) != name


def test_name_of_an_earlier_version_is_kept_and_bound(folder: Path, tmp_path: Path):
    (folder / FILE).write_text("0123456789ab")
    assert desktop_id(folder) == "0123456789ab"
    assert desktop_id(shutil.copytree(folder, tmp_path / "copy")) != "0123456789ab"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 7}', '{"id": "../x"}', "0123456789AB", "ñ"])
def test_damaged_name_is_replaced(folder: Path, text: str):
    (folder / FILE).write_text(text)
    name = desktop_id(folder)
    assert name != text
    assert desktop_id(folder) == name


@pytest.mark.slow
def test_job_on_the_server_is_done_after_its_folder_was_moved_and_in_a_copy_too(
    home: Path, clinic: Clinic, recording: Path, tmp_path: Path
):
    settings = clinic.settings()
    with running_app(home, backend="cluster", **settings) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
    copy = shutil.copytree(home, tmp_path / "copy", symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    moved = home.rename(tmp_path / "moved")
    claims = []
    for folder in (copy, moved):
        with running_app(folder, backend="cluster", **settings) as driver:
            job = driver.job(job_id)
            if not job.state.final:
                (job,) = driver.wait_until_done(job_id)
            assert job.state is JobState.COMPLETED, job.error
            assert [attempt.outcome for attempt in job.attempts] == [AttemptOutcome.COMPLETED]
            claims.append(desktop_id(folder))
    assert len(set(claims)) == 2
    until(clinic.is_clean)
