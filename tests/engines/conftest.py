"""Recordings for the engines' tests: real voices where voices matter, made sounds where they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording, RecordingWriter
from fi_desktop.engines.base import Speech
from fi_desktop.engines.builtin.background import BackgroundModel, load_model
from fi_desktop.engines.silero import find_speech

ROOT = Path(__file__).resolve().parents[2]
MODEL_DIR = ROOT / "resources" / "models" / "builtin"

Write = Callable[[NDArray[np.float32]], Recording]


def ignore(_fraction: float) -> None:
    """For tests that are not about progress."""


@pytest.fixture(scope="session")
def model() -> BackgroundModel:
    """The model that the product ships."""
    return load_model(MODEL_DIR)


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
    return find_speech(call, per_channel=False, progress=ignore)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write samples, (samples,) or (channels, samples), as a recording."""

    def write_samples(samples: NDArray[np.float32]) -> Recording:
        rows = np.atleast_2d(samples).astype(np.float32)
        with RecordingWriter(tmp_path / f"made{len(list(tmp_path.iterdir()))}.pcm", len(rows)) as writer:
            writer.write(rows)
            return writer.recording

    return write_samples
