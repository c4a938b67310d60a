"""A sealed store: nothing private is in its files, and every job is as it was."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind, UserError
from fi_desktop.core.job import Done, Job, JobState, apply
from fi_desktop.core.values import JobOptions, Priority, ReviewState, Summary
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recovery import open_or_rebuild, verify
from fi_desktop.jobs.row_keys import SCHEMA
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.sql import peek
from fi_desktop.jobs.store import JobStore
from fi_desktop.vault.vault import Vault, VaultLocked
from tests.vault.keyrings import memory_keyring

NAME = "Zutanita Quiquirimundi"
WORDS = ("metotrexato", "Quiquirimundi")
PROMPT = "Paciente con sospecha de VIH"
CLINICIAN = "Dra. Robles Ñáñez"
SECRETS = (NAME, "Quiquirimundi", "metotrexato", "sospecha", "Robles", "traza privada", "f1ngerpr1nt")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with memory_keyring():
        vault = Vault.create(tmp_path / "keys", keyring=True)
        yield vault
        vault.close()


def run_jobs(store: JobStore, jobs: int = 4) -> list[Job]:
    """Put jobs through everything that has private values; return them as they are."""
    options = JobOptions(prompt=PROMPT, vocabulary=WORDS)
    error = ErrorInfo(
        ErrorKind.TRANSIENT, "audio.read", f"{NAME} did not answer.", "traza privada", (("file", NAME),)
    )
    made = []
    for _ in range(jobs):
        with store.transaction():
            job_id = store.next_id()
            path = f"/recordings/{NAME} {job_id}.wav"
            summary = Summary(2, 30.0, "builtin", notes=(messages.verbatim(f"{NAME} speaks."),))
            events: list[ev.JobEvent] = [
                ev.Submitted(job_id, 1.0, path, options, Priority.NORMAL, job_id, f"f1ngerpr1nt{job_id}"),
                ev.CopyAdded(job_id, 1.0, f"/usb/{NAME} copy.wav"),
                ev.Relocated(job_id, 1.5, f"/moved/{NAME} {job_id}.wav"),
                ev.Claimed(job_id, 2.0, "c", "worker-1"),
            ]
            if job_id % 2:
                events.append(ev.Failed(job_id, 3.0, "c", error, retry_at=90.0))
            else:
                people = (CLINICIAN, NAME)
                events += [
                    ev.Completed(job_id, 3.0, "c", summary),
                    ev.Reviewed(job_id, 4.0, ReviewState.SIGNED, CLINICIAN, people, 2, 0.1),
                ]
            job: Job | None = None
            for event in events:
                before, job = job, apply(job, event)
                store.write(before, job, event)
            assert job is not None
            made.append(job)
    return made


def found_in(folder: Path) -> list[str]:
    """Return which secrets can be read in any file of a folder."""
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [
        secret
        for secret in SECRETS
        if any(
            form in content
            for form in (secret.encode(), secret.encode("utf-16-le"), json.dumps(secret)[1:-1].encode())
        )
    ]


def everything(store: JobStore) -> list[Any]:
    """Return all that a store says."""
    pages, before = [], 10**9
    for _ in range(3):
        page = store.page(2, before)
        pages += page.jobs
        before = page.before or 0
    jobs = store.jobs()
    with_fingerprint = [store.with_fingerprint(job.fingerprint or "") for job in jobs]
    return [jobs, [store.events(job.id) for job in jobs], pages, with_fingerprint, store.counts()]


def test_nothing_private_is_in_the_files(tmp_path: Path, vault: Vault):
    clear = JobStore(tmp_path / "clear")
    run_jobs(clear)
    wanted = everything(clear)
    assert any(isinstance(each, Done) for each in wanted[2])
    assert set(found_in(tmp_path / "clear")) == set(SECRETS)  # what is looked for can be found
    clear.close()

    store = JobStore(tmp_path / "store", vault)
    run_jobs(store)
    assert found_in(tmp_path / "store") == []  # the write-ahead log too
    assert everything(store) == wanted
    assert list(verify(store)) == []
    store.close()
    assert found_in(tmp_path / "store") == []
    again = JobStore(tmp_path / "store", vault)
    assert everything(again) == wanted
    assert again.notice is None
    again.close()


def test_store_in_clear_is_sealed_and_written_in_clear_again(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store")
    jobs = run_jobs(store)
    with store.transaction():
        store.remove(jobs[0])
    wanted = everything(store)
    store.close()
    sealed = JobStore(tmp_path / "store", vault)
    assert everything(sealed) == wanted
    assert peek(tmp_path / "store", SCHEMA) == 2  # programs that know no seals leave it alone
    assert found_in(tmp_path / "store") == []
    assert list(verify(sealed)) == []
    assert sorted(vault.jobs()) == [2, 3, 4]
    with pytest.raises(RuntimeError), sealed.transaction():
        sealed.convert(RowSeal())
        raise RuntimeError
    assert everything(sealed) == wanted
    assert found_in(tmp_path / "store") == []
    with sealed.transaction():
        sealed.convert(RowSeal())
    sealed.checkpoint()
    assert peek(tmp_path / "store", SCHEMA) == 1
    assert everything(sealed) == wanted
    assert list(verify(sealed)) == []
    assert "Quiquirimundi" in found_in(tmp_path / "store")
    sealed.close()
    clear = JobStore(tmp_path / "store")
    assert everything(clear) == wanted
    clear.close()


def test_damaged_rows_are_restored_before_a_store_is_sealed(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store")
    wanted = run_jobs(store)
    store.rows.put("j:000000000002", '{"id": 2}', "COMPLETED")
    store.close()
    sealed = JobStore(tmp_path / "store", vault)
    assert sealed.jobs() == wanted
    assert list(verify(sealed)) == []
    sealed.close()


def test_removed_job_cannot_be_read_in_a_copy_made_before(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    jobs = run_jobs(store)
    store.close()
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    store = JobStore(tmp_path / "store", vault)
    with store.transaction():
        store.remove(jobs[1])
    store.close()

    copy = JobStore(tmp_path / "copy", vault)
    assert copy.get(jobs[1].id) is None
    assert [job.id for job in copy.jobs()] == [1, 3, 4]
    assert copy.notice == messages.VAULT_KEYS_MISSING(number=1)
    assert copy.rows.row("j:000000000002") is not None  # nothing is overwritten
    assert len(copy.event_links(2)) == 6
    copy.close()


def test_failed_transaction_destroys_no_key(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    jobs = run_jobs(store)
    with pytest.raises(RuntimeError), store.transaction():
        store.remove(jobs[0])
        raise RuntimeError
    assert store.get(jobs[0].id) == jobs[0]
    with pytest.raises(RuntimeError), store.transaction():
        event = ev.Submitted(store.next_id(), 1.0, "/x.wav", JobOptions(), Priority.NORMAL)
        store.write(None, apply(None, event), event)
        raise RuntimeError
    assert len(run_jobs(store, 1)) == 1
    assert store.jobs()[:4] == jobs
    assert list(verify(store)) == []
    store.close()


def test_sealed_store_is_not_opened_without_its_keys(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    run_jobs(store)
    store.close()
    before = (tmp_path / "store" / "cache.db").read_bytes()
    other = Vault.create(tmp_path / "other", keyring=True)
    for given, code in ((None, "vault.missing"), (other, "vault.other")):
        with pytest.raises(UserError) as told:
            JobStore(tmp_path / "store", given)
        assert told.value.code == code
    other.close()
    assert (tmp_path / "store" / "cache.db").read_bytes() == before


def test_locked_store_goes_on_with_held_jobs_and_reads_no_others(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    waiting, done = run_jobs(store, 2)
    vault.hold(waiting.id)
    vault.lock()
    store.clear_cache()
    assert store.seal.locked
    assert store.get(waiting.id) == waiting
    for read in (lambda: store.get(done.id), store.jobs, lambda: store.events(done.id)):
        with pytest.raises(VaultLocked):
            read()
    assert store.counts()[JobState.COMPLETED] == 1
    assert store.with_fingerprint(done.fingerprint or "") == []
    (added,) = run_jobs(store, 1)  # its key is held until it has ended
    assert store.get(added.id) == added
    with store.transaction():
        event = ev.CancelAsked(waiting.id, 91.0)
        store.write(waiting, apply(waiting, event), event)
    with pytest.raises(VaultLocked):
        store.get(waiting.id)
    vault.unlock()
    assert [job.id for job in store.jobs()] == [1, 2, 3]
    assert store.get(done.id) == done
    assert list(verify(store)) == []
    store.close()


def test_swapped_and_changed_rows_are_found_and_restored(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    jobs = run_jobs(store)
    one, other = (json.loads(store.rows.row(f"j:00000000000{number}").stored) for number in (2, 4))
    forged = {**one, "sealed": other["sealed"]}
    with store.transaction():
        store.rows.put("j:000000000002", json.dumps(forged), "COMPLETED")
    assert any("Job 2" in finding for finding in verify(store))
    assert store.get(2) == jobs[1]  # from its events
    link = json.loads(store.rows.row("e:000000000002:000001").stored)
    link["event"]["sealed"] = json.loads(store.rows.row("e:000000000004:000001").stored)["event"]["sealed"]
    with store.transaction():
        store.rows.put("e:000000000002:000001", json.dumps(link))
    assert any("Job 2" in finding for finding in verify(store))
    store.close()


def test_damaged_store_is_rebuilt_from_sealed_events(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    jobs = run_jobs(store, 60)
    store.rows.cache.close()  # not marked as closed, as after a kill
    database, rng = tmp_path / "store" / "cache.db", random.Random(5)
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    pages = database.stat().st_size // 4096
    with database.open("r+b") as file:
        for page in rng.sample(range(2, pages), pages // 10):
            file.seek(page * 4096)
            file.write(rng.randbytes(4096))
    folders = JobFolders(tmp_path / "jobs", vault)
    folders.prepare()
    rebuilt = open_or_rebuild(tmp_path / "store", folders, now=lambda: 1_000.0)
    assert rebuilt.notice is not None
    known = {job.id: job for job in jobs}
    restored = rebuilt.jobs()
    assert len(restored) >= 30
    for job in restored:
        before = known[job.id]
        assert (job.path, job.options) == (before.path, before.options) or job.state is not before.state
    assert list(verify(rebuilt)) == []
    assert found_in(tmp_path / "store") == []
    rebuilt.close()


def test_private_values_are_sealed_once_while_only_the_state_changes(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    (job,) = run_jobs(store, 1)
    sealed = json.loads(store.rows.row("j:000000000001").stored)["sealed"]
    with store.transaction():
        event = ev.Due(job.id, 91.0)
        store.write(job, apply(job, event), event)
    row = json.loads(store.rows.row("j:000000000001").stored)
    assert row["state"] == JobState.QUEUED
    assert row["sealed"] == sealed
    assert store.get(1) == replace(job, state=JobState.QUEUED, due_at=None)
    store.close()


def test_keys_made_ahead_are_gone_after_a_crash(tmp_path: Path, vault: Vault):
    store = JobStore(tmp_path / "store", vault)
    run_jobs(store)
    wanted = everything(store)
    shutil.copytree(tmp_path / "keys", tmp_path / "crashed-keys")  # as they are when the power goes
    shutil.copytree(tmp_path / "store", tmp_path / "crashed-store")
    crashed = Vault(tmp_path / "crashed-keys", owner=True)
    crashed.unlock()
    assert set(crashed.jobs()) > set(vault.jobs())
    again = JobStore(tmp_path / "crashed-store", crashed)
    assert crashed.jobs() == vault.jobs() == again.ids()
    assert everything(again) == wanted
    for each in (again, crashed, store):
        each.close()
