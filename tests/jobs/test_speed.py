"""Speeds are learned from earlier jobs."""

from __future__ import annotations

from functools import reduce

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job, apply
from fi_desktop.core.values import EngineChoice, JobOptions, Priority, Stage, StageEnd, StageTime, Summary
from fi_desktop.jobs.speed import GUESS, Speeds, StagePlan

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
    engine: str = "builtin",
    model: str = "",
) -> Job:
    summary = Summary(2, duration_s, engine, model=model)
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


def plan_of(speeds: Speeds, *, engine: str = "builtin", model: str = "", device: str = "cpu") -> StagePlan:
    """Return the plan of an attempt whose engines are chosen."""
    claimed = waiting(JobOptions(), ev.Claimed(1, 1.0, "a", "worker-1", device))
    return speeds.refine(speeds.plan(claimed), EngineChoice(engine, model))


def test_few_measurements_give_the_default_plan():
    speeds = Speeds()
    speeds.learn_all([done(TOOK)] * 2)
    plan = plan_of(speeds)
    assert not plan.measured
    assert plan.work == GUESS[False].work
    assert plan_of(speeds, model="small").work == GUESS[True].work


def test_before_engines_are_chosen_the_plan_has_every_possible_stage(speeds: Speeds):
    plan = speeds.plan(waiting(JobOptions()))
    assert (plan.measured, plan.work) == (False, GUESS[True].work)
    assert speeds.plan(waiting(JobOptions(transcriber="none"))).work == GUESS[False].work
    assert plan.after(Stage.DECODE) is None


def test_speed_is_work_per_second_of_recording(speeds: Speeds):
    plan = plan_of(speeds)
    assert plan.measured
    assert plan.after(Stage.SPEECH) == pytest.approx(0.07)
    assert plan.rate == pytest.approx(0.10)
    assert plan.share(Stage.DIARIZE, 0.5) == pytest.approx(0.6)
    assert plan.share(Stage.JOIN, 1.0) == pytest.approx(1.0)


def test_one_slow_job_changes_nothing_and_the_latest_jobs_count(speeds: Speeds):
    speeds.learn(done(dict.fromkeys(TOOK, 5000.0)))
    assert plan_of(speeds).rate == pytest.approx(0.10)
    speeds.learn_all([done(dict.fromkeys(TOOK, 10.0))] * 20)
    assert plan_of(speeds).rate == pytest.approx(0.40)


def test_each_engine_and_device_has_its_own_speeds(speeds: Speeds):
    assert not plan_of(speeds, engine="pyannote").measured
    assert not plan_of(speeds, device="cuda:0").measured
    speeds.learn_all([done(dict.fromkeys(TOOK, 0.1), device="cuda:1")] * 3)
    assert plan_of(speeds, device="cuda:0").rate == pytest.approx(0.004)


def test_jobs_without_words_do_not_predict_one_with_words(speeds: Speeds):
    assert not plan_of(speeds, model="small").measured
    with_words = TOOK | {Stage.TRANSCRIBE: 30.0}
    speeds.learn_all([done(with_words, JobOptions(), model="small")] * 3)
    assert plan_of(speeds, model="small").rate == pytest.approx(0.40)
    assert not plan_of(speeds, model="large").measured
    assert plan_of(speeds).rate == pytest.approx(0.10)


def test_stages_saved_by_an_earlier_attempt_take_no_time(speeds: Speeds):
    claimed = ev.Claimed(1, 1.0, "a", "worker-1")
    stages = (StageTime(Stage.DECODE, 1.0), StageTime(Stage.SPEECH, 0.5, StageEnd.BROKEN_OFF))
    crashed = ev.Failed(1, 3.0, "a", CRASH, retry_at=3.0, crashed=True, stages=stages)
    again = waiting(JobOptions(), claimed, crashed, ev.Claimed(1, 4.0, "b", "worker-1"))
    plan = speeds.refine(speeds.plan(again), EngineChoice("builtin", ""))
    assert plan.work == pytest.approx(
        {Stage.DECODE: 0, Stage.SPEECH: 0.02, Stage.DIARIZE: 0.06, Stage.JOIN: 0.01}
    )
    # a completed job keeps only its result
    again = waiting(
        JobOptions(transcriber="none"),
        claimed,
        ev.Completed(1, 11.0, "a", Summary(2, 100.0, "builtin"), stages=times(TOOK)),
        ev.RetryAsked(1, 12.0, keep_result=True),
        ev.Claimed(1, 13.0, "b", "worker-1"),
    )
    assert speeds.refine(speeds.plan(again), EngineChoice("builtin", "")).rate == pytest.approx(0.10)
