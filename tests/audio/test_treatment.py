"""Offset, rumble, hum and low levels are corrected while decoding; clean recordings are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import sample_recording
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.audio.treatment import UNTREATED, HighPass, Survey
from fi_desktop.core.errors import UserError
from fi_desktop.engines.vad import detect_speech
from tests.audio.make_media import samples_of, tones, write_media, write_wav
from tests.audio.test_tracks import Track, write_tracks

FAR_DB = -26.0  # a distant microphone: peak at -36 dBFS


def ignore(_fraction: float) -> None:
    """Ignore progress."""


def decoded(source: Path) -> Recording:
    return decode(source, source.with_suffix(".pcm"), progress=ignore).recording


def write_float(path: Path, sound: NDArray[np.float32]) -> Path:
    return write_media(path, np.atleast_2d(sound), codec="pcm_f32le", rate_hz=SAMPLE_RATE_HZ, container="wav")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return a consultation of two voices, 62 s."""
    return decode(
        sample_recording(), tmp_path_factory.mktemp("plain") / "plain.pcm", progress=ignore
    ).recording


@pytest.fixture(scope="module")
def voices(plain: Recording) -> NDArray[np.float32]:
    return np.concatenate(list(plain.blocks()))


@pytest.fixture(scope="module")
def spoken(plain: Recording) -> NDArray[np.bool_]:
    return spoken_in(plain)


def spoken_in(recording: Recording) -> NDArray[np.bool_]:
    """Return whether speech is detected, for each 10 ms."""
    marks = np.zeros(round(recording.duration * 100), dtype=bool)
    for region in detect_speech(recording, per_channel=False, progress=ignore).regions:
        marks[round(region.start * 100) : round(region.end * 100)] = True
    return marks


def gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))


def hum(hz: float, db: float, samples: int) -> NDArray[np.float32]:
    """Return a tone with its peak at `db` dBFS."""
    return (gain(db) * np.sin(2 * np.pi * hz / SAMPLE_RATE_HZ * np.arange(samples))).astype(np.float32)


# The filter


@pytest.mark.parametrize("block", [777, 32_000, 100_003])
def test_filter_removes_what_is_below_voices_without_delay(block: int) -> None:
    samples = 100_003
    voice = hum(200, -20, samples)
    sound = np.stack([voice + 0.3 + hum(60, -6, samples), voice + hum(20, -3, samples)])
    high_pass = HighPass(2)
    parts = [high_pass.push(sound[:, first : first + block]) for first in range(0, samples, block)]
    filtered = np.concatenate([*parts, high_pass.finish()], axis=1)
    assert filtered.shape == sound.shape
    # Without the edges of the hum: its start is unknown.
    inner = slice(1000, -1000)
    assert np.abs(filtered - voice)[:, inner].max() < 0.02 * gain(-20) + 0.002


@pytest.mark.parametrize("samples", [0, 1, 640, 31_488, 32_768, 40_000])
def test_filter_returns_as_many_samples_as_it_gets(samples: int) -> None:
    high_pass = HighPass(1)
    ready = high_pass.push(np.full((1, samples), 0.5, np.float32))
    filtered = np.concatenate([ready, high_pass.finish()], axis=1)
    assert filtered.shape == (1, samples)
    assert np.abs(filtered).max(initial=0.0) < 1e-5


# Hidden voices


@pytest.mark.parametrize("offset", [0.02, 0.05, 0.10, 0.30])
def test_voice_with_offset_is_found(
    tmp_path: Path, voices: NDArray[np.float32], spoken: NDArray[np.bool_], offset: float
) -> None:
    recording = decoded(write_float(tmp_path / "offset.wav", voices * gain(FAR_DB) + np.float32(offset)))
    assert abs(np.mean(next(iter(recording.blocks(block_s=62))))) < 1e-4
    assert (spoken_in(recording) == spoken).mean() > 0.97


@pytest.mark.parametrize(("hz", "db"), [(15, -4.0), (30, -4.0), (50, -10.0), (60, -10.0), (50, -18.0)])
def test_voice_with_rumble_or_hum_is_found(
    tmp_path: Path, voices: NDArray[np.float32], spoken: NDArray[np.bool_], hz: float, db: float
) -> None:
    sound = voices * gain(FAR_DB) + hum(hz, db, len(voices))
    recording = decoded(write_float(tmp_path / "hum.wav", sound))
    assert (spoken_in(recording) == spoken).mean() > 0.95


def test_offset_alone_is_silence(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "offset.wav", np.full((1, 32_000), 0.3, np.float32), rate_hz=SAMPLE_RATE_HZ)
    with pytest.raises(UserError) as caught:
        decoded(source)
    assert caught.value.code == "audio.silent"


# Soft voices


@pytest.mark.parametrize("db", [-55.0, -70.0, -90.0])
def test_very_soft_float_samples_keep_their_voices(
    tmp_path: Path, voices: NDArray[np.float32], spoken: NDArray[np.bool_], db: float
) -> None:
    recording = decoded(write_float(tmp_path / "soft.wav", voices * gain(db)))
    output = samples_of(recording)[0]
    assert np.corrcoef(output, voices)[0, 1] > 0.9999
    assert (spoken_in(recording) == spoken).mean() > 0.99


def test_soft_24_bit_recording_is_amplified(tmp_path: Path, voices: NDArray[np.float32]) -> None:
    sound = (voices * gain(-60.0))[None]
    recording = decoded(write_wav(tmp_path / "soft.wav", sound, rate_hz=SAMPLE_RATE_HZ, sample_bytes=3))
    assert np.corrcoef(samples_of(recording)[0], voices)[0, 1] > 0.999


def test_24_bit_noise_at_the_last_bit_is_silence(tmp_path: Path) -> None:
    steps = np.random.default_rng(3).integers(-1, 2, (1, 32_000)) / 2**23
    source = write_wav(tmp_path / "silent.wav", steps.astype(np.float32), rate_hz=16_000, sample_bytes=3)
    with pytest.raises(UserError) as caught:
        decoded(source)
    assert caught.value.code == "audio.silent"


def test_soft_voice_with_offset_is_found(
    tmp_path: Path, voices: NDArray[np.float32], spoken: NDArray[np.bool_]
) -> None:
    recording = decoded(write_float(tmp_path / "both.wav", voices * gain(-60.0) + np.float32(0.1)))
    assert (spoken_in(recording) == spoken).mean() > 0.97


def test_each_track_is_treated_separately(tmp_path: Path) -> None:
    tone, time_s = tones([300, 500], seconds=6.0, rate_hz=16_000, level=0.2), np.arange(96_000) / 16_000
    soft = tone[:1] * gain(-70.0) * (time_s < 3)
    offset = tone[1:] * 0.1 * (time_s >= 3) + np.float32(0.4)
    tracks = [Track(soft, codec="pcm_f32le"), Track(offset, codec="pcm_f32le")]
    reported: list[float] = []
    result = decode(
        write_tracks(tmp_path / "two.mkv", tracks), tmp_path / "two.pcm", progress=reported.append
    ).recording
    output = np.sqrt(np.square(samples_of(result)[:, 4000:-4000]).mean(axis=1))
    assert output[0] == pytest.approx(0.03, rel=0.5)
    assert output[1] == pytest.approx(0.01, rel=0.5)
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two.mkv", "two.pcm"]


# Untreated recordings


def test_clean_recording_needs_no_treatment(plain: Recording, voices: NDArray[np.float32]) -> None:
    def needs(sound: NDArray[np.float32]) -> object:
        survey = Survey()
        for first in range(0, len(sound), 32_000):
            survey.add(sound[None, first : first + 32_000])
        return survey.treatment()

    assert needs(voices) == UNTREATED
    assert needs(voices * gain(-20)) == UNTREATED
    # A knock on the table, a late start, little speech in a long recording.
    knock = voices.copy()
    knock[160_000:164_000] += hum(40, -2, 4000)
    assert needs(knock) == UNTREATED
    assert needs(np.concatenate([np.zeros(16_000 * 300, np.float32), voices])) == UNTREATED
    assert needs(np.zeros(64_000, np.float32)) == UNTREATED
    assert needs(np.zeros(0, np.float32)) == UNTREATED
    assert needs(voices * gain(FAR_DB) + hum(50, -10, len(voices))) != UNTREATED
