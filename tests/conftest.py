"""What every test may use: a data folder of its own, and recordings of real voices."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import hypothesis
import pytest

# before Qt is imported anywhere: tests draw into memory unless they were given a display on purpose
from tests.gui import environments

os.environ.setdefault("QT_QPA_PLATFORM", environments.screen("desktop"))

from fi_desktop.audio.media_files import phone_call

# a busy machine is no reason to fail
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own; no test ever touches the person's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FI_DESKTOP_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def sample() -> Path:
    """A real phone call of two people, 30 s, 16 kHz; its reference is next to it as sample.rttm."""
    path = phone_call()
    if path is None:
        pytest.skip(
            "pyannote.audio, which includes the phone call, is not installed: see fi-desktop[pyannote]"
        )
    return path


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The phone call again and again for 20 minutes: some seconds of work, so that it can be interrupted."""
    return _repeated(sample, tmp_path_factory.mktemp("recordings") / "long.wav", times=40)


@pytest.fixture(scope="session")
def five_minutes(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The phone call ten times: can be interrupted, and is soon finished."""
    return _repeated(sample, tmp_path_factory.mktemp("recordings") / "five-minutes.wav", times=10)


def _repeated(sample: Path, path: Path, *, times: int) -> Path:
    with wave.open(str(sample)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        frames = source.readframes(source.getnframes())
        for _ in range(times):
            target.writeframes(frames)
    return path


@pytest.fixture(scope="session")
def fitted_pyannote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pyannote weights that know the phone call by heart: ten seconds of training, so once."""
    torch = pytest.importorskip("torch", reason="fi-desktop[pyannote] is not installed")

    from tests.packs.make_pyannote import make_pyannote

    folder = tmp_path_factory.mktemp("weights") / "fitted"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several that wait for each other on a busy machine make a second a minute
    make_pyannote(folder, fit=True)
    torch.set_num_threads(threads)
    return folder
