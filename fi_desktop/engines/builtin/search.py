"""Who speaks in which chunk, for a given number of speakers.

Resegmentation only climbs: where it ends depends on where it starts. So it starts from both clusterings, cut
into the wanted number of clusters, and cut into more, which are resegmented and then merged pair by pair, by
evidence, as in Bayesian agglomerative clustering. The second kind of start finds the person who says little.
Which end is best is judged more soberly than it was found: by the ELBO under weaker evidence, which likes
fewer accidents of what was said, and by how well the windows' i-vectors fit one voice each. The ELBO alone
would rather split a lively voice in two than hear a third person's few sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.builtin.features import CHUNK_S, sample_chunks, windows_of_sample
from fi_desktop.engines.builtin.ivector import (
    BackgroundModel,
    Floats,
    Statistics,
    discriminant,
    ivectors,
    normalise,
    same_voice_evidence,
)
from fi_desktop.engines.builtin.vbhmm import HmmSettings, Resegmentation, resegment, voice_evidence
from fi_desktop.engines.contracts import Progress
from fi_desktop.engines.linkage import cut, grow

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


# Two first guesses of who speaks in which window.
#
# Ward and average-cosine clustering fail on different recordings: Ward likes speakers of equal share,
# average linkage finds the one who says little. Both are tried, and resegmentation tells which was right.
# At most 1,500 evenly spaced windows are clustered (the cost is quadratic); the others join the nearest
# centroid. Source: Ward 1963; Sokal & Michener 1958; for diarization Sell & Garcia-Romero 2014.

MAX_CLUSTERED = 1500


class Clusterings:
    """The trees over one set of windows; cut as often as a count of speakers is tried."""

    def __init__(self, points: NDArray[np.float64]) -> None:
        """points: (windows, dimensions), unit length."""
        self._points = points
        count = min(len(points), MAX_CLUSTERED)
        self._sample = np.unique(np.linspace(0, len(points) - 1, count).astype(np.int64))
        self._trees: list[NDArray[np.float64]] = []
        if len(self._sample) > 1:
            sample = points[self._sample]
            cosine = np.maximum(1.0 - sample @ sample.T, 0.0)
            # of points of unit length
            self._trees = [grow(np.sqrt(2.0 * cosine), "ward"), grow(cosine, "average")]

    def cut(self, speakers: int) -> list[NDArray[np.int64]]:
        """Return the labels of all windows, (windows,) of 0 .. speakers-1, for each tree."""
        if not self._trees:
            return [np.zeros(len(self._points), dtype=np.int64)]
        return [self._spread(cut(tree, speakers)) for tree in self._trees]

    def _spread(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        sample = self._points[self._sample]
        centroids = np.stack([sample[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True) + 1e-9
        spread: NDArray[np.int64] = (self._points @ centroids.T).argmax(axis=1)
        spread[self._sample] = labels
        return spread


# How many speakers there are.
#
# The evidence for one more speaker grows with the amount of speech, because a voice drifts: on an hour it
# would always find more. So it is asked for on at most 120 s of speech, in evenly spaced blocks, whatever
# the recording's length.

COUNTED_S = 120.0
MAX_SPEAKERS = 8

Solve = Callable[[int], Resegmentation]


@dataclass(frozen=True, slots=True)
class CountRule:
    """When one more speaker is believed.

    Attributes:
        gain: the least gain of the ELBO for each speaker added.
        gain_per_second: the least gain for each second that the smallest speaker says.
        shortest_s: the least that a speaker says, seconds.
    """

    gain: float = 5.0
    gain_per_second: float = 0.6
    shortest_s: float = 2.5


def count_speakers(
    solve: Solve, *, minimum: int, maximum: int, rule: CountRule | None = None
) -> tuple[int, dict[int, float]]:
    """Find the number of speakers between two bounds.

    solve: diarizes the sample with a given number of speakers. Looks two speakers past the best number so
    far, because a second voice may be split before a third is found.
    Returns: the number, and the ELBO of every number that was tried.
    """
    rule = rule or CountRule()
    best = minimum
    reference = solve(minimum).elbo
    evidence = {minimum: reference}
    for speakers in range(minimum + 1, maximum + 1):
        tried = solve(speakers)
        evidence[speakers] = tried.elbo
        smallest_s = float(tried.posterior.sum(axis=0).min()) * CHUNK_S
        gain = tried.elbo - reference
        if (
            gain > rule.gain * (speakers - best)
            and gain > rule.gain_per_second * max(smallest_s, 1.0)
            and smallest_s >= rule.shortest_s
        ):
            best, reference = speakers, tried.elbo
        elif speakers >= best + 2:
            break
    return best, evidence
