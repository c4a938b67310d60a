"""`jobs verify` finds what was changed or lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job, apply
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.store import JobStore

ERROR = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")


@pytest.fixture
def store(tmp_path: Path):
    """Three jobs: queued, running and retrying."""
    store = JobStore(tmp_path)
    for later in (
        [],
        [ev.Claimed(2, 2.0, "c", "w")],
        [ev.Claimed(3, 2.0, "c", "w"), ev.Failed(3, 3.0, "c", ERROR, 60.0)],
    ):
        with store.transaction():
            job: Job | None = None
            job_id = store.next_id()
            for event in (ev.Submitted(job_id, 1.0, "/a.wav", JobOptions(), Priority.NORMAL), *later):
                before, job = job, apply(job, event)
                store.write(before, job, event)
    yield store
    store.close()


def test_an_intact_store_has_no_findings(store: JobStore):
    assert list(verify(store)) == []


def change_event(store: JobStore) -> None:
    data = store.rows.cache.get("e:000000000002:000002")
    data["event"]["worker"] = "another worker"
    store.rows.cache.set("e:000000000002:000002", data)


def drop_event(store: JobStore) -> None:
    store.rows.cache.delete("e:000000000003:000002")


def change_record(store: JobStore) -> None:
    data = store.rows.cache.get("j:000000000001")
    data["path"] = "/b.wav"
    store.rows.cache.set("j:000000000001", data, tag="QUEUED")


def break_record(store: JobStore) -> None:
    data = store.rows.cache.get("j:000000000001")
    del data["options"]
    store.rows.cache.set("j:000000000001", data, tag="CANCELLED")


def lose_queue_entry(store: JobStore) -> None:
    store.rows.cache.delete("q:5:000000000001")


def invent_queue_entry(store: JobStore) -> None:
    store.rows.cache.set("q:5:000000000002", 2)


def double_queue_entry(store: JobStore) -> None:
    store.rows.cache.set("q:1:000000000001", 1)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (change_event, "Job 2: an event was changed"),
        (drop_event, "Job 3: an event was changed or left out"),
        (change_record, "Job 1: its record is not what its events say"),
        (break_record, "Job 1: its record or its events cannot be read"),
        (lose_queue_entry, "Job 1: it is waiting, but is not in the queue"),
        (invent_queue_entry, "Job 2: it is in the queue, but is not waiting"),
        (double_queue_entry, "Job 1: it is in the queue more than once"),
    ],
)
def test_each_damage_is_found(store: JobStore, damage: Callable[[JobStore], None], said: str):
    damage(store)
    assert any(finding.startswith(said) for finding in verify(store)), list(verify(store))
