"""The IPC server answers its own account, and survives whatever else connects."""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fi_desktop import __version__
from fi_desktop.app import App
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc import instance as ipc_socket
from fi_desktop.rpc import server as ipc
from fi_desktop.rpc.server import IpcServer, request
from fi_desktop.settings import load

STRANGER = 65534
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has named pipes")
two_accounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs a second account, so the administrator"
)


@contextmanager
def serving(home: Path, answer: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> Iterator[IpcServer]:
    server = IpcServer(home, answer)
    server.open()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp" if sys.platform == "darwin" else None) as name:
        yield Path(name)


@pytest.fixture
def deep(tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a path too long for a socket, and a runtime folder."""
    runtime = short / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    folder = tmp_path / ("d" * 60) / ("é" * 60)
    folder.mkdir(parents=True)
    return folder


def test_requests_are_answered_and_no_file_is_left(home: Path):
    with serving(home, lambda message: {"value": message["number"] * 2}):
        assert [request(home, {"number": number}) for number in (1, 2, 3)] == [
            {"value": n} for n in (2, 4, 6)
        ]
    assert list(home.iterdir()) == []


def test_requests_are_answered_in_parallel(home: Path):
    both = threading.Barrier(2)

    def answer(_message: dict[str, Any]) -> dict[str, Any]:
        return {"waited": both.wait(120)}

    with serving(home, answer):
        other = threading.Thread(target=request, args=(home, {}))
        other.start()
        assert "waited" in request(home, {})
        other.join()


@posix
def test_only_the_owner_can_use_the_key_and_the_socket(home: Path):
    with serving(home):
        for name in ("ipc.key", "ipc.sock"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


@posix
def test_a_long_path_puts_the_socket_in_the_runtime_folder(deep: Path, short: Path):
    with serving(deep, lambda _message: {"value": "here"}):
        (path,) = (short / "runtime").iterdir()
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert request(deep, {}) == {"value": "here"}
    assert list((short / "runtime").iterdir()) == []


@posix
def test_a_runtime_folder_that_others_can_enter_is_not_used(deep: Path, short: Path, monkeypatch):
    (short / "runtime").chmod(0o755)
    monkeypatch.setattr(ipc_socket.tempfile, "gettempdir", lambda: str(short))
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}
        (private,) = short.glob("fi-desktop-*")
        assert stat.S_IMODE(private.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("variable", ["", "."])
def test_the_current_folder_is_never_the_runtime_folder(deep: Path, short: Path, monkeypatch, variable: str):
    monkeypatch.chdir(short / "runtime")
    monkeypatch.setenv("XDG_RUNTIME_DIR", variable)
    monkeypatch.setattr(ipc_socket.tempfile, "gettempdir", lambda: str(short))
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}
        assert list((short / "runtime").iterdir()) == []


@posix
def test_a_runtime_folder_with_a_long_path_is_not_used(deep: Path, short: Path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    deep.chmod(0o700)
    monkeypatch.setattr(ipc_socket.tempfile, "gettempdir", lambda: str(short))
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}


@posix
def test_a_temp_folder_with_a_long_path_is_not_used(deep: Path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}


@two_accounts
def test_a_runtime_folder_of_another_account_is_refused(deep: Path, short: Path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(ipc_socket.tempfile, "gettempdir", lambda: str(short))
    planted = short / f"fi-desktop-{os.geteuid()}"
    planted.mkdir(mode=0o700)
    os.chown(planted, STRANGER, STRANGER)
    with pytest.raises(UserError, match="belongs to another account"):
        IpcServer(deep, dict).open()
    with pytest.raises(UserError, match="belongs to another account"):
        (deep / "ipc.key").write_bytes(b"key")
        request(deep, {})


@two_accounts
def test_another_account_is_not_answered():
    answered = threading.Event()
    script = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
sys.stdout.write(repr(peer.recv(100)))
"""
    # outside pytest's folder, which no other account can enter
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        with serving(home, lambda _message: answered.set() or {}):
            (home / "ipc.sock").chmod(0o666)
            command = [sys.executable, "-c", script, str(home / "ipc.sock"), str(STRANGER)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
            assert done.stdout == "b''"
            assert not answered.is_set()
            assert request(home, {}) == {}


@two_accounts
def test_nothing_is_sent_to_another_account_that_listens_on_the_socket(home: Path, tmp_path: Path):
    got = tmp_path / "got"
    got.touch()
    os.chown(got, STRANGER, STRANGER)
    script = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
listener.listen()
os.setuid(int(sys.argv[2]))
listener.listen()  # the peer is the account that listens
print("ready", flush=True)
peer, _ = listener.accept()
try:
    peer.sendall(b"\\0\\0\\0\\x20" + bytes(32))
    with open(sys.argv[3], "ab") as file:
        file.write(peer.recv(1000))
except (BrokenPipeError, ConnectionResetError):
    pass
"""
    (home / "ipc.key").write_bytes(secrets.token_bytes(32))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "ipc.sock"))
        stranger = subprocess.Popen(
            [sys.executable, "-c", script, str(listener.fileno()), str(STRANGER), str(got)],
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            text=True,
        )
    with stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "ready\n"
        with pytest.MonkeyPatch.context() as patch, pytest.raises(TransientError, match="does not respond"):
            patch.setattr(ipc, "_START_TIMEOUT_S", 0.0)
            request(home, {"command": "submit", "arguments": {"paths": ["patient.wav"]}})
    assert got.read_bytes() == b""


@posix
@pytest.mark.parametrize(
    "said", [b"", b"\0\0\1\0", b"\0\0\1\0half", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"]
)
def test_a_silent_peer_holds_up_nobody(home: Path, said: bytes):
    server = IpcServer(home, lambda _message: {"value": 1})
    server.open()
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(home / "ipc.sock"))
        peer.sendall(said)
        assert request(home, {}) == {"value": 1}
        server.close()  # joins its threads, which wait for the peer no longer than for a message
        assert peer.recv(100)[4:36] != b""  # the nonce came
        assert peer.recv(100) == b""


def _exchange(home: Path, sealed: Callable[[bytes], bytes]) -> bytes:
    """Send a handmade request; return the answer's bytes."""
    with ipc_socket.connect(home) as connection:
        connection.send_bytes(sealed(connection.recv_bytes()))
        return connection.recv_bytes()


def test_a_peer_without_the_key_gets_no_answer(home: Path):
    answered = threading.Event()
    with serving(home, lambda _message: answered.set() or {}):
        with pytest.raises(EOFError):
            _exchange(
                home,
                lambda nonce: bytes(32) + ipc._proof(b"guess", b"request", nonce, bytes(32), b"{}") + b"{}",
            )
        assert not answered.is_set()
        assert request(home, {}) == {}


def test_a_replayed_request_is_refused(home: Path):
    count: list[int] = []
    with serving(home, lambda _message: count.append(1) or {}):
        key = (home / "ipc.key").read_bytes()
        recorded: list[bytes] = []

        def seal(nonce: bytes) -> bytes:
            recorded.append(bytes(32) + ipc._proof(key, b"request", nonce, bytes(32), b"{}") + b"{}")
            return recorded[0]

        _exchange(home, seal)
        with pytest.raises(EOFError):
            _exchange(home, lambda _nonce: recorded[0])
    assert count == [1]


def _command(name: object, arguments: object, version: object = __version__) -> bytes:
    return json.dumps({"version": version, "command": name, "arguments": arguments}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b'"command"',
        b"[" * 100_000,
        b'{"do": "jobs", "state": null}',  # as version 0.1 asked
        _command("jobs", {}, version="0.0.1"),
        _command(7, {}),
        _command("jobs", []),
        _command("jobs", {"state": "LOST"}),
        _command("cancel", {}),
        _command("cancel", {"ids": ["x"]}),
        _command("cancel", {"ids": [1], "self": 2}),
        _command("submit", {"paths": ["a"], "options": 7}),
        _command("change_policy", {}),  # not for other processes
        _command("_run", {}),
    ],
    ids=range(16),
)
def test_nonsense_from_a_peer_with_the_key_does_no_harm(home: Path, body: bytes):
    app = App(load({"FI_DESKTOP_HOME": str(home)}), backend="idle")
    app.start()
    try:
        key = (home / "ipc.key").read_bytes()

        def seal(nonce: bytes) -> bytes:
            return bytes(32) + ipc._proof(key, b"request", nonce, bytes(32), body) + body

        try:
            answer = json.loads(_exchange(home, seal)[32:])
        except EOFError:
            pass  # disconnected
        else:
            assert answer["refusal"]["code"] == "ipc.version"
        assert app.owner().call(JobService.jobs) == []
    finally:
        app.stop()


def test_an_owner_that_does_not_answer_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ipc, "_START_TIMEOUT_S", 0.1)
    with pytest.raises(TransientError, match="does not respond"):
        request(home, {})
