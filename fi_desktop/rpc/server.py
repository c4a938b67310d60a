"""Requests to the process that owns a data folder, and its answers.

Messages are JSON. Each carries a proof that its sender knows a key that is stored in the data folder, made
for one exchange: a message that was recorded proves nothing later. A process that sends nothing, nonsense or
half a message is disconnected, and holds up no other.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError
from fi_desktop.rpc.local_socket import MESSAGE_S, ConnectionListener, connect, listen
from fi_desktop.system import log
from fi_desktop.system.files import write_whole

_KEY = "ipc.key"
_KEY_BYTES = 32
_NONCE_BYTES = 32
_PROOF_BYTES = 32
_LONGEST_MESSAGE_BYTES = 64 * 2**20
_STARTING_S = 10.0  # an owner that is just starting is waited for
_RETRY_INTERVAL_S = 0.05
_ANSWER_S = 120.0  # a large folder on a slow drive takes its time to be walked
_CLOSING_S = 10.0  # answers that are under way are finished

_SILENT = ("ipc.silent", "The program is already running, but does not answer.")


class IpcServer:
    """Answers the requests of other processes, each on a thread of its own."""

    def __init__(self, home: Path, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Prepare; `answer` is called on several threads."""
        self._home = home
        self._answer = answer
        self._listener: ConnectionListener | None = None
        self._thread: threading.Thread | None = None
        self._peers: set[threading.Thread] = set()
        self._closing = threading.Event()

    def open(self) -> None:
        """Begin to answer. Needs the instance lock.

        Raises:
            UserError, OSError: as `listen`.
        """
        key = secrets.token_bytes(_KEY_BYTES)
        self._listener = listen(self._home)
        write_whole(self._home / _KEY, key, mode=0o600)
        self._thread = threading.Thread(
            target=self._serve, args=(self._listener, key), name="ipc", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer nobody more."""
        if self._listener is None or self._thread is None:
            return
        self._closing.set()
        self._listener.wake()
        deadline = time.monotonic() + _CLOSING_S
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
                self._closing.wait(_RETRY_INTERVAL_S)  # out of file descriptors: not in a busy loop
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
                request, client_nonce = _open_request(_receive(connection, MESSAGE_S), key, nonce)
                answer = json.dumps(self._answer(request)).encode()
                connection.send_bytes(_proof(key, b"answer", nonce, client_nonce, answer) + answer)
        except Exception as error:  # noqa: BLE001 - what a peer sends must never end the server
            log.event("IPC_REFUSED", error=type(error).__name__)
        finally:
            self._peers.discard(threading.current_thread())


def request(home: Path, message: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the owner of a data folder; return its answer.

    Raises:
        TransientError: the owner does not answer.
        UserError: ipc.unsafe.
    """
    deadline = time.monotonic() + _STARTING_S
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
        nonce = _receive(connection, MESSAGE_S)
        own_nonce = secrets.token_bytes(_NONCE_BYTES)
        body = json.dumps(message).encode()
        connection.send_bytes(own_nonce + _proof(key, b"request", nonce, own_nonce, body) + body)
        sealed = _receive(connection, _ANSWER_S)
        proof, answer = sealed[:_PROOF_BYTES], sealed[_PROOF_BYTES:]
        _check(proof, _proof(key, b"answer", nonce, own_nonce, answer))
        received: dict[str, Any] = json.loads(answer)
        return received
    except (OSError, EOFError, ValueError) as error:
        raise TransientError(messages.IPC_SILENT) from error


def _receive(connection: Connection, patience_s: float) -> bytes:
    """Return the next message, if it begins within `patience_s`; TimeoutError if not."""
    if not connection.poll(patience_s):
        raise TimeoutError
    return connection.recv_bytes(_LONGEST_MESSAGE_BYTES)


def _open_request(sealed: bytes, key: bytes, nonce: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a request and its sender's nonce; ValueError if its proof is wrong or it is no JSON."""
    client_nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    proof, body = rest[:_PROOF_BYTES], rest[_PROOF_BYTES:]
    _check(proof, _proof(key, b"request", nonce, client_nonce, body))
    return json.loads(body), client_nonce


def _proof(key: bytes, purpose: bytes, nonce: bytes, client_nonce: bytes, body: bytes) -> bytes:
    return hmac.digest(key, purpose + nonce + client_nonce + body, "sha256")


def _check(proof: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(proof, expected):
        raise ValueError("a message without proof")
