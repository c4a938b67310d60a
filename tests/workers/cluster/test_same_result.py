"""The server's results are those of this computer, word for word, and are sealed here as all results are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.audit.acts import ActKind
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import JobOptions, Stage, StageEnd
from fi_desktop.models import PackKind
from fi_desktop.vault.sealed_file import MAGIC
from tests.app_driver import TIMEOUT_S, Driver, running_app
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper
from tests.workers.cluster.clinic import Clinic, until

SPOKEN = ("Buenos", "días,", "doctora.", "Me", "duele", "la", "cabeza", "desde", "ayer.")
OPTIONS = JobOptions(language="es")


def add_pack(home: Path) -> None:
    """Install a model pack that always transcribes `SPOKEN`."""
    folder = make_whisper(home / "models" / "test-words", SPOKEN, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)


def completed(driver: Driver, job_id: int, runs: int = 1) -> tuple[Job, Transcript]:
    """Wait until a job was completed so often; return it and its transcript without the moment."""
    driver.wait_for(lambda: driver.states(job_id).count(JobState.COMPLETED) == runs)
    transcript = driver.app.service.folders.transcript(job_id)
    made = replace(transcript.provenance, created_at="")
    return driver.job(job_id), replace(transcript, provenance=made)


@pytest.mark.slow
def test_words_of_the_server_are_those_of_this_computer(
    home: Path, tmp_path: Path, clinic: Clinic, patient: Path, monkeypatch: pytest.MonkeyPatch
):
    here = tmp_path / "here"
    here.mkdir()
    add_pack(here)
    with running_app(here, workers=1) as driver:
        (job_id,) = driver.submit(patient, options=OPTIONS)
        _, expected = completed(driver, job_id)
        files = {path.name for path in driver.app.service.folders.folder(job_id).iterdir()}
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        driver.app.seal(keyring=False, passphrase="of the test")
        (job_id,) = driver.submit(patient, options=OPTIONS)
        before, speakers_only = completed(driver, job_id)
        assert before.lacks_words
        assert speakers_only.turns == expected.turns

        add_pack(clinic.home)  # the server has a model from now on
        assert driver.app.service.add_words([job_id]).result(TIMEOUT_S) == 1
        after, found = completed(driver, job_id, 2)
        ends = {time.stage: time.end for time in after.attempts[-1].stages}
        assert ends[Stage.DIARIZE] is StageEnd.KEPT
        assert ends[Stage.TRANSCRIBE] is StageEnd.DONE
        assert found == expected
        assert [attempt.outcome.value for attempt in after.attempts if attempt.outcome] == ["completed"] * 2

        until(clinic.is_clean)
        folder = driver.app.service.folders.folder(job_id)
        until(lambda: {path.name for path in folder.iterdir()} >= files)
        assert {path.name for path in folder.iterdir()} - files == {"result-1.json"}
        for path in folder.iterdir():
            assert path.read_bytes().startswith(MAGIC), path.name
        driver.app.trail.flush()
        kinds = [entry.fields.get("kind") for entry in driver.app.trail.store.entries(0)]
    assert kinds.count(ActKind.SENT) == 2
