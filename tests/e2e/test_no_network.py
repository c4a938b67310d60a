"""Recordings are patient data: no process of the app uses the network."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.commands import TIMEOUT_S, environment, fi_desktop

GUARD = Path(__file__).parent / "no_network"
NO_SOCKETS = Path(__file__).with_name("no_sockets.py")


def guarded(tmp_path: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(GUARD), "NETWORK_ATTEMPTS": str(tmp_path / "attempts")}


def test_job_completes_with_sockets_refused(home: Path, tmp_path: Path, ten_seconds: Path):
    done = fi_desktop("run", ten_seconds, "--json", home=home, **guarded(tmp_path))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()
    assert "REFUSED" not in (tmp_path / "attempts.guarded").read_text()
    processes = set((tmp_path / "attempts.guarded").read_text().split())
    assert len(processes) >= 3  # the app and its two workers


def killed_at_a_socket(home: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Run Python; the kernel kills each of its processes that opens an internet socket."""
    return subprocess.run(
        [sys.executable, str(NO_SOCKETS), "--kill", sys.executable, *map(str, command)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="uses the Linux kernel to watch sockets")
def test_native_code_opens_no_socket(home: Path, ten_seconds: Path):
    """Python's guard does not see what ONNX Runtime, CTranslate2 and FFmpeg do."""
    caught = killed_at_a_socket(home, "-c", "import socket; socket.socket()")
    assert caught.returncode == -signal.SIGSYS
    done = killed_at_a_socket(home, "-m", "fi_desktop", "run", ten_seconds, "--json")
    assert done.returncode == 0, done.stderr
    assert '"attempts": 1' in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_importing_pyannote_opens_no_socket(home: Path, tmp_path: Path):
    fi_desktop("doctor", home=home, **guarded(tmp_path))
    assert not (tmp_path / "attempts").exists(), (tmp_path / "attempts").read_text()
    assert "REFUSED" not in (tmp_path / "attempts.guarded").read_text()


def test_job_leaves_nothing_outside_the_data_folder(home: Path, tmp_path: Path, ten_seconds: Path):
    # onnxruntime's native code would store a device id and unsent telemetry there
    person, temp = tmp_path / "person", tmp_path / "temp"
    person.mkdir()
    temp.mkdir()
    elsewhere = {"HOME": str(person), "XDG_CACHE_HOME": str(person / ".cache"), "TMPDIR": str(temp)}
    done = fi_desktop("run", ten_seconds, "--json", home=home, **elsewhere)
    assert done.returncode == 0, done.stderr
    assert [*person.rglob("*"), *temp.rglob("*")] == []
