"""`JobService`: commands, and what happens to jobs."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind, TransientError, UserError
from fi_desktop.core.job import EarlierResult, Job, JobState
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, SpeakerCount, Summary
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved
from fi_desktop.jobs.store import JobStore
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
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


def test_a_known_recording_is_not_queued_twice(bench: Bench):
    for name, content in (("a.wav", b"one"), ("same as a.wav", b"one"), ("b.wav", b"two")):
        (bench.home / name).write_bytes(content)
    paths = [bench.home / name for name in ("a.wav", "same as a.wav", "b.wav")]
    first = bench.answer(bench.service.submit(paths))
    assert first == SubmitResult((1, 2), (1,), (str(paths[1]),))  # the same bytes under two names
    second = bench.answer(bench.service.submit(paths))
    assert second == SubmitResult((), (1, 1, 2), tuple(map(str, paths)))
    assert bench.answer(bench.service.submit(paths, JobOptions(SpeakerCount(3, 3)))).ids == (3, 4)
    assert bench.answer(bench.service.submit(paths, again=True)).ids == (5, 6, 7)


def parts_of_a_recorder(folder: Path, *names: str) -> list[Path]:
    """Write recordings of equal length that begin and end with silence and differ in one byte."""
    paths = [folder / name for name in names]
    for number, path in enumerate(paths):
        path.write_bytes(bytes(100_000) + bytes([number]) + bytes(100_000))
    return paths


def completed_from(bench: Bench, path: Path) -> Job:
    """Complete the next job as a worker does, with the hash of its recording in the result."""
    job = bench.claim()
    folder = bench.service.folders.folder(job.id)
    folder.mkdir(parents=True)
    made_from = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "result.json").write_text(json.dumps({"provenance": {"source_sha256": made_from}}))
    with bench.service.transaction():
        bench.service.transitions.completed(job.id, job.claim, SUMMARY)
    return bench.job(job.id)


def test_recordings_of_equal_length_and_ends_are_distinguished_by_all_their_bytes(bench: Bench):
    nine, half_past, ten = parts_of_a_recorder(bench.home, "0900.wav", "0930.wav", "1000.wav")
    assert bench.answer(bench.service.submit([nine])).ids == (1,)
    assert bench.answer(bench.service.submit([half_past])).ids == (2,)  # the first one is waiting
    completed_from(bench, nine)
    assert bench.claim().id == 2  # the first one is completed, the second one runs
    assert bench.answer(bench.service.submit([ten])).ids == (3,)
    assert bench.answer(bench.service.submit([nine, half_past, ten])).known == (1, 2, 3)


def test_parts_submitted_together_are_distinguished(bench: Bench):
    paths = parts_of_a_recorder(bench.home, "0900.wav", "0930.wav", "1000.wav")
    assert bench.answer(bench.service.submit(paths)).ids == (1, 2, 3)
    assert {job.batch for job in bench.answer(bench.service.jobs())} == {1}


def test_a_deleted_recording_is_known_only_by_its_result(bench: Bench):
    nine, half_past = parts_of_a_recorder(bench.home, "0900.wav", "0930.wav")
    copy = bench.home / "copy of 0900.wav"
    copy.write_bytes(nine.read_bytes())
    bench.answer(bench.service.submit([nine]))
    completed_from(bench, nine)
    nine.unlink()
    assert bench.answer(bench.service.submit([copy])) == SubmitResult((), (1,), (str(copy),))
    assert bench.answer(bench.service.submit([half_past])).ids == (2,)
    bench.answer(bench.service.retry([1]))  # waiting, and its recording can no longer be read
    assert bench.answer(bench.service.submit([copy])).ids == (3,)


def test_another_recording_at_the_path_of_a_completed_one_is_queued(bench: Bench):
    first, second = parts_of_a_recorder(bench.home, "REC001.WAV", "next")
    bench.answer(bench.service.submit([first]))
    completed_from(bench, first)
    assert bench.answer(bench.service.submit([first])).known == (1,)
    second.replace(first)
    assert bench.answer(bench.service.submit([first])).ids == (2,)


def test_options_change_if_another_job_only_looks_the_same(bench: Bench):
    nine, half_past = parts_of_a_recorder(bench.home, "0900.wav", "0930.wav")
    three = JobOptions(SpeakerCount(3, 3))
    bench.answer(bench.service.submit([nine], three))
    bench.answer(bench.service.submit([half_past]))
    assert bench.answer(bench.service.change({2: half_past}, three)) == ChangeResult(changed=(2,))
    assert bench.answer(bench.service.submit([nine, half_past], three)).known == (1, 2)


def test_a_recording_that_failed_or_was_removed_is_queued_again(bench: Bench):
    (bench.home / "a.wav").write_bytes(b"one")
    submit = [bench.home / "a.wav"]
    bench.answer(bench.service.submit(submit))
    job = bench.claim()
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BAD_FILE)
    assert bench.answer(bench.service.submit(submit)).ids == (2,)
    bench.answer(bench.service.purge())
    assert bench.answer(bench.service.submit(submit)).ids == (3,)


def test_a_recording_stays_known_if_a_second_job_for_it_is_cancelled_or_removed(bench: Bench):
    (bench.home / "a.wav").write_bytes(b"one")
    submit = [bench.home / "a.wav"]
    bench.answer(bench.service.submit(submit))
    bench.answer(bench.service.submit(submit, again=True))
    bench.answer(bench.service.cancel([2]))
    assert bench.answer(bench.service.submit(submit)).known == (1,)
    bench.answer(bench.service.remove([2]))
    assert bench.answer(bench.service.submit(submit)).known == (1,)


def test_options_of_waiting_jobs_change_and_duplicates_are_found_by_the_new_ones(bench: Bench):
    for name in ("a.wav", "b.wav"):
        (bench.home / name).write_bytes(name.encode())
    paths = [bench.home / name for name in ("a.wav", "b.wav")]
    first = bench.answer(bench.service.submit(paths))
    running = bench.claim()
    assert running is not None
    three = JobOptions(SpeakerCount(3, 3))
    given = dict(zip(first.ids, paths, strict=True))
    assert bench.answer(bench.service.change(given, three)) == ChangeResult(changed=(2,), started=(1,))
    assert bench.job(1).options == JobOptions()
    assert bench.job(2).options == three
    assert bench.answer(bench.service.submit(paths[1:], three)).known == (2,)
    assert bench.answer(bench.service.submit(paths[1:])).ids == (3,)
    # another job has the same recording and these options
    assert bench.answer(bench.service.change({3: paths[1]}, three)) == ChangeResult(known=(3,))
    bench.answer(bench.service.remove([2]))
    assert bench.answer(bench.service.change({3: paths[1], 2: paths[1]}, three)) == ChangeResult(changed=(3,))
    bench.restart()
    assert bench.job(3).options == three
    assert bench.answer(bench.service.verify()) == []
    assert bench.answer(bench.service.submit(paths[1:])).ids == (4,)


def test_a_finished_job_runs_again_with_other_options_and_keeps_its_result(bench: Bench):
    path = bench.home / "a.wav"
    path.write_bytes(b"a")
    bench.answer(bench.service.submit([path]))
    completed_from(bench, path)
    before, three = bench.job(1), JobOptions(SpeakerCount(3, 3))
    assert bench.answer(bench.service.change({1: path}, three, again=True)) == ChangeResult(changed=(1,))
    job = bench.job(1)
    assert (job.state, job.options, job.summary) == (JobState.QUEUED, three, before.summary)
    assert job.earlier == EarlierResult(before.options, before.fingerprint, before.finished_at)
    assert bench.answer(bench.service.submit([path], three)).known == (1,)
    bench.answer(bench.service.cancel([1]))
    assert bench.job(1) == replace(before, deliveries=0)
    assert bench.answer(bench.service.verify()) == []


def test_a_job_does_not_run_again_with_the_options_of_another_job_for_its_recording(bench: Bench):
    path, three = bench.home / "a.wav", JobOptions(SpeakerCount(3, 3))
    path.write_bytes(b"a")
    bench.answer(bench.service.submit([path]))
    completed_from(bench, path)
    bench.answer(bench.service.submit([path], three))
    assert bench.answer(bench.service.change({1: path}, three, again=True)) == ChangeResult(known=(1,))
    assert bench.job(1).state is JobState.COMPLETED
    bench.claim()
    assert bench.answer(bench.service.change({2: path}, three, again=True)) == ChangeResult(started=(2,))


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
            bench.service.transitions.expire()
        assert len(bench.answer(bench.service.jobs())) == 3
        bench.now += 2
        with bench.service.transaction():
            bench.service.transitions.expire()
        assert [job.id for job in bench.answer(bench.service.jobs())] == left
        bench.service.close()


def test_retention_can_be_changed_while_running(bench: Bench):
    bench.answer(bench.service.cancel(bench.submit("a.wav")))
    bench.now += 100_000
    assert not bench.service.transitions.expires
    bench.answer(bench.service.change_retention(100.0, keep_unseen=False))
    with bench.service.transaction():
        bench.service.transitions.expire()
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
    monkeypatch.setattr("fi_desktop.jobs.transitions._IDS_PER_EXPIRY", 2)
    bench = Bench(tmp_path, keep_s=100.0)
    bench.answer(bench.service.cancel(bench.submit("a.wav", "b.wav", "c.wav", "d.wav", "e.wav")))
    left = []
    for bench.now in (2_000.0, 2_000.0, 2_000.0, 3_000.0):
        with bench.service.transaction():
            all_seen = bench.service.transitions.expire()
        left.append((len(bench.answer(bench.service.jobs())), all_seen))
    assert left == [(3, False), (1, False), (0, True), (0, False)]  # then from the first one again
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


def test_removing_a_job_deletes_its_files_but_not_the_recording(bench: Bench):
    bench.submit("a.wav")
    folder = bench.service.folders.folder(1)
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{}")
    bench.answer(bench.service.cancel([1]))
    bench.answer(bench.service.remove([1]))
    assert bench.answer(bench.service.job(1)) is None
    assert not folder.exists()
    assert (bench.home / "a.wav").exists()
    assert JobRemoved(1) in bench.events


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


def test_files_of_removed_jobs_are_deleted_at_startup(bench: Bench):
    bench.submit("a.wav")
    kept, stray = bench.service.folders.folder(1), bench.service.folders.folder(77)
    for folder in (kept, stray):
        folder.mkdir(parents=True)
    bench.restart()
    assert kept.exists()
    assert not stray.exists()


STAGES = ("audio.s16", "decoded.json", "speech.npz", "turns.json", "words.json", "diarize.begun", ".x.part")


def leave_stages(bench: Bench, job_id: int) -> Path:
    """Write the files that a killed worker leaves, and an earlier result."""
    folder = bench.service.folders.folder(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*STAGES, "result.json"):
        (folder / name).write_text("speech")
    return folder


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def crash(bench: Bench, times: int) -> None:
    for _ in range(times):
        job = bench.claim()
        with bench.service.transaction():
            bench.service.transitions.failed(job.id, job.claim, BROKEN, crashed=True)
        bench.now = bench.job(job.id).due_at or bench.now


@pytest.mark.parametrize("state", JobState)
def test_stage_files_are_deleted_when_a_job_finishes(bench: Bench, state: JobState):
    bench.submit("a.wav")
    folder = leave_stages(bench, 1)
    match state:
        case JobState.QUEUED:
            crash(bench, 1)
        case JobState.RUNNING:
            bench.claim()
        case JobState.RETRYING:
            crash(bench, 2)
        case JobState.FAILED:
            crash(bench, 4)
        case JobState.CANCELLED:  # crashed, and cancelled while waiting
            crash(bench, 2)
            bench.answer(bench.service.cancel([1]))
        case JobState.COMPLETED:
            job = bench.claim()
            with bench.service.transaction():
                bench.service.transitions.completed(1, job.claim, SUMMARY)
    assert bench.job(1).state is state
    assert left(folder) == ({"result.json"} if state.final else {*STAGES, "result.json"})


def test_stage_files_of_a_job_being_cancelled_are_deleted_once_its_worker_is_gone(bench: Bench):
    bench.submit("a.wav")
    job = bench.claim()
    folder = leave_stages(bench, 1)
    bench.answer(bench.service.cancel([1]))
    assert left(folder) == {*STAGES, "result.json"}  # still in use
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN, crashed=True)
    assert left(folder) == {"result.json"}


def test_stage_files_of_finished_jobs_are_deleted_at_startup(bench: Bench):
    bench.submit(*(f"{number}.wav" for number in range(7)))
    bench.answer(bench.service.cancel(range(1, 6)))
    assert bench.claim().id == 6
    bench.answer(bench.service.cancel([6]))  # … by the restart
    folders = [leave_stages(bench, number) for number in range(1, 8)]
    bench.restart()
    bench.answer(bench.service.retry([5]))
    deadline = time.monotonic() + 20
    while left(folders[0]) != {"result.json"}:
        assert time.monotonic() < deadline
        bench.answer(bench.service.paused())
    kept = {*STAGES, "result.json"}
    assert [left(folder) == kept for folder in folders[5:]] == [False, True]
    assert [left(folder) == kept for folder in folders[:4]] == [False] * 4


def test_stage_files_of_a_job_that_was_retried_meanwhile_are_kept(bench: Bench):
    bench.submit("a.wav", "b.wav")
    bench.answer(bench.service.cancel([1, 2]))
    folders = [leave_stages(bench, number) for number in (1, 2)]
    bench.answer(bench.service.retry([1]))
    bench.service._discard([1, 2, 99])  # as the scan found them before
    assert [left(folder) for folder in folders] == [{*STAGES, "result.json"}, {"result.json"}]


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
