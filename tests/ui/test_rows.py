"""How far a job is: honest, and never going back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.job import Stage, StageTime
from fi_desktop.jobs.speed import Speeds
from fi_desktop.ui.jobs.rows import eta_s, progressed, row_of
from tests.ui import stories

NOW = 1_000_000.0


def running(transcriber):
    return row_of(stories.claimed(stories.submitted(1, at=NOW - 60, transcriber=transcriber), NOW - 40).job)


@pytest.mark.parametrize(("transcriber", "share"), [("none", 0.83), ("auto", 0.07), ("whisper-small", 0.07)])
def test_words_leave_less_of_the_bar_to_what_comes_before(transcriber, share):
    assert progressed(running(transcriber), Stage.DIARIZE, 0.0).share == pytest.approx(share)


def test_the_time_left_is_not_told_before_it_is_known_whether_words_come():
    row = progressed(running("auto"), Stage.DIARIZE, 1.0)
    assert eta_s(row, NOW) is None
    row = progressed(row, Stage.TRANSCRIBE, 0.25)
    assert eta_s(row, NOW) == pytest.approx(40 / 0.485 * 0.515)
    assert eta_s(progressed(running("whisper-small"), Stage.DIARIZE, 1.0), NOW) is not None
    assert eta_s(progressed(running("none"), Stage.DIARIZE, 0.0), NOW) is not None


def measured(decode_s, speech_s, diarize_s, join_s, duration_s=100.0):
    """What three jobs taught that took so long."""
    speeds = Speeds()
    took = {Stage.DECODE: decode_s, Stage.SPEECH: speech_s, Stage.DIARIZE: diarize_s, Stage.JOIN: join_s}
    stages = tuple(StageTime(stage, took_s) for stage, took_s in took.items())
    for job_id in range(1, 4):
        begun = stories.claimed(stories.submitted(job_id, at=NOW - 900), NOW - 800)
        speeds.learn(stories.completed(begun, NOW - 700, duration_s=duration_s, stages=stages).job)
    return speeds


def test_what_earlier_jobs_took_says_how_far_this_one_is_and_how_long_it_will_take():
    begun = stories.claimed(stories.submitted(9, at=NOW - 60), NOW)
    row = row_of(begun.job, speeds=measured(1.0, 1.0, 7.0, 1.0))
    row = progressed(row, Stage.DIARIZE, 0.0, duration_s=1000.0)
    assert row.share == pytest.approx(0.2)
    assert eta_s(row, NOW) == pytest.approx(80.0)  # at once: of 100 s, a fifth is done
    # it is half as fast as the others were: the further it is, the more that counts
    row = progressed(row, Stage.JOIN, 0.0)
    assert eta_s(row, NOW + 180) == pytest.approx(0.9 * 20.0 + 0.1 * 10.0)


@given(
    st.sampled_from(["auto", "none", "whisper-small"]),
    st.lists(st.tuples(st.sampled_from(Stage), st.floats(0, 1)), max_size=12),
)
def test_progress_never_goes_back_and_ends_at_one(transcriber, news):
    row, seen = running(transcriber), [0.0]
    for stage, fraction in news:
        row = progressed(row, stage, fraction)
        seen.append(row.share)
    assert seen == sorted(seen)
    assert seen[-1] <= 1.0
    assert progressed(row, Stage.JOIN, 1.0).share == pytest.approx(1.0)
