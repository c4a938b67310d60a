"""Requests reach the owner of the data folder through a socket that no other account can enter."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from fi_desktop import __version__
from fi_desktop.app import App
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import JobState
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc import server as ipc
from fi_desktop.rpc.endpoint import Endpoint, connect
from fi_desktop.rpc.server import IpcServer, request
from fi_desktop.rpc.session import LONGEST_MESSAGE_BYTES, join_server
from fi_desktop.settings import load
from tests.e2e.commands import start

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has named pipes")


@contextmanager
def serving(home: Path, answer: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> Iterator[IpcServer]:
    server = IpcServer(home, answer)
    server.open()
    try:
        yield server
    finally:
        server.close()


def socket_of(home: Path) -> Path:
    return Path(Endpoint.read(home).address)


@pytest.fixture(autouse=True)
def _without_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder, the system's, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp" if sys.platform == "darwin" else None) as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.fixture
def runtime(short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = short / "runtime"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A data folder with a path too long for a socket."""
    folder = tmp_path / ("d" * 60) / ("é" * 60)
    folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
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
@pytest.mark.parametrize("place", ["runtime", "home", "temporary"])
def test_only_this_account_can_reach_the_socket(
    home: Path, deep: Path, short: Path, request: pytest.FixtureRequest, place: str
):
    if place == "runtime":
        request.getfixturevalue("runtime")
    folder = {"runtime": home, "home": home, "temporary": deep}[place]
    with serving(folder):
        path = socket_of(folder)
        assert path.is_relative_to({"runtime": short / "runtime", "home": home, "temporary": short}[place])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "ipc.key").stat().st_mode) == 0o600
        assert ipc.request(folder, {}) == {}
    assert not path.exists()
    assert [left for left in short.iterdir() if left.name != "runtime"] == []


@posix
def test_a_client_with_another_environment_finds_the_socket(home: Path, runtime: Path, monkeypatch):
    with serving(home, lambda _message: {"value": "here"}):
        assert socket_of(home).parent == runtime
        monkeypatch.delenv("XDG_RUNTIME_DIR")  # as in a job of cron
        assert request(home, {}) == {"value": "here"}


@posix
def test_a_runtime_folder_that_others_can_enter_is_not_used(deep: Path, runtime: Path):
    runtime.chmod(0o755)
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}
        assert list(runtime.iterdir()) == []


@posix
@pytest.mark.parametrize("variable", ["", "."])
def test_the_current_folder_is_never_the_runtime_folder(deep: Path, runtime: Path, monkeypatch, variable):
    monkeypatch.chdir(runtime)
    monkeypatch.setenv("XDG_RUNTIME_DIR", variable)
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}
        assert list(runtime.iterdir()) == []


@posix
@pytest.mark.parametrize("variable", ["XDG_RUNTIME_DIR", "temporary folder"])
def test_a_folder_with_a_long_path_is_not_used(deep: Path, short: Path, monkeypatch, variable: str):
    if variable == "XDG_RUNTIME_DIR":
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with serving(deep, lambda _message: {"value": "here"}):
        assert request(deep, {}) == {"value": "here"}
        assert not socket_of(deep).is_relative_to(deep)


@posix
def test_a_link_to_a_private_folder_is_no_runtime_folder(home: Path, runtime: Path, short: Path, monkeypatch):
    (short / "link").symlink_to(runtime)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short / "link"))
    with serving(home):
        assert socket_of(home).parent == home


@posix
def test_the_socket_of_a_killed_owner_is_removed(deep: Path, short: Path, long_recording: Path):
    owner = start("run", long_recording, "--json", home=deep)
    assert owner.stdout is not None
    owner.stdout.readline()
    left = socket_of(deep)
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert left.exists()
    with serving(deep):
        assert not left.parent.exists()
        assert request(deep, {}) == {}


@posix
def test_a_replaced_address_deletes_nothing_but_a_socket(home: Path, tmp_path: Path):
    tmp_path.chmod(0o700)
    (tmp_path / "consulta.wav").write_bytes(b"speech")
    Endpoint(str(tmp_path / "consulta.wav"), b"key").write(home)
    with serving(home):
        assert (tmp_path / "consulta.wav").read_bytes() == b"speech"


def test_a_key_of_another_version_is_reported_as_such(home: Path):
    (home / "ipc.key").write_bytes(secrets.token_bytes(32))
    with pytest.raises(UserError) as refused:
        request(home, {})
    assert refused.value.code == "ipc.version"


@posix
def test_an_owner_that_greets_otherwise_is_another_version(home: Path):
    path = home / "other.sock"
    Endpoint(str(path), b"key").write(home)
    with socket.socket(socket.AF_UNIX) as owner:
        owner.bind(str(path))
        owner.listen()

        def greet() -> None:
            peer, _ = owner.accept()
            with peer:
                peer.sendall(b"\0\0\0\x20" + bytes(32))  # as version 0.1 did
                peer.recv(100)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(UserError) as refused:
            request(home, {})
        thread.join()
    assert refused.value.code == "ipc.version"


def test_an_owner_that_does_not_answer_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ipc, "_START_TIMEOUT_S", 0.1)
    with pytest.raises(TransientError, match="does not respond"):
        request(home, {})


def test_a_request_that_is_too_large_is_not_sent(home: Path):
    with serving(home), pytest.raises(UserError) as refused:
        request(home, {"paths": "a" * LONGEST_MESSAGE_BYTES})
    assert refused.value.code == "ipc.too_large"


def test_an_answer_that_is_too_large_is_a_refusal(home: Path):
    with serving(home, lambda _message: {"value": "a" * LONGEST_MESSAGE_BYTES}):
        assert request(home, {})["refusal"]["code"] == "ipc.too_large"


def _command(name: object, arguments: object, version: object = __version__) -> bytes:
    return json.dumps({"version": version, "command": name, "arguments": arguments}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'"command"',
        b"[" * 100_000,
        b'{"do": "jobs", "state": null}',  # as version 0.1 asked
        _command("jobs", {}, version="0.0.1"),
        _command(7, {}),
        _command([], {}),
        _command("jobs", []),
        _command("jobs", {"state": "LOST"}),
        _command("cancel", {}),
        _command("cancel", {"ids": ["x"]}),
        _command("cancel", {"ids": [1], "self": 2}),
        _command("submit", {"paths": ["a"], "options": 7}),
        _command("change_policy", {}),  # not for other processes
        _command("_run", {}),
    ],
    ids=range(18),
)
def test_nonsense_from_a_peer_with_the_key_is_answered_in_a_sentence(home: Path, body: bytes):
    app = App(load({"FI_DESKTOP_HOME": str(home)}), backend="idle")
    app.start()
    try:
        endpoint = Endpoint.read(home)
        with closing(connect(endpoint, 60)) as channel:
            session = join_server(channel, endpoint.key)
            session.send(b"request", body)
            answer = json.loads(session.receive(b"answer", 60))
        assert answer["refusal"]["code"] == "ipc.version"
        assert app.owner().call(JobService.jobs, state=JobState.QUEUED) == []
    finally:
        app.stop()


@pytest.mark.skipif(os.name == "nt", reason="a client that ends is another error there")
def test_a_refused_command_leaves_the_connection_to_others(home: Path):
    with serving(home, lambda message: {"value": 1 // message["number"]}):
        with pytest.raises(TransientError, match="does not respond"):
            request(home, {"number": 0})
        assert request(home, {"number": 1}) == {"value": 1}
