"""The relay: takes jobs from the pool, one after the other, and has the server do them.

To the pool it is a worker process. It says that it is ready only while a server can be reached that speaks
its protocol, has its key, and sees the same folder for transfers. If it is asked to stop while a job is on
the server, it leaves the job there, and another relay goes on to follow it.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from fi_desktop.core.errors import FiError, error_info
from fi_desktop.core.messages import Note
from fi_desktop.core.values import ServerLoad
from fi_desktop.workers.attempt import PipeReporter
from fi_desktop.workers.cluster.broker import Unreachable
from fi_desktop.workers.cluster.link import ClusterLink
from fi_desktop.workers.cluster.relayed_attempt import RelayedAttempt
from fi_desktop.workers.cluster.server_access import ServerAccess, reaching
from fi_desktop.workers.process import Sender
from fi_desktop.workers.protocol import (
    AttemptFailed,
    Away,
    CancelWork,
    ChangeLimit,
    Deliver,
    LoadMeasured,
    Ready,
    StopWork,
    TakeBack,
    receive,
)

_LOOK_EVERY_S = 3.0
_LOOK_SOON_S = 1.0  # while the server has no free worker
_LOOK_AGAIN_S = 0.5
_SWEEP_EVERY_S = 30.0


class Relay:
    """Serves one slot of the pool."""

    def __init__(self, pipe: Connection, link: ClusterLink, opener: socket.socket | None) -> None:
        """Prepare.

        Args:
            pipe: to and from the queue thread; see `protocol`.
            link: where the server is.
            opener: opens the recordings; see `opener.py`. None where this process reads them itself.
        """
        self._pipe, self._link, self._opener = pipe, link, opener
        self._sender = Sender(pipe)
        self._access: ServerAccess | None = None
        self._look_at = self._sweep_at = 0.0
        self._ready = False
        self._away: Note | None = None

    def serve(self) -> None:
        """Relay jobs until asked to stop or the pipe closes."""
        try:
            while True:
                self._look()
                if not self._pipe.poll(max(0.0, self._look_at - time.monotonic())):
                    continue
                message = receive(self._pipe)
                match message:
                    case StopWork():
                        return
                    case Deliver():
                        if self._run(message):
                            return
                    case CancelWork() | ChangeLimit() | TakeBack():
                        pass  # the job had already ended
        except (EOFError, OSError):
            return  # the app is gone
        finally:
            with suppress(OSError):
                self._sender.close()
            self._pipe.close()

    def _look(self) -> None:
        """Look now and then whether the server can be used, and say so if that changed."""
        if time.monotonic() < self._look_at:
            return
        away, load = self._state()
        if load is not None:  # before it may get a job
            self._sender.send(LoadMeasured(load))
        if away is not None and (self._ready or away != self._away):
            self._sender.send(Away(away))
        elif away is None and not self._ready:
            self._sender.send(Ready())
            self._sweep_at = 0.0  # what was withdrawn while it was away
        if away is None and time.monotonic() >= self._sweep_at and self._access is not None:
            with suppress(Unreachable, FiError):  # it is done by another relay, or later
                self._access.forget_leftovers()
            self._sweep_at = time.monotonic() + _SWEEP_EVERY_S
        self._ready, self._away = away is None, away
        full = load is not None and load.waiting + load.working >= load.processes
        every_s = _LOOK_SOON_S if full else _LOOK_EVERY_S
        self._look_at = time.monotonic() + (every_s if self._ready else _LOOK_AGAIN_S)

    def _state(self) -> tuple[Note | None, ServerLoad | None]:
        """Return why the server cannot be used, None if it can; and what it has to do."""
        try:
            if self._access is None:
                self._access = ServerAccess(self._link)
            servers = self._access.check()
            with reaching():
                return None, self._access.load(servers)
        except FiError as error:
            return error.note, None

    def _run(self, delivery: Deliver) -> bool:
        """Have a job done; return whether the relay is to exit."""
        reporter = PipeReporter(delivery, self._pipe, self._sender.send)
        try:
            if self._access is None:
                self._access = ServerAccess(self._link)
        except FiError as error:
            self._sender.send(AttemptFailed(delivery.claim, error_info(error)))
            return False
        attempt = RelayedAttempt(self._access, delivery, reporter, self._sender.send)
        with self._sender.heartbeats():
            end = attempt.run(self._opener)
        if attempt.away is not None:
            self._lose(attempt.away)  # before the end: this relay is not to get another job
        if end is not None:
            self._sender.send(end)
            attempt.tidy()
        return reporter.stopping

    def _lose(self, reason: Note) -> None:
        """Say that the server cannot be used, and look again as if for the first time."""
        if self._access is not None:
            self._access.broker.close()
        self._access, self._ready, self._away, self._look_at = None, False, reason, 0.0
        self._sender.send(Away(reason))
