"""The stages: each is saved, and a later attempt begins at the first that is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fi_desktop import pipeline
from fi_desktop.core.errors import Cancelled, Interrupted, UserError
from fi_desktop.core.job import JobOptions, Stage
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.files import resource
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.pipeline import Work


class Recorder:
    """Notes the stages; stops the work at one of them where it is told to."""

    def __init__(self, stop_at: Stage | None = None, error: BaseException | None = None) -> None:
        self.fractions: dict[Stage, list[float]] = {}
        self.duration_s = 0.0
        self._stop_at, self._error = stop_at, error or Interrupted()

    def progress(self, stage: Stage, fraction: float) -> None:
        self.fractions.setdefault(stage, []).append(fraction)
        if stage is self._stop_at:
            raise self._error

    def measured(self, duration_s: float) -> None:
        self.duration_s = duration_s


@pytest.fixture
def work(tmp_path: Path, sample: Path) -> Work:
    recording = tmp_path / "consulta de José.wav"
    shutil.copy(sample, recording)
    return Work(1, recording, JobOptions(), tmp_path / "jobs" / "1", (resource("models"),))


def files(work: Work) -> set[str]:
    return {path.name for path in work.folder.iterdir()}


def test_only_the_result_is_left_of_a_finished_job(work: Work):
    recorder = Recorder()
    summary = pipeline.run(work, recorder)
    assert files(work) == {"result.json"}
    assert (summary.speakers, summary.engine) == (2, "builtin")
    assert recorder.duration_s == pytest.approx(30.0, abs=0.01)
    assert list(recorder.fractions) == [Stage.DECODE, Stage.SPEECH, Stage.DIARIZE, Stage.JOIN]
    for fractions in recorder.fractions.values():
        assert fractions == sorted(fractions)
        assert 0.0 <= fractions[0] <= fractions[-1] <= 1.0


@pytest.mark.parametrize(
    ("interrupted_at", "saved"),
    [
        (Stage.SPEECH, {"audio.s16", "decoded.json"}),
        (Stage.DIARIZE, {"audio.s16", "decoded.json", "speech.npz"}),
        (Stage.JOIN, {"audio.s16", "decoded.json", "speech.npz", "turns.json"}),
    ],
)
def test_a_later_attempt_does_not_do_again_what_is_done(work: Work, interrupted_at: Stage, saved: set[str]):
    with pytest.raises(Interrupted):
        pipeline.run(work, Recorder(stop_at=interrupted_at))
    assert files(work) == saved
    times = {name: (work.folder / name).stat().st_mtime_ns for name in saved}
    done = Recorder(stop_at=Stage.JOIN)
    with pytest.raises(Interrupted):
        pipeline.run(work, done)
    assert {name: (work.folder / name).stat().st_mtime_ns for name in saved} == times
    assert done.fractions[Stage.DECODE] == [0.0]


def test_an_interrupted_job_ends_in_the_same_result(work: Work, tmp_path: Path):
    pipeline.run(work, Recorder())
    folders = JobFolders(tmp_path / "jobs")
    whole = folders.transcript(1)
    folders.discard(1)
    for stage in (Stage.DECODE, Stage.SPEECH, Stage.DIARIZE, Stage.JOIN):
        with pytest.raises(Interrupted):
            pipeline.run(work, Recorder(stop_at=stage))
    pipeline.run(work, Recorder())
    assert folders.transcript(1).turns == whole.turns
    assert folders.transcript(1).provenance.source_sha256 == whole.provenance.source_sha256


def test_a_recording_that_changed_is_decoded_anew(work: Work):
    with pytest.raises(Interrupted):
        pipeline.run(work, Recorder(stop_at=Stage.SPEECH))
    shutil.copy(resource("samples", "consulta.flac"), work.path)
    recorder = Recorder()
    pipeline.run(work, recorder)
    assert recorder.duration_s > 50.0


def test_a_recording_that_was_moved_away_is_finished_from_what_was_decoded(work: Work):
    with pytest.raises(Interrupted):
        pipeline.run(work, Recorder(stop_at=Stage.SPEECH))
    work.path.unlink()
    assert pipeline.run(work, Recorder()).speakers == 2


@pytest.mark.parametrize("error", [Cancelled(), UserError("x", "y")])
def test_no_decoded_speech_is_kept_where_no_retry_wants_it(work: Work, error: Exception):
    with pytest.raises(type(error)):
        pipeline.run(work, Recorder(stop_at=Stage.DIARIZE, error=error))
    assert files(work) == set()


def test_the_result_names_its_makers_and_its_options(work: Work, tmp_path: Path):
    options = JobOptions(SpeakerCount(1, 4), engine="builtin", language="es")
    pipeline.run(Work(1, work.path, options, work.folder, work.models), Recorder())
    provenance = JobFolders(tmp_path / "jobs").transcript(1).provenance
    assert provenance.options == {"speakers": "1-4", "engine": "builtin", "language": "es"}
    assert provenance.source_name == "consulta de José.wav"
    assert provenance.model
    assert len(provenance.source_sha256) == 64
