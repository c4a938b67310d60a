"""Selection of channels (those with speech, once each, in one phase) and diarization by channel."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.transcript import Diarization
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.channels import ChannelsDiarizer, select_channels
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import detect_speech

from .conftest import ROOT, Write, crosstalk, ignore, noise
from .test_builtin import error_rate


def separate(recording: Recording) -> bool:
    return select_channels(recording, ignore).separate


def hiss(samples: int, db: float) -> NDArray[np.float64]:
    """Pink noise, like that of a transmitter without a microphone."""
    spectrum = np.fft.rfft(np.random.default_rng(8).normal(size=samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    sound = np.fft.irfft(spectrum, samples)
    return np.asarray(sound / sound.std() * 10 ** (db / 20))


def covered_s(speech: Speech) -> float:
    return sum(region.duration for region in speech.regions)


@pytest.mark.parametrize("count", [2, 3])
def test_one_speaker_per_channel_is_recognized(write: Write, talkers: np.ndarray, count: int) -> None:
    assert separate(write(crosstalk(talkers[:count], -18)))


def test_one_speaker_per_channel_is_recognized_at_unequal_levels(write: Write, talkers: np.ndarray) -> None:
    channels = crosstalk(talkers[:2], -30) * np.array([[1.0], [0.2]])
    assert separate(write(channels))


@pytest.mark.parametrize("gain", [1.0, 0.3, -1.0])
def test_mono_stored_as_stereo_is_not_separate(write: Write, call_samples: np.ndarray, gain: float) -> None:
    assert not separate(write(np.stack([call_samples, gain * call_samples])))


@pytest.mark.parametrize("hiss_db", [-200.0, -75.0, -55.0])
def test_a_dead_channel_is_not_separate(write: Write, call_samples: np.ndarray, hiss_db: float) -> None:
    dead = noise(call_samples.shape, hiss_db)
    assert not separate(write(np.stack([call_samples, dead])))


def test_two_microphones_in_one_room_are_not_separate(write: Write, talkers: np.ndarray) -> None:
    # Each speaker is a few dB louder in one microphone, and a little later in the other.
    left = talkers[0] + 0.7 * np.roll(talkers[1], 12)
    right = 0.7 * np.roll(talkers[0], 12) + talkers[1]
    channels = np.stack([left, right]) + noise((2, len(left)), -55)
    assert not separate(write(channels))


@pytest.mark.parametrize("channels", [np.zeros((1, 16_000)), np.zeros((2, 16_000)), np.zeros((2, 0))])
def test_nothing_to_compare_is_not_separate(write: Write, channels: np.ndarray) -> None:
    assert not separate(write(channels))


@pytest.mark.parametrize("db", [-46.0, -34.0, -26.0, -12.0])
def test_a_channel_of_hiss_is_left_out_of_the_mix(
    write: Write, call_samples: np.ndarray, call_speech: Speech, db: float
) -> None:
    mix = select_channels(write(np.stack([call_samples, hiss(len(call_samples), db)])), ignore)
    assert not mix.separate
    assert mix.recording.mix == (1.0, 0.0)
    speech = detect_speech(mix.recording, per_channel=False, progress=ignore)
    assert speech.regions == call_speech.regions


def test_a_time_code_is_left_out_of_the_mix(write: Write, call_samples: np.ndarray) -> None:
    # Biphase marks at 2,400 changes per second, near full scale.
    code = np.repeat(np.where(np.arange(len(call_samples) // 6 + 1) % 2, 0.7, -0.7), 6)[: len(call_samples)]
    mix = select_channels(write(np.stack([code, call_samples])), ignore)
    assert mix.recording.mix == (0.0, 1.0)
    assert not mix.separate


def test_a_third_channel_of_hiss_does_not_affect_two_speakers(write: Write, talkers: np.ndarray) -> None:
    two = crosstalk(talkers[:2], -18)
    mix = select_channels(write(np.vstack([two, hiss(two.shape[1], -26.0)])), ignore)
    assert mix.separate
    assert mix.recording.mix == (0.5, 0.5, 0.0)
    speech = detect_speech(mix.recording, per_channel=True, progress=ignore)
    assert speech.probability[2].max() == 0.0


@pytest.mark.parametrize("gain", [-1.0, -0.5])
def test_opposite_phases_do_not_cancel(
    write: Write, call_samples: np.ndarray, call_speech: Speech, gain: float
) -> None:
    mix = select_channels(write(np.stack([call_samples, gain * call_samples])), ignore)
    assert mix.recording.mix == (1.0, 0.0)
    assert not mix.separate
    speech = detect_speech(mix.recording, per_channel=False, progress=ignore)
    assert speech.regions == call_speech.regions


def test_a_microphone_in_opposite_phase_is_inverted(write: Write, talkers: np.ndarray) -> None:
    voice = talkers.sum(axis=0)
    channels = np.stack([voice, -0.8 * voice]) + noise((2, len(voice)), -42)
    recording = select_channels(write(channels), ignore).recording
    assert sorted(recording.mix) == [-0.5, 0.5]
    mixed = np.concatenate(list(recording.blocks()))
    assert abs(np.corrcoef(mixed, voice)[0, 1]) > 0.9


def test_a_dead_channel_is_left_out_of_the_mix(write: Write, call_samples: np.ndarray) -> None:
    recording = select_channels(write(np.stack([0 * call_samples, call_samples])), ignore).recording
    assert recording.mix == (0.0, 1.0)
    assert np.abs(np.concatenate(list(recording.blocks())) - call_samples).max() < 1e-4


def test_a_recorded_mix_of_the_microphones_is_left_out(write: Write, talkers: np.ndarray) -> None:
    two = crosstalk(talkers[:2], -24)
    mix = select_channels(write(np.vstack([two.sum(axis=0), two])), ignore)
    assert mix.recording.mix == (0.0, 0.5, 0.5)
    assert mix.separate


def test_a_microphone_that_replaces_another_is_not_a_speaker(write: Write, call_samples: np.ndarray) -> None:
    half = len(call_samples) // 2
    channels = np.stack([call_samples, call_samples])
    channels[0, half:] = 0.0
    channels[1, :half] = 0.0
    mix = select_channels(write(channels), ignore)
    assert not mix.separate
    assert mix.recording.mix == (0.5, 0.5)


def test_a_channel_with_a_delayed_voice_is_kept(write: Write, talkers: np.ndarray) -> None:
    # Two microphones far apart: their samples hardly correlate, and both pick up everybody.
    voice = talkers.sum(axis=0)
    channels = np.stack([voice, np.roll(voice, 90)]) + noise((2, len(voice)), -60)
    assert select_channels(write(channels), ignore).recording.mix == (0.5, 0.5)


def test_without_speech_all_live_channels_are_mixed_without_a_warning(write: Write) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hissing = select_channels(write(noise((2, 16_000 * 3), -40)), ignore)
        constant = select_channels(write(np.full((2, 16_000), 0.1) * [[1.0], [-1.0]]), ignore)
        silent = select_channels(write(np.zeros((2, 16_000))), ignore)
    assert hissing.recording.mix == (0.5, 0.5)
    assert sum(map(abs, constant.recording.mix)) == 1.0
    assert [mix.separate for mix in (hissing, constant, silent)] == [False] * 3


def test_selection_reports_progress_and_can_be_cancelled(write: Write, talkers: np.ndarray) -> None:
    recording = write(crosstalk(np.tile(talkers[:2], 4), -18))
    fractions: list[float] = []
    select_channels(recording, fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        select_channels(recording, cancel)


STEREO = ROOT.parent / "shared" / "eval" / "stereo"
TWO = SpeakerCount(2, 2)


def diarize(recording: Recording) -> Diarization:
    speech = detect_speech(recording, per_channel=True, progress=ignore)
    return ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=ignore)


@pytest.mark.parametrize("count", [2, 3])
def test_each_channel_is_a_speaker_and_crosstalk_is_ignored(
    write: Write, talkers: np.ndarray, count: int
) -> None:
    result = diarize(write(crosstalk(talkers[:count], -18)))
    assert len(result.speakers) == count
    for turn in result.turns:
        # A turn is inside its channel's speech, up to the delay with which Silero detects its end.
        owners = {int(time // 2) % 3 for time in np.arange(turn.start + 0.3, turn.end - 0.3, 0.1)}
        assert len(owners) <= 1
    assert result.engine == "channels"
    assert [turn.start for turn in result.turns] == sorted(turn.start for turn in result.turns)


def test_a_channel_with_crosstalk_only_has_no_speaker(write: Write, call_samples: np.ndarray) -> None:
    channels = np.stack([call_samples, 0.1 * call_samples + noise(call_samples.shape, -70)])
    assert diarize(write(channels)).speakers == ("SPEAKER_00",)


def test_a_silent_channel_has_no_speaker(write: Write, call_samples: np.ndarray) -> None:
    channels = np.stack([call_samples, noise(call_samples.shape, -80)])
    assert diarize(write(channels)).speakers == ("SPEAKER_00",)


def test_silence_is_refused(write: Write) -> None:
    with pytest.raises(UserError) as caught:
        diarize(write(noise((2, 16_000 * 3), -60)))
    assert caught.value.code == "audio.no_speech"


def test_diarization_reports_progress_and_can_be_cancelled(write: Write, talkers: np.ndarray) -> None:
    recording = write(np.tile(talkers[:2], 4))
    speech = detect_speech(recording, per_channel=True, progress=ignore)
    fractions: list[float] = []
    ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=cancel)


@pytest.mark.skipif(not STEREO.exists(), reason="the evaluation recordings are not available")
@pytest.mark.parametrize("name", ["st2_d0", "st2_d9"])
def test_evaluation_recording(tmp_path: Path, name: str) -> None:
    recording = decode(STEREO / f"{name}.flac", tmp_path / "audio.pcm", progress=ignore).recording
    assert select_channels(recording, ignore).separate
    assert error_rate(diarize(recording), STEREO / f"{name}.rttm") <= 0.04
