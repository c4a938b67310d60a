"""kill -9 of the app loses nothing and leaves no process behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil

from tests.app_driver import running_app
from tests.e2e.commands import TIMEOUT_S, fi_desktop, lines, start


def is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that only waits for init to reap it does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killed_app_finishes_its_jobs_after_a_restart(home: Path, one_minute: Path, ten_seconds: Path):
    app = start("run", one_minute, ten_seconds, "--workers", 1, "--json", home=home)
    assert app.stdout is not None
    for line in app.stdout:
        if json.loads(line)["state"] == "RUNNING":
            break
    children = psutil.Process(app.pid).children(recursive=True)
    assert children
    app.send_signal(signal.SIGKILL)
    app.wait(TIMEOUT_S)
    app.stdout.close()
    assert app.stderr is not None
    app.stderr.close()
    _, left = psutil.wait_procs(children, timeout=2)
    assert not any(map(is_alive, left))
    done = fi_desktop("run", "--json", home=home)
    assert done.returncode == 0, done.stderr
    last = {line["id"]: line for line in lines(done.stdout)}
    assert {i: line["state"] for i, line in last.items()} == {1: "COMPLETED", 2: "COMPLETED"}
    with running_app(home, backend="idle") as driver:
        job = driver.job(1)
        assert [attempt.outcome.value for attempt in job.attempts] == ["released", "completed"]
        assert job.charged == 0
        assert driver.app.service.folders.transcript(1).duration > 55


def test_interrupted_command_requeues_its_job(home: Path, long_recording: Path):
    app = start("run", long_recording, "--json", home=home)
    assert app.stdout is not None
    for line in app.stdout:
        if json.loads(line)["state"] == "RUNNING":
            break
    app.send_signal(signal.SIGINT)
    _, errors = app.communicate(timeout=TIMEOUT_S)
    assert app.returncode == 130, errors
    with running_app(home, backend="idle") as driver:
        assert (driver.job(1).state.value, driver.job(1).charged) == ("QUEUED", 0)
