"""Drive a whole app from a test, and wait for what it tells; nothing here sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fi_desktop.app import App, BackendName
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.queue_events import (
    JobChanged,
    JobProgressed,
    JobRemoved,
    QueueEvent,
    WorkerInfo,
    WorkersChanged,
)
from fi_desktop.settings import load

PATIENCE_S = 300.0


class Driver:
    """An app that runs, and what it told so far.

    Attributes:
        told: all news, in order.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.told: list[QueueEvent] = []
        self._heard = threading.Condition()
        app.service.listen(self._on_news)

    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        with self._heard:
            self.told.extend(news)
            self._heard.notify_all()

    def wait_for(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait until news make the condition true."""
        with self._heard:
            assert self._heard.wait_for(condition, patience_s), f"not within {patience_s} s: {self.told[-5:]}"

    def submit(self, *paths: Path, options: JobOptions | None = None) -> tuple[int, ...]:
        return self.app.service.submit(paths, options, again=True).result(PATIENCE_S).ids

    def states(self, job_id: int) -> list[JobState]:
        """All states that a job went through."""
        return [n.job.state for n in self.told if isinstance(n, JobChanged) and n.job.id == job_id]

    def wait_for_state(self, job_id: int, state: JobState) -> Job:
        self.wait_for(lambda: state in self.states(job_id)[-1:])
        return self.job(job_id)

    def wait_until_done(self, *ids: int, patience_s: float = PATIENCE_S) -> list[Job]:
        self.wait_for(lambda: all(self.states(i) and self.states(i)[-1].final for i in ids), patience_s)
        return [self.job(i) for i in ids]

    def wait_for_progress(self, job_id: int) -> None:
        """Wait until a worker tells that it is at work on the job."""
        self.wait_for(lambda: any(isinstance(n, JobProgressed) and n.job_id == job_id for n in self.told))

    def job(self, job_id: int) -> Job:
        job = self.app.service.job(job_id).result(PATIENCE_S)
        assert job is not None
        return job

    def workers(self) -> tuple[WorkerInfo, ...]:
        """The pool as it was told last."""
        shown = [news.workers for news in self.told if isinstance(news, WorkersChanged)]
        return shown[-1] if shown else ()

    def removed(self, job_id: int) -> bool:
        return JobRemoved(job_id) in self.told


@contextmanager
def running_app(home: Path, *, backend: BackendName = "pool", **settings: object) -> Iterator[Driver]:
    """Run an app over a data folder; stop it safely at the end."""
    app = App(load({"FI_DESKTOP_HOME": str(home)}, **settings), backend=backend)
    driver = Driver(app)
    app.start()
    try:
        yield driver
    finally:
        app.stop()
