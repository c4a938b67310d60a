"""One owner a data folder: the lock that says so, and the door at which everybody else knocks.

The door is a local socket (a named pipe on Windows). Requests and answers are JSON, each with a proof that
its sender knows the key that lies in the data folder: who cannot read the folder cannot use the door.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fi_desktop import log
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.files import write_whole

_KEY = "door.key"
_PATIENCE_S = 10.0  # how long an owner that is just starting, or busy, is waited for
_KNOCK_INTERVAL_S = 0.05
_ANSWER_S = 120.0  # a large folder on a slow drive takes its time to be walked
_LONGEST_MESSAGE = 64 * 2**20
_PROOF_BYTES = 32
_LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 to 108


_SILENT = ("door.silent", "The program is already running, but does not answer.")


class AlreadyOwned(UserError):
    """Another process owns the data folder."""

    def __init__(self) -> None:
        super().__init__("app.owned", "The program is already running here: close it first.")


class InstanceLock:
    """The right to own a data folder; the system takes it back from a process that died."""

    def __init__(self, home: Path) -> None:
        self._lock = FileLock(home / "instance.lock")

    def acquire(self, *, patience_s: float = 0.0) -> None:
        """Take it, or wait so long for it.

        Raises:
            AlreadyOwned: another process has it.
        """
        try:
            self._lock.acquire(timeout=patience_s)
        except Timeout:
            raise AlreadyOwned() from None

    def release(self) -> None:
        """Give it back."""
        self._lock.release()


class Door:
    """The owner's side: answers requests, one after the other, on a thread of its own."""

    def __init__(self, home: Path, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._home = home
        self._answer = answer
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    def open(self) -> None:
        """Begin to answer. Needs the instance lock: it clears away what an owner that died left lying."""
        address = _address(self._home)
        if address.startswith(str(self._home)):
            Path(address).unlink(missing_ok=True)
        key = secrets.token_bytes(32)
        write_whole(self._home / _KEY, key, mode=0o600)
        self._listener = Listener(address)
        serve = partial(self._serve, self._listener, key)
        self._thread = threading.Thread(target=serve, name="door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody more."""
        if self._listener is None or self._thread is None:
            return
        self._closing = True
        with suppress(OSError):
            Client(_address(self._home)).close()  # wakes the thread from its wait
        self._thread.join(_PATIENCE_S)
        self._listener.close()
        (self._home / _KEY).unlink(missing_ok=True)
        self._listener = None

    def _serve(self, listener: Listener, key: bytes) -> None:
        while not self._closing:
            try:
                with listener.accept() as connection:
                    if not self._closing:
                        self._serve_one(connection, key)
            except (OSError, EOFError, ValueError) as error:
                log.event("DOOR_REFUSED", error=type(error).__name__)

    def _serve_one(self, connection: Connection, key: bytes) -> None:
        if connection.poll(_PATIENCE_S):
            request = _opened(connection.recv_bytes(_LONGEST_MESSAGE), key)
            connection.send_bytes(_sealed(self._answer(request), key))


def ask(home: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Carry a request to the owner of a data folder and return its answer.

    Raises:
        TransientError: the owner does not answer.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            key = (home / _KEY).read_bytes()
            connection = Client(_address(home))
        except OSError as error:
            # it may be starting up: the lock is taken before the door opens
            if time.monotonic() > deadline:
                raise TransientError(*_SILENT) from error
            time.sleep(_KNOCK_INTERVAL_S)
            continue
        with connection:
            return _ask(connection, request, key)


def _ask(connection: Connection, request: dict[str, Any], key: bytes) -> dict[str, Any]:
    try:
        connection.send_bytes(_sealed(request, key))
        if not connection.poll(_ANSWER_S):
            raise TransientError(*_SILENT)
        return _opened(connection.recv_bytes(), key)
    except (OSError, EOFError, ValueError) as error:
        raise TransientError(*_SILENT) from error


def _sealed(message: dict[str, Any], key: bytes) -> bytes:
    body = json.dumps(message).encode()
    return hmac.digest(key, body, "sha256") + body


def _opened(sealed: bytes, key: bytes) -> dict[str, Any]:
    """Return the message.

    Raises:
        ValueError: its sender does not know the key, or it is no message.
    """
    proof, body = sealed[:_PROOF_BYTES], sealed[_PROOF_BYTES:]
    if not hmac.compare_digest(proof, hmac.digest(key, body, "sha256")):
        raise ValueError("a message without proof")
    message: dict[str, Any] = json.loads(body)
    return message


def _address(home: Path) -> str:
    name = f"fi-desktop-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    if sys.platform == "win32":
        return rf"\\.\pipe\{name}"
    path = home / "door.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return str(path)
    # Linux has socket names that are no files; elsewhere a deep data folder borrows the temp folder
    return f"\0{name}" if sys.platform == "linux" else f"/tmp/{name}.sock"
