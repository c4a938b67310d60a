"""SIGKILL while a corrected and signed result is processed again: it is never hidden, at no commit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.review import Step, StepKind, fingerprint
from fi_desktop.core.revision import Describe
from fi_desktop.core.values import JobOptions, ReviewState
from fi_desktop.jobs.review_files import ReviewOutcome
from tests.app_driver import TIMEOUT_S, Driver, running_app

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL"),
]

JOB = 1
MOST_COMMITS = 12


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with job 1, whose result has a named speaker and is signed."""
    home, sample = tmp_path_factory.mktemp("signed"), phone_call()
    if sample is None:
        pytest.skip("the phone call is not installed: see fi-desktop[pyannote]")
    with running_app(home, backend="inline") as driver:
        (job_id,) = driver.submit(sample, options=JobOptions(transcriber="none"))
        driver.wait_for_state(job_id, JobState.COMPLETED)
        service = driver.app.service
        stored = service.folders.result(job_id)
        steps = [
            Step(StepKind.EDIT, 5.0, "Ana", (Describe("SPEAKER_00", "María"),)),
            Step(StepKind.REVIEW, 6.0, "Dra. Robles"),
        ]
        for step in steps:
            stored.review.add(step)
        steps.append(Step(StepKind.SIGN, 7.0, "Dra. Robles", sha256=fingerprint(stored.review.transcript)))
        stored.review.add(steps[-1])
        outcome = ReviewOutcome.of(stored.review)
        service.add_steps(job_id, stored.version, steps, after=0, outcome=outcome).result(TIMEOUT_S)
    assert job_id == JOB
    return home


def process_again(home: Path, doom: str) -> list[str]:
    """Run the app that is killed; return what it said."""
    command = [sys.executable, "-m", "tests.crash.again", str(home), doom, str(JOB)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.split()


def check(driver: Driver) -> Job:
    """What was signed is the current version, or the first one of two."""
    job, folders = driver.job(JOB), driver.app.service.folders
    assert driver.app.service.verify().result(TIMEOUT_S) == []
    assert job.summary is not None
    assert folders.result(JOB).version == job.summary.version
    first = folders.result(JOB, folders.versions(JOB)[0]).review
    assert first.state is ReviewState.SIGNED
    assert first.transcript.person("SPEAKER_00").name == "María"
    if job.options.speakers.fixed == 2 or job.state is not JobState.COMPLETED:
        assert (job.review, job.people) == (ReviewState.SIGNED, ("María",))
        assert folders.reviewed(JOB).state is ReviewState.SIGNED
    else:
        assert len(folders.transcript(JOB).speakers) == 3
        assert job.review is ReviewState.DRAFT
    return job


@pytest.mark.parametrize("moment", ["before", "after"])
def test_signed_result_is_there_whenever_the_app_is_killed(tmp_path: Path, signed: Path, moment: str):
    states: set[JobState] = set()
    for number in range(1, MOST_COMMITS):
        home = Path(shutil.copytree(signed, tmp_path / str(number)))
        said = process_again(home, f"{moment}:{number}")
        with running_app(home, backend="idle") as driver:
            job = check(driver)
            states.add(job.state)
            if not job.state.final:  # the person gives up: everything is as it was
                driver.app.service.cancel([JOB]).result(TIMEOUT_S)
                cancelled = check(driver)
                assert (cancelled.state, cancelled.options.speakers.fixed) == (JobState.COMPLETED, 2)
        if "done" in said:
            break
    else:
        pytest.fail("the app was killed at every commit")
    assert states == {JobState.QUEUED, JobState.COMPLETED}
