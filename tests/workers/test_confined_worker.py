"""What an engine can do in a confined worker, tried from inside a job, and whole jobs under confinement."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.jobs.queue_events import WorkerState
from fi_desktop.system.confinement import confinement
from fi_desktop.workers import process
from tests.app_driver import running_app

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(confinement().missing), reason="needs Linux with Landlock and seccomp"
)

_real_main = process.main


def worker_that_tries(pipe: Connection, device: str, *confined: Any) -> None:
    """A real worker whose engine tries what it may not do, and fails with what worked."""
    home = Path(os.environ["FI_DESKTOP_HOME"])

    def attempts(task: Any) -> dict[str, Callable[[], object]]:
        own, other = task.folder, task.folder.with_name("other")
        return {
            "own job": lambda: (own / "note").write_text("x"),
            "renamed": lambda: (own / "note").rename(own / "renamed"),
            "deleted": lambda: (own / "renamed").unlink(),
            "program": lambda: Path(process.__file__).read_bytes(),
            "thread": lambda: threading.Thread(target=int).start(),
            "passwd": lambda: Path("/etc/passwd").read_bytes(),
            "another job": lambda: (other / "result.json").read_bytes(),
            "another job listed": lambda: list(other.iterdir()),
            "another job written": lambda: (other / "new").write_text("x"),
            "queue": lambda: (home / "store" / "cache.db").read_bytes(),
            "settings": lambda: (home / "settings.toml").read_bytes(),
            "log": lambda: list((home / "logs").iterdir()),
            "recording": lambda: task.path.read_bytes(),
            "its folder": lambda: list(task.path.parent.iterdir()),
            "models written": lambda: (home / "models" / "new").write_text("x"),
            "anywhere": lambda: Path("/tmp/taken-over").write_text("x"),
            "other process": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
            "socket": lambda: socket.socket(),
            "datagrams": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
            "local socket": lambda: socket.socket(socket.AF_UNIX),
            "started program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
            "fork": os.fork,
            "signal": lambda: os.kill(os.getppid(), 0),
        }

    from fi_desktop.pipeline import stages

    def detect_speech(recording: Any, **_options: object) -> None:
        class Task:
            folder = recording.path.parent
            path = Path(os.environ["TRIED_RECORDING"])

        worked = []
        for name, attempt in attempts(Task).items():
            try:
                attempt()
            except OSError:
                continue
            worked.append(name)
        lines = Path("/proc/self/status").read_text().splitlines()
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        raise RuntimeError(json.dumps([worked, status["NoNewPrivs"], status["Seccomp"]]))

    stages.detect_speech = detect_speech  # type: ignore[assignment]
    _real_main(pipe, device, *confined)


def test_engine_reaches_its_job_the_program_and_nothing_else(
    home: Path, ten_seconds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recording = tmp_path / "recorder" / "Zutanita.wav"
    recording.parent.mkdir()
    recording.write_bytes(ten_seconds.read_bytes())
    (home / "jobs" / "other").mkdir(parents=True)
    (home / "jobs" / "other" / "result.json").write_text("{}")
    (home / "models").mkdir()
    (home / "settings.toml").write_text("")
    monkeypatch.setenv("FI_DESKTOP_HOME", str(home))
    monkeypatch.setenv("TRIED_RECORDING", str(recording))
    monkeypatch.setattr("fi_desktop.workers.process.main", worker_that_tries)
    with running_app(home, workers=1, retry_delays_s=()) as driver:
        (job,) = driver.wait_until_done(*driver.submit(recording))
    assert job.error is not None
    assert job.error.code == "engine.unexpected"
    told = job.error.details.splitlines()[-1].removeprefix("RuntimeError: ")
    assert json.loads(told) == [["own job", "renamed", "deleted", "program", "thread"], "1", "2"]


def worker_whose_decoder_crashes(pipe: Connection, device: str, *confined: Any) -> None:
    """A real worker whose decoder process crashes in native code."""
    import signal

    from fi_desktop.audio import decoder_process

    decoder_process.run = lambda *_given: os.kill(os.getpid(), signal.SIGSEGV)  # type: ignore[assignment]
    _real_main(pipe, device, *confined)


def test_crash_of_the_decoder_leaves_the_worker_alive_and_ends_the_job_at_the_second_time(
    home: Path, ten_seconds: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fi_desktop.workers.process.main", worker_whose_decoder_crashes)
    with running_app(home, workers=1) as driver:
        driver.wait_for(lambda: len(driver.workers()) == 1)
        pid = driver.workers()[0].pid
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert driver.workers()[0].pid == pid
        assert JobState.RETRYING not in driver.states(job.id)
    assert job.state is JobState.FAILED
    assert [attempt.outcome for attempt in job.attempts] == [AttemptOutcome.CRASHED] * 2
    codes = [attempt.error.code for attempt in job.attempts if attempt.error]
    assert codes == ["decoder.crashed", "audio.crashes"]


def test_worker_started_before_a_folder_of_vocabulary_lets_another_one_read_it(home: Path, ten_seconds: Path):
    assert not (home / "vocabulary").exists()
    with running_app(home, workers=1) as driver:
        driver.wait_for(lambda: [w.state for w in driver.workers()] == [WorkerState.IDLE])
        pid = driver.workers()[0].pid
        (home / "vocabulary").mkdir()
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert driver.workers()[0].pid != pid
    assert job.state is JobState.COMPLETED
    assert [attempt.outcome for attempt in job.attempts] == [
        AttemptOutcome.RELEASED,
        AttemptOutcome.COMPLETED,
    ]
    assert job.charged == 0
