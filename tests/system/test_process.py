"""No process of the program leaves its memory in a core file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def core_limit(pid: int | str) -> list[str]:
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    return next(line.split()[4:6] for line in limits if line.startswith("Max core file size"))


@linux
def test_commands_leave_no_core_file(home: Path):
    script = """
import runpy, sys
from pathlib import Path
import fi_desktop.cli
fi_desktop.cli.main = lambda _arguments: print(Path("/proc/self/limits").read_text()) or 0
sys.argv = ["fi_desktop"]
runpy.run_module("fi_desktop", run_name="__main__")
"""

    import resource

    def unlimited() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        preexec_fn=unlimited,
        timeout=300,
        check=False,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]


@linux
def test_crash_reporters_cannot_dump_a_worker(home: Path, monkeypatch: pytest.MonkeyPatch):
    script = """
import ctypes
from fi_desktop.system.process import forbid_dumps
libc = ctypes.CDLL(None)
before = libc.prctl(3)
forbid_dumps()
print(before, libc.prctl(3))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == ["1", "0"]
