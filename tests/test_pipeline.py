"""The stages: each is saved, and a later attempt begins at the first that is not."""

from __future__ import annotations

import hashlib
import json
import shutil
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fi_desktop import pipeline
from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core import messages
from fi_desktop.core.errors import CancelledByUser, Interrupted, TransientError, UserError
from fi_desktop.core.transcript import Diarization, Grade, Transcript, Transcription, Turn, Word
from fi_desktop.core.values import EngineChoice, JobOptions, SpeakerCount, Stage, StageEnd
from fi_desktop.engines import registry
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.models import Pack, PackKind
from fi_desktop.pipeline import Work
from fi_desktop.system.files import resource
from tests.audio.make_media import samples_of, write_wav
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper


class Recorder:
    """Notes the stages; stops the work at one of them where it is told to."""

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
    kept = {Stage.SPEECH: 1, Stage.DIARIZE: 2, Stage.JOIN: 3}[interrupted_at]
    assert [end for _, end in done.ends] == [StageEnd.KEPT] * kept + [StageEnd.DONE] * (3 - kept)


@pytest.mark.parametrize("second", [-1.0, 0.0])
def test_a_second_channel_that_cancels_or_is_dead_changes_nothing(work: Work, second: float):
    with wave.open(str(work.path)) as source:
        rate, samples = source.getframerate(), np.frombuffer(source.readframes(source.getnframes()), "<i2")
    mono = pipeline.run(work, Recorder())
    turns = json.loads((work.folder / "result.json").read_text())["turns"]
    with wave.open(str(work.path), "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(rate)
        both = np.stack([samples, (second * samples.astype(float)).clip(-32_768, 32_767).astype("<i2")])
        target.writeframes(both.T.astype("<i2").tobytes())
    with pytest.raises(Interrupted):
        pipeline.run(work, Recorder(stop_at=Stage.DIARIZE))
    assert files(work) - {"result.json"} == {"audio.s16", "decoded.json", "mix.json", "speech.npz"}
    recorder = Recorder()
    stereo = pipeline.run(work, recorder)
    assert [end for _, end in recorder.ends[:2]] == [StageEnd.KEPT] * 2
    assert all(fractions == sorted(fractions) for fractions in recorder.fractions.values())
    assert json.loads((work.folder / "result.json").read_text())["turns"] == turns
    assert (stereo.engine, stereo.grade) == (mono.engine, mono.grade)


def test_a_result_that_may_lack_speech_is_not_clear_and_says_so(work: Work):
    voices = samples_of(
        decode(resource("samples", "consulta.flac"), work.path, progress=lambda _fraction: None).recording
    )
    write_wav(work.path, voices, rate_hz=SAMPLE_RATE_HZ)
    clear = pipeline.run(work, Recorder())
    # Bursts as loud as the voices, three a second, which the detector does not take for speech.
    time_s = np.arange(16 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    bursts = np.random.default_rng(2).normal(0.0, 0.05, len(time_s)) * (time_s * 3 % 1 < 0.5)
    sound = np.concatenate([voices[0], bursts.astype(np.float32)])[None]
    write_wav(work.path, sound, rate_hz=SAMPLE_RATE_HZ)
    summary = pipeline.run(work, Recorder())
    assert (clear.grade, clear.notes) == (Grade.CLEAR, ())
    assert summary.grade == Grade.FAIR
    assert [note.code for note in summary.notes] == ["result.unheard"]


def test_what_was_found_with_other_options_is_found_anew(work: Work):
    with pytest.raises(Interrupted):
        pipeline.run(work, Recorder(stop_at=Stage.JOIN))
    again = Recorder()
    summary = pipeline.run(replace(work, options=JobOptions(SpeakerCount(1, 1))), again)
    assert summary.speakers == 1
    assert again.fractions[Stage.DECODE] == [0.0]


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


class Changer(Recorder):
    """Changes the recording at the end of its first readings, as a recorder or a copy does."""

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


def test_a_recording_that_grew_while_it_was_read_is_read_to_its_end(work: Work):
    whole = work.path.read_bytes()
    work.path.write_bytes(whole[: len(whole) // 2])
    recorder = Changer(lambda: work.path.write_bytes(whole) and None, times=1)
    with pytest.raises(Interrupted):
        pipeline.run(work, recorder)
    assert recorder.duration_s == pytest.approx(30.0, abs=0.01)
    decoded = json.loads((work.folder / "decoded.json").read_text())
    assert decoded["sha256"] == sha256(work.path)
    assert decoded["notes"] == []


def test_a_recording_that_was_replaced_while_it_was_read_gives_the_result_of_what_is_there(
    work: Work, tmp_path: Path
):
    other = tmp_path / "other.flac"
    shutil.copy(resource("samples", "consulta.flac"), other)
    recorder = Changer(lambda: other.replace(work.path) and None, times=1, stop_at=None)
    pipeline.run(work, recorder)
    assert recorder.duration_s == pytest.approx(62.46, abs=0.01)
    provenance = JobFolders(tmp_path / "jobs").transcript(1).provenance
    assert provenance.source_sha256 == sha256(resource("samples", "consulta.flac"))


def test_a_recording_that_was_silent_while_it_was_copied_is_read_once_it_is_there(work: Work):
    whole = work.path.read_bytes()
    samples = whole.index(b"data") + 8
    work.path.write_bytes(whole[:samples] + bytes(len(whole) - samples))
    with pytest.raises(Interrupted):
        pipeline.run(work, Changer(lambda: work.path.write_bytes(whole) and None, times=1, at=0.99))
    decoded = json.loads((work.folder / "decoded.json").read_text())
    assert decoded["sha256"] == sha256(work.path)


def test_a_recording_that_never_rests_is_left_for_later(work: Work):
    def append() -> None:
        with work.path.open("ab") as file:
            file.write(bytes(32_000))

    with pytest.raises(TransientError) as caught:
        pipeline.run(work, Changer(append, times=10))
    assert caught.value.code == "audio.changing"
    assert files(work) == set()


def test_a_recording_that_was_moved_away_is_finished_from_what_was_decoded(work: Work):
    with pytest.raises(Interrupted):
        pipeline.run(work, Recorder(stop_at=Stage.SPEECH))
    work.path.unlink()
    assert pipeline.run(work, Recorder()).speakers == 2


@pytest.mark.parametrize("error", [CancelledByUser(), UserError(messages.AUDIO_NO_SPEECH)])
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


# ---- where one of the two engines fails. They cannot be had to fail at will, so they are played.

TURNS = (Turn(0.0, 5.0, "SPEAKER_00"), Turn(5.0, 9.0, "SPEAKER_01"))
WORDS = (Word(1.0, 1.5, "Buenos", 0.9), Word(1.5, 2.0, "días.", 0.9), Word(6.0, 6.5, "Hola.", 0.9))
PACK = Pack("words", PackKind.WHISPER, "1", "", "", (), (), None)


class Engine:
    """Diarizes, and transcribes, or fails; counts how often it was asked to."""

    per_channel = False

    def __init__(self) -> None:
        self.fails: dict[str, Exception] = {}
        self.asked: list[str] = []

    def diarize(self, *_given: Any, **_options: Any) -> Diarization:
        self._begin("diarize")
        return Diarization(TURNS, "builtin")

    def transcribe(self, *_given: Any, **_options: Any) -> Transcription:
        self._begin("transcribe")
        return Transcription(WORDS, "es", "whisper", "words 1")

    def _begin(self, what: str) -> None:
        self.asked.append(what)
        if what in self.fails:
            raise self.fails[what]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    played = Engine()
    monkeypatch.setattr(registry, "choose_transcriber", lambda *_given: PACK)
    monkeypatch.setattr(registry, "create", lambda *_given, **_options: played)
    monkeypatch.setattr(registry, "create_transcriber", lambda *_given, **_options: played)
    return played


def result(work: Work) -> Transcript:
    return JobFolders(work.folder.parent).transcript(1)


def test_words_go_to_those_who_said_them(work: Work, engine: Engine):
    summary = pipeline.run(work, Recorder())
    assert (summary.speakers, summary.words, summary.transcriber, summary.language) == (2, 3, "whisper", "es")
    spoken = [(segment.speaker, segment.text) for segment in result(work).segments]
    assert spoken == [("SPEAKER_00", "Buenos días."), ("SPEAKER_01", "Hola.")]
    assert files(work) == {"result.json"}


def test_words_that_cross_from_one_speaker_to_the_next_are_a_result_at_the_first_attempt(
    work: Work, tmp_path: Path
):
    # the built-in engine and the alignment of faster-whisper reckon in NumPy's numbers
    root = tmp_path / "models"
    make_whisper(root / "words", [f"palabra{n}" for n in range(12)], language="es", seconds_per_word=2.4)
    install(root / "words", PackKind.WHISPER)
    pipeline.run(replace(work, models=(*work.models, root)), Recorder())
    turns, words = result(work).turns, [word for part in result(work).segments for word in part.words]
    assert any(word.start < turn.start < word.end for word in words for turn in turns)


def test_speakers_that_cannot_be_told_apart_do_not_cost_the_words(work: Work, engine: Engine):
    engine.fails["diarize"] = UserError(messages.AUDIO_NO_SPEECH)
    summary = pipeline.run(work, Recorder())
    assert (summary.speakers, summary.words) == (0, 3)
    assert list(map(str, summary.notes)) == ["The speakers are missing: Nobody speaks in this recording."]
    assert [segment.speaker for segment in result(work).segments] == [None, None]


@pytest.mark.parametrize("error", [RuntimeError("x"), MemoryError(), TransientError(messages.AUDIO_READ)])
@pytest.mark.parametrize("part", ["diarize", "transcribe"])
def test_what_may_pass_is_tried_again_and_the_last_try_completes_with_the_other_part(
    work: Work, engine: Engine, part: str, error: Exception
):
    engine.fails[part] = error
    with pytest.raises(type(error)):
        pipeline.run(work, Recorder())
    summary = pipeline.run(replace(work, last_try=True), Recorder())
    assert (summary.speakers, summary.words) == ((0, 3) if part == "diarize" else (2, 0))
    missing = {"diarize": messages.RESULT_SPEAKERS_MISSING, "transcribe": messages.RESULT_WORDS_MISSING}
    assert [note.code for note in summary.notes] == [missing[part].code]


def test_a_job_of_which_neither_part_can_be_had_fails(work: Work, engine: Engine):
    engine.fails = {"diarize": RuntimeError("x"), "transcribe": TransientError(messages.AUDIO_AWAY)}
    with pytest.raises(TransientError, match="The drive or folder"):
        pipeline.run(replace(work, last_try=True), Recorder())


def test_turns_that_are_found_are_kept_over_a_transcription_that_fails(work: Work, engine: Engine):
    engine.fails["transcribe"] = RuntimeError("x")
    for _ in range(2):
        with pytest.raises(RuntimeError):
            pipeline.run(work, Recorder())
    assert engine.asked == ["diarize", "transcribe", "transcribe"]


@pytest.mark.parametrize("part", ["diarize", "transcribe"])
def test_a_part_that_killed_its_worker_each_time_is_left_out_on_the_last_try(
    work: Work, engine: Engine, part: str
):
    engine.fails["transcribe"] = RuntimeError("x")  # so that the turns are there
    with pytest.raises(RuntimeError):
        pipeline.run(work, Recorder())
    if part == "diarize":
        (work.folder / "turns.json").unlink()
    (work.folder / f"{part}.begun").touch()  # as a killed worker leaves it
    engine.fails.clear()
    engine.asked.clear()
    summary = pipeline.run(replace(work, last_try=True), Recorder())
    assert engine.asked == (["transcribe"] if part == "diarize" else [])
    assert len(summary.notes) == 1


def test_a_part_that_killed_its_worker_is_tried_again_before_the_last_try(work: Work, engine: Engine):
    work.folder.mkdir(parents=True)
    (work.folder / "diarize.begun").touch()
    assert pipeline.run(work, Recorder()).notes == ()
    assert engine.asked == ["diarize", "transcribe"]


@pytest.mark.parametrize("error", [CancelledByUser(), Interrupted()])
def test_a_person_who_cancels_gets_no_half_of_a_result(work: Work, engine: Engine, error: Exception):
    with pytest.raises(type(error)):
        pipeline.run(replace(work, last_try=True), Recorder(stop_at=Stage.TRANSCRIBE, error=error))
    assert not (work.folder / "result.json").exists()
