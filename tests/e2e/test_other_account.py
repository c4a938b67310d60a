"""Two accounts on one computer: what another one sees of a clinician's program, and what it can do to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fi_desktop.system.files import resource
from tests.e2e.commands import TIMEOUT_S, environment
from tests.recordings import write_start

CLINICIAN, STRANGER = 12001, 12002
NAME = "Zutanita Quiquirimundi 1970-01-01"
RECORDING = resource("samples", "consulta.flac")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
        reason="needs two accounts: the administrator, and setpriv",
    ),
]

# tries what the modes and the locks of a data folder are to prevent; prints what worked
ATTEMPTS = """
import fcntl, os, pathlib, socket, sys
home = pathlib.Path(sys.argv[1])
tries = {
    "list": lambda: os.listdir(home),
    "read": lambda: (home / "settings.toml").read_bytes(),
    "write": lambda: (home / "settings.toml").write_text("keep_days = 0.001"),
    "result": lambda: (home / "jobs" / "1" / "result.json").read_bytes(),
    "lock": lambda: fcntl.flock(os.open(home / "instance.lock", os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB),
    "key": lambda: (home / "ipc.key").read_bytes(),
    "rename": lambda: home.rename(home.with_name("stolen")),
    "own": lambda: os.chown(home, os.getuid(), -1),
}
for name, attempt in tries.items():
    try:
        attempt()
    except PermissionError:
        continue
    print(name)
"""


def as_account(number: int, *command: object) -> list[str]:
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", *map(str, command)]


def run_as(number: int, *command: object, **surroundings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        as_account(number, *command),
        env={**os.environ, **surroundings}, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that both accounts can enter, with the clinician's home and recording in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for private in ("person", "recorder"):
            (folder / private).mkdir(mode=0o700)
            os.chown(folder / private, CLINICIAN, CLINICIAN)
        recording = folder / "recorder" / f"{NAME}.flac"
        write_start(RECORDING, recording, 10.0)
        os.chown(recording, CLINICIAN, CLINICIAN)
        yield folder


@contextmanager
def running(shared: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Process the recording as the clinician, named on stdin and without private umask."""
    person = shared / "person"
    surroundings = environment(
        person / "data", HOME=str(person), TMPDIR=str(person), XDG_RUNTIME_DIR=str(person)
    )
    program = [sys.executable, "-m", "fi_desktop", "run", "-", "--transcriber", "none", "--json"]
    job = subprocess.Popen(
        as_account(CLINICIAN, *program),
        env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        umask=0,
    )  # fmt: skip
    try:
        assert job.stdin is not None
        job.stdin.write(str(shared / "recorder" / f"{NAME}.flac"))
        job.stdin.close()
        job.stdin = None
        yield job, surroundings
    finally:
        job.kill()
        job.communicate()


def descendants(process: subprocess.Popen[str]) -> set[int]:
    """Return the processes of a group leader and its children that live now."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text()
            except OSError:
                continue
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    found = {process.pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def test_names_are_in_no_list_of_processes(shared: Path):
    """`ps` shows the arguments of all processes to every account; of workers too."""
    with running(shared) as (job, _surroundings):
        seen: set[int] = set()
        shown = b""
        while job.poll() is None:
            for process in descendants(job):
                try:
                    shown += Path(f"/proc/{process}/cmdline").read_bytes()
                    seen.add(process)
                except OSError:
                    continue
            time.sleep(0.05)  # the interval of the observation
        out, errors = job.communicate(timeout=TIMEOUT_S)
        assert job.returncode == 0, errors
    assert json.loads(out.splitlines()[-1])["state"] == "COMPLETED"
    assert len(seen) >= 2  # the program and a worker
    assert b"fi_desktop" in shown
    assert NAME.encode() not in shown
    assert NAME.split()[0].encode() not in shown


def test_another_account_gets_nothing(shared: Path):
    home = shared / "person" / "data"
    with running(shared) as (job, surroundings):
        assert job.stdout is not None
        assert json.loads(job.stdout.readline())["id"] == 1
        assert home.is_dir()
        # even where the home folder is open to all
        (shared / "person").chmod(0o755)
        during = run_as(STRANGER, sys.executable, "-c", ATTEMPTS, home)
        assert (during.stdout, during.stderr) == ("", "")
        _, errors = job.communicate(timeout=TIMEOUT_S)
        assert job.returncode == 0, errors
    after = run_as(STRANGER, sys.executable, "-c", ATTEMPTS, home)
    assert (after.stdout, after.stderr) == ("", "")
    exposed = [path for path in (home, *home.rglob("*")) if path.lstat().st_mode & 0o077]
    assert exposed == []
    planted = run_as(STRANGER, sys.executable, "-m", "fi_desktop", "jobs", "list", FI_DESKTOP_HOME=str(home))
    assert planted.returncode != 0
    assert NAME not in planted.stdout + planted.stderr
    own = run_as(CLINICIAN, sys.executable, "-m", "fi_desktop", "jobs", "list", **surroundings)
    assert own.returncode == 0, own.stderr
    assert NAME.split()[0] in own.stdout


def test_exports_are_private_whatever_the_umask(shared: Path):
    out = shared / "person" / "out"
    with running(shared) as (job, surroundings):
        _, errors = job.communicate(timeout=TIMEOUT_S)
        assert job.returncode == 0, errors
    out.mkdir()
    os.chown(out, CLINICIAN, CLINICIAN)
    for format in ("txt", "json", "docx", "pdf"):
        program = [
            sys.executable,
            "-m",
            "fi_desktop",
            "export",
            "1",
            "--to",
            format,
            "-o",
            out / f"note.{format}",
        ]
        subprocess.run(
            as_account(CLINICIAN, *program),
            env=surroundings, capture_output=True, timeout=TIMEOUT_S, check=True, umask=0,
        )  # fmt: skip
    assert {oct(path.stat().st_mode & 0o777) for path in out.iterdir()} == {"0o600"}
