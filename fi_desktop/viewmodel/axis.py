"""Round numbers for the axes of lanes and plots."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, log10

_DAY_S = 86_400
_SPANS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, _DAY_S)
_DAYS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
_LANE_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_TICK_GAP_PX = 86  # least distance of labels on the axis of the lanes


def top(highest: float, least: float = 0.0) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `highest` and `least`."""
    wanted = max(highest, least)
    if wanted <= 0:
        return 1.0
    power = 10.0 ** floor(log10(wanted) + 1e-9)
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))


def top_span(longest_s: float) -> float:
    """Return a round time span of at least `longest_s`, seconds."""
    return next(
        (float(span) for span in _SPANS_S if span >= longest_s), ceil(longest_s / _DAY_S) * float(_DAY_S)
    )


def tick_step_s(span_s: float, most: int) -> int:
    """Return a round tick distance, seconds, with which a span has at most `most` ticks."""
    steps = (*_SPANS_S[6:-1], *(days * _DAY_S for days in _DAYS))
    return next((step for step in steps if span_s / step <= most), _DAYS[-1] * _DAY_S)


def lane_tick_step_s(pixels_per_s: float) -> float:
    """Return a round tick distance, seconds, that leaves room for the labels at this scale."""
    steps = (step for step in _LANE_STEPS_S if step * pixels_per_s >= _TICK_GAP_PX)
    return next(steps, _LANE_STEPS_S[-1])


def ticks(start: float, end: float, step_s: int, offset_s: int) -> Iterator[float]:
    """Yield the times from start to end that are multiples of the step in local time.

    Args:
        start: UTC, seconds since the epoch.
        end: the same.
        step_s: the tick distance, seconds.
        offset_s: local time minus UTC, seconds.
    """
    at = ceil((start + offset_s) / step_s) * step_s - offset_s
    while at <= end:
        yield float(at)
        at += step_s
