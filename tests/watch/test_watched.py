"""The rule of a watched folder, on real files: what is taken, when, and what is never taken twice."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import LeftOut, Tally, source_sha256
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import JobOptions, JobState, Priority
from fi_desktop.watch.growth import FIRST_LOOKS
from fi_desktop.watch.memory import Memory, forget
from fi_desktop.watch.profiles import Choice
from fi_desktop.watch.watched import (
    FolderState,
    FolderWatch,
    Look,
    WatchedFolder,
    pass_over,
    recordings_in,
    unseen,
)
from fi_desktop.watch.watcher import Watcher, load, save
from tests.jobs.conftest import Bench

NOW = 1_700_000_000.0


class Desk:
    """A folder that is watched by hand, and what was taken from it."""

    def __init__(self, home: Path, folder: WatchedFolder) -> None:
        self.home, self.folder = home, folder
        self.taken: list[str] = []
        self.replaced: list[int] = []
        self.refusal: Exception | None = None
        self.restart()

    def restart(self) -> None:
        self.watch = FolderWatch(self.folder, Memory(self.home, self.folder.path), self, now=lambda: NOW)

    def take(self, paths: tuple[Path, ...]) -> dict[Path, int]:
        if self.refusal is not None:
            raise self.refusal
        jobs = {path: len(self.taken) + number for number, path in enumerate(paths, start=1)}
        self.taken += [path.name for path in paths]
        return jobs

    def take_again(self, path: Path, job_id: int) -> dict[Path, int]:
        jobs = self.take((path,))
        self.replaced.append(job_id)
        return jobs

    def look(self, times: int = FIRST_LOOKS) -> Look:
        for _ in range(times - 1):
            self.watch.look()
        return self.watch.look()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "señora's recorder"
    folder.mkdir()
    return folder


@pytest.fixture
def desk(home: Path, folder: Path) -> Desk:
    return Desk(home, WatchedFolder(folder))


def test_a_file_is_taken_once_it_is_the_same_in_some_looks(desk: Desk, folder: Path):
    (folder / "a.wav").write_bytes(b"RIFF")
    waiting = desk.look(FIRST_LOOKS - 1)
    assert (waiting.growing, waiting.took, desk.taken) == (1, 0, [])
    assert desk.look(1) == Look(FolderState.WATCHING, taken=1, last_at=NOW, took=1)
    assert desk.look().took == 0
    assert desk.taken == ["a.wav"]
    assert (folder / "a.wav").read_bytes() == b"RIFF"


def test_a_file_that_grows_is_waited_for(desk: Desk, folder: Path):
    with (folder / "a.wav").open("wb") as file:
        for _ in range(2 * FIRST_LOOKS):
            file.write(b"RIFF")
            file.flush()
            assert desk.look(1).growing == 1
    assert desk.look(FIRST_LOOKS - 1).took == 1


def test_a_file_that_is_rewritten_in_its_size_is_waited_for(desk: Desk, folder: Path):
    path = folder / "a.wav"
    for moment in range(2 * FIRST_LOOKS):
        path.write_bytes(b"RIFF")
        os.utime(path, ns=(moment, moment))
        assert desk.look(1).took == 0
    assert desk.look(FIRST_LOOKS - 1).took == 1


def test_an_empty_file_waits_until_something_is_in_it(desk: Desk, folder: Path):
    (folder / "a.wav").touch()
    assert desk.look(3 * FIRST_LOOKS).growing == 1
    (folder / "a.wav").write_bytes(b"RIFF")
    assert desk.look().took == 1


def test_other_files_are_left_out_and_counted_and_hidden_ones_are_none_of_its_business(
    desk: Desk, folder: Path
):
    for name in ("notes.txt", ".hidden.wav", "1.ds2", "2.DS2"):
        (folder / name).write_bytes(b"x")
    (folder / "sub").mkdir()
    (folder / "sub" / "below.wav").write_bytes(b"RIFF")
    others = LeftOut(others=((".ds2", 2), (".txt", 1)))
    assert desk.look() == Look(FolderState.WATCHING, taken=0, last_at=None, left_out=others)


def test_sub_folders_where_they_are_asked_for_and_links_that_go_round(home: Path, folder: Path):
    desk = Desk(home, WatchedFolder(folder, subfolders=True))
    (folder / "2026" / "11").mkdir(parents=True)
    (folder / "2026" / "11" / "below.WAV").write_bytes(b"RIFF")
    (folder / "2026" / "round").symlink_to(folder)
    assert desk.look().took == 1
    assert desk.taken == ["below.WAV"]


def test_what_was_taken_is_known_after_a_restart_and_under_another_name(desk: Desk, folder: Path):
    (folder / "a.wav").write_bytes(b"one")
    desk.look()
    desk.restart()
    assert desk.look() == Look(FolderState.WATCHING, taken=1, last_at=NOW)
    (folder / "a.wav").rename(folder / "b.wav")
    os.utime(folder / "b.wav", ns=(1, 1))
    assert desk.look().took == 0
    (folder / "copy of b.wav").write_bytes(b"one")
    assert desk.look().took == 0


def test_two_copies_that_come_together_are_one_recording(desk: Desk, folder: Path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(b"one")
    assert desk.look().took == 1


def test_parts_of_equal_length_and_ends_are_each_taken(desk: Desk, folder: Path):
    for number in range(3):
        (folder / f"0{number}00.wav").write_bytes(bytes(100_000) + bytes([number]) + bytes(100_000))
    assert desk.look().took == 3
    (folder / "0000.wav").rename(folder / "renamed.wav")
    assert desk.look().took == 0


def test_another_recording_under_the_same_name_is_taken(desk: Desk, folder: Path):
    (folder / "REC001.WAV").write_bytes(b"one")
    desk.look()
    (folder / "REC001.WAV").unlink()
    desk.look()
    (folder / "REC001.WAV").write_bytes(b"two")
    assert desk.look().took == 1
    assert desk.taken == ["REC001.WAV", "REC001.WAV"]


def test_a_file_that_goes_before_it_is_complete_is_forgotten(desk: Desk, folder: Path):
    (folder / "a.wav").write_bytes(b"one")
    assert desk.look(1).growing == 1
    (folder / "a.wav").unlink()
    assert desk.look(1).growing == 0
    assert desk.taken == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may read anything")
def test_what_may_not_be_read_is_told_and_tried_again(desk: Desk, folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"one")
    path.chmod(0)
    assert desk.look() == Look(FolderState.WATCHING, taken=0, last_at=None, locked=1)
    path.chmod(0o600)
    assert desk.look(1).took == 1
    folder.chmod(0)
    assert desk.look(1).state is FolderState.UNREADABLE
    folder.chmod(0o700)
    assert desk.look(1).state is FolderState.WATCHING


def test_a_folder_that_cannot_be_listed_says_what_the_system_says(home: Path, folder: Path):
    def broken(_folder: WatchedFolder, _tally: Tally):
        raise OSError(5, "Input/output error")

    desk = Desk(home, WatchedFolder(folder))
    watch = FolderWatch(desk.folder, Memory(home, folder), desk, now=lambda: NOW, listing=broken)
    assert watch.look() == Look(FolderState.UNREADABLE, taken=0, last_at=None, reason="Input/output error")


def test_a_folder_that_goes_and_comes_back_takes_nothing_twice(desk: Desk, folder: Path):
    (folder / "a.wav").write_bytes(b"one")
    desk.look()
    elsewhere = folder.with_name("unplugged")
    folder.rename(elsewhere)
    assert desk.look().state is FolderState.GONE
    folder.write_bytes(b"a file of this name")
    assert desk.look(1).state is FolderState.GONE
    folder.unlink()
    elsewhere.rename(folder)
    (folder / "b.wav").write_bytes(b"two")
    assert desk.look().took == 1
    assert desk.taken == ["a.wav", "b.wav"]


@pytest.mark.parametrize("refusal", [TransientError(messages.DISK_FULL), UserError(messages.APP_CLOSING)])
def test_what_the_queue_refuses_is_offered_again(desk: Desk, folder: Path, refusal: Exception):
    (folder / "a.wav").write_bytes(b"one")
    desk.refusal = refusal
    refused = desk.look()
    assert refused.state is FolderState.REFUSED
    assert refused.refusal is not None
    assert refused.refusal.message == str(refusal)
    desk.refusal = None
    assert desk.look(1).took == 1


def test_what_was_there_before_can_be_passed_over(desk: Desk, folder: Path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(name.encode())
    there = unseen(desk.home, desk.folder)
    assert sorted(Path(found.path).name for found in there) == ["a.wav", "b.wav"]
    pass_over(desk.home, desk.folder, there)
    assert unseen(desk.home, desk.folder) == []
    (folder / "a.wav").rename(folder / "renamed.wav")
    desk.restart()
    (folder / "b.wav").write_bytes(b"recorded over")
    assert desk.look().took == 1
    assert desk.taken == ["b.wav"]


def test_a_line_that_was_cut_off_costs_only_itself(desk: Desk, folder: Path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(name.encode())
        desk.look()
    (lines,) = (desk.home / "watch").iterdir()
    lines.write_bytes(lines.read_bytes()[:-30])
    desk.restart()
    assert desk.look().took == 1
    desk.restart()
    assert desk.look().took == 0
    forget(desk.home, folder)
    assert unseen(desk.home, desk.folder) != []


def test_what_is_kept_of_a_folder_names_no_file_and_no_content(desk: Desk, folder: Path):
    content = b"RIFF of Ana"
    (folder / "Ana Belen.wav").write_bytes(content)
    (folder / "Zoe Cano.wav").write_bytes(b"passed over")
    pass_over(
        desk.home, desk.folder, [found for found in unseen(desk.home, desk.folder) if "Zoe" in found.path]
    )
    desk.restart()
    assert desk.look().took == 1
    kept = b"".join(path.read_bytes() for path in (desk.home / "watch").iterdir())
    for private in (b"Ana", b"Zoe", folder.name.encode(), hashlib.sha256(content).hexdigest().encode()):
        assert private not in kept
    forget(desk.home, folder)
    assert list((desk.home / "watch").iterdir()) == []


def test_what_an_earlier_version_kept_stays_known_and_loses_its_names(desk: Desk, folder: Path):
    taken, passed = folder / "Ana Belen.wav", folder / "Zoe Cano.wav"
    lines = []
    for path, seen in (
        (taken, {"content": "5" * 64, "taken_at": NOW}),
        (passed, {"content": "", "taken_at": None}),
    ):
        path.write_bytes(path.name.encode())
        status = path.stat()
        lines.append({"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns, **seen})
    (desk.home / "watch").mkdir(exist_ok=True)
    kept = desk.home / "watch" / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.jsonl"
    kept.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"path": "cut of')
    for _ in range(2):
        desk.restart()
        assert desk.look() == Look(FolderState.WATCHING, taken=1, last_at=NOW)
        assert b"Ana" not in kept.read_bytes()
    passed.rename(folder / "renamed.wav")
    (folder / "new.wav").write_bytes(b"new")
    assert desk.look().took == 1
    desk.restart()
    assert desk.look() == Look(FolderState.WATCHING, taken=2, last_at=NOW)


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be made unwritable so")
def test_what_the_disk_does_not_take_is_written_with_what_comes_next(home: Path, folder: Path):
    (home / "watch").write_bytes(b"no folder")
    desk = Desk(home, WatchedFolder(folder))
    (folder / "a.wav").write_bytes(b"one")
    assert desk.look().took == 1
    (home / "watch").unlink()
    (folder / "b.wav").write_bytes(b"two")
    assert desk.look().took == 1
    desk.restart()
    assert desk.look() == Look(FolderState.WATCHING, taken=2, last_at=NOW)


def test_ten_thousand_files_are_a_cheap_look(desk: Desk, folder: Path):
    for number in range(10_000):
        (folder / f"{number}.wav").touch()
    pass_over(desk.home, desk.folder, recordings_in(desk.folder, Tally()))
    desk.restart()
    begun = time.process_time()
    assert desk.look(1).growing == 0
    assert time.process_time() - begun < 1.5  # 0.1 s; it is the order that counts


def test_the_list_is_kept_and_a_damaged_one_set_aside(home: Path, folder: Path):
    folders = (WatchedFolder(folder), WatchedFolder(folder / "x", subfolders=True, profile="Night"))
    assert load(home) == ()
    save(home, folders)
    assert load(home) == folders
    for damaged in ("{", "[]", '{"version": 2, "folders": []}', '{"version": 1, "folders": [{}]}'):
        (home / "watch.json").write_text(damaged)
        with pytest.raises(UserError, match="set aside"):
            load(home)
        assert load(home) == ()


class TestWatcher:
    """The threads, over a real queue."""

    @pytest.fixture
    def told(self):
        return threading.Condition(), []

    def watcher(self, bench: Bench, told, **changes) -> Watcher:
        heard, news = told

        def tell(folder: WatchedFolder, look: Look) -> None:
            with heard:
                news.append((folder, look))
                heard.notify_all()

        return Watcher(bench.home, bench.service, tell, interval_s=0.01, **changes)

    def wait(self, bench: Bench, told, condition) -> None:
        heard, news = told
        end = time.monotonic() + 120
        while not any(condition(*item) for item in list(news)):
            assert time.monotonic() < end, news
            with bench.service.transaction():
                pass
            with heard:
                heard.wait(0.01)

    @pytest.fixture
    def bench(self, tmp_path: Path):
        bench = Bench(tmp_path / "home")
        yield bench
        bench.service.close()

    def test_recordings_come_into_the_queue_as_their_folders_profile_says(
        self, bench: Bench, told, folder: Path, tmp_path: Path
    ):
        other = tmp_path / "other"
        other.mkdir()
        watcher = self.watcher(bench, told)
        watcher.usual = Choice(JobOptions(language="es"))
        watcher.profiles = {"Night": Choice(JobOptions(language="ca"), Priority.LOW)}
        (folder / "a.wav").write_bytes(b"one")
        (other / "b.wav").write_bytes(b"two")
        watcher.watch([WatchedFolder(folder), WatchedFolder(other, profile="Night")])
        for path in (folder, other):
            self.wait(bench, told, lambda f, look, path=path: f.path == path and look.took == 1)
        watcher.close()
        jobs = {Path(job.path).name: job for job in bench.answer(bench.service.jobs())}
        assert (jobs["a.wav"].options.language, jobs["a.wav"].priority) == ("es", Priority.NORMAL)
        assert (jobs["b.wav"].options.language, jobs["b.wav"].priority) == ("ca", Priority.LOW)
        assert {job.state for job in jobs.values()} == {JobState.QUEUED}

    def test_a_file_that_goes_while_it_is_handed_in_is_taken_when_it_comes_back(
        self, bench: Bench, told, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        stays, goes, aside = folder / "a.wav", folder / "b.wav", tmp_path / "b.wav"
        for path in (stays, goes):
            path.write_bytes(path.name.encode())

        def hash_and_lose(path: Path) -> str:
            content = source_sha256(path)
            if path == goes:
                goes.rename(aside)
            return content

        monkeypatch.setattr("fi_desktop.watch.watched.source_sha256", hash_and_lose)
        watcher = self.watcher(bench, told)
        watcher.watch([WatchedFolder(folder)])
        self.wait(bench, told, lambda _f, look: look.state is FolderState.REFUSED)
        monkeypatch.undo()
        aside.rename(goes)  # the same file as before
        self.wait(bench, told, lambda _f, look: look.taken == 2)
        watcher.close()
        assert {Path(job.path) for job in bench.answer(bench.service.jobs())} == {stays, goes}

    def test_a_drive_that_does_not_answer_keeps_nobody_else_waiting(
        self, bench: Bench, told, folder: Path, tmp_path: Path
    ):
        answers = threading.Event()
        slow = tmp_path / "slow"
        slow.mkdir()

        def listing(watched: WatchedFolder, tally: Tally):
            if watched.path == slow:
                assert answers.wait(30)
            return list(recordings_in(watched, tally))

        watcher = self.watcher(bench, told, listing=listing)
        for path in (folder, slow):
            (path / f"{path.name}.wav").write_bytes(path.name.encode())
        watcher.watch([WatchedFolder(slow), WatchedFolder(folder)])
        self.wait(bench, told, lambda f, look: look.took == 1)
        assert [f.path for f, look in told[1] if look.took] == [folder]
        watcher.watch([WatchedFolder(slow)])
        answers.set()
        self.wait(bench, told, lambda f, look: f.path == slow and look.took == 1)
        watcher.close()

    def test_nothing_is_told_while_nothing_changes_and_after_the_end(self, bench: Bench, told, folder: Path):
        watcher = self.watcher(bench, told)
        watcher.watch([WatchedFolder(folder)])
        self.wait(bench, told, lambda _f, look: look.state is FolderState.WATCHING)
        folder.rmdir()
        self.wait(bench, told, lambda _f, look: look.state is FolderState.GONE)
        folder.mkdir()
        self.wait(bench, told, lambda _f, look: len(told[1]) == 3)
        watcher.watch([])
        assert watcher.folders == ()
        assert [look.state for _, look in told[1]] == [
            FolderState.WATCHING,
            FolderState.GONE,
            FolderState.WATCHING,
        ]
