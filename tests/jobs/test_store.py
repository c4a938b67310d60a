"""`JobStore`: durable, ordered and atomic."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind, TransientError, UserError
from fi_desktop.core.job import Job, JobState, apply
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.event_chain import unbroken
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recovery import open_or_rebuild
from fi_desktop.jobs.store import JobStore

ERROR = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "store")
    yield store
    store.close()


def submit(store: JobStore, priority: Priority = Priority.NORMAL) -> Job:
    with store.transaction():
        event = ev.Submitted(store.next_id(), 1.0, "/a.wav", JobOptions(), priority)
        job = apply(None, event)
        store.write(None, job, event)
    return job


def record(store: JobStore, job: Job, event: ev.JobEvent) -> Job:
    with store.transaction():
        after = apply(job, event)
        store.write(job, after, event)
    return after


def test_jobs_survive_closing_the_store(tmp_path: Path):
    store = JobStore(tmp_path / "store")
    job = submit(store)
    store.close()
    again = JobStore(tmp_path / "store")
    assert again.get(job.id) == job
    assert again.epoch == store.epoch + 1
    again.close()


def test_ids_are_never_reused(store: JobStore):
    first = submit(store)
    with store.transaction():
        store.remove(first)
    assert submit(store).id == first.id + 1


def test_the_most_urgent_comes_first_and_then_the_oldest(store: JobStore):
    low, old, new, urgent = (
        submit(store, p) for p in (Priority.LOW, Priority.NORMAL, Priority.NORMAL, Priority.URGENT)
    )
    order = []
    while (job := store.queue.first_ready()) is not None:
        order.append(job.id)
        record(store, job, ev.Claimed(job.id, 2.0, f"c{job.id}", "w"))
    assert order == [urgent.id, old.id, new.id, low.id]


def test_a_released_job_returns_to_its_position_in_the_queue(store: JobStore):
    first, second = submit(store), submit(store)
    running = record(store, first, ev.Claimed(first.id, 2.0, "c", "w"))
    assert store.queue.first_ready() == second
    record(store, running, ev.Released(first.id, 3.0, "c"))
    ready = store.queue.first_ready()
    assert ready is not None
    assert ready.id == first.id


def test_waiting_retries_are_found_by_their_due_time(store: JobStore):
    for retry_at in (300.0, 100.5, 200.0):
        job = submit(store)
        running = record(store, job, ev.Claimed(job.id, 2.0, "c", "w"))
        record(store, running, ev.Failed(job.id, 3.0, "c", ERROR, retry_at))
    assert store.queue.first_ready() is None
    assert store.queue.next_due_at() == 100.5
    assert store.queue.first_due(100.4) is None
    due = store.queue.first_due(100.5)
    assert due is not None
    assert due.due_at == 100.5


def test_events_are_kept_in_order_and_replay_to_the_record(store: JobStore):
    job = submit(store)
    job = record(store, job, ev.Claimed(job.id, 2.0, "c", "w"))
    job = record(store, job, ev.Failed(job.id, 3.0, "c", ERROR, 60.0))
    replayed = None
    for event in store.events(job.id):
        replayed = apply(replayed, event)
    assert replayed == store.get(job.id) == job


def test_an_exception_undoes_the_whole_transaction(store: JobStore):
    event = ev.Submitted(1, 1.0, "/a.wav", JobOptions(), Priority.NORMAL)
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.write(None, apply(None, event), event)
        raise ZeroDivisionError
    assert store.jobs() == []
    assert store.queue.first_ready() is None


def test_a_savepoint_undoes_only_what_is_inside(store: JobStore):
    with store.transaction():
        first = ev.Submitted(1, 1.0, "/a.wav", JobOptions(), Priority.NORMAL)
        store.write(None, apply(None, first), first)
        with pytest.raises(ZeroDivisionError), store.savepoint():
            second = replace(first, job_id=2)
            store.write(None, apply(None, second), second)
            raise ZeroDivisionError
    assert [job.id for job in store.jobs()] == [1]


def test_an_id_taken_in_an_undone_savepoint_is_not_reused(store: JobStore):
    with store.transaction():
        first = store.next_id()
        with pytest.raises(ZeroDivisionError), store.savepoint():
            store.next_id()
            raise ZeroDivisionError
        assert store.next_id() > first


def test_ids_of_an_undone_transaction_are_free(store: JobStore):
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.next_id()
        raise ZeroDivisionError
    assert submit(store).id == 1


def test_an_undone_pause_is_not_cached(store: JobStore):
    assert not store.paused
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.paused = True
        raise ZeroDivisionError
    assert not store.paused


def test_the_next_retry_is_known_after_each_change(store: JobStore):
    assert store.queue.next_due_at() is None
    jobs = [submit(store) for _ in range(3)]
    for job, retry_at in zip(jobs, (300.0, 100.0, 200.0), strict=True):
        running = record(store, job, ev.Claimed(job.id, 2.0, "c", "w"))
        record(store, running, ev.Failed(job.id, 3.0, "c", ERROR, retry_at))
    assert store.queue.next_due_at() == 100.0
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.remove(store.get(2))
        assert store.queue.next_due_at() == 200.0
        raise ZeroDivisionError
    assert store.queue.next_due_at() == 100.0
    record(store, store.get(2), ev.CancelAsked(2, 4.0))
    assert store.queue.next_due_at() == 200.0
    with store.transaction():
        store.remove(store.get(3))
    assert store.queue.next_due_at() == 300.0
    record(store, store.get(1), ev.Due(1, 300.0))
    assert store.queue.next_due_at() is None


def test_a_store_with_diskcaches_own_indexes_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.jobs.sql._drop_eviction", lambda _connection: None)
    store = JobStore(tmp_path)
    job = submit(store)
    store.close()
    monkeypatch.undo()
    again = JobStore(tmp_path)
    done = record(again, job, ev.CancelAsked(job.id, 2.0))
    assert again.jobs(state=JobState.CANCELLED) == [done]
    assert again.check() == []
    again.close()


def test_jobs_are_listed_in_pages_and_by_state_and_counted(store: JobStore):
    jobs = [submit(store) for _ in range(7)]
    record(store, jobs[2], ev.CancelAsked(jobs[2].id, 2.0))
    assert [job.id for job in store.jobs(after=2, limit=3)] == [3, 4, 5]
    assert [job.id for job in store.jobs(state=JobState.CANCELLED)] == [3]
    assert store.counts()[JobState.QUEUED] == 6
    assert store.counts()[JobState.CANCELLED] == 1
    assert store.counts()[JobState.FAILED] == 0


def test_jobs_that_were_finished_before_a_moment_are_found(store: JobStore):
    old, new, _waiting = (submit(store) for _ in range(3))
    record(store, old, ev.CancelAsked(old.id, 2.0))
    record(store, new, ev.CancelAsked(new.id, 3.0))
    assert [job.id for job in store.finished_before(3.0, after=0, up_to=9)] == [old.id]


def test_an_undone_write_is_not_cached(store: JobStore):
    job = submit(store)
    with pytest.raises(ZeroDivisionError), store.transaction():
        claimed = ev.Claimed(job.id, 2.0, "c", "w")
        store.write(job, apply(job, claimed), claimed)
        raise ZeroDivisionError
    assert store.get(job.id) == job
    claimed_again = record(store, job, ev.Claimed(job.id, 3.0, "c", "w"))
    assert [event.at for event in store.events(job.id)] == [1.0, 3.0]
    store.clear_cache()
    assert store.get(job.id) == claimed_again
    assert unbroken(store.event_links(job.id))


def test_three_thousand_jobs_with_long_errors_are_not_evicted(store: JobStore):
    long_error = ErrorInfo(ErrorKind.BUG, "x", "y", "traceback " * 400)
    with store.transaction():
        for _ in range(3_000):
            event = ev.Submitted(store.next_id(), 1.0, "/a.wav", JobOptions(), Priority.NORMAL)
            job = apply(None, event)
            claimed = apply(job, ev.Claimed(job.id, 2.0, "c", "w"))
            failed = ev.Failed(job.id, 3.0, "c", long_error, None)
            store.write(None, apply(claimed, failed), failed)
    assert store.counts()[JobState.FAILED] == 3_000  # diskcache's defaults would have evicted most


def test_removing_a_job_removes_its_events_and_queue_entry(store: JobStore):
    job = submit(store)
    with store.transaction():
        store.remove(job)
    assert store.get(job.id) is None
    assert store.events(job.id) == []
    assert store.queue.first_ready() is None


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_store_of_a_newer_version_is_not_changed(tmp_path: Path):
    store = JobStore(tmp_path / "store")
    submit(store)
    with store.transaction():
        store.rows.cache.set("m:schema", 999)
    store.close()
    before = contents(tmp_path)
    with pytest.raises(UserError, match="newer version") as refused:
        open_or_rebuild(tmp_path / "store", JobFolders(tmp_path / "jobs"), now=lambda: 0.0)
    assert refused.value.code == "store.newer"
    assert contents(tmp_path) == before


def test_a_store_of_a_newer_version_that_was_killed_is_not_changed(tmp_path: Path):
    store = JobStore(tmp_path / "store")
    with store.transaction():
        store.rows.cache.set("m:schema", 999)
    # as a killed program leaves it: the last write is only in the log
    killed = shutil.copytree(tmp_path / "store", tmp_path / "killed")
    store.close()
    before = contents(killed)
    with pytest.raises(UserError, match="newer version"):
        JobStore(killed)
    after = contents(killed)
    assert before["cache.db-wal"]
    assert (after["cache.db"], after["cache.db-wal"]) == (before["cache.db"], before["cache.db-wal"])


def test_a_file_that_is_not_a_database_is_reported_as_damaged(tmp_path: Path):
    (tmp_path / "cache.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(UserError, match="damaged"):
        JobStore(tmp_path)


def test_waiting_for_a_locked_database_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.jobs.sql._BUSY_TIMEOUT_S", 0.1)
    store = JobStore(tmp_path)
    other = JobStore(tmp_path)
    with store.transaction():
        with pytest.raises(TransientError, match="Another program"), other.transaction():
            pass
    with other.transaction():
        assert other.next_id() == 1
    store.close()
    other.close()


def test_the_integrity_check_finds_nothing(store: JobStore):
    submit(store)
    assert store.check() == []


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX permissions")
def test_only_its_owner_can_enter_the_store(tmp_path: Path):
    JobStore(tmp_path / "store").close()
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX permissions")
def test_only_its_owner_can_enter_the_results(tmp_path: Path):
    JobFolders(tmp_path / "jobs").prepare()
    assert stat.S_IMODE((tmp_path / "jobs").stat().st_mode) == 0o700
