"""Who speaks in which chunk, for a given number of speakers.

Resegmentation only climbs: where it ends depends on where it starts. So it starts from both clusterings, cut
into the wanted number of clusters, and cut into more, which are resegmented and then merged pair by pair, by
evidence, as in Bayesian agglomerative clustering. The second kind of start finds the person who says little.
Which end is best is judged more soberly than it was found: by the ELBO under weaker evidence, which likes
fewer accidents of what was said, and by how well the windows' i-vectors fit one voice each. The ELBO alone
would rather split a lively voice in two than hear a third person's few sentences.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.base import Progress
from fi_desktop.engines.builtin.background import BackgroundModel, Floats, Statistics
from fi_desktop.engines.builtin.chunks import sample_chunks, windows_of_sample
from fi_desktop.engines.builtin.clustering import Clusterings
from fi_desktop.engines.builtin.ivector import discriminant, ivectors, normalise, same_voice_evidence
from fi_desktop.engines.builtin.vbhmm import HmmSettings, Resegmentation, resegment, voice_evidence

# How many clusters more than speakers the trees are cut into; and so many at least, for one start.
_EXTRA_CLUSTERS = (1, 2, 4)
_MANY_CLUSTERS = 10
# Clusters that are merged again need not have come to rest.
_ROUGH_ITERATIONS = 10
_SOBER_EVIDENCE = 0.07
# A longer recording is searched on so much of its speech, and the find resegmented on all: 20 min hold
# everybody who says more than a sentence or two, and the many starts cost the same for an hour as for a day.
_SEARCHED_S = 1200.0
# A chunk that no window of a speaker covers may still be that speaker's: no door is shut at the start.
_DOUBT = 0.01


class Solver:
    """Diarizes one recording's statistics, for any number of speakers."""

    def __init__(
        self,
        model: BackgroundModel,
        statistics: Statistics,
        windows: NDArray[np.int64],
        points: Floats | None = None,
    ) -> None:
        """windows: (windows, 2), chunks; points: their i-vectors after LDA where they are known."""
        self._model = model
        self._statistics = statistics
        self._windows = windows
        self._points = discriminant(model, ivectors(model, statistics, windows)) if points is None else points
        self._clusterings = Clusterings(normalise(model, self._points))

    @property
    def windows(self) -> int:
        """How many windows there are: the most speakers that can be told apart."""
        return len(self._windows)

    def sampled(self, seconds: float) -> Solver:
        """Return a solver of evenly spaced parts of the speech, or this one where there is no more speech."""
        chunks = sample_chunks(len(self._statistics), seconds)
        return self if len(chunks) == len(self._statistics) else self._part(chunks)

    def solve(self, speakers: int, settings: HmmSettings, progress: Progress) -> Resegmentation:
        """Diarize with so many speakers, at most one a window."""
        chunks = sample_chunks(len(self._statistics), _SEARCHED_S)
        if len(chunks) == len(self._statistics):
            return self._search(speakers, settings, progress)
        found = self._part(chunks)._search(speakers, settings, lambda fraction: progress(0.7 * fraction))
        # Rows of zeros: in the first iteration a voice is what was heard in the sample.
        posterior = np.zeros((len(self._statistics), speakers))
        posterior[chunks] = found.posterior
        return resegment(
            self._model,
            self._statistics,
            posterior,
            settings,
            lambda fraction: progress(0.7 + 0.3 * fraction),
        )

    def _part(self, chunks: NDArray[np.int64]) -> Solver:
        rows, windows = windows_of_sample(self._windows, chunks)
        return Solver(self._model, self._statistics.take(chunks), windows, self._points[rows])

    def _search(self, speakers: int, settings: HmmSettings, progress: Progress) -> Resegmentation:
        if speakers == 1:
            whole = np.ones((len(self._statistics), 1))
            return resegment(self._model, self._statistics, whole, settings, progress)
        sizes = dict.fromkeys([speakers, *(speakers + extra for extra in _EXTRA_CLUSTERS), _MANY_CLUSTERS])
        starts = [labels for size in sizes if size >= speakers for labels in self._clusterings.cut(size)]
        found: dict[float, Resegmentation] = {}
        for index, labels in enumerate(starts):
            solution = self._climb(labels, speakers, settings)
            # Many starts end in the same place; its ELBO tells.
            found.setdefault(round(solution.elbo, 2), solution)
            progress((index + 1) / len(starts))
        return max(found.values(), key=self._judge)

    def _climb(self, labels: NDArray[np.int64], speakers: int, settings: HmmSettings) -> Resegmentation:
        clusters = max(int(labels.max()) + 1, speakers)
        posterior = self._first_posterior(labels, clusters)
        if clusters > speakers:
            rough = replace(settings, iterations=_ROUGH_ITERATIONS)
            split = resegment(self._model, self._statistics, posterior, rough, _quiet).posterior
            posterior = self._merge(split, speakers, settings)
        return resegment(self._model, self._statistics, posterior, settings, _quiet)

    def _merge(self, posterior: Floats, speakers: int, settings: HmmSettings) -> Floats:
        """Merge the pair of clusters that loses the least evidence, until so many speakers remain."""
        while posterior.shape[1] > speakers:
            pairs = np.array(list(combinations(range(posterior.shape[1]), 2)))
            joined = posterior[:, pairs[:, 0]] + posterior[:, pairs[:, 1]]
            single = voice_evidence(self._model, self._statistics, posterior, settings)
            gain = voice_evidence(self._model, self._statistics, joined, settings) - single[pairs].sum(axis=1)
            best = int(gain.argmax())
            posterior = np.column_stack([np.delete(posterior, pairs[best], axis=1), joined[:, best]])
        return posterior

    def _judge(self, solution: Resegmentation) -> float:
        sober = HmmSettings(evidence=_SOBER_EVIDENCE)
        frames = resegment(self._model, self._statistics, solution.posterior, sober, _quiet).elbo
        heard = np.cumsum(np.vstack([np.zeros(solution.posterior.shape[1]), solution.posterior]), axis=0)
        labels = (heard[self._windows[:, 1]] - heard[self._windows[:, 0]]).argmax(axis=1)
        chunks = self._windows[:, 1] - self._windows[:, 0]
        return frames + same_voice_evidence(self._model, self._points, labels, chunks)

    def _first_posterior(self, labels: NDArray[np.int64], speakers: int) -> Floats:
        """Spread the windows' labels over their chunks. Returns: (chunks, speakers), rows sum to 1."""
        votes = np.zeros((len(self._statistics) + 1, speakers))
        np.add.at(votes, (self._windows[:, 0], labels), 1.0)
        np.add.at(votes, (self._windows[:, 1], labels), -1.0)
        weights: Floats = np.cumsum(votes, axis=0)[:-1] + _DOUBT
        weights /= weights.sum(axis=1, keepdims=True)
        return weights


def _quiet(_fraction: float) -> None:
    """One climb takes well under a second; the search tells how many are done."""
