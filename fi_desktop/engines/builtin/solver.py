"""Who speaks in which chunk, for a given number of speakers: both first guesses, and the better one by
evidence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.base import Progress
from fi_desktop.engines.builtin.background import BackgroundModel, Statistics
from fi_desktop.engines.builtin.clustering import Clusterings
from fi_desktop.engines.builtin.count import sample_chunks, windows_of_sample
from fi_desktop.engines.builtin.ivector import ivectors, project
from fi_desktop.engines.builtin.vbhmm import HmmSettings, Resegmentation, resegment

# A chunk that no window of a speaker covers is still that speaker's with this weight: no door is shut at the
# start.
_DOUBT = 0.01


class Solver:
    """Diarizes one recording's statistics, for any number of speakers."""

    def __init__(
        self,
        model: BackgroundModel,
        statistics: Statistics,
        windows: NDArray[np.int64],
        points: NDArray[np.float64] | None = None,
    ) -> None:
        """windows: (windows, 2), chunks; points: their projected i-vectors where they are known."""
        self._model = model
        self._statistics = statistics
        self._windows = windows
        self._points = project(model, ivectors(model, statistics, windows)) if points is None else points
        self._clusterings = Clusterings(self._points)

    @property
    def windows(self) -> int:
        """How many windows there are: the most speakers that can be told apart."""
        return len(self._windows)

    def sampled(self) -> Solver:
        """Return a solver of the part of the speech on which the number of speakers is judged."""
        chunks = sample_chunks(len(self._statistics))
        if len(chunks) == len(self._statistics):
            return self
        rows, windows = windows_of_sample(self._windows, chunks)
        return Solver(self._model, self._statistics.take(chunks), windows, self._points[rows])

    def solve(self, speakers: int, settings: HmmSettings, progress: Progress) -> Resegmentation:
        """Diarize with so many speakers, at most one a window."""
        guesses = self._clusterings.cut(speakers) if speakers > 1 else self._clusterings.cut(1)[:1]
        solutions = []
        for index, labels in enumerate(guesses):
            posterior = self._first_posterior(labels, speakers)

            def told(fraction: float, index: int = index) -> None:
                progress((index + fraction) / len(guesses))

            solutions.append(resegment(self._model, self._statistics, posterior, settings, told))
        return max(solutions, key=lambda solution: solution.elbo)

    def _first_posterior(self, labels: NDArray[np.int64], speakers: int) -> NDArray[np.float64]:
        """Spread the windows' labels over their chunks. Returns: (chunks, speakers), rows sum to 1."""
        votes = np.zeros((len(self._statistics) + 1, speakers))
        np.add.at(votes, (self._windows[:, 0], labels), 1.0)
        np.add.at(votes, (self._windows[:, 1], labels), -1.0)
        weights: NDArray[np.float64] = np.cumsum(votes, axis=0)[:-1] + _DOUBT
        weights /= weights.sum(axis=1, keepdims=True)
        return weights
