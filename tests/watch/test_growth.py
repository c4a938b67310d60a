"""Recorders that write into a watched folder: one recording is one job, however often it was flushed."""

from __future__ import annotations

import os
import sys
import threading
import wave
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import Tally
from fi_desktop.core.job import JobState, Summary
from fi_desktop.system.files import disk_full
from fi_desktop.watch.growth import FIRST_LOOKS, is_being_written, is_continued, taken
from fi_desktop.watch.memory import Memory
from fi_desktop.watch.watched import FolderState, FolderWatch, Found, WatchedFolder, recordings_in
from fi_desktop.watch.watcher import Watcher
from tests.driving import Driver, running_app
from tests.jobs.conftest import Bench
from tests.watch.test_watched import NOW, Desk

AGAIN_LOOKS = 20
LOOKS_A_FLUSH = 4  # 12 s, where there is a look each 3 s


class Recorder:
    """Renews a WAV file and its header every few looks: looks are the clock of a watched folder."""

    def __init__(self, path: Path, sample: Path, flushes: int) -> None:
        with wave.open(str(sample)) as source:
            self._parameters = source.getparams()
            self._frames = source.readframes(source.getnframes())
        self.path = path
        self._left = flushes
        self._share = len(self._frames) // flushes // 2 * 2
        self._written = 0
        self.looks = 0
        self.ended = threading.Event()

    def listing(self, folder: WatchedFolder, tally: Tally) -> list[Found]:
        if self._left and self.looks % LOOKS_A_FLUSH == 0:
            self._written += self._share
            with wave.open(str(self.path), "wb") as target:
                target.setparams(self._parameters)
                target.writeframes(self._frames[: self._written])
            self._left -= 1
        self.looks += 1
        if not self._left:
            self.ended.set()
        return list(recordings_in(folder, tally))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recorder"
    folder.mkdir()
    return folder


@pytest.fixture
def desk(home: Path, folder: Path) -> Desk:
    return Desk(home, WatchedFolder(folder))


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_a_recorder_that_flushes_every_twelve_seconds_makes_one_job_of_the_whole_recording(
    home: Path, folder: Path, sample: Path
):
    recorder = Recorder(folder / "visit.wav", sample, flushes=5)
    with running_app(home) as driver:
        watcher = Watcher(
            home, driver.app.service, lambda *_: None, interval_s=0.01, listing=recorder.listing
        )
        watcher.watch([WatchedFolder(folder)])
        driver.wait_for(lambda: driver.removed(1))
        watcher.close()
        (job,) = driver.app.service.jobs().result(120)
        (done,) = driver.wait_until_done(job.id)
    assert recorder.ended.is_set()
    assert (done.id, done.state, done.path) == (2, JobState.COMPLETED, str(recorder.path))
    assert done.summary is not None
    assert done.summary.duration_s == pytest.approx(30, abs=0.1)


class TestGivingWay:
    """The job of a part gives way to the job of the whole, and no more than that is lost."""

    @pytest.fixture
    def driver(self, home: Path):
        with running_app(home, backend="idle") as driver:
            yield driver

    def watch(self, driver: Driver, home: Path, folder: Path) -> Watcher:
        watcher = Watcher(home, driver.app.service, lambda *_: None, interval_s=0.01)
        watcher.watch([WatchedFolder(folder)])
        return watcher

    def test_what_waits_is_done_as_it_was_to_be_done(self, driver: Driver, home: Path, folder: Path):
        path = folder / "a.wav"
        path.write_bytes(b"RIFF" * 10_000)
        watcher = self.watch(driver, home, folder)
        driver.wait_for(lambda: bool(driver.states(1)))
        before = driver.job(1).options
        append(path, b"more" * 10_000)
        driver.wait_for(lambda: driver.removed(1))
        watcher.close()
        (job,) = driver.app.service.jobs().result(120)
        assert (job.id, job.path, job.options) == (2, str(path), before)

    def test_a_job_that_runs_is_stopped_and_goes_then(self, home: Path):
        bench = Bench(home / "bench")
        (job_id,) = bench.submit("a.wav")
        running = bench.claim()
        assert bench.answer(bench.service.remove_superseded(job_id)) is False
        assert bench.job(job_id).cancelling
        with bench.service.transaction():
            bench.service.transitions.cancelled(job_id, running.claim)
        assert bench.answer(bench.service.remove_superseded(job_id)) is True
        assert bench.answer(bench.service.jobs()) == []
        assert bench.answer(bench.service.remove_superseded(job_id)) is True
        bench.service.close()

    def test_a_result_that_somebody_looked_at_stays(self, home: Path):
        bench = Bench(home / "bench")
        (job_id,) = bench.submit("a.wav")
        running = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.completed(
                job_id, running.claim, Summary(2, 12.0, "builtin", "clear", ())
            )
        bench.answer(bench.service.mark_seen([job_id]))
        assert bench.answer(bench.service.remove_superseded(job_id)) is True
        assert bench.job(job_id).state is JobState.COMPLETED
        bench.service.close()


def test_each_time_that_it_grew_after_all_it_rests_longer(desk: Desk, folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"RIFF" * 10_000)
    assert desk.look(FIRST_LOOKS).took == 1
    append(path, b"more" * 10_000)
    assert desk.look(AGAIN_LOOKS - 1).growing == 1
    assert (desk.look(1).took, desk.replaced) == (0, [1])
    append(path, b"more" * 10_000)
    assert desk.look(2 * AGAIN_LOOKS).growing == 1
    assert desk.look(AGAIN_LOOKS) == desk.look(1)
    assert (desk.taken, desk.replaced) == (["a.wav"] * 3, [1, 2])
    assert desk.look(1).taken == 1  # one recording


def test_another_recording_of_that_name_takes_nobodys_place(desk: Desk, folder: Path):
    path = folder / "REC001.WAV"
    path.write_bytes(b"RIFF" + os.urandom(40_000))
    desk.look(FIRST_LOOKS)
    path.write_bytes(b"RIFF" + os.urandom(80_000))
    assert desk.look(AGAIN_LOOKS).took == 1
    assert (desk.taken, desk.replaced) == (["REC001.WAV"] * 2, [])


def test_what_the_queue_refuses_keeps_its_place(desk: Desk, folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"RIFF" * 10_000)
    desk.look(FIRST_LOOKS)
    append(path, b"more" * 10_000)
    desk.refusal = disk_full()
    assert desk.look(AGAIN_LOOKS).state is FolderState.REFUSED
    desk.refusal = None
    desk.look(1)
    assert desk.replaced == [1]


@pytest.mark.skipif(sys.platform not in ("linux", "win32"), reason="only these systems tell")
def test_a_file_that_is_open_for_writing_is_waited_for(desk: Desk, folder: Path):
    path = folder / "a.wav"
    with path.open("wb") as file:
        file.write(b"RIFF" * 10_000)
        file.flush()
        assert is_being_written(str(path))
        assert desk.look(5 * FIRST_LOOKS).growing == 1
    assert not is_being_written(str(path))
    with path.open("rb"):
        assert desk.look(1).took == 1


def test_a_header_that_is_renewed_is_no_other_recording(folder: Path):
    path = folder / "a.wav"
    sound = os.urandom(300_000)
    path.write_bytes(b"header 1" + sound)
    before = taken(str(path), path.stat().st_size, 1, None)
    path.write_bytes(b"header 2" + sound + os.urandom(100_000))
    assert is_continued(str(path), before)
    path.write_bytes(b"header 2" + os.urandom(400_000))
    assert not is_continued(str(path), before)
    path.unlink()
    assert not is_continued(str(path), before)


@pytest.mark.parametrize("size", [1, 3, 10, 5_000, 70_000, 3_000_000])
def test_files_of_every_size_are_known_again(folder: Path, size: int):
    path = folder / "a.wav"
    content = os.urandom(size)
    path.write_bytes(content)
    before = taken(str(path), size, 1, None)
    append(path, b"more")
    assert is_continued(str(path), before)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_sub_folder_that_cannot_be_read_for_a_while_forgets_no_job(home: Path, folder: Path):
    desk = Desk(home, WatchedFolder(folder, subfolders=True))
    (folder / "sub").mkdir()
    path = folder / "sub" / "a.wav"
    path.write_bytes(b"RIFF" * 10_000)
    desk.look(FIRST_LOOKS)
    (folder / "sub").rename(home / "away")
    (folder / "sub").symlink_to("sub")  # the administrator cannot enter that either
    desk.look(1)
    (folder / "sub").unlink()
    (home / "away").rename(folder / "sub")
    append(path, b"more" * 10_000)
    desk.look(AGAIN_LOOKS)
    assert desk.replaced == [1]


def test_a_folder_whose_drive_fails_while_a_file_grows_forgets_no_job(home: Path, folder: Path):
    desk = Desk(home, WatchedFolder(folder))
    path = folder / "a.wav"
    fails = False

    def listing(watched: WatchedFolder, tally: Tally) -> list[Found]:
        if fails:
            raise OSError(5, "Input/output error")
        return list(recordings_in(watched, tally))

    desk.watch = FolderWatch(desk.folder, Memory(home, folder), desk, now=lambda: NOW, listing=listing)
    path.write_bytes(b"RIFF" * 10_000)
    desk.look(FIRST_LOOKS)
    fails = True
    assert desk.look(1).state is FolderState.UNREADABLE
    fails = False
    append(path, b"more" * 10_000)
    desk.look(AGAIN_LOOKS)
    assert desk.replaced == [1]
