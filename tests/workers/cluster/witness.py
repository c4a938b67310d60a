"""Witnesses of a job on the server, for tests: all that passes on the wire, and all that Redis ever holds."""

from __future__ import annotations

import base64
import binascii
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
_DEPTH = 3


class Wire:
    """A TCP proxy on this computer that keeps what passes.

    Attributes:
        port: where it listens.
        seen: the bytes of each direction of each connection.
    """

    def __init__(self, target: int) -> None:
        """target: port on this computer to pass connections on to."""
        self._target = target
        self.seen: list[bytearray] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for end in (self._listener, *self._sockets):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += near, far
                for source, target in ((near, far), (far, near)):
                    seen = bytearray()
                    self.seen.append(seen)
                    threading.Thread(target=_pass_on, args=(source, target, seen), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, seen: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            seen += data
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Memory:
    """All commands that Redis gets, all that its keys hold now and then, and the files for transfers.

    Attributes:
        commands: with their arguments, in order.
        values: of keys, by key: as `DUMP` has them, and in clear.
        files: contents of the folder for transfers, by name and length.
    """

    def __init__(self, client: Any, transfer: Path) -> None:
        self._client, self._transfer = client, transfer
        self.commands: list[bytes] = []
        self.values: dict[bytes, set[bytes]] = {}
        self.files: dict[tuple[str, int], bytes] = {}
        self._closing = threading.Event()
        self._monitoring = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._monitor, self._sample)]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        for thread in self._threads:
            thread.start()
        assert self._monitoring.wait(10.0)
        try:
            yield
        finally:
            self._closing.set()
            self._client.ping()  # the monitor sees a command, and ends
            for thread in self._threads:
                thread.join()

    def everything(self) -> list[bytes]:
        """Return all that was seen."""
        keys = [key + b" " + value for key, values in self.values.items() for value in values]
        return [*self.commands, *keys, *self.files.values()]

    def _monitor(self) -> None:
        with self._client.monitor() as monitor:
            connection = monitor.connection
            self._monitoring.set()
            while not self._closing.is_set():
                line = connection.read_response(disable_decoding=True)
                self.commands.append(line.decode("unicode_escape").encode("latin-1"))

    def _sample(self) -> None:
        client = self._client
        read = {
            b"string": lambda key: client.get(key),
            b"hash": lambda key: client.hgetall(key),
            b"list": lambda key: client.lrange(key, 0, -1),
            b"set": lambda key: client.smembers(key),
            b"zset": lambda key: client.zrange(key, 0, -1),
            b"stream": lambda key: client.xrange(key),
        }
        while not self._closing.wait(0.05):
            for key in client.scan_iter(count=1_000):
                with suppress(KeyError):  # it has gone
                    held = self.values.setdefault(key, set())
                    held.add(client.dump(key) or b"")
                    held.add(repr(read[client.type(key)](key)).encode("latin-1"))
            for path in self._transfer.iterdir():
                with suppress(FileNotFoundError):
                    content = path.read_bytes()
                    self.files[path.name, len(content)] = content


def traces(private: Mapping[str, bytes], seen: list[bytes]) -> set[str]:
    """Return which private data was seen, in clear or in base64, also if that was done several times."""
    found: set[str] = set()
    for data in seen:
        for layer in _layers(bytes(data), _DEPTH):
            found |= {name for name, content in private.items() if content in layer}
    return found


def _layers(data: bytes, depth: int) -> Iterator[bytes]:
    yield data
    for run in _BASE64.findall(data) if depth else ():
        for offset in range(4):  # text before it may look like base64, too
            cut = run[offset : len(run) - (len(run) - offset) % 4]
            with suppress(binascii.Error):
                yield from _layers(base64.b64decode(cut, validate=True), depth - 1)
