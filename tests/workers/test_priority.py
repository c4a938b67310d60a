"""Worker processes let other programs go first, if the settings say so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.core.job import JobState
from fi_desktop.jobs.run_times import TimesCheck
from fi_desktop.settings import save
from fi_desktop.system import priority
from tests.app_driver import Driver, running_app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="reads priorities as POSIX has them")

OWN = os.getpriority(os.PRIO_PROCESS, 0)
LOW = max(OWN, 10)
LOWERED = pytest.mark.skipif(OWN >= 10, reason="the tests run at low priority themselves")


def priorities(pid: int) -> set[int]:
    """Return the priorities of a process's threads."""
    tasks = Path(f"/proc/{pid}/task")
    threads = [int(task.name) for task in tasks.iterdir()] if sys.platform == "linux" else [pid]
    return {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads}


def may_raise() -> bool:
    """Return whether this account may raise a priority."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert priority.lower(child.pid)
        return priority.restore(child.pid)
    finally:
        child.communicate(b"\n")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to raise priorities, as for most accounts; root, as in a container, may."""
    real = os.setpriority

    def set_priority(which: int, who: int, value: int) -> None:
        if value < os.getpriority(which, who):
            raise PermissionError
        real(which, who, value)

    monkeypatch.setattr(os, "setpriority", set_priority)


def worker_pid(driver: Driver) -> int:
    (worker,) = driver.workers()
    return worker.pid


def run_one(driver: Driver, recording: Path) -> int:
    """Start a job and return the worker's process."""
    (job_id,) = driver.submit(recording)
    driver.wait_for_progress(job_id)
    return worker_pid(driver)


@LOWERED
def test_workers_start_at_low_priority_by_default(home: Path, long_recording: Path):
    with running_app(home, workers=1) as driver:
        pid = run_one(driver, long_recording)
        assert priorities(pid) == {LOW}
        assert driver.workers()[0].low_priority


@LOWERED
def test_a_running_worker_is_lowered_at_once_with_all_its_threads(home: Path, long_recording: Path):
    save(home, {"low_priority": False})
    with running_app(home, workers=1) as driver:
        pid = run_one(driver, long_recording)
        assert priorities(pid) == {OWN}
        driver.app.change_settings({"low_priority": True})
        driver.wait_for(lambda: driver.workers()[0].low_priority)
        assert priorities(pid) == {LOW}
        assert worker_pid(driver) == pid


@LOWERED
def test_a_worker_that_cannot_be_raised_finishes_its_job_and_is_replaced(
    home: Path, one_minute: Path, ten_seconds: Path, refusing: None
):
    with running_app(home, workers=1) as driver:
        pid = run_one(driver, one_minute)
        driver.app.change_settings({"low_priority": False})
        (job,) = driver.wait_until_done(1)
        assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1)
        driver.wait_until_done(*driver.submit(ten_seconds))
        assert worker_pid(driver) != pid
        assert priorities(worker_pid(driver)) == {OWN}
        assert not driver.workers()[0].low_priority


@LOWERED
def test_a_worker_is_raised_at_once_where_the_system_allows_it(home: Path, long_recording: Path):
    if not may_raise():
        pytest.skip("this account may not raise priorities")
    with running_app(home, workers=1) as driver:
        pid = run_one(driver, long_recording)
        driver.app.change_settings({"low_priority": False})
        driver.wait_for(lambda: not driver.workers()[0].low_priority)
        assert priorities(pid) == {OWN}
        assert worker_pid(driver) == pid


def test_a_process_that_has_exited_is_no_error():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not priority.lower(child.pid)
    assert not priority.restore(child.pid)


@pytest.mark.parametrize(("low", "expected"), [(True, 2), (False, 4)])
def test_half_of_the_processor_is_used_on_battery(
    home: Path, ten_seconds: Path, monkeypatch: pytest.MonkeyPatch, low: bool, expected: int
):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    times = TimesCheck(on_battery=lambda: True)
    with running_app(home, backend="inline", times=times, low_priority=low) as driver:
        assert driver.app._backend._threads_per_job() == expected
