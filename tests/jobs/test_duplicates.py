"""A recording is known by all its bytes, together with its options."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import EarlierResult, Job, JobState
from fi_desktop.core.values import JobOptions, SpeakerCount, Summary
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
from tests.jobs.conftest import Bench

BAD_FILE = ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty.")
SUMMARY = Summary(2, 30.0, "builtin")


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


def test_the_names_of_all_files_with_the_same_bytes_are_kept(bench: Bench):
    for name in ("a.wav", "b.wav", "c.wav"):
        (bench.home / name).write_bytes(b"one")
    paths = [bench.home / name for name in ("a.wav", "b.wav", "c.wav")]
    bench.answer(bench.service.submit(paths[:2]))
    assert bench.job(1).copies == (str(paths[1]),)
    completed_from(bench, paths[0])
    bench.answer(bench.service.submit(paths))
    bench.answer(bench.service.submit(paths))
    bench.restart()
    assert bench.job(1).copies == (str(paths[1]), str(paths[2]))


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
