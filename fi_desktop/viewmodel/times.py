"""Times as people read them. Figures only, so that they need no translation and keep their width."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Return "0:07", "12:05" or "1:02:03"."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def precise(seconds: float) -> str:
    """Return the time with tenths of a second: "0:07.4"."""
    tenths = max(0, round(seconds * 10))
    return f"{clock(tenths // 10)}.{tenths % 10}"


def left(seconds: float) -> str:
    """Return a time left as a clock shows it: never nothing while something is left."""
    return f"≈ {clock(max(1.0, seconds + 0.5))}"
