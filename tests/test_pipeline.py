"""The stages: each saves its result, and a later attempt resumes at the first without one."""

from __future__ import annotations

import hashlib
import json
import shutil
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fi_desktop import pipeline
from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.audio.seek_table import read_seek_table
from fi_desktop.core import messages
from fi_desktop.core.errors import CancelledByUser, Interrupted, TransientError, UserError
from fi_desktop.core.transcript import Diarization, Grade, Region, Transcript, Transcription, Turn, Word
from fi_desktop.core.values import EngineChoice, JobOptions, SpeakerCount, Stage, StageEnd
from fi_desktop.engines import registry
from fi_desktop.engines.networks import load_network, release_networks
from fi_desktop.engines.registry import TranscriberChoice
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.models import Pack, PackKind
from fi_desktop.pipeline import Task
from fi_desktop.system.files import discard_stages, resource
from tests.audio.make_media import samples_of, write_wav
from tests.engines import fake
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper
from tests.recordings import write_start


class Recorder:
    """Records what the pipeline reports; can stop it at a stage."""

    def __init__(self, stop_at: Stage | None = None, error: BaseException | None = None) -> None:
        self.fractions: dict[Stage, list[float]] = {}
        self.ends: list[tuple[Stage, StageEnd]] = []
        self.duration_s = 0.0
        self.engines: EngineChoice | None = None
        self._stop_at, self._error = stop_at, error or Interrupted()

    def progress(self, stage: Stage, fraction: float) -> None:
        self.fractions.setdefault(stage, []).append(fraction)
        if stage is self._stop_at:
            raise self._error

    def measured(self, duration_s: float) -> None:
        self.duration_s = duration_s

    def chosen(self, chosen: EngineChoice) -> None:
        self.engines = chosen

    def ended(self, stage: Stage, end: StageEnd) -> None:
        self.ends.append((stage, end))


@pytest.fixture
def task(tmp_path: Path, ten_seconds: Path) -> Task:
    recording = tmp_path / "consulta de José.wav"
    shutil.copy(ten_seconds, recording)
    return Task(1, recording, JobOptions(), tmp_path / "jobs" / "1", (resource("models"),))


def rows_of_numbers(value: Any) -> Iterator[list[float]]:
    """Yield lists of numbers, which may be voiceprints."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        yield from rows_of_numbers(each)
    if isinstance(value, list) and value and all(isinstance(each, int | float) for each in value):
        yield value


def files(task: Task) -> set[str]:
    return {path.name for path in task.folder.iterdir()}


def test_a_completed_job_keeps_only_its_result(task: Task):
    recorder = Recorder()
    summary = pipeline.run(task, recorder)
    assert files(task) == {"result.json", "waveform.u8"}
    assert (summary.speakers, summary.engine) == (2, "builtin")
    assert recorder.duration_s == pytest.approx(10.0, abs=0.01)
    assert recorder.engines == EngineChoice("builtin", "")
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
def test_a_later_attempt_reuses_completed_stages(task: Task, interrupted_at: Stage, saved: set[str]):
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=interrupted_at))
    assert files(task) == saved
    times = {name: (task.folder / name).stat().st_mtime_ns for name in saved}
    done = Recorder(stop_at=Stage.JOIN)
    with pytest.raises(Interrupted):
        pipeline.run(task, done)
    assert {name: (task.folder / name).stat().st_mtime_ns for name in saved} == times
    assert done.fractions[Stage.DECODE] == [0.0]
    kept = {Stage.SPEECH: 1, Stage.DIARIZE: 2, Stage.JOIN: 3}[interrupted_at]
    assert [end for _, end in done.ends] == [StageEnd.KEPT] * kept + [StageEnd.DONE] * (3 - kept)


def repeat(path: Path, times: int) -> None:
    """Make a recording longer."""
    with wave.open(str(path)) as source:
        rate, samples = source.getframerate(), source.readframes(source.getnframes())
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(times * samples)


def test_moments_of_a_long_recording_are_kept_for_playing(task: Task):
    repeat(task.path, 9)
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.SPEECH))
    assert files(task) == {"audio.s16", "decoded.json", "seek.table.part"}
    pipeline.run(task, Recorder())
    assert files(task) == {"result.json", "waveform.u8", "seek.table"}
    table = read_seek_table(task.folder / "seek.table")
    assert table is not None
    assert table.samples == pytest.approx(90.0 * SAMPLE_RATE_HZ, abs=100)
    discard_stages(task.folder)
    assert "seek.table" in files(task)


@pytest.mark.parametrize("second", [-1.0, 0.0])
def test_a_dead_or_inverted_second_channel_changes_nothing(task: Task, second: float):
    with wave.open(str(task.path)) as source:
        rate, samples = source.getframerate(), np.frombuffer(source.readframes(source.getnframes()), "<i2")
    mono = pipeline.run(task, Recorder())
    turns = json.loads((task.folder / "result.json").read_text())["turns"]
    with wave.open(str(task.path), "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(rate)
        both = np.stack([samples, (second * samples.astype(float)).clip(-32_768, 32_767).astype("<i2")])
        target.writeframes(both.T.astype("<i2").tobytes())
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.DIARIZE))
    kept = {"audio.s16", "decoded.json", "mix.json", "speech.npz"}
    assert files(task) - {"result.json", "waveform.u8"} == kept
    recorder = Recorder()
    stereo = pipeline.run(task, recorder)
    assert [end for _, end in recorder.ends[:2]] == [StageEnd.KEPT] * 2
    assert all(fractions == sorted(fractions) for fractions in recorder.fractions.values())
    assert json.loads((task.folder / "result.json").read_text())["turns"] == turns
    assert (stereo.engine, stereo.grade) == (mono.engine, mono.grade)


def test_missed_speech_lowers_the_grade_and_adds_a_note(task: Task, other: Path):
    voices = samples_of(decode(other, task.path, progress=lambda _fraction: None).recording)
    write_wav(task.path, voices, rate_hz=SAMPLE_RATE_HZ)
    clear = pipeline.run(task, Recorder())
    # Bursts as loud as the voices, three per second, that the detector does not take for speech.
    time_s = np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    bursts = np.random.default_rng(2).normal(0.0, 0.05, len(time_s)) * (time_s * 3 % 1 < 0.5)
    sound = np.concatenate([voices[0], bursts.astype(np.float32)])[None]
    write_wav(task.path, sound, rate_hz=SAMPLE_RATE_HZ)
    summary = pipeline.run(task, Recorder())
    assert (clear.grade, clear.notes) == (Grade.CLEAR, ())
    assert summary.grade == Grade.FAIR
    assert [note.code for note in summary.notes] == ["result.unheard"]


def test_no_voiceprint_is_stored(task: Task):
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.JOIN))
    with np.load(task.folder / "speech.npz") as speech:
        assert set(speech) == {"probability", "hop_s", "regions", "per_channel", "unheard_s"}
        assert speech["probability"].shape[0] == 1
    stored = [json.loads((task.folder / name).read_text()) for name in ("turns.json", "decoded.json")]
    pipeline.run(task, Recorder())
    assert files(task) == {"result.json", "waveform.u8"}
    stored.append(json.loads((task.folder / "result.json").read_text()))
    # the shortest embedding of the engines has 60 values; a file's fingerprint has two
    assert all(len(row) <= 8 for data in stored for row in rows_of_numbers(data))


def test_changed_options_repeat_only_the_affected_stages(task: Task):
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.JOIN))
    again = Recorder()
    summary = pipeline.run(replace(task, options=JobOptions(SpeakerCount(1, 1))), again)
    assert summary.speakers == 1
    assert again.fractions[Stage.DECODE] == [0.0]


def test_an_interrupted_job_ends_with_the_same_result(task: Task, tmp_path: Path):
    pipeline.run(task, Recorder())
    folders = JobFolders(tmp_path / "jobs")
    whole = folders.transcript(1)
    folders.discard(1)
    for stage in (Stage.DECODE, Stage.SPEECH, Stage.DIARIZE, Stage.JOIN):
        with pytest.raises(Interrupted):
            pipeline.run(task, Recorder(stop_at=stage))
    pipeline.run(task, Recorder())
    assert folders.transcript(1).turns == whole.turns
    assert folders.transcript(1).provenance.source_sha256 == whole.provenance.source_sha256


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another recording: twenty seconds of the consultation."""
    return write_start(resource("samples", "consulta.flac"), tmp_path / "other.flac", 20.0)


def test_a_changed_recording_is_decoded_again(task: Task, other: Path):
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.SPEECH))
    shutil.copy(other, task.path)
    recorder = Recorder()
    pipeline.run(task, recorder)
    assert recorder.duration_s == pytest.approx(20.0, abs=0.1)


class Changer(Recorder):
    """Changes the recording while it is being decoded, as a recorder or a copy does."""

    def __init__(
        self, change: Callable[[], None], *, times: int, at: float = 1.0, stop_at: Stage | None = Stage.SPEECH
    ) -> None:
        super().__init__(stop_at)
        self._change, self._left, self._at = change, times, at

    def progress(self, stage: Stage, fraction: float) -> None:
        super().progress(stage, fraction)
        if stage is Stage.DECODE and fraction >= self._at and self._left:
            self._left -= 1
            self._change()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_recording_that_grows_during_decoding_is_decoded_completely(task: Task):
    whole = task.path.read_bytes()
    task.path.write_bytes(whole[: len(whole) // 2])
    recorder = Changer(lambda: task.path.write_bytes(whole) and None, times=1)
    with pytest.raises(Interrupted):
        pipeline.run(task, recorder)
    assert recorder.duration_s == pytest.approx(10.0, abs=0.01)
    decoded = json.loads((task.folder / "decoded.json").read_text())
    assert decoded["sha256"] == sha256(task.path)
    assert decoded["notes"] == []


def test_a_recording_replaced_during_decoding_gives_the_result_of_the_new_file(
    task: Task, other: Path, tmp_path: Path
):
    expected = sha256(other)
    recorder = Changer(lambda: other.replace(task.path) and None, times=1, stop_at=None)
    pipeline.run(task, recorder)
    assert recorder.duration_s == pytest.approx(20.0, abs=0.1)
    provenance = JobFolders(tmp_path / "jobs").transcript(1).provenance
    assert provenance.source_sha256 == expected


def test_a_recording_copied_during_decoding_is_decoded_again(task: Task):
    whole = task.path.read_bytes()
    samples = whole.index(b"data") + 8
    task.path.write_bytes(whole[:samples] + bytes(len(whole) - samples))
    with pytest.raises(Interrupted):
        pipeline.run(task, Changer(lambda: task.path.write_bytes(whole) and None, times=1, at=0.99))
    decoded = json.loads((task.folder / "decoded.json").read_text())
    assert decoded["sha256"] == sha256(task.path)


def test_a_recording_that_keeps_changing_is_a_transient_error(task: Task):
    def append() -> None:
        with task.path.open("ab") as file:
            file.write(bytes(32_000))

    with pytest.raises(TransientError) as caught:
        pipeline.run(task, Changer(append, times=10))
    assert caught.value.code == "audio.changing"
    assert files(task) == set()


def test_a_recording_moved_away_completes_from_the_decoded_audio(task: Task):
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.SPEECH))
    task.path.unlink()
    assert pipeline.run(task, Recorder()).speakers == 2


@pytest.mark.parametrize("error", [CancelledByUser(), UserError(messages.AUDIO_NO_SPEECH)])
def test_stages_are_deleted_if_the_job_is_not_retried(task: Task, error: Exception):
    with pytest.raises(type(error)):
        pipeline.run(task, Recorder(stop_at=Stage.DIARIZE, error=error))
    assert files(task) == set()


def test_the_result_names_its_engines_and_options(task: Task, tmp_path: Path):
    options = JobOptions(SpeakerCount(1, 4), engine="builtin", language="es")
    pipeline.run(Task(1, task.path, options, task.folder, task.model_roots), Recorder())
    provenance = JobFolders(tmp_path / "jobs").transcript(1).provenance
    assert provenance.options == {"speakers": "1-4", "engine": "builtin", "language": "es"}
    assert provenance.source_name == "consulta de José.wav"
    assert provenance.model
    assert len(provenance.source_sha256) == 64


# One of the two engines fails. Real engines cannot be made to fail on demand, so these are fakes.

TURNS = (Turn(0.0, 5.0, "SPEAKER_00"), Turn(5.0, 9.0, "SPEAKER_01"))
WORDS = (Word(1.0, 1.5, "Buenos", 0.9), Word(1.5, 2.0, "días.", 0.9), Word(6.0, 6.5, "Hola.", 0.9))
WHISPER = TranscriberChoice(
    registry.TRANSCRIBERS[0], Pack("words", PackKind.WHISPER, "1", "", "", (), (), None)
)


class Engine:
    """Diarizes and transcribes, or fails; records its calls."""

    def __init__(self) -> None:
        self.fails: dict[str, Exception] = {}
        self.calls: list[str] = []
        self.found = Diarization(TURNS, "builtin")
        self.missing: tuple[Region, ...] = ()

    def diarize(self, *_given: Any, **_options: Any) -> Diarization:
        self._begin("diarize")
        return self.found

    def transcribe(self, *_given: Any, **_options: Any) -> Transcription:
        self._begin("transcribe")
        return Transcription(WORDS, "es", "whisper", "words 1", missing=self.missing)

    def _begin(self, what: str) -> None:
        self.calls.append(what)
        if what in self.fails:
            raise self.fails[what]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    fake = Engine()
    monkeypatch.setattr(registry, "choose_transcriber", lambda *_given: WHISPER)
    monkeypatch.setattr(registry, "create_diarizer", lambda *_given, **_options: fake)
    monkeypatch.setattr(registry, "create_transcriber", lambda *_given, **_options: fake)
    return fake


def result(task: Task) -> Transcript:
    return JobFolders(task.folder.parent).transcript(1)


def test_words_are_assigned_to_their_speakers(task: Task, engine: Engine):
    summary = pipeline.run(task, Recorder())
    assert (summary.speakers, summary.words, summary.transcriber, summary.language) == (2, 3, "whisper", "es")
    spoken = [(segment.speaker, segment.text) for segment in result(task).segments]
    assert spoken == [("SPEAKER_00", "Buenos días."), ("SPEAKER_01", "Hola.")]
    assert files(task) == {"result.json", "waveform.u8"}


def test_the_diarizers_networks_go_before_the_words_of_a_long_recording(task: Task, engine: Engine):
    release_networks()
    network = load_network(resource("models", "voices"), "embedding.onnx")
    pipeline.run(task, Recorder())
    assert load_network(resource("models", "voices"), "embedding.onnx") is network
    repeat(task.path, 13)
    pipeline.run(task, Recorder())
    assert load_network(resource("models", "voices"), "embedding.onnx") is not network


def test_words_that_cross_a_change_of_speaker_complete_at_the_first_attempt(task: Task, tmp_path: Path):
    # the built-in engine and faster-whisper's alignment return NumPy numbers
    root = tmp_path / "models"
    make_whisper(root / "words", [f"palabra{n}" for n in range(12)], language="es", seconds_per_word=2.4)
    install(root / "words", PackKind.WHISPER)
    pipeline.run(replace(task, model_roots=(*task.model_roots, root)), Recorder())
    turns, words = result(task).turns, [word for part in result(task).segments for word in part.words]
    assert any(word.start < turn.start < word.end for word in words for turn in turns)


def test_exclusive_turns_and_the_probable_number_survive_a_resume(task: Task, engine: Engine):
    over = Turn(4.0, 6.0, "SPEAKER_01")
    engine.found = Diarization(
        (TURNS[0], over), "builtin", exclusive=(TURNS[0], Turn(5.0, 6.0, "SPEAKER_01")), probable_speakers=3
    )
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.TRANSCRIBE))
    saved = json.loads((task.folder / "turns.json").read_text())
    assert (saved["exclusive"][1]["start"], saved["probable_speakers"]) == (5.0, 3)
    pipeline.run(task, Recorder())
    assert engine.calls == ["diarize", "transcribe"]
    whole = result(task)
    assert (whole.turns, whole.probable_speakers) == ((TURNS[0], over), 3)
    assert whole.segments[0].speaker == "SPEAKER_00"


def test_speech_without_words_is_in_the_result_and_survives_a_resume(task: Task, engine: Engine):
    engine.missing = (Region(2.5, 4.9), Region(7.0, 8.5))
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.JOIN))
    pipeline.run(task, Recorder())
    assert engine.calls == ["diarize", "transcribe"]
    whole = result(task)
    assert whole.missing == engine.missing
    assert [part.speaker for part in whole.segments if part.missing] == ["SPEAKER_00", "SPEAKER_01"]
    assert [part.missing for part in whole.segments] == [False, True, False, True]
    assert messages.RESULT_NOT_UNDERSTOOD(length=3.9) in whole.notes


def test_a_second_without_words_is_shown_but_needs_no_note(task: Task, engine: Engine):
    engine.missing = (Region(2.5, 3.6),)
    pipeline.run(task, Recorder())
    assert result(task).missing == engine.missing
    assert not result(task).notes


def test_turns_that_an_earlier_version_saved_are_reused(task: Task, engine: Engine):
    with pytest.raises(Interrupted):
        pipeline.run(task, Recorder(stop_at=Stage.TRANSCRIBE))
    path = task.folder / "turns.json"
    saved = json.loads(path.read_text())
    del saved["probable_speakers"]
    path.write_text(json.dumps(saved))
    pipeline.run(task, Recorder())
    assert engine.calls == ["diarize", "transcribe"]
    assert "probable_speakers" not in json.loads((task.folder / "result.json").read_text())


TWO, THREE = SpeakerCount(2, 2), SpeakerCount(3, 3)


@pytest.mark.parametrize(
    ("asked", "found", "probable", "notes"),
    [
        (TWO, 2, None, []),
        (SpeakerCount(None, None), 1, None, []),
        (SpeakerCount(1, 4), 1, None, []),
        (TWO, 1, None, ["Only one voice was found, although 2 speakers were expected."]),
        (SpeakerCount(2, 4), 1, None, ["Only one voice was found, although 2–4 speakers were expected."]),
        (THREE, 2, None, ["Only 2 voices were found, although 3 speakers were expected."]),
        (TWO, 2, 3, ["The voices suggest 3 speakers instead of 2. Please check."]),
        (TWO, 2, 1, ["The voices suggest one speaker instead of 2. Please check."]),
        (SpeakerCount(1, 1), 1, 2, ["The voices suggest 2 speakers instead of 1. Please check."]),
        (SpeakerCount(None, None), 2, 3, ["The voices suggest 3 speakers instead of 2. Please check."]),
    ],
)
def test_a_number_of_speakers_that_the_voices_deny_is_said(
    task: Task, engine: Engine, asked: SpeakerCount, found: int, probable: int | None, notes: list[str]
):
    turns = tuple(Turn(n, n + 1.0, f"SPEAKER_{n:02d}") for n in range(found))
    engine.found = Diarization(turns, "builtin", probable_speakers=probable)
    summary = pipeline.run(replace(task, options=JobOptions(asked)), Recorder())
    assert list(map(str, summary.notes)) == notes
    assert (result(task).notes, result(task).probable_speakers) == (summary.notes, probable)


def test_an_engine_names_overlap_and_the_number_that_the_voices_suggest(
    task: Task, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(registry, "DIARIZERS", (*registry.DIARIZERS, fake.DIARIZER))
    monkeypatch.setattr(registry, "TRANSCRIBERS", (*registry.TRANSCRIBERS, fake.TRANSCRIBER))
    options = JobOptions(engine="fake", transcriber="fake", language="es")
    summary = pipeline.run(replace(task, options=options), Recorder())
    found = result(task)
    assert (summary.speakers, found.probable_speakers) == (2, 3)
    assert [note.code for note in summary.notes] == ["result.probably_other_number"]
    one, other = found.turns[:2]
    assert one.start < other.start < other.end == one.end
    # the words are those of the exclusive turns, and somebody speaks over them
    assert {segment.speaker for segment in found.segments} == {"SPEAKER_00"}
    assert all(word.overlap for segment in found.segments for word in segment.words)
    pipeline.run(replace(task, options=replace(options, speakers=THREE)), Recorder())
    assert (result(task).probable_speakers, result(task).notes[0].code) == (None, "result.fewer_voices")


@pytest.mark.parametrize(("probable", "code"), [(None, "doubtful_voices"), (1, "probably_one")])
def test_a_doubtful_result_says_what_is_doubtful(task: Task, engine: Engine, probable: int | None, code: str):
    engine.found = Diarization(TURNS, "builtin", grade=Grade.DOUBTFUL, probable_speakers=probable)
    assert [note.code for note in pipeline.run(task, Recorder()).notes] == [f"result.{code}"]


def test_words_are_kept_if_diarization_fails(task: Task, engine: Engine):
    engine.fails["diarize"] = UserError(messages.AUDIO_NO_SPEECH)
    summary = pipeline.run(task, Recorder())
    assert (summary.speakers, summary.words) == (0, 3)
    assert list(map(str, summary.notes)) == ["The speakers are missing: Nobody speaks in this recording."]
    assert [segment.speaker for segment in result(task).segments] == [None, None]


@pytest.mark.parametrize("error", [RuntimeError("x"), MemoryError(), TransientError(messages.AUDIO_READ)])
@pytest.mark.parametrize("part", ["diarize", "transcribe"])
def test_a_failing_half_is_retried_and_the_last_attempt_completes_with_the_other(
    task: Task, engine: Engine, part: str, error: Exception
):
    engine.fails[part] = error
    with pytest.raises(type(error)):
        pipeline.run(task, Recorder())
    summary = pipeline.run(replace(task, last_attempt=True), Recorder())
    assert (summary.speakers, summary.words) == ((0, 3) if part == "diarize" else (2, 0))
    missing = {"diarize": messages.RESULT_SPEAKERS_MISSING, "transcribe": messages.RESULT_WORDS_MISSING}
    assert [note.code for note in summary.notes] == [missing[part].code]


def test_a_job_fails_if_both_halves_fail(task: Task, engine: Engine):
    engine.fails = {"diarize": RuntimeError("x"), "transcribe": TransientError(messages.AUDIO_AWAY)}
    with pytest.raises(TransientError) as caught:
        pipeline.run(replace(task, last_attempt=True), Recorder())
    assert caught.value.code == messages.AUDIO_AWAY.code


def test_turns_are_reused_after_a_failed_transcription(task: Task, engine: Engine):
    engine.fails["transcribe"] = RuntimeError("x")
    for _ in range(2):
        with pytest.raises(RuntimeError):
            pipeline.run(task, Recorder())
    assert engine.calls == ["diarize", "transcribe", "transcribe"]


@pytest.mark.parametrize("part", ["diarize", "transcribe"])
def test_a_half_that_killed_its_worker_is_skipped_on_the_last_attempt(task: Task, engine: Engine, part: str):
    engine.fails["transcribe"] = RuntimeError("x")  # so that the turns are there
    with pytest.raises(RuntimeError):
        pipeline.run(task, Recorder())
    if part == "diarize":
        (task.folder / "turns.json").unlink()
    (task.folder / f"{part}.begun").touch()  # as a killed worker leaves it
    engine.fails.clear()
    engine.calls.clear()
    summary = pipeline.run(replace(task, last_attempt=True), Recorder())
    assert engine.calls == (["transcribe"] if part == "diarize" else [])
    assert len(summary.notes) == 1


def test_a_half_that_killed_its_worker_is_retried_before_the_last_attempt(task: Task, engine: Engine):
    task.folder.mkdir(parents=True)
    (task.folder / "diarize.begun").touch()
    assert pipeline.run(task, Recorder()).notes == ()
    assert engine.calls == ["diarize", "transcribe"]


@pytest.mark.parametrize("error", [CancelledByUser(), Interrupted()])
def test_a_cancelled_job_has_no_partial_result(task: Task, engine: Engine, error: Exception):
    with pytest.raises(type(error)):
        pipeline.run(replace(task, last_attempt=True), Recorder(stop_at=Stage.TRANSCRIBE, error=error))
    assert not (task.folder / "result.json").exists()
