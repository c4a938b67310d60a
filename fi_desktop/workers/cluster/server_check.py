"""Checks of the server for `fi-desktop doctor`: Redis, its workers, and the folder for transfers."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.vault.sealing import new_key
from fi_desktop.workers.cluster import bundles
from fi_desktop.workers.cluster.link import ClusterLink
from fi_desktop.workers.cluster.orders import task_id
from fi_desktop.workers.cluster.server_access import ServerAccess, reaching
from fi_desktop.workers.cluster.transfer import order_name

_PINGS = 5
_PROBE_BYTES = 1_000_000
_NO_JOB = "0.0.0"  # the claim of a task that nobody sends


def check_server(link: ClusterLink) -> Iterator[tuple[str, bool, str]]:
    """Yield for each part of the server: its name, whether it works, and a sentence."""
    try:
        access = ServerAccess(link)
    except FiError as error:
        yield "server", False, error.message
        return
    for part, check in (("redis", _redis), ("workers", _workers), ("transfers", _transfers)):
        yield _outcome(part, check, access)
    access.broker.close()


def _outcome(part: str, check: Callable[[ServerAccess], str], access: ServerAccess) -> tuple[str, bool, str]:
    try:
        return part, True, check(access)
    except FiError as error:
        return part, False, error.message


def _redis(access: ServerAccess) -> str:
    with reaching():
        latency_s = min(access.broker.ping_s() for _ in range(_PINGS))
        version = access.broker.version()
    place = access.link.place
    how = "with TLS" if place.encrypted else "WITHOUT TLS"
    return f"Redis {version} on {place.host} answers after {latency_s * 1000:.1f} ms, {how}."


def _workers(access: ServerAccess) -> str:
    servers = access.check().usable
    hosts = ", ".join(sorted({present.host for present in servers}))
    processes = sum(present.processes for present in servers)
    versions = sorted({present.version for present in servers})
    text = f"{len(servers)} on {hosts}, {processes} recordings at a time, version {', '.join(versions)}."
    if versions != [__version__]:
        text += f" Version {__version__} of this computer fits."
    return text


def _transfers(access: ServerAccess) -> str:
    """Have a sealed file make the way there and back."""
    task, content = task_id(access.link.desktop, _NO_JOB), secrets.token_bytes(_PROBE_BYTES)
    seal, began = bundles.seal_of(new_key(), "order"), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fi-desktop-") as folder:
        sent, back = Path(folder) / "sent", Path(folder) / "back"
        bundles.write_bundle({"probe": content}, sent, seal)
        try:
            access.transfer.put(sent, order_name(task))
            access.transfer.get(order_name(task), back)
            if bundles.read_bundle(back, seal)["probe"] != content:
                raise FiError(messages.CLUSTER_ODD)
        finally:
            access.transfer.discard(order_name(task))
    took_s = time.perf_counter() - began
    return f"A sealed file of 1 MB went to the folder for transfers and back in {took_s:.2f} s."
