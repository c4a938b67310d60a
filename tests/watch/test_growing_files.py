"""A recorder writes into a watched folder: one recording is one job, however often it is flushed."""

from __future__ import annotations

import os
import sys
import threading
import wave
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import Tally
from fi_desktop.core.job import JobState
from fi_desktop.core.values import Summary
from fi_desktop.system.files import disk_full
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import WatchedFolder
from fi_desktop.watch.seen_files import FIRST_SCANS, is_being_written, is_continued, queued_file
from fi_desktop.watch.watcher import FolderState, FoundFile, Watcher, recordings_in
from tests.app_driver import Driver, running_app
from tests.jobs.conftest import Bench
from tests.watch.conftest import Scanner

REGROWN_SCANS = 20
SCANS_PER_FLUSH = 4  # 12 s at one scan every 3 s


class Recorder:
    """Rewrites a WAV file and its header every few scans, which are the clock of a watched folder."""

    def __init__(self, path: Path, sample: Path, flushes: int) -> None:
        with wave.open(str(sample)) as source:
            self._parameters = source.getparams()
            self._frames = source.readframes(source.getnframes())
        self.path = path
        self._left = flushes
        self._share = len(self._frames) // flushes // 2 * 2
        self._written = 0
        self.scans = 0
        self.ended = threading.Event()

    def listing(self, folder: WatchedFolder, tally: Tally) -> list[FoundFile]:
        if self._left and self.scans % SCANS_PER_FLUSH == 0:
            self._written += self._share
            with wave.open(str(self.path), "wb") as target:
                target.setparams(self._parameters)
                target.writeframes(self._frames[: self._written])
            self._left -= 1
        self.scans += 1
        if not self._left:
            self.ended.set()
        return list(recordings_in(folder, tally))


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_recorder_that_flushes_every_twelve_seconds_makes_one_job(home: Path, folder: Path, sample: Path):
    recorder = Recorder(folder / "visit.wav", sample, flushes=5)
    with running_app(home) as driver:
        watcher = Watcher(
            HomeFiles(home), driver.app.service, lambda *_: None, interval_s=0.01, listing=recorder.listing
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


class TestReplacedJob:
    """The job for the whole recording replaces the job for its first part, and nothing else is lost."""

    @pytest.fixture
    def driver(self, home: Path):
        with running_app(home, backend="idle") as driver:
            yield driver

    def watch(self, driver: Driver, home: Path, folder: Path) -> Watcher:
        watcher = Watcher(HomeFiles(home), driver.app.service, lambda *_: None, interval_s=0.01)
        watcher.watch([WatchedFolder(folder, exports="a1")])
        return watcher

    def test_waiting_job_is_replaced_with_the_same_options(self, driver: Driver, home: Path, folder: Path):
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
        assert job.exports == ("a1",)

    def test_running_job_is_stopped_and_then_removed(self, bench: Bench):
        (job_id,) = bench.submit("a.wav")
        running = bench.claim()
        assert bench.answer(bench.service.remove_superseded(job_id)) is False
        assert bench.job(job_id).cancelling
        with bench.service.transaction():
            bench.service.transitions.cancelled(job_id, running.claim)
        assert bench.answer(bench.service.remove_superseded(job_id)) is True
        assert bench.answer(bench.service.jobs()) == []
        assert bench.answer(bench.service.remove_superseded(job_id)) is True

    def test_result_that_was_seen_stays(self, bench: Bench):
        (job_id,) = bench.submit("a.wav")
        running = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.completed(
                job_id, running.claim, Summary(2, 12.0, "builtin", "clear", ())
            )
        bench.answer(bench.service.mark_seen([job_id]))
        assert bench.answer(bench.service.remove_superseded(job_id)) is True
        assert bench.job(job_id).state is JobState.COMPLETED


def test_file_must_rest_longer_after_each_growth(scanner: Scanner, folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"RIFF" * 10_000)
    assert scanner.scan(FIRST_SCANS).queued == 1
    append(path, b"more" * 10_000)
    assert scanner.scan(REGROWN_SCANS - 1).growing == 1
    assert (scanner.scan(1).queued, scanner.replaced) == (0, [1])
    append(path, b"more" * 10_000)
    assert scanner.scan(2 * REGROWN_SCANS).growing == 1
    assert scanner.scan(REGROWN_SCANS) == scanner.scan(1)
    assert (scanner.queued, scanner.replaced) == (["a.wav"] * 3, [1, 2])
    assert scanner.scan(1).total == 1  # one recording


def test_another_recording_of_the_same_name_replaces_no_job(scanner: Scanner, folder: Path):
    path = folder / "REC001.WAV"
    path.write_bytes(b"RIFF" + os.urandom(40_000))
    scanner.scan(FIRST_SCANS)
    path.write_bytes(b"RIFF" + os.urandom(80_000))
    assert scanner.scan(REGROWN_SCANS).queued == 1
    assert (scanner.queued, scanner.replaced) == (["REC001.WAV"] * 2, [])


def test_refused_file_still_replaces_its_job(scanner: Scanner, folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"RIFF" * 10_000)
    scanner.scan(FIRST_SCANS)
    append(path, b"more" * 10_000)
    scanner.refusal = disk_full()
    assert scanner.scan(REGROWN_SCANS).state is FolderState.REFUSED
    scanner.refusal = None
    scanner.scan(1)
    assert scanner.replaced == [1]


@pytest.mark.skipif(sys.platform not in ("linux", "win32"), reason="only these systems report writers")
def test_file_open_for_writing_waits(scanner: Scanner, folder: Path):
    path = folder / "a.wav"
    with path.open("wb") as file:
        file.write(b"RIFF" * 10_000)
        file.flush()
        assert is_being_written(str(path))
        assert scanner.scan(5 * FIRST_SCANS).growing == 1
    assert not is_being_written(str(path))
    with path.open("rb"):
        assert scanner.scan(1).queued == 1


def test_rewritten_header_is_the_same_recording(folder: Path):
    path = folder / "a.wav"
    sound = os.urandom(300_000)
    path.write_bytes(b"header 1" + sound)
    before = queued_file(str(path), path.stat().st_size, 1, None)
    path.write_bytes(b"header 2" + sound + os.urandom(100_000))
    assert is_continued(str(path), before)
    path.write_bytes(b"header 2" + os.urandom(400_000))
    assert not is_continued(str(path), before)
    path.unlink()
    assert not is_continued(str(path), before)


@pytest.mark.parametrize("size", [1, 3, 10, 5_000, 70_000, 3_000_000])
def test_continued_file_of_any_size_is_recognized(folder: Path, size: int):
    path = folder / "a.wav"
    content = os.urandom(size)
    path.write_bytes(content)
    before = queued_file(str(path), size, 1, None)
    append(path, b"more")
    assert is_continued(str(path), before)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_subfolder_unreadable_for_a_while_loses_no_job(home: Path, folder: Path):
    scanner = Scanner(home, WatchedFolder(folder, subfolders=True))
    (folder / "sub").mkdir()
    path = folder / "sub" / "a.wav"
    path.write_bytes(b"RIFF" * 10_000)
    scanner.scan(FIRST_SCANS)
    (folder / "sub").rename(home / "away")
    (folder / "sub").symlink_to("sub")  # the administrator cannot enter that either
    scanner.scan(1)
    (folder / "sub").unlink()
    (home / "away").rename(folder / "sub")
    append(path, b"more" * 10_000)
    scanner.scan(REGROWN_SCANS)
    assert scanner.replaced == [1]


def test_drive_failing_while_a_file_grows_loses_no_job(home: Path, folder: Path):
    path = folder / "a.wav"
    fails = False

    def listing(watched: WatchedFolder, tally: Tally) -> list[FoundFile]:
        if fails:
            raise OSError(5, "Input/output error")
        return list(recordings_in(watched, tally))

    scanner = Scanner(home, WatchedFolder(folder), listing)
    path.write_bytes(b"RIFF" * 10_000)
    scanner.scan(FIRST_SCANS)
    fails = True
    assert scanner.scan(1).state is FolderState.UNREADABLE
    fails = False
    append(path, b"more" * 10_000)
    scanner.scan(REGROWN_SCANS)
    assert scanner.replaced == [1]
