"""Where a person is in a result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """What is in view.

    Attributes:
        down: how far the list is scrolled, pixels.
        sought: what is in the find bar; None: it is not open.
        scale: pixels a second of the lanes; None: the whole recording is shown.
        across: how far the lanes are scrolled, pixels.
    """

    down: int = 0
    sought: str | None = None
    scale: float | None = None
    across: int = 0
