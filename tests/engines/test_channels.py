from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import Cancelled, UserError
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.core.transcript import Diarization
from fi_desktop.engines.channels import ChannelsDiarizer
from fi_desktop.engines.mixing import mix_channels
from fi_desktop.engines.silero import find_speech

from .conftest import ROOT, Write, crosstalk, ignore, noise
from .test_builtin import error_rate

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
    assert mix_channels(recording, ignore).apart
    assert error_rate(diarize(recording), STEREO / f"{name}.rttm") <= 0.04
