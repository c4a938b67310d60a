"""Results of profiles and watched folders, each written as its rule says: the real store and thread."""

from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core import messages
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import Exporter
from fi_desktop.jobs import export_folders, written_files
from fi_desktop.jobs.export_rules import NEVER, ExportRule, load_rules, save_rules
from fi_desktop.jobs.queue_events import Notice
from fi_desktop.vault.home_files import HomeFiles
from tests.jobs.clinic import DRAFT, Clinic

OWN = "a1"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path / "home", tmp_path / "results")
    yield clinic
    clinic.shut_exports()
    clinic.bench.service.close()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of a profile."""
    folder = tmp_path / "therapy"
    folder.mkdir()
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A watched folder with a folder in it."""
    (tmp_path / "shared" / "monday").mkdir(parents=True)
    return tmp_path / "shared"


def test_each_result_is_written_as_its_profile_says(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own), formats=("txt", "srt"), name="{date} {name}")
    clinic.rule("none", when=NEVER)
    clinic.rule("same", when="settings")
    clinic.open_exports()
    for name, key in (("a", ""), ("b", OWN), ("c", "none"), ("d", "same"), ("e", "damaged")):
        clinic.added(tmp_path / f"{name}.wav", key)
    clinic.finish()
    assert clinic.names() == ["a.txt", "d.txt"]
    assert [name[11:] for name in clinic.names(own)] == ["b.srt", "b.txt"]


def test_a_profile_has_results_written_even_if_the_settings_do_not(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports(export_when="never")
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.added(tmp_path / "b.wav")
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == ([], ["a.txt"])


def test_results_are_written_when_their_profile_says(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own), when="signed")
    clinic.open_exports()
    job_id = clinic.added(tmp_path / "a.wav", OWN)
    clinic.review(job_id)
    clinic.finish()
    assert clinic.names(own) == []
    clinic.sign(job_id)
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == ([], ["a.txt"])


def test_only_the_results_whose_folder_is_away_wait(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    away = own.with_name("away")
    own.rename(away)
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.added(tmp_path / "b.wav")
    clinic.added(tmp_path / "c.wav", OWN)
    clinic.finish()
    assert clinic.names() == ["b.txt"]
    assert clinic.exports.held.code == "exports.away"
    assert str(own) in str(clinic.exports.held)
    away.rename(own)
    clinic.wait_until_written("a.txt", "c.txt", folder=own)
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.away", None]


def test_several_folders_that_are_away_are_counted(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    for folder in (own, clinic.target):
        folder.rename(folder.with_name(f"{folder.name}-away"))
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.added(tmp_path / "b.wav")
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.away", "exports.several"]
    assert "2 folders" in str(clinic.exports.held)
    own.with_name("therapy-away").rename(own)
    clinic.wait_until_written("a.txt", folder=own)
    clinic.finish()
    while clinic.held()[-1] != "exports.away":
        clinic.transact()
    assert str(clinic.target) in str(clinic.exports.held)
    clinic.kill()
    clinic.open_exports()
    clinic.target.with_name("results-away").rename(clinic.target)
    clinic.wait_until_written("b.txt")
    assert clinic.names(own) == ["a.txt"]


def test_another_folder_of_the_profile_takes_the_results_that_wait(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    written = clinic.added(tmp_path / "a.wav", OWN)
    clinic.finish()
    own.rename(own.with_name("lost"))
    clinic.added(tmp_path / "b.wav", OWN)
    clinic.finish()
    moved = tmp_path / "moved"
    moved.mkdir()
    clinic.rule(OWN, folder=str(moved))
    clinic.wait_until_written("b.txt", folder=moved)  # what was written before is not written twice
    clinic.review(written)
    clinic.wait_until_written("a.txt", "b.txt", folder=moved)


def test_switching_a_profile_concerns_results_that_finish_later(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, when=NEVER)
    clinic.open_exports()
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.bench.now += 100
    clinic.rule(OWN, folder=str(own))
    clinic.added(tmp_path / "b.wav", OWN)
    clinic.finish()
    clinic.bench.now += 100
    clinic.rule(OWN, when="settings")
    clinic.finish()
    clinic.added(tmp_path / "c.wav", OWN)
    clinic.finish()
    clinic.kill()
    clinic.open_exports()
    assert (clinic.names(), clinic.names(own)) == (["c.txt"], ["b.txt"])


def test_the_rule_of_a_deleted_profile_applies_without_a_message_about_its_folder(
    clinic: Clinic, own: Path, tmp_path: Path
):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    own.rename(own.with_name("away"))
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.finish()
    clinic.rule(OWN, folder=str(own), owned=False)
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.away", None]
    assert clinic.names() == []  # and not where the settings say
    own.with_name("away").rename(own)
    clinic.wait_until_written("a.txt", folder=own)


def test_a_message_stays_while_a_result_of_another_profile_waits_for_the_same_folder(
    clinic: Clinic, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clinic.rule(OWN, folder=str(own), owned=False)
    clinic.rule("b2", folder=str(own))
    clinic.open_exports()
    own.rename(own.with_name("away"))
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.added(tmp_path / "b.wav", "b2")
    clinic.finish()
    asked = []
    monkeypatch.setattr(clinic.exports, "_look", lambda look=clinic.exports._look: (asked.append(1), look()))
    while len(asked) < 4:  # looks whether the folder is back
        clinic.transact()
    assert clinic.held() == ["exports.away"]
    clinic.remove(2)
    while clinic.held() != ["exports.away", None]:
        clinic.transact()


def test_results_for_other_folders_do_not_wait_for_a_drive_that_does_not_answer(
    clinic: Clinic, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answers = threading.Event()
    is_dir = Path.is_dir

    def hang(path: Path) -> bool:  # as a server does that was switched off, which cannot be had here
        if path == own:
            answers.wait(60)
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", hang)
    monkeypatch.setattr(export_folders, "ANSWER_S", 1.0)  # a folder that answers may take a moment
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    for number in range(3):
        clinic.added(tmp_path / f"own {number}.wav", OWN)
        clinic.added(tmp_path / f"{number}.wav")
    clinic.wait_until_written("0.txt", "1.txt", "2.txt")
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.away"]
    answers.set()
    clinic.wait_until_written("own 0.txt", "own 1.txt", "own 2.txt", folder=own)


class StoppedDrive:
    """A folder whose drive stops answering while a file is written, which cannot be had here.

    Attributes:
        reached: a file is being written.
        answers: the drive answers again; fails: with an error.
        writers: the threads that wrote.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.answers, self.fails = threading.Event(), threading.Event(), False
        self.writers: list[threading.Thread] = []
        write = written_files.write_by_way_of

        def hang(temp: Path, target: Path, content: bytes, **how: Any) -> None:
            if target.is_relative_to(folder) and not self.answers.is_set():
                self.writers.append(threading.current_thread())
                self.reached.set()
                self.answers.wait(60)
                if self.fails:
                    raise OSError(errno.EIO, "the drive")
            write(temp, target, content, **how)

        monkeypatch.setattr(written_files, "write_by_way_of", hang)
        monkeypatch.setattr(export_folders, "ANSWER_S", 1.0)  # a folder that answers may take a moment


@pytest.mark.parametrize("fails", [False, True], ids=["goes on", "fails"])
def test_a_drive_that_stops_while_a_result_is_written_delays_no_other_folder(
    clinic: Clinic, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
):
    drive = StoppedDrive(own, monkeypatch)
    drive.fails = fails
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    for number in range(3):
        clinic.added(tmp_path / f"own {number}.wav", OWN)
        clinic.added(tmp_path / f"{number}.wav")
    clinic.wait_until_written("0.txt", "1.txt", "2.txt")
    assert drive.reached.is_set()
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.away"]
    clinic.change(language="es")  # looks at everything again
    clinic.finish()
    assert clinic.names(own) == []
    assert len(drive.writers) == 1  # nobody else waits for the drive
    drive.answers.set()
    clinic.wait_until_written("own 0.txt", "own 1.txt", "own 2.txt", folder=own)
    wait_for_nothing(clinic)
    assert clinic.held() == ["exports.away", None]


def wait_for_nothing(clinic: Clinic) -> None:
    """Run transactions until no result waits for a folder."""
    deadline = time.monotonic() + 20
    while clinic.held()[-1] is not None:
        assert time.monotonic() < deadline
        clinic.transact()


def test_a_result_for_two_folders_is_written_to_both_once_the_drive_answers(
    clinic: Clinic, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, copy = tmp_path / "a.wav", tmp_path / "b.wav"
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports(export_when="reviewed")
    clinic.rule(OWN, folder=str(own), when="reviewed")
    job_id = clinic.added(first)
    copy.write_bytes(first.read_bytes())
    assert clinic.added(copy, OWN, again=False) == job_id
    drive = StoppedDrive(clinic.target, monkeypatch)  # the first of the two, by name
    clinic.review(job_id)
    clinic.finish()
    assert drive.reached.is_set()
    clinic.added(tmp_path / "c.wav")
    clinic.finish()
    assert clinic.names(own) == []  # the list of the job's files is in use
    drive.answers.set()
    clinic.wait_until_written("b.txt", folder=own)
    clinic.wait_until_written("a.txt")
    wait_for_nothing(clinic)
    (listed,) = (clinic.bench.home / "jobs" / str(job_id)).glob("exported.json")
    assert len(json.loads(listed.read_text())["done"]) == 2
    clinic.kill()
    clinic.open_exports()
    assert (clinic.names(), clinic.names(own)) == (["a.txt"], ["b.txt"])


def test_a_recording_that_is_added_again_is_written_as_the_last_profile_says(
    clinic: Clinic, own: Path, tmp_path: Path
):
    clinic.rule(OWN, folder=str(own))
    clinic.rule("none", when=NEVER)
    clinic.open_exports()
    path = tmp_path / "a.wav"
    job_id = clinic.added(path, "none")
    clinic.finish()
    assert clinic.added(path, again=False) == job_id  # without a wish: the profile's stays
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == ([], [])
    assert clinic.added(path, OWN, again=False) == job_id
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == ([], ["a.txt"])


def test_a_copy_is_written_as_its_profile_says(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    first, copy = tmp_path / "a.wav", tmp_path / "b.wav"
    job_id = clinic.added(first)
    copy.write_bytes(first.read_bytes())
    assert clinic.added(copy, OWN, again=False) == job_id
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == (["a.txt"], ["b.txt"])
    clinic.review(job_id)
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == (["a.txt"], ["b.txt"])
    assert DRAFT not in clinic.text("a.txt")
    assert DRAFT not in (own / "b.txt").read_text(encoding="utf-8-sig")


def test_other_options_do_not_change_where_results_are_written(clinic: Clinic, own: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(own))
    clinic.open_exports()
    path = tmp_path / "a.wav"
    job_id = clinic.added(path, OWN)
    clinic.finish()
    other = JobOptions(SpeakerCount(3, 3))
    clinic.bench.answer(clinic.bench.service.change({job_id: path}, other, again=True))
    clinic.complete(job_id, clinic.result(path))
    clinic.finish()
    assert clinic.bench.job(job_id).options == other
    assert (clinic.names(), clinic.names(own)) == ([], ["a.txt"])
    clinic.bench.answer(clinic.bench.service.choose_exports([job_id], ""))
    clinic.finish()
    assert clinic.names() == ["a.txt"]


def test_results_are_written_to_their_recordings(clinic: Clinic, shared: Path, tmp_path: Path):
    clinic.rule(OWN, folder=str(shared), with_recordings=True)
    clinic.rule("b2", folder=str(shared), with_recordings=True, subfolder="Transcripciones")
    clinic.open_exports()
    clinic.added(shared / "a.wav", OWN)
    clinic.added(shared / "monday" / "b.wav", OWN)
    clinic.added(shared / "monday" / "c.wav", "b2")
    clinic.added(tmp_path / "elsewhere.wav", OWN)
    clinic.finish()
    assert clinic.names(shared) == ["a.txt", "a.wav", "elsewhere.txt", "monday"]
    assert clinic.names(shared / "monday") == ["Transcripciones", "b.txt", "b.wav", "c.wav"]
    assert clinic.names(shared / "monday" / "Transcripciones") == ["c.txt"]


def test_a_recording_that_left_its_folder_has_its_result_in_what_is_left(clinic: Clinic, shared: Path):
    clinic.rule(OWN, folder=str(shared), with_recordings=True)
    clinic.open_exports(export_when="never")
    away = shared.with_name("away")
    path = shared / "monday" / "a.wav"
    path.write_bytes(b"RIFF")
    shared.rename(away)
    job_id = clinic.added(away / "monday" / "a.wav")
    clinic.bench.answer(clinic.bench.service.relocate(job_id, path))
    clinic.bench.answer(clinic.bench.service.choose_exports([job_id], OWN))
    clinic.finish()
    assert clinic.exports.held.code == "exports.away"
    assert not shared.exists()
    (away / "monday" / "a.wav").unlink()
    (away / "monday").rmdir()
    away.rename(shared)
    clinic.wait_until_written("a.txt", folder=shared)


def test_no_file_is_written_to_the_recordings_that_could_be_taken_for_one(
    clinic: Clinic, shared: Path, monkeypatch: pytest.MonkeyPatch
):
    spoken = Exporter("spoken", "Spoken", "wav", "audio/wav", lambda _transcript, _options: b"RIFF")
    monkeypatch.setitem(EXPORTERS._loaded, "spoken", spoken)  # as a plugin may
    clinic.rule(OWN, folder=str(shared), with_recordings=True, formats=("spoken", "txt"))
    clinic.open_exports()
    clinic.added(shared / "a.wav", OWN)
    clinic.finish()
    assert clinic.names(shared) == ["a.txt", "a.wav", "monday"]
    assert load_rules(HomeFiles(clinic.bench.home))[OWN].extensions == {".txt"}


def test_a_damaged_file_of_rules_is_set_aside_and_nothing_is_written_meanwhile(
    clinic: Clinic, own: Path, tmp_path: Path
):
    home = clinic.bench.home
    save_rules(HomeFiles(home), {OWN: ExportRule("completed", str(own), subfolder="..")}, now=0.0)
    clinic.open_exports()
    clinic.added(tmp_path / "a.wav", OWN)
    clinic.finish()
    assert (clinic.names(), clinic.names(own)) == ([], [])
    clinic.transact()
    (notice,) = (event.note for event in clinic.bench.events if isinstance(event, Notice))
    assert notice == messages.EXPORT_RULES_DAMAGED(file="export-rules-unreadable.json")
    assert OWN in json.loads((home / "export-rules-unreadable.json").read_text(encoding="utf-8"))["rules"]
    clinic.rule(OWN, folder=str(own))
    clinic.bench.now += 1
    clinic.added(tmp_path / "b.wav", OWN)
    clinic.finish()
    assert clinic.names(own) == ["a.txt", "b.txt"]
