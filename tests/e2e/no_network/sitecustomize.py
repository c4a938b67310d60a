"""Put on the PYTHONPATH of a process and its children: refuses and records uses of the network."""

import os
import sys
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
    with Path(os.environ["NETWORK_ATTEMPTS"]).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {event} {address!r}\n")
    raise PermissionError(f"{event} refused by the test")


sys.addaudithook(_refuse)
with Path(os.environ["NETWORK_ATTEMPTS"] + ".guarded").open("a", encoding="utf-8") as file:
    file.write(f"{os.getpid()}\n")
