"""Recordings for the tests of engines: real voices if voices matter, otherwise synthetic sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter
from fi_desktop.engines.builtin import BuiltinDiarizer
from fi_desktop.engines.builtin.eigenvoices import BackgroundModel, load_model
from fi_desktop.engines.builtin.embedding import VoiceEmbedder
from fi_desktop.engines.builtin.features import FRAME_SAMPLES, make_grid
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import detect_speech

ROOT = Path(__file__).resolve().parents[2]
MODEL_DIR = ROOT / "resources" / "models" / "builtin"
NETWORKS_DIR = ROOT / "resources" / "models" / "voices"

Sound = NDArray[np.float32]
Write = Callable[[NDArray[np.float32]], Recording]


def ignore(_fraction: float) -> None:
    """Ignore progress."""


@pytest.fixture(scope="session")
def model() -> BackgroundModel:
    """The background model that comes with the program."""
    return load_model(MODEL_DIR)


@pytest.fixture(scope="session")
def embedder() -> VoiceEmbedder:
    """The voice networks that come with the program."""
    return VoiceEmbedder(NETWORKS_DIR)


@pytest.fixture(scope="session")
def diarizer() -> BuiltinDiarizer:
    """The built-in engine."""
    return BuiltinDiarizer(MODEL_DIR, NETWORKS_DIR)


@pytest.fixture(scope="session")
def call(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A real phone call of two people, 30 s."""
    return decode(sample, tmp_path_factory.mktemp("call") / "call.pcm", progress=ignore).recording


@pytest.fixture(scope="session")
def call_samples(call: Recording) -> NDArray[np.float32]:
    """The phone call's samples, (samples,)."""
    return np.concatenate(list(call.blocks()))


@pytest.fixture(scope="session")
def call_speech(call: Recording) -> Speech:
    """The phone call's speech."""
    return detect_speech(call, per_channel=False, progress=ignore)


@pytest.fixture(scope="session")
def call_mask(call: Recording, call_speech: Speech) -> NDArray[np.bool_]:
    """Which frames of 10 ms of the phone call hold speech, (frames,)."""
    return make_grid(call_speech.regions, call.samples // FRAME_SAMPLES).mask


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write samples, (samples,) or (channels, samples), as a recording."""

    def write_samples(samples: NDArray[np.float32]) -> Recording:
        rows = np.atleast_2d(samples).astype(np.float32)
        with RecordingWriter(tmp_path / f"made{len(list(tmp_path.iterdir()))}.pcm", len(rows)) as writer:
            writer.write(rows)
            return writer.recording

    return write_samples


@pytest.fixture(scope="session")
def talkers(call_samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Three channels that take turns of 2 s, each with its own speech: (3, samples)."""
    speech = call_samples[16_000 * 7 : 16_000 * 27].reshape(10, 32_000)
    channels = np.zeros((3, 10 * 32_000), dtype=np.float32)
    for turn, part in enumerate(speech):
        channels[turn % 3, turn * 32_000 : (turn + 1) * 32_000] = part
    return channels


def noise(shape: tuple[int, ...], db: float) -> NDArray[np.float32]:
    drawn = np.random.default_rng(13).normal(size=shape) * 10 ** (db / 20)
    return drawn.astype(np.float32)


def crosstalk(channels: NDArray[np.float32], db: float) -> NDArray[np.float32]:
    leaked = channels.sum(axis=0, keepdims=True) - channels
    mixed: NDArray[np.float32] = channels + leaked * np.float32(10 ** (db / 20)) + noise(channels.shape, -70)
    return mixed


def read_rttm(path: Path) -> list[tuple[float, float, str]]:
    """Return start and end, seconds, and speaker of each turn."""
    fields = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def in_a_room(sound: Sound, *, late_from_s: float = 0.05, decay_s: float = 0.7) -> Sound:
    """Add the late reverberation of a room, as strong as the sound itself."""
    times = np.arange(round(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    response = np.random.default_rng(7).normal(size=len(times)) * 10 ** (-3 * times / decay_s)
    response[times < late_from_s] = 0.0
    response /= np.linalg.norm(response)
    response[0] = 1.0
    length = len(sound) + len(response)
    heard = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(response, length), length)
    return heard[: len(sound)].astype(np.float32)
