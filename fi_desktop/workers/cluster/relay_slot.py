"""`RelaySlot`: a slot of the pool whose worker is a relay, and the process of that relay."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

from fi_desktop.core.messages import Note
from fi_desktop.core.values import ServerLoad
from fi_desktop.jobs.queue_events import WorkerGauge, WorkerInfo, WorkerState
from fi_desktop.system import log
from fi_desktop.workers.cluster.link import ClusterLink
from fi_desktop.workers.process import ENVIRONMENT, die_with_the_app, watch_the_app
from fi_desktop.workers.protocol import Away, FromWorker, LoadMeasured, Ready, TakeBack, Usage, Waits
from fi_desktop.workers.slot import WorkerSlot

SERVER_DEVICE = "server"
"""What is stored as the device of an attempt on the server."""


@dataclass(slots=True)
class RelaySlot(WorkerSlot):
    """A slot of the pool whose jobs run on the server.

    Attributes:
        link: where the server is.
        away: why the server cannot be used; None if it can, or nobody has looked yet.
        usage: what the worker on the server uses; None if it has no job.
        waits: its job was sent, and no worker of the server has begun it yet.
        asked_back: it was asked to give its job back.
        load: what the server has to do, as far as is known.
        heard_from: when the worker on the server was last heard of, UTC, seconds since the epoch.
    """

    link: ClusterLink | None = field(default=None, repr=False)
    away: Note | None = None
    usage: Usage | None = None
    waits: bool = False
    asked_back: bool = False
    load: ServerLoad | None = None
    heard_from: float = 0.0

    @property
    def remote(self) -> bool:
        """Whether its jobs run on the server."""
        return True

    def info(self) -> WorkerInfo:
        """Return the worker's state; its process is the one on the server, if it has a job."""
        # super() needs the class, which dataclass(slots=True) replaces
        info = WorkerSlot.info(self)
        if self.away is not None and info.state in (WorkerState.STARTING, WorkerState.IDLE):
            info = replace(info, state=WorkerState.AWAY)
        return replace(info, host=self.host)

    def gauge(self, *, now: float) -> WorkerGauge:
        """Return what the worker on the server uses; nothing while it has no job."""
        server = self.load if self.away is None else None
        gauge = replace(WorkerSlot.gauge(self, now=now), host=self.host, server=server)
        usage = self.usage
        if usage is None:
            return replace(gauge, cpu_percent=0.0, rss_bytes=0)
        return replace(
            gauge,
            pid=usage.pid,
            device=usage.device,
            cpu_percent=usage.cpu_percent,
            rss_bytes=usage.rss_bytes,
            silent_s=max(0.0, now - self.heard_from),
        )

    @property
    def host(self) -> str:
        """The name of the computer that has its job; of the server, if it has none."""
        if self.usage is not None:
            return self.usage.host
        return self.link.place.host if self.link is not None else ""

    def on_message(self, message: FromWorker, *, now: float) -> bool:
        """Note what only relays say; return whether that is all. now: UTC, seconds since the epoch."""
        match message:
            case Away(reason=reason):
                log.event("CLUSTER_AWAY", worker=self.name, code=reason.code)
                self.ready, self.away, self.load = False, reason, None
            case Ready():
                log.event("CLUSTER_READY", worker=self.name, server=self.host)
                self.away = None
            case Usage():
                self.usage, self.heard_from, self.waits = message, now, False
            case LoadMeasured(load=load):
                self.load = load
            case Waits(claim=claim):
                self.waits = self.running is not None and self.running.job.claim == claim
            case _:
                return False
        return True

    def clear_job(self) -> None:
        """Forget the job."""
        WorkerSlot.clear_job(self)
        self.usage = None
        self.waits = self.asked_back = False

    def take_back(self) -> None:
        """Ask for its job, if no worker of the server has begun it."""
        if self.running is not None and self.waits and not self.asked_back:
            self.asked_back = True
            self.send(TakeBack(self.running.job.claim or ""))

    def program(
        self, pipe: Connection, opens: Connection | None, *, jobs: str, data: tuple[str, ...]
    ) -> tuple[Callable[..., None], tuple[Any, ...]]:
        """Return the function that a relay process runs, and its arguments; it is not confined."""
        del jobs, data
        return main, (pipe, self.link, opens)


def main(pipe: Connection, link: ClusterLink, grants: Connection | None = None) -> None:
    """Relay jobs until asked to stop; the target of the spawned process.

    Args:
        pipe: to and from the queue thread; see `protocol`.
        link: where the server is.
        grants: from the queue thread: the recordings that may be read; see `opener`. None where this process
            reads them itself.
    """
    die_with_the_app()
    from fi_desktop.audio.disk_space import LARGEST_BYTES
    from fi_desktop.system.process import forbid_dumps, limit_files

    limit_files(LARGEST_BYTES)
    forbid_dumps()
    # Ctrl-C in a terminal reaches the whole process group; the app decides what to do about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ENVIRONMENT)
    opener = None
    if grants is not None and sys.platform == "linux":
        from fi_desktop.workers.opener import start_opener

        opener = start_opener(grants)  # before there are threads
    watch_the_app()
    from fi_desktop.workers.cluster.relay import Relay

    log.join(link.logs)
    Relay(pipe, link, opener).serve()
