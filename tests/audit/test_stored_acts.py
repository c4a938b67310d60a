"""Acts of the queue reach the trail once each, from the transaction that does them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fi_desktop.audit.acts import ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail
from fi_desktop.cli.queue_access import idle_queue
from fi_desktop.core.errors import UserError
from fi_desktop.jobs.audit_check import check_jobs
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.jobs.stored_acts import in_ranges, ranges
from fi_desktop.settings import Settings, load


@pytest.fixture
def settings(home: Path) -> Settings:
    return load({"FI_DESKTOP_HOME": str(home)})


def submit(settings: Settings, folder: Path, *names: str) -> list[int]:
    """Submit recordings as one command does; return the ids of all jobs."""
    with idle_queue(settings) as client:
        for name in names:
            path = folder / name
            path.write_text(name)
            client.call(JobService.submit, [path])
        return [job.id for job in client.call(JobService.jobs)]


def entries(settings: Settings) -> list[Entry]:
    found = verify_trail(TrailStore(settings.audit))
    assert found.findings == []
    return list(found.entries)


def jobs_of(settings: Settings, kind: ActKind) -> list[int]:
    return [entry.fields["job"] for entry in entries(settings) if entry.fields["kind"] == kind]


def findings(settings: Settings, ids: list[int]) -> list[str]:
    return [str(note) for note in check_jobs(entries(settings), ids, JobFolders(settings.jobs))]


def test_jobs_are_in_the_trail_and_leave_it_no_name(settings: Settings, tmp_path: Path):
    ids = submit(settings, tmp_path, "Zutanita.wav", "Fulano.wav")
    assert jobs_of(settings, ActKind.ADDED) == ids == [1, 2]
    assert findings(settings, ids) == []
    content = b"".join(line.content for line in TrailStore(settings.audit).lines())
    assert b"Zutanita" not in content
    assert str(tmp_path).encode() not in content


def test_a_refused_command_leaves_no_entry(settings: Settings, tmp_path: Path):
    submit(settings, tmp_path, "a.wav")
    with idle_queue(settings) as client, pytest.raises(UserError):
        client.call(JobService.remove, [1, 99])  # the second is unknown, so neither is removed
    assert jobs_of(settings, ActKind.REMOVED) == []


def test_who_removed_a_job_is_said(settings: Settings, tmp_path: Path):
    submit(settings, tmp_path, "a.wav", "b.wav")
    with idle_queue(settings) as client:
        client.call(JobService.remove, [1])
    (removed,) = [entry for entry in entries(settings) if entry.fields["kind"] == "removed"]
    assert (removed.fields["job"], removed.fields["detail"]) == (1, {"by": "person"})
    assert findings(settings, [2]) == []


def test_an_erased_job_is_named(settings: Settings, tmp_path: Path):
    submit(settings, tmp_path, "a.wav", "b.wav")
    assert findings(settings, [1]) == ["Job 2 is gone, and the audit trail has no entry about its removal."]


def test_a_job_that_was_slipped_in_is_named(settings: Settings, tmp_path: Path):
    submit(settings, tmp_path, "a.wav")
    assert findings(settings, [1, 2]) == ["Job 2 exists, but no entry says that it was added."]


def test_a_trail_begins_with_the_jobs_that_were_there(settings: Settings, tmp_path: Path):
    """As with a data folder from before there was an audit trail."""
    submit(settings, tmp_path, "a.wav", "b.wav")
    store = settings.home / "store"
    with idle_queue(settings):
        pass
    shutil.rmtree(settings.audit)
    _forget_trail(store)
    ids = submit(settings, tmp_path, "c.wav")
    found = {entry.fields["kind"]: entry.fields for entry in entries(settings)}
    assert found["queue found"]["detail"] == {"jobs": "1-2", "erased": False}
    assert findings(settings, ids) == []
    assert findings(settings, [3]) == [
        f"Job {job} is gone, and the audit trail has no entry about its removal." for job in (1, 2)
    ]


def _forget_trail(store: Path) -> None:
    opened = JobStore(store)
    with opened.transaction():
        opened.rows.delete("m:audited")
    opened.close()


def test_a_trail_that_was_erased_as_a_whole_is_named(settings: Settings, tmp_path: Path):
    submit(settings, tmp_path, "a.wav", "b.wav")
    shutil.rmtree(settings.audit)
    ids = submit(settings, tmp_path, "c.wav")
    (number,) = [each.number for each in entries(settings) if each.fields["kind"] == "queue found"]
    assert findings(settings, ids) == [
        f"There was an audit trail before this one: it was erased before entry {number}."
    ]


def test_ranges_hold_any_numbers():
    assert ranges([7, 1, 2, 3, 9, 10]) == "1-3,7,9-10"
    assert in_ranges("1-3,7,9-10") == {1, 2, 3, 7, 9, 10}
    assert ranges([]) == ""
    assert in_ranges("") == set()
