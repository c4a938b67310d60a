"""A row that SQLite can read and the program cannot costs no other job, no command and no claim."""

from __future__ import annotations

import pytest

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from tests.jobs.conftest import Bench

BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
RECORD, FIRST_EVENT = "j:{:012d}", "e:{:012d}:000001"
BAD = (
    "{",
    "[]",
    '{"id": 2}',
    "7",
    "null",
    '"text"',
    "[" * 100_000,
    '{"id": 1e999}',
    '{"id": 1, "state": "?"}',
)


def damage(bench: Bench, *keys: str, value: object = "{") -> None:
    store = bench.service.transitions.store
    for key in keys:
        store.rows.execute("UPDATE Cache SET value = ? WHERE key = ?", (value, key))
    store.clear_cache()


@pytest.mark.parametrize("value", [*BAD, b"\x80\x04N."])
def test_an_unreadable_record_is_restored_from_its_events(bench: Bench, value: object):
    bench.submit("a.wav", "b.wav", "c.wav")
    bench.claim()
    before = bench.answer(bench.service.jobs())
    for key in (RECORD.format(1), RECORD.format(2)):
        damage(bench, key, value=value)
        assert bench.answer(bench.service.jobs()) == before
        damage(bench, key, value=value)
        page = bench.answer(bench.service.page(10, before=99))
        assert [job.id for job in page.jobs] == [3, 2, 1]
    assert bench.answer(bench.service.verify()) == []
    damage(bench, RECORD.format(2), value=value)
    (findings,) = bench.answer(bench.service.verify())
    assert findings.startswith("Job 2: its record")
    assert bench.claim() == bench.job(2)


def test_records_that_were_swapped_are_restored_from_their_events(bench: Bench):
    """Each is valid by itself, so nothing but its place tells that it belongs to another patient."""
    bench.submit("ana.wav", "luis.wav", "c.wav")
    before = bench.answer(bench.service.jobs())
    rows = bench.service.transitions.store.rows
    keys = RECORD.format(1), RECORD.format(2)
    values = [rows.execute("SELECT value FROM Cache WHERE key = ?", (key,)).fetchone()[0] for key in keys]
    damage(bench, keys[0], value=values[1])
    damage(bench, keys[1], value=values[0])
    assert bench.answer(bench.service.jobs()) == before
    assert [job.path[-7:] for job in before[:2]] == ["ana.wav", "uis.wav"]
    assert bench.claim() == bench.job(1)


def test_a_record_is_restored_up_to_the_first_unreadable_event(bench: Bench):
    bench.submit("a.wav")
    for _ in range(2):
        job = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.failed(1, job.claim, BROKEN, crashed=True)
    assert bench.job(1).state is JobState.RETRYING
    damage(bench, RECORD.format(1), "e:000000000001:000002")
    assert bench.job(1).state is JobState.QUEUED
    assert bench.claim().id == 1
    assert bench.answer(bench.service.verify()) == []


@pytest.mark.parametrize("value", BAD)
def test_an_unreadable_job_holds_up_nothing(bench: Bench, value: str):
    bench.submit("a.wav", "b.wav", "c.wav", "d.wav")
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(job.id, job.claim, BROKEN)
    damage(bench, *(key.format(n) for key in (RECORD, FIRST_EVENT) for n in (1, 2)), value=value)
    bench.now += 100  # the first one is due
    assert [job.id for job in bench.answer(bench.service.jobs())] == [3, 4]
    assert [job.id for job in bench.answer(bench.service.page(2)).jobs] == [4, 3]
    assert [job.id for job in bench.answer(bench.service.page(2, before=4)).jobs] == [3]
    findings = bench.answer(bench.service.verify())
    assert [sentence[:5] for sentence in findings if "cannot be read" in sentence] == ["Job 1", "Job 2"]
    assert bench.claim().id == 3
    assert bench.answer(bench.service.purge()) == 1
    bench.restart()
    assert [job.id for job in bench.answer(bench.service.jobs())] == [3]
    assert sorted(bench.service.transitions.store.ids()) == [1, 2, 3]  # never deleted


def test_a_job_continues_though_its_last_event_cannot_be_read(bench: Bench):
    bench.submit("a.wav")
    damage(bench, FIRST_EVENT.format(1))
    assert bench.claim().id == 1
    assert bench.answer(bench.service.verify())
