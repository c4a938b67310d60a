"""Which ends are waited for, so that they share a commit: those that are about to come, and no others."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from fi_desktop.backends import pool
from fi_desktop.backends.place import Place
from fi_desktop.backends.pool import WorkerPool
from fi_desktop.core.job import Job, JobOptions, Priority
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load

JOB = Job(1, "/a.wav", JobOptions(), Priority.NORMAL, 0.0)


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(pool, "_SHORT_S", 60.0)
    return Place("worker-1", job=JOB, began=time.monotonic(), quick=True)


def grace_s(home: Path, place: Place) -> float:
    service = JobService(
        lambda: JobStore(home / "store"), JobFolders(home / "jobs"), now=time.time, rng=random.Random(1)
    )
    workers = WorkerPool(service, load({"FI_DESKTOP_HOME": str(home)}), (), now=time.time)
    workers._places = [Place("worker-0", ready=True), place]
    try:
        return workers._grace_s()
    finally:
        service.close()


def test_a_job_that_just_began_on_a_worker_whose_last_was_short_is_waited_for(home: Path, place: Place):
    assert 0.0 < grace_s(home, place) <= 60.0


def test_nobody_waits_for_a_worker_whose_last_job_was_longer(home: Path, place: Place):
    place.quick = False
    assert grace_s(home, place) == 0.0


def test_nobody_waits_longer_for_a_job_than_a_short_one_takes(home: Path, place: Place):
    place.began -= 61.0
    assert grace_s(home, place) == 0.0


def test_nobody_waits_for_a_worker_that_has_nothing_to_do(home: Path, place: Place):
    place.job = None
    assert grace_s(home, place) == 0.0
