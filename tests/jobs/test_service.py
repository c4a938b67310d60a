"""`JobService`: commands, and what happens to jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind, TransientError, UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, SpeakerCount, Summary
from fi_desktop.jobs.queue_events import JobChanged
from fi_desktop.jobs.retention import KeepTimes
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load
from tests.jobs.conftest import Bench

BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
FULL = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")
BAD_FILE = ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty.")
SUMMARY = Summary(2, 30.0, "builtin")


def states(bench: Bench) -> list[tuple[int, JobState]]:
    return [(event.job.id, event.job.state) for event in bench.events if isinstance(event, JobChanged)]


def test_submitted_jobs_are_stored_with_their_options_and_published(bench: Bench):
    options = JobOptions(SpeakerCount(3, 3), engine="builtin")
    ids = bench.submit("a.wav", "b.wav", options=options)
    assert [bench.job(i).options for i in ids] == [options, options]
    assert states(bench) == [(1, JobState.QUEUED), (2, JobState.QUEUED)]


def test_a_folder_of_500_files_becomes_500_jobs(bench: Bench):
    folder = bench.home / "recordings"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number:03}.wav").write_bytes(b"RIFF")
    (folder / "notes.txt").write_text("not a recording")
    assert len(bench.answer(bench.service.submit([folder], again=True)).ids) == 500


def test_finished_jobs_expire_and_unseen_results_only_if_allowed(tmp_path: Path):
    for keep_unseen, left in ((False, []), (True, [1])):
        bench = Bench(tmp_path / str(keep_unseen), keep_s=100.0, keep_unseen=keep_unseen)
        bench.submit("a.wav", "b.wav", "c.wav")
        for _ in range(2):
            job = bench.claim()
            with bench.service.transaction():
                bench.service.transitions.completed(job.id, job.claim, SUMMARY)
        bench.answer(bench.service.mark_seen([2]))
        bench.answer(bench.service.cancel([3]))
        bench.now += 99
        with bench.service.transaction():
            bench.service.retention.expire()
        assert len(bench.answer(bench.service.jobs())) == 3
        bench.now += 2
        with bench.service.transaction():
            bench.service.retention.expire()
        assert [job.id for job in bench.answer(bench.service.jobs())] == left
        bench.service.close()


def test_retention_can_be_changed_while_running(bench: Bench):
    bench.answer(bench.service.cancel(bench.submit("a.wav")))
    bench.now += 100_000
    assert not bench.service.retention.expires
    bench.answer(bench.service.change_retention(KeepTimes(100.0)))
    with bench.service.transaction():
        bench.service.retention.expire()
    assert bench.answer(bench.service.jobs()) == []


def test_a_new_retry_policy_applies_from_then_on(bench: Bench):
    bench.submit("a.wav")
    bench.answer(bench.service.change_policy(RetryPolicy((7.0,), jitter=0.0)))
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN)
    assert bench.job(1).due_at == bench.now + 7.0
    bench.answer(bench.service.change_policy(RetryPolicy(())))
    bench.now += 7.0
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN)
    assert bench.job(1).state is JobState.FAILED


def test_old_jobs_expire_a_few_per_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.jobs.retention._IDS_PER_EXPIRY", 2)
    bench = Bench(tmp_path, keep_s=100.0)
    bench.answer(bench.service.cancel(bench.submit("a.wav", "b.wav", "c.wav", "d.wav", "e.wav")))
    left = []
    for bench.now in (2_000.0, 2_000.0, 2_000.0, 3_000.0):
        with bench.service.transaction():
            all_seen = bench.service.retention.expire()
        left.append((len(bench.answer(bench.service.jobs())), all_seen))
    assert left == [(3, False), (1, False), (0, True), (0, True)]  # nothing is left to look at
    bench.service.close()


def test_a_batch_holds_jobs_submitted_together(bench: Bench):
    bench.submit("single.wav")
    bench.submit("a.wav", "b.wav")
    assert bench.job(1).batch is None
    assert [job.id for job in bench.answer(bench.service.batch(2))] == [2, 3]


def test_a_paused_queue_claims_nothing_even_after_a_restart(bench: Bench):
    bench.submit("a.wav")
    bench.answer(bench.service.pause())
    assert bench.claim() is None
    bench.restart()
    assert bench.claim() is None
    bench.answer(bench.service.resume())
    assert bench.claim() is not None


def test_an_impossible_due_time_is_not_waited_for(bench: Bench):
    bench.submit("a.wav")
    bench.now += 10 * 365 * 86_400  # the clock was years ahead …
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN)
    bench.now = 2_000.0  # … and was corrected
    bench.restart()
    assert bench.claim() is not None


def test_a_folder_without_recordings_is_refused(bench: Bench):
    empty = bench.home / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="No audio or video"):
        bench.answer(bench.service.submit([empty]))


def test_each_job_is_claimed_once(bench: Bench):
    bench.submit("a.wav", "b.wav")
    claimed = [bench.claim(), bench.claim(), bench.claim()]
    assert [job and job.id for job in claimed] == [1, 2, None]


def test_a_bad_file_fails_at_once(bench: Bench):
    bench.submit("a.wav")
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BAD_FILE)
    assert (bench.job(1).state, bench.job(1).error) == (JobState.FAILED, BAD_FILE)


def test_a_transient_error_is_retried_three_times_and_then_fails(bench: Bench):
    bench.submit("a.wav")
    waits = []
    while (job := bench.claim()) is not None:
        with bench.service.transaction():
            bench.service.transitions.failed(1, job.claim, BROKEN)
        job = bench.job(1)
        if job.state is JobState.RETRYING:
            waits.append(job.due_at - bench.now)
            assert bench.claim() is None  # not before it is due
            bench.now = job.due_at
    assert [pytest.approx(wait, rel=0.1) for wait in waits] == [60.0, 120.0, 240.0]
    assert (bench.job(1).state, len(bench.job(1).attempts)) == (JobState.FAILED, 4)


def test_a_full_disk_costs_no_attempt(bench: Bench):
    bench.submit("a.wav")
    for _ in range(12):
        job = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.failed(1, job.claim, FULL)
        assert (bench.job(1).state, bench.job(1).charged) == (JobState.RETRYING, 0)
        bench.now = bench.job(1).due_at


def test_a_retry_command_keeps_the_options(bench: Bench):
    options = JobOptions(SpeakerCount(4, 4))
    bench.submit("a.wav", options=options)
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BAD_FILE)
    bench.answer(bench.service.retry([1]))
    again = bench.claim()
    assert (again.options, again.state) == (options, JobState.RUNNING)


def test_a_stale_claim_is_ignored(bench: Bench):
    bench.submit("a.wav")
    old = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.released(1, old.claim)
    new = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.completed(1, old.claim, SUMMARY)
    assert (bench.job(1).state, bench.job(1).claim) == (JobState.RUNNING, new.claim)


def test_jobs_left_running_by_a_dead_owner_are_requeued_at_no_charge(bench: Bench):
    bench.submit("a.wav")
    bench.claim()
    bench.restart()
    job = bench.job(1)
    assert (job.state, job.charged, job.deliveries) == (JobState.QUEUED, 0, 1)


def test_a_server_that_is_lost_again_and_again_is_named_as_the_cause(bench: Bench):
    bench.submit("a.wav")
    for number in range(8):
        job = bench.claim()
        assert job is not None, number
        with bench.service.transaction():
            bench.service.transitions.released(1, job.claim or "", lost=True)
    job = bench.job(1)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.message == (
        "Contact with the server was lost 8 times while it processed this recording."
    )
    assert job.charged == 0


def test_jobs_that_only_waited_on_the_server_may_be_taken_back_any_number_of_times(bench: Bench):
    bench.submit("a.wav")
    for _ in range(30):
        claimed = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.released(1, claimed.claim or "", lost=True, begun=False)
    assert (bench.job(1).state, bench.job(1).deliveries) == (JobState.QUEUED, 0)


def test_lost_servers_do_not_make_a_job_fail_that_the_program_did_not_survive_once(bench: Bench):
    bench.submit("a.wav")
    for _ in range(7):
        claimed = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.released(1, claimed.claim or "", lost=True)
    bench.claim()
    bench.restart()
    job = bench.job(1)
    assert (job.state, job.deliveries, job.lost) == (JobState.QUEUED, 8, 7)


def test_a_job_that_keeps_killing_the_program_fails(bench: Bench):
    bench.submit("a.wav")
    for _ in range(8):
        assert bench.claim() is not None
        bench.restart()
    assert bench.job(1).state is JobState.FAILED
    assert bench.claim() is None


def test_due_times_survive_a_restart(bench: Bench):
    bench.submit("a.wav")
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN)
    due_at = bench.job(1).due_at
    bench.restart()
    assert bench.job(1).due_at == due_at
    assert bench.service.transitions.store.queue.next_due_at() == pytest.approx(due_at, abs=0.001)


def test_a_waiting_job_is_cancelled_at_once_and_cancelling_twice_does_no_harm(bench: Bench):
    bench.submit("a.wav")
    bench.answer(bench.service.cancel([1]))
    bench.answer(bench.service.cancel([1]))
    assert bench.job(1).state is JobState.CANCELLED
    assert bench.claim() is None


def test_a_job_being_cancelled_is_not_retried_if_its_worker_dies(bench: Bench):
    bench.submit("a.wav")
    job = bench.claim()
    bench.answer(bench.service.cancel([1]))
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN, crashed=True)
    assert bench.job(1).state is JobState.CANCELLED


def test_a_running_job_cannot_be_removed(bench: Bench):
    bench.submit("a.wav")
    bench.claim()
    with pytest.raises(UserError, match="running"):
        bench.answer(bench.service.remove([1]))
    assert bench.job(1).state is JobState.RUNNING


def test_a_refused_command_changes_nothing_and_does_not_affect_others(bench: Bench):
    bench.submit("a.wav", "b.wav")
    refused = bench.service.cancel([1, 99])
    done = bench.service.cancel([2])
    with pytest.raises(UserError, match="no job 99"):
        bench.answer(refused)
    bench.answer(done)
    assert bench.job(1).state is JobState.QUEUED
    assert bench.job(2).state is JobState.CANCELLED
    assert (1, JobState.CANCELLED) not in states(bench)


def test_an_exception_in_a_command_reaches_only_its_caller(bench: Bench):
    bench.submit("a.wav")
    faulty = bench.service._commands.put(lambda: 1 // 0)
    sound = bench.service.cancel([1])
    with pytest.raises(ZeroDivisionError):
        bench.answer(faulty)
    bench.answer(sound)
    assert bench.job(1).state is JobState.CANCELLED


def test_a_failed_transaction_publishes_nothing_and_can_be_repeated(bench: Bench):
    bench.submit("a.wav")
    job = bench.claim()
    published = len(bench.events)
    with pytest.raises(TransientError), bench.service.transaction():
        bench.service.transitions.completed(1, job.claim, SUMMARY)
        raise TransientError(messages.STORE_UNWRITABLE)
    assert len(bench.events) == published
    assert bench.job(1).state is JobState.RUNNING
    with bench.service.transaction():
        bench.service.transitions.completed(1, job.claim, SUMMARY)
    assert bench.job(1).state is JobState.COMPLETED


def test_commands_after_closing_are_refused(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.service.close()
    with pytest.raises(UserError, match="closing"):
        bench.service.cancel([1]).result(120)


def test_callers_are_answered_if_the_store_cannot_be_opened(tmp_path: Path):
    store = JobStore(tmp_path / "store")
    with store.transaction():
        store.rows.cache.set("m:schema", 999)
    store.close()
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    app = App(load({"FI_DESKTOP_HOME": str(tmp_path)}), backend="idle")
    early = app.service.submit([tmp_path / "a.wav"])
    with pytest.raises(UserError, match="newer version"):
        app.start()
    with pytest.raises(UserError):
        early.result(120)
    app.stop()
