"""Where the owner of a data folder listens, and connections between processes of one account.

The owner chooses a place that no other account can enter, and writes it with a new key to `ipc.key` in the
data folder. A process that can read that file may connect; nobody has to guess the place, and nobody can take
it first. Both ends ask the system for the account at the other end, and hang up on another account. Windows
has named pipes instead, which cannot be asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener, wait
from pathlib import Path
from typing import Protocol

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.rpc.framing import Channel, PipeChannel, SocketChannel
from fi_desktop.system.files import write_whole

KEY_FILE = "ipc.key"
"""File name of the owner's address and key, in the data folder."""

_KEY_BYTES = 32
_LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 to 108
_BACKLOG = 128
_OTHERS = 0o077
_TEMPORARY_PREFIX = "fi-desktop-"
# from <sys/un.h> of macOS; Python names neither
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The owner of a data folder as its clients know it.

    Attributes:
        address: path of the socket, or name of the pipe.
        key: proves to each side that the other one can read the data folder; new for each owner.
    """

    address: str
    key: bytes

    def write(self, home: Path) -> None:
        """Publish it for this account."""
        content = json.dumps({"address": self.address, "key": self.key.hex()})
        write_whole(home / KEY_FILE, content.encode(), mode=0o600)

    @classmethod
    def read(cls, home: Path) -> Endpoint:
        """Return the endpoint of the present owner, or of the last one if it was killed.

        Raises:
            OSError: nobody published one.
            UserError: ipc.version, it is another version's.
        """
        content = (home / KEY_FILE).read_bytes()
        try:
            fields = json.loads(content)
            return cls(str(fields["address"]), bytes.fromhex(fields["key"]))
        except (ValueError, KeyError, TypeError):
            raise UserError(messages.IPC_VERSION) from None


class PeerListener(Protocol):
    """Accepts connections from other processes."""

    endpoint: Endpoint

    def accept(self) -> Channel | None:
        """Wait for a connection; None if it is another account's, or `wake` was called."""

    def wake(self) -> None:
        """Make the thread that waits in `accept` return."""

    def close(self) -> None:
        """Accept no more connections."""


def listen(home: Path) -> PeerListener:
    """Listen for other processes, and publish where. Needs the instance lock.

    Raises:
        OSError: the system refuses.
    """
    _remove_leftover(home)
    key = secrets.token_bytes(_KEY_BYTES)
    listener: PeerListener
    if sys.platform == "win32":
        listener = _PipeListener(Endpoint(rf"\\.\pipe\{_TEMPORARY_PREFIX}{secrets.token_hex(16)}", key))
    else:
        listener = _SocketListener(Endpoint(str(_socket_path(home)), key))
    listener.endpoint.write(home)
    return listener


def connect(endpoint: Endpoint, timeout_s: float) -> Channel:
    """Connect to the owner of a data folder.

    Raises:
        OSError: nobody listens, or another account does.
    """
    if sys.platform == "win32":
        return PipeChannel(Client(endpoint.address))
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        peer.settimeout(timeout_s)
        peer.connect(endpoint.address)
        if not _is_own_account(peer):
            raise PermissionError("the socket is another account's")
        return SocketChannel(peer)
    except BaseException:
        peer.close()
        raise


class _SocketListener:
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._path = Path(endpoint.address)
        self._path.unlink(missing_ok=True)  # left by an owner that was killed
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._wake_reader, self._wake_writer = os.pipe()
        try:
            self._socket.bind(str(self._path))
            self._path.chmod(0o600)
            self._socket.listen(_BACKLOG)
        except OSError:
            self.close()
            raise

    def accept(self) -> Channel | None:
        ready = wait([self._socket, self._wake_reader])
        if self._wake_reader in ready:
            return None
        peer, _ = self._socket.accept()
        if not _is_own_account(peer):
            peer.close()
            return None
        return SocketChannel(peer)

    def wake(self) -> None:
        os.write(self._wake_writer, b"\0")

    def close(self) -> None:
        self._socket.close()
        _remove_socket(self._path)
        os.close(self._wake_reader)
        os.close(self._wake_writer)


class _PipeListener:
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._listener = Listener(endpoint.address)

    def accept(self) -> Channel | None:
        return PipeChannel(self._listener.accept())

    def wake(self) -> None:
        Client(self.endpoint.address).close()

    def close(self) -> None:
        self._listener.close()


def _is_own_account(peer: socket.socket) -> bool:
    if sys.platform == "linux":
        _pid, user, _group = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    elif sys.platform == "darwin":
        # struct xucred: its version, then the account
        _version, user = struct.unpack_from("2I", peer.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76))
    else:
        return True  # the permissions of the folder and of the socket must do
    return bool(user == os.geteuid())


def _socket_path(home: Path) -> Path:
    """Return a path short enough for a socket, in a folder that only this account can enter."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    name = f"fi-desktop-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}.sock"
    for path in (runtime / name, home / "ipc.sock"):
        if path.is_absolute() and _is_short(path) and _is_private(path.parent):
            return path
    # a random name: no other account can have taken it
    private = f"{_TEMPORARY_PREFIX}12345678"
    roots = [Path(tempfile.gettempdir()), Path("/tmp")]
    root = next((root for root in roots if _is_short(root / private / name)), roots[-1])
    return Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir=root)) / name


def _is_short(path: Path) -> bool:
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS


def _remove_leftover(home: Path) -> None:
    """Delete the socket of an owner that was killed."""
    try:
        address = Path(Endpoint.read(home).address)
    except (OSError, UserError):
        return
    if sys.platform != "win32" and address.is_absolute() and _is_private(address.parent):
        _remove_socket(address)


def _remove_socket(path: Path) -> None:
    """Delete a socket, and its folder if that was made for it alone."""
    with suppress(OSError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    if path.parent.name.startswith(_TEMPORARY_PREFIX):
        with suppress(OSError):  # something else is in it
            path.parent.rmdir()
