"""What only processes can do: die, be killed, be replaced, and leave nobody behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from fi_desktop.core.job import JobState, Outcome
from fi_desktop.jobs.news import WorkerState
from tests.driving import running_app


def test_a_worker_that_is_killed_is_replaced_and_its_job_is_finished(home: Path, long_recording: Path):
    with running_app(home) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
        (busy,) = (worker for worker in driver.workers() if worker.job_id == job_id)
        os.kill(busy.pid, signal.SIGKILL)
        (job,) = driver.wait_until_done(job_id)
        assert job.state is JobState.COMPLETED
        assert [attempt.outcome for attempt in job.attempts] == [Outcome.CRASHED, Outcome.COMPLETED]
        assert job.attempts[0].error is not None
        assert "signal 9" in job.attempts[0].error.message
        driver.wait_for(lambda: all(worker.state is WorkerState.IDLE for worker in driver.workers()))
        assert busy.pid not in {worker.pid for worker in driver.workers()}
        assert len(driver.workers()) == 2


def test_the_hard_limit_kills_a_worker_that_does_not_listen(home: Path, long_recording: Path):
    limits = {"soft_limit_s": 60, "hard_limit_s": 0.2, "limit_factor": 0.0, "retry_delays_s": ()}
    with running_app(home, **limits) as driver:
        (job,) = driver.wait_until_done(*driver.submit(long_recording))
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "job.timeout"
    assert job.attempts[0].outcome is Outcome.CRASHED


def test_two_workers_work_at_the_same_time(home: Path, long_recording: Path, tmp_path: Path):
    other = tmp_path / "other.wav"
    os.link(long_recording, other)
    with running_app(home, workers=2) as driver:
        driver.submit(long_recording, other)
        driver.wait_for(lambda: {worker.job_id for worker in driver.workers()} == {1, 2})


def test_stopping_leaves_no_process_behind(home: Path, long_recording: Path):
    with running_app(home) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
        pids = [worker.pid for worker in driver.workers()]
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_stopped_worker_costs_no_attempt_even_if_it_must_be_killed(home: Path, long_recording: Path):
    with running_app(home, stop_grace_s=0) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
    with running_app(home, backend="idle") as driver:
        job = driver.job(job_id)
    assert (job.state, job.charged) == (JobState.QUEUED, 0)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="reads another process's environment from /proc")
def test_every_worker_is_told_not_to_call_home(home: Path):
    with running_app(home) as driver:
        driver.wait_for(lambda: any(worker.state is WorkerState.IDLE for worker in driver.workers()))
        environment = psutil.Process(driver.workers()[0].pid).environ()
    assert environment["PYANNOTE_METRICS_ENABLED"] == "0"
    assert environment["HF_HUB_OFFLINE"] == "1"
