"""`fi-desktop audit`, and what the other commands record."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.cli import main
from fi_desktop.cli.queue_access import idle_queue
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import load
from fi_desktop.system.files import RESULT, resource
from tests.app_driver import running_app

NAME = "Zutanita Quiquirimundi.flac"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(resource("samples", "consulta.flac").read_bytes())
    return path


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a completed job, to be copied."""
    home, recording = tmp_path_factory.mktemp("processed"), tmp_path_factory.mktemp("recorder") / NAME
    recording.write_bytes(resource("samples", "consulta.flac").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FI_DESKTOP_HOME", str(home))
        assert main(["run", str(recording), "--transcriber", "none", "--json"]) == 0
    return home


@pytest.fixture
def done(home: Path, processed: Path) -> Path:
    """A data folder with a completed job."""
    shutil.copytree(processed, home, dirs_exist_ok=True)
    return home


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict]:
    capsys.readouterr()
    assert main(["audit", "list", "--json", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def kinds(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    return [entry["kind"] for entry in listed(capsys, *arguments)]


def test_what_commands_show_and_write_is_recorded(done: Path, tmp_path: Path, capsys):
    assert main(["jobs", "list"]) == 0
    assert main(["jobs", "show", "1"]) == 0
    assert main(["export", "1", "--to", "txt", "-o", "-"]) == 0
    assert main(["export", "1", "--to", "rttm", "-o", str(tmp_path / "Zutanita.rttm")]) == 0
    assert main(["jobs", "remove", "1"]) == 0
    entries = listed(capsys)
    assert [entry["kind"] for entry in entries] == [
        "program started", "added", "completed", "program stopped",
        "listed", "opened", "exported", "exported", "removed", "trail read",
    ]  # fmt: skip
    assert {entry["program"] for entry in entries} == {"command line"}
    stdout, file = (entry for entry in entries if entry["kind"] == "exported")
    assert stdout["detail"] == {"format": "txt", "place": "terminal"}
    assert file["detail"]["format"] == "rttm"
    assert len(file["detail"]["folder"]) == len(file["detail"]["file"]) == 32
    assert len(stdout["result"]) == len(stdout["recording"]) == 64
    content = b"".join(line.content for line in TrailStore(done / "audit").lines())
    assert b"Zutanita" not in content
    assert os.fsencode(str(tmp_path)) not in content


def test_reads_are_recorded_while_another_process_owns_the_queue(home: Path, recording: Path, capsys):
    with running_app(home, backend="inline") as driver:
        (job,) = driver.submit(recording)
        driver.wait_until_done(job)
        assert main(["jobs", "show", str(job)]) == 0
        assert main(["audit", "verify"]) == 0
    assert "opened" in kinds(capsys)


def test_entries_are_found_by_kind_job_day_and_name(done: Path, capsys):
    assert kinds(capsys, "--kind", "added") == ["added"]
    assert kinds(capsys, "--kind", "added", "--kind", "completed") == ["added", "completed"]
    assert kinds(capsys, "--job", "1") == ["added", "completed"]
    assert kinds(capsys, "--job", "2") == []
    assert kinds(capsys, "--name", f"/anywhere/{NAME}") == ["added"]
    assert kinds(capsys, "--name", "another.flac") == []
    assert kinds(capsys, "--until", "2001-01-01") == []
    assert "added" in kinds(capsys, "--since", "2001-01-01", "--until", "2999-01-01")


def test_people_read_a_table(done: Path, capsys):
    capsys.readouterr()
    assert main(["audit", "list", "--kind", "completed"]) == 0
    assert "completed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("format", "begins"), [("csv", "n,at,kind,"), ("jsonl", '{"n":'), ("atna", "<?xml version")]
)
def test_entries_are_exported(done: Path, tmp_path: Path, capsys, format: str, begins: str):
    target = tmp_path / "out"
    assert main(["audit", "export", "--to", format, "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").startswith(begins)
    if os.name == "posix":
        assert target.stat().st_mode & 0o077 == 0
    assert kinds(capsys)[-2:] == ["trail read", "trail read"]


def test_an_intact_trail_is_verified(done: Path, capsys):
    capsys.readouterr()
    assert main(["audit", "verify"]) == 0
    assert "The audit trail is as it was written: " in capsys.readouterr().out


def test_a_changed_entry_a_changed_result_and_an_erased_job_are_named(done: Path, capsys):
    with idle_queue(load()) as client:
        copy = done / "again.flac"
        copy.write_bytes(resource("samples", "consulta.flac").read_bytes())
        client.call(JobService.submit, [copy], again=True)
    result = done / "jobs" / "1" / RESULT
    result.write_bytes(result.read_bytes().replace(b"SPEAKER_00", b"SPEAKER_09"))
    _erase(done, 2)
    trail = done / "audit" / "trail-000001.jsonl"
    trail.write_bytes(trail.read_bytes().replace(b'"kind":"completed"', b'"kind":"cancelled"'))
    capsys.readouterr()
    assert main(["audit", "verify"]) == 1
    said = capsys.readouterr().err
    assert "of the audit trail was changed." in said
    assert "Job 2 is gone, and the audit trail has no entry about its removal." in said


def test_a_changed_result_is_named(done: Path, capsys):
    result = done / "jobs" / "1" / RESULT
    result.write_bytes(result.read_bytes().replace(b"SPEAKER_00", b"SPEAKER_09"))
    capsys.readouterr()
    assert main(["audit", "verify"]) == 1
    assert "The result of job 1 is not the one in entry " in capsys.readouterr().err


def _erase(home: Path, job: int) -> None:
    """Erase a job from the store as somebody with a database tool does."""
    script = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "db.execute('DELETE FROM Cache WHERE key LIKE ?', (f'_:{int(sys.argv[2]):012d}%',)); db.commit()"
    )
    database = str(home / "store" / "cache.db")
    subprocess.run([sys.executable, "-c", script, database, str(job)], check=True)


def test_a_setting_that_another_process_changes_is_recorded(home: Path, capsys):
    with running_app(home, backend="inline") as driver:
        driver.app.change_settings({"keep_days": 7.0, "theme": "dark"})
    entries = {entry["kind"]: entry for entry in listed(capsys)}
    assert entries["settings changed"]["detail"] == {"settings": ["keep_days", "theme"]}
    assert entries["retention changed"]["detail"] == {"keep_days": [30.0, 7.0]}
