"""How far a job is: honest, and never going back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.job import Stage
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
