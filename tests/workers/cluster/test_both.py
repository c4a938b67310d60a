"""Server and computer together: each job goes to whichever is free first, also if others use the server."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.values import JobOptions, ServerLoad
from fi_desktop.jobs.prometheus import QueueReading, exposition
from fi_desktop.jobs.queue_events import WorkerState
from fi_desktop.system.devices import host_figures
from fi_desktop.workers.cluster.relay_slot import RelaySlot
from fi_desktop.workers.pool import WorkerPool
from tests.app_driver import Driver, running_app
from tests.workers.cluster.clinic import Clinic, until
from tests.workers.cluster.test_faults import wait_until_at_work

pytestmark = pytest.mark.slow

NO_WORDS = JobOptions(transcriber="none")


def load_of(driver: Driver) -> ServerLoad | None:
    """Return what the driver's relay says of the server."""
    return next((gauge.server for gauge in driver.app.gauges() if gauge.server is not None), None)


def workers_of(driver: Driver, *ids: int) -> list[list[str]]:
    """Wait until jobs are done; return the workers of their attempts."""
    jobs = driver.wait_until_done(*ids)
    assert {job.state for job in jobs} == {JobState.COMPLETED}
    return [[attempt.worker for attempt in job.attempts] for job in jobs]


def _resume(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.resume()


def test_job_does_not_wait_for_a_server_that_others_keep_busy(
    home: Path, clinic: Clinic, long_recording: Path, ten_seconds: Path, tmp_path: Path
):
    other_home = tmp_path / "other"
    (process,) = clinic.children(clinic.workers[0])
    with running_app(other_home, backend="cluster", **clinic.settings()) as other, ExitStack() as stack:
        (long,) = other.submit(long_recording, options=NO_WORDS)
        wait_until_at_work(other, long)
        for engine in process.children(recursive=True):  # at work until it is cancelled
            engine.suspend()
            stack.callback(_resume, engine)
        with running_app(home, backend="both", workers=1, **clinic.settings()) as driver:
            driver.wait_for(lambda: {w.state for w in driver.workers()} == {WorkerState.IDLE})
            until(lambda: (load := load_of(driver)) is not None and load.working == 1)
            assert load_of(driver).processes == 1
            ids = [driver.submit(ten_seconds, options=NO_WORDS)[0] for _ in range(3)]
            assert workers_of(driver, *ids) == [["worker-1"]] * 3
            assert other.job(long).state is JobState.RUNNING
            said = exposition(
                QueueReading(0.0, (), driver.app.gauges(), False, (), host_figures(home))
            ).decode()
            assert 'fi_desktop_server_working{host="127.0.0.1"} 1\n' in said
            assert 'fi_desktop_server_processes{host="127.0.0.1"} 1\n' in said
            other.app.service.cancel([long]).result(120)
            stack.close()
            other.wait_until_done(long)
            until(lambda: (load := load_of(driver)) is not None and load.working == 0)
            here, there = (driver.submit(long_recording, options=NO_WORDS)[0] for _ in range(2))
            wait_until_at_work(driver, there)
            assert driver.job(there).attempts[-1].worker == "server-1"
            driver.app.service.cancel([here, there]).result(120)
            driver.wait_until_done(here, there)
    until(clinic.is_clean)


def test_job_that_waits_on_the_server_comes_back_when_this_computer_is_free(
    home: Path, clinic: Clinic, recording: Path, sample: Path
):
    with running_app(home, backend="both", workers=1, **clinic.settings()) as driver:
        driver.wait_for(lambda: {w.state for w in driver.workers()} == {WorkerState.IDLE})
        process = clinic.suspend_process()  # it takes the task, and does not begin
        try:
            here, there = driver.submit(recording, options=NO_WORDS) + driver.submit(sample, options=NO_WORDS)
            assert workers_of(driver, here, there) == [["worker-1"], ["server-1", "worker-1"]]
            job = driver.job(there)
            assert [attempt.outcome for attempt in job.attempts] == [
                AttemptOutcome.RELEASED,
                AttemptOutcome.COMPLETED,
            ]
            assert (job.deliveries, job.lost, job.charged) == (1, 0, 0)
            assert clinic.is_clean()
        finally:
            process.resume()
        (again,) = driver.submit(sample, options=NO_WORDS)
        driver.wait_until_done(again)
    until(clinic.is_clean)


def test_jobs_wait_on_the_server_if_this_computer_does_not_work(home: Path, clinic: Clinic, sample: Path):
    settings = clinic.settings(server_jobs=4)
    with running_app(home, backend="cluster", **settings) as driver:
        driver.wait_for(lambda: [w.state for w in driver.workers()] == [WorkerState.IDLE] * 4)
        process = clinic.suspend_process()
        try:
            ids = [driver.submit(sample, options=NO_WORDS)[0] for _ in range(2)]
            until(lambda: sum(slot_waits(driver)) == 2)
            ids += driver.submit(sample, options=NO_WORDS)
            until(lambda: sum(slot_waits(driver)) == 3)
        finally:
            process.resume()
        assert all(len(workers) == 1 for workers in workers_of(driver, *ids))
    until(clinic.is_clean)


def slot_waits(driver: Driver) -> list[bool]:
    """Return for each relay whether its job waits for a worker of the server."""
    pool = driver.app._backend
    assert isinstance(pool, WorkerPool)
    return [slot.waits for slot in pool._slots if isinstance(slot, RelaySlot)]
