"""No command and no window has another socket than local ones, and all work on a computer without network.

The kernel tells: strace lists the network calls of each process, native code included, in a network
namespace that has no route, not even to this computer itself.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from fi_desktop.models import PackKind
from fi_desktop.system.files import resource
from tests.e2e import every_command
from tests.e2e.commands import TIMEOUT_S, environment
from tests.models.packs import whisper_files, with_manifest, write_files
from tests.recordings import write_start

NO_ROUTES = ["unshare", "--net"]
TRACE = ["strace", "--follow-forks", "--seccomp-bpf", "-e", "trace=network", "-o"]
SURROUNDINGS = {
    "DISPLAY": "",
    "WAYLAND_DISPLAY": "",
    "FI_DESKTOP_PASSPHRASE": "of the test",
    "FI_DESKTOP_NEW_PASSPHRASE": "of the test",
}
# the kernel's answer to a socket of another family, and what would leave a local one
_SOCKET = re.compile(r"\bsocket(?:pair)?\((AF_\w+)")
_ADDRESS = re.compile(r"sa_family=(AF_\w+)")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The first ten seconds of the consultation."""
    return write_start(resource("samples", "consulta.flac"), tmp_path / "consultation.flac", 10.0)


@dataclass(frozen=True)
class Tools:
    """What this machine offers: prefixes of a command, and why one is missing."""

    apart: list[str]
    trace: list[str]


def works(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0
    )


@pytest.fixture(scope="module")
def tools() -> Tools:
    if sys.platform != "linux":
        pytest.skip("uses the Linux kernel to watch sockets")
    if not works(*NO_ROUTES, "true"):
        pytest.skip("this account may not create a network namespace")
    if not works(*TRACE, "/dev/null", "true"):
        pytest.skip("strace is not installed, or may not trace here")
    return Tools(NO_ROUTES, TRACE)


def families(trace: Path) -> set[str]:
    """Return the families of all sockets and addresses in a trace."""
    text = trace.read_text(encoding="utf-8", errors="replace")
    return set(_SOCKET.findall(text)) | set(_ADDRESS.findall(text))


def test_each_command_is_covered(recording: Path, tmp_path: Path):
    """If this fails, add the new command to `lines` in tests/e2e/every_command.py."""
    run = every_command.lines(recording, tmp_path / "pack", tmp_path)
    declared = set(every_command.declared())
    covered = {name for name in declared if any(f"{line} ".startswith(f"{name} ") for line in run)}
    assert declared - covered == every_command.ONLINE | every_command.SEPARATE


@pytest.mark.slow
def test_an_internet_socket_is_seen(tools: Tools, tmp_path: Path):
    opened = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    trace = tmp_path / "trace"
    subprocess.run([*tools.apart, *tools.trace, trace, sys.executable, "-c", opened], check=True)
    assert families(trace) == {"AF_INET"}


@pytest.mark.slow
def test_commands_work_without_routes_and_have_local_sockets_only(
    tools: Tools, home: Path, recording: Path, tmp_path: Path
):
    trace, out = tmp_path / "trace", tmp_path / "out"
    out.mkdir()
    pack = write_files(
        tmp_path / "own-whisper", with_manifest("own-whisper", PackKind.WHISPER, whisper_files(5_000))
    )
    program = [sys.executable, "-m", "tests.e2e.every_command", recording, pack, out]
    done = subprocess.run(
        [*tools.apart, *tools.trace, trace, *program],
        env=environment(home, **SURROUNDINGS),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["line"] for each in ended] == every_command.lines(recording, pack, out)
    for each in ended:
        expected = next(
            (
                code
                for name, code in every_command.NOT_ZERO.items()
                if f"{each['line']} ".startswith(f"{name} ")
            ),
            0,
        )
        assert each["status"] == expected, each
    assert families(trace) == {"AF_UNIX"}
    assert {path.suffix for path in out.iterdir()} == {".json", ".docx", ".pdf", ".txt", ".jsonl"}


@pytest.mark.slow
def test_window_processes_a_recording_without_routes_and_has_local_sockets_only(
    tools: Tools, home: Path, recording: Path, tmp_path: Path
):
    trace, key = tmp_path / "trace", home / "ipc.key"
    result = home / "jobs" / "1" / "result.json"
    surroundings = environment(home, QT_QPA_PLATFORM="offscreen", DBUS_SESSION_BUS_ADDRESS="disabled:")
    program = [*tools.apart, sys.executable, "-m", "fi_desktop"]
    window = subprocess.Popen(
        [*tools.apart, *tools.trace, trace, *program[-3:], "window", recording],
        env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        state, deadline = "", time.monotonic() + TIMEOUT_S
        while state != "COMPLETED":
            assert time.monotonic() < deadline
            with suppress(subprocess.TimeoutExpired):
                window.wait(0.1)
            assert window.returncode is None, window.communicate()
            if result.exists() and key.exists() and key.stat().st_size:
                listed = subprocess.run(
                    [*program, "jobs", "list", "--json"],
                    env=surroundings, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
                )  # fmt: skip
                jobs = [json.loads(line) for line in listed.stdout.splitlines()]
                state = jobs[0]["state"] if jobs else ""
                assert state != "FAILED", jobs
    finally:
        for child in psutil.Process(window.pid).children():  # of strace
            child.send_signal(signal.SIGTERM)
        _, errors = window.communicate(timeout=TIMEOUT_S)
    assert window.returncode == 0, errors
    assert families(trace) == {"AF_UNIX"}
    assert result.exists()
