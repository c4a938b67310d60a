"""Recordings processed by pyannote.audio and faster-whisper, with model packs made for the tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import JobOptions, Stage
from fi_desktop.engines.whisper import decoder
from fi_desktop.engines.whisper.decoder import Decoder
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, QueueEvent
from fi_desktop.models import PackKind
from fi_desktop.pipeline.batch_file import BatchFile
from fi_desktop.workers import process
from tests.app_driver import Driver, running_app
from tests.e2e.commands import fi_desktop, lines
from tests.packs.install import install
from tests.packs.make_pyannote import make_published_embedding
from tests.packs.make_whisper import make_whisper
from tests.recordings import write_repeated
from tests.test_pipeline import rows_of_numbers

GUARD = Path(__file__).parent / "no_network"
SPOKEN = ("Buenos", "días,", "doctora.", "Me", "duele", "la", "cabeza", "desde", "ayer.")
_real_main = process.main
VOICES, WORDS, FLUENT = "test-voices", "test-words", "test-fluent"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory, fitted_pyannote: Path) -> Path:
    """A folder with two packs: one trained on the phone call, one that always transcribes `SPOKEN`."""
    root = tmp_path_factory.mktemp("packs")
    shutil.copytree(fitted_pyannote, root / VOICES)
    make_published_embedding(root / VOICES)
    install(root / VOICES, PackKind.PYANNOTE)
    make_whisper(root / WORDS, SPOKEN, language="es", seconds_per_word=2.5)  # both speakers get words
    install(root / WORDS, PackKind.WHISPER)
    return root


@pytest.fixture
def with_packs(home: Path, packs: Path) -> Path:
    """The data folder with both packs."""
    shutil.copytree(packs, home / "models")
    return home


@pytest.fixture
def fluent(home: Path) -> Path:
    """The data folder with a pack whose words have no pauses, so that nothing is decoded twice."""
    make_whisper(home / "models" / FLUENT, SPOKEN * 3, language="es", seconds_per_word=0.9)
    install(home / "models" / FLUENT, PackKind.WHISPER)
    return home


@pytest.fixture
def three_windows(tmp_path: Path, sample: Path) -> Path:
    """The phone call three times, which is decoded in three windows."""
    return write_repeated(sample, tmp_path / "three windows.wav", 3)


def result(home: Path, job_id: int) -> Transcript:
    return JobFolders(home / "jobs").transcript(job_id)


def test_recording_is_diarized_and_transcribed_without_network(
    with_packs: Path, tmp_path: Path, ten_seconds: Path
):
    guard = {"PYTHONPATH": str(GUARD), "NETWORK_ATTEMPTS": str(tmp_path / "attempts")}
    done = fi_desktop(
        "run", ten_seconds, "--engine", "pyannote", "--language", "es", "--json", home=with_packs, **guard
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()
    assert "REFUSED" not in (tmp_path / "attempts.guarded").read_text()
    summary = lines(done.stdout)[-1]["summary"]
    assert (summary["engine"], summary["transcriber"], summary["language"]) == ("pyannote", "whisper", "es")
    transcript = result(with_packs, 1)
    words = [word for segment in transcript.segments for word in segment.words]
    assert summary["words"] == len(words) > 0
    assert {word.text for word in words} <= set(SPOKEN)
    assert len(transcript.speakers) == 2
    assert {segment.speaker for segment in transcript.segments} == set(transcript.speakers)
    assert not list(rows_of_numbers(json.loads((with_packs / "jobs" / "1" / "result.json").read_text())))
    assert transcript.provenance.model.startswith(VOICES)
    assert transcript.provenance.transcriber_model.startswith(WORDS)


def test_demo_uses_models_that_are_not_installed(home: Path, packs: Path):
    done = fi_desktop("demo", "--models", packs, home=home, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 0, done.stderr
    assert SPOKEN[2] in done.stdout
    assert "install a model" not in done.stdout
    assert not list((home / "models").iterdir())


def test_demo_without_models_says_how_to_install_one(home: Path, tmp_path: Path):
    done = fi_desktop("demo", "--models", tmp_path / "none", home=home, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 0, done.stderr
    assert "SPEAKER_01" in done.stdout
    assert "fi-desktop models install base" in " ".join(done.stdout.split())


def killed_after_two_batches(pipe: Connection, device: str, *confined: Any) -> None:
    """A worker that decodes one window at a time, counts them, and is killed once.

    Spawned, so imported by name.
    """
    # opened before the worker is confined
    counts = Path(os.environ["DECODED_WINDOWS"]).open("a+")  # noqa: SIM115
    real_open, real_decode, real_add = decoder.open_model, Decoder.decode_batch, BatchFile.add

    def open_model(folder: Path, *, memory_level: int, threads: int) -> tuple[Any, int]:
        model, _batch = real_open(folder, memory_level=memory_level, threads=threads)
        return model, 1  # as with little memory, so that a short recording has several batches

    def decode_batch(self: Decoder, sounds: Sequence[Any], options: Any, **decoding: Any) -> Any:
        if not decoding:  # not a gap
            counts.write("decoded\n" * len(sounds))
            counts.flush()
        return real_decode(self, sounds, options, **decoding)

    def add(self: BatchFile, batch: Any) -> None:
        real_add(self, batch)
        counts.write("saved\n")
        counts.flush()
        counts.seek(0)
        if counts.read().count("saved") == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    decoder.open_model, Decoder.decode_batch, BatchFile.add = open_model, decode_batch, add
    _real_main(pipe, device, *confined)


@pytest.mark.skipif(os.name == "nt", reason="no signals on Windows")
def test_turns_and_words_of_finished_batches_survive_a_worker_killed_while_transcribing(
    fluent: Path, tmp_path: Path, three_windows: Path, monkeypatch: pytest.MonkeyPatch
):
    counts = tmp_path / "counts"
    monkeypatch.setenv("DECODED_WINDOWS", str(counts))
    monkeypatch.setattr(process, "main", killed_after_two_batches)
    options = JobOptions(engine="builtin", language="es")
    with running_app(fluent, workers=1) as driver:
        (killed,) = driver.submit(three_windows, options=options)
        (job,) = driver.wait_until_done(killed)
        again = stages(driver, crash_in(driver.events))
        decoded = counts.read_text().count("decoded")
        (undisturbed,) = driver.submit(three_windows, options=options)
        driver.wait_until_done(undisturbed)
    assert [attempt.outcome for attempt in job.attempts] == [AttemptOutcome.CRASHED, AttemptOutcome.COMPLETED]
    assert job.state is JobState.COMPLETED
    assert again[Stage.DIARIZE] == {0.0}  # its result was saved
    assert max(again[Stage.TRANSCRIBE]) > 0.0
    assert counts.read_text().count("decoded") - decoded == decoded > 2  # each window once
    assert result(fluent, killed).segments == result(fluent, undisturbed).segments


def test_second_job_reuses_the_loaded_engines(with_packs: Path, ten_seconds: Path):
    with running_app(with_packs, workers=1) as driver:
        jobs = [driver.submit(ten_seconds, options=JobOptions(engine="pyannote"))[0] for _ in range(2)]
        first, second = driver.wait_until_done(*jobs)
    assert {first.state, second.state} == {JobState.COMPLETED}
    assert result(with_packs, first.id).segments == result(with_packs, second.id).segments


def crash_in(events: Sequence[QueueEvent]) -> int:
    """Return which event says that a worker died."""
    return next(
        place
        for place, event in enumerate(events)
        if isinstance(event, JobChanged)
        and event.job.attempts
        and event.job.attempts[-1].outcome is AttemptOutcome.CRASHED
    )


def stages(driver: Driver, since: int = 0) -> dict[Stage, set[float]]:
    """Return the reported fractions of each stage."""
    found: dict[Stage, set[float]] = {}
    for event in driver.events[since:]:
        if isinstance(event, JobProgressed):
            found.setdefault(event.stage, set()).add(event.fraction)
    return found


# ---- missing and damaged packs


def outcome(home: Path, recording: Path, *options: str) -> tuple[str, str]:
    """Process a recording; return code and message of its error."""
    done = fi_desktop("run", recording, "--json", *options, home=home)
    assert done.returncode == 1, done.stdout
    error = lines(done.stdout)[-1]["error"]
    return error["code"], error["message"]


def test_missing_model_is_named(home: Path, ten_seconds: Path):
    code, message = outcome(home, ten_seconds, "--transcriber", "faster-whisper-small")
    assert code == "engine.no_transcriber"
    assert "faster-whisper-small" in message
    code, message = outcome(home, ten_seconds, "--engine", "pyannote")
    assert code == "engine.no_model"
    assert "model pack" in message


def test_incomplete_model_is_refused_before_any_work(with_packs: Path, ten_seconds: Path):
    (with_packs / "models" / WORDS / "tokenizer.json").unlink()
    code, message = outcome(with_packs, ten_seconds)
    assert code == "models.incomplete"
    assert "tokenizer.json" in message


def test_changed_weights_are_never_loaded(with_packs: Path, ten_seconds: Path):
    weights = with_packs / "models" / VOICES / "embedding" / "pytorch_model.bin"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    code, message = outcome(with_packs, ten_seconds, "--engine", "pyannote")
    assert code == "models.changed"
    assert "embedding/pytorch_model.bin" in message


def test_nothing_is_transcribed_if_not_wanted(with_packs: Path, ten_seconds: Path):
    done = fi_desktop(
        "run", ten_seconds, "--json", "--transcriber", "none", "--engine", "builtin", home=with_packs
    )
    assert done.returncode == 0, done.stderr
    assert result(with_packs, 1).provenance.transcriber == ""
    assert not any(segment.text for segment in result(with_packs, 1).segments)
