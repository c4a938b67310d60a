"""Runs a whole app in a test and waits for its events, without sleeping."""

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
from fi_desktop.jobs.run_times import TimesCheck
from fi_desktop.settings import load

TIMEOUT_S = 300.0


class Driver:
    """A running app and its events so far.

    Attributes:
        events: all queue events, in order.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.events: list[QueueEvent] = []
        self._changed = threading.Condition()
        app.service.listen(self._on_events)

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        with self._changed:
            self.events.extend(events)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
        """Wait until the events make the condition true."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), (
                f"not within {timeout_s} s: {self.events[-5:]}"
            )

    def submit(self, *paths: Path, options: JobOptions | None = None) -> tuple[int, ...]:
        return self.app.service.submit(paths, options, again=True).result(TIMEOUT_S).ids

    def states(self, job_id: int) -> list[JobState]:
        """Return all states that a job went through."""
        return [n.job.state for n in self.events if isinstance(n, JobChanged) and n.job.id == job_id]

    def wait_for_state(self, job_id: int, state: JobState) -> Job:
        self.wait_for(lambda: state in self.states(job_id)[-1:])
        return self.job(job_id)

    def wait_until_done(self, *ids: int, timeout_s: float = TIMEOUT_S) -> list[Job]:
        self.wait_for(lambda: all(self.states(i) and self.states(i)[-1].final for i in ids), timeout_s)
        return [self.job(i) for i in ids]

    def wait_for_progress(self, job_id: int) -> None:
        """Wait until a worker reports progress on a job."""
        self.wait_for(lambda: any(isinstance(n, JobProgressed) and n.job_id == job_id for n in self.events))

    def job(self, job_id: int) -> Job:
        job = self.app.service.job(job_id).result(TIMEOUT_S)
        assert job is not None
        return job

    def workers(self) -> tuple[WorkerInfo, ...]:
        """Return the workers of the latest WorkersChanged event."""
        shown = [event.workers for event in self.events if isinstance(event, WorkersChanged)]
        return shown[-1] if shown else ()

    def removed(self, job_id: int) -> bool:
        return JobRemoved(job_id) in self.events


@contextmanager
def running_app(
    home: Path, *, backend: str = "pool", times: TimesCheck | None = None, **settings: object
) -> Iterator[Driver]:
    """Run an app on a data folder, and stop it at the end. backend: of the app, or of its settings."""
    kind: BackendName = "pool"
    match backend:
        case "thread" | "inline" | "idle":
            kind = backend
        case "cluster" | "both":
            settings["backend"] = backend
    app = App(load({"FI_DESKTOP_HOME": str(home)}, **settings), backend=kind, times=times)
    driver = Driver(app)
    app.start()
    try:
        yield driver
    finally:
        app.stop()
