"""Results that are written to a folder by themselves, through the real store and the real thread."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.revision import Describe
from fi_desktop.jobs.written_files import WrittenFiles
from tests.jobs.archive import MADE, VISIT, transcript
from tests.jobs.clinic import DRAFT, Clinic, visit


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path / "home", tmp_path / "results")
    yield clinic
    clinic.shut_exports()
    clinic.bench.service.close()


def test_a_completed_result_is_written_as_a_draft(clinic: Clinic):
    clinic.open_exports(export_formats=("txt", "docx"))
    clinic.add(visit(), "visit.wav")
    clinic.finish()
    assert clinic.names() == ["visit.docx", "visit.txt"]
    assert DRAFT in clinic.text("visit.txt")
    assert (clinic.target / "visit.txt").stat().st_mode & 0o077 == 0


def test_nothing_is_written_unless_it_is_switched_on(clinic: Clinic):
    clinic.open_exports(export_when="never")
    clinic.add(visit())
    clinic.finish()
    assert clinic.names() == []


def test_results_from_before_it_was_switched_on_are_not_written(clinic: Clinic):
    clinic.add(visit("old.wav"), "old.wav")
    clinic.bench.now += 100
    clinic.open_exports()
    clinic.add(visit("new.wav"), "new.wav")
    clinic.finish()
    clinic.kill()
    clinic.open_exports()
    assert clinic.names() == ["new.txt"]


@pytest.mark.parametrize(
    ("when", "written"),
    [("completed", [True, True, True]), ("reviewed", [False, True, True]), ("signed", [False, False, True])],
)
def test_it_is_written_when_it_is_as_far_as_the_setting_says(clinic: Clinic, when: str, written: list[bool]):
    clinic.open_exports(export_when=when)
    job_id = clinic.add(visit())
    found = []
    for step in (lambda _job: None, clinic.review, clinic.sign):
        step(job_id)
        clinic.finish()
        found.append(clinic.names() == ["visit.txt"])
    assert found == written
    assert "Signed by Dra. Ana Ruiz" in clinic.text("visit.txt")


def test_a_draft_that_is_corrected_and_reviewed_is_replaced(clinic: Clinic):
    clinic.open_exports()
    job_id = clinic.add(visit())
    clinic.finish()
    clinic.edit(job_id, Describe("SPEAKER_00", "Dra. Ruiz"))
    clinic.finish()
    assert "Dra. Ruiz" not in clinic.text("visit.txt")  # nobody reviewed that yet
    clinic.review(job_id)
    clinic.finish()
    assert clinic.names() == ["visit.txt"]
    assert "Dra. Ruiz" in clinic.text("visit.txt")
    assert DRAFT not in clinic.text("visit.txt")


def test_a_signed_file_is_never_replaced(clinic: Clinic):
    clinic.open_exports(export_when="signed")
    job_id = clinic.add(visit())
    clinic.review(job_id)
    clinic.sign(job_id)
    clinic.finish()
    signed = clinic.text("visit.txt")
    clinic.edit(job_id, Describe("SPEAKER_00", "Dra. Ruiz"))
    clinic.review(job_id)
    clinic.sign(job_id)
    clinic.finish()
    assert clinic.names() == ["visit (2).txt", "visit.txt"]
    assert clinic.text("visit.txt") == signed
    assert "Dra. Ruiz" in clinic.text("visit (2).txt")


def test_a_file_of_somebody_else_is_never_replaced(clinic: Clinic):
    (clinic.target / "visit.txt").write_text("somebody's", encoding="utf-8")
    clinic.open_exports()
    job_id = clinic.add(visit())
    clinic.finish()
    assert clinic.text("visit.txt") == "somebody's"
    assert DRAFT in clinic.text("visit (2).txt")
    (clinic.target / "visit (2).txt").write_text("changed by hand", encoding="utf-8")
    clinic.review(job_id)
    clinic.finish()
    assert clinic.text("visit (2).txt") == "changed by hand"
    assert clinic.names() == ["visit (2).txt", "visit (3).txt", "visit.txt"]


def test_two_jobs_of_one_name_and_content_have_a_file_each(clinic: Clinic):
    clinic.open_exports()
    clinic.add(visit())
    second = clinic.add(visit())
    clinic.finish()
    assert clinic.names() == ["visit (2).txt", "visit.txt"]
    clinic.review(second)
    clinic.finish()
    assert DRAFT in clinic.text("visit.txt")
    assert DRAFT not in clinic.text("visit (2).txt")


def test_results_wait_for_a_folder_that_is_away(clinic: Clinic):
    clinic.open_exports()
    away = clinic.target.with_name("away")
    clinic.target.rename(away)
    clinic.add(visit("a.wav"), "a.wav")
    clinic.finish()
    clinic.add(visit("b.wav"), "b.wav")
    clinic.finish()
    clinic.transact()
    assert not clinic.target.exists()  # it is not made again: it would hide the drive's
    assert clinic.held() == ["exports.away"]  # told once
    away.rename(clinic.target)
    clinic.wait_until_written("a.txt", "b.txt")
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.away", None]


def test_the_empty_place_of_a_drive_that_is_away_is_not_its_folder(clinic: Clinic):
    clinic.open_exports()
    clinic.add(visit("a.wav"), "a.wav")
    clinic.finish()
    state_file = clinic.bench.home / "exports.json"
    state = json.loads(state_file.read_text(encoding="utf-8"))
    was_mounted = clinic.target.parent  # a folder now, as if the drive had been taken out
    mounts = {"mounts": {str(clinic.target): str(was_mounted)}}
    state_file.write_text(json.dumps(state | mounts), encoding="utf-8")
    clinic.add(visit("b.wav"), "b.wav")
    clinic.finish()
    clinic.transact()
    assert (clinic.names(), clinic.held()) == (["a.txt"], ["exports.away"])
    state_file.write_text(json.dumps(state), encoding="utf-8")
    clinic.wait_until_written("a.txt", "b.txt")


def test_a_drive_without_links_keeps_the_files_of_others_too(clinic: Clinic, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_names: object, **_options: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")  # as vfat does, which cannot be mounted here

    monkeypatch.setattr(os, "link", refuse)
    (clinic.target / "visit.txt").write_text("somebody's", encoding="utf-8")
    clinic.open_exports()
    clinic.add(visit())
    clinic.finish()
    assert clinic.text("visit.txt") == "somebody's"
    assert clinic.names() == ["visit (2).txt", "visit.txt"]
    assert DRAFT in clinic.text("visit (2).txt")


def test_results_that_wait_are_written_after_a_restart(clinic: Clinic):
    clinic.open_exports()
    away = clinic.target.with_name("away")
    clinic.target.rename(away)
    clinic.add(visit("a.wav"), "a.wav")
    clinic.finish()
    clinic.kill()
    clinic.open_exports()
    away.rename(clinic.target)
    clinic.wait_until_written("a.txt")


def test_a_result_that_completed_right_before_a_kill_is_written(clinic: Clinic):
    clinic.open_exports()
    clinic.shut_exports()  # nobody hears of it
    clinic.bench.now += 1
    job_id = clinic.add(visit())
    clinic.kill()
    clinic.open_exports()
    assert clinic.names() == ["visit.txt"]
    clinic.review(job_id)
    clinic.kill()
    clinic.open_exports()
    assert clinic.names() == ["visit.txt"]
    assert DRAFT not in clinic.text("visit.txt")


def test_a_kill_while_files_are_written_leaves_neither_a_gap_nor_a_second_file(clinic: Clinic):
    clinic.open_exports(export_formats=("txt", "srt"))
    job_id = clinic.add(visit())
    clinic.finish()
    listed = clinic.bench.service.folders.folder(job_id) / "exported.json"
    whole = json.loads(listed.read_text(encoding="utf-8"))
    # before the last entry, right after the first file, and after both, but before the result was complete
    for files, on_disk in ((0, ()), (1, ("visit.txt",)), (1, ()), (2, ("visit.txt", "visit.srt"))):
        clinic.kill()
        for name in {"visit.txt", "visit.srt"} - set(on_disk):
            (clinic.target / name).unlink(missing_ok=True)
        part = whole | {"done": [], "files": whole["files"][:files]}
        listed.write_text(json.dumps(part), encoding="utf-8")
        clinic.open_exports()
        assert clinic.names() == ["visit.srt", "visit.txt"]


def test_files_that_an_earlier_version_listed_are_neither_written_twice_nor_taken_for_others(clinic: Clinic):
    clinic.open_exports()
    job_id = clinic.add(visit())
    clinic.finish()
    clinic.shut_exports()
    folder = clinic.bench.service.folders.folder(job_id)
    listed = json.loads((folder / "exported.json").read_text(encoding="utf-8"))
    (done,) = listed.pop("done")
    old = {"schema": 1, "version": done["version"], "steps": done["steps"], "names": ["visit.wav"]}
    (folder / "exported.json").write_text(json.dumps(listed | old), encoding="utf-8")
    state_file = clinic.bench.home / "exports.json"
    state = json.loads(state_file.read_text(encoding="utf-8"))
    ((name, mount),) = state.pop("mounts").items()
    state_file.write_text(json.dumps(state | {"folder": name, "mount": mount}), encoding="utf-8")
    clinic.kill()
    clinic.open_exports()
    assert json.loads((folder / "exported.json").read_text(encoding="utf-8"))["schema"] == 1  # nothing to do
    clinic.review(job_id)
    clinic.finish()
    assert clinic.names() == ["visit.txt"]
    assert DRAFT not in clinic.text("visit.txt")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that refuses files to every account")
def test_results_wait_for_another_folder_if_theirs_refuses_files(clinic: Clinic):
    clinic.open_exports(export_folder="/proc/self")
    clinic.add(visit())
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.refused"]
    clinic.change(export_folder=str(clinic.target))
    clinic.wait_until_written("visit.txt")
    clinic.finish()
    clinic.transact()
    assert clinic.held() == ["exports.refused", None]


def test_another_folder_takes_the_results_that_wait(clinic: Clinic, tmp_path: Path):
    clinic.open_exports()
    clinic.target.rename(tmp_path / "lost")
    clinic.add(visit())
    clinic.finish()
    clinic.target = tmp_path / "other"
    clinic.target.mkdir()
    clinic.change(export_folder=str(clinic.target))
    clinic.wait_until_written("visit.txt")


def test_recordings_of_the_same_bytes_are_written_under_their_own_names(clinic: Clinic):
    for name in ("a.wav", "b.wav", "c.wav"):
        (clinic.bench.home / name).write_bytes(b"RIFF")
    paths = [clinic.bench.home / name for name in ("a.wav", "b.wav", "c.wav")]
    clinic.open_exports()
    assert clinic.bench.answer(clinic.bench.service.submit(paths[:2])).ids == (1,)
    clinic.complete(1, visit("a.wav"))
    clinic.finish()
    assert clinic.names() == ["a.txt", "b.txt"]
    assert clinic.text("b.txt").startswith("b.wav")
    made = replace(MADE, source_sha256=source_sha256(paths[0]), source_name="a.wav")
    clinic.bench.service.folders.folder(1).joinpath("result.json").write_text(
        json.dumps(transcript_to_json(replace(transcript(*VISIT), provenance=made))), encoding="utf-8"
    )
    clinic.bench.answer(clinic.bench.service.submit(paths))  # after the job has completed
    clinic.finish()
    assert clinic.names() == ["a.txt", "b.txt", "c.txt"]


def test_names_follow_the_template(clinic: Clinic):
    clinic.open_exports(export_name="{date} {time} {name} ({speakers})")
    clinic.add(visit("../María 1.5 mg.wav"), "María 1.5 mg.wav")
    clinic.finish()
    added = time.strftime("%Y-%m-%d %H-%M", time.localtime(1_000.0))
    assert clinic.names() == [f"{added} María 1.5 mg (Speaker 1, Speaker 2).txt"]


def test_a_value_of_the_template_leads_nowhere_else(clinic: Clinic, tmp_path: Path):
    clinic.open_exports(export_when="reviewed", export_name="../{speakers}")
    job_id = clinic.add(visit())
    clinic.edit(job_id, Describe("SPEAKER_00", "../../{name}\\x"))
    clinic.review(job_id)
    clinic.finish()
    assert clinic.names() == [".._.._.._{name}_x, Speaker 2.txt"]


def test_a_job_that_is_removed_while_it_waits_is_not_written(clinic: Clinic):
    clinic.open_exports()
    away = clinic.target.with_name("away")
    clinic.target.rename(away)
    job_id = clinic.add(visit())
    clinic.finish()
    clinic.remove(job_id)
    away.rename(clinic.target)
    clinic.add(visit("b.wav"), "b.wav")
    clinic.wait_until_written("b.txt")


def test_two_hundred_results_are_written(clinic: Clinic):
    clinic.open_exports()
    for _ in range(200):
        clinic.add(visit())
    clinic.finish()
    assert len(clinic.names()) == 200
    assert all(WrittenFiles(clinic.bench.service.folders.folder(n)).result.done for n in range(1, 201))


def test_no_name_is_in_the_log(clinic: Clinic, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        clinic.open_exports()
        job_id = clinic.add(visit("Juana.wav"), "Juana.wav")
        clinic.finish()
        clinic.target.rename(clinic.target.with_name("away"))
        clinic.review(job_id)
        clinic.finish()
    assert "Juana" not in caplog.text
    assert str(clinic.target) not in caplog.text


def test_files_are_in_the_window_s_language(clinic: Clinic):
    clinic.open_exports(language="es")
    clinic.add(visit())
    clinic.finish()
    assert "Borrador sin revisar" in clinic.text("visit.txt")


# ---- templates


def put_template(clinic: Clinic, content: str, name: str = "sin") -> Path:
    folder = clinic.settings.template_roots[-1]
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(content, encoding="utf-8")
    return file


def test_results_follow_the_template_and_its_names(clinic: Clinic):
    put_template(clinic, 'heading = "Clínica del Valle"\ntimes = false\nfile_name = "{name} (copia)"')
    clinic.open_exports(export_template="sin", export_name="{date}", export_formats=("txt", "rttm"))
    clinic.add(visit("visita.wav"), "visita.wav")
    clinic.finish()
    assert clinic.names() == ["visita (copia).rttm", "visita (copia).txt"]
    assert clinic.text("visita (copia).txt").startswith("Clínica del Valle\n\nvisita\n")
    assert DRAFT in clinic.text("visita (copia).txt")
    assert "\nSpeaker 1: Buenos días" in clinic.text("visita (copia).txt")


def test_name_of_a_rule_comes_before_that_of_the_template(clinic: Clinic, tmp_path: Path):
    put_template(clinic, 'heading = "Clínica del Valle"\nfile_name = "{name} (copia)"')
    folders = [tmp_path / name for name in ("named", "unnamed")]
    for folder in folders:
        folder.mkdir()
    clinic.rule("named", folder=str(folders[0]), name="Dr. {name}")
    clinic.rule("unnamed", folder=str(folders[1]))
    clinic.open_exports(export_template="sin")
    clinic.added(tmp_path / "a.wav", "named")
    clinic.added(tmp_path / "b.wav", "unnamed")
    clinic.finish()
    assert [clinic.names(folder) for folder in folders] == [["Dr. a.txt"], ["b (copia).txt"]]
    for folder in folders:
        (file,) = folder.iterdir()
        assert file.read_text(encoding="utf-8").startswith("Clínica del Valle\n")


def test_results_wait_for_a_bad_template_to_be_corrected(clinic: Clinic):
    file = put_template(clinic, "times = 1")
    clinic.open_exports(export_template="sin")
    clinic.add(visit())
    clinic.finish()
    clinic.transact()
    assert clinic.names() == []
    assert clinic.held() == ["exports.template"]
    assert str(clinic.exports.held) == (
        "The template sin.toml is not used: times must be true or false. "
        "Finished results wait until it is corrected, or until you choose another one in the settings."
    )
    file.write_text("times = false")
    clinic.wait_until_written("visit.txt")
    deadline = time.monotonic() + 20
    while clinic.held() != ["exports.template", None]:
        assert time.monotonic() < deadline, clinic.held()
        clinic.transact()


def test_results_wait_for_a_template_that_vanished(clinic: Clinic):
    put_template(clinic, "times = false").unlink()
    clinic.open_exports(export_template="sin")
    clinic.add(visit())
    clinic.finish()
    clinic.kill()
    clinic.open_exports()
    assert clinic.names() == []
    clinic.change(export_template="")
    clinic.wait_until_written("visit.txt")
    assert "[00:00:00]" in clinic.text("visit.txt")
