"""Linkage against SciPy's, and in little memory for hours of speech."""

from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import scipy.cluster.hierarchy as scipy_hierarchy
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from fi_desktop.engines.linkage import Method, centroid_linkage, cut_tree, linkage


def voices(count: int, *, people: int = 3, spread: float = 1.0, seed: int = 0) -> NDArray[np.float64]:
    """Unit vectors around the voices of some people, (count, 256)."""
    chance = np.random.default_rng(seed)
    means = chance.standard_normal((people, 256))
    points = means[chance.integers(0, people, count)] + spread * chance.standard_normal((count, 256))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def ignore(_done: int, _total: int) -> None:
    """Ignore progress."""


@pytest.mark.parametrize("spread", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("count", [2, 3, 10, 700])
def test_centroid_linkage_matches_scipy(count: int, spread: float):
    points = voices(count, spread=spread)
    expected = scipy_hierarchy.linkage(points, method="centroid", metric="euclidean")
    found = centroid_linkage(points, ignore)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=1e-9)


def test_equal_points_are_merged_first():
    points = np.repeat(voices(20), 3, axis=0)
    tree = centroid_linkage(points, ignore)
    assert np.all(tree[:40, 2] < 1e-6)
    groups = scipy_hierarchy.fcluster(tree, 1e-3, criterion="distance")
    assert [len(set(groups[start : start + 3])) for start in range(0, 60, 3)] == [1] * 20
    assert len(set(groups)) == 20


def test_many_voices_are_clustered_in_little_memory_and_reported_often():
    points = voices(2_500)
    reports: list[tuple[float, int]] = []
    tracemalloc.start()
    centroid_linkage(points, lambda done, _total: reports.append((time.process_time(), done)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * points.nbytes  # SciPy takes 2 * 25 MB
    assert [done for _, done in reports] == sorted(done for _, done in reports)
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(reports)) < 5


@pytest.mark.parametrize("method", ["ward", "average"])
@pytest.mark.parametrize("count", [2, 3, 4, 17, 60, 300])
def test_linkage_and_cut_match_scipy(method: Method, count: int) -> None:
    points = np.random.default_rng(count).normal(size=(count, 4))
    expected = scipy_hierarchy.linkage(pdist(points), method)
    tree = linkage(squareform(pdist(points)), method)
    np.testing.assert_allclose(tree, expected[:, :3], atol=1e-9)
    for clusters in range(1, min(count, 12)):
        assert (
            cut_tree(tree, clusters).tolist()
            == (scipy_hierarchy.fcluster(expected, clusters, "maxclust") - 1).tolist()
        )


@pytest.mark.parametrize("method", ["ward", "average"])
def test_equal_points_stay_together(method: Method) -> None:
    points = np.repeat(np.eye(3), [5, 1, 4], axis=0)
    tree = linkage(squareform(pdist(points)), method)
    labels = cut_tree(tree, 3)
    assert [len(set(labels[group])) for group in (slice(0, 5), slice(5, 6), slice(6, 10))] == [1, 1, 1]
    assert len(set(labels)) == 3
    # equal points are never separated
    assert len(set(cut_tree(tree, 9))) == 3


def test_as_many_clusters_as_points_are_single_points() -> None:
    tree = linkage(squareform(pdist(np.arange(4.0)[:, None] ** 2)), "average")
    assert sorted(cut_tree(tree, 4)) == sorted(cut_tree(tree, 9)) == [0, 1, 2, 3]
