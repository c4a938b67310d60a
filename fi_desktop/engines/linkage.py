"""Centroid linkage in little memory, which can be interrupted.

SciPy's holds all distances twice, 16 bytes for each pair: 2 GB for the voices of three hours, and half a
minute without a word. This one holds the points alone and measures as it goes; the answer is the same up to
rounding. Up to `FEW` points SciPy's own is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FEW = 4_000
_TELL_EVERY = 100

_BLOCK = 256

_Nearest = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]

Tell = Callable[[int, int], None]
"""Called with the merges done and their total; may raise."""


@contextmanager
def lean_linkage(clustering: ModuleType, tell: Tell) -> Iterator[None]:
    """Let the library's clustering, which takes `linkage` from its module, use ours for many points."""
    stock = clustering.linkage

    def linkage(points: NDArray[Any], method: str, metric: str) -> NDArray[np.float64]:
        if len(points) <= FEW or (method, metric) != ("centroid", "euclidean"):
            return np.asarray(stock(points, method=method, metric=metric))
        return centroid_linkage(points, tell)

    clustering.linkage = linkage  # type: ignore[attr-defined]  # the library offers no other way in
    try:
        yield
    finally:
        clustering.linkage = stock  # type: ignore[attr-defined]


def centroid_linkage(points: NDArray[Any], tell: Tell) -> NDArray[np.float64]:
    """Cluster by the distance between centroids, closest first.

    points: (count, dimension). Returns: as `scipy.cluster.hierarchy.linkage`, (count - 1, 4): the two
    clusters, their distance, the size of the new one.

    Source: Müllner 2011, "Modern hierarchical, agglomerative clustering algorithms", figure 3, with distances
    measured between centroids where the paper updates a matrix. Each cluster knows its nearest of those that
    lie after it, or a distance below which there is none; that is looked up again when its turn comes.
    """
    count = len(points)
    centroids = np.array(points, dtype=np.float64)
    squares = np.einsum("ij,ij->i", centroids, centroids)
    sizes, names = np.ones(count, dtype=np.int64), np.arange(count)
    nearest, bound, sure = _nearest_after(centroids, squares)
    merges = np.empty((count - 1, 4))
    kept, total = count, count - 1
    for done in range(total):
        if done % _TELL_EVERY == 0:
            tell(done, total)
        if 2 * (total + 1 - done) < kept:  # half the rows are gone: close the ranks
            left = np.flatnonzero(sizes[:kept])
            place = np.cumsum(sizes[:kept] > 0) - 1
            nearest = place[nearest[left]]
            centroids, squares, sizes, names = centroids[left], squares[left], sizes[left], names[left]
            bound, sure, kept = bound[left], sure[left], len(left)
        while not sure[first := int(np.argmin(bound))]:
            far = _squared_distances(centroids, squares, first, slice(first + 1, kept))
            far[sizes[first + 1 : kept] == 0] = np.inf
            nearest[first] = first + 1 + int(np.argmin(far))
            bound[first], sure[first] = far[nearest[first] - first - 1], True
        second = int(nearest[first])
        distance = np.sqrt(bound[first])
        size = sizes[first] + sizes[second]
        merges[done] = (*sorted((names[first], names[second])), distance, size)
        # the new cluster takes the later row; who thought either its nearest has to look again
        centroids[second] = (sizes[first] * centroids[first] + sizes[second] * centroids[second]) / size
        squares[second] = centroids[second] @ centroids[second]
        sizes[first], sizes[second], names[second] = 0, size, count + done
        bound[first] = np.inf
        sure[(nearest == first) | (nearest == second)] = False
        far = _squared_distances(centroids, squares, second, slice(0, kept))
        far[sizes[:kept] == 0] = np.inf
        before = np.flatnonzero(far[:second] < bound[:second])
        bound[before], nearest[before], sure[before] = far[before], second, True
        after = far[second + 1 :]
        if len(after) and np.isfinite(closest := after.min()):
            bound[second], nearest[second], sure[second] = closest, second + 1 + int(np.argmin(after)), True
        else:
            bound[second] = np.inf
    tell(total, total)
    return merges


def _nearest_after(centroids: NDArray[np.float64], squares: NDArray[np.float64]) -> _Nearest:
    """For each row, the nearest of the rows after it: its number, the squared distance, that this is sure."""
    count = len(centroids)
    nearest, bound = np.zeros(count, dtype=np.int64), np.full(count, np.inf)
    for start in range(0, count - 1, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, count - 1))
        far = squares[rows, None] + squares[None, start:] - 2.0 * (centroids[rows] @ centroids[start:].T)
        far[np.arange(far.shape[1])[None] <= (rows - start)[:, None]] = np.inf
        nearest[rows] = start + np.argmin(far, axis=1)
        bound[rows] = np.maximum(far[np.arange(len(rows)), nearest[rows] - start], 0.0)
    return nearest, bound, np.ones(count, dtype=np.bool_)


def _squared_distances(
    centroids: NDArray[np.float64], squares: NDArray[np.float64], row: int, others: slice
) -> NDArray[np.float64]:
    far = squares[others] + squares[row] - 2.0 * (centroids[others] @ centroids[row])
    return np.asarray(np.maximum(far, 0.0))


# Trees of clusters, and how they are cut: what `scipy.cluster.hierarchy` does, to the label.
#
# Of all of SciPy the engine needs these two functions; the package is an eighth of what a download would
# weigh. Source: Müllner 2011, "Modern hierarchical, agglomerative clustering algorithms", the nearest-
# neighbour chain; updates of distances: Lance & Williams 1967.

Method = Literal["ward", "average"]


def grow(distance: NDArray[np.float64], method: Method) -> NDArray[np.float64]:
    """Join the nearest clusters until there is one.

    distance: (points, points), symmetric; Euclidean for "ward". It is used up. Returns: (points - 1, 3), a
    row a join, lowest first: the two clusters, the lower number first, and their distance. The cluster of row
    i has the number points + i.
    """
    count = len(distance)
    np.fill_diagonal(distance, np.inf)
    sizes = np.ones(count)
    joins = np.empty((count - 1, 3))
    chain: list[int] = []
    for row in range(count - 1):
        if not chain:
            chain.append(int(np.flatnonzero(sizes)[0]))
        while True:
            last = chain[-1]
            nearest = int(distance[last].argmin())
            # of two that are as near, the one that it came from: else the chain would go round in circles
            if len(chain) > 1 and distance[last, chain[-2]] <= distance[last, nearest]:
                break
            chain.append(nearest)
        first, second = sorted((chain.pop(), chain.pop()))
        joins[row] = first, second, distance[first, second]
        together = _joined(distance, sizes, first, second, method)
        sizes[second] += sizes[first]
        sizes[first] = 0
        distance[second] = distance[:, second] = together
        distance[first] = distance[:, first] = np.inf
    return _numbered(joins[np.argsort(joins[:, 2], kind="stable")])


def cut(tree: NDArray[np.float64], clusters: int) -> NDArray[np.int64]:
    """Cut a tree into as many clusters, or fewer where several joins are equally high.

    Returns: (points,), 0 and up, in the order of the tree.
    """
    count = len(tree) + 1
    height = -np.inf if clusters >= count else float(tree[count - clusters - 1, 2])
    labels = np.zeros(count, dtype=np.int64)
    made = 0
    # a node with the label that its leaves get; -1 above the cut
    waiting = [(2 * count - 2, -1)]
    while waiting:
        node, label = waiting.pop()
        if label < 0 and (node < count or tree[node - count, 2] <= height):
            label, made = made, made + 1
        if node < count:
            labels[node] = label
            continue
        children = [int(child) for child in tree[node - count, :2]]
        # branches before leaves, left before right
        order = sorted(children, key=lambda child: child < count)
        waiting += [(child, label) for child in reversed(order)]
    return labels


def _joined(
    distance: NDArray[np.float64], sizes: NDArray[np.float64], first: int, second: int, method: Method
) -> NDArray[np.float64]:
    """Return how far the cluster of both is from each other one; infinite from itself and what is gone."""
    one, two = sizes[first], sizes[second]
    if method == "average":
        together = (one * distance[first] + two * distance[second]) / (one + two)
    else:
        others = np.where(sizes > 0, sizes, 1.0)
        between = np.square(distance[first, second])
        squares = (others + one) * np.square(distance[first]) + (others + two) * np.square(distance[second])
        together = np.sqrt(np.maximum((squares - others * between) / (others + one + two), 0.0))
    together[[first, second]] = np.inf
    return np.asarray(together)


def _numbered(joins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Name the clusters by the rows in which they were made, in place of one of their points."""
    count = len(joins) + 1
    parent = list(range(2 * count - 1))
    for row, join in enumerate(joins):
        roots = []
        for point in join[:2]:
            root = int(point)
            while parent[root] != root:
                parent[root] = root = parent[parent[root]]
            roots.append(root)
            parent[root] = count + row
        joins[row, :2] = sorted(roots)
    return joins
