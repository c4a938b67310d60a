"""The owner of a data folder: the lock that makes a process the owner, and the socket to reach it.

Both ends of the socket ask the system for the account at the other end, and hang up on another account.
Windows has named pipes instead, which cannot be asked.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener, wait
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

MESSAGE_TIMEOUT_S = 2.0
"""How long to wait for a message that is due, or for the rest of one that has begun."""

_LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 to 108
_BACKLOG = 16
_OTHERS = 0o077
# from <sys/un.h> of macOS; Python names neither
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


class AlreadyOwned(UserError):
    """Another process owns the data folder."""

    def __init__(self) -> None:
        super().__init__(messages.APP_OWNED)


class InstanceLock:
    """The right to own a data folder; the system releases it when its process dies."""

    def __init__(self, home: Path) -> None:
        self._lock = FileLock(home / "instance.lock")

    def acquire(self, *, timeout_s: float = 0.0) -> None:
        """Take the lock, waiting for it if need be.

        Raises:
            AlreadyOwned: another process has it.
        """
        try:
            self._lock.acquire(timeout=timeout_s)
        except Timeout:
            raise AlreadyOwned() from None

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()


class ConnectionListener(Protocol):
    """Accepts connections from other processes."""

    def accept(self) -> Connection | None:
        """Wait for a connection; None if it is another account's, or `wake` was called."""

    def wake(self) -> None:
        """Make the thread that waits in `accept` return."""

    def close(self) -> None:
        """Accept no more connections."""


def listen(home: Path) -> ConnectionListener:
    """Listen for processes that want the owner of a data folder. Needs the instance lock.

    Raises:
        UserError: ipc.unsafe, if another account holds the only folder a socket could be in.
        OSError: the system refuses.
    """
    address = socket_address(home)
    return _PipeListener(address) if sys.platform == "win32" else _SocketListener(Path(address))


def connect(home: Path) -> Connection:
    """Connect to the owner of a data folder.

    Raises:
        UserError: ipc.unsafe.
        OSError: nobody listens, or another account does.
    """
    address = socket_address(home)
    if sys.platform == "win32":
        return Client(address)
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        peer.settimeout(MESSAGE_TIMEOUT_S)
        peer.connect(address)
        if not _is_own_account(peer):
            raise PermissionError("the socket is another account's")
        return _connection(peer)
    except BaseException:
        peer.close()
        raise


def socket_address(home: Path) -> str:
    """Return the path of a data folder's socket, or the name of its pipe.

    Raises:
        UserError: ipc.unsafe.
    """
    name = f"fi-desktop-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}.sock"
    if sys.platform == "win32":
        return rf"\\.\pipe\{name}"
    path = home / "ipc.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return str(path)
    return str(_runtime_folder(name) / name)


class _SocketListener:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)  # left by an owner that was killed
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._wake_reader, self._wake_writer = os.pipe()
        try:
            self._socket.bind(str(path))
            path.chmod(0o600)
            self._socket.listen(_BACKLOG)
        except OSError:
            self.close()
            raise

    def accept(self) -> Connection | None:
        ready = wait([self._socket, self._wake_reader])
        if self._wake_reader in ready:
            return None
        peer, _ = self._socket.accept()
        if not _is_own_account(peer):
            peer.close()
            return None
        return _connection(peer)

    def wake(self) -> None:
        os.write(self._wake_writer, b"\0")

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)
        os.close(self._wake_reader)
        os.close(self._wake_writer)


class _PipeListener:
    def __init__(self, address: str) -> None:
        self._address = address
        self._listener = Listener(address)

    def accept(self) -> Connection | None:
        return self._listener.accept()

    def wake(self) -> None:
        Client(self._address).close()

    def close(self) -> None:
        self._listener.close()


def _connection(peer: socket.socket) -> Connection:
    """Wrap a socket so that reads and writes fail after `MESSAGE_TIMEOUT_S` without a byte."""
    peer.setblocking(True)
    limit = struct.pack("@ll", int(MESSAGE_TIMEOUT_S), int(MESSAGE_TIMEOUT_S % 1 * 1_000_000))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    return Connection(peer.detach())


def _is_own_account(peer: socket.socket) -> bool:
    if sys.platform == "linux":
        _pid, user, _group = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    elif sys.platform == "darwin":
        # struct xucred: its version, then the account
        _version, user = struct.unpack_from("2I", peer.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76))
    else:
        return True  # the permissions of the folder and of the socket must do
    return bool(user == os.geteuid())


def _runtime_folder(name: str) -> Path:
    """Return a folder that only this account can enter, with a path short enough for a socket `name`."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    short = len(os.fsencode(runtime / name)) <= _LONGEST_SOCKET_PATH
    if runtime.is_absolute() and short and _is_private(runtime):
        return runtime
    folders = [Path(root) / f"fi-desktop-{os.geteuid()}" for root in (tempfile.gettempdir(), "/tmp")]
    folder = next((f for f in folders if len(os.fsencode(f / name)) <= _LONGEST_SOCKET_PATH), folders[-1])
    with suppress(FileExistsError):  # a file, which is not private either
        folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(folder):
        raise UserError(messages.IPC_UNSAFE, folder=str(folder))
    return folder


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS
