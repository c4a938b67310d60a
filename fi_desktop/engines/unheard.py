"""How much sound there is that may be speech and was not taken for it.

A frame counts if it stands out from its surroundings and is about as loud as the speech that was found. What
the detector misses because a recording is soft, far or disturbed shows up here; steady noise does not. Knows
levels alone: a cough counts too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region

# Above the quietest tenth of its block by this at least, below the median of found speech by this at most.
_ABOVE_FLOOR_DB = 8.0
_BELOW_SPEECH_DB = 15.0
_FLOOR_PERCENTILE = 10.0
# Speech fades in and out beyond the borders that are found.
_BORDER_S = 0.2
_QUIETEST = 1e-14


class UnheardSound:
    """Gathers the level of each frame, and compares it with where speech was found."""

    def __init__(self, frame_samples: int, hop_s: float) -> None:
        """frame_samples: samples a frame, which is `hop_s` long."""
        self._frame_samples = frame_samples
        self._hop_s = hop_s
        self._level: list[NDArray[np.float32]] = []
        self._floor: list[float] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Measure float32 (samples,), the next block of the recording, some seconds long."""
        # Differences leave out an offset and most of what lies below voices.
        change = np.diff(block, prepend=block[:1])
        frames = np.pad(change, (0, -len(change) % self._frame_samples)).reshape(-1, self._frame_samples)
        level = 10.0 * np.log10(np.square(frames).mean(axis=1) + np.float32(_QUIETEST))
        self._level.append(level)
        self._floor.append(float(np.percentile(level, _FLOOR_PERCENTILE)))

    def seconds(self, regions: Sequence[Region]) -> float:
        """Return how much sound outside the regions may be speech, seconds; 0 where there are no regions."""
        if not regions:
            return 0.0
        level = np.concatenate(self._level)
        floor = np.repeat(self._floor, [len(part) for part in self._level])
        inside, near = self._marks(regions, len(level), 0.0), self._marks(regions, len(level), _BORDER_S)
        loud = level > np.median(level[inside]) - _BELOW_SPEECH_DB
        return float((loud & (level > floor + _ABOVE_FLOOR_DB) & ~near).sum()) * self._hop_s

    def _marks(self, regions: Sequence[Region], frames: int, border_s: float) -> NDArray[np.bool_]:
        marks = np.zeros(frames, dtype=bool)
        for region in regions:
            start = max(0.0, region.start - border_s)
            marks[int(start / self._hop_s) : int((region.end + border_s) / self._hop_s) + 1] = True
        return marks
