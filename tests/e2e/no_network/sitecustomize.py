"""Put on the PYTHONPATH of a process and its children: refuses and records uses of the network."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

_REFUSED = {
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
}


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _REFUSED:
        return
    address = arguments[1] if event in ("socket.connect", "socket.bind", "socket.sendto") else arguments[0]
    if isinstance(address, str | bytes) and event in ("socket.connect", "socket.bind"):
        return  # a Unix socket
    if event == "socket.bind" and isinstance(address, tuple) and address[0] in ("::1", "127.0.0.1"):
        return  # urllib3 checks for IPv6
    if isinstance(address, socket.socket) and address.family == socket.AF_UNIX:
        return  # from a worker to its opener
    attempt = f"{os.getpid()} {event} {address!r}\n"
    _GUARDED.write(f"REFUSED {attempt}")  # a confined worker can open no file
    _GUARDED.flush()
    with suppress(OSError), Path(os.environ["NETWORK_ATTEMPTS"]).open("a", encoding="utf-8") as file:
        file.write(attempt)
    raise PermissionError(f"{event} refused by the test")


_GUARDED = Path(os.environ["NETWORK_ATTEMPTS"] + ".guarded").open("a", encoding="utf-8")  # noqa: SIM115
sys.addaudithook(_refuse)
_GUARDED.write(f"{os.getpid()}\n")
_GUARDED.flush()
