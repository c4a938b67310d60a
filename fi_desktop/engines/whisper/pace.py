"""Progress while nothing is told: the model says nothing between one batch of windows and the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from fi_desktop.engines.base import Progress

_FIRST_GUESS = 0.2  # seconds of work for a second of sound, before anything was measured
_EXPECTED_SHARE = 0.9  # of a stretch, once the time is up that it was expected to take


class Pace:
    """How long a second of sound takes, measured over all that was done so far, from job to job.

    Attributes:
        worked_s, heard_s: seconds of work, and of the sound that it was for.
    """

    def __init__(self) -> None:
        self.worked_s = 0.0
        self.heard_s = 0.0

    def expected_s(self, sound_s: float) -> float:
        """Return how long so much sound will take."""
        return sound_s * (self.worked_s / self.heard_s if self.heard_s else _FIRST_GUESS)


class Course:
    """Progress through one recording: exact where a stretch is done, and by the time that passes inside one.

    It never goes back, and inside a stretch it never stands still nor reaches the stretch's end.
    """

    def __init__(
        self, pace: Pace, total_s: float, progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare. total_s: of all sound; `clock` gives seconds."""
        self._pace = pace
        self._total_s = total_s
        self._progress = progress
        self._clock = clock
        self._done_s = 0.0
        self._begun = clock()
        self._stretch_s = 0.0

    def begin(self, sound_s: float) -> None:
        """Begin a stretch of so much sound."""
        self._begun, self._stretch_s = self._clock(), sound_s

    def tell(self) -> None:
        """Tell the progress as it is now; called over and over inside a stretch."""
        waited = (self._clock() - self._begun) / max(1e-9, self._pace.expected_s(self._stretch_s))
        share = _EXPECTED_SHARE * waited if waited <= 1.0 else 1.0 - (1.0 - _EXPECTED_SHARE) / waited
        self._progress((self._done_s + share * self._stretch_s) / self._total_s)

    def end(self) -> None:
        """End the stretch."""
        self._pace.worked_s += self._clock() - self._begun
        self._pace.heard_s += self._stretch_s
        self._done_s += self._stretch_s
        self._stretch_s = 0.0
        self._progress(self._done_s / self._total_s)
