"""The history of workers and queue: what real events leave in it, how long, and that nothing private is."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from fi_desktop.core.job import JobState
from fi_desktop.jobs.queue_events import WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.jobs.queue_history import (
    KEPT_S,
    HistoryEntry,
    HistoryFile,
    HistoryKind,
    HistoryRecorder,
    read_history,
)
from tests.app_driver import running_app

NOW = 1_790_000_000.0
Kind = HistoryKind


class Nobody:
    """A queue whose events the test makes up."""

    def listen(self, listener):
        self.listener = listener
        return lambda: None


def write(path: Path, *entries: HistoryEntry) -> None:
    path.write_bytes(b"".join(entry.line for entry in entries))


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by a signal")
def test_a_killed_worker_its_replacement_and_a_failure_are_recorded_and_survive_a_restart(
    home: Path, tmp_path: Path
):
    broken = tmp_path / "Paciente García.wav"
    broken.write_bytes(b"RIFF but no recording")
    with running_app(home, workers=1) as driver:
        driver.wait_for(lambda: bool(driver.workers()))
        (worker,) = driver.workers()
        psutil.Process(worker.pid).send_signal(signal.SIGKILL)
        driver.wait_for(lambda: any(each.pid != worker.pid for each in driver.workers()))
        (job_id,) = driver.submit(broken)
        driver.wait_for_state(job_id, JobState.FAILED)
        driver.app.change_settings({"stop_grace_s": 4.0})
        driver.app.service.retry([job_id]).result()
        driver.wait_for(lambda: driver.states(job_id).count(JobState.FAILED) == 2)
        again = driver.workers()[0].pid
    with running_app(home, backend="inline"):
        pass
    entries = read_history(home / "history.jsonl", since=0.0)
    kinds = [entry.kind for entry in entries]
    assert kinds[:4] == [
        Kind.PROGRAM_STARTED, Kind.WORKER_STARTED, Kind.WORKER_DIED, Kind.WORKER_REPLACED,
    ]  # fmt: skip
    died, replaced = entries[2], entries[3]
    assert (died.worker, died.pid, died.exit, died.job) == ("worker-1", worker.pid, -9, 0)
    assert (replaced.worker, replaced.pid) == ("worker-1", again)
    (failed, failed_again) = (entry for entry in entries if entry.kind is Kind.JOB_FAILED)
    assert (failed.job, failed.worker, failed.number) == (job_id, "worker-1", 1)
    assert failed.code.startswith("audio.")
    assert failed_again.number == 2
    (setting,) = (entry for entry in entries if entry.kind is Kind.SETTING_CHANGED)
    assert setting.code == "stop_grace_s"
    assert Kind.RETRY_ASKED in kinds
    assert kinds.count(Kind.WORKER_STOPPED) >= 1  # at the end of the program
    assert kinds[-2:] == [Kind.PROGRAM_STARTED, Kind.PROGRAM_STOPPED]
    text = (home / "history.jsonl").read_text(encoding="utf-8")
    assert "Garc" not in text
    assert str(tmp_path) not in text
    if os.name == "posix":
        assert (home / "history.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_worker_that_is_killed_with_its_job_says_which_one(home: Path, sample: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(sample)
        driver.wait_for_progress(job_id)
        psutil.Process(driver.workers()[0].pid).kill()
        driver.wait_until_done(job_id)
    entries = read_history(home / "history.jsonl", since=0.0)
    (died,) = (entry for entry in entries if entry.kind is Kind.WORKER_DIED)
    assert died.job == job_id
    (retry,) = (entry for entry in entries if entry.kind is Kind.RETRY_SCHEDULED)
    assert (retry.job, retry.number, retry.worker) == (job_id, 1, "worker-1")


def test_entries_are_kept_for_thirty_days(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    write(
        path,
        HistoryEntry(NOW - KEPT_S - 1, Kind.WORKER_DIED, "worker-1", exit=-9),
        HistoryEntry(NOW - KEPT_S + 1, Kind.JOB_FAILED, job=3, code="audio.empty", number=1),
    )
    recorder = HistoryRecorder(Nobody(), path, now=lambda: NOW)
    recorder.start()
    recorder.close()
    kinds = [entry.kind for entry in read_history(path, since=0.0)]
    assert kinds == [Kind.JOB_FAILED, Kind.PROGRAM_STARTED, Kind.PROGRAM_STOPPED]


def test_the_file_stays_small_and_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.jobs.queue_history._FILE_BYTES", 4000)
    path = tmp_path / "history.jsonl"
    recorder = HistoryRecorder(Nobody(), path, now=lambda: NOW)
    recorder.start()
    for number in range(300):
        recorder.record(Kind.RETRY_SCHEDULED, job=number + 1, code="disk.full", number=1)
    recorder.close()
    assert path.stat().st_size < 4000
    last = [entry.job for entry in read_history(path, since=0.0) if entry.job]
    assert last == list(range(last[0], 301))


def test_entries_are_read_once_and_damaged_lines_skipped(tmp_path: Path):
    path, first = tmp_path / "history.jsonl", HistoryEntry(NOW, Kind.WORKER_DIED, "worker-2", pid=7, exit=0)
    reader = HistoryFile(path)
    assert reader.read_new() == (False, [])
    write(path, first)
    with path.open("ab") as file:
        file.write(b'{"at": "?"}\nnot JSON\n{"at": 1, "kind": "from a later version"}\n{"at": 12')
    assert reader.read_new() == (True, [first])
    assert reader.read_new() == (False, [])
    with path.open("ab") as file:
        file.write(b'.0, "kind": "queue paused"}\n')
    assert reader.read_new() == (False, [HistoryEntry(12.0, Kind.QUEUE_PAUSED)])
    path.unlink()
    write(path, first)
    assert reader.read_new()[1] == [first]


def test_a_line_has_codes_numbers_and_times_only():
    entry = HistoryEntry(NOW, Kind.JOB_FAILED, "worker-1", 4, -9, 5, "audio.empty", 2)
    assert json.loads(entry.line) == {
        "at": NOW, "kind": "job failed", "worker": "worker-1", "pid": 4, "exit": -9, "job": 5,
        "code": "audio.empty", "number": 2,
    }  # fmt: skip
    assert HistoryEntry.of(entry.line) == entry


def test_a_disk_that_refuses_costs_entries_only(tmp_path: Path):
    recorder = HistoryRecorder(Nobody(), tmp_path / "away" / "history.jsonl", now=lambda: NOW)
    recorder.start()
    recorder.record(Kind.QUEUE_PAUSED)
    recorder.close()
    assert not (tmp_path / "away").exists()


def test_a_server_that_cannot_be_reached_is_recorded_once_and_when_it_is_back(tmp_path: Path):
    queue, path = Nobody(), tmp_path / "history.jsonl"
    recorder = HistoryRecorder(queue, path, now=lambda: NOW)
    recorder.start()

    def workers(*states: WorkerState):
        return WorkersChanged(
            tuple(
                WorkerInfo(f"server-{number}", 0, state, None, NOW, 0, 0, host="servidor-2")
                for number, state in enumerate(states, 1)
            )
        )

    state = WorkerState
    for states in (
        (state.STARTING, state.STARTING),
        (state.AWAY, state.STARTING),
        (state.AWAY, state.BUSY),
        (state.STARTING, state.STARTING),  # their processes were replaced
        (state.IDLE, state.STARTING),
    ):
        queue.listener((workers(*states),))
    recorder.close()
    kinds = [entry.kind for entry in read_history(path, since=0.0)]
    assert kinds[1:-1] == [Kind.SERVER_AWAY, Kind.SERVER_BACK]
    assert b"servidor" not in path.read_bytes()
