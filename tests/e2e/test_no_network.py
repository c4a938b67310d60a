"""Recordings are patient data: no process of the app uses the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.commands import fi_desktop

GUARD = Path(__file__).parent / "no_network"


def guarded(tmp_path: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(GUARD), "NETWORK_ATTEMPTS": str(tmp_path / "attempts")}


def test_job_completes_with_sockets_refused(home: Path, tmp_path: Path, sample: Path):
    done = fi_desktop("run", sample, "--json", home=home, **guarded(tmp_path))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()
    processes = set((tmp_path / "attempts.guarded").read_text().split())
    assert len(processes) >= 3  # the app and its two workers


@pytest.mark.slow
def test_importing_pyannote_opens_no_socket(home: Path, tmp_path: Path):
    fi_desktop("doctor", home=home, **guarded(tmp_path))
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()


def test_job_leaves_nothing_outside_the_data_folder(home: Path, tmp_path: Path, sample: Path):
    # onnxruntime's native code would store a device id and unsent telemetry there
    person, temp = tmp_path / "person", tmp_path / "temp"
    person.mkdir()
    temp.mkdir()
    elsewhere = {"HOME": str(person), "XDG_CACHE_HOME": str(person / ".cache"), "TMPDIR": str(temp)}
    done = fi_desktop("run", sample, "--json", home=home, **elsewhere)
    assert done.returncode == 0, done.stderr
    assert [*person.rglob("*"), *temp.rglob("*")] == []
