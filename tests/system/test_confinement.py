"""What a confined process can no longer do, tried from inside by a process that asks the real kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.system.call_numbers import AUDIT_ARCHITECTURE, call_numbers
from fi_desktop.system.confinement import confinement

pytestmark = pytest.mark.skipif(
    bool(confinement().missing), reason=f"this kernel lacks {' and '.join(confinement().missing)}"
)

TRY = """
import ctypes, errno, os, resource, signal, socket, sys, threading
from pathlib import Path
from fi_desktop.system.confinement import restrict_calls, restrict_files
from fi_desktop.system.process import forbid_dumps, keep_private, limit_memory

def attempt(name, action):
    try:
        result = action()
    except OSError as error:
        print(name, errno.errorcode[error.errno])
    except MemoryError:
        print(name, "ENOMEM")
    else:
        print(name, "done" if result is None or result >= 0 else errno.errorcode[ctypes.get_errno()])

def call(number, *arguments):
    return ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)

def status(*names):
    lines = dict(line.split(":", 1) for line in STATUS.read().splitlines())
    print(*(f"{name}={lines[name].strip()}" for name in names))

folder = Path(sys.argv[1])
STATUS = open("/proc/self/status")
"""


def tried(code: str, folder: Path) -> dict[str, str]:
    """Run code in a process; return how each attempt ended, by name."""
    done = subprocess.run(
        [sys.executable, "-c", TRY + code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two folders with a file each: `read` may be read, `write` written to, `other` neither."""
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("words")
    return tmp_path


def test_only_allowed_files_are_opened(folders: Path):
    ends = tried(
        """
readable = [Path(sys.prefix), folder / "read"]
restrict_files(read=readable, write=[folder / "write"], devices=[Path("/dev/null")])
attempt("read", lambda: (folder / "read/file").open().close())
attempt("read-written", lambda: (folder / "read/file").open("a").close())
attempt("read-created", lambda: (folder / "read/new").open("w").close())
attempt("written", lambda: (folder / "write/file").open("w").close())
attempt("renamed", lambda: (folder / "write/file").rename(folder / "write/name") and None)
attempt("moved-out", lambda: (folder / "write/name").rename(folder / "other/name") and None)
attempt("linked-in", lambda: os.link(folder / "other/file", folder / "write/link"))
attempt("symlinked", lambda: os.symlink("/etc/passwd", folder / "write/passwd"))
attempt("deleted", lambda: (folder / "write/name").unlink())
attempt("other", lambda: (folder / "other/file").open().close())
attempt("other-listed", lambda: os.listdir(folder / "other") and None)
attempt("other-deleted", lambda: (folder / "other/file").unlink())
attempt("passwd", lambda: open("/etc/passwd").close())
attempt("device", lambda: open("/dev/null", "w").close())
# a second restriction narrows, and threads inherit it
restrict_files(read=[Path(sys.prefix)])
thread = threading.Thread(target=attempt, args=("in-thread", lambda: (folder / "read/file").open().close()))
thread.start(); thread.join()
""",
        folders,
    )
    allowed = {"read", "written", "renamed", "deleted", "device"}
    assert {name for name, end in ends.items() if end == "done"} == allowed
    refused = {name: end for name, end in ends.items() if name not in allowed}
    assert set(refused.values()) <= {"EACCES", "EXDEV"}
    assert len(refused) == 10


def test_sockets_programs_and_other_processes_are_refused(folders: Path):
    ends = tried(
        """
from fi_desktop.system.call_numbers import call_numbers
numbers = call_numbers(os.uname().machine)
pair = socket.socketpair()
restrict_calls(opens=True)
attempt("internet", lambda: socket.socket(socket.AF_INET) and None)
attempt("internet6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) and None)
attempt("local", lambda: socket.socket(socket.AF_UNIX) and None)
attempt("program", lambda: os.execv("/bin/true", ["true"]))
attempt("fork", os.fork)
attempt("posix_spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}) and None)
attempt("ptrace", lambda: call(numbers["ptrace"], 16, os.getppid(), 0, 0))
attempt("peek", lambda: call(numbers["process_vm_readv"], os.getppid(), 0, 0, 0, 0, 0))
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("signal-all", lambda: os.kill(-1, 0))
attempt("pidfd", lambda: os.pidfd_open(os.getppid()) and None)
attempt("limits-of-another", lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE) and None)
attempt("chmod", lambda: os.chmod(folder, 0o777))
attempt("bpf", lambda: call(numbers["bpf"], 0, 0, 0))
attempt("keyctl", lambda: call(numbers["keyctl"], 0, 0, 0))
attempt("io_uring", lambda: call(numbers["io_uring_setup"], 1, 0))
attempt("mount", lambda: call(numbers["mount"], b"none", bytes(folder), b"tmpfs", 0, 0))
attempt("userfaultfd", lambda: call(numbers["userfaultfd"], 0))
attempt("perf", lambda: call(numbers["perf_event_open"], 0, 0, -1, -1, 0))
attempt("type", lambda: __import__("fcntl").ioctl(0, 0x5412, b"x") and None)
attempt("own-signal", lambda: os.kill(os.getpid(), 0))
attempt("own-limits", lambda: resource.getrlimit(resource.RLIMIT_CORE) and None)
attempt("thread", lambda: threading.Thread(target=int).start())
attempt("pipe", lambda: pair[0].send(b"x") and None)
attempt("file", lambda: (folder / "write/file").open("w").close())
""",
        folders,
    )
    allowed = {"own-signal", "own-limits", "thread", "pipe", "file"}
    assert {name for name, end in ends.items() if end == "done"} == allowed
    assert {end for name, end in ends.items() if name not in allowed} == {"EPERM"}
    assert len(ends) == 25


def test_threads_that_run_already_lose_the_calls_too(folders: Path):
    ends = tried(
        """
go = threading.Event()
def late():
    go.wait()
    attempt("late", lambda: socket.socket() and None)
thread = threading.Thread(target=late)
thread.start()
restrict_calls(opens=True)
go.set()
thread.join()
""",
        folders,
    )
    assert ends == {"late": "EPERM"}


def test_a_process_that_opens_nothing_still_uses_what_is_open(folders: Path):
    ends = tried(
        """
from fi_desktop.audio.given_file import GivenFile
given = GivenFile.of(os.open(folder / "write/file", os.O_RDWR))
restrict_files()
restrict_calls(opens=False)
attempt("by-path", lambda: (folder / "write/file").open().close())
attempt("by-descriptor-path", lambda: open(f"/proc/self/fd/{given.descriptor}").close())
attempt("created", lambda: (folder / "write/new").open("w").close())
attempt("deleted", lambda: (folder / "write/file").unlink())
attempt("link", lambda: os.readlink("/proc/self/cwd") and None)
attempt("pair", lambda: socket.socketpair() and None)
def use():
    with given.open("wb") as file:
        file.write(b"new")
    with given.open("rb") as file:
        assert file.read() == b"new"
    assert given.stat().st_size == 3
    given.unlink()
attempt("given", use)
""",
        folders,
    )
    assert ends.pop("given") == "done"
    assert set(ends.values()) == {"EPERM"}
    assert len(ends) == 6
    assert (folders / "write" / "file").read_text() == ""


def test_status_and_limits_of_a_confined_process(folders: Path):
    ends = tried(
        """
keep_private()
forbid_dumps()
limit_memory(100_000_000)
restrict_files()
restrict_calls(opens=True)
status("NoNewPrivs", "Seccomp")
attempt("dumpable-again", lambda: ctypes.CDLL(None, use_errno=True).prctl(4, 1))
print("dumpable", ctypes.CDLL(None).prctl(3))
print("core", *resource.getrlimit(resource.RLIMIT_CORE))
attempt("memory", lambda: bytes(200_000_000) and None)
attempt("some-memory", lambda: bytes(20_000_000) and None)
""",
        folders,
    )
    assert ends == {
        "NoNewPrivs=1": "Seccomp=2",
        "dumpable-again": "EPERM",
        "dumpable": "0",
        "core": "0 0",
        "memory": "ENOMEM",
        "some-memory": "done",
    }


def test_both_architectures_have_the_calls_that_depend_on_arguments():
    for machine in AUDIT_ARCHITECTURE:
        numbers = call_numbers(machine)
        assert {
            "clone",
            "clone3",
            "kill",
            "tgkill",
            "prlimit64",
            "prctl",
            "ioctl",
            "seccomp",
        } <= numbers.keys()
        assert len(set(numbers.values())) == len(numbers)
