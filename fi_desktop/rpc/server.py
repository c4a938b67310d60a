"""Requests to the process that owns a data folder, and its answers.

Messages are JSON. Each proves that its sender knows a key stored in the data folder. A proof is made for one
exchange, so a recorded message proves nothing later. A process that sends nothing, nonsense or half a message
is disconnected, and holds up no other.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.rpc.client import decode_arguments, encode
from fi_desktop.rpc.instance import MESSAGE_TIMEOUT_S, ConnectionListener, connect, listen
from fi_desktop.system import log
from fi_desktop.system.files import write_whole

_KEY = "ipc.key"
_KEY_BYTES = 32
_NONCE_BYTES = 32
_PROOF_BYTES = 32
_LONGEST_MESSAGE_BYTES = 64 * 2**20
_START_TIMEOUT_S = 10.0  # for an owner that is just starting
_RETRY_INTERVAL_S = 0.05
_ANSWER_TIMEOUT_S = 120.0  # searching a large folder on a slow drive takes time
_CLOSE_TIMEOUT_S = 10.0  # for answers that are being made


class IpcServer:
    """Answers the requests of other processes, each on its own thread."""

    def __init__(self, home: Path, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Prepare; `answer` is called on several threads."""
        self._home = home
        self._answer = answer
        self._listener: ConnectionListener | None = None
        self._thread: threading.Thread | None = None
        self._peers: set[threading.Thread] = set()
        self._closing = threading.Event()

    def open(self) -> None:
        """Start answering. Needs the instance lock.

        Raises:
            UserError, OSError: see `listen`.
        """
        key = secrets.token_bytes(_KEY_BYTES)
        self._listener = listen(self._home)
        write_whole(self._home / _KEY, key, mode=0o600)
        self._thread = threading.Thread(
            target=self._serve, args=(self._listener, key), name="ipc", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._listener is None or self._thread is None:
            return
        self._closing.set()
        self._listener.wake()
        deadline = time.monotonic() + _CLOSE_TIMEOUT_S
        for thread in (self._thread, *tuple(self._peers)):
            thread.join(max(0.0, deadline - time.monotonic()))
        self._listener.close()
        (self._home / _KEY).unlink(missing_ok=True)
        self._listener = None

    def _serve(self, listener: ConnectionListener, key: bytes) -> None:
        while not self._closing.is_set():
            try:
                connection = listener.accept()
            except OSError as error:
                log.event("IPC_REFUSED", error=type(error).__name__)
                self._closing.wait(_RETRY_INTERVAL_S)  # no busy loop without file descriptors
                continue
            if connection is not None:
                peer = threading.Thread(target=self._serve_peer, args=(connection, key), daemon=True)
                self._peers.add(peer)
                peer.start()

    def _serve_peer(self, connection: Connection, key: bytes) -> None:
        try:
            with connection:
                nonce = secrets.token_bytes(_NONCE_BYTES)
                connection.send_bytes(nonce)
                sealed = _receive(connection, MESSAGE_TIMEOUT_S)
                message, client_nonce = _open_request(sealed, key, nonce)
                answer = json.dumps(self._answer(message)).encode()
                connection.send_bytes(_proof(key, b"answer", nonce, client_nonce, answer) + answer)
        except Exception as error:  # noqa: BLE001 - what a peer sends must never end the server
            log.event("IPC_REFUSED", error=type(error).__name__)
        finally:
            self._peers.discard(threading.current_thread())


def answer(commands: Mapping[str, Callable[..., Future[Any]]], message: Any) -> dict[str, Any]:
    """Run the command that a `RemoteClient` asks for, and return its answer.

    Args:
        commands: those that may be run, by name.
        message: as it was received.
    """
    try:
        try:
            if message["version"] != __version__:
                raise ValueError(message["version"])
            method = commands[message["command"]]
            arguments = decode_arguments(method, message["arguments"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise _other_version() from None
        return {"value": encode(method(**arguments).result())}
    except (UserError, TransientError) as error:
        transient = isinstance(error, TransientError)
        return {"refusal": {"transient": transient, "code": error.code, "message": error.message}}


def _other_version() -> UserError:
    return UserError(messages.IPC_VERSION)


def request(home: Path, message: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the owner of a data folder; return its answer.

    Raises:
        TransientError: the owner does not answer.
        UserError: ipc.unsafe.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            key = (home / _KEY).read_bytes()
            connection = connect(home)
        except OSError as error:
            # an owner that is starting has the lock before it listens
            if time.monotonic() > deadline:
                raise TransientError(messages.IPC_SILENT) from error
            time.sleep(_RETRY_INTERVAL_S)
            continue
        with connection:
            return _request(connection, message, key)


def _request(connection: Connection, message: dict[str, Any], key: bytes) -> dict[str, Any]:
    try:
        nonce = _receive(connection, MESSAGE_TIMEOUT_S)
        own_nonce = secrets.token_bytes(_NONCE_BYTES)
        body = json.dumps(message).encode()
        connection.send_bytes(own_nonce + _proof(key, b"request", nonce, own_nonce, body) + body)
        sealed = _receive(connection, _ANSWER_TIMEOUT_S)
        proof, answer = sealed[:_PROOF_BYTES], sealed[_PROOF_BYTES:]
        _check(proof, _proof(key, b"answer", nonce, own_nonce, answer))
        received: dict[str, Any] = json.loads(answer)
        return received
    except (OSError, EOFError, ValueError) as error:
        raise TransientError(messages.IPC_SILENT) from error


def _receive(connection: Connection, timeout_s: float) -> bytes:
    """Return the next message; TimeoutError if it does not begin in time."""
    if not connection.poll(timeout_s):
        raise TimeoutError
    return connection.recv_bytes(_LONGEST_MESSAGE_BYTES)


def _open_request(sealed: bytes, key: bytes, nonce: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a request and its sender's nonce; ValueError if its proof is wrong or it is not JSON."""
    client_nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    proof, body = rest[:_PROOF_BYTES], rest[_PROOF_BYTES:]
    _check(proof, _proof(key, b"request", nonce, client_nonce, body))
    return json.loads(body), client_nonce


def _proof(key: bytes, purpose: bytes, nonce: bytes, client_nonce: bytes, body: bytes) -> bytes:
    return hmac.digest(key, purpose + nonce + client_nonce + body, "sha256")


def _check(proof: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(proof, expected):
        raise ValueError("a message without proof")
