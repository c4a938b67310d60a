"""Requests to the process that owns a data folder, and its answers.

Requests and answers are JSON. A process that sends nothing, nonsense, half a message or one byte now and then
is disconnected, and holds up no other.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.rpc.client import decode_arguments, encode
from fi_desktop.rpc.endpoint import KEY_FILE, Endpoint, PeerListener, connect, listen
from fi_desktop.rpc.framing import Channel
from fi_desktop.rpc.session import MESSAGE_TIMEOUT_S, Session, accept_client, join_server, to_bytes
from fi_desktop.system import log

MOST_PEERS = 64
"""Connections at the same time; more wait to be accepted."""

_WHILE_LOCKED = frozenset({"open_window"})  # commands that show and change nothing
_REQUEST, _ANSWER = b"request", b"answer"
_START_TIMEOUT_S = 10.0  # for an owner that is just starting
_RETRY_INTERVAL_S = 0.05
_ANSWER_TIMEOUT_S = 120.0  # searching a large folder on a slow drive takes time
_CLOSE_TIMEOUT_S = 2.0  # for answers that are being made


class IpcServer:
    """Answers the requests of other processes, each on its own thread."""

    def __init__(self, home: Path, answer: Callable[[Any], dict[str, Any]]) -> None:
        """Prepare; `answer` is called on several threads."""
        self._home = home
        self._answer = answer
        self._listener: PeerListener | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._peers: dict[Channel, bool] = {}  # whether its answer is being made
        self._closing = False

    def open(self) -> None:
        """Start answering. Needs the instance lock.

        Raises:
            OSError: see `listen`.
        """
        self._closing = False
        self._listener = listen(self._home)
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), name="ipc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering. Waits a moment for answers that are being made, and for nobody else."""
        if self._listener is None or self._thread is None:
            return
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._listener.wake()
        self._thread.join(_CLOSE_TIMEOUT_S)
        with self._changed:
            for channel, answering in self._peers.items():
                if not answering:
                    channel.shut_down()
            self._changed.wait_for(lambda: not self._peers, _CLOSE_TIMEOUT_S)
            for channel in self._peers:
                channel.shut_down()
        self._listener.close()
        (self._home / KEY_FILE).unlink(missing_ok=True)
        self._listener = None

    def _serve(self, listener: PeerListener) -> None:
        while self._has_room():
            try:
                channel = listener.accept()
            except OSError as error:
                log.event("IPC_REFUSED", error=type(error).__name__)
                with self._changed:  # no busy loop without file descriptors
                    self._changed.wait_for(lambda: self._closing, _RETRY_INTERVAL_S)
                continue
            if channel is None:
                continue
            with self._changed:
                self._peers[channel] = False
            arguments = (channel, listener.endpoint.key)
            threading.Thread(target=self._serve_peer, args=arguments, name="ipc peer", daemon=True).start()

    def _has_room(self) -> bool:
        """Wait until a peer may be accepted; return False once the server closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or len(self._peers) < MOST_PEERS)
            return not self._closing

    def _serve_peer(self, channel: Channel, key: bytes) -> None:
        try:
            session = accept_client(channel, key)
            body = session.receive(_REQUEST)
            with self._changed:
                if self._closing:
                    return
                self._peers[channel] = True
            session.send(_ANSWER, self._answer_to(body))
        except Exception as error:  # noqa: BLE001 - what a peer sends must never end the server
            log.event("IPC_REFUSED", error=type(error).__name__)
        finally:
            with self._changed:
                del self._peers[channel]
                self._changed.notify_all()
            channel.close()

    def _answer_to(self, body: bytes) -> bytes:
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            return to_bytes(_refusal(_other_version()))
        answer = self._answer(message)
        try:
            return to_bytes(answer)
        except UserError as error:
            return to_bytes(_refusal(error))


def answer(
    commands: Mapping[str, Callable[..., Future[Any]]], locked: Callable[[], bool], message: Any
) -> dict[str, Any]:
    """Run the command that a `RemoteClient` asks for, and return its answer.

    Args:
        commands: those that may be run, by name.
        locked: whether the program is locked; only the window may be raised then.
        message: as it was received.
    """
    try:
        try:
            if message["version"] != __version__:
                raise ValueError(message["version"])
            name = message["command"]
            method = commands[name]
            arguments = decode_arguments(method, message["arguments"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise _other_version() from None
        if locked() and name not in _WHILE_LOCKED:
            raise UserError(messages.VAULT_LOCKED)
        return {"value": encode(method(**arguments).result())}
    except (UserError, TransientError) as error:
        return _refusal(error)


def _refusal(error: UserError | TransientError) -> dict[str, Any]:
    transient = isinstance(error, TransientError)
    return {"refusal": {"transient": transient, "code": error.code, "message": error.message}}


def _other_version() -> UserError:
    return UserError(messages.IPC_VERSION)


def request(home: Path, message: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the owner of a data folder; return its answer.

    Raises:
        TransientError: the owner does not answer.
        UserError: the owner is another version, or the request is too large.
    """
    body = to_bytes(message)
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            channel, session = _join(home)
        except (OSError, EOFError, ValueError) as error:
            # nothing was asked yet; an owner that is starting has the lock before it listens
            if time.monotonic() > deadline:
                raise TransientError(messages.IPC_SILENT) from error
            time.sleep(_RETRY_INTERVAL_S)
            continue
        with closing(channel):
            return _request(session, body)


def _join(home: Path) -> tuple[Channel, Session]:
    endpoint = Endpoint.read(home)
    channel = connect(endpoint, MESSAGE_TIMEOUT_S)
    try:
        return channel, join_server(channel, endpoint.key)
    except BaseException:
        channel.close()
        raise


def _request(session: Session, body: bytes) -> dict[str, Any]:
    try:
        session.send(_REQUEST, body)
        received: dict[str, Any] = json.loads(session.receive(_ANSWER, _ANSWER_TIMEOUT_S))
    except (OSError, EOFError, ValueError) as error:
        raise TransientError(messages.IPC_SILENT) from error
    return received
