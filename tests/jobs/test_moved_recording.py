"""A recording that was moved is known again by its bytes, and its job remembers where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.moved_recording import RecordingSearch, SoughtRecording
from fi_desktop.jobs.submissions import fingerprint
from tests.jobs.conftest import Bench
from tests.jobs.test_review_files import complete, transcript

BYTES = b"RIFF" + bytes(range(256)) * 2_000


def write(path: Path, data: bytes = BYTES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def sought(path: Path, *, marked: bool = True) -> SoughtRecording:
    """Return what is known of a recording that is at a place now."""
    mark = fingerprint(path, JobOptions()) if marked else None
    return SoughtRecording(path, source_sha256(path), mark, JobOptions())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write(tmp_path / "recordings" / "2025" / "monday" / "visit.wav")


def test_chosen_file_must_have_the_same_bytes(tmp_path: Path, old: Path):
    known = sought(old)
    moved = old.rename(tmp_path / "other name.bin")
    assert RecordingSearch(known).check(moved) == moved
    changed = write(tmp_path / "visit.wav", BYTES[:-1] + b"x")
    with pytest.raises(UserError, match="another recording"):
        RecordingSearch(known).check(changed)
    with pytest.raises(UserError, match="folder or a device"):
        RecordingSearch(known).check(tmp_path)
    with pytest.raises(TransientError):
        RecordingSearch(known).check(tmp_path / "gone.wav")


@pytest.mark.parametrize("marked", [True, False])
def test_folder_is_searched_whatever_the_name(tmp_path: Path, old: Path, marked: bool):
    known = sought(old, marked=marked)
    old.unlink()
    for number in range(20):
        write(tmp_path / "archive" / f"{number}.wav", BYTES[:-1] + bytes([number]))
    write(tmp_path / "archive" / "visit.wav", BYTES[::-1])
    search = RecordingSearch(known)
    assert search.in_folder(tmp_path / "archive") is None
    assert search.looked_at == 21
    renamed = write(tmp_path / "archive" / "deep" / "er" / "renamed.WAV")
    assert RecordingSearch(known).in_folder(tmp_path / "archive") == renamed


def test_file_of_the_same_name_is_compared_first(tmp_path: Path, old: Path):
    known = sought(old)
    old.unlink()
    for number in range(20):
        write(tmp_path / "archive" / f"a{number}.wav", bytes(100 + number))
    moved = write(tmp_path / "archive" / "z" / "visit.wav")
    search = RecordingSearch(known)
    assert search.in_folder(tmp_path / "archive") == moved
    assert search.looked_at == 1


def test_cancelled_search_finds_nothing(tmp_path: Path, old: Path):
    search = RecordingSearch(sought(old))
    search.cancel()
    assert search.in_folder(tmp_path) is None
    assert search.check(old) is None
    assert search.nearby([old.parent]) is None


@pytest.mark.parametrize(
    "place",
    [
        "recordings/2025/tuesday/visit.wav",
        "recordings/2025 old/monday/visit.wav",
        "archive/2025/monday/visit.wav",
        "recordings/2025/visit.wav",
        "visit.wav",
    ],
)
def test_renamed_folder_and_a_move_upwards_are_found_without_asking(tmp_path: Path, old: Path, place: str):
    known = sought(old)
    moved = tmp_path / place
    keep = old.read_bytes()
    old.unlink()
    for folder in old.parents:  # what is empty is gone, as after renaming
        if folder == tmp_path or any(folder.iterdir()) or moved.is_relative_to(folder):
            break
        folder.rmdir()
    write(moved, keep)
    assert RecordingSearch(known).nearby([]) == moved


def test_folders_of_other_recordings_are_looked_into(tmp_path: Path, old: Path):
    known = sought(old)
    old.unlink()
    write(tmp_path / "mail" / "visit.wav", b"another one")
    moved = write(tmp_path / "disk" / "backup" / "visit.wav")
    folders = [tmp_path / "mail", tmp_path / "nowhere", moved.parent]
    assert RecordingSearch(known).nearby(folders) == moved
    moved.unlink()
    assert RecordingSearch(known).nearby(folders) is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a file that cannot be read")
def test_file_that_cannot_be_read_is_refused(tmp_path: Path, old: Path):
    known = sought(old)
    old.chmod(0)
    with pytest.raises(UserError, match="permission"):
        RecordingSearch(known).check(old)


def test_job_remembers_the_new_place_and_runs_from_there(bench: Bench, tmp_path: Path):
    (job_id,) = bench.submit("visit.wav")
    complete(bench, transcript())
    result = bench.service.folders.folder(job_id) / "result.json"
    before = result.read_bytes()
    moved = (bench.home / "visit.wav").rename(tmp_path / "moved.wav")
    bench.answer(bench.service.relocate(job_id, moved))
    bench.restart()
    job = bench.job(job_id)
    assert (job.path, job.state) == (str(moved), JobState.COMPLETED)
    assert result.read_bytes() == before
    assert bench.answer(bench.service.verify()) == []
    bench.answer(bench.service.retry([job_id]))
    claimed = bench.claim()
    assert claimed is not None
    assert claimed.path == str(moved)
    number = len(bench.answer(bench.service.events(job_id)))
    bench.answer(bench.service.relocate(job_id, moved))
    assert len(bench.answer(bench.service.events(job_id))) == number
    with pytest.raises(UserError):
        bench.answer(bench.service.relocate(99, moved))
