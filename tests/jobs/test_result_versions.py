"""A job that is processed again: what stays, which result is the current one, and what a crash leaves."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path

import pytest

from fi_desktop.core.alignment import segments_of_words
from fi_desktop.core.codec import options_to_json
from fi_desktop.core.errors import ErrorInfo, ErrorKind, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.review import Step, StepKind, check_signature, fingerprint
from fi_desktop.core.revision import Describe
from fi_desktop.core.transcript import Provenance, Transcript, Turn, Word, summarize
from fi_desktop.core.values import JobOptions, ReviewState, SpeakerCount
from fi_desktop.exporters.files import rendered
from fi_desktop.jobs.recovery import open_or_rebuild
from fi_desktop.jobs.review_files import ChosenResult, ReviewOutcome
from fi_desktop.pipeline.stages import write_result
from fi_desktop.rpc.client import decode, encode
from fi_desktop.system.files import RESULT
from fi_desktop.system.result_files import keep_version, use_version, version_of, versions
from tests.jobs.conftest import Bench

GONE = ErrorInfo(ErrorKind.USER, "audio.gone", "The recording is not there any more.")
TWO, THREE = JobOptions(), JobOptions(SpeakerCount(3, 3))
DAY_S = 86_400.0
SHA256 = hashlib.sha256(b"RIFF").hexdigest()
"""Of every recording that `Bench` submits."""


def talk(text: str, options: JobOptions = TWO) -> Transcript:
    made = Provenance(
        "1.0", "builtin", "", options_to_json(options), SHA256, "visit.wav", "2026-11-29T10:00:00+00:00"
    )
    speakers = [f"SPEAKER_{number:02}" for number in range(options.speakers.fixed or 1)]
    words = [
        Word(float(at), at + 0.5, each, 0.9, speaker)
        for at, (each, speaker) in enumerate(zip(f"{text} good day".split(), speakers, strict=False))
    ]
    turns = tuple(Turn(float(at), at + 1.0, speaker) for at, speaker in enumerate(speakers))
    return Transcript(10.0, 2.0, turns, segments_of_words(words), made)


def first_text(result: Transcript) -> str:
    return result.segments[0].text


def write(bench: Bench, job: Job, text: str) -> str:
    """Write a result as a worker does; return its version."""
    folder = bench.service.folders.folder(job.id)
    folder.mkdir(parents=True, exist_ok=True)
    return write_result(folder, talk(text, job.options))


def complete(bench: Bench, text: str) -> Job:
    job = running(bench)
    version = write(bench, job, text)
    with bench.service.transaction():
        summary = summarize(talk(text, job.options), version)
        bench.service.transitions.completed(job.id, job.claim or "", summary)
    return bench.job(job.id)


def running(bench: Bench) -> Job:
    job = bench.claim()
    assert job is not None
    return job


def fail(bench: Bench, job: Job) -> None:
    with bench.service.transaction():
        bench.service.transitions.failed(job.id, job.claim or "", GONE)


def do(bench: Bench, job_id: int, *steps: Step, name: str = RESULT) -> None:
    """Take steps as a window does."""
    stored = bench.service.folders.result(job_id, name)
    before = len(stored.review.steps)
    for step in steps:
        stored.review.add(step)
    outcome = ReviewOutcome.of(stored.review)
    bench.answer(bench.service.add_steps(job_id, stored.version, steps, after=before, outcome=outcome))


def sign(bench: Bench, job_id: int) -> None:
    named = Step(StepKind.EDIT, 5.0, "Ana", (Describe("SPEAKER_00", "María"),))
    do(bench, job_id, named, Step(StepKind.REVIEW, 6.0, "Dra. Robles"))
    signed = fingerprint(bench.service.folders.transcript(job_id))
    do(bench, job_id, Step(StepKind.SIGN, 7.0, "Dra. Robles", sha256=signed))


def again(bench: Bench, job_id: int, options: JobOptions) -> None:
    """Ask for another version with these options."""
    path = Path(bench.job(job_id).path)
    change = bench.answer(bench.service.change({job_id: path}, options, again=True))
    assert change.changed == (job_id,)


def use(bench: Bench, job_id: int, name: str) -> None:
    chosen = ChosenResult.of(bench.service.folders.result(job_id, name))
    bench.answer(bench.service.use_version(job_id, chosen))


@pytest.fixture
def signed(bench: Bench) -> int:
    """A completed job whose result is corrected and signed."""
    (job_id,) = bench.submit("visit.wav")
    complete(bench, "two")
    sign(bench, job_id)
    return job_id


@pytest.fixture
def redone(bench: Bench, signed: int) -> int:
    """The same, processed again with three speakers."""
    again(bench, signed, THREE)
    complete(bench, "three")
    return signed


def consistent(bench: Bench) -> bool:
    return not bench.answer(bench.service.verify())


def test_new_version_leaves_the_signed_one_as_it_was(bench: Bench, redone: int):
    job, folders = bench.job(redone), bench.service.folders
    assert (job.options, job.review, job.people) == (THREE, ReviewState.DRAFT, ())
    facts = folders.version_facts(redone)
    assert [(each.number, each.current, each.review) for each in facts] == [
        (1, False, ReviewState.SIGNED),
        (2, True, ReviewState.DRAFT),
    ]
    assert [each.summary.speakers for each in facts] == [2, 3]
    before = folders.result(redone, facts[0].name).review.current
    assert before.transcript.person("SPEAKER_00").name == "María"
    exported = json.loads(rendered(before, "json"))
    signature = check_signature(exported)
    assert signature is not None
    assert signature.by == "Dra. Robles"


def test_facts_that_are_known_are_not_read_again(bench: Bench, redone: int):
    folders = bench.service.folders
    facts = folders.version_facts(redone)
    for path in folders.folder(redone).glob("review-*.jsonl"):
        path.write_text("damaged\n")
    assert folders.version_facts(redone, facts) == facts
    assert [each.number for each in folders.version_facts(redone)] == [2]  # the damaged one is left out


def test_earlier_version_becomes_the_current_one_with_its_review_and_options(bench: Bench, redone: int):
    bench.now += 60.0
    finished_at = bench.job(redone).finished_at
    use(bench, redone, "result-1.json")
    job, folders = bench.job(redone), bench.service.folders
    assert first_text(folders.transcript(redone)) == "two"
    assert (job.state, job.review, job.people) == (JobState.COMPLETED, ReviewState.SIGNED, ("María",))
    assert job.options == TWO
    assert job.summary is not None
    assert job.summary.speakers == 2
    assert job.finished_at == finished_at  # so that it is not removed sooner
    texts = [first_text(folders.result(redone, name).machine) for name in folders.versions(redone)]
    assert texts == ["two", "three"]
    assert consistent(bench)
    bench.restart()
    assert bench.job(redone) == job
    use(bench, redone, "result-2.json")
    assert first_text(folders.transcript(redone)) == "three"
    assert bench.job(redone).options == THREE
    assert folders.versions(redone) == ["result-1.json", RESULT]


def test_recording_is_known_by_the_options_of_the_version_in_use(bench: Bench, redone: int):
    path = Path(bench.job(redone).path)
    assert bench.answer(bench.service.submit([path], THREE)).known == (redone,)
    use(bench, redone, "result-1.json")
    assert bench.answer(bench.service.submit([path], TWO)).known == (redone,)
    assert bench.answer(bench.service.submit([path], THREE)).known == ()


def test_third_version_keeps_both_when_the_first_is_in_use(bench: Bench, redone: int):
    use(bench, redone, "result-1.json")
    bench.answer(bench.service.retry([redone]))
    complete(bench, "again")
    folders = bench.service.folders
    texts = [first_text(folders.result(redone, name).machine) for name in folders.versions(redone)]
    assert texts == ["two", "three", "again"]
    assert [each.review for each in folders.version_facts(redone)] == [
        ReviewState.SIGNED,
        ReviewState.DRAFT,
        ReviewState.DRAFT,
    ]


def test_corrections_of_a_version_that_is_not_in_use_stay_with_it(bench: Bench, redone: int):
    named = Step(StepKind.EDIT, 9.0, "Ana", (Describe("SPEAKER_01", "Eva"),))
    do(bench, redone, named, name="result-1.json")
    assert (bench.job(redone).review, bench.job(redone).people) == (ReviewState.DRAFT, ())
    use(bench, redone, "result-1.json")
    assert bench.job(redone).people == ("María", "Eva")


@pytest.mark.parametrize("end", ["cancelled while it waits", "cancelled while it runs", "failed"])
def test_run_without_a_result_leaves_everything_as_it_was(bench: Bench, signed: int, end: str):
    before = bench.job(signed)
    bench.now += 60.0
    again(bench, signed, THREE)
    if end == "cancelled while it waits":
        bench.answer(bench.service.cancel([signed]))
    else:
        job = running(bench)
        if end == "failed":
            fail(bench, job)
        else:
            bench.answer(bench.service.cancel([signed]))
            with bench.service.transaction():
                bench.service.transitions.cancelled(job.id, job.claim or "")
    job = bench.job(signed)
    assert (job.review, job.people, job.summary) == (ReviewState.SIGNED, ("María",), before.summary)
    assert bench.service.folders.transcript(signed).person("SPEAKER_00").name == "María"
    assert bench.service.folders.versions(signed) == [RESULT]
    if end == "failed":
        assert (job.state, job.error, job.options) == (JobState.FAILED, GONE, THREE)
        use(bench, signed, RESULT)  # the person settles for it
        job = bench.job(signed)
    assert (job.state, job.options, job.earlier) == (JobState.COMPLETED, TWO, None)
    assert (job.finished_at, job.fingerprint) == (before.finished_at, before.fingerprint)
    assert consistent(bench)


@pytest.mark.parametrize("end", ["killed", "cancelled", "failed"])
def test_result_that_was_written_but_never_reported_does_not_hide_the_corrected_one(
    bench: Bench, signed: int, end: str
):
    again(bench, signed, THREE)
    job = running(bench)
    write(bench, job, "unreported")
    if end == "killed":
        bench.restart()
        assert bench.job(signed).state is JobState.QUEUED
    elif end == "cancelled":
        with bench.service.transaction():
            bench.service.transitions.cancelled(job.id, job.claim or "")
    else:
        fail(bench, job)
    assert first_text(bench.service.folders.transcript(signed)) == "two"
    do(bench, signed, Step(StepKind.EDIT, 9.0, "Ana", (Describe("SPEAKER_01", "Eva"),)))
    assert bench.job(signed).people == ("María", "Eva")


@pytest.mark.parametrize("end", ["killed", "cancelled", "failed"])
def test_result_that_was_never_reported_is_no_version_of_a_job_without_one(bench: Bench, end: str):
    (job_id,) = bench.submit("visit.wav")
    job = running(bench)
    write(bench, job, "unreported")
    if end == "killed":
        bench.restart()
    elif end == "cancelled":
        with bench.service.transaction():
            bench.service.transitions.cancelled(job.id, job.claim or "")
    else:
        fail(bench, job)
    assert bench.service.folders.versions(job_id) == []
    if end != "killed":
        bench.answer(bench.service.retry([job_id]))
    complete(bench, "reported")
    assert bench.service.folders.versions(job_id) == [RESULT]
    assert first_text(bench.service.folders.transcript(job_id)) == "reported"


def test_result_that_a_damaged_record_forgot_stays_if_somebody_worked_on_it(bench: Bench, signed: int):
    folder = bench.service.folders.folder(signed)
    bench.service.folders.drop_unreported(signed)
    assert bench.service.folders.versions(signed) == [RESULT]
    next(folder.glob("review-*.jsonl")).unlink()
    bench.service.folders.drop_unreported(signed)
    assert bench.service.folders.versions(signed) == []


def test_step_taken_between_writing_and_reporting_reaches_the_record(bench: Bench, signed: int):
    stored = bench.service.folders.result(signed)
    again(bench, signed, THREE)
    job = running(bench)
    write(bench, job, "unreported")
    step = Step(StepKind.EDIT, 9.0, "Ana", (Describe("SPEAKER_01", "Eva"),))
    stored.review.add(step)
    after, outcome = len(stored.review.steps) - 1, ReviewOutcome.of(stored.review)
    bench.answer(bench.service.add_steps(signed, stored.version, [step], after=after, outcome=outcome))
    fail(bench, job)
    assert bench.job(signed).people == ("María", "Eva")
    assert bench.service.folders.result(signed).review.steps == stored.review.steps


def test_version_cannot_be_chosen_while_another_is_made(bench: Bench, redone: int):
    again(bench, redone, TWO)
    with pytest.raises(UserError, match="being processed again"):
        use(bench, redone, "result-1.json")
    assert first_text(bench.service.folders.transcript(redone)) == "three"


def test_version_that_is_gone_is_an_error_and_changes_nothing(bench: Bench, redone: int):
    chosen = ChosenResult.of(bench.service.folders.result(redone, "result-1.json"))
    (bench.service.folders.folder(redone) / "result-1.json").unlink()
    before = bench.job(redone)
    with pytest.raises(UserError, match="cannot be found"):
        bench.answer(bench.service.use_version(redone, chosen))
    assert bench.job(redone) == before


def test_versions_go_with_the_job(bench: Bench, redone: int):
    folder = bench.service.folders.folder(redone)
    assert len(list(folder.iterdir())) == 3  # two results, one review
    bench.answer(bench.service.remove([redone]))
    assert not folder.exists()


def test_job_is_kept_from_its_last_run_on_with_all_versions(tmp_path: Path):
    bench = Bench(tmp_path, keep_s=30 * DAY_S)
    (job_id,) = bench.submit("visit.wav")
    complete(bench, "two")
    bench.now += 29 * DAY_S
    again(bench, job_id, THREE)
    complete(bench, "three")
    use(bench, job_id, "result-1.json")
    bench.now += 29 * DAY_S
    with bench.service.transaction():
        bench.service.retention.expire()
    assert len(bench.service.folders.versions(job_id)) == 2
    bench.now += 2 * DAY_S
    with bench.service.transaction():
        bench.service.retention.expire()
    assert not bench.service.folders.folder(job_id).exists()
    bench.service.close()


def test_unseen_new_version_is_not_removed(tmp_path: Path):
    bench = Bench(tmp_path, keep_s=DAY_S, keep_unseen=True)
    (job_id,) = bench.submit("visit.wav")
    complete(bench, "two")
    bench.answer(bench.service.mark_seen([job_id]))
    again(bench, job_id, THREE)
    complete(bench, "three")
    bench.now += 3 * DAY_S
    with bench.service.transaction():
        bench.service.retention.expire()
    assert len(bench.service.folders.versions(job_id)) == 2
    bench.service.close()


def test_record_from_before_versions_had_names_is_still_corrected(bench: Bench):
    (job_id,) = bench.submit("visit.wav")
    job = running(bench)
    write(bench, job, "two")
    with bench.service.transaction():
        bench.service.transitions.completed(job.id, job.claim or "", summarize(talk("two")))
    do(bench, job_id, Step(StepKind.REVIEW, 6.0, "Ana"))
    assert bench.job(job_id).review is ReviewState.REVIEWED


def test_rebuilt_queue_knows_the_current_version_and_how_far_it_is_checked(bench: Bench, redone: int):
    use(bench, redone, "result-1.json")
    version = version_of((bench.service.folders.folder(redone) / RESULT).read_bytes())
    bench.service.transitions.store.close()
    for path in (bench.home / "store").iterdir():
        path.write_bytes(b"damaged")
    store = open_or_rebuild(bench.home / "store", bench.service.folders, now=lambda: bench.now)
    job = store.get(redone)
    assert job is not None
    assert job.summary is not None
    assert job.summary.version == version
    assert (job.review, job.people) == (ReviewState.SIGNED, ("María",))
    store.close()
    bench.service = partial(Bench, bench.home)().service


def test_chosen_result_crosses_to_another_process_as_json(bench: Bench, redone: int):
    chosen = ChosenResult.of(bench.service.folders.result(redone))
    assert decode(ChosenResult, json.loads(json.dumps(encode(chosen)))) == chosen


def test_file_system_without_links_keeps_and_chooses_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_names: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / RESULT).write_bytes(b"one")
    keep_version(tmp_path)
    (tmp_path / RESULT).write_bytes(b"two")
    assert use_version(tmp_path, version_of(b"one"))
    assert [path.read_bytes() for path in versions(tmp_path)] == [b"one", b"two"]
    assert not use_version(tmp_path, version_of(b"three"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result-1.json", "result-2.json", RESULT]
