"""Files with several audio tracks: which are used, their common timeline, and the warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.audio.decode import DecodedAudio, decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, distinct_channels
from fi_desktop.core.errors import UserError
from tests.audio.make_media import pitches_hz, samples_of, tones, write_pictures

ALL = "2 audio tracks were used."
ONE = "1 of 2 audio tracks were used. The others are silent, identical, or in another language."


@dataclass
class Track:
    """An audio track to write: float32 (channels, samples)."""

    sound: NDArray[np.float32]
    rate_hz: int = 16_000
    codec: str = "pcm_s16le"
    start_s: float = 0.0
    language: str = ""
    disposition: int = 0


def tone(
    hz: float, *, seconds: float = 3.0, level: float = 0.3, rate_hz: int = 16_000
) -> NDArray[np.float32]:
    return tones([hz], seconds=seconds, rate_hz=rate_hz, level=level)


def write_tracks(path: Path, tracks: Sequence[Track], *, video: bool = True) -> Path:
    """Write a video with these audio tracks."""
    with av.open(str(path), "w") as output:
        streams = []
        for track in tracks:
            layout = "mono" if len(track.sound) == 1 else "stereo"
            stream = output.add_stream(track.codec, rate=track.rate_hz, layout=layout)
            if track.language:
                stream.metadata["language"] = track.language
            stream.disposition = track.disposition
            stream.codec_context.open()
            streams.append(stream)
        if video:
            write_pictures(output, "mpeg4", seconds=1.0)
        for track, stream in zip(tracks, streams, strict=True):
            size = stream.codec_context.frame_size or 1024
            resampler = av.AudioResampler(stream.format.name, stream.layout.name, track.rate_hz)
            for first in range(0, track.sound.shape[1], size):
                packed = np.ascontiguousarray(track.sound[:, first : first + size].T).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=stream.layout.name)
                frame.sample_rate, frame.time_base = track.rate_hz, Fraction(1, track.rate_hz)
                frame.pts = round(track.start_s * track.rate_hz) + first
                for ready in resampler.resample(frame):
                    output.mux(stream.encode(ready))
            output.mux(stream.encode(None))
    return path


def decoded(path: Path) -> DecodedAudio:
    return decode(path, path.with_suffix(".pcm"), progress=lambda _fraction: None)


def notes(result: DecodedAudio) -> list[str]:
    return [str(warning.note) for warning in result.warnings]


def test_alternating_tracks_are_joined_at_their_times(tmp_path: Path) -> None:
    microphone = Track(tone(300, seconds=2.0))
    # Another rate and codec; starts later and is longer.
    computer = Track(tone(500, seconds=3.0, rate_hz=48_000), 48_000, "flac", start_s=2.5)
    result = decoded(write_tracks(tmp_path / "meeting.mkv", [microphone, computer]))
    sound = samples_of(result.recording)
    assert notes(result) == [ALL]
    assert result.recording.duration == pytest.approx(5.5, abs=0.01)
    assert pitches_hz(sound) == [300, 500]
    heard = np.abs(sound) > 0.1
    assert heard[0].argmax() / SAMPLE_RATE_HZ == pytest.approx(0.0, abs=0.01)
    assert heard[1].argmax() / SAMPLE_RATE_HZ == pytest.approx(2.5, abs=0.01)
    assert not heard[0, round(2.1 * SAMPLE_RATE_HZ) :].any()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["meeting.mkv", "meeting.pcm"]


@pytest.mark.parametrize("silent_first", [True, False])
def test_silent_track_is_skipped(tmp_path: Path, silent_first: bool) -> None:
    silence, voice = Track(np.zeros((2, 48_000), np.float32)), Track(tone(300))
    tracks = [silence, voice] if silent_first else [voice, silence]
    tracks[0].disposition = 1  # default: a player chooses it
    result = decoded(write_tracks(tmp_path / "screen.mkv", tracks))
    assert pitches_hz(samples_of(result.recording)) == [300]
    assert notes(result) == [ONE]


def test_only_silent_tracks_make_a_silent_recording(tmp_path: Path) -> None:
    silence = Track(np.zeros((1, 16_000), np.float32))
    with pytest.raises(UserError) as caught:
        decoded(write_tracks(tmp_path / "silent.mkv", [silence, silence]))
    assert caught.value.code == "audio.silent"
    assert [path.name for path in tmp_path.iterdir()] == ["silent.mkv"]


@pytest.mark.parametrize("gain", [1.0, 0.5, -1.0])
def test_duplicate_track_is_skipped(tmp_path: Path, gain: float) -> None:
    sound = tone(300)
    result = decoded(write_tracks(tmp_path / "twice.mkv", [Track(sound), Track(gain * sound)]))
    assert result.recording.channels == 1
    assert result.peak == pytest.approx(0.3, abs=0.01)
    assert notes(result) == [ONE]


def test_mix_of_the_other_tracks_is_skipped(tmp_path: Path) -> None:
    microphone, computer = tone(300), tone(500)
    tracks = [Track(microphone + computer), Track(microphone), Track(computer)]
    result = decoded(write_tracks(tmp_path / "obs.mkv", tracks))
    assert pitches_hz(samples_of(result.recording)) == [300, 500]
    assert notes(result)[0].startswith("2 of 3 audio tracks were used")


def test_dub_is_skipped_and_untagged_track_is_kept(tmp_path: Path) -> None:
    tracks = [Track(tone(300), language="spa"), Track(tone(500), language="eng"), Track(tone(700))]
    result = decoded(write_tracks(tmp_path / "dubbed.mkv", tracks))
    assert pitches_hz(samples_of(result.recording)) == [300, 700]
    assert notes(result)[0].startswith("2 audio tracks")


def test_tracks_with_many_channels_are_mixed_to_one_each(tmp_path: Path) -> None:
    tracks = [
        Track(tones([200 + 100 * track, 250 + 100 * track], seconds=2.0, rate_hz=16_000))
        for track in range(5)
    ]
    result = decoded(write_tracks(tmp_path / "many.mkv", tracks))
    assert result.recording.channels == 5


@pytest.mark.parametrize("undecodable_first", [True, False])
def test_undecodable_track_is_not_mentioned(tmp_path: Path, undecodable_first: bool) -> None:
    plain = Track(tone(300, rate_hz=48_000), 48_000, "aac")
    spatial = Track(tone(500, rate_hz=48_000), 48_000)
    path = write_tracks(tmp_path / "phone.mov", [spatial, plain] if undecodable_first else [plain, spatial])
    whole = path.read_bytes()
    assert whole.count(b"sowt") == 1
    path.write_bytes(whole.replace(b"sowt", b"apac"))
    result = decoded(path)
    assert pitches_hz(samples_of(result.recording)) == [300]
    assert notes(result) == []


def test_cancelling_leaves_no_track_files(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "meeting.mkv", [Track(tone(300)), Track(tone(500))])

    def stop(fraction: float) -> None:
        if fraction > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode(path, tmp_path / "meeting.pcm", progress=stop)
    assert [left.name for left in tmp_path.iterdir()] == ["meeting.mkv"]


def test_redundant_channels_are_found() -> None:
    rng = np.random.default_rng(5)
    first, second, third = rng.normal(size=(3, 4000))

    def distinct(*rows: NDArray[np.float64]) -> list[int]:
        sound = np.stack(rows)
        return distinct_channels(sound @ sound.T)

    assert distinct(first, second, third) == [0, 1, 2]
    assert distinct(first, 0 * first, second) == [0, 2]
    assert distinct(0.5 * first, first) == [1]
    assert distinct(first, first, second + third, second, third) == [0, 3, 4]
    # Crosstalk is not a copy.
    assert distinct(first + 0.2 * second, second + 0.2 * first) == [0, 1]
    assert distinct(0 * first) == []
