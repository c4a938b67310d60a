"""A job's folder: its stages are deleted when it finishes, and everything when it is removed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.values import Summary
from fi_desktop.jobs.queue_events import JobRemoved
from tests.jobs.conftest import Bench

BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
SUMMARY = Summary(2, 30.0, "builtin")


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


def test_files_are_gone_once_a_removal_is_answered(bench: Bench):
    bench.submit("a.wav")
    folder = bench.service.folders.folder(1)
    folder.mkdir(parents=True)
    bench.answer(bench.service.cancel([1]))
    removed = bench.service.remove([1])
    there = []
    removed.add_done_callback(lambda _: there.append(folder.exists()))  # on the queue thread, at the answer
    bench.answer(removed)
    assert there == [False]


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
    """Write the files that a killed worker leaves, and a result."""
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
    kept = {
        JobState.RUNNING: {*STAGES, "result.json"},  # it may be about to report it
        JobState.COMPLETED: {"result.json"},
    }
    # nobody reported the result of the others
    assert left(folder) == kept.get(state, set() if state.final else set(STAGES))


def test_stage_files_of_a_job_being_cancelled_are_deleted_once_its_worker_is_gone(bench: Bench):
    bench.submit("a.wav")
    job = bench.claim()
    folder = leave_stages(bench, 1)
    bench.answer(bench.service.cancel([1]))
    assert left(folder) == {*STAGES, "result.json"}  # still in use
    with bench.service.transaction():
        bench.service.transitions.failed(1, job.claim, BROKEN, crashed=True)
    assert left(folder) == set()


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
