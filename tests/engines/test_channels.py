from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import Cancelled, UserError
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.core.transcript import Diarization
from fi_desktop.engines.channels import ChannelsDiarizer, channels_hold_different_speakers
from fi_desktop.engines.silero import find_speech

from .conftest import ROOT, Write, ignore
from .test_builtin import error_rate

STEREO = ROOT.parent / "shared" / "eval" / "stereo"
TWO = SpeakerCount(2, 2)


def diarize(recording: Recording) -> Diarization:
    speech = find_speech(recording, per_channel=True, progress=ignore)
    return ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=ignore)


@pytest.fixture(scope="module")
def talkers(call_samples: np.ndarray) -> np.ndarray:
    """Three channels, each with speech of its own and then a pause: 8 s, taking turns. (3, samples)"""
    speech = call_samples[16_000 * 7 : 16_000 * 27].reshape(10, 32_000)
    channels = np.zeros((3, 10 * 32_000), dtype=np.float32)
    for turn, part in enumerate(speech):
        channels[turn % 3, turn * 32_000 : (turn + 1) * 32_000] = part
    return channels


def noise(shape: tuple[int, ...], db: float) -> np.ndarray:
    return np.random.default_rng(13).normal(size=shape) * 10 ** (db / 20)


def crosstalk(channels: np.ndarray, db: float) -> np.ndarray:
    leaked = channels.sum(axis=0, keepdims=True) - channels
    return channels + leaked * 10 ** (db / 20) + noise(channels.shape, -70)


@pytest.mark.parametrize("count", [2, 3])
def test_one_talker_a_channel_is_seen(write: Write, talkers: np.ndarray, count: int) -> None:
    assert channels_hold_different_speakers(write(crosstalk(talkers[:count], -18)))


def test_unequal_levels_are_seen_through(write: Write, talkers: np.ndarray) -> None:
    channels = crosstalk(talkers[:2], -30) * np.array([[1.0], [0.2]])
    assert channels_hold_different_speakers(write(channels))


@pytest.mark.parametrize("gain", [1.0, 0.3, -1.0])
def test_mono_stored_as_stereo_is_not(write: Write, call_samples: np.ndarray, gain: float) -> None:
    assert not channels_hold_different_speakers(write(np.stack([call_samples, gain * call_samples])))


@pytest.mark.parametrize("hiss_db", [-200.0, -75.0, -55.0])
def test_a_dead_channel_is_not(write: Write, call_samples: np.ndarray, hiss_db: float) -> None:
    dead = noise(call_samples.shape, hiss_db)
    assert not channels_hold_different_speakers(write(np.stack([call_samples, dead])))


def test_two_microphones_in_one_room_are_not(write: Write, talkers: np.ndarray) -> None:
    # Each talker is a few dB nearer to one microphone, and reaches the other a little later.
    left = talkers[0] + 0.7 * np.roll(talkers[1], 12)
    right = 0.7 * np.roll(talkers[0], 12) + talkers[1]
    channels = np.stack([left, right]) + noise((2, len(left)), -55)
    assert not channels_hold_different_speakers(write(channels))


@pytest.mark.parametrize("channels", [np.zeros((1, 16_000)), np.zeros((2, 16_000)), np.zeros((2, 0))])
def test_nothing_to_compare_is_not(write: Write, channels: np.ndarray) -> None:
    assert not channels_hold_different_speakers(write(channels))


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


def test_progress_rises_and_may_cancel(write: Write, talkers: np.ndarray) -> None:
    recording = write(np.tile(talkers[:2], 4))
    speech = find_speech(recording, per_channel=True, progress=ignore)
    told: list[float] = []
    ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)

    def cancel(_fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ChannelsDiarizer().diarize(recording, speech, speakers=TWO, progress=cancel)


@pytest.mark.skipif(not STEREO.exists(), reason="the evaluation recordings are not here")
@pytest.mark.parametrize("name", ["st2_d0", "st2_d9"])
def test_evaluation_recording(tmp_path: Path, name: str) -> None:
    recording = decode(STEREO / f"{name}.flac", tmp_path / "audio.pcm", progress=ignore).recording
    assert channels_hold_different_speakers(recording)
    assert error_rate(diarize(recording), STEREO / f"{name}.rttm") <= 0.04
