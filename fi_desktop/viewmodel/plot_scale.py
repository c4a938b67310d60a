"""Round numbers for the axes of the monitor's plots. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, log10

_SPANS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
_DAY_S = 86_400
_DAYS = (1, 2, 7, 14, 28, 56, 91, 182, 364)


def top(highest: float, least: float = 0.0) -> float:
    """Return a round number that is not below `highest`, nor below `least`: 1, 2 or 5 by a power of ten."""
    wanted = max(highest, least)
    if wanted <= 0:
        return 1.0
    power = 10.0 ** floor(log10(wanted) + 1e-9)
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted * (1 - 1e-9))


def top_span(longest_s: float) -> float:
    """Return a round length of time that is not below `longest_s`, seconds."""
    return next(
        (float(span) for span in _SPANS_S if span >= longest_s), ceil(longest_s / _DAY_S) * float(_DAY_S)
    )


def tick_step_s(span_s: float, most: int) -> int:
    """Return a round distance of ticks, seconds, so that a span has at most so many."""
    steps = (*_SPANS_S[6:-1], *(days * _DAY_S for days in _DAYS))
    return next((step for step in steps if span_s / step <= most), _DAYS[-1] * _DAY_S)


def ticks(start: float, end: float, step_s: int, offset_s: int) -> Iterator[float]:
    """Yield the moments between that are whole multiples of the step in local time.

    `offset_s`: local time minus UTC, seconds.
    """
    at = ceil((start + offset_s) / step_s) * step_s - offset_s
    while at <= end:
        yield float(at)
        at += step_s
