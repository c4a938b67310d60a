"""The contract of all backends: each runs the same tests, with real recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.values import EngineChoice, JobOptions, Stage, StageEnd
from fi_desktop.jobs.queue_events import JobProgressed
from tests.app_driver import Driver, running_app
from tests.workers.cluster.clinic import Clinic, running_clinic

DONE = [JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED]


@pytest.fixture(params=["pool", "thread", "inline", "cluster"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A server with one worker, for all tests of this module."""
    with running_clinic(tmp_path_factory.mktemp("clinic")) as clinic:
        yield clinic


@pytest.fixture
def settings(backend: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the backend needs, besides its name."""
    if backend != "cluster":
        return {}
    return request.getfixturevalue("clinic").settings()


@pytest.fixture
def driver(backend: str, home: Path, settings: dict[str, Any]) -> Iterator[Driver]:
    with running_app(home, **{"backend": backend, **settings}) as driver:
        yield driver


def test_recording_becomes_a_result_on_disk(driver: Driver, ten_seconds: Path):
    (job_id,) = driver.submit(ten_seconds)
    (job,) = driver.wait_until_done(job_id)
    assert driver.states(job_id) == DONE
    assert job.summary is not None
    assert job.summary.speakers == 2
    transcript = driver.app.service.folders.transcript(job_id)
    assert transcript.duration == pytest.approx(10.0, abs=0.01)
    assert transcript.provenance.source_name == "ten seconds.wav"


def test_result_is_on_disk_before_the_job_is_completed(driver: Driver, ten_seconds: Path):
    found = []
    folders = driver.app.service.folders

    def look(events):
        for event in events:
            if getattr(getattr(event, "job", None), "state", None) is JobState.COMPLETED:
                found.append(folders.transcript(event.job.id).speakers)

    driver.app.service.listen(look)
    driver.wait_until_done(*driver.submit(ten_seconds))
    assert found == [("SPEAKER_00", "SPEAKER_01")]


def test_progress_follows_the_order_of_the_stages(driver: Driver, ten_seconds: Path):
    (job_id,) = driver.submit(ten_seconds)
    driver.wait_until_done(job_id)
    stages = [event.stage.value for event in driver.events if isinstance(event, JobProgressed)]
    assert list(dict.fromkeys(stages)) == ["decode", "speech", "diarize", "join"]
    chosen = [event.chosen for event in driver.events if isinstance(event, JobProgressed)]
    assert chosen[0] is None
    assert chosen[-1] == EngineChoice("builtin", "")  # the remaining stages are known from then on


def test_attempt_records_the_time_of_each_stage(driver: Driver, ten_seconds: Path):
    (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
    (attempt,) = job.attempts
    assert [time.stage for time in attempt.stages] == [
        Stage.DECODE,
        Stage.SPEECH,
        Stage.DIARIZE,
        Stage.JOIN,
    ]
    assert {time.end for time in attempt.stages} == {StageEnd.DONE}
    assert attempt.ended_at is not None
    assert 0.0 < sum(time.took_s for time in attempt.stages) <= attempt.ended_at - attempt.started_at
    assert driver.app.service.verify().result(120) == []


def test_bad_file_fails_with_a_message_and_the_next_job_completes(
    driver: Driver, ten_seconds: Path, tmp_path: Path
):
    bad = tmp_path / "notes.wav"
    bad.write_text("not a recording")
    failed, completed = driver.wait_until_done(*driver.submit(bad, ten_seconds))
    assert (failed.state, completed.state) == (JobState.FAILED, JobState.COMPLETED)
    assert failed.error is not None
    assert failed.error.kind is ErrorKind.USER
    assert failed.error.message.endswith(".")
    assert len(failed.attempts) == 1


def test_running_job_is_cancelled(driver: Driver, long_recording: Path):
    (job_id,) = driver.submit(long_recording)
    driver.wait_for_progress(job_id)
    driver.app.service.cancel([job_id]).result(120)
    (job,) = driver.wait_until_done(job_id)
    assert (job.state, job.attempts[0].outcome) == (JobState.CANCELLED, AttemptOutcome.CANCELLED)
    assert [time.stage for time in job.attempts[0].stages[:1]] == [Stage.DECODE]
    assert list(driver.app.service.folders.folder(job_id).iterdir()) == []  # no decoded speech is left


def test_next_job_runs_after_a_cancelled_one(driver: Driver, long_recording: Path, ten_seconds: Path):
    (cancelled,) = driver.submit(long_recording)
    driver.wait_for_progress(cancelled)
    driver.app.service.cancel([cancelled]).result(120)
    (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
    assert job.state is JobState.COMPLETED


def test_stop_leaves_a_running_job_and_the_next_start_finishes_it(
    backend: str, home: Path, one_minute: Path, settings: dict[str, Any]
):
    settings = {"backend": backend, **settings}
    with running_app(home, **settings) as driver:
        (job_id,) = driver.submit(one_minute)
        # to the server it goes once it is decoded
        driver.wait_for(
            lambda: any(
                isinstance(event, JobProgressed) and event.stage is not Stage.DECODE
                for event in driver.events
            )
        )
    with running_app(home, **settings) as driver:
        (job,) = driver.wait_until_done(job_id)
    assert job.state is JobState.COMPLETED
    released = [] if backend == "cluster" else [AttemptOutcome.RELEASED]  # the server went on
    assert [attempt.outcome for attempt in job.attempts] == [*released, AttemptOutcome.COMPLETED]
    assert job.charged == 0


def test_failed_attempt_is_retried_after_its_delay(
    backend: str, home: Path, long_recording: Path, settings: dict[str, Any]
):
    limits = {"soft_limit_s": 0.05, "limit_factor": 0.0, "retry_delays_s": (0.3,)}
    with running_app(home, **{"backend": backend, **settings, **limits}) as driver:
        (job,) = driver.wait_until_done(*driver.submit(long_recording))
    assert driver.states(job.id).count(JobState.RETRYING) == 1
    first, second = job.attempts
    assert first.charged
    assert first.ended_at is not None
    assert second.started_at - first.ended_at >= 0.27


def test_paused_queue_starts_nothing(driver: Driver, ten_seconds: Path):
    driver.app.service.pause().result(120)
    (job_id,) = driver.submit(ten_seconds)
    assert driver.job(job_id).state is JobState.QUEUED
    driver.app.service.resume().result(120)
    (job,) = driver.wait_until_done(job_id)
    assert len(job.attempts) == 1


def test_purged_jobs_never_run(driver: Driver, ten_seconds: Path):
    driver.app.service.pause().result(120)
    purged = driver.submit(ten_seconds) + driver.submit(ten_seconds)
    assert driver.app.service.purge().result(120) == 2
    driver.app.service.resume().result(120)
    driver.wait_until_done(*driver.submit(ten_seconds))
    assert not any(JobState.RUNNING in driver.states(job_id) for job_id in purged)


def test_soft_limit_ends_an_attempt(backend: str, home: Path, long_recording: Path, settings: dict[str, Any]):
    limits = {"soft_limit_s": 0.05, "limit_factor": 0.0, "retry_delays_s": ()}
    with running_app(home, **{"backend": backend, **settings, **limits}) as driver:
        (job,) = driver.wait_until_done(*driver.submit(long_recording))
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, job.error.message) == ("job.timeout", "Timeout (0 min)")


def test_engine_without_its_model_fails_the_job(driver: Driver, ten_seconds: Path):
    (job,) = driver.wait_until_done(*driver.submit(ten_seconds, options=JobOptions(engine="pyannote")))
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "engine.no_model"
