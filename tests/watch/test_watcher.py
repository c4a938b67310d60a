"""A watched folder with real files: what is queued, when, and what is never queued twice."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.audio.media_files import LeftOut, Tally, source_sha256
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.export_rules import ExportRule
from fi_desktop.vault import keys_folder
from fi_desktop.vault.home_files import HomeFile, HomeFiles
from fi_desktop.vault.vault import Vault, VaultLocked
from fi_desktop.watch.config import Choice, WatchedFolder
from fi_desktop.watch.seen_files import FIRST_SCANS, SeenFile, SeenFiles, forget
from fi_desktop.watch.watcher import (
    FolderScan,
    FolderState,
    FolderWatch,
    Watcher,
    recordings_in,
    skip,
    unseen,
)
from tests.jobs.conftest import Bench
from tests.watch.conftest import NOW, Scanner


def test_file_is_queued_once_it_stayed_the_same_for_some_scans(scanner: Scanner, folder: Path):
    (folder / "a.wav").write_bytes(b"RIFF")
    waiting = scanner.scan(FIRST_SCANS - 1)
    assert (waiting.growing, waiting.queued, scanner.queued) == (1, 0, [])
    assert scanner.scan(1) == FolderScan(FolderState.WATCHING, total=1, last_at=NOW, queued=1)
    assert scanner.scan().queued == 0
    assert scanner.queued == ["a.wav"]
    assert (folder / "a.wav").read_bytes() == b"RIFF"


def test_growing_file_waits(scanner: Scanner, folder: Path):
    with (folder / "a.wav").open("wb") as file:
        for _ in range(2 * FIRST_SCANS):
            file.write(b"RIFF")
            file.flush()
            assert scanner.scan(1).growing == 1
    assert scanner.scan(FIRST_SCANS - 1).queued == 1


def test_file_rewritten_at_the_same_size_waits(scanner: Scanner, folder: Path):
    path = folder / "a.wav"
    for moment in range(2 * FIRST_SCANS):
        path.write_bytes(b"RIFF")
        os.utime(path, ns=(moment, moment))
        assert scanner.scan(1).queued == 0
    assert scanner.scan(FIRST_SCANS - 1).queued == 1


def test_empty_file_waits_for_content(scanner: Scanner, folder: Path):
    (folder / "a.wav").touch()
    assert scanner.scan(3 * FIRST_SCANS).growing == 1
    (folder / "a.wav").write_bytes(b"RIFF")
    assert scanner.scan().queued == 1


def test_other_files_are_counted_and_hidden_ones_ignored(scanner: Scanner, folder: Path):
    for name in ("notes.txt", ".hidden.wav", "1.ds2", "2.DS2"):
        (folder / name).write_bytes(b"x")
    (folder / "sub").mkdir()
    (folder / "sub" / "below.wav").write_bytes(b"RIFF")
    others = LeftOut(others=((".ds2", 2), (".txt", 1)))
    assert scanner.scan() == FolderScan(FolderState.WATCHING, total=0, last_at=None, left_out=others)


def test_subfolders_are_scanned_if_wanted_and_link_cycles_are_not_followed(home: Path, folder: Path):
    scanner = Scanner(home, WatchedFolder(folder, subfolders=True))
    (folder / "2026" / "11").mkdir(parents=True)
    (folder / "2026" / "11" / "below.WAV").write_bytes(b"RIFF")
    (folder / "2026" / "round").symlink_to(folder)
    assert scanner.scan().queued == 1
    assert scanner.queued == ["below.WAV"]


def test_queued_file_is_known_after_a_restart_and_under_another_name(scanner: Scanner, folder: Path):
    (folder / "a.wav").write_bytes(b"one")
    scanner.scan()
    scanner.restart()
    assert scanner.scan() == FolderScan(FolderState.WATCHING, total=1, last_at=NOW)
    (folder / "a.wav").rename(folder / "b.wav")
    os.utime(folder / "b.wav", ns=(1, 1))
    assert scanner.scan().queued == 0
    (folder / "copy of b.wav").write_bytes(b"one")
    assert scanner.scan().queued == 0


def test_two_copies_that_arrive_together_are_one_recording(scanner: Scanner, folder: Path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(b"one")
    assert scanner.scan().queued == 1


def test_files_with_equal_length_and_ends_are_all_queued(scanner: Scanner, folder: Path):
    for number in range(3):
        (folder / f"0{number}00.wav").write_bytes(bytes(100_000) + bytes([number]) + bytes(100_000))
    assert scanner.scan().queued == 3
    (folder / "0000.wav").rename(folder / "renamed.wav")
    assert scanner.scan().queued == 0


def test_another_recording_of_the_same_name_is_queued(scanner: Scanner, folder: Path):
    (folder / "REC001.WAV").write_bytes(b"one")
    scanner.scan()
    (folder / "REC001.WAV").unlink()
    scanner.scan()
    (folder / "REC001.WAV").write_bytes(b"two")
    assert scanner.scan().queued == 1
    assert scanner.queued == ["REC001.WAV", "REC001.WAV"]


def test_file_deleted_before_it_is_complete_is_forgotten(scanner: Scanner, folder: Path):
    (folder / "a.wav").write_bytes(b"one")
    assert scanner.scan(1).growing == 1
    (folder / "a.wav").unlink()
    assert scanner.scan(1).growing == 0
    assert scanner.queued == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may read anything")
def test_unreadable_file_is_counted_and_tried_again(scanner: Scanner, folder: Path):
    path = folder / "a.wav"
    path.write_bytes(b"one")
    path.chmod(0)
    assert scanner.scan() == FolderScan(FolderState.WATCHING, total=0, last_at=None, locked=1)
    path.chmod(0o600)
    assert scanner.scan(1).queued == 1
    folder.chmod(0)
    assert scanner.scan(1).state is FolderState.UNREADABLE
    folder.chmod(0o700)
    assert scanner.scan(1).state is FolderState.WATCHING


def test_unreadable_folder_reports_the_systems_message(home: Path, folder: Path):
    def broken(_folder: WatchedFolder, _tally: Tally):
        raise OSError(5, "Input/output error")

    scanner = Scanner(home, WatchedFolder(folder))
    seen = SeenFiles(HomeFiles(home), folder)
    watch = FolderWatch(scanner.folder, seen, scanner, now=lambda: NOW, listing=broken)
    assert watch.scan() == FolderScan(
        FolderState.UNREADABLE, total=0, last_at=None, reason="Input/output error"
    )


def test_folder_that_disappears_and_returns_queues_nothing_twice(scanner: Scanner, folder: Path):
    (folder / "a.wav").write_bytes(b"one")
    scanner.scan()
    elsewhere = folder.with_name("unplugged")
    folder.rename(elsewhere)
    assert scanner.scan().state is FolderState.GONE
    folder.write_bytes(b"a file of this name")
    assert scanner.scan(1).state is FolderState.GONE
    folder.unlink()
    elsewhere.rename(folder)
    (folder / "b.wav").write_bytes(b"two")
    assert scanner.scan().queued == 1
    assert scanner.queued == ["a.wav", "b.wav"]


@pytest.mark.parametrize("refusal", [TransientError(messages.DISK_FULL), UserError(messages.APP_CLOSING)])
def test_refused_file_is_submitted_again(scanner: Scanner, folder: Path, refusal: Exception):
    (folder / "a.wav").write_bytes(b"one")
    scanner.refusal = refusal
    refused = scanner.scan()
    assert refused.state is FolderState.REFUSED
    assert refused.refusal is not None
    assert refused.refusal.message == str(refusal)
    scanner.refusal = None
    assert scanner.scan(1).queued == 1


def test_existing_files_can_be_skipped(scanner: Scanner, folder: Path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(name.encode())
    there = unseen(HomeFiles(scanner.home), scanner.folder)
    assert sorted(Path(found.path).name for found in there) == ["a.wav", "b.wav"]
    skip(HomeFiles(scanner.home), scanner.folder, there)
    assert unseen(HomeFiles(scanner.home), scanner.folder) == []
    (folder / "a.wav").rename(folder / "renamed.wav")
    scanner.restart()
    (folder / "b.wav").write_bytes(b"recorded over")
    assert scanner.scan().queued == 1
    assert scanner.queued == ["b.wav"]


def test_incomplete_line_loses_only_that_line(scanner: Scanner, folder: Path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(name.encode())
        scanner.scan()
    (lines,) = (scanner.home / "watch").iterdir()
    lines.write_bytes(lines.read_bytes()[:-30])
    scanner.restart()
    assert scanner.scan().queued == 1
    scanner.restart()
    assert scanner.scan().queued == 0
    forget(HomeFiles(scanner.home), folder)
    assert unseen(HomeFiles(scanner.home), scanner.folder) != []


def test_stored_lines_reveal_no_name_and_no_content(scanner: Scanner, folder: Path):
    content = b"RIFF of Ana"
    (folder / "Ana Belen.wav").write_bytes(content)
    (folder / "Zoe Cano.wav").write_bytes(b"skipped")
    skip(
        HomeFiles(scanner.home),
        scanner.folder,
        [found for found in unseen(HomeFiles(scanner.home), scanner.folder) if "Zoe" in found.path],
    )
    scanner.restart()
    assert scanner.scan().queued == 1
    kept = b"".join(path.read_bytes() for path in (scanner.home / "watch").iterdir())
    for private in (b"Ana", b"Zoe", folder.name.encode(), hashlib.sha256(content).hexdigest().encode()):
        assert private not in kept
    forget(HomeFiles(scanner.home), folder)
    assert list((scanner.home / "watch").iterdir()) == []


def test_lines_of_an_earlier_version_stay_known_and_lose_their_names(scanner: Scanner, folder: Path):
    queued, skipped = folder / "Ana Belen.wav", folder / "Zoe Cano.wav"
    lines = []
    for path, seen in (
        (queued, {"content": "5" * 64, "taken_at": NOW}),
        (skipped, {"content": "", "taken_at": None}),
    ):
        path.write_bytes(path.name.encode())
        status = path.stat()
        lines.append({"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns, **seen})
    (scanner.home / "watch").mkdir(exist_ok=True)
    kept = scanner.home / "watch" / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.jsonl"
    kept.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"path": "cut of')
    for _ in range(2):
        scanner.restart()
        assert scanner.scan() == FolderScan(FolderState.WATCHING, total=1, last_at=NOW)
        assert not kept.exists()
        (own,) = (scanner.home / "watch").iterdir()
        assert b"Ana" not in own.read_bytes()
    skipped.rename(folder / "renamed.wav")
    (folder / "new.wav").write_bytes(b"new")
    assert scanner.scan().queued == 1
    scanner.restart()
    assert scanner.scan() == FolderScan(FolderState.WATCHING, total=2, last_at=NOW)


def test_lines_with_their_key_in_front_stay_known_and_the_key_is_kept_apart(home: Path, folder: Path):
    path, key = folder / "Ana Belen.wav", b"k" * 32

    def coded(text: str) -> str:
        return hashlib.blake2b(os.fsencode(text), key=key, digest_size=16).hexdigest()

    path.write_bytes(b"one")
    status = path.stat()
    line = {"file": coded(str(path)), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    lines = [{"key": key.hex()}, {**line, "content": coded("5" * 64), "taken_at": NOW}]
    earlier = home / "watch" / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.jsonl"
    earlier.parent.mkdir()
    earlier.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")
    killed = earlier.read_bytes()
    for _ in range(2):
        scanner = Scanner(home, WatchedFolder(folder))
        assert scanner.scan() == FolderScan(FolderState.WATCHING, total=1, last_at=NOW)
        assert not earlier.exists()
        (own,) = earlier.parent.iterdir()
        assert key.hex() not in own.read_text()
        earlier.write_bytes(killed)  # as if the program had been killed before it was deleted
    scanner = Scanner(home, WatchedFolder(folder))
    earlier.write_bytes(killed)
    own.unlink()  # or after the key was written
    assert Scanner(home, WatchedFolder(folder)).scan() == scanner.scan()
    assert key.hex() in (home / HomeFile.SEEN_FOLDERS).read_text()


def test_in_a_sealed_home_what_was_seen_cannot_be_looked_up(home: Path, folder: Path, tmp_path: Path):
    (folder / "Ana Belen.wav").write_bytes(b"one")
    assert Scanner(home, WatchedFolder(folder)).scan().queued == 1
    vault = Vault.create(keys_folder(home), keyring=False, passphrase="caballo grapa pila")
    files = HomeFiles(home, lambda: vault)
    assert files.seal_all() == {HomeFile.SEEN_FOLDERS}
    assert folder.name.encode() not in (home / HomeFile.SEEN_FOLDERS).read_bytes()
    seen = SeenFiles(files, folder)
    assert seen.queued == 1
    vault.lock()
    seen.add([SeenFile("b.wav", 1, 2, "c", NOW)])  # a folder that is watched goes on
    for refused in (lambda: SeenFiles(files, folder), lambda: forget(files, folder)):
        with pytest.raises(VaultLocked):
            refused()
    vault.unlock("caballo grapa pila")
    assert SeenFiles(files, folder).queued == 2
    forget(files, folder)
    assert list((home / "watch").iterdir()) == []
    assert SeenFiles(files, folder).queued == 0
    vault.close()


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be made unwritable so")
def test_lines_that_could_not_be_written_are_written_with_the_next_ones(home: Path, folder: Path):
    (home / "watch").write_bytes(b"no folder")
    scanner = Scanner(home, WatchedFolder(folder))
    (folder / "a.wav").write_bytes(b"one")
    assert scanner.scan().queued == 1
    (home / "watch").unlink()
    (folder / "b.wav").write_bytes(b"two")
    assert scanner.scan().queued == 1
    scanner.restart()
    assert scanner.scan() == FolderScan(FolderState.WATCHING, total=2, last_at=NOW)


def test_scan_of_ten_thousand_files_is_cheap(scanner: Scanner, folder: Path):
    for number in range(10_000):
        (folder / f"{number}.wav").touch()
    skip(HomeFiles(scanner.home), scanner.folder, recordings_in(scanner.folder, Tally()))
    scanner.restart()
    begun = time.process_time()
    assert scanner.scan(1).growing == 0
    assert time.process_time() - begun < 1.5  # 0.1 s; it is the order that counts


class WatcherBench:
    """A watcher over a real queue, and the scans it reported."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.scans: list[tuple[WatchedFolder, FolderScan]] = []
        self._reported = threading.Condition()

    def watcher(self, **changes: Any) -> Watcher:
        return Watcher(
            HomeFiles(self.bench.home), self.bench.service, self._on_scan, interval_s=0.01, **changes
        )

    def wait_for(self, condition: Callable[[WatchedFolder, FolderScan], bool]) -> None:
        end = time.monotonic() + 120
        while not any(condition(*item) for item in list(self.scans)):
            assert time.monotonic() < end, self.scans
            with self.bench.service.transaction():
                pass
            with self._reported:
                self._reported.wait(0.01)

    def _on_scan(self, folder: WatchedFolder, scan: FolderScan) -> None:
        with self._reported:
            self.scans.append((folder, scan))
            self._reported.notify_all()


class TestWatcher:
    """The threads, over a real queue."""

    @pytest.fixture
    def watched(self, bench: Bench) -> WatcherBench:
        return WatcherBench(bench)

    def test_recordings_are_queued_with_the_profile_of_their_folder(
        self, watched: WatcherBench, folder: Path, tmp_path: Path
    ):
        other = tmp_path / "other"
        other.mkdir()
        watcher = watched.watcher()
        watcher.default_choice = Choice(JobOptions(language="es"))
        watcher.profiles = {"Night": Choice(JobOptions(language="ca"), Priority.LOW)}
        (folder / "a.wav").write_bytes(b"one")
        (other / "b.wav").write_bytes(b"two")
        watcher.watch([WatchedFolder(folder), WatchedFolder(other, profile="Night")])
        for path in (folder, other):
            watched.wait_for(lambda f, scan, path=path: f.path == path and scan.queued == 1)
        watcher.close()
        jobs = {Path(job.path).name: job for job in watched.bench.answer(watched.bench.service.jobs())}
        assert (jobs["a.wav"].options.language, jobs["a.wav"].priority) == ("es", Priority.NORMAL)
        assert (jobs["b.wav"].options.language, jobs["b.wav"].priority) == ("ca", Priority.LOW)
        assert {job.state for job in jobs.values()} == {JobState.QUEUED}

    def test_results_are_exported_as_the_folder_says_or_else_its_profile(
        self, watched: WatcherBench, folder: Path, tmp_path: Path
    ):
        other = tmp_path / "other"
        other.mkdir()
        watcher = watched.watcher()
        watcher.profiles = {"Night": Choice(JobOptions(), Priority.LOW, "a1")}
        watcher.rules = {"b2": ExportRule("completed", str(folder), True, formats=("docx", "srt"))}
        for path in (folder / "a.wav", folder / "a.docx", folder / "letter.odt", other / "b.wav"):
            path.write_bytes(path.name.encode())
        own = WatchedFolder(folder, profile="Night", exports="b2")
        watcher.watch([own, WatchedFolder(other, profile="Night")])
        for path in (folder, other):
            watched.wait_for(lambda f, scan, path=path: f.path == path and scan.queued == 1)
        assert watcher.scans[own].left_out.others == ((".odt", 1),)
        watcher.close()
        jobs = watched.bench.answer(watched.bench.service.jobs())
        assert {(Path(job.path).name, job.exports) for job in jobs} == {
            ("a.wav", ("b2",)),
            ("b.wav", ("a1",)),
        }

    def test_file_deleted_while_it_is_submitted_is_queued_when_it_returns(
        self, watched: WatcherBench, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        stays, goes, aside = folder / "a.wav", folder / "b.wav", tmp_path / "b.wav"
        for path in (stays, goes):
            path.write_bytes(path.name.encode())

        def hash_and_lose(path: Path) -> str:
            content = source_sha256(path)
            if path == goes:
                goes.rename(aside)
            return content

        monkeypatch.setattr("fi_desktop.watch.watcher.source_sha256", hash_and_lose)
        watcher = watched.watcher()
        watcher.watch([WatchedFolder(folder)])
        watched.wait_for(lambda _f, scan: scan.state is FolderState.REFUSED)
        monkeypatch.undo()
        aside.rename(goes)  # the same file as before
        watched.wait_for(lambda _f, scan: scan.total == 2)
        watcher.close()
        assert {Path(job.path) for job in watched.bench.answer(watched.bench.service.jobs())} == {stays, goes}

    def test_drive_that_does_not_answer_delays_no_other_folder(
        self, watched: WatcherBench, folder: Path, tmp_path: Path
    ):
        answers = threading.Event()
        slow = tmp_path / "slow"
        slow.mkdir()

        def listing(watched: WatchedFolder, tally: Tally):
            if watched.path == slow:
                assert answers.wait(30)
            return list(recordings_in(watched, tally))

        watcher = watched.watcher(listing=listing)
        for path in (folder, slow):
            (path / f"{path.name}.wav").write_bytes(path.name.encode())
        watcher.watch([WatchedFolder(slow), WatchedFolder(folder)])
        watched.wait_for(lambda f, scan: scan.queued == 1)
        assert [f.path for f, scan in watched.scans if scan.queued] == [folder]
        watcher.watch([WatchedFolder(slow)])
        answers.set()
        watched.wait_for(lambda f, scan: f.path == slow and scan.queued == 1)
        watcher.close()

    def test_scans_are_reported_only_if_they_change_and_while_watching(
        self, watched: WatcherBench, folder: Path
    ):
        watcher = watched.watcher()
        watcher.watch([WatchedFolder(folder)])
        watched.wait_for(lambda _f, scan: scan.state is FolderState.WATCHING)
        folder.rmdir()
        watched.wait_for(lambda _f, scan: scan.state is FolderState.GONE)
        folder.mkdir()
        watched.wait_for(lambda _f, scan: len(watched.scans) == 3)
        watcher.watch([])
        assert watcher.folders == ()
        assert [scan.state for _, scan in watched.scans] == [
            FolderState.WATCHING,
            FolderState.GONE,
            FolderState.WATCHING,
        ]
