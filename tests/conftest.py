"""Fixtures for all tests: a separate data folder, and recordings of real voices."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

# before Qt is imported: tests run offscreen unless a display is given on purpose
from tests.gui import environments

os.environ.setdefault("QT_QPA_PLATFORM", environments.screen("desktop"))
# no test asks the person's keyring; those that need one bring it
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from fi_desktop.audio.media_files import phone_call
from tests.recordings import write_part, write_repeated
from tests.vault import cheap

# tests start hundreds of processes: without bytecode on disk, each of them would compile every module
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
WHOLE_PROCESSES = frozenset({"crash", "e2e", "rpc", "workers"})
"""Folders whose tests take seconds."""

# tests must not fail because the machine is busy
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate data folder; no test touches the person's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FI_DESKTOP_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def cheap_passphrases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases cost little to try, except in the tests of the vault itself."""
    if request.path.parent != Path(__file__).parent / "vault":
        monkeypatch.setattr(cheap.PLACE, cheap.cheap)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--update-golden`."""
    parser.addoption("--update-golden", action="store_true", help="write golden files instead of comparing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes share the tests, run the longest ones first: none waits for another one at the end."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        here = Path(__file__).parent
        items.sort(
            key=lambda item: (
                item.get_closest_marker("slow") is None
                and item.path.relative_to(here).parts[0] not in WHOLE_PROCESSES
            )
        )


@pytest.fixture
def compare_golden(request: pytest.FixtureRequest) -> Callable[[bytes, str], None]:
    """Compare content with a file of tests/golden, byte by byte; or write it, with `--update-golden`."""

    def compare(content: bytes, name: str) -> None:
        golden = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_bytes(content)
        assert content == golden.read_bytes(), f"{name} differs; after a look: pytest --update-golden"

    return compare


@pytest.fixture(scope="session")
def sample() -> Path:
    """A real phone call between two people, 30 s, 16 kHz, with its reference in sample.rttm."""
    path = phone_call()
    if path is None:
        pytest.skip(
            "pyannote.audio, which includes the phone call, is not installed: see fi-desktop[pyannote]"
        )
    return path


@pytest.fixture(scope="session")
def ten_seconds(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """Ten seconds of the phone call in which both people talk: for tests that need no longer recording."""
    return write_part(sample, tmp_path_factory.mktemp("recordings") / "ten seconds.wav", 8)


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The phone call repeated for 5 minutes: can be interrupted at leisure."""
    return write_repeated(sample, tmp_path_factory.mktemp("recordings") / "long.wav", 10)


@pytest.fixture(scope="session")
def one_minute(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The phone call twice: it still runs two seconds after its first progress, and finishes soon."""
    return write_repeated(sample, tmp_path_factory.mktemp("recordings") / "one minute.wav", 2)


@pytest.fixture(scope="session")
def two_minutes(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The phone call repeated for 2 minutes: can be interrupted at once, and finishes soon."""
    return write_repeated(sample, tmp_path_factory.mktemp("recordings") / "two minutes.wav", 4)


@pytest.fixture(scope="session")
def fitted_pyannote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pyannote weights overfitted to the phone call; trained once, in ten seconds.

    The processes of one run share it.
    """
    torch = pytest.importorskip("torch", reason="fi-desktop[pyannote] is not installed")

    from tests.packs.make_pyannote import make_pyannote

    run = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        run = run.parent  # each process has its own folder in that of the run
    folder = run / "fitted"
    with FileLock(run / "fitted.lock"):
        if not folder.exists():
            trained = tmp_path_factory.mktemp("weights") / "fitted"
            threads = torch.get_num_threads()
            torch.set_num_threads(1)  # threads that wait for each other on a busy machine are very slow
            make_pyannote(trained, fit=True)
            torch.set_num_threads(threads)
            trained.rename(folder)
    return folder
