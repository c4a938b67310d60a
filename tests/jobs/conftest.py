"""A real service over a real store, driven by the test instead of a backend."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from fi_desktop.core.job import Job
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import QueueEvent
from fi_desktop.jobs.retention import KeepTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore

T = TypeVar("T")


class Bench:
    """A service whose clock and transactions are driven by the test.

    Attributes:
        now: UTC, seconds since the epoch.
        events: all published events.
    """

    def __init__(self, home: Path, *, keep_s: float | None = None, keep_unseen: bool = False) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self._keep_s, self._keep_unseen = keep_s, keep_unseen
        self.now = 1_000.0
        self.events: list[QueueEvent] = []
        self.service = self._service()

    def _service(self) -> JobService:
        service = JobService(
            partial(JobStore, self.home / "store"),
            JobFolders(self.home / "jobs"),
            now=lambda: self.now,
            rng=random.Random(1),
            policy=RetryPolicy(),
            keep=KeepTimes(self._keep_s, self._keep_unseen),
        )
        service.listen(self.events.extend)
        service.open(lambda: None)
        return service

    def restart(self) -> None:
        """Restart as after a crash: the store is closed, and running jobs stay running."""
        self.service.transitions.store.close()
        self.service = self._service()

    def answer(self, future: Future[T]) -> T:
        """Run transactions until a command is answered."""
        while not future.done():
            with self.service.transaction():
                pass
        return future.result()

    def submit(self, *names: str, options: JobOptions | None = None) -> tuple[int, ...]:
        paths = []
        for name in names:
            path = self.home / name
            path.write_bytes(b"RIFF")
            paths.append(path)
        return self.answer(self.service.submit(paths, options, again=True)).ids

    def claim(self, worker: str = "worker-1") -> Job | None:
        with self.service.transaction():
            return self.service.transitions.claim(worker)

    def job(self, job_id: int) -> Job:
        job = self.answer(self.service.job(job_id))
        assert job is not None
        return job


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.service.close()
