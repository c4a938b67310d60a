"""Enrolled voices: who is matched, who is refused, and what stays on disk."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.transcript import Turn
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin import BuiltinDiarizer
from fi_desktop.engines.builtin.embedding import VoiceEmbedder, unit
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import detect_speech
from fi_desktop.engines.voices import EnrolledVoices, PooledVoice, pool_voices

from .conftest import ROOT, Write, ignore, read_rttm

DEV = ROOT.parent / "shared" / "eval" / "dev"
needs_dev = pytest.mark.skipif(not DEV.exists(), reason="the evaluation recordings are not available")


def turns_of(rttm: Path) -> list[Turn]:
    return [Turn(start, end, speaker) for start, end, speaker in read_rttm(rttm)]


def drawn_voice(seed: int, *, seconds: float = 30.0, model: str = "some network 1") -> PooledVoice:
    return PooledVoice(unit(np.random.default_rng(seed).normal(size=192)), seconds, model)


def nearby(voice: PooledVoice, cosine: float, seed: int) -> PooledVoice:
    """Return a voice with this cosine to another."""
    other = np.random.default_rng(seed).normal(size=192)
    other = unit(other - (other @ voice.embedding) * voice.embedding)
    embedding = unit(cosine * voice.embedding + np.sqrt(1 - cosine**2) * other)
    return PooledVoice(embedding, voice.seconds, voice.model)


@pytest.fixture
def enrolled(tmp_path: Path) -> EnrolledVoices:
    return EnrolledVoices(tmp_path / "voices.json")


@pytest.fixture(scope="module")
def call_voices(embedder: VoiceEmbedder, call: Recording, sample: Path) -> dict[str, PooledVoice]:
    return pool_voices(embedder, call, turns_of(sample.with_suffix(".rttm")), ignore)


@pytest.fixture
def alone(write: Write, call_samples: np.ndarray, sample: Path) -> Recording:
    """What speaker91 of the phone call says in long turns, three times."""
    turns = [(a, b) for a, b, speaker in read_rttm(sample.with_suffix(".rttm")) if speaker == "speaker91"]
    parts = [call_samples[round(a * 16_000) : round(b * 16_000)] for a, b in turns if b - a > 2.0]
    return write(np.tile(np.concatenate(parts), 3))


def speech_of(recording: Recording) -> Speech:
    return detect_speech(recording, per_channel=False, progress=ignore)


def test_voices_of_a_call_are_two_people(
    call_voices: dict[str, PooledVoice], embedder: VoiceEmbedder
) -> None:
    assert set(call_voices) == {"speaker90", "speaker91"}
    one, two = call_voices.values()
    assert np.linalg.norm(one.embedding) == pytest.approx(1.0)
    assert one.embedding @ two.embedding < 0.5
    assert one.model == embedder.name
    # 11.0 and 12.0 s are said alone, by the reference
    assert 8.0 < one.seconds < 12.0
    assert 8.0 < two.seconds < 13.0


def test_overlap_is_in_no_voice(embedder: VoiceEmbedder, call: Recording) -> None:
    turns = [Turn(8.0, 12.0, "A"), Turn(10.0, 14.0, "B"), Turn(10.5, 11.5, "C")]
    voices = pool_voices(embedder, call, turns, ignore)
    assert {speaker: voice.seconds for speaker, voice in voices.items()} == {"A": 2.0, "B": 2.0}
    alone = pool_voices(embedder, call, [Turn(8.0, 10.0, "A")], ignore)["A"]
    np.testing.assert_allclose(voices["A"].embedding, alone.embedding, atol=1e-5)


def test_at_most_a_minute_is_pooled(embedder: VoiceEmbedder, write: Write, call_samples: np.ndarray) -> None:
    recording = write(np.tile(call_samples[16_000 * 22 : 16_000 * 27], 18))
    (voice,) = pool_voices(embedder, recording, [Turn(0.0, 2.0, "A"), Turn(5.0, 90.0, "A")], ignore).values()
    assert voice.seconds == pytest.approx(60.0)


def test_pooling_reports_progress_and_can_cancel(embedder: VoiceEmbedder, call: Recording) -> None:
    fractions: list[float] = []
    turns = [Turn(8.0, 10.0, "A"), Turn(22.0, 24.0, "B")]
    pool_voices(embedder, call, turns, fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        pool_voices(embedder, call, turns, cancel)


def test_enrolled_person_is_matched_and_another_is_not(
    enrolled: EnrolledVoices,
    alone: Recording,
    call: Recording,
    call_speech: Speech,
    diarizer: BuiltinDiarizer,
    embedder: VoiceEmbedder,
) -> None:
    fractions: list[float] = []
    enrolled.enrol(
        "Dr. Núñez",
        alone,
        speech_of(alone),
        diarizer=diarizer,
        embedder=embedder,
        progress=fractions.append,
    )
    assert fractions == sorted(fractions)
    assert enrolled.names() == ("Dr. Núñez",)
    result = diarizer.diarize(call, call_speech, speakers=SpeakerCount(2, 2), progress=ignore)
    voices = pool_voices(embedder, call, result.turns, ignore)
    names = {speaker: enrolled.match(voice) for speaker, voice in voices.items()}
    assert names == {"SPEAKER_00": None, "SPEAKER_01": "Dr. Núñez"}


def test_recording_of_two_people_is_refused(
    enrolled: EnrolledVoices,
    call: Recording,
    call_speech: Speech,
    diarizer: BuiltinDiarizer,
    embedder: VoiceEmbedder,
) -> None:
    with pytest.raises(UserError) as caught:
        enrolled.enrol("A", call, call_speech, diarizer=diarizer, embedder=embedder, progress=ignore)
    assert caught.value.code == "voices.several"
    assert enrolled.names() == ()


def test_short_recording_is_refused(
    enrolled: EnrolledVoices,
    write: Write,
    call_samples: np.ndarray,
    diarizer: BuiltinDiarizer,
    embedder: VoiceEmbedder,
) -> None:
    recording = write(call_samples[16_000 * 22 : 16_000 * 27])
    with pytest.raises(UserError) as caught:
        enrolled.enrol(
            "A", recording, speech_of(recording), diarizer=diarizer, embedder=embedder, progress=ignore
        )
    assert caught.value.code == "voices.too_short"
    assert "clear speech" in str(caught.value)
    assert enrolled.names() == ()


def test_voice_of_the_same_name_is_replaced(enrolled: EnrolledVoices) -> None:
    enrolled.add("Ana", drawn_voice(1))
    enrolled.add("Ana", drawn_voice(2))
    assert enrolled.names() == ("Ana",)
    assert enrolled.match(drawn_voice(1)) is None
    assert enrolled.match(drawn_voice(2)) == "Ana"
    with pytest.raises(UserError):
        enrolled.add("Ana", drawn_voice(3, seconds=2.0))
    assert enrolled.match(drawn_voice(2)) == "Ana"


def test_silence_is_refused(
    enrolled: EnrolledVoices, write: Write, diarizer: BuiltinDiarizer, embedder: VoiceEmbedder
) -> None:
    recording = write(np.zeros(16_000 * 30))
    with pytest.raises(UserError) as caught:
        enrolled.enrol(
            "A", recording, speech_of(recording), diarizer=diarizer, embedder=embedder, progress=ignore
        )
    assert caught.value.code == "audio.no_speech"


def test_nearest_voice_is_matched_if_it_is_near_enough(enrolled: EnrolledVoices) -> None:
    voice = drawn_voice(1)
    enrolled.add("Ana", voice)
    enrolled.add("Berta", drawn_voice(2))
    assert enrolled.match(voice) == "Ana"
    assert enrolled.match(nearby(voice, 0.9, 3)) == "Ana"
    assert enrolled.match(nearby(voice, 0.2, 3)) is None
    assert enrolled.match(drawn_voice(4)) is None


def test_voice_that_is_as_near_to_two_people_is_nobodys(enrolled: EnrolledVoices) -> None:
    voice = drawn_voice(1)
    twin = nearby(voice, 0.97, 5)
    enrolled.add("Ana", voice)
    enrolled.add("Berta", twin)
    assert enrolled.match(voice) is None
    enrolled.erase("Berta")
    assert enrolled.match(voice) == "Ana"


def test_short_voice_and_voice_of_another_network_match_nobody(enrolled: EnrolledVoices) -> None:
    voice = drawn_voice(1)
    enrolled.add("Ana", voice)
    assert enrolled.match(PooledVoice(voice.embedding, 1.0, voice.model)) is None
    assert enrolled.match(PooledVoice(voice.embedding, 30.0, "some network 2")) is None


def test_nobody_is_enrolled_without_a_file(enrolled: EnrolledVoices, tmp_path: Path) -> None:
    assert enrolled.names() == ()
    assert enrolled.match(drawn_voice(1)) is None
    enrolled.erase("Ana")
    assert list(tmp_path.iterdir()) == []


def test_erased_voice_leaves_nothing_in_the_folder(enrolled: EnrolledVoices, tmp_path: Path) -> None:
    ana, berta = drawn_voice(1), drawn_voice(2)
    enrolled.add("Ana", ana)
    enrolled.add("Berta", berta)
    numbers = [str(value) for value in json.loads(content(tmp_path))["voices"]["Ana"]["embedding"]]
    assert all(number in content(tmp_path) for number in numbers)
    enrolled.erase("Ana")
    assert enrolled.names() == ("Berta",)
    assert "Ana" not in content(tmp_path)
    assert sum(number in content(tmp_path) for number in numbers if len(number) > 7) <= 1
    assert enrolled.match(berta) == "Berta"
    enrolled.erase("Berta")
    assert list(tmp_path.iterdir()) == []


def content(folder: Path) -> str:
    """Return all that the folder holds, which is one file."""
    (file,) = folder.iterdir()
    return file.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_file_is_private(enrolled: EnrolledVoices, tmp_path: Path) -> None:
    enrolled.add("Ana", drawn_voice(1))
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_voices_are_stored_to_be_matched_as_before(enrolled: EnrolledVoices, tmp_path: Path) -> None:
    voice = drawn_voice(1)
    enrolled.add("Ana", voice)
    (kept,) = EnrolledVoices(tmp_path / "voices.json")._read().values()
    assert kept.embedding @ voice.embedding == pytest.approx(1.0, abs=1e-5)
    assert (kept.seconds, kept.model) == (voice.seconds, voice.model)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"voices": {"Ana": {}}}', '{"voices": []}', "\x00\xff"]
)
def test_damaged_file_is_said_and_can_be_removed(enrolled: EnrolledVoices, tmp_path: Path, text: str) -> None:
    (tmp_path / "voices.json").write_text(text, encoding="latin-1")
    for call in (
        enrolled.names,
        lambda: enrolled.match(drawn_voice(1)),
        lambda: enrolled.erase("Ana"),
        lambda: enrolled.add("Ana", drawn_voice(1)),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == "voices.damaged"
    enrolled.erase_all()
    assert enrolled.names() == ()


def test_voice_is_not_in_its_representation() -> None:
    assert repr(drawn_voice(1)) == "PooledVoice(seconds=30.0, model='some network 1')"


def test_diarization_contains_no_voice(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech
) -> None:
    result = diarizer.diarize(call, call_speech, speakers=SpeakerCount(2, 2), progress=ignore)
    numbers = json.dumps(result.details)
    assert len(numbers) < 600


@needs_dev
def test_people_of_one_consultation_are_matched_in_another(
    enrolled: EnrolledVoices, embedder: VoiceEmbedder, tmp_path: Path
) -> None:
    voices = {}
    for name in ("c2_FM_03_eq", "c4_FMMM_01_eq"):
        recording = decode(DEV / f"{name}.flac", tmp_path / f"{name}.pcm", progress=ignore).recording
        voices[name] = pool_voices(embedder, recording, turns_of(DEV / f"{name}.rttm"), ignore)
    known, others = voices.values()
    assert set(known) & set(others) == {"spk1688"}
    for speaker, voice in known.items():
        enrolled.add(speaker, voice)
    for speaker, voice in others.items():
        assert enrolled.match(voice) == (speaker if speaker in known else None)
