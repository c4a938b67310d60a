import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.audio.timeline import Timeline


def test_consecutive_frames_are_joined():
    timeline = Timeline(start_s=0.0, duration_s=60.0, relative=False)

    assert timeline.gap_before(0.0, 0.0) == 0
    assert timeline.gap_before(1.015, 1.0) == 0
    assert timeline.gap_before(1.985, 2.0) == 0
    assert timeline.gap_before(None, 3.0) == 0


def test_missing_time_becomes_silence():
    timeline = Timeline(start_s=0.0, duration_s=60.0, relative=False)

    assert timeline.gap_before(12.5, 10.0) == 2.5
    assert timeline.gap_before(13.5, 13.5) == 0


@pytest.mark.parametrize(
    ("start_s", "relative", "silence_s"),
    [(0.025, False, 0.0), (2.0, False, 2.0), (2.0, True, 0.0), (5_000.0, False, 0.0), (95_443.7, True, 0.0)],
    ids=["priming", "late track", "transport stream", "cut from a longer one", "clock of a transport stream"],
)
def test_late_start_counts_only_if_the_format_has_absolute_times(start_s, relative, silence_s):
    timeline = Timeline(start_s=start_s, duration_s=60.0, relative=relative)

    assert timeline.gap_before(start_s, 0.0) == silence_s


def test_jump_beyond_the_end_is_ignored():
    timeline = Timeline(start_s=0.0, duration_s=60.0, relative=False)

    assert timeline.gap_before(90_000.0, 10.0) == 0
    assert timeline.gap_before(90_001.0, 11.0) == 0
    assert timeline.gap_before(90_003.0, 12.0) == pytest.approx(1.0)


def test_restarted_clock_is_followed():
    timeline = Timeline(start_s=0.0, duration_s=None, relative=True)

    assert timeline.gap_before(0.0, 50.0) == 0
    assert timeline.gap_before(1.0, 51.0) == 0
    assert timeline.gap_before(3.0, 52.0) == pytest.approx(1.0)


def test_long_pause_within_the_declared_length_becomes_silence():
    timeline = Timeline(start_s=0.0, duration_s=5 * 3600.0, relative=False)

    assert timeline.gap_before(4 * 3600.0, 30.0) == 4 * 3600.0 - 30.0
    assert timeline.jump is None


def test_implausible_jump_is_reported_unless_it_goes_back():
    timeline = Timeline(start_s=0.0, duration_s=None, relative=True)

    assert timeline.gap_before(3 * 3600.0, 30.0) == 0
    assert timeline.jump == (30.0, 3 * 3600.0 - 30.0)
    assert timeline.gap_before(31.0, 31.0) == 0
    assert timeline.jump is None


def test_drift_is_caught_up_and_jitter_ignored():
    trembling, drifting, wrong = (Timeline(start_s=0.0, duration_s=None, relative=False) for _ in range(3))

    for number in range(1_000):
        position_s = 0.02 * number
        assert trembling.gap_before(position_s - 0.3 * (number % 10 > 0), position_s) == 0
        assert not trembling.behind
        assert drifting.gap_before(0.99 * position_s, position_s) == 0
        wrong.gap_before(0.5 * position_s, position_s)
        assert not wrong.behind
    assert drifting.behind

    assert drifting.gap_before(20.0, 20.0) == 0
    assert not drifting.behind


@given(st.lists(st.floats(-1e6, 1e6), max_size=50))
def test_corrupt_timestamps_add_at_most_two_hours_of_silence(timestamps):
    timeline = Timeline(start_s=0.0, duration_s=None, relative=False)
    position_s, silence_s = 0.0, 0.0
    for timestamp_s in timestamps:
        gap_s = timeline.gap_before(timestamp_s, position_s)
        assert gap_s >= 0
        silence_s += gap_s
        position_s += gap_s + 0.02

    assert silence_s <= 7_200.0 + 1e-6
