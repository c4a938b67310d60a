"""Slots of the pool: number and names; restarting, recycling and retiring real workers."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.workers.slot import WorkerSlot, resize
from tests.app_driver import running_app


def names(slots: list[WorkerSlot]) -> list[str]:
    return [slot.name for slot in slots]


def test_slots_are_added_and_removed_at_the_end():
    three = resize([], 3)
    assert names(three) == ["worker-1", "worker-2", "worker-3"]
    assert names(resize(resize(three, 1), 1)) == ["worker-1"]


def test_name_of_a_retired_slot_is_used_again():
    three = resize([], 3)
    three[0].retire()
    assert names(resize(three, 2)) == ["worker-2", "worker-3"]
    assert names(resize(resize(three, 2), 3)) == ["worker-1", "worker-2", "worker-3"]


def test_restart_of_a_busy_worker_requeues_its_job_at_no_charge(home: Path, long_recording: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
        before = driver.workers()[0].pid
        driver.app.restart_worker("worker-1")
        again = [JobState.RUNNING, JobState.QUEUED, JobState.RUNNING]
        driver.wait_for(lambda: driver.states(job_id)[1:] == again)
        job = driver.job(job_id)
        assert driver.workers()[0].pid != before
    assert job.attempts[0].outcome is AttemptOutcome.RELEASED
    assert job.charged == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP on Windows")
def test_restart_kills_an_unresponsive_worker_and_requeues_its_job(home: Path, long_recording: Path):
    with running_app(home, workers=1, stop_grace_s=0.1) as driver:
        (job_id,) = driver.submit(long_recording)
        driver.wait_for_progress(job_id)
        os.kill(driver.workers()[0].pid, signal.SIGSTOP)
        driver.app.restart_worker("worker-1")
        driver.wait_for(lambda: JobState.QUEUED in driver.states(job_id)[1:])
        assert driver.job(job_id).attempts[0].outcome is AttemptOutcome.RELEASED


def test_workers_are_retired_and_recycled_once_their_job_is_done(home: Path, sample: Path):
    with running_app(home, workers=2) as driver:
        driver.wait_for(lambda: len(driver.workers()) == 2)
        (job_id,) = driver.submit(sample)
        driver.wait_for_state(job_id, JobState.RUNNING)
        busy = driver.job(job_id).attempts[0].worker
        (other,) = (worker for worker in driver.workers() if worker.name != busy)
        driver.app.retire_worker(busy)
        driver.app.retire_worker(other.name)  # the last one stays
        driver.app.recycle_worker(other.name)
        (job,) = driver.wait_until_done(job_id)
        driver.wait_for(lambda: [worker.name for worker in driver.workers()] == [other.name])
        driver.wait_for(lambda: driver.workers()[0].pid != other.pid)
    assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1)
