"""Numbers and names as text: times, lengths, sizes, and names that are safe to show.

Times are digits only, so they need no translation.
"""

from __future__ import annotations

from collections.abc import Callable


def clock(seconds: float) -> str:
    """Return "0:07", "12:05" or "1:02:03"; fractions are cut off, as on a player's clock."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def digits(value: float, decimals: int) -> str:
    """Return a number with a decimal point; how numbers are written in English and in Mexico."""
    return f"{value:.{decimals}f}"


def length(seconds: float, number: Callable[[float, int], str] = digits) -> str:
    """Return "0.4 s", "12 s", and from a minute on the clock; `number` writes numbers."""
    if seconds < 59.5:
        return f"{number(seconds, 1 if seconds < 9.95 else 0)} s"
    return clock(round(seconds))


def size(count: int, number: Callable[[float, int], str] = digits) -> str:
    """Return a number of bytes as "412 MB" or "3.1 GB"; `number` writes numbers."""
    if count >= 995_000_000:
        return f"{number(count / 1e9, 1)} GB"
    return f"{number(max(1, round(count / 1e6)), 0)} MB"
