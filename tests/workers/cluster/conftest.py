"""A server for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recordings import write_repeated
from tests.workers.cluster.clinic import Clinic, running_clinic


@pytest.fixture(scope="module")
def shared_clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A server with one worker, for the tests of a module that leave it as it was."""
    with running_clinic(tmp_path_factory.mktemp("clinic")) as clinic:
        yield clinic


@pytest.fixture
def clinic(shared_clinic: Clinic) -> Clinic:
    """The server, running with one worker, whatever the last test did to it."""
    shared_clinic.restore()
    return shared_clinic


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The phone call four times: long enough to be interrupted."""
    return write_repeated(sample, tmp_path_factory.mktemp("recordings") / "calls.wav", 4)


@pytest.fixture
def patient(sample: Path, tmp_path: Path) -> Path:
    """A recording whose name must not leave this computer."""
    path = tmp_path / "Zenaida Quetzalcoatl 1961.wav"
    path.write_bytes(sample.read_bytes())
    return path
