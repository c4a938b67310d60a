"""What only processes can do: crash, be killed, be replaced, and leave no process behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

from fi_desktop.audio.disk_space import LARGEST_BYTES
from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.values import StageEnd
from fi_desktop.jobs.queue_events import WorkersChanged, WorkerState
from fi_desktop.jobs.service import JobService
from fi_desktop.pipeline import stages
from fi_desktop.workers import process
from fi_desktop.workers.protocol import Ready, receive, send
from fi_desktop.workers.queue_thread import Limits
from tests.app_driver import TIMEOUT_S, running_app


def test_killed_worker_is_replaced_and_its_job_completes(home: Path, one_minute: Path):
    with running_app(home) as driver:
        (job_id,) = driver.submit(one_minute)
        driver.wait_for_progress(job_id)
        (busy,) = (worker for worker in driver.workers() if worker.job_id == job_id)
        os.kill(busy.pid, signal.SIGKILL)
        (job,) = driver.wait_until_done(job_id)
        assert job.state is JobState.COMPLETED
        assert [attempt.outcome for attempt in job.attempts] == [
            AttemptOutcome.CRASHED,
            AttemptOutcome.COMPLETED,
        ]
        assert job.attempts[0].error is not None
        assert job.attempts[0].error.code == "worker.ended"
        assert "signal 9" in job.attempts[0].error.message
        crashed, finished = (attempt.stages for attempt in job.attempts)
        assert crashed[-1].end is StageEnd.BROKEN_OFF
        saved = [time.stage for time in crashed if time.end is StageEnd.DONE]  # not repeated
        assert [time.stage for time in finished if time.end is StageEnd.KEPT] == saved
        driver.wait_for(lambda: all(worker.state is WorkerState.IDLE for worker in driver.workers()))
        assert busy.pid not in {worker.pid for worker in driver.workers()}
        assert len(driver.workers()) == 2


def test_hard_limit_kills_an_unresponsive_worker(home: Path, long_recording: Path):
    limits = {"soft_limit_s": 60, "hard_limit_s": 0.2, "limit_factor": 0.0, "retry_delays_s": ()}
    with running_app(home, **limits) as driver:
        (job,) = driver.wait_until_done(*driver.submit(long_recording))
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "job.timeout"
    assert job.attempts[0].outcome is AttemptOutcome.CRASHED


def test_two_workers_run_in_parallel(home: Path, long_recording: Path, tmp_path: Path):
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


def test_stop_requeues_a_job_at_no_charge_even_if_its_worker_is_killed(home: Path, long_recording: Path):
    with running_app(home, stop_grace_s=0) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
    with running_app(home, backend="idle") as driver:
        job = driver.job(job_id)
    assert (job.state, job.charged) == (JobState.QUEUED, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP on Windows")
def test_stuck_worker_is_replaced(home: Path, one_minute: Path):
    with running_app(home, workers=1, stuck_after_s=6) as driver:
        (job_id,) = driver.submit(one_minute)
        driver.wait_for_progress(job_id)
        stuck = driver.workers()[0].pid
        os.kill(stuck, signal.SIGSTOP)
        (job,) = driver.wait_until_done(job_id)
    assert job.state is JobState.COMPLETED
    assert job.attempts[0].error is not None
    assert job.attempts[0].error.code == "worker.stuck"
    assert not psutil.pid_exists(stuck)


def test_pool_grows_and_shrinks_while_it_works(home: Path, two_minutes: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(two_minutes)
        driver.wait_for_progress(job_id)
        driver.app.resize_workers(3)
        driver.wait_for(lambda: len(driver.workers()) == 3)
        driver.app.resize_workers(1)
        driver.wait_for(lambda: len(driver.workers()) == 1)
        (job,) = driver.wait_until_done(job_id)
    assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1)


def test_worker_is_recycled_after_a_number_of_jobs(home: Path, ten_seconds: Path):
    with running_app(home, workers=1, recycle_jobs=1) as driver:
        known: set[int] = set()

        def replaced() -> bool:
            return any(worker.pid not in known for worker in driver.workers())

        for _ in range(2):
            driver.wait_until_done(*driver.submit(ten_seconds))
            known |= {worker.pid for worker in driver.workers()}
            driver.wait_for(replaced)
        assert driver.workers()[0].done == 2
    log = (home / "logs" / "fi-desktop.log").read_text()
    assert "WORKER_DIED" not in log


def test_lowered_limit_applies_to_running_jobs(home: Path, long_recording: Path):
    with running_app(home, retry_delays_s=()) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
        driver.app.change_limits(Limits(0.1, 600.0, 0.0))
        (job,) = driver.wait_until_done(job_id)
    assert job.error is not None
    assert job.error.code == "job.timeout"
    assert job.attempts[0].outcome is AttemptOutcome.FAILED  # the worker ended it and was not killed


def test_thread_runs_jobs_if_no_process_can_be_started(
    home: Path, ten_seconds: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(_process: SpawnProcess) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(SpawnProcess, "start", refuse)
    monkeypatch.setattr("fi_desktop.workers.slot._MAX_RESPAWN_DELAY_S", 0.01)
    with running_app(home) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        driver.wait_for(lambda: any(isinstance(n, WorkersChanged) and n.trouble for n in driver.events))
    assert job.state is JobState.COMPLETED
    assert job.attempts[0].worker == "in-app"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_workers_have_telemetry_off_and_a_file_size_limit(home: Path):
    with running_app(home) as driver:
        driver.wait_for(lambda: any(worker.state is WorkerState.IDLE for worker in driver.workers()))
        process = psutil.Process(driver.workers()[0].pid)
        environment, limits = process.environ(), process.rlimit(psutil.RLIMIT_FSIZE)
    assert environment["PYANNOTE_METRICS_ENABLED"] == "0"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert limits == (LARGEST_BYTES, LARGEST_BYTES)


def test_gauges_of_each_worker(home: Path, ten_seconds: Path):
    with running_app(home, workers=2) as driver:
        driver.wait_until_done(*driver.submit(ten_seconds))
        gauges = driver.app.owner().call(JobService.gauges)  # over IPC, as on the command line
    assert [gauge.name for gauge in gauges] == ["worker-1", "worker-2"]
    assert sum(gauge.done for gauge in gauges) == 1
    for gauge in gauges:
        assert gauge.rss_bytes > 10_000_000
        assert gauge.uptime_s > 0
        assert 0 < gauge.uptime <= 1.0


def sleep_in_native_code(pipe: Connection, *_others: object) -> None:
    """A worker whose engine does not return from native code; spawned, so imported by name."""
    send(pipe, Ready())
    receive(pipe)
    ctypes.CDLL(None).sleep(600)


@pytest.mark.skipif(sys.platform == "win32", reason="no sleep in its C library")
def test_hard_limit_kills_a_worker_in_native_code_and_the_job_is_retried(
    home: Path, ten_seconds: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fi_desktop.workers.process.main", sleep_in_native_code)
    with running_app(home, workers=1, soft_limit_s=0.2, hard_limit_s=0.3, limit_factor=0.0) as driver:
        (job_id,) = driver.submit(ten_seconds)
        driver.wait_for_state(job_id, JobState.RUNNING)
        slept = driver.workers()[0].pid
        monkeypatch.undo()  # the replacement is a real worker
        driver.wait_for(lambda: JobState.QUEUED in driver.states(job_id)[1:])
        driver.app.change_limits(Limits(600.0, 600.0, 0.0))
        (job,) = driver.wait_until_done(job_id)
    assert job.state is JobState.COMPLETED
    assert job.attempts[0].error is not None
    assert job.attempts[0].error.code == "job.timeout"
    assert not psutil.pid_exists(slept)


def crash(*_args: object, **_options: object) -> None:
    """End the process like a crash in native code."""
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_in_the_decoder(pipe: Connection, device: str, *_confined: object) -> None:
    """A real worker whose decoder crashes; spawned, so imported by name."""
    stages.decode = crash  # type: ignore[assignment]
    process.main(pipe, device)


def crash_after_decoding(pipe: Connection, device: str, *confined: Any) -> None:
    """A real worker that crashes once the recording is decoded."""
    stages.detect_speech = crash  # type: ignore[assignment]
    process.main(pipe, device, *confined)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals on Windows")
def test_recording_that_crashes_the_decoder_twice_fails(
    home: Path, ten_seconds: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fi_desktop.workers.process.main", crash_in_the_decoder)
    with running_app(home, workers=1) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert job.state is JobState.FAILED
        assert [attempt.outcome for attempt in job.attempts] == [
            AttemptOutcome.CRASHED,
            AttemptOutcome.CRASHED,
        ]
        codes = [attempt.error.code for attempt in job.attempts if attempt.error]
        assert codes == ["worker.crashed", "audio.crashes"]
        assert job.error is not None
        assert job.error.kind is ErrorKind.USER
        assert "signal 11" in job.error.details
        assert JobState.RETRYING not in driver.states(job.id)
        monkeypatch.undo()
        # a manual retry starts the count again
        driver.app.service.retry([job.id]).result(TIMEOUT_S)
        driver.wait_for(lambda: driver.states(job.id)[-1] is JobState.COMPLETED)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals on Windows")
def test_crash_in_a_later_stage_is_retried_with_a_delay(
    home: Path, ten_seconds: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fi_desktop.workers.process.main", crash_after_decoding)
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds)
        job = driver.wait_for_state(job_id, JobState.RETRYING)
    assert [attempt.error and attempt.error.code for attempt in job.attempts] == ["worker.crashed"] * 2
