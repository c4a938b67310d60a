"""Removed and expired jobs are erased from every file of the store, even while it is open."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.jobs.retention import DAY_S
from fi_desktop.jobs.store import JobStore
from fi_desktop.system.clock import Clock
from tests.app_driver import running_app
from tests.jobs.conftest import Bench

NAME = "Zutanita Quiquirimundi"
JOBS = 30
BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")


@pytest.fixture
def as_upstream(monkeypatch: pytest.MonkeyPatch) -> Callable[..., sqlite3.Connection]:
    """Open SQLite as upstream builds it: deleted data stays in the file."""
    connect = sqlite3.connect

    def upstream(*arguments, **named) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", upstream)
    return upstream


def names_in(folder: Path) -> dict[str, int]:
    """Count the name in each file."""
    found = {path.name: path.read_bytes().count(NAME.encode()) for path in folder.iterdir()}
    return {name: times for name, times in found.items() if times}


def test_removed_jobs_are_erased_while_the_store_is_open(bench: Bench, as_upstream):
    bench.restart()  # with an upstream connection
    ids = bench.submit(*(f"{NAME} {number}.wav" for number in range(JOBS)))
    assert len(ids) == JOBS
    for _ in range(JOBS):  # overwritten rows leave old data too
        job = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.failed(job.id, job.claim, BROKEN)
    assert names_in(bench.home / "store")
    bench.answer(bench.service.purge())
    assert names_in(bench.home / "store") == {}


def test_expired_jobs_are_erased_from_the_write_ahead_log(tmp_path: Path, as_upstream):
    bench = Bench(tmp_path, keep_s=100.0)
    bench.answer(bench.service.cancel(bench.submit(f"{NAME}.wav")))
    bench.now += 200
    with bench.service.transaction():
        bench.service.retention.expire()
    assert names_in(tmp_path / "store") == {}
    bench.service.close()


def test_data_deleted_by_an_older_version_is_erased_at_startup(home: Path, as_upstream):
    bench = Bench(home)
    bench.submit(*(f"{NAME} {number}.wav" for number in range(JOBS)))
    bench.service.close()
    with sqlite3.connect(home / "store" / "cache.db") as database:  # by an earlier version
        database.execute("DELETE FROM Cache WHERE key >= 'b:' AND key < 'k:' OR key = 'm:overwrites'")
    database.close()
    assert names_in(home / "store")
    JobStore(home / "store").close()
    assert names_in(home / "store") == {}


def test_a_store_set_aside_is_deleted_after_its_time(home: Path):
    clock = Clock().now()
    old, kept = home / "store-damaged-", home / "store-damaged-of-a-person"
    young = old.with_name(f"{old.name}{datetime.fromtimestamp(clock - 29 * DAY_S, UTC):%Y%m%d-%H%M%S-%f}")
    old = old.with_name(f"{old.name}{datetime.fromtimestamp(clock - 31 * DAY_S, UTC):%Y%m%d-%H%M%S-%f}")
    for folder in (old, young, kept):
        folder.mkdir()
        (folder / "cache.db").write_text(NAME)
    with running_app(home, backend="idle", keep_damaged_days=30.0):
        pass
    assert not old.exists()
    assert young.exists()
    assert kept.exists()


def test_old_jobs_expire_even_if_the_queue_is_only_listed(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.jobs.retention._IDS_PER_EXPIRY", 2)
    bench = Bench(home)  # its clock is in 1970
    ids = bench.submit(*(f"{NAME} {number}.wav" for number in range(7)))
    bench.answer(bench.service.cancel(ids[:-1]))
    bench.service.close()
    with running_app(home, backend="idle", keep_days=30.0) as driver:
        driver.wait_for(lambda: all(driver.removed(job_id) for job_id in ids[:-1]))
        assert [job.id for job in driver.app.service.jobs().result()] == [7]
