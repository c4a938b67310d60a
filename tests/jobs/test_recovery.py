"""A damaged store is set aside and rebuilt from what can be read."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.job import Job, JobState, apply
from fi_desktop.core.values import JobOptions, Priority, Summary
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recovery import open_or_rebuild, verify
from fi_desktop.jobs.store import JobStore
from fi_desktop.system.files import RESULT
from tests.app_driver import running_app

SUMMARY = Summary(2, 30.0, "builtin")
JOBS = 200


@pytest.fixture
def home(home: Path) -> Path:
    """A store of 200 jobs whose owner was killed: half are completed, half wait."""
    store = JobStore(home / "store")
    for _ in range(JOBS):
        with store.transaction():
            job_id = store.next_id()
            events: list[ev.JobEvent] = [
                ev.Submitted(job_id, 1.0, f"/recordings/{job_id}.wav", JobOptions(), Priority.NORMAL)
            ]
            if job_id % 2 == 0:
                events += [ev.Claimed(job_id, 2.0, "c", "w"), ev.Completed(job_id, 3.0, "c", SUMMARY)]
            job: Job | None = None
            for event in events:
                before, job = job, apply(job, event)
                store.write(before, job, event)
    store.rows.cache.close()  # not marked as closed, as after a kill
    return home


def reopen(home: Path) -> JobStore:
    folders = JobFolders(home / "jobs")
    folders.prepare()
    return open_or_rebuild(home / "store", folders, now=lambda: 1_000.0)


def overwrite_pages(database: Path) -> None:
    rng = random.Random(5)
    pages = database.stat().st_size // 4096
    with database.open("r+b") as file:
        for page in rng.sample(range(2, pages), pages // 10):
            file.seek(page * 4096)
            file.write(rng.randbytes(4096))


def cut_off(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 4096 // 2 * 4096)


def overwrite_head(database: Path) -> None:
    with database.open("r+b") as file:
        file.write(b"garbage" * 1000)


def checkpoint(database: Path) -> None:
    """Move everything from SQLite's log into its file, where the damage is done."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_an_intact_store_is_not_rebuilt(home: Path):
    store = reopen(home)
    assert (store.notice, len(store.ids())) == (None, JOBS)
    store.close()


@pytest.mark.parametrize(("damage", "least"), [(overwrite_pages, 100), (cut_off, 20), (overwrite_head, 0)])
def test_a_damaged_store_is_set_aside_and_rebuilt(home: Path, damage: Callable[[Path], None], least: int):
    checkpoint(home / "store" / "cache.db")
    damage(home / "store" / "cache.db")
    damaged = (home / "store" / "cache.db").read_bytes()
    store = reopen(home)
    (aside,) = home.glob("store-damaged-*")
    assert (aside / "cache.db").stat().st_size >= len(damaged)  # never deleted
    assert aside.name in str(store.notice)
    assert list(verify(store)) == []
    jobs = store.jobs()
    assert len(jobs) >= least
    assert all(job.path == f"/recordings/{job.id}.wav" for job in jobs)
    assert {job.state for job in jobs} <= {JobState.QUEUED, JobState.COMPLETED, JobState.RUNNING}
    with store.transaction():
        assert store.next_id() > max((job.id for job in jobs), default=0)
    store.close()


def damage_an_index(database: Path) -> None:
    """Damage the file, but leave every row readable."""
    with sqlite3.connect(database) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND name = 'Cache_tag_rowid'"
        ).fetchone()
    connection.close()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"garbage" * 500)


def test_a_retried_job_stays_queued_and_keeps_its_result(home: Path):
    store = JobStore(home / "store")
    with store.transaction():
        before = store.get(2)
        asked = ev.RetryAsked(2, 5.0, keep_result=True)
        assert before is not None
        store.write(before, apply(before, asked), asked)
    store.rows.cache.close()
    folder = home / "jobs" / "2"
    folder.mkdir(parents=True)
    (folder / RESULT).write_text("{}")
    checkpoint(home / "store" / "cache.db")
    damage_an_index(home / "store" / "cache.db")
    store = reopen(home)
    job = store.get(2)
    assert store.notice
    assert job is not None
    assert (job.state, job.summary) == (JobState.QUEUED, SUMMARY)
    assert list(verify(store)) == []
    store.close()


def test_results_survive_the_loss_of_the_store(home: Path, ten_seconds: Path):
    for leftover in (home / "store").iterdir():
        leftover.unlink()
    with running_app(home) as driver:
        (job_id,) = driver.submit(ten_seconds)
        driver.wait_until_done(job_id)
    checkpoint(home / "store" / "cache.db")
    overwrite_head(home / "store" / "cache.db")
    with running_app(home) as driver:
        job = driver.job(job_id)
        assert (job.state, job.path) == (JobState.COMPLETED, "ten seconds.wav")
        assert driver.app.service.folders.transcript(job_id).speakers
        assert driver.app.service.verify().result(120) == []
    assert json.loads((home / "jobs" / str(job_id) / "result.json").read_text())["turns"]
