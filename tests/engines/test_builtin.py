from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording, RecordingWriter
from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.transcript import Diarization, Grade, Region
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin import BuiltinDiarizer
from fi_desktop.engines.builtin.search import MAX_CLUSTERED, CountRule, InitialClusterings, count_speakers
from fi_desktop.engines.builtin.vbhmm import Resegmentation
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import detect_speech

from .conftest import MODEL_DIR, ROOT, Write, ignore

DEV = ROOT.parent / "shared" / "eval" / "dev"
TWO, AUTO = SpeakerCount(2, 2), SpeakerCount(None, None)


@pytest.fixture(scope="module")
def diarizer() -> BuiltinDiarizer:
    return BuiltinDiarizer(MODEL_DIR)


@pytest.fixture(scope="module")
def call_result(diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech) -> Diarization:
    return diarizer.diarize(call, call_speech, speakers=TWO, progress=ignore)


def error_rate(result: Diarization, rttm: Path) -> float:
    """Diarization error rate with a collar of 0.25 s on each side, overlap scored."""
    pytest.importorskip("pyannote.metrics", reason="fi-desktop[pyannote] is not installed")
    from pyannote.core import Annotation, Segment
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, hypothesis = Annotation(), Annotation()
    for row, line in enumerate(rttm.read_text(encoding="utf-8").splitlines()):
        field = line.split()
        reference[Segment(float(field[3]), float(field[3]) + float(field[4])), row] = field[7]
    for row, turn in enumerate(result.turns):
        hypothesis[Segment(turn.start, turn.end), row] = turn.speaker
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(DiarizationErrorRate(collar=0.5)(reference, hypothesis))


def test_real_call_is_diarized_well(call_result: Diarization, sample: Path) -> None:
    assert error_rate(call_result, sample.with_suffix(".rttm")) <= 0.05
    assert call_result.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert call_result.engine == "builtin"
    assert call_result.model == "fi-desktop voices 1"


def test_details_give_the_evidence(call_result: Diarization) -> None:
    details = call_result.details
    gain = details["elbo_gain_per_s"]
    expected = Grade.CLEAR if gain >= 4 else Grade.FAIR if gain >= 2 else Grade.DOUBTFUL
    assert call_result.grade is expected
    spoken = sum(details["speaker_s"].values())
    assert spoken == pytest.approx(details["speech_s"], abs=0.5)
    assert set(details["speaker_s"]) == set(call_result.speakers)


def test_turns_are_inside_the_speech(call_result: Diarization, call_speech: Speech) -> None:
    assert [turn.start for turn in call_result.turns] == sorted(turn.start for turn in call_result.turns)
    for turn in call_result.turns:
        assert turn.duration > 0
        assert any(r.start - 0.02 <= turn.start and turn.end <= r.end + 0.02 for r in call_speech.regions)


def test_result_is_reproducible(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech, call_result: Diarization
) -> None:
    assert BuiltinDiarizer(MODEL_DIR).diarize(call, call_speech, speakers=TWO, progress=ignore) == call_result


@pytest.mark.parametrize("speakers", [1, 3, 5])
def test_number_of_speakers_is_respected(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech, speakers: int
) -> None:
    result = diarizer.diarize(call, call_speech, speakers=SpeakerCount(speakers, speakers), progress=ignore)
    assert 1 <= len(result.speakers) <= speakers
    assert (speakers > 1) == (len(result.speakers) > 1)


def test_number_is_found_within_its_range(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech
) -> None:
    assert len(diarizer.diarize(call, call_speech, speakers=AUTO, progress=ignore).speakers) == 2
    ranged = diarizer.diarize(call, call_speech, speakers=SpeakerCount(2, 4), progress=ignore)
    assert len(ranged.speakers) == 2
    assert set(ranged.details["elbo_by_count"]) >= {"2", "3"}


def test_silence_is_refused(diarizer: BuiltinDiarizer, write: Write) -> None:
    recording = write(np.zeros(16_000 * 3))
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    with pytest.raises(UserError) as caught:
        diarizer.diarize(recording, speech, speakers=TWO, progress=ignore)
    assert caught.value.code == "audio.no_speech"


@pytest.mark.parametrize("seconds", [0.02, 0.15, 1.0, 2.5])
def test_a_moment_of_speech_is_one_doubtful_speaker(
    diarizer: BuiltinDiarizer, write: Write, call_samples: np.ndarray, call_speech: Speech, seconds: float
) -> None:
    recording = write(call_samples[16_000 * 8 : 16_000 * 12])
    speech = replace(call_speech, regions=(Region(0.5, 0.5 + seconds),))
    result = diarizer.diarize(recording, speech, speakers=TWO, progress=ignore)
    assert result.speakers == ("SPEAKER_00",)
    assert result.grade is Grade.DOUBTFUL


def test_speech_shorter_than_a_frame_is_no_speech(
    diarizer: BuiltinDiarizer, write: Write, call_speech: Speech
) -> None:
    speech = replace(call_speech, regions=(Region(0.0, 0.004),))
    with pytest.raises(UserError):
        diarizer.diarize(write(np.ones(100)), speech, speakers=TWO, progress=ignore)


def test_progress_rises_to_one_and_can_cancel(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech
) -> None:
    fractions: list[float] = []
    diarizer.diarize(call, call_speech, speakers=AUTO, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0.0
    assert fractions[-1] == pytest.approx(1.0)
    for limit in (fractions[0], fractions[len(fractions) // 2], fractions[-1]):

        def cancel(fraction: float, limit: float = limit) -> None:
            if fraction >= limit:
                raise CancelledByUser

        with pytest.raises(CancelledByUser):
            diarizer.diarize(call, call_speech, speakers=AUTO, progress=cancel)


def test_long_recording_is_searched_in_part_and_diarized_whole(
    diarizer: BuiltinDiarizer, call_samples: np.ndarray, tmp_path: Path, sample: Path
) -> None:
    # 30 minutes: more speech than is searched. Each copy of the call must be as accurate as the call alone.
    with RecordingWriter(tmp_path / "long.pcm", 1) as writer:
        for _ in range(60):
            writer.write(call_samples[None, :])
    recording = writer.recording
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    result = diarizer.diarize(recording, speech, speakers=TWO, progress=ignore)
    last = 59 * len(call_samples) / 16_000
    turns = [replace(t, start=t.start - last, end=t.end - last) for t in result.turns if t.start >= last]
    assert error_rate(replace(result, turns=tuple(turns)), sample.with_suffix(".rttm")) <= 0.05


def test_clustered_windows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from fi_desktop.engines.builtin import search

    seen: list[int] = []
    monkeypatch.setattr(search, "linkage", lambda distance, _method: seen.append(len(distance)))
    rng = np.random.default_rng(11)
    points = rng.normal(size=(6000, 8)) * 0.1 + np.eye(8)[np.arange(6000) % 2]
    InitialClusterings(points / np.linalg.norm(points, axis=1, keepdims=True))
    assert seen == [MAX_CLUSTERED, MAX_CLUSTERED]


def test_windows_outside_the_sample_join_the_nearest_centroid() -> None:
    rng = np.random.default_rng(12)
    owner = rng.integers(0, 3, size=4000)
    points = rng.normal(size=(4000, 8)) * 0.1 + np.eye(8)[owner]
    for labels in InitialClusterings(points / np.linalg.norm(points, axis=1, keepdims=True)).cut(3):
        assert {tuple(np.unique(owner[labels == label])) for label in range(3)} == {(0,), (1,), (2,)}


def evidence_of(elbos: dict[int, float], smallest: float = 50.0):
    return lambda number: Resegmentation(np.full((200, number), smallest / 200), elbos[number], ())


def test_count_stops_with_the_evidence() -> None:
    elbos = {1: 0.0, 2: 100.0, 3: 101.0, 4: 102.0, 5: 500.0}
    number, tried = count_speakers(evidence_of(elbos), minimum=1, maximum=8)
    assert number == 2
    assert set(tried) == {1, 2, 3, 4}


def test_count_looks_past_a_number_without_gain() -> None:
    assert (
        count_speakers(evidence_of({1: 0.0, 2: 1.0, 3: 200.0, 4: 200.0, 5: 200.0}), minimum=1, maximum=5)[0]
        == 3
    )


def test_count_rejects_a_speaker_of_a_moment() -> None:
    rule = CountRule(shortest_s=2.5)
    elbos = {1: 0.0, 2: 1000.0, 3: 2000.0}
    assert count_speakers(evidence_of(elbos, smallest=10.0), minimum=1, maximum=3, rule=rule)[0] == 1


@pytest.mark.skipif(not DEV.exists(), reason="the evaluation recordings are not available")
@pytest.mark.parametrize(
    ("name", "speakers", "limit"), [("c2_MM_01_eq", TWO, 0.06), ("c1_M_00_raw", AUTO, 0.10)]
)
def test_evaluation_recording(
    diarizer: BuiltinDiarizer, tmp_path: Path, name: str, speakers: SpeakerCount, limit: float
) -> None:
    recording = decode(DEV / f"{name}.flac", tmp_path / "audio.pcm", progress=ignore).recording
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    result = diarizer.diarize(recording, speech, speakers=speakers, progress=ignore)
    assert error_rate(result, DEV / f"{name}.rttm") <= limit
    assert len(result.speakers) == int(name[1])
    assert result.grade is Grade.CLEAR
