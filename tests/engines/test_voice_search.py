"""The search for voices, on points whose number and assignment are known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest

from fi_desktop.engines.builtin import search
from fi_desktop.engines.builtin.eigenvoices import BackgroundModel, Statistics
from fi_desktop.engines.builtin.embedding import VoiceEmbedder, unit
from fi_desktop.engines.builtin.search import (
    MAX_CLUSTERED,
    Clusters,
    CountRule,
    Evidence,
    Voices,
    VoiceSearch,
    windows_around,
)

from .conftest import NETWORKS_DIR, ignore

SPREAD = 0.05  # of each of the 192 dimensions; the points of one voice have a cosine of about 0.67


class PointEmbedder(VoiceEmbedder):
    """Pools points themselves: no recording has voices that lie where a test wants them."""

    def embed(self, count: np.ndarray, sums: np.ndarray) -> np.ndarray:
        return unit(sums[:, :192])


@pytest.fixture(scope="module")
def points() -> PointEmbedder:
    return PointEmbedder(NETWORKS_DIR)


def voices_of(number: int, *, seed: int = 1) -> np.ndarray:
    """Draw voices: random directions are almost orthogonal, as the voices of different people are."""
    return unit(np.random.default_rng(seed).normal(size=(number, 192)))


def evidence_of(
    turns: list[tuple[int, float]], voices: np.ndarray, *, overlapped: np.ndarray | None = None, seed: int = 2
) -> tuple[Evidence, np.ndarray]:
    """Return the evidence of turns, (speaker, seconds) with pauses between, and who speaks in each chunk."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.full(round(seconds * 10), speaker) for speaker, seconds in turns])
    stretch = np.concatenate([np.full(round(seconds * 10), at) for at, (_, seconds) in enumerate(turns)])
    count = len(truth)
    own = voices[truth] + rng.normal(size=(count, 192)) * SPREAD
    rows = np.full(count, 5)
    low, high = windows_around(stretch, np.arange(count), 4)
    running = np.concatenate([np.zeros((1, 192)), np.cumsum(own, axis=0)])
    sums = np.zeros((count, 1024), dtype=np.float32)
    sums[:, :192] = own * rows[:, None]
    return Evidence(
        stretch=stretch,
        rows=rows,
        near=unit(running[high] - running[low]),
        near_s=(high - low) * 0.1,
        overlapped=np.zeros(count) if overlapped is None else overlapped,
        statistics=Statistics(
            np.zeros((count, 128), dtype=np.float32), np.zeros((count, 60), dtype=np.float32)
        ),
        sampled=np.arange(count),
        sums=sums,
    ), truth


def conversation(speakers: int, *, turns: int = 24) -> list[tuple[int, float]]:
    """Return turns of 1.2 to 4 s, everybody in turn."""
    rng = np.random.default_rng(speakers)
    return [(turn % speakers, float(rng.uniform(1.2, 4.0))) for turn in range(turns)]


def wrong_share(posterior: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of chunks with a wrong speaker, for the best naming of the speakers."""
    found, names = posterior.argmax(axis=1), posterior.shape[1]
    return min(float((np.array(order)[found] != truth).mean()) for order in permutations(range(names)))


@pytest.mark.parametrize("speakers", [1, 2, 3, 4, 6])
def test_number_and_speakers_of_known_points_are_found(
    model: BackgroundModel, points: PointEmbedder, speakers: int
) -> None:
    evidence, truth = evidence_of(conversation(speakers), voices_of(speakers))
    found = VoiceSearch(model, points, evidence)
    number, tried = found.count(8, ignore)
    assert number == speakers
    assert max(tried) == min(8, speakers + 2)
    voices = found.run(number)
    assert wrong_share(voices.posterior, truth) < 0.01
    assert voices.posterior.sum(axis=1) == pytest.approx(np.ones(len(truth)))
    assert (found.assign(voices) == voices.posterior).all()
    spoken = np.sort(np.bincount(truth) * 0.1)
    assert np.sort(voices.seconds) == pytest.approx(spoken, abs=0.5)
    assert voices.smallest_s == voices.seconds.min()
    assert voices.closeness < 0.35


def test_any_number_can_be_asked_for(model: BackgroundModel, points: PointEmbedder) -> None:
    evidence, _ = evidence_of(conversation(2), voices_of(2))
    found = VoiceSearch(model, points, evidence)
    for number in (1, 3, 5):
        voices = found.run(number)
        assert len(voices) == number
        assert voices.posterior.shape[1] == number
        assert np.isfinite(voices.posterior).all()
        assert np.isfinite(voices.pooled).all()
    assert found.run(1).closeness == -1.0
    assert found.run(3).closeness > 0.7  # one voice in two


def test_voices_as_close_as_two_people_are_two_and_closer_ones_are_one(
    model: BackgroundModel, points: PointEmbedder
) -> None:
    for cosine, number in ((0.4, 2), (0.8, 1)):
        first, other = voices_of(2, seed=3)
        other = unit(other - (other @ first) * first)
        pair = np.stack([first, unit(cosine * first + np.sqrt(1 - cosine**2) * other)])
        evidence, _ = evidence_of(conversation(2), pair)
        assert VoiceSearch(model, points, evidence).count(8, ignore)[0] == number


@dataclass(frozen=True, slots=True)
class BelievesNumbers(CountRule):
    """Believes some numbers of speakers, whatever their voices."""

    numbers: tuple[int, ...] = ()

    def believes(self, voices: Voices) -> bool:
        return len(voices) in self.numbers


@pytest.mark.parametrize(
    ("numbers", "maximum", "best", "last"),
    [((3,), 8, 3, 5), ((4,), 8, 1, 3), ((2, 4, 6), 8, 6, 8), ((2, 3, 4, 5, 6, 7, 8), 8, 8, 8), ((), 1, 1, 1)],
)
def test_count_looks_two_past_the_best_number(
    model: BackgroundModel,
    points: PointEmbedder,
    numbers: tuple[int, ...],
    maximum: int,
    best: int,
    last: int,
) -> None:
    evidence, _ = evidence_of(conversation(2, turns=8), voices_of(2))
    rule = BelievesNumbers(numbers=numbers)
    found, tried = VoiceSearch(model, points, evidence, rule).count(maximum, ignore)
    assert found == best
    assert list(tried) == list(range(2, last + 1))


@pytest.mark.parametrize(("seconds", "number"), [(0.8, 2), (6.0, 3)])
def test_a_speaker_of_a_moment_is_no_speaker(
    model: BackgroundModel, points: PointEmbedder, seconds: float, number: int
) -> None:
    turns = [*conversation(2), (2, seconds), (0, 3.0)]
    evidence, _ = evidence_of(turns, voices_of(3))
    assert VoiceSearch(model, points, evidence).count(8, ignore)[0] == number


def pair(closeness: float, smallest_s: float, gain: float = 0.0) -> Voices:
    pooled = np.array([[1.0, 0.0], [closeness, np.sqrt(1.0 - closeness**2)]], dtype=np.float32)
    return Voices(np.full((10, 2), 0.5), pooled, pooled, np.array([30.0, smallest_s]), gain)


def test_rule_asks_for_more_distance_from_a_short_voice() -> None:
    rule = CountRule()
    limits = [rule.limit_for(pair(0.0, seconds)) for seconds in (0.0, 2.0, 20.0)]
    assert limits == sorted(limits)
    assert limits[-1] == pytest.approx(rule.limit, abs=0.001)
    assert rule.believes(pair(0.0, 30.0))
    assert not rule.believes(pair(0.0, 0.3))
    assert not rule.believes(pair(1.0, 30.0))


def test_rule_bears_closer_voices_that_explain_much_more() -> None:
    rule = CountRule()
    assert not rule.believes(pair(0.6, 30.0, gain=0.02))
    assert rule.believes(pair(0.6, 30.0, gain=0.05))
    assert not rule.believes(pair(0.75, 30.0, gain=0.2))


def test_a_companion_is_found_despite_a_lively_voice(model: BackgroundModel, points: PointEmbedder) -> None:
    # two moods of the first voice fit better as two voices than the companion's 4 s do
    first, second, companion = voices_of(3)
    mood = unit(first + 0.6 * voices_of(4)[3])
    turns = [(turn % 2 * (1 + turn // 2 % 2), 6.0) for turn in range(40)] + [(3, 4.0)]
    evidence, truth = evidence_of(turns, np.stack([second, first, mood, companion]))
    people = np.array([0, 1, 1, 2])[truth]
    found = VoiceSearch(model, points, evidence).run(3)
    assert wrong_share(found.posterior, people) < 0.01


def test_overlapped_chunks_are_in_no_voice(model: BackgroundModel, points: PointEmbedder) -> None:
    turns = conversation(2)
    chunks = sum(round(seconds * 10) for _, seconds in turns)
    overlapped = (np.arange(chunks) % 80 < 10).astype(float)
    voices = voices_of(3)
    evidence, truth = evidence_of(turns, voices, overlapped=overlapped)
    evidence.sums[overlapped > 0, :192] += 15 * voices[2]  # three times as loud as the first speaker
    found = VoiceSearch(model, points, evidence).run(2)
    assert wrong_share(found.posterior, truth) < 0.01
    assert (found.pooled @ voices[2]).max() < 0.1
    assert found.seconds.sum() == pytest.approx((overlapped == 0).sum() * 0.1, abs=1.0)


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.5, 1.0])
def test_a_moment_of_speech_is_searched(
    model: BackgroundModel, points: PointEmbedder, seconds: float
) -> None:
    evidence, _ = evidence_of([(0, seconds)], voices_of(1))
    found = VoiceSearch(model, points, evidence)
    assert 1 <= found.windows <= round(seconds * 10)
    for number in range(1, found.windows + 1):
        voices = found.run(number)
        assert np.isfinite(voices.pooled).all()
        assert voices.posterior.shape == (round(seconds * 10), number)


def test_speech_of_overlap_alone_is_searched(model: BackgroundModel, points: PointEmbedder) -> None:
    evidence, _ = evidence_of([(0, 3.0)], voices_of(1), overlapped=np.ones(30))
    assert np.isfinite(VoiceSearch(model, points, evidence).run(2).pooled).all()


def test_clustered_windows_are_bounded(
    model: BackgroundModel, points: PointEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    clustered = Clusters.__init__

    def few(self: Clusters, windows: np.ndarray, weights: np.ndarray) -> None:
        sizes.append(len(windows))
        clustered(self, windows[::50], weights[::50])

    monkeypatch.setattr(search.Clusters, "__init__", few)
    evidence, _ = evidence_of(conversation(2, turns=400), voices_of(2))
    assert len(evidence) > 5 * MAX_CLUSTERED
    VoiceSearch(model, points, evidence)
    assert sizes == [MAX_CLUSTERED]


def test_voices_of_a_sample_are_found_in_the_whole(model: BackgroundModel, points: PointEmbedder) -> None:
    evidence, truth = evidence_of(conversation(2, turns=80), voices_of(2))
    sampled = np.concatenate([np.arange(0, 400), np.arange(1000, 1400)])
    part = Evidence(
        evidence.stretch, evidence.rows, evidence.near, evidence.near_s, evidence.overlapped,
        evidence.statistics, sampled, evidence.sums[sampled],
    )  # fmt: skip
    found = VoiceSearch(model, points, part)
    assert found.count(8, ignore)[0] == 2
    voices = found.run(2)
    assert len(voices.posterior) == 800
    whole = found.assign(voices)
    assert len(whole) == len(truth) > 1500
    assert wrong_share(whole, truth) < 0.01


def test_windows_stay_inside_their_stretch_of_speech() -> None:
    stretch = np.array([0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 9])
    low, high = windows_around(stretch, np.arange(11), 2)
    assert low.tolist() == [0, 0, 0, 3, 3, 3, 4, 5, 6, 7, 10]
    assert high.tolist() == [3, 3, 3, 6, 7, 8, 9, 10, 10, 10, 11]
    low, high = windows_around(stretch, np.array([2, 8]), 5)
    assert (low.tolist(), high.tolist()) == ([0, 3], [3, 10])


def test_clusters_of_any_number_have_a_centroid_each() -> None:
    owner = np.random.default_rng(12).integers(0, 3, size=120)
    close = unit(voices_of(3)[owner] + np.random.default_rng(13).normal(size=(120, 192)) * SPREAD)
    clusters = Clusters(close, np.ones(120))
    for number in (1, 2, 3, 7, 120):
        candidates = clusters.candidates(number)
        assert all(centroids.shape == (number, 192) for centroids, _ in candidates)
        fits = [fit for _, fit in candidates]
        assert fits == sorted(fits, reverse=True)
    nearest = (close @ clusters.candidates(3)[0][0].T).argmax(axis=1)
    assert {tuple(np.unique(owner[nearest == label])) for label in range(3)} == {(0,), (1,), (2,)}


def test_equal_points_make_clusters_too() -> None:
    clusters = Clusters(np.repeat(voices_of(1), 20, axis=0), np.ones(20))
    assert np.isfinite(clusters.candidates(4)[0][0]).all()
