"""A job that ran out of memory is retried at a higher memory level."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.workers import process
from tests.app_driver import running_app

NOTES = "memory-levels"
_real_main = process.main


def worker_with_little_memory(pipe: Connection, device: str, *_confined: object) -> None:
    """Run a worker in which the engine runs out of memory below level 2, and record each attempt."""
    from fi_desktop.engines import registry

    real_create = registry.create_diarizer

    def create(name: str, roots: tuple[Path, ...], *, memory_level: int, threads: int) -> Any:
        with (Path(os.environ["FI_DESKTOP_HOME"]) / NOTES).open("a") as notes:
            notes.write(f"{memory_level} ")
        if memory_level < 2:
            raise MemoryError
        return real_create(name, roots, memory_level=memory_level, threads=threads)

    registry.create_diarizer = create
    _real_main(pipe, device)


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fi_desktop.workers.process.main", worker_with_little_memory)


def test_memory_level_rises_each_time_memory_runs_out(home: Path, ten_seconds: Path):
    with running_app(home, workers=1, retry_delays_s=(0, 0, 0)) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
    assert job.state is JobState.COMPLETED
    assert [attempt.outcome for attempt in job.attempts] == [
        AttemptOutcome.FAILED,
        AttemptOutcome.FAILED,
        AttemptOutcome.COMPLETED,
    ]
    for attempt in job.attempts[:2]:
        assert attempt.error is not None
        assert (attempt.error.code, attempt.error.kind) == ("memory.full", ErrorKind.TRANSIENT)
    assert (home / NOTES).read_text().split() == ["0", "1", "2"]


def test_worker_survives_running_out_of_memory(home: Path, ten_seconds: Path):
    with running_app(home, workers=1, retry_delays_s=(0,)) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
    assert job.error is not None
    assert (job.state, job.error.message) == (JobState.FAILED, "The computer ran out of memory.")
    assert "WORKER_DIED" not in (home / "logs" / "fi-desktop.log").read_text()


def test_manual_retry_starts_at_the_lowest_memory_level(home: Path, ten_seconds: Path):
    with running_app(home, workers=1, retry_delays_s=(0,)) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        driver.app.service.retry([job.id]).result(120)
        driver.wait_for(lambda: driver.states(job.id).count(JobState.FAILED) == 2)
    assert (home / NOTES).read_text().split() == ["0", "1", "0", "1"]
