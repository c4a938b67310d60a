"""Which channels are heard: those that speak, each once, in one phase."""

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
from fi_desktop.engines.channels import ChannelsDiarizer, mix_channels
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import find_speech

from .conftest import ROOT, Write, crosstalk, ignore, noise
from .test_builtin import error_rate


def apart(recording: Recording) -> bool:
    return mix_channels(recording, ignore).apart


def hiss(samples: int, db: float) -> NDArray[np.float64]:
    """Pink noise, as of a transmitter that is on without a microphone."""
    spectrum = np.fft.rfft(np.random.default_rng(8).normal(size=samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    sound = np.fft.irfft(spectrum, samples)
    return np.asarray(sound / sound.std() * 10 ** (db / 20))


def covered_s(speech: Speech) -> float:
    return sum(region.duration for region in speech.regions)


@pytest.mark.parametrize("count", [2, 3])
def test_one_talker_a_channel_is_seen(write: Write, talkers: np.ndarray, count: int) -> None:
    assert apart(write(crosstalk(talkers[:count], -18)))


def test_unequal_levels_are_seen_through(write: Write, talkers: np.ndarray) -> None:
    channels = crosstalk(talkers[:2], -30) * np.array([[1.0], [0.2]])
    assert apart(write(channels))


@pytest.mark.parametrize("gain", [1.0, 0.3, -1.0])
def test_mono_stored_as_stereo_is_not(write: Write, call_samples: np.ndarray, gain: float) -> None:
    assert not apart(write(np.stack([call_samples, gain * call_samples])))


@pytest.mark.parametrize("hiss_db", [-200.0, -75.0, -55.0])
def test_a_dead_channel_is_not(write: Write, call_samples: np.ndarray, hiss_db: float) -> None:
    dead = noise(call_samples.shape, hiss_db)
    assert not apart(write(np.stack([call_samples, dead])))


def test_two_microphones_in_one_room_are_not(write: Write, talkers: np.ndarray) -> None:
    # Each talker is a few dB nearer to one microphone, and reaches the other a little later.
    left = talkers[0] + 0.7 * np.roll(talkers[1], 12)
    right = 0.7 * np.roll(talkers[0], 12) + talkers[1]
    channels = np.stack([left, right]) + noise((2, len(left)), -55)
    assert not apart(write(channels))


@pytest.mark.parametrize("channels", [np.zeros((1, 16_000)), np.zeros((2, 16_000)), np.zeros((2, 0))])
def test_nothing_to_compare_is_not(write: Write, channels: np.ndarray) -> None:
    assert not apart(write(channels))


@pytest.mark.parametrize("db", [-46.0, -34.0, -26.0, -12.0])
def test_a_channel_of_hiss_is_nobodys_and_is_left_out(
    write: Write, call_samples: np.ndarray, call_speech: Speech, db: float
) -> None:
    mix = mix_channels(write(np.stack([call_samples, hiss(len(call_samples), db)])), ignore)
    assert not mix.apart
    assert mix.recording.mix == (1.0, 0.0)
    speech = find_speech(mix.recording, per_channel=False, progress=ignore)
    assert speech.regions == call_speech.regions


def test_a_time_code_is_left_out(write: Write, call_samples: np.ndarray) -> None:
    # Biphase marks at 2,400 changes a second, near full scale.
    code = np.repeat(np.where(np.arange(len(call_samples) // 6 + 1) % 2, 0.7, -0.7), 6)[: len(call_samples)]
    mix = mix_channels(write(np.stack([code, call_samples])), ignore)
    assert mix.recording.mix == (0.0, 1.0)
    assert not mix.apart


def test_a_third_channel_of_hiss_does_not_join_two_talkers(write: Write, talkers: np.ndarray) -> None:
    two = crosstalk(talkers[:2], -18)
    mix = mix_channels(write(np.vstack([two, hiss(two.shape[1], -26.0)])), ignore)
    assert mix.apart
    assert mix.recording.mix == (0.5, 0.5, 0.0)
    speech = find_speech(mix.recording, per_channel=True, progress=ignore)
    assert speech.probability[2].max() == 0.0


@pytest.mark.parametrize("gain", [-1.0, -0.5])
def test_opposite_phases_do_not_cancel(
    write: Write, call_samples: np.ndarray, call_speech: Speech, gain: float
) -> None:
    mix = mix_channels(write(np.stack([call_samples, gain * call_samples])), ignore)
    assert mix.recording.mix == (1.0, 0.0)
    assert not mix.apart
    speech = find_speech(mix.recording, per_channel=False, progress=ignore)
    assert speech.regions == call_speech.regions


def test_two_microphones_in_opposite_phase_are_turned_round(write: Write, talkers: np.ndarray) -> None:
    voice = talkers.sum(axis=0)
    channels = np.stack([voice, -0.8 * voice]) + noise((2, len(voice)), -42)
    recording = mix_channels(write(channels), ignore).recording
    assert sorted(recording.mix) == [-0.5, 0.5]
    heard = np.concatenate(list(recording.blocks()))
    assert abs(np.corrcoef(heard, voice)[0, 1]) > 0.9


def test_a_dead_channel_is_left_out(write: Write, call_samples: np.ndarray) -> None:
    recording = mix_channels(write(np.stack([0 * call_samples, call_samples])), ignore).recording
    assert recording.mix == (0.0, 1.0)
    assert np.abs(np.concatenate(list(recording.blocks())) - call_samples).max() < 1e-4


def test_the_mix_beside_single_microphones_is_nobody(write: Write, talkers: np.ndarray) -> None:
    two = crosstalk(talkers[:2], -24)
    mix = mix_channels(write(np.vstack([two.sum(axis=0), two])), ignore)
    assert mix.recording.mix == (0.0, 0.5, 0.5)
    assert mix.apart


def test_a_microphone_that_takes_over_from_another_is_no_speaker(
    write: Write, call_samples: np.ndarray
) -> None:
    half = len(call_samples) // 2
    channels = np.stack([call_samples, call_samples])
    channels[0, half:] = 0.0
    channels[1, :half] = 0.0
    mix = mix_channels(write(channels), ignore)
    assert not mix.apart
    assert mix.recording.mix == (0.5, 0.5)


def test_a_channel_that_hears_the_same_voice_later_is_kept(write: Write, talkers: np.ndarray) -> None:
    # Two microphones far from each other: their samples hardly correlate, and both hear everybody.
    voice = talkers.sum(axis=0)
    channels = np.stack([voice, np.roll(voice, 90)]) + noise((2, len(voice)), -60)
    assert mix_channels(write(channels), ignore).recording.mix == (0.5, 0.5)


def test_where_nobody_speaks_everything_is_heard_and_nothing_is_warned_of(write: Write) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hissing = mix_channels(write(noise((2, 16_000 * 3), -40)), ignore)
        constant = mix_channels(write(np.full((2, 16_000), 0.1) * [[1.0], [-1.0]]), ignore)
        silent = mix_channels(write(np.zeros((2, 16_000))), ignore)
    assert hissing.recording.mix == (0.5, 0.5)
    assert sum(map(abs, constant.recording.mix)) == 1.0
    assert [mix.apart for mix in (hissing, constant, silent)] == [False] * 3


def test_progress_rises_and_may_cancel(write: Write, talkers: np.ndarray) -> None:
    recording = write(crosstalk(np.tile(talkers[:2], 4), -18))
    told: list[float] = []
    mix_channels(recording, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        mix_channels(recording, cancel)


# ====

STEREO = ROOT.parent / "shared" / "eval" / "stereo"
TWO = SpeakerCount(2, 2)


def diarize(recording: Recording) -> Diarization:
    speech = find_speech(recording, per_channel=True, progress=ignore)
    return ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=ignore)


@pytest.mark.parametrize("count", [2, 3])
def test_each_talker_is_a_speaker_and_crosstalk_is_nobody(
    write: Write, talkers: np.ndarray, count: int
) -> None:
    result = diarize(write(crosstalk(talkers[:count], -18)))
    assert len(result.speakers) == count
    for turn in result.turns:
        # A turn lies where its channel speaks; it may spread into the next by what Silero needs to stop.
        owners = {int(time // 2) % 3 for time in np.arange(turn.start + 0.3, turn.end - 0.3, 0.1)}
        assert len(owners) <= 1
    assert result.engine == "channels"
    assert [turn.start for turn in result.turns] == sorted(turn.start for turn in result.turns)


def test_a_channel_that_only_hears_the_other_gives_no_speaker(write: Write, call_samples: np.ndarray) -> None:
    channels = np.stack([call_samples, 0.1 * call_samples + noise(call_samples.shape, -70)])
    assert diarize(write(channels)).speakers == ("SPEAKER_00",)


def test_a_silent_channel_gives_no_speaker(write: Write, call_samples: np.ndarray) -> None:
    channels = np.stack([call_samples, noise(call_samples.shape, -80)])
    assert diarize(write(channels)).speakers == ("SPEAKER_00",)


def test_nobody_speaks(write: Write) -> None:
    with pytest.raises(UserError) as caught:
        diarize(write(noise((2, 16_000 * 3), -60)))
    assert caught.value.code == "audio.no_speech"


def test_diarization_reports_progress_and_can_be_cancelled(write: Write, talkers: np.ndarray) -> None:
    recording = write(np.tile(talkers[:2], 4))
    speech = find_speech(recording, per_channel=True, progress=ignore)
    told: list[float] = []
    ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=cancel)


@pytest.mark.skipif(not STEREO.exists(), reason="the evaluation recordings are not here")
@pytest.mark.parametrize("name", ["st2_d0", "st2_d9"])
def test_evaluation_recording(tmp_path: Path, name: str) -> None:
    recording = decode(STEREO / f"{name}.flac", tmp_path / "audio.pcm", progress=ignore).recording
    assert mix_channels(recording, ignore).apart
    assert error_rate(diarize(recording), STEREO / f"{name}.rttm") <= 0.04
