"""Centroid linkage in little memory, which can be interrupted.

SciPy's holds all distances twice, 16 bytes for each pair: 2 GB for the voices of three hours, and half a
minute without a word. This one holds the points alone and measures as it goes; the answer is the same up to
rounding. Up to `FEW` points SciPy's own is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

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
