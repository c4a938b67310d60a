"""A job's progress and remaining time: plausible, and never moving backwards."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.values import EngineChoice, Stage, StageTime
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.progress import eta_s, keep_progress, progressed, spent_s
from fi_desktop.viewmodel.rows import row_of
from tests.gui import samples

NOW = 1_000_000.0
NO_WORDS, WORDS = EngineChoice("builtin", ""), EngineChoice("builtin", "whisper-small")


def running(transcriber="auto", speeds=None):
    began = samples.claimed(samples.submitted(1, at=NOW - 60, transcriber=transcriber), NOW)
    return row_of(began.job, speeds=speeds)


class Following:
    """A running job that reports progress."""

    def __init__(self, row, speeds=None, *, duration_s=1000.0):
        self.row, self.speeds, self.duration_s = row, speeds or Speeds(), duration_s
        self.chosen = None

    def report(self, stage, fraction, at_s):
        """Report progress at a time after the start, seconds."""
        news = JobProgressed(1, stage, fraction, self.duration_s, self.chosen)
        self.row = progressed(self.row, news, self.speeds, NOW + at_s)
        return self

    def left(self, at_s):
        return eta_s(self.row, NOW + at_s)


def measured(chosen=NO_WORDS, **took):
    """Return speeds from three jobs; seconds per stage for 100 s of audio."""
    speeds = Speeds()
    stages = tuple(StageTime(Stage(stage), took_s) for stage, took_s in took.items())
    for job_id in range(1, 4):
        begun = samples.claimed(samples.submitted(job_id, at=NOW - 900), NOW - 800)
        job = samples.completed(begun, NOW - 700, duration_s=100.0, stages=stages).job
        speeds.learn(replace(job, summary=replace(job.summary, engine=chosen.engine, model=chosen.model)))
    return speeds


@pytest.mark.parametrize(("chosen", "share"), [(NO_WORDS, 0.83), (WORDS, 0.07)])
def test_earlier_stages_take_less_of_the_bar_with_transcription(chosen, share):
    job = Following(running())
    job.chosen = chosen
    assert job.report(Stage.DIARIZE, 0.0, 0).row.share == pytest.approx(share)


def test_no_time_left_before_the_engines_are_known():
    job = Following(running(), measured(decode=1, speech=1, diarize=7, join=1))
    assert job.report(Stage.DECODE, 0.9, 30).left(30) is None
    job.chosen = NO_WORDS
    assert job.report(Stage.SPEECH, 0.0, 31).left(31) == pytest.approx(90.0)


def test_transcribing_jobs_are_not_estimated_from_other_jobs():
    speeds = measured(decode=1, speech=1, diarize=7, join=1)
    job = Following(running(speeds=speeds), speeds)
    job.report(Stage.DECODE, 0.5, 1)
    job.chosen = WORDS
    job.report(Stage.DIARIZE, 1.0, 60)
    assert job.row.share == pytest.approx(0.32)
    assert job.left(60) is None  # no measurements for this model yet
    job.report(Stage.TRANSCRIBE, 0.0, 61)
    assert job.left(70) is None
    job.report(Stage.TRANSCRIBE, 0.25, 81)
    assert job.left(81) == pytest.approx(60.0)


def test_time_left_counts_down_between_reports_and_then_disappears():
    speeds = measured(WORDS, decode=1, speech=1, diarize=1, transcribe=6, join=1)
    job = Following(running(speeds=speeds), speeds)
    job.chosen = WORDS
    job.report(Stage.TRANSCRIBE, 0.0, 30)
    assert [job.left(at_s) for at_s in (30, 40, 60)] == pytest.approx([70.0, 60.0, 40.0])
    assert job.left(70) is None  # no report for longer than expected
    job.report(Stage.TRANSCRIBE, 0.9, 99)
    assert job.left(99) == pytest.approx(0.9 * 69 / 9 + 0.1 * 6.0 + 10.0)
    assert job.left(99 + 30) is None  # never 0:00, and never increasing


@given(st.lists(st.tuples(st.sampled_from(Stage), st.floats(0, 1), st.floats(0, 100)), max_size=12))
def test_time_left_never_increases_between_reports(news):
    speeds = measured(decode=1, speech=1, diarize=7, join=1)
    job, at_s = Following(running(speeds=speeds), speeds), 0.0
    job.chosen = NO_WORDS
    for stage, fraction, later_s in news:
        before = job.left(at_s)
        after = job.left(at_s + later_s)
        assert after is None or (before is not None and 0 < after <= before)
        at_s += later_s
        job.report(stage, fraction, at_s)


def test_own_speed_counts_more_as_a_stage_advances():
    speeds = measured(decode=1, speech=1, diarize=7, join=1)
    job = Following(running(speeds=speeds), speeds)
    job.chosen = NO_WORDS
    job.report(Stage.DIARIZE, 0.0, 20)
    assert (job.row.share, job.left(20)) == (pytest.approx(0.2), pytest.approx(80.0))
    job.report(Stage.DIARIZE, 0.5, 90)  # half the usual speed
    assert job.left(90) == pytest.approx(0.5 * 70 + 0.5 * 35 + 10)


@given(
    st.sampled_from(["auto", "none", "whisper-small"]),
    st.lists(
        st.tuples(st.sampled_from(Stage), st.floats(0, 1), st.sampled_from([None, NO_WORDS, WORDS])),
        max_size=12,
    ),
)
def test_progress_never_decreases_and_ends_at_one(transcriber, news):
    job, seen = Following(running(transcriber)), [0.0]
    for stage, fraction, chosen in news:
        job.chosen = chosen
        seen.append(job.report(stage, fraction, 1).row.share)
    assert seen == sorted(seen)
    assert seen[-1] <= 1.0
    assert job.report(Stage.JOIN, 1.0, 2).row.share == pytest.approx(1.0)


def test_duration_includes_all_attempts_and_waits():
    """25 s, a wait of a minute, and 5 s more count as 91 s."""
    first = samples.claimed(samples.submitted(1, at=NOW), NOW + 10)
    failed = samples.failed(first, NOW + 35, "Trouble.", kind=ErrorKind.BUG, retry_at=NOW + 95)
    assert spent_s(row_of(failed.job), NOW + 40) == pytest.approx(25 + 5)
    due = samples.then(failed, ev.Due(1, NOW + 95))
    second = samples.claimed(due, NOW + 96)
    assert spent_s(row_of(second.job), NOW + 98) == pytest.approx(88)
    done = samples.completed(second, NOW + 101)
    assert spent_s(row_of(done.job), NOW + 500) == pytest.approx(91)
    # a rerun counts separately; cancelling it restores the earlier duration
    again = samples.then(done, ev.RetryAsked(1, NOW + 600, keep_result=True))
    assert spent_s(row_of(again.job, again.event), NOW + 607) == pytest.approx(7)
    third = samples.claimed(again, NOW + 610)
    assert spent_s(row_of(third.job), NOW + 613) == pytest.approx(3)
    cancelled = samples.then(third, ev.Cancelled(1, NOW + 620, third.job.claim))
    assert spent_s(row_of(cancelled.job), NOW + 700) == pytest.approx(5)


def test_time_while_the_program_was_closed_does_not_count():
    first = samples.claimed(samples.submitted(1, at=NOW), NOW + 10)
    released = samples.then(first, ev.Released(1, NOW + 20, first.job.claim))
    second = samples.claimed(released, NOW + 50_000)
    done = samples.completed(second, NOW + 50_005)
    assert spent_s(row_of(done.job), NOW + 60_000) == pytest.approx(15)


def test_duration_of_the_audio_is_kept_while_waiting_for_a_retry():
    job = Following(running(), duration_s=67.0).report(Stage.SPEECH, 0.5, 3).row
    began = samples.claimed(samples.submitted(1, at=NOW - 60), NOW)
    failed = samples.failed(began, NOW + 5, "Trouble.", kind=ErrorKind.BUG, retry_at=NOW + 65)
    waiting = keep_progress(job, row_of(failed.job))
    assert (waiting.duration_s, waiting.share, waiting.stage) == (67.0, 0.0, None)
