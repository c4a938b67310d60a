"""Follow jobs until they are done, whoever runs them: this process, or one that was started before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

from fi_desktop.app import AlreadyOwned, App
from fi_desktop.cli.terminal import warn
from fi_desktop.core.job import Job
from fi_desktop.core.values import Stage
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, Notice, QueueEvent
from fi_desktop.rpc.client import Client, LocalClient, RemoteClient
from fi_desktop.settings import Settings

_POLL_S = 0.5
_PASSING_S = 1.0  # a command that just looks at the queue owns it no longer


@dataclass(slots=True)
class Board:
    """What is known of the jobs so far.

    Attributes:
        jobs: the last record of each.
        progress: stage and fraction (0 to 1) of those that run here.
    """

    jobs: dict[int, Job] = field(default_factory=dict)
    progress: dict[int, tuple[Stage, float]] = field(default_factory=dict)


class Follower(Protocol):
    """A queue that is worked off, and what becomes of its jobs."""

    client: Client

    def changes(self, board: Board, timeout_s: float) -> list[Job]:
        """Wait for news, take them up into the board, and return the jobs that changed, in order."""


class _Here:
    def __init__(self, app: App) -> None:
        self.client: Client = LocalClient(app.service)
        self._news: SimpleQueue[tuple[QueueEvent, ...]] = SimpleQueue()
        app.service.listen(self._news.put)

    def changes(self, board: Board, timeout_s: float) -> list[Job]:
        changed = []
        try:
            batch = self._news.get(timeout=timeout_s)
        except Empty:
            return []
        for news in batch:
            match news:
                case JobChanged(job=job):
                    board.jobs[job.id] = job
                    board.progress.pop(job.id, None)
                    changed.append(job)
                case JobRemoved(job_id=job_id):
                    board.jobs.pop(job_id, None)
                case Notice(note=note) if note is not None:
                    warn(str(note))
                case JobProgressed(job_id=job_id, stage=stage, fraction=fraction):
                    board.progress[job_id] = (stage, fraction)
                case _:
                    pass
        return changed


class _Elsewhere:
    def __init__(self, client: RemoteClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client: Client = client
        self._sleep = sleep

    def changes(self, board: Board, timeout_s: float) -> list[Job]:
        self._sleep(max(timeout_s, _POLL_S))
        there = {job.id: job for job in self.client.jobs()}
        for job_id in board.jobs.keys() - there.keys():
            del board.jobs[job_id]
        changed = [job for job in there.values() if board.jobs.get(job.id) != job]
        board.jobs.update((job.id, job) for job in changed)
        return changed


@contextmanager
def working_queue(settings: Settings) -> Iterator[Follower]:
    """Work the queue off here; or follow the process that does."""
    app = App(settings)
    try:
        app.own(patience_s=_PASSING_S)
    except AlreadyOwned:
        yield _Elsewhere(app.owner())
        return
    follower = _Here(app)
    try:
        app.start()
        yield follower
    finally:
        app.stop()


@contextmanager
def idle_queue(settings: Settings) -> Iterator[Client]:
    """Open the queue to look at it or change it, working nothing off; or talk to who owns it."""
    app = App(settings, backend="idle")
    try:
        app.own()
    except AlreadyOwned:
        yield app.owner()
        return
    try:
        app.start()
        yield LocalClient(app.service)
    finally:
        app.stop()
