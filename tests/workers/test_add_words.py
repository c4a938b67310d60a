"""Words are added to a result that has none: the turns stay, and nobody diarizes again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.revision import Assign, Describe, Merge
from fi_desktop.core.transcript import Person, Role, Transcript
from fi_desktop.core.values import JobOptions, Stage, StageEnd
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.models import PackKind
from fi_desktop.system.files import RESULT
from tests.app_driver import TIMEOUT_S, Driver, running_app
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper

SPOKEN = ("Buenos", "días,", "doctora.", "Me", "duele", "la", "cabeza", "desde", "ayer.")


def add_pack(home: Path) -> None:
    """Install a model pack that always transcribes `SPOKEN`."""
    folder = make_whisper(home / "models" / "test-words", SPOKEN, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)


def result(driver: Driver, job: Job) -> Transcript:
    return driver.app.service.folders.transcript(job.id)


def add_words(driver: Driver, *ids: int) -> int:
    return driver.app.service.add_words(ids).result(TIMEOUT_S)


def ends(job: Job) -> dict[Stage, StageEnd]:
    """Return how each stage of the last attempt ended."""
    return {time.stage: time.end for time in job.attempts[-1].stages}


def wait_for_runs(driver: Driver, job_id: int, runs: int) -> Job:
    driver.wait_for(lambda: driver.states(job_id).count(JobState.COMPLETED) == runs)
    return driver.job(job_id)


@pytest.mark.parametrize("transcriber", ["auto", "none"])
def test_words_are_added_with_the_same_turns_and_nobody_diarizes_again(
    home: Path, ten_seconds: Path, transcriber: str
):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds, options=JobOptions(language="es", transcriber=transcriber))
        before = wait_for_runs(driver, job_id, 1)
        assert before.lacks_words
        turns = result(driver, before)
        assert ends(before)[Stage.DIARIZE] is StageEnd.DONE
        add_pack(home)
        assert add_words(driver, job_id) == 1
        after = wait_for_runs(driver, job_id, 2)
        assert ends(after)[Stage.DIARIZE] is StageEnd.KEPT
        assert ends(after)[Stage.TRANSCRIBE] is StageEnd.DONE
        words = result(driver, after)
        assert words.turns == turns.turns
        assert {word.text for part in words.segments for word in part.words} >= {"doctora."}
        assert (words.provenance.engine, words.provenance.model) == (
            turns.provenance.engine,
            turns.provenance.model,
        )
        assert (words.grade, words.probable_speakers) == (turns.grade, turns.probable_speakers)
        assert not after.lacks_words
        assert after.options.transcriber == "auto"
        assert not after.keep_turns
        assert add_words(driver, job_id) == 0


def test_words_added_later_are_those_of_a_run_with_both(home: Path, ten_seconds: Path):
    """The turns without overlap, by which words get their speakers, are kept as well."""
    options = JobOptions(language="es")
    with running_app(home, workers=1) as driver:
        (later,) = driver.submit(ten_seconds, options=options)
        wait_for_runs(driver, later, 1)
        add_pack(home)
        add_words(driver, later)
        added = result(driver, wait_for_runs(driver, later, 2))
        (both,) = driver.submit(ten_seconds, options=options)
        at_once = result(driver, wait_for_runs(driver, both, 1))
    assert added.segments == at_once.segments


def test_words_are_added_to_the_turns_as_people_corrected_them(home: Path, sample: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(sample, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
        stored = driver.app.service.folders.result(job_id)
        one, other = stored.machine.speakers[:2]
        named = Describe(other, "Dra. Robles", Role.CLINICIAN)
        steps = [
            Step(StepKind.EDIT, 5.0, "Ana", (Assign(0, other), named)),
            Step(StepKind.EDIT, 6.0, "Ana", (Merge(one, other),)),
            Step(StepKind.UNDO, 7.0, "Ana"),
        ]
        for step in steps:
            stored.review.add(step)
        outcome = ReviewOutcome.of(stored.review)
        driver.app.service.add_steps(job_id, stored.version, steps, after=0, outcome=outcome).result(
            TIMEOUT_S
        )
        add_pack(home)
        add_words(driver, job_id)
        after = wait_for_runs(driver, job_id, 3)  # the corrections are news of a completed job as well
        words = result(driver, after)
    assert ends(after)[Stage.DIARIZE] is StageEnd.KEPT
    assert words.turns == stored.review.transcript.turns != stored.machine.turns
    assert words.person(other) == Person(other, "Dra. Robles", Role.CLINICIAN)
    first = words.turns[0]
    assert first.speaker == other
    assert all(part.speaker == other for part in words.segments if part.end <= first.end)


def test_a_recording_that_was_replaced_is_diarized_again(home: Path, ten_seconds: Path, tmp_path: Path):
    recording = tmp_path / "a.wav"
    recording.write_bytes(ten_seconds.read_bytes())
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(recording, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
        recording.write_bytes(ten_seconds.read_bytes()[:-32_000])
        add_pack(home)
        add_words(driver, job_id)
        after = wait_for_runs(driver, job_id, 2)
    assert ends(after)[Stage.DIARIZE] is StageEnd.DONE


def test_a_damaged_result_is_made_again(home: Path, ten_seconds: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
        (driver.app.service.folders.folder(job_id) / RESULT).write_text("{")
        add_pack(home)
        add_words(driver, job_id)
        after = wait_for_runs(driver, job_id, 2)
        assert ends(after)[Stage.DIARIZE] is StageEnd.DONE
        assert result(driver, after).turns


def test_turns_are_kept_through_a_restart_of_the_program(home: Path, ten_seconds: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
    with running_app(home, backend="idle") as driver:
        assert add_words(driver, job_id) == 1
        assert driver.job(job_id).keep_turns
    add_pack(home)
    with running_app(home, workers=1) as driver:
        after = wait_for_runs(driver, job_id, 1)
    assert ends(after)[Stage.DIARIZE] is StageEnd.KEPT


def test_a_cancelled_addition_leaves_the_result(home: Path, ten_seconds: Path):
    with running_app(home, backend="inline") as driver:
        (job_id,) = driver.submit(ten_seconds, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
    with running_app(home, backend="idle") as driver:
        add_words(driver, job_id)
        driver.app.service.cancel([job_id]).result(TIMEOUT_S)
        job = driver.job(job_id)
        assert (job.state, job.keep_turns, job.lacks_words) == (JobState.COMPLETED, False, True)


def test_a_plain_retry_diarizes_again(home: Path, ten_seconds: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
        driver.app.service.retry([job_id]).result(TIMEOUT_S)
        after = wait_for_runs(driver, job_id, 2)
    assert ends(after)[Stage.DIARIZE] is StageEnd.DONE


def test_the_result_keeps_turns_without_overlap_only_until_there_are_words(home: Path, ten_seconds: Path):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds, options=JobOptions(language="es"))
        wait_for_runs(driver, job_id, 1)
        file = driver.app.service.folders.folder(job_id) / RESULT
        assert json.loads(file.read_text())["exclusive"]
        add_pack(home)
        add_words(driver, job_id)
        wait_for_runs(driver, job_id, 2)
        assert "exclusive" not in json.loads(file.read_text())
