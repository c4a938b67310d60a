"""Finds who speaks in which chunk, for a given number of speakers, and how many speakers there are.

Resegmentation (`vbhmm.py`) finds a local optimum, so it starts from several clusterings of the windows'
i-vectors: Ward and average-cosine linkage, each cut into the wanted number of clusters and into more, which
are resegmented and then merged pair by pair, by evidence, as in Bayesian agglomerative clustering. Ward
prefers speakers of equal share; average linkage, and merging, find the one who says little.

The best solution is not the one with the highest ELBO, which would rather split a lively voice in two than
find a third person's few sentences. It is selected by the ELBO under weaker acoustic evidence, which
depends less on what was said, plus the evidence that each speaker's i-vectors share a voice.

Source: Ward 1963; Sokal & Michener 1958; for diarization Sell & Garcia-Romero 2014.
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
    ivectors,
    normalize,
    project,
    same_voice_evidence,
)
from fi_desktop.engines.builtin.vbhmm import HmmSettings, Resegmentation, resegment, voice_evidence
from fi_desktop.engines.contracts import Progress
from fi_desktop.engines.linkage import cut_tree, linkage

COUNTED_S = 120.0
MAX_SPEAKERS = 8
MAX_CLUSTERED = 1500

# The trees are cut into the number of speakers plus each of these, and once into many.
_EXTRA_CLUSTERS = (1, 2, 4)
_MANY_CLUSTERS = 10
# Clusters that will be merged need not converge.
_ROUGH_ITERATIONS = 10
_SELECTION_EVIDENCE = 0.07
# A longer recording is searched on a sample of its speech, and the solution resegmented on all of it: 20 min
# include everybody who says more than a sentence or two, and the search costs the same for an hour and a day.
_SEARCHED_S = 1200.0
# A chunk in no window of a speaker may still be that speaker's: the start rules nothing out.
_DOUBT = 0.01


class SpeakerSearch:
    """Searches one recording's statistics for any number of speakers."""

    def __init__(
        self,
        model: BackgroundModel,
        statistics: Statistics,
        windows: NDArray[np.int64],
        points: Floats | None = None,
    ) -> None:
        """windows: (windows, 2), chunks; points: their i-vectors after LDA, if they are known."""
        self._model = model
        self._statistics = statistics
        self._windows = windows
        self._points = project(model, ivectors(model, statistics, windows)) if points is None else points
        self._clusterings = InitialClusterings(normalize(model, self._points))

    @property
    def windows(self) -> int:
        """The number of windows: the most speakers that can be found."""
        return len(self._windows)

    def sampled(self, seconds: float) -> SpeakerSearch:
        """Return the search of an evenly spaced sample, or itself if there is no more speech."""
        chunks = sample_chunks(len(self._statistics), seconds)
        return self if len(chunks) == len(self._statistics) else self._part(chunks)

    def run(self, speakers: int, settings: HmmSettings, progress: Progress) -> Resegmentation:
        """Find who speaks in which chunk; speakers: at most `windows`."""
        chunks = sample_chunks(len(self._statistics), _SEARCHED_S)
        if len(chunks) == len(self._statistics):
            return self._run(speakers, settings, progress)
        found = self._part(chunks)._run(speakers, settings, lambda fraction: progress(0.7 * fraction))
        # Rows of zeros outside the sample: the first iteration estimates the voices from the sample alone.
        posterior = np.zeros((len(self._statistics), speakers))
        posterior[chunks] = found.posterior
        return resegment(
            self._model,
            self._statistics,
            posterior,
            settings,
            lambda fraction: progress(0.7 + 0.3 * fraction),
        )

    def _part(self, chunks: NDArray[np.int64]) -> SpeakerSearch:
        rows, windows = windows_of_sample(self._windows, chunks)
        return SpeakerSearch(self._model, self._statistics.take(chunks), windows, self._points[rows])

    def _run(self, speakers: int, settings: HmmSettings, progress: Progress) -> Resegmentation:
        if speakers == 1:
            whole = np.ones((len(self._statistics), 1))
            return resegment(self._model, self._statistics, whole, settings, progress)
        sizes = dict.fromkeys([speakers, *(speakers + extra for extra in _EXTRA_CLUSTERS), _MANY_CLUSTERS])
        starts = [labels for size in sizes if size >= speakers for labels in self._clusterings.cut(size)]
        found: dict[float, Resegmentation] = {}
        for index, labels in enumerate(starts):
            solution = self._solve(labels, speakers, settings)
            # Many starts reach the same optimum, recognized by its ELBO.
            found.setdefault(round(solution.elbo, 2), solution)
            progress((index + 1) / len(starts))
        return max(found.values(), key=self._score)

    def _solve(self, labels: NDArray[np.int64], speakers: int, settings: HmmSettings) -> Resegmentation:
        clusters = max(int(labels.max()) + 1, speakers)
        posterior = self._first_posterior(labels, clusters)
        if clusters > speakers:
            rough = replace(settings, iterations=_ROUGH_ITERATIONS)
            split = resegment(self._model, self._statistics, posterior, rough, _ignore).posterior
            posterior = self._merge(split, speakers, settings)
        return resegment(self._model, self._statistics, posterior, settings, _ignore)

    def _merge(self, posterior: Floats, speakers: int, settings: HmmSettings) -> Floats:
        """Merge the pair of clusters that loses the least evidence, until `speakers` are left."""
        while posterior.shape[1] > speakers:
            pairs = np.array(list(combinations(range(posterior.shape[1]), 2)))
            joined = posterior[:, pairs[:, 0]] + posterior[:, pairs[:, 1]]
            single = voice_evidence(self._model, self._statistics, posterior, settings)
            gain = voice_evidence(self._model, self._statistics, joined, settings) - single[pairs].sum(axis=1)
            best = int(gain.argmax())
            posterior = np.column_stack([np.delete(posterior, pairs[best], axis=1), joined[:, best]])
        return posterior

    def _score(self, solution: Resegmentation) -> float:
        settings = HmmSettings(evidence=_SELECTION_EVIDENCE)
        elbo = resegment(self._model, self._statistics, solution.posterior, settings, _ignore).elbo
        total = np.cumsum(np.vstack([np.zeros(solution.posterior.shape[1]), solution.posterior]), axis=0)
        labels = (total[self._windows[:, 1]] - total[self._windows[:, 0]]).argmax(axis=1)
        chunks = self._windows[:, 1] - self._windows[:, 0]
        return elbo + same_voice_evidence(self._model, self._points, labels, chunks)

    def _first_posterior(self, labels: NDArray[np.int64], speakers: int) -> Floats:
        """Spread the windows' labels over their chunks. Returns: (chunks, speakers), rows sum to 1."""
        votes = np.zeros((len(self._statistics) + 1, speakers))
        np.add.at(votes, (self._windows[:, 0], labels), 1.0)
        np.add.at(votes, (self._windows[:, 1], labels), -1.0)
        weights: Floats = np.cumsum(votes, axis=0)[:-1] + _DOUBT
        weights /= weights.sum(axis=1, keepdims=True)
        return weights


class InitialClusterings:
    """The Ward and average-cosine trees over one set of windows.

    At most 1,500 evenly spaced windows are clustered (the cost is quadratic); the others join the nearest
    centroid.
    """

    def __init__(self, points: NDArray[np.float64]) -> None:
        """points: (windows, dimensions), unit length."""
        self._points = points
        count = min(len(points), MAX_CLUSTERED)
        self._sample = np.unique(np.linspace(0, len(points) - 1, count).astype(np.int64))
        self._trees: list[NDArray[np.float64]] = []
        if len(self._sample) > 1:
            sample = points[self._sample]
            cosine = np.maximum(1.0 - sample @ sample.T, 0.0)
            # the Euclidean distance of points of unit length is sqrt(2 * cosine distance)
            self._trees = [linkage(np.sqrt(2.0 * cosine), "ward"), linkage(cosine, "average")]

    def cut(self, clusters: int) -> list[NDArray[np.int64]]:
        """Return the labels of all windows for each tree, (windows,) from 0."""
        if not self._trees:
            return [np.zeros(len(self._points), dtype=np.int64)]
        return [self._spread(cut_tree(tree, clusters)) for tree in self._trees]

    def _spread(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        sample = self._points[self._sample]
        centroids = np.stack([sample[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True) + 1e-9
        spread: NDArray[np.int64] = (self._points @ centroids.T).argmax(axis=1)
        spread[self._sample] = labels
        return spread


@dataclass(frozen=True, slots=True)
class CountRule:
    """How much evidence one more speaker needs.

    Attributes:
        gain: the least gain of the ELBO for each added speaker.
        gain_per_second: the least gain for each second of the speaker who says the least.
        shortest_s: the least that a speaker says, seconds.
    """

    gain: float = 5.0
    gain_per_second: float = 0.6
    shortest_s: float = 2.5


def count_speakers(
    search: Callable[[int], Resegmentation], *, minimum: int, maximum: int, rule: CountRule | None = None
) -> tuple[int, dict[int, float]]:
    """Find the number of speakers between two bounds.

    The evidence for one more speaker grows with the amount of speech, because voices drift; on an hour it
    would always find more. So callers search a sample of `COUNTED_S`, whatever the recording's length. The
    count tries up to two speakers past the best number so far, because a second voice may be split before a
    third is found.

    Args:
        search: diarizes the sample with a given number of speakers.
        minimum: the lower bound.
        maximum: the upper bound.
        rule: how much evidence one more speaker needs.

    Returns: the number, and the ELBO of every number that was tried.
    """
    rule = rule or CountRule()
    best = minimum
    reference = search(minimum).elbo
    evidence = {minimum: reference}
    for speakers in range(minimum + 1, maximum + 1):
        found = search(speakers)
        evidence[speakers] = found.elbo
        smallest_s = float(found.posterior.sum(axis=0).min()) * CHUNK_S
        gain = found.elbo - reference
        if (
            gain > rule.gain * (speakers - best)
            and gain > rule.gain_per_second * max(smallest_s, 1.0)
            and smallest_s >= rule.shortest_s
        ):
            best, reference = speakers, found.elbo
        elif speakers >= best + 2:
            break
    return best, evidence


def _ignore(_fraction: float) -> None:
    """Ignore progress: one solution takes well under a second, and the search reports how many are done."""
