"""What earlier jobs took says how long the next one will take."""

from __future__ import annotations

from functools import reduce

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job, JobOptions, Priority, Stage, StageEnd, StageTime, Summary, apply
from fi_desktop.jobs.speed import GUESS, Speeds

TOOK = {Stage.DECODE: 1.0, Stage.SPEECH: 2.0, Stage.DIARIZE: 6.0, Stage.JOIN: 1.0}
CRASH = ErrorInfo(ErrorKind.BUG, "worker.crashed", "It crashed.")


def times(took: dict[Stage, float]) -> tuple[StageTime, ...]:
    return tuple(StageTime(stage, took_s) for stage, took_s in took.items())


def waiting(options: JobOptions, *more: ev.JobEvent) -> Job:
    job = reduce(apply, more, apply(None, ev.Submitted(1, 0.0, "/a.wav", options, Priority.NORMAL)))
    assert job is not None
    return job


def done(
    took: dict[Stage, float],
    options: JobOptions = JobOptions(transcriber="none"),  # noqa: B008 - frozen
    *,
    duration_s: float = 100.0,
    device: str = "cpu",
    wrote: str = "",
) -> Job:
    summary = Summary(2, duration_s, "builtin", transcriber=wrote)
    return waiting(
        options,
        ev.Claimed(1, 1.0, "a", "worker-1", device),
        ev.Completed(1, 11.0, "a", summary, stages=times(took)),
    )


@pytest.fixture
def speeds() -> Speeds:
    speeds = Speeds()
    speeds.learn_all([done(TOOK)] * 3)
    return speeds


def test_a_machine_on_which_little_was_measured_is_guessed_at():
    speeds, options = Speeds(), JobOptions(transcriber="none")
    speeds.learn_all([done(TOOK)] * 2)
    plan = speeds.plan(waiting(options))
    assert not plan.measured
    assert plan == GUESS[False]


def test_speed_is_work_a_second_of_the_recording(speeds: Speeds):
    plan = speeds.plan(waiting(JobOptions(transcriber="none")))
    assert plan.measured
    assert plan.rate == pytest.approx(0.10)
    assert plan.share(Stage.DIARIZE, 0.5) == pytest.approx(0.6)
    assert plan.share(Stage.JOIN, 1.0) == pytest.approx(1.0)


def test_one_slow_job_does_not_spoil_it_and_the_latest_count(speeds: Speeds):
    speeds.learn(done(dict.fromkeys(TOOK, 5000.0)))
    assert speeds.plan(waiting(JobOptions(transcriber="none"))).rate == pytest.approx(0.10)
    speeds.learn_all([done(dict.fromkeys(TOOK, 10.0))] * 20)
    assert speeds.plan(waiting(JobOptions(transcriber="none"))).rate == pytest.approx(0.40)


def test_engine_and_device_have_speeds_of_their_own(speeds: Speeds):
    none = JobOptions(transcriber="none")
    assert speeds.plan(waiting(JobOptions(engine="builtin", transcriber="none"))).measured  # what "auto" took
    assert not speeds.plan(waiting(JobOptions(engine="pyannote", transcriber="none"))).measured
    on_gpu = waiting(none, ev.Claimed(1, 1.0, "a", "worker-1", "cuda:0"))
    assert not speeds.plan(on_gpu).measured
    speeds.learn_all([done(dict.fromkeys(TOOK, 0.1), device="cuda:1")] * 3)
    assert speeds.plan(on_gpu).rate == pytest.approx(0.004)


def test_whether_words_come_is_learnt(speeds: Speeds):
    assert speeds.transcribes(JobOptions()) is None
    speeds.learn(done(TOOK, JobOptions()))
    assert speeds.transcribes(JobOptions()) is False
    speeds.learn(done(TOOK | {Stage.TRANSCRIBE: 30.0}, JobOptions(), wrote="whisper"))
    assert speeds.transcribes(JobOptions()) is True


def test_what_an_earlier_attempt_saved_takes_no_time(speeds: Speeds):
    begun = ev.Claimed(1, 1.0, "a", "worker-1")
    told = (StageTime(Stage.DECODE, 1.0), StageTime(Stage.SPEECH, 0.5, StageEnd.BROKEN_OFF))
    crashed = ev.Failed(1, 3.0, "a", CRASH, retry_at=3.0, crashed=True, stages=told)
    plan = speeds.plan(waiting(JobOptions(transcriber="none"), begun, crashed))
    assert plan.work == pytest.approx(
        {Stage.DECODE: 0, Stage.SPEECH: 0.02, Stage.DIARIZE: 0.06, Stage.JOIN: 0.01}
    )
    # nothing but the result is kept of a job that is done
    again = waiting(
        JobOptions(transcriber="none"),
        begun,
        ev.Completed(1, 11.0, "a", Summary(2, 100.0, "builtin"), stages=times(TOOK)),
        ev.RetryAsked(1, 12.0),
    )
    assert speeds.plan(again).rate == pytest.approx(0.10)
