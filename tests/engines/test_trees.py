"""Our clustering is SciPy's, to the label."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from fi_desktop.engines.builtin.trees import Method, cut, grow


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
