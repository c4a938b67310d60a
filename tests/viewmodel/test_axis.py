import pytest

from fi_desktop.viewmodel.axis import lane_tick_step_s, tick_step_s, ticks, top, top_span


@pytest.mark.parametrize(
    ("highest", "edge"), [(0, 1), (1, 1), (3, 5), (9, 10), (10, 10), (11, 20), (0.033, 0.05), (0.0049, 0.005)]
)
def test_axes_end_at_round_numbers(highest, edge):
    assert top(highest) == pytest.approx(edge)


@pytest.mark.parametrize(("longest", "edge"), [(0, 1), (4, 5), (61, 120), (5000, 7200), (200_000, 259_200)])
def test_time_axes_end_at_round_spans(longest, edge):
    assert top_span(longest) == edge


def test_ticks_fall_on_whole_steps_of_local_time():
    assert tick_step_s(3600, 8) == 600
    assert tick_step_s(86_400, 8) == 14_400
    assert tick_step_s(9 * 86_400, 8) == 2 * 86_400
    assert list(ticks(100, 7300, 3600, offset_s=0)) == [3600, 7200]
    assert list(ticks(100, 7300, 3600, offset_s=1800)) == [1800, 5400]


@pytest.mark.parametrize(("scale", "step"), [(240, 0.5), (100, 1), (1, 120), (0.001, 7200)])
def test_lane_ticks_are_round_and_leave_room_for_labels(scale, step):
    assert lane_tick_step_s(scale) == step
