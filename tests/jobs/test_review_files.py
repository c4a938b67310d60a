"""Reviews on disk: steps through the service, versions of a result, crashes, and people at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core import events as ev
from fi_desktop.core.alignment import segments_of_words
from fi_desktop.core.codec import event_from_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job
from fi_desktop.core.review import Step, StepKind, canonical, fingerprint
from fi_desktop.core.revision import Assign, Check, Describe, Split, Write
from fi_desktop.core.transcript import Provenance, Role, Transcript, Turn, Word
from fi_desktop.core.values import ReviewState, Summary
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.review_files import ReviewFile, ReviewOutcome, StoredResult, read_result
from fi_desktop.pipeline.stages import write_result
from fi_desktop.rpc.client import decode, encode
from fi_desktop.system.files import RESULT, discard_stages
from fi_desktop.system.result_files import version_of
from tests.jobs.conftest import Bench

MADE = Provenance("1.0", "builtin", "", {}, "00", "visit.wav", "2026-11-29T10:00:00+00:00")


def transcript(*texts: str) -> Transcript:
    words = [
        Word(float(at), at + 0.5, text, 0.5, "SPEAKER_00") for at, text in enumerate(texts or ("Good", "day"))
    ]
    turns = (Turn(0.0, float(len(words)), "SPEAKER_00"),)
    return Transcript(10.0, 2.0, turns, segments_of_words(words), MADE)


def named(name: str, at: float = 5.0) -> Step:
    return Step(StepKind.EDIT, at, "Ana", (Describe("SPEAKER_00", name, Role.PATIENT),))


@pytest.fixture
def finished(bench: Bench) -> int:
    """A completed job with a result."""
    (job_id,) = bench.submit("visit.wav")
    complete(bench, transcript())
    return job_id


def complete(bench: Bench, result: Transcript) -> Job:
    job = bench.claim()
    assert job is not None
    assert job.claim is not None
    folder = bench.service.folders.folder(job.id)
    folder.mkdir(parents=True, exist_ok=True)
    write_result(folder, result)
    with bench.service.transaction():
        bench.service.transitions.completed(job.id, job.claim, Summary(1, 10.0, "builtin"))
    return job


def add(bench: Bench, job_id: int, *steps: Step) -> StoredResult:
    """Take steps as a window does."""
    stored = bench.service.folders.result(job_id)
    before = len(stored.review.steps)
    for step in steps:
        stored.review.add(step)
    outcome = ReviewOutcome.of(stored.review)
    bench.answer(bench.service.add_steps(job_id, stored.version, steps, after=before, outcome=outcome))
    return stored


def test_what_people_did_survives_a_restart(bench: Bench, finished: int):
    written = Step(StepKind.EDIT, 6.0, "Ana", (Write(0, 1, 2, "morning"),))
    stored = add(bench, finished, named("María"), written)
    bench.restart()
    again = bench.service.folders.result(finished)
    assert again.review.steps == stored.review.steps
    assert bench.service.folders.transcript(finished).segments[0].text == "Good morning"
    assert canonical(again.machine) == canonical(transcript())


def test_job_says_how_far_its_result_is_checked_and_who_speaks(bench: Bench, finished: int):
    stored = add(bench, finished, named("María"), Step(StepKind.REVIEW, 6.0, "Dra. Robles"))
    assert bench.job(finished).review is ReviewState.REVIEWED
    assert bench.job(finished).people == ("María", "Patient", "Paciente")
    add(
        bench, finished, Step(StepKind.SIGN, 7.0, "Dra. Robles", sha256=fingerprint(stored.review.transcript))
    )
    bench.restart()
    assert bench.job(finished).review is ReviewState.SIGNED
    add(bench, finished, Step(StepKind.UNDO, 8.0, "Ana"))
    assert bench.job(finished).review is ReviewState.DRAFT
    assert bench.job(finished).people == ()


def test_job_has_the_figures_of_the_corrected_result(bench: Bench):
    (job_id,) = bench.submit("visit.wav")
    complete(bench, transcript(*["word"] * 40))  # each of them as likely wrong as right

    def figures() -> tuple[int, float | None]:
        summary = bench.job(job_id).summary
        assert summary is not None
        return summary.speakers, summary.wrong_share

    def check(first: int, end: int) -> Step:
        return Step(StepKind.EDIT, 6.0, "Ana", (Check(0, first, end),))

    add(bench, job_id, check(0, 20))
    assert figures() == (1, 0.25)
    records = len(bench.service.transitions.store.events(job_id))
    add(bench, job_id, Step(StepKind.EDIT, 6.0, "Ana", (Write(0, 0, 1, "Word"),)))  # was checked before
    assert len(bench.service.transitions.store.events(job_id)) == records
    add(
        bench, job_id, check(20, 40), Step(StepKind.EDIT, 7.0, "Ana", (Split(0, 10), Assign(1, "SPEAKER_01")))
    )
    assert figures() == (2, 0.0)
    bench.restart()
    assert figures() == (2, 0.0)
    assert list(verify(bench.service.transitions.store)) == []
    for _ in range(4):
        add(bench, job_id, Step(StepKind.UNDO, 8.0, "Ana"))
    assert figures() == (1, 0.5)


def test_review_that_an_older_program_recorded_leaves_the_figures():
    old = {"event": "Reviewed", "job_id": 1, "at": 5.0, "state": "reviewed", "by": "Ana", "people": ["María"]}
    event = event_from_json(old)
    assert isinstance(event, ev.Reviewed)
    assert (event.speakers, event.wrong_share) == (None, None)
    summary = Summary(3, 10.0, "builtin", wrong_share=0.1)
    assert ReviewOutcome(event.state, event.people).corrected(summary) is summary


def test_two_people_at_once_do_not_overwrite_each_other(bench: Bench, finished: int):
    first, second = bench.service.folders.result(finished), bench.service.folders.result(finished)
    assert first.version == second.version
    outcome = ReviewOutcome(ReviewState.DRAFT)
    bench.answer(bench.service.add_steps(finished, first.version, [named("María")], after=0, outcome=outcome))
    with pytest.raises(UserError, match="changed somewhere else"):
        bench.answer(
            bench.service.add_steps(finished, second.version, [named("Eva")], after=0, outcome=outcome)
        )
    assert bench.service.folders.result(finished).review.steps == [named("María")]


def test_steps_whose_answer_was_lost_are_not_added_twice(bench: Bench, finished: int):
    stored = bench.service.folders.result(finished)
    outcome = ReviewOutcome(ReviewState.DRAFT)
    steps = [named("María", 5.0), named("Eva", 6.0)]
    for _ in range(2):
        bench.answer(bench.service.add_steps(finished, stored.version, steps, after=0, outcome=outcome))
    assert bench.service.folders.result(finished).review.steps == steps
    with pytest.raises(UserError, match="not saved"):
        bench.answer(bench.service.add_steps(finished, stored.version, steps[:1], after=0, outcome=outcome))
    assert bench.service.folders.result(finished).review.steps == steps


@settings(max_examples=20, deadline=None)  # each step waits for the disk
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), min_size=2, max_size=12))
def test_two_people_lose_nothing_that_was_acknowledged(turns: list[tuple[bool, int]]):
    """Two people edit in any order, each from what they read last; who is refused reads it again."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = ReviewFile(Path(folder), "0" * 16)
        known: dict[bool, list[Step]] = {True: [], False: []}
        acknowledged: list[Step] = []
        for number, (who, count) in enumerate(turns):
            steps = [named(f"{who}", float(100 * number + step)) for step in range(count)]
            try:
                file.append(steps, len(known[who]))
            except UserError:
                assert known[who] != acknowledged
                known[who] = file.read()
                continue
            assert known[who] == acknowledged
            acknowledged += steps
            known[who] = list(acknowledged)
        assert file.read() == acknowledged


def test_new_result_leaves_the_old_one_with_its_review(bench: Bench, finished: int):
    add(bench, finished, named("María"), Step(StepKind.REVIEW, 6.0, "Ana"))
    bench.answer(bench.service.retry([finished]))
    assert bench.service.folders.transcript(finished).person("SPEAKER_00").name == "María"
    complete(bench, transcript("Good", "evening"))
    folders = bench.service.folders
    assert folders.versions(finished) == ["result-1.json", RESULT]
    assert folders.result(finished).review.steps == []
    assert folders.transcript(finished).segments[0].text == "Good evening"
    before = folders.result(finished, "result-1.json").review
    assert before.transcript.person("SPEAKER_00").name == "María"
    assert before.state is ReviewState.REVIEWED
    assert bench.job(finished).review is ReviewState.DRAFT
    assert bench.job(finished).people == ()


def test_step_for_an_older_version_leaves_the_job_as_it_is(bench: Bench, finished: int):
    old = bench.service.folders.result(finished)
    bench.answer(bench.service.retry([finished]))
    complete(bench, transcript("Good", "evening"))
    outcome = ReviewOutcome(ReviewState.REVIEWED, ("María",))
    bench.answer(bench.service.add_steps(finished, old.version, [named("María")], after=0, outcome=outcome))
    assert bench.job(finished).review is ReviewState.DRAFT
    assert bench.service.folders.result(finished, "result-1.json").review.steps == [named("María")]


def test_result_that_was_kept_before_a_crash_is_kept_once(tmp_path: Path):
    for text in ("Good", "Good", "Bad"):  # the second attempt writes the same result again
        write_result(tmp_path, transcript(text))
    write_result(tmp_path, transcript("Fair"))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["result-1.json", "result-2.json", RESULT]
    texts = [read_result(tmp_path / name).machine.segments[0].text for name in names]
    assert texts == ["Good", "Bad", "Fair"]


def test_stages_go_and_reviews_stay(tmp_path: Path):
    write_result(tmp_path, transcript())
    version = version_of((tmp_path / RESULT).read_bytes())
    ReviewFile(tmp_path, version).append([named("María")], 0)
    (tmp_path / "review-notours.jsonl").touch()
    (tmp_path / "words.json").touch()
    discard_stages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {RESULT, f"review-{version}.jsonl"}


@given(st.integers(1, 200), st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_line_that_a_crash_cut_off_is_dropped(cut: int, names: list[str]):
    """Whatever is left of the last line, the steps before it are read, and the next step follows them."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = ReviewFile(Path(folder), "0" * 16)
        kept = [named(name) for name in names]
        file.append(kept, 0)
        (path,) = Path(folder).iterdir()
        size = path.stat().st_size
        file.append([named("María")], len(kept))
        os.truncate(path, min(size + cut, path.stat().st_size - 1))
        assert file.read() == kept
        file.append([named("Eva")], len(kept))
        assert file.read() == [*kept, named("Eva")]


KILLED = """
import sys
from pathlib import Path
from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.revision import Describe
from fi_desktop.jobs.review_files import ReviewFile
file, number = ReviewFile(Path(sys.argv[1]), "0" * 16), 0
while True:
    file.append([Step(StepKind.EDIT, float(number), "Ana", (Describe("SPEAKER_00", "x" * 500),))], number)
    number += 1
    print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_killed_process_leaves_every_step_that_it_acknowledged(tmp_path: Path, acknowledged: int):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == acknowledged:
                break
        process.kill()
        rest = process.stdout.read().split()
    told = int(rest[-1]) if rest else acknowledged
    steps = ReviewFile(tmp_path, "0" * 16).read()
    assert told <= len(steps) <= told + 1
    assert [step.at for step in steps] == [float(number) for number in range(len(steps))]


def test_damaged_review_is_an_error_and_nothing_is_overwritten(bench: Bench, finished: int):
    stored = add(bench, finished, named("María"), named("Eva"))
    path = bench.service.folders.folder(finished) / f"review-{stored.version}.jsonl"
    damaged = path.read_bytes().replace(b'"edit"', b'"odit"', 1)
    path.write_bytes(damaged)
    with pytest.raises((ValueError, KeyError)):
        bench.service.folders.result(finished)
    assert path.read_bytes() == damaged


def test_steps_cross_to_another_process_as_json():
    steps = [named("María"), Step(StepKind.EDIT, 1.5, "Ana", (Write(0, 1, 2, "\u2028 “x”"),))]
    assert decode(list[Step], json.loads(json.dumps(encode(steps)))) == steps
    outcome = ReviewOutcome(ReviewState.SIGNED, ("María",))
    assert decode(ReviewOutcome, json.loads(json.dumps(encode(outcome)))) == outcome


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_reads_a_review(tmp_path: Path):
    ReviewFile(tmp_path, "0" * 16).append([named("María")], 0)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0
