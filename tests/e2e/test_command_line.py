"""The command line in its own process: output, files and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from pathlib import Path

import docx
import pytest

from fi_desktop.cli.doctor import error_rate, read_rttm
from fi_desktop.core.job import JobState
from fi_desktop.jobs.queue_events import WorkerState
from fi_desktop.jobs.store import JobStore
from tests.app_driver import running_app
from tests.e2e.commands import fi_desktop, lines, start
from tests.recordings import write_part


@pytest.fixture
def five_files(tmp_path: Path, sample: Path) -> list[Path]:
    folder = tmp_path / "grabaciones de señora Núñez"
    folder.mkdir()
    files = [folder / f"consulta {number}.wav" for number in range(1, 6)]
    for number, file in enumerate(files):
        write_part(sample, file, 5 * number)
    files[2].write_bytes(sample.read_bytes()[:20])  # ends within the header
    return files


def test_five_files_one_corrupt_give_four_results_and_one_failure(
    home: Path, tmp_path: Path, five_files: list[Path]
):
    out = tmp_path / "out"
    done = fi_desktop(
        "run", *five_files, "--workers", 2, "--to", "rttm,json,txt", "--out", out, "--json", home=home
    )
    assert done.returncode == 1, done.stderr
    printed = lines(done.stdout)
    last = {line["id"]: line for line in printed if "state" in line}
    assert sorted(line["state"] for line in last.values()) == ["COMPLETED"] * 4 + ["FAILED"]
    (failed,) = (line for line in last.values() if line["state"] == "FAILED")
    assert failed["path"] == str(five_files[2])
    assert failed["attempts"] == 1
    assert failed["error"]["kind"] == "user"
    assert "Núñez" not in failed["error"]["message"]
    assert len(list(out.iterdir())) == 12
    transcript = json.loads((out / "consulta 1.json").read_text(encoding="utf-8"))
    assert (transcript["schema"], transcript["version"]) == ("fi-desktop.transcript", 3)
    assert len(transcript["provenance"]["source_sha256"]) == 64


def test_log_contains_job_ids_and_no_names(home: Path, five_files: list[Path]):
    fi_desktop("run", *five_files, "--json", home=home)
    log = (home / "logs" / "fi-desktop.log").read_text(encoding="utf-8")
    assert "WORKFLOW_JOB_QUEUED job=1" in log
    assert "WORKFLOW_JOB_COMPLETED job=1" in log
    assert "WORKFLOW_JOB_FAILED job=3" in log
    for private in ("consulta", "Núñez", "grabaciones"):
        assert private not in log


def test_list_show_retry_cancel_export_and_remove(home: Path, tmp_path: Path, sample: Path):
    assert fi_desktop("run", sample, home=home).returncode == 0
    (listed,) = lines(fi_desktop("jobs", "list", "--json", home=home).stdout)
    assert (listed["id"], listed["state"]) == (1, "COMPLETED")
    assert fi_desktop("jobs", "list", "--state", "FAILED", "--json", home=home).stdout == ""
    shown = fi_desktop("jobs", "show", 1, home=home).stdout
    assert "SPEAKER_00" in shown
    assert "SPEAKER_01" in shown
    rttm = tmp_path / "result.rttm"
    assert fi_desktop("export", 1, "--to", "rttm", "-o", rttm, home=home).returncode == 0
    assert error_rate(read_rttm(sample.with_suffix(".rttm")), read_rttm(rttm)) < 0.25
    word = tmp_path / "result.docx"
    assert fi_desktop("export", 1, "--to", "docx", "--lang", "es", "-o", word, home=home).returncode == 0
    assert "Borrador sin revisar." in [part.text for part in docx.Document(str(word)).paragraphs]
    assert fi_desktop("jobs", "retry", 1, home=home).returncode == 0
    assert lines(fi_desktop("jobs", "list", "--json", home=home).stdout)[0]["state"] == "QUEUED"
    # the old result stays until the retry has a new one
    again = fi_desktop("export", 1, "--to", "rttm", "-o", "-", home=home).stdout
    assert again == rttm.read_text()
    assert fi_desktop("jobs", "cancel", 1, home=home).returncode == 0
    assert lines(fi_desktop("jobs", "list", "--json", home=home).stdout)[0] == listed
    assert fi_desktop("jobs", "remove", 1, home=home).returncode == 0
    assert fi_desktop("jobs", "list", "--json", home=home).stdout == ""
    assert list((home / "jobs").iterdir()) == []


def test_run_without_files_processes_the_queue(home: Path, ten_seconds: Path):
    fi_desktop("run", ten_seconds, "--json", home=home)
    fi_desktop("jobs", "retry", 1, home=home)
    done = fi_desktop("run", "--json", home=home)
    assert done.returncode == 0
    assert [line["state"] for line in lines(done.stdout)][-1] == "COMPLETED"


def test_run_with_an_empty_queue_ends_at_once(home: Path):
    done = fi_desktop("run", "--json", home=home)
    assert (done.returncode, done.stdout) == (0, "")


def test_recording_with_two_names_is_processed_once_and_exported_under_each(
    home: Path, tmp_path: Path, sample: Path
):
    (tmp_path / "other folder").mkdir()
    first = write_part(sample, tmp_path / "Visita 0900.wav", 5)
    copies = [tmp_path / "Copia.wav", tmp_path / "other folder" / "Copia.wav", tmp_path / "Tarde.wav"]
    for copy in copies:
        shutil.copy(first, copy)
    out = tmp_path / "out"
    to = ("--to", "rttm,json", "--out", out, "--json")
    done = fi_desktop("run", first, copies[0], *to, home=home)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in out.iterdir()) == [
        "Copia.json",
        "Copia.rttm",
        "Visita 0900.json",
        "Visita 0900.rttm",
    ]
    # in a later run, and two copies of the same name
    done = fi_desktop("run", copies[2], *copies[:2], *to, home=home)
    assert done.returncode == 0, done.stderr
    assert sorted(file.stem for file in out.glob("*.rttm")) == ["Copia", "Copia (2)", "Tarde", "Visita 0900"]
    assert json.loads((out / "Tarde.json").read_text())["provenance"]["source_name"] == "Tarde.wav"
    assert "Tarde" in (out / "Tarde.rttm").read_text()
    assert [line["id"] for line in lines(fi_desktop("jobs", "list", "--json", home=home).stdout)] == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows names that are not text")
def test_name_that_is_not_valid_text(home: Path, tmp_path: Path, ten_seconds: Path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/consulta \xf1\xff.wav"))
    shutil.copy(ten_seconds, odd)
    done = fi_desktop("run", odd, "--to", "rttm,json,txt", "--out", tmp_path / "out", home=home)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert fi_desktop("jobs", "show", 1, home=home).returncode == 0
    assert Path(lines(fi_desktop("jobs", "list", "--json", home=home).stdout)[0]["path"]) == odd


def test_very_long_name(home: Path, tmp_path: Path, ten_seconds: Path):
    long = tmp_path / ("ñ" * 125 + ".wav")
    shutil.copy(ten_seconds, long)
    done = fi_desktop("run", long, "--to", "rttm", "--out", tmp_path / "out", home=home)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_exports_do_not_depend_on_the_encoding_of_stdout(home: Path, tmp_path: Path, ten_seconds: Path):
    (tmp_path / "in").mkdir()
    recording = tmp_path / "in" / "אנה [lopez].wav"
    shutil.copy(ten_seconds, recording)
    (tmp_path / "in" / "old.ds2").write_bytes(b"x")
    out = tmp_path / "out"
    done = fi_desktop(
        "run", tmp_path / "in", "--to", "txt", "--out", out, home=home, PYTHONIOENCODING="cp1252"
    )
    assert (done.returncode, done.stderr) == (
        0,
        "fi-desktop: Skipped 1 file of another type (1 .ds2).\n",
    )
    assert r"\u05d0\u05e0\u05d4 [lopez].wav" in done.stdout
    assert [path.name for path in out.iterdir()] == ["אנה [lopez].txt"]
    started = start("jobs", "list", home=home)
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()  # as `| head -1` does
    assert (started.wait(60), started.stderr.read()) == (0, "")
    started.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--speakers", "4-2", "x.wav"], "speakers"),
        (["run", "--to", "odt", "x.wav"], "odt"),
        (["run", "--engine", "magic", "x.wav"], "magic"),
        (["jobs", "list", "--state", "HAPPY"], "HAPPY"),
        (["jobs"], "ACTION"),
    ],
)
def test_wrong_usage_exits_with_2(home: Path, arguments: list[str], message: str):
    done = fi_desktop(*arguments, home=home)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_folder_without_recordings_is_wrong_usage(home: Path, tmp_path: Path):
    done = fi_desktop("run", tmp_path, "--json", home=home)
    assert done.returncode == 2
    assert done.stderr == "fi-desktop: No audio or video was found.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_missing_file_and_pipe_are_reported_and_the_rest_is_processed(
    home: Path, tmp_path: Path, sample: Path
):
    gone, pipe, good = tmp_path / "gone.wav", tmp_path / "pipe.wav", tmp_path / "good.wav"
    os.mkfifo(pipe)
    write_part(sample, good, 5)
    done = fi_desktop("run", gone, pipe, good, "--json", home=home)
    assert done.returncode == 1
    last = {line["id"]: line for line in lines(done.stdout)}
    assert {job_id: line["state"] for job_id, line in last.items()} == {1: "COMPLETED"}
    assert done.stderr.splitlines() == [
        f"fi-desktop: {gone} cannot be read (it does not exist).",
        f"fi-desktop: {pipe} cannot be read (it is a device or a pipe, not a file).",
    ]
    done = fi_desktop("run", gone, "--json", home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"fi-desktop: Nothing was added. {gone} cannot be read (it does not exist).\n"


def test_unknown_job_is_reported(home: Path):
    done = fi_desktop("jobs", "show", 9, home=home)
    assert (done.returncode, done.stderr) == (1, "fi-desktop: There is no job 9.\n")


def test_works_without_a_display_and_without_qt(home: Path, tmp_path: Path, ten_seconds: Path):
    # a PySide6 that cannot be imported, as on a computer without Qt
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text("raise ImportError('no Qt here')")
    without = {"PYTHONPATH": str(tmp_path), "DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    assert fi_desktop("run", ten_seconds, home=home, **without).returncode == 0
    assert fi_desktop("jobs", "list", home=home, **without).returncode == 0


@pytest.mark.slow
def test_doctor_finds_every_part_working(home: Path):
    done = fi_desktop("doctor", "--json", home=home)
    found = {line["part"]: line for line in lines(done.stdout)}
    engines = {"builtin", "channels", "pyannote", "whisper"}
    parts = {"queue", "disk", "encryption", "audio", "worker", "torch", "qt"}
    assert parts | engines | ({"decoder", "engines"} if sys.platform == "linux" else set()) == set(found)
    assert all(line["well"] for line in found.values())
    assert "pyannote.audio can be loaded" in found["torch"]["text"]
    assert done.returncode == 0


def test_doctor_reports_a_problem_and_exits_with_1(home: Path, tmp_path: Path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here', name='torch')")
    store = JobStore(home / "store")
    with store.transaction():
        store.rows.cache.set("m:schema", 999)
    store.close()
    done = fi_desktop("doctor", "--json", home=home, PYTHONPATH=str(tmp_path))
    found = {line["part"]: line for line in lines(done.stdout)}
    assert done.returncode == 1
    assert "newer version" in found["queue"]["text"]
    assert [name for name, line in found.items() if not line["well"]] == ["queue"]
    assert found["torch"]["text"].startswith("Not available (torch).")  # pyannote.audio is optional


def test_selftest_passes(home: Path):
    done = fi_desktop("selftest", home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the program works" in done.stdout
    assert list(home.iterdir()) == []  # it uses a temporary data folder


def test_invalid_setting_is_wrong_usage(home: Path):
    done = fi_desktop("jobs", "list", home=home, FI_DESKTOP_WORKERS="many")
    assert done.returncode == 2
    assert "workers" in done.stderr


def test_pause_prioritize_retry_verify_and_purge(home: Path, tmp_path: Path, ten_seconds: Path):
    files = [tmp_path / f"{name}.wav" for name in "abc"]
    for file in files:
        shutil.copy(ten_seconds, file)
    (tmp_path / "bad.wav").write_bytes(b"RIFF")

    def jobs(*arguments: object) -> str:
        done = fi_desktop("jobs", *arguments, home=home)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert fi_desktop("run", tmp_path / "bad.wav", "--json", home=home).returncode == 1
    jobs("pause")
    with running_app(home, backend="idle") as driver:
        driver.submit(tmp_path)
    assert [line["id"] for line in lines(jobs("list", "--batch", 2, "--json"))] == [2, 3, 4, 5]
    jobs("priority", 5, "--to", "urgent")
    jobs("retry", "--failed")
    jobs("cancel", "--batch", 2)
    assert all(line["state"] == "CANCELLED" for line in lines(jobs("list", "--batch", 2, "--json")))
    jobs("retry", 3, 4, 5)
    assert jobs("verify") == "The queue is intact.\n"
    assert jobs("purge") == "4 jobs removed.\n"
    assert [line["id"] for line in lines(jobs("list", "--json"))] == [2]
    jobs("resume")


def test_paused_queue_stays_paused_until_it_is_resumed(home: Path, ten_seconds: Path):
    fi_desktop("jobs", "pause", home=home)
    with running_app(home) as driver:
        (job_id,) = driver.submit(ten_seconds)
        driver.wait_for(lambda: any(worker.state is WorkerState.IDLE for worker in driver.workers()))
        assert driver.states(job_id) == [JobState.QUEUED]
        assert fi_desktop("jobs", "resume", home=home).returncode == 0
        driver.wait_until_done(job_id)


def test_verify_reports_damage_and_exits_with_1(home: Path, ten_seconds: Path):
    fi_desktop("run", ten_seconds, "--json", home=home)
    with sqlite3.connect(home / "store" / "cache.db") as database:
        database.execute("DELETE FROM Cache WHERE key = 'e:000000000001:000002'")
    database.close()
    done = fi_desktop("jobs", "verify", home=home)
    assert done.returncode == 1
    assert "Job 1: an event was changed or left out." in done.stdout


def test_metrics_as_text_as_json_and_for_prometheus(home: Path, ten_seconds: Path):
    fi_desktop("run", ten_seconds, "--json", home=home)
    found = json.loads(fi_desktop("metrics", "--json", home=home).stdout)
    assert found["all"]["completed"] == found["1h"]["completed"] == 1
    assert {aim["name"]: aim["met"] for aim in found["targets"]}["completed"] is True
    assert "depth p99" in fi_desktop("metrics", home=home).stdout
    file = home / "fi-desktop.prom"
    file.write_text("of before", encoding="utf-8")
    assert fi_desktop("metrics", "-o", str(file), home=home).stdout == ""
    written = file.read_text(encoding="utf-8")
    assert 'fi_desktop_jobs{state="completed"} 1' in written.splitlines()
    assert ten_seconds.name not in written
    if os.name == "posix":
        assert file.stat().st_mode & 0o133 == 0
