"""Our linkage against SciPy's, and within its bounds at the size of hours."""

from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import scipy.cluster.hierarchy as scipy_hierarchy
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from fi_desktop.core.errors import CancelledByUser
from fi_desktop.engines.linkage import FEW, Method, centroid_linkage, cut, grow, lean_linkage


def voices(count: int, *, people: int = 3, spread: float = 1.0, seed: int = 0) -> NDArray[np.float64]:
    """Unit vectors around so many people's voices, (count, 256)."""
    chance = np.random.default_rng(seed)
    means = chance.standard_normal((people, 256))
    points = means[chance.integers(0, people, count)] + spread * chance.standard_normal((count, 256))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def ignore(_done: int, _total: int) -> None:
    """For tests that are not about progress."""


@pytest.mark.parametrize("spread", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("count", [2, 3, 10, 700])
def test_the_tree_is_scipys(count: int, spread: float):
    points = voices(count, spread=spread)
    expected = scipy_hierarchy.linkage(points, method="centroid", metric="euclidean")
    found = centroid_linkage(points, ignore)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=1e-9)


def test_points_that_are_the_same_come_together_first():
    points = np.repeat(voices(20), 3, axis=0)
    tree = centroid_linkage(points, ignore)
    assert np.all(tree[:40, 2] < 1e-6)
    groups = scipy_hierarchy.fcluster(tree, 1e-3, criterion="distance")
    assert [len(set(groups[start : start + 3])) for start in range(0, 60, 3)] == [1] * 20
    assert len(set(groups)) == 20


def test_more_than_an_hour_is_clustered_in_little_memory_and_told_often():
    points = voices(4_500)
    told: list[tuple[float, int]] = []
    tracemalloc.start()
    centroid_linkage(points, lambda done, _total: told.append((time.process_time(), done)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * points.nbytes  # all distances would be 81 MB, and are held twice
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(told)) < 5


def test_the_library_is_given_ours_for_many_points_alone_and_gets_its_own_back():
    library = ModuleType("clustering")
    library.linkage = scipy_hierarchy.linkage  # type: ignore[attr-defined]
    told: list[int] = []
    with lean_linkage(library, lambda done, _total: told.append(done)):
        library.linkage(voices(50), method="centroid", metric="euclidean")
        library.linkage(voices(50), method="average", metric="cosine")
        assert told == []
        with pytest.raises(CancelledByUser):
            with lean_linkage(library, _cancel):
                library.linkage(voices(FEW + 1), method="centroid", metric="euclidean")
    assert library.linkage is scipy_hierarchy.linkage


def _cancel(_done: int, _total: int) -> None:
    raise CancelledByUser


# Our clustering is SciPy's, to the label.


@pytest.mark.parametrize("method", ["ward", "average"])
@pytest.mark.parametrize("count", [2, 3, 4, 17, 60, 300])
def test_trees_and_their_cuts_are_scipys(method: Method, count: int) -> None:
    points = np.random.default_rng(count).normal(size=(count, 4))
    expected = linkage(pdist(points), method)
    tree = grow(squareform(pdist(points)), method)
    np.testing.assert_allclose(tree, expected[:, :3], atol=1e-9)
    for clusters in range(1, min(count, 12)):
        assert cut(tree, clusters).tolist() == (fcluster(expected, clusters, "maxclust") - 1).tolist()


@pytest.mark.parametrize("method", ["ward", "average"])
def test_points_that_are_the_same_stay_together(method: Method) -> None:
    points = np.repeat(np.eye(3), [5, 1, 4], axis=0)
    tree = grow(squareform(pdist(points)), method)
    labels = cut(tree, 3)
    assert [len(set(labels[group])) for group in (slice(0, 5), slice(5, 6), slice(6, 10))] == [1, 1, 1]
    assert len(set(labels)) == 3
    # there is no telling them apart, whatever number is asked for
    assert len(set(cut(tree, 9))) == 3


def test_as_many_clusters_as_points_or_more_are_the_points() -> None:
    tree = grow(squareform(pdist(np.arange(4.0)[:, None] ** 2)), "average")
    assert sorted(cut(tree, 4)) == sorted(cut(tree, 9)) == [0, 1, 2, 3]
