"""Finds who speaks in which chunk, for a given number of speakers, and how many speakers there are.

Two kinds of evidence name the speaker of a chunk: the cosine between the embedding of what surrounds it and
each voice's (`embedding.py`), which tells voices apart, and the eigenvoices' score of the chunk itself
(`eigenvoices.py`), which finds where a turn ends. A hidden Markov model over the chunks combines them.

The model finds a local optimum, so it starts from clusters of windows: the trees of average, Ward and
centroid linkage, cut into the wanted number of clusters and into more, each improved by spherical k-means.
Those that fit best are tried, and the one whose voices are the most different is used: the best fit alone
would rather split a lively voice in two than find a companion's few sentences.

There is one more speaker as long as no two voices, each pooled from all that is surely its own, are closer
than two people are. Two halves of one voice are closer, but less so if one of them is short. Noise and an
agitated voice bring people and halves nearer to each other; then it counts how much better one more voice
explains all that is said.

Source: the limits were chosen on the parts `tune` and `more` of `tests/bench/consultations.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.builtin.eigenvoices import BackgroundModel, Statistics, eigenvoice_scores
from fi_desktop.engines.builtin.embedding import VoiceEmbedder, unit
from fi_desktop.engines.builtin.features import ROW_S, Floats, Floats32
from fi_desktop.engines.builtin.hmm import forward_backward
from fi_desktop.engines.linkage import centroid_linkage, cut_tree, linkage

MAX_SPEAKERS = 8
MAX_CLUSTERED = 1500

# A longer recording is searched on a sample of its speech, and the voices found there are applied to all of
# it: 20 min include everybody who says more than a sentence or two, and cost the same for an hour and a day.
SEARCHED_S = 1200.0
# Windows to cluster, in chunks: about 1 s, every 0.5 s.
_HALF_WINDOW, _HOP = 5, 5
_SHORTEST_WINDOW_S = 0.6
_FULL_WEIGHT_S = 1.5
# The trees are cut into the number of speakers plus each of these.
_EXTRA_CLUSTERS = (0, 1, 2, 4, 6)
_KMEANS_ROUNDS = 30
# Of the clusterings, this many different ones are tried; equal ones have equal fits to this many digits.
_CANDIDATES, _SAME_FIT = 4, 4
# Evidence is compared with this tolerance, relative, to see that the model has converged.
_TOLERANCE = 1e-5
# A chunk is surely a voice's own from this posterior on, with at most this share of overlap.
_SURE, _CLEAN = 0.8, 0.3
# Windows with more overlap are not clustered.
_MOSTLY_OVERLAP = 0.5
_FEW_CHUNKS = 3


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The parameters of the hidden Markov model.

    Attributes:
        cosine: weight of the cosine.
        eigenvoices: Fa, weight of the eigenvoices' evidence; 0 does without.
        stay: probability that the next chunk keeps the speaker without a new draw.
        rounds: the maximum of iterations.
    """

    cosine: float = 6.0
    eigenvoices: float = 0.2
    stay: float = 0.97
    rounds: int = 10


# Eigenvoices would split one voice in two moods.
_COUNTING = ModelSettings(cosine=10.0, eigenvoices=0.0, rounds=3)


@dataclass(frozen=True, slots=True)
class CountRule:
    """When one more speaker is believed.

    Attributes:
        limit: of the closeness of two voices that both say much.
        drop: how much lower the limit is for a voice of no length.
        fade_s: the length in which this drop shrinks to a third.
        gain_limit, limit_per_gain: with a gain of fit, the limit is at least `gain_limit`, and so much more
            for each unit of it.
        highest: the highest limit.
        shortest_s: the least that a speaker says.
    """

    limit: float = 0.5
    drop: float = 0.2
    fade_s: float = 2.0
    gain_limit: float = 0.3
    limit_per_gain: float = 7.0
    highest: float = 0.65
    shortest_s: float = 1.5

    def limit_for(self, voices: Voices) -> float:
        """Return the closeness from which the closest two are one person."""
        alone = self.limit - self.drop * float(np.exp(-voices.smallest_s / self.fade_s))
        return max(alone, min(self.gain_limit + self.limit_per_gain * voices.gain, self.highest))

    def margin(self, voices: Voices) -> float:
        """Return how far the closest two are from being one person; negative if they are one."""
        if voices.smallest_s < self.shortest_s:
            return -1.0
        return self.limit_for(voices) - voices.closeness

    def believes(self, voices: Voices) -> bool:
        """Return whether these are different people."""
        return self.margin(voices) > 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of each chunk of speech.

    Attributes:
        stretch: (chunks,), ascending; chunks of one number follow each other without a pause.
        rows: (chunks,), their length in rows of 20 ms.
        near: float32 (chunks, 192), embeddings of the windows around them.
        near_s: (chunks,), length of these windows, seconds.
        overlapped: (chunks,), the share during which two people speak.
        statistics: of the eigenvoices.
        sampled: (n,), the chunks that are searched, ascending.
        sums: float32 (n, 1024), for `VoiceEmbedder.embed`.
    """

    stretch: NDArray[np.int64]
    rows: NDArray[np.int64]
    near: Floats32
    near_s: Floats
    overlapped: Floats
    statistics: Statistics
    sampled: NDArray[np.int64]
    sums: Floats32

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """Speakers that were found.

    Attributes:
        posterior: (sampled chunks, speakers), rows sum to 1.
        centroids: float32 (speakers, 192), means of the windows around their own chunks.
        pooled: float32 (speakers, 192), embeddings of all that is surely their own.
        seconds: (speakers,), how much that is.
        gain: how much better the windows fit than with one speaker less, mean cosine; 0 for one speaker.
    """

    posterior: Floats
    centroids: Floats32
    pooled: Floats32
    seconds: Floats
    gain: float

    def __len__(self) -> int:
        return len(self.pooled)

    @property
    def closeness(self) -> float:
        """The largest cosine between two of the pooled voices; -1 for a single voice."""
        if len(self) < 2:
            return -1.0
        return float((self.pooled @ self.pooled.T - 2.0 * np.eye(len(self))).max())

    @property
    def smallest_s(self) -> float:
        """What the one who says the least says, seconds."""
        return float(self.seconds.min())


class VoiceSearch:
    """Searches one recording's evidence for any number of speakers."""

    def __init__(
        self,
        model: BackgroundModel,
        embedder: VoiceEmbedder,
        evidence: Evidence,
        rule: CountRule | None = None,
    ) -> None:
        """model: the eigenvoices; embedder: pools voices; evidence: of at least one chunk."""
        self._model = model
        self._rule = rule or CountRule()
        self._starts: dict[int, tuple[Floats32, float]] = {}
        self._embedder = embedder
        self._evidence = evidence
        chosen = evidence.sampled
        breaks = (np.diff(chosen, prepend=chosen[0] - 1) > 1) | (
            np.diff(evidence.stretch[chosen], prepend=evidence.stretch[chosen[0]]) > 0
        )
        self._stretch = np.cumsum(breaks, dtype=np.int64)
        self._rows = evidence.rows[chosen].astype(np.float64)
        self._near = evidence.near[chosen]
        self._overlapped = evidence.overlapped[chosen]
        self._weight = np.minimum(evidence.near_s[chosen], 1.0) * (self._overlapped < _CLEAN)
        self._statistics = evidence.statistics.take(chosen)
        self._clusters = self._windows()

    @property
    def windows(self) -> int:
        """The number of clustered windows: the most speakers that can be found."""
        return len(self._clusters)

    def run(self, speakers: int, settings: ModelSettings | None = None) -> Voices:
        """Find this number of speakers, at most `windows`, in the sample."""
        if speakers not in self._starts:
            starts = self._clusters.candidates(speakers)
            tried = [self._improve(start, _COUNTING) for start in starts] if len(starts) > 1 else []
            margins = [self._rule.margin(voices) for voices in tried]
            self._starts[speakers] = starts[int(np.argmax(margins)) if margins else 0]
        return self._improve(self._starts[speakers], settings or ModelSettings())

    def _improve(self, start: tuple[Floats32, float], settings: ModelSettings) -> Voices:
        """Run the hidden Markov model from centroids and their fit, until it converges."""
        centroids, fit = start
        speakers, cosine = len(centroids), settings.cosine
        gain = fit - self._clusters.candidates(speakers - 1)[0][1] if speakers > 1 else 0.0
        posterior, _ = forward_backward(cosine * self._cosines(centroids), _equal(speakers), settings.stay)
        previous = -np.inf
        for _ in range(settings.rounds):
            score = cosine * self._cosines(centroids)
            if settings.eigenvoices:
                score += eigenvoice_scores(self._model, self._statistics, posterior, settings.eigenvoices)
            posterior, evidence = forward_backward(score, _equal(speakers), settings.stay)
            if abs(evidence - previous) < _TOLERANCE * abs(evidence):
                break
            previous = evidence
            centroids = self._centroids(posterior, centroids)
        pooled, seconds = self._pool(posterior)
        return Voices(posterior, centroids, pooled, seconds, gain)

    def count(self, maximum: int, progress: Callable[[float], None]) -> tuple[int, dict[int, Voices]]:
        """Find the number of speakers, at most `maximum`; return it, and the voices for every number tried.

        Looks up to two speakers past the best number, because a voice may be split before another is found.
        """
        best, tried = 1, {}
        for speakers in range(2, maximum + 1):
            tried[speakers] = self.run(speakers, _COUNTING)
            if self._rule.believes(tried[speakers]):
                best = speakers
            elif speakers >= best + 2:
                break
            progress(speakers / maximum)
        return best, tried

    def assign(self, voices: Voices) -> Floats:
        """Return who speaks in each chunk of the whole recording, (chunks, speakers); rows sum to 1."""
        everything = self._evidence
        if len(self._rows) == len(everything):
            return voices.posterior
        settings = ModelSettings()
        score = settings.cosine * (everything.near @ voices.centroids.T).astype(np.float64)
        score += eigenvoice_scores(
            self._model, self._statistics, voices.posterior, settings.eigenvoices, everything.statistics
        )
        return forward_backward(score, _equal(len(voices)), settings.stay)[0]

    def _windows(self) -> Clusters:
        """Embed the windows to cluster."""
        low, high = windows_around(self._stretch, np.arange(len(self._rows)), _HALF_WINDOW)
        total = np.concatenate([[0.0], np.cumsum(self._rows)])
        seconds = (total[high] - total[low]) * ROW_S
        clear = (self._overlapped < _MOSTLY_OVERLAP) & (seconds >= _SHORTEST_WINDOW_S)
        chosen = np.flatnonzero(clear & (np.arange(len(clear)) % _HOP == _HOP // 2))
        if len(chosen) < 2 * MAX_SPEAKERS:  # little speech: use all of it
            chosen = np.arange(0, len(clear), 2)
        if len(chosen) > MAX_CLUSTERED:  # the cost is quadratic
            chosen = chosen[np.linspace(0, len(chosen) - 1, MAX_CLUSTERED).astype(np.int64)]
        spans = list(zip(low[chosen], high[chosen], strict=True))
        sums = np.stack([self._evidence.sums[a:b].sum(axis=0, dtype=np.float64) for a, b in spans])
        points = self._embedder.embed(total[high[chosen]] - total[low[chosen]], sums)
        return Clusters(points, np.minimum(seconds[chosen] / _FULL_WEIGHT_S, 1.0))

    def _cosines(self, centroids: Floats32) -> Floats:
        cosines: Floats = (self._near @ centroids.T).astype(np.float64)
        return cosines

    def _centroids(self, posterior: Floats, before: Floats32) -> Floats32:
        """Return the means of the windows that are surely a voice's own; as before for a voice with few."""
        own = np.where(posterior > _SURE, posterior, 0.0) * self._weight[:, None]
        enough = own.sum(axis=0) > _FEW_CHUNKS
        return np.where(enough[:, None], unit(own.T @ self._near), before)

    def _pool(self, posterior: Floats) -> tuple[Floats32, Floats]:
        """Return the embedding of all that is surely each voice's own, and its seconds."""
        rows, sums = [], []
        for share in posterior.T:
            own = (share > _SURE) & (self._overlapped < _CLEAN)
            if own.sum() < _FEW_CHUNKS:
                own = share >= np.sort(share)[-min(_FEW_CHUNKS, len(share))]
            rows.append(self._rows[own].sum())
            sums.append((own.astype(np.float32) @ self._evidence.sums).astype(np.float64))
        return self._embedder.embed(np.array(rows), np.stack(sums)), np.array(rows) * ROW_S


class Clusters:
    """Windows of speech as points, to be clustered into any number of voices."""

    def __init__(self, points: Floats32, weights: Floats) -> None:
        """points: float32 (windows, dimensions), unit length; weights: (windows,)."""
        self._points = points
        self._weights = weights
        self._found: dict[int, list[tuple[Floats32, float]]] = {}
        self._trees: list[Floats] = []
        if len(points) > 1:
            cosine = np.maximum(1.0 - (points @ points.T).astype(np.float64), 0.0)
            # the Euclidean distance of points of unit length is sqrt(2 * cosine distance)
            self._trees = [
                linkage(np.sqrt(2.0 * cosine), "ward"),
                linkage(cosine, "average"),
                centroid_linkage(points, _ignore)[:, :3],
            ]

    def __len__(self) -> int:
        return len(self._points)

    def candidates(self, number: int) -> list[tuple[Floats32, float]]:
        """Return a few sets of centroids and their fits, the mean cosines to the nearest; best fit first.

        number: at most that of the points. A set is float32 (number, dimensions).
        """
        if number not in self._found:
            improved = [self._kmeans(start) for start in self._starts(number)]
            improved = improved or [self._kmeans(self._points[:number])]
            distinct = {round(fit, _SAME_FIT): (centroids, fit) for centroids, fit in improved}
            best = sorted(distinct.values(), key=lambda start: -start[1])
            self._found[number] = best[:_CANDIDATES]
        return self._found[number]

    def _starts(self, number: int) -> Iterator[Floats32]:
        """Yield the centroids of the largest clusters of each tree, cut at several heights."""
        for tree in self._trees:
            for clusters in (number + extra for extra in _EXTRA_CLUSTERS):
                labels = cut_tree(tree, min(clusters, len(self)))
                weight = np.bincount(labels, weights=self._weights)
                if len(weight) >= number:
                    yield self._means(labels, np.argsort(-weight, kind="stable")[:number])

    def _kmeans(self, centroids: Floats32) -> tuple[Floats32, float]:
        """Improve centroids by spherical k-means; return them and their fit."""
        labels = np.full(len(self), -1)
        for _ in range(_KMEANS_ROUNDS):
            nearest = (self._points @ centroids.T).argmax(axis=1)
            if (nearest == labels).all():
                break
            labels = nearest
            used = np.bincount(labels, minlength=len(centroids)) > 0
            means = self._means(labels, np.arange(len(centroids)))
            centroids = np.where(used[:, None], means, centroids)
        return centroids, float(np.average((self._points @ centroids.T).max(axis=1), weights=self._weights))

    def _means(self, labels: NDArray[np.int64], chosen: NDArray[np.int64]) -> Floats32:
        own = (labels == chosen[:, None]) * self._weights
        return unit(own @ self._points)


def windows_around(
    stretch: NDArray[np.int64], chunks: NDArray[np.int64], half: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and one past the last chunk of the window around each of `chunks`.

    A window reaches `half` chunks to both sides, but not beyond its stretch of speech.
    """
    first = np.searchsorted(stretch, stretch[chunks], "left")
    last = np.searchsorted(stretch, stretch[chunks], "right")
    return np.maximum(chunks - half, first), np.minimum(chunks + half + 1, last)


def _equal(speakers: int) -> Floats:
    return np.full(speakers, 1.0 / speakers)


def _ignore(_done: int, _total: int) -> None:
    """Ignore progress: a tree of 1,500 windows takes a quarter of a second."""
