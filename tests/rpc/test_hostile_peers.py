"""Whatever connects to the IPC server, only itself is disconnected; the others are answered."""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.errors import TransientError
from fi_desktop.rpc import server as ipc
from fi_desktop.rpc import session as ipc_session
from fi_desktop.rpc.endpoint import Endpoint, connect
from fi_desktop.rpc.framing import PipeChannel
from fi_desktop.rpc.server import MOST_PEERS, IpcServer, request
from fi_desktop.rpc.session import accept_client, join_server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has named pipes")

STRANGER = 12002
two_accounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs a second account: the administrator, and setpriv",
)
ANSWER = {"value": 1}
LONG_S = 300.0  # for hangs only


class Recorder:
    """Answers requests and keeps them."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def __call__(self, message: Any) -> dict[str, Any]:
        self.requests.append(message)
        return ANSWER


@contextmanager
def serving(home: Path, answer: Any) -> Iterator[IpcServer]:
    server = IpcServer(home, answer)
    server.open()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def peer_of(home: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(LONG_S)
        peer.connect(Endpoint.read(home).address)
        yield peer


def until_hung_up(peer: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := peer.recv(1000):
            received += chunk
    except ConnectionResetError:  # hung up with bytes unread
        pass
    return received


def peer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ipc peer"]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def greeting(nonce: bytes = bytes(32)) -> bytes:
    return b"fi-desktop ipc 2\n" + nonce


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


MALFORMED = {
    "nothing, then the end": b"",
    "a length only": b"\0\0\0\x40",
    "half a message": b"\0\0\0\x40half",
    "a negative length": b"\xff\xff\xff\xff",
    "two gigabytes": b"\x7f\xff\xff\xff",
    "more than a greeting": b"\0\0\0\x65" + bytes(101),
    "an empty message": framed(b""),
    "another greeting": framed(b"fi-desktop ipc 1\n" + bytes(64)),
    "no nonce": framed(b"fi-desktop ipc 2\n"),
    "no proof": framed(greeting()),
    "a wrong proof": framed(greeting() + bytes(32)),
    "as the web asks": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "as version 0.1 asked": framed(bytes(64) + b'{"version": "0.1"}'),
}


@pytest.mark.parametrize("said", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_ends_only_its_connection(home: Path, recorder: Recorder, said: bytes):
    with serving(home, recorder), peer_of(home) as peer:
        peer.sendall(said)
        peer.shutdown(socket.SHUT_WR)
        received = until_hung_up(peer)
        assert received[4:].startswith(b"fi-desktop ipc 2\n")
        assert len(received) == 4 + len(greeting())  # nothing but the greeting
        assert request(home, {"number": 1}) == ANSWER
    assert recorder.requests == [{"number": 1}]


def test_a_silent_peer_is_disconnected_and_holds_up_nobody(home: Path, recorder: Recorder):
    with serving(home, recorder), peer_of(home) as peer:
        assert request(home, {}) == ANSWER
        began = time.monotonic()
        until_hung_up(peer)
        assert time.monotonic() - began < LONG_S / 2


def test_a_peer_that_sends_a_byte_a_second_is_disconnected_after_two(home: Path, recorder: Recorder):
    with serving(home, recorder), peer_of(home) as peer:
        began = time.monotonic()
        hung_up = threading.Event()

        def drip() -> None:
            try:
                for byte in framed(greeting() + bytes(32)):
                    peer.sendall(bytes([byte]))
                    if hung_up.wait(1.0):
                        return
            except OSError:
                pass

        slow = threading.Thread(target=drip)
        slow.start()
        assert request(home, {}) == ANSWER
        until_hung_up(peer)
        hung_up.set()
        slow.join()
        assert 1.0 < time.monotonic() - began < 60  # all its bytes would take 85 s


def test_a_peer_that_does_not_read_its_answer_is_disconnected(home: Path):
    large = {"value": "a" * 2**22}
    with serving(home, lambda _message: large):
        endpoint = Endpoint.read(home)
        with closing(connect(endpoint, LONG_S)) as channel:
            join_server(channel, endpoint.key).send(b"request", b"{}")
            assert request(home, {}) == large
            for thread in peer_threads():  # one ends once it gives up, the other has ended
                thread.join(LONG_S)
                assert not thread.is_alive()


def test_a_peer_without_the_key_is_not_answered(home: Path, recorder: Recorder):
    with serving(home, recorder):
        endpoint = Endpoint.read(home)
        with closing(connect(endpoint, LONG_S)) as channel, pytest.raises((EOFError, OSError)):
            join_server(channel, secrets.token_bytes(32))
    assert recorder.requests == []


def test_a_recorded_conversation_proves_nothing_later(home: Path, recorder: Recorder):
    with serving(home, recorder):
        key = Endpoint.read(home).key

        def proof(purpose: bytes, nonces: bytes, body: bytes = b"") -> bytes:
            return hmac.digest(key, purpose + b"\n" + nonces + body, "sha256")

        with peer_of(home) as peer:
            nonces = peer.recv(1000)[-32:] + bytes(32)
            said = [
                framed(greeting() + proof(b"client", nonces)),
                framed(proof(b"request", nonces, b"{}") + b"{}"),
            ]
            for message in said:
                peer.sendall(message)
            assert b'{"value": 1}' in until_hung_up(peer)
        with peer_of(home) as peer:
            peer.sendall(b"".join(said))
            assert len(until_hung_up(peer)) == 4 + len(greeting())
    assert recorder.requests == [{}]


def test_a_proof_of_the_server_is_none_of_a_client(home: Path, recorder: Recorder):
    with serving(home, recorder), peer_of(home) as peer, peer_of(home) as other:
        # reflects what the server says on one connection to it on another
        nonce = peer.recv(1000)[-32:]
        other.recv(1000)
        other.sendall(framed(greeting(nonce) + bytes(32)))
        assert until_hung_up(other) == b""
    assert recorder.requests == []


def test_a_request_changed_on_the_way_is_refused(home: Path, recorder: Recorder):
    with serving(home, recorder):
        endpoint = Endpoint.read(home)
        with closing(connect(endpoint, LONG_S)) as channel:
            session = join_server(channel, endpoint.key)
            genuine = channel.send
            channel.send = lambda message, timeout_s: genuine(message[:-1] + b"]", timeout_s)
            session.send(b"request", b"{}")
            with pytest.raises((EOFError, OSError)):
                session.receive(b"answer", LONG_S)
    assert recorder.requests == []


def test_nothing_is_sent_to_a_server_without_the_key(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ipc, "_START_TIMEOUT_S", 0.0)
    path = home / "impostor.sock"
    Endpoint(str(path), secrets.token_bytes(32)).write(home)
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(str(path))
        impostor.listen()

        def listen() -> None:
            peer, _ = impostor.accept()
            with peer:
                peer.sendall(framed(greeting()))
                heard.append(peer.recv(1000))
                peer.sendall(framed(bytes(32)))
                heard.append(until_hung_up(peer))

        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(TransientError, match="does not respond"):
            request(home, {"paths": ["Zutanita Quiquirimundi.wav"]})
        thread.join()
    assert len(heard[0]) == 4 + len(greeting()) + 32
    assert heard[1] == b""


@two_accounts
def test_another_account_is_not_even_greeted(recorder: Recorder):
    script = (
        "import socket, sys; peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1]);"
        "sys.stdout.write(repr(peer.recv(100)))"
    )
    # outside pytest's folder, which no other account can enter
    with tempfile.TemporaryDirectory() as name, serving(Path(name), recorder):
        Path(name).chmod(0o755)
        path = Endpoint.read(Path(name)).address
        os.chmod(path, 0o666)  # noqa: PTH101 - as if the folder were shared
        done = subprocess.run(
            ["setpriv", "--reuid", str(STRANGER), "--clear-groups", sys.executable, "-c", script, path],
            capture_output=True, text=True, timeout=LONG_S, check=True,
        )  # fmt: skip
        assert done.stdout == "b''"
        assert request(Path(name), {}) == ANSWER
    assert recorder.requests == [{}]


@two_accounts
def test_nothing_is_sent_to_another_account_that_listens(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ipc, "_START_TIMEOUT_S", 0.0)
    script = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
listener.listen()  # the peer is the account that listens
print("ready", flush=True)
peer, _ = listener.accept()
try:
    peer.sendall(bytes.fromhex(sys.argv[2]))
    print(peer.recv(1000), flush=True)
except (BrokenPipeError, ConnectionResetError):
    print(b"", flush=True)
"""
    path = home / "planted.sock"
    Endpoint(str(path), secrets.token_bytes(32)).write(home)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        privileges = ["setpriv", "--reuid", str(STRANGER), "--clear-groups"]
        arguments = [str(listener.fileno()), framed(greeting()).hex()]
        stranger = subprocess.Popen(
            [*privileges, sys.executable, "-c", script, *arguments],
            pass_fds=[listener.fileno()], stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    with stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "ready\n"
        with pytest.raises(TransientError, match="does not respond"):
            request(home, {"paths": ["Zutanita Quiquirimundi.wav"]})
        assert stranger.stdout.readline() == "b''\n"


def test_a_hundred_requests_at_once_are_answered(home: Path, recorder: Recorder):
    with serving(home, recorder), ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda number: request(home, {"number": number}), range(100)))
    assert answers == [ANSWER] * 100
    assert sorted(message["number"] for message in recorder.requests) == list(range(100))


def test_more_silent_peers_than_the_server_takes_delay_the_others_for_a_message_only(
    home: Path, recorder: Recorder
):
    with serving(home, recorder):
        silent = [socket.socket(socket.AF_UNIX) for _ in range(MOST_PEERS + 36)]
        try:
            for peer in silent:
                peer.connect(Endpoint.read(home).address)
            assert request(home, {}) == ANSWER
            assert len(peer_threads()) <= MOST_PEERS
        finally:
            for peer in silent:
                peer.close()


def test_closing_waits_for_no_peer_that_hangs(
    home: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ipc_session, "MESSAGE_TIMEOUT_S", LONG_S)  # as if every peer had all the time
    server = IpcServer(home, recorder)
    server.open()
    with peer_of(home) as silent, peer_of(home) as half:
        assert silent.recv(1000)
        assert half.recv(1000)
        half.sendall(b"\0\0\0\x40half")
        threads = peer_threads()
        assert len(threads) == 2
        began = time.monotonic()
        server.close()
        for thread in threads:
            thread.join(LONG_S)
        assert time.monotonic() - began < LONG_S / 2
        assert until_hung_up(silent) == until_hung_up(half) == b""
    assert list(home.iterdir()) == []


def test_closing_waits_a_moment_for_answers_and_no_longer(home: Path):
    asked, release = threading.Event(), threading.Event()

    def answer(_message: Any) -> dict[str, Any]:
        asked.set()
        release.wait(LONG_S)
        return ANSWER

    server = IpcServer(home, answer)
    server.open()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(request, home, {})
        assert asked.wait(LONG_S)
        server.close()
        with pytest.raises(TransientError, match="does not respond"):
            asking.result(LONG_S)
        release.set()


def test_closing_delivers_answers_that_are_being_made(home: Path):
    asked = threading.Event()
    server = IpcServer(home, lambda _message: asked.set() or ANSWER)
    server.open()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(request, home, {})
        assert asked.wait(LONG_S)
        server.close()
        assert asking.result(LONG_S) == ANSWER


def test_a_pipe_carries_the_same_conversation():
    ours, theirs = map(PipeChannel, Pipe())
    key = secrets.token_bytes(32)
    with ThreadPoolExecutor(1) as pool, closing(ours), closing(theirs):
        accepted = pool.submit(accept_client, ours, key)
        client = join_server(theirs, key)
        client.send(b"request", b"{}")
        assert accepted.result(LONG_S).receive(b"request") == b"{}"


def test_a_pipe_refuses_messages_that_are_late_or_too_long():
    ours, theirs = map(PipeChannel, Pipe())
    with closing(ours), closing(theirs):
        with pytest.raises(TimeoutError):
            ours.receive(10, 0.0)
        theirs.send(bytes(11), 1.0)
        with pytest.raises(ValueError, match="too long"):
            ours.receive(10, 1.0)
