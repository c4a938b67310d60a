"""An account on which the frozen program runs for the first time, without network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import lines

TIMEOUT_S = 300
_NO_SOCKETS = Path(__file__).with_name("no_sockets.py")


@contextmanager
def virtual_display() -> Iterator[str]:
    """Start Xvfb; yields the display's name."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as output:
        number = output.readline().strip()
    assert number, "Xvfb did not start"
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(TIMEOUT_S)


class Account:
    """A new account: a home folder, a temporary folder and an almost empty environment.

    The kernel refuses internet sockets to all its processes.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.command = [str(program)]
        self.home, self.temporary = folder / "María José", folder / "tmp"
        for new in (self.home, self.temporary):
            new.mkdir()
        self.data = self.home / ".local" / "share" / "fi-desktop"
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: object, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-I", str(_NO_SOCKETS), *self.command, *map(str, arguments)],
            env={"HOME": str(self.home), "TMPDIR": str(self.temporary), **more},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def open_window(self, display: str, *files: Path, **more: str) -> subprocess.Popen[str]:
        """Start the window and wait until it owns the queue; otherwise the next command would own it."""
        key = self.data / "ipc.key"
        old = key.read_bytes() if key.exists() else b""
        # no session bus: otherwise libdbus may start one with dbus-launch, which writes to the home folder
        window = self.start("window", *files, DISPLAY=display, DBUS_SESSION_BUS_ADDRESS="disabled:", **more)
        wait_until(lambda: key.exists() and key.read_bytes() not in (b"", old), "the window owns the queue")
        return window

    def leave(self) -> None:
        """Kill the processes that a failed test left running."""
        for process in self._started:
            process.kill()
            process.communicate()

    def run(self, *arguments: object, **more: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **more)
        out, errors = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, out, errors

    def jobs(self) -> dict[int, dict[str, Any]]:
        """Return the jobs by id; if a window is open, it answers."""
        code, out, errors = self.run("jobs", "list", "--json")
        assert code == 0, errors
        return {line["id"]: line for line in lines(out)}

    def await_state(self, job: int, state: str) -> None:
        wait_until(lambda: self.jobs().get(job, {}).get("state") == state, f"job {job} is {state}")

    def strays(self) -> list[str]:
        """Return the files outside the data folder."""
        files = [path for path in (*self.home.rglob("*"), *self.temporary.rglob("*")) if not path.is_dir()]
        return [str(path) for path in files if not path.is_relative_to(self.data)]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"timeout: {what}"
        time.sleep(1.0)  # each check starts a process


def end(app: subprocess.Popen[str]) -> str:
    app.send_signal(signal.SIGTERM)
    _, errors = app.communicate(timeout=TIMEOUT_S)
    assert app.returncode == 0, errors
    return errors
