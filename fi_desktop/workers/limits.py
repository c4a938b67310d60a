"""How long an attempt may take."""

from __future__ import annotations

from dataclasses import dataclass

from fi_desktop.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits; both grow with the recording, so that a long one is not doomed.

    Attributes:
        soft_s: the worker is asked, at each progress call, to end the attempt after so long.
        hard_s: its process tree is killed after so long.
        factor: … or so many times the recording's length, where that is longer.
    """

    soft_s: float
    hard_s: float
    factor: float

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings name."""
        return cls(settings.soft_limit_s, settings.hard_limit_s, settings.limit_factor)

    def hard_for(self, duration_s: float | None) -> float:
        """Return the hard limit for a recording of this length, seconds; None: not known yet.

        It keeps its distance to the soft limit when both grow.
        """
        distance = self.hard_s / self.soft_s if self.soft_s else 1.0
        return max(self.hard_s, distance * self.factor * (duration_s or 0.0))
