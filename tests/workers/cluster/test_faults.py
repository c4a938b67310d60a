"""Whatever is lost on the way, a job is done, and done once: workers, Redis, the desktop, the network."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.values import JobOptions, Stage
from fi_desktop.jobs.queue_events import JobProgressed, WorkersChanged, WorkerState
from fi_desktop.workers.cluster.link import agreement
from tests.app_driver import Driver, running_app
from tests.workers.cluster.clinic import Clinic, until

pytestmark = pytest.mark.slow

LOST_AFTER_S = 4.0
COMPLETED, CRASHED = AttemptOutcome.COMPLETED, AttemptOutcome.CRASHED


def wait_until_at_work(driver: Driver, job_id: int) -> None:
    """Wait until the server reports what only it does."""
    driver.wait_for(
        lambda: any(
            isinstance(event, JobProgressed) and event.job_id == job_id and event.stage is Stage.DIARIZE
            for event in driver.events
        )
    )


def outcomes(driver: Driver, job_id: int) -> list[AttemptOutcome | None]:
    """Wait until a job has ended; return how its attempts did."""
    (job,) = driver.wait_until_done(job_id)
    assert job.state is JobState.COMPLETED, job.error
    assert driver.states(job_id).count(JobState.COMPLETED) == 1
    assert driver.app.service.verify().result(120) == []
    return [attempt.outcome for attempt in job.attempts]


def test_process_of_the_server_that_is_killed_is_replaced_within_the_attempt(
    home: Path, clinic: Clinic, recording: Path
):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        (process,) = clinic.children(clinic.workers[0])
        process.kill()
        assert outcomes(driver, job_id) == [COMPLETED]  # Celery delivered it again
        until(clinic.is_clean)


def test_engine_process_that_is_killed_costs_an_attempt(home: Path, clinic: Clinic, recording: Path):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        (gauge,) = driver.app.gauges()
        assert gauge.host
        psutil.Process(gauge.pid).kill()
        assert outcomes(driver, job_id) == [CRASHED, COMPLETED]
        until(clinic.is_clean)


def test_server_that_is_gone_is_not_waited_for(home: Path, clinic: Clinic, recording: Path):
    with running_app(home, backend="cluster", **clinic.settings(stuck_after_s=LOST_AFTER_S)) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        clinic.kill_worker(clinic.workers[0])
        driver.wait_for(lambda: len(driver.job(job_id).attempts) == 2 or _waits(driver, job_id))
        clinic.start_worker()
        assert outcomes(driver, job_id)[0] is CRASHED
        until(clinic.is_clean)


def _waits(driver: Driver, job_id: int) -> bool:
    return driver.states(job_id)[-1] in (JobState.QUEUED, JobState.RETRYING)


def test_redis_that_is_killed_and_started_again_costs_nothing(home: Path, clinic: Clinic, recording: Path):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        clinic.kill_redis()
        clinic.start_redis()
        assert outcomes(driver, job_id) == [COMPLETED]
        until(clinic.is_clean)


def test_result_is_found_although_redis_stays_away(home: Path, clinic: Clinic, recording: Path):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        clinic.kill_redis()
        assert outcomes(driver, job_id) == [COMPLETED]
        clinic.start_redis()
        until(clinic.is_clean)


def test_job_of_a_server_that_stays_away_is_done_here(home: Path, clinic: Clinic, recording: Path):
    settings = clinic.settings(stuck_after_s=LOST_AFTER_S)
    with running_app(home, backend="both", workers=1, **settings) as driver:
        driver.wait_for(lambda: {w.state for w in driver.workers()} == {WorkerState.IDLE})
        here, there = driver.submit(recording) + driver.submit(recording)
        wait_until_at_work(driver, there)
        (process,) = clinic.children(clinic.workers[0])
        stopped = [process, *process.children()]
        for each in stopped:
            each.suspend()
        clinic.kill_redis()
        assert outcomes(driver, there) == [AttemptOutcome.RELEASED, COMPLETED]
        assert [attempt.worker for attempt in driver.job(there).attempts] == ["server-1", "worker-1"]
        lost = driver.job(there)
        assert (lost.charged, lost.deliveries, lost.lost) == (0, 2, 1)
        assert outcomes(driver, here) == [COMPLETED]
        clinic.start_redis()
        for each in stopped:
            each.resume()
        until(clinic.is_clean)


def test_job_of_a_folder_for_transfers_that_is_away_is_done_here(home: Path, clinic: Clinic, recording: Path):
    settings = clinic.settings(retry_delays_s=(0.1,))
    away = clinic.transfer.with_name("unmounted")
    with running_app(home, backend="both", workers=1, **settings) as driver:
        driver.wait_for(lambda: {w.state for w in driver.workers()} == {WorkerState.IDLE})
        clinic.transfer.rename(away)
        try:
            here, there = driver.submit(recording) + driver.submit(recording)
            assert outcomes(driver, there) == [AttemptOutcome.FAILED, COMPLETED]
            job = driver.job(there)
            assert job.attempts[0].error is not None
            assert job.attempts[0].error.code == "cluster.transfer"
            assert [attempt.worker for attempt in job.attempts] == ["server-1", "worker-1"]
            assert (job.charged, job.deliveries, job.lost) == (0, 2, 1)
            assert outcomes(driver, here) == [COMPLETED]
            trouble = [e.trouble for e in driver.events if isinstance(e, WorkersChanged) and e.trouble]
            assert str(trouble[-1]).startswith("The folder for transfers cannot be reached")
        finally:
            away.rename(clinic.transfer)
        driver.wait_for(
            lambda: any(w.name == "server-1" and w.state is WorkerState.IDLE for w in driver.workers())
        )
        until(clinic.is_clean)


def test_task_that_redis_has_lost_is_sent_again(home: Path, clinic: Clinic, ten_seconds: Path):
    """Redis writes to its disk once a second: what came last is lost with its computer."""
    process = clinic.suspend_process()
    try:
        with running_app(home, backend="cluster", **clinic.settings()) as driver:
            (job_id,) = driver.submit(ten_seconds)
            until(lambda: clinic.client.llen("fi-desktop") + clinic.client.hlen("unacked") > 0)
            clinic.client.flushall()
            process.resume()
            assert outcomes(driver, job_id) == [COMPLETED]
            until(clinic.is_clean)
    finally:
        process.resume()


def test_result_is_found_that_was_returned_while_the_program_was_closed(
    home: Path, clinic: Clinic, recording: Path
):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
    until(lambda: any(name.endswith(".result") for name in clinic.files()))
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        assert outcomes(driver, job_id) == [COMPLETED]
        until(clinic.is_clean)


def test_relay_that_is_killed_is_replaced_and_its_job_goes_on(home: Path, clinic: Clinic, recording: Path):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        (relay,) = (worker.pid for worker in driver.workers())
        psutil.Process(relay).kill()
        assert outcomes(driver, job_id) == [COMPLETED]
        until(clinic.is_clean)


def test_cancelled_job_ends_on_the_server_too(home: Path, clinic: Clinic, recording: Path):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(recording)
        wait_until_at_work(driver, job_id)
        driver.app.service.cancel([job_id]).result(120)
        (job,) = driver.wait_until_done(job_id)
        assert job.state is JobState.CANCELLED
        until(lambda: clinic.is_clean() and not clinic.work())


def test_hard_limit_ends_an_engine_that_does_not_respond(home: Path, clinic: Clinic, recording: Path):
    limits = {"soft_limit_s": 60, "hard_limit_s": 0.5, "limit_factor": 0.0, "retry_delays_s": ()}
    with running_app(home, backend="cluster", **clinic.settings(**limits)) as driver:
        (job,) = driver.wait_until_done(*driver.submit(recording))
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.error.code == "job.timeout"
        until(clinic.is_clean)


def test_both_work_here_while_the_server_is_away(home: Path, clinic: Clinic, ten_seconds: Path):
    clinic.kill_redis()
    with running_app(home, backend="both", workers=1, **clinic.settings()) as driver:
        driver.wait_for(lambda: any(isinstance(e, WorkersChanged) and e.trouble for e in driver.events))
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert job.attempts[0].worker == "worker-1"
        trouble = [e.trouble for e in driver.events if isinstance(e, WorkersChanged) and e.trouble]
        assert str(trouble[-1]) == (
            "The server cannot be reached (ConnectionError). "
            "Recordings are processed on this computer meanwhile."
        )
        clinic.start_redis()
        driver.wait_for(
            lambda: any(w.name == "server-1" and w.state is WorkerState.IDLE for w in driver.workers())
        )
        shown = [event for event in driver.events if isinstance(event, WorkersChanged)]
        assert shown[-1].trouble is None


def test_where_to_process_is_changed_while_the_program_runs(home: Path, clinic: Clinic, ten_seconds: Path):
    with running_app(home, workers=1) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert job.attempts[0].worker == "worker-1"
        driver.app.change_settings({"backend": "cluster", **clinic.settings()})
        driver.wait_for(lambda: [worker.name for worker in driver.workers()] == ["server-1"])
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert job.attempts[0].worker == "server-1"
        driver.app.change_settings({"backend": "local"})
        driver.wait_for(lambda: [worker.name for worker in driver.workers()] == ["worker-1"])
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert job.attempts[0].worker == "worker-1"


@pytest.mark.parametrize("missing", ["agreed_server", "send_recordings", "other server"])
def test_nothing_leaves_before_a_person_agrees(home: Path, clinic: Clinic, ten_seconds: Path, missing: str):
    settings = clinic.settings()
    match missing:
        case "other server":
            settings["agreed_server"] = f"localhost {settings['transfer']}"
        case name:
            del settings[name]
    before = clinic.client.dbsize()
    with running_app(home, workers=1) as driver:
        driver.app.change_settings({"backend": "both", **settings})
        driver.wait_for(lambda: any(isinstance(e, WorkersChanged) and e.trouble for e in driver.events))
        driver.wait_until_done(*driver.submit(ten_seconds, options=JobOptions(transcriber="none")))
        (worker,) = driver.workers()
        assert worker.name == "worker-1"
        shown = [event for event in driver.events if isinstance(event, WorkersChanged)]
        assert shown[-1].trouble is not None
        sentence = (
            "allow recordings to leave" if missing == "send_recordings" else "127.0.0.1 until you agree"
        )
        assert sentence in str(shown[-1].trouble)
        assert clinic.is_clean()
        assert clinic.client.dbsize() == before
        if missing == "agreed_server":
            driver.app.change_settings(agreement(driver.app.settings))
            driver.wait_for(lambda: {"server-1", "worker-1"} == {w.name for w in driver.workers()})
