"""Messages between two processes, each with a deadline for the whole message.

A peer that sends one byte now and then is as late as one that sends none. Lengths are checked before anything
is read, so a peer cannot make this process reserve memory.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Protocol

_LENGTH = struct.Struct("!I")
_CHUNK_BYTES = 2**16


class Channel(Protocol):
    """One end of a connection."""

    def send(self, message: bytes, timeout_s: float) -> None:
        """Send a message; TimeoutError if it is not taken in time, OSError if the peer is gone."""

    def receive(self, longest: int, timeout_s: float) -> bytes:
        """Return the next message.

        Raises:
            TimeoutError: it is not complete in time.
            EOFError, OSError: the peer is gone.
            ValueError: it is longer than `longest` bytes.
        """

    def shut_down(self) -> None:
        """End the connection from any thread; where the system allows, a thread that waits here returns."""

    def close(self) -> None:
        """Release it; only by the thread that uses it."""


class SocketChannel:
    """A connected socket; each message follows its length."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    def send(self, message: bytes, timeout_s: float) -> None:
        """Send a message; see `Channel`."""
        deadline = time.monotonic() + timeout_s
        left = memoryview(_LENGTH.pack(len(message)) + message)
        while left:
            self._wait_until(deadline)
            left = left[self._peer.send(left) :]

    def receive(self, longest: int, timeout_s: float) -> bytes:
        """Return the next message; see `Channel`."""
        deadline = time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        if length > longest:
            raise ValueError("a message that is too long")
        return self._read(length, deadline)

    def shut_down(self) -> None:
        """End the connection; see `Channel`."""
        with suppress(OSError):  # it has ended already
            self._peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release it; see `Channel`."""
        self._peer.close()

    def _read(self, count: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < count:
            self._wait_until(deadline)
            chunk = self._peer.recv(min(count - len(received), _CHUNK_BYTES))
            if not chunk:
                raise EOFError
            received += chunk
        return bytes(received)

    def _wait_until(self, deadline: float) -> None:
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError
        self._peer.settimeout(remaining_s)


class PipeChannel:
    """A pipe whose messages arrive whole, as on Windows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, message: bytes, timeout_s: float) -> None:
        """Send a message; see `Channel`. It has no deadline."""
        self._connection.send_bytes(message)

    def receive(self, longest: int, timeout_s: float) -> bytes:
        """Return the next message; see `Channel`."""
        if not self._connection.poll(timeout_s):
            raise TimeoutError
        try:
            return self._connection.recv_bytes(longest)
        except OSError as error:
            raise ValueError("a message that is too long") from error

    def shut_down(self) -> None:
        """Do nothing: a thread that waits here returns at its deadline."""

    def close(self) -> None:
        """Release it; see `Channel`."""
        self._connection.close()
