"""Hierarchical agglomerative clustering in NumPy.

`linkage` and `cut_tree` give the same labels as `scipy.cluster.hierarchy`; the built-in engine needs
nothing else of SciPy, an eighth of a download. `centroid_linkage` needs no distance matrix, which takes
SciPy 16 bytes per pair (2 GB for three hours of voices), and can be interrupted.

Source: Müllner 2011, "Modern hierarchical, agglomerative clustering algorithms"; Lance & Williams 1967.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_REPORT_EVERY = 100
_BLOCK = 256

Method = Literal["ward", "average"]

MergeProgress = Callable[[int, int], None]
"""Called with the number of merges done and their total; may raise to stop."""

_Nearest = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]


def linkage(distance: NDArray[np.float64], method: Method) -> NDArray[np.float64]:
    """Merge the nearest clusters until one is left (nearest-neighbour chain algorithm).

    Args:
        distance: (points, points), symmetric; Euclidean for "ward". It is overwritten.
        method: how the distance between clusters is defined.

    Returns: (points - 1, 3), one row per merge, lowest first: the two clusters, the lower number first, and
        their distance. The cluster of row i has the number points + i.
    """
    count = len(distance)
    np.fill_diagonal(distance, np.inf)
    sizes = np.ones(count)
    merges = np.empty((count - 1, 3))
    chain: list[int] = []
    for row in range(count - 1):
        if not chain:
            chain.append(int(np.flatnonzero(sizes)[0]))
        while True:
            last = chain[-1]
            nearest = int(distance[last].argmin())
            # Break ties in favour of the previous link; otherwise the chain could run in circles.
            if len(chain) > 1 and distance[last, chain[-2]] <= distance[last, nearest]:
                break
            chain.append(nearest)
        first, second = sorted((chain.pop(), chain.pop()))
        merges[row] = first, second, distance[first, second]
        merged = _merged_distances(distance, sizes, first, second, method)
        sizes[second] += sizes[first]
        sizes[first] = 0
        distance[second] = distance[:, second] = merged
        distance[first] = distance[:, first] = np.inf
    return _numbered(merges[np.argsort(merges[:, 2], kind="stable")])


def cut_tree(tree: NDArray[np.float64], clusters: int) -> NDArray[np.int64]:
    """Cut the tree of `linkage` into clusters; fewer if several merges are equally high.

    Returns: labels (points,) from 0, in the order of the tree.
    """
    count = len(tree) + 1
    height = -np.inf if clusters >= count else float(tree[count - clusters - 1, 2])
    labels = np.zeros(count, dtype=np.int64)
    used = 0
    # pairs of a node and the label of its leaves; -1 above the cut
    stack = [(2 * count - 2, -1)]
    while stack:
        node, label = stack.pop()
        if label < 0 and (node < count or tree[node - count, 2] <= height):
            label, used = used, used + 1
        if node < count:
            labels[node] = label
            continue
        children = [int(child) for child in tree[node - count, :2]]
        # branches before leaves, left before right
        order = sorted(children, key=lambda child: child < count)
        stack += [(child, label) for child in reversed(order)]
    return labels


def _merged_distances(
    distance: NDArray[np.float64], sizes: NDArray[np.float64], first: int, second: int, method: Method
) -> NDArray[np.float64]:
    """Return the merged cluster's distances (Lance & Williams); infinite from itself and from merged ones."""
    one, two = sizes[first], sizes[second]
    if method == "average":
        merged = (one * distance[first] + two * distance[second]) / (one + two)
    else:
        others = np.where(sizes > 0, sizes, 1.0)
        between = np.square(distance[first, second])
        squares = (others + one) * np.square(distance[first]) + (others + two) * np.square(distance[second])
        merged = np.sqrt(np.maximum((squares - others * between) / (others + one + two), 0.0))
    merged[[first, second]] = np.inf
    return np.asarray(merged)


def _numbered(merges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace the point that stands for a cluster by the number of the row that made the cluster."""
    count = len(merges) + 1
    parent = list(range(2 * count - 1))
    for row, merge in enumerate(merges):
        roots = []
        for point in merge[:2]:
            root = int(point)
            while parent[root] != root:
                parent[root] = root = parent[parent[root]]
            roots.append(root)
            parent[root] = count + row
        merges[row, :2] = sorted(roots)
    return merges


def centroid_linkage(points: NDArray[Any], progress: MergeProgress) -> NDArray[np.float64]:
    """Cluster by the distance between centroids, nearest first, without a distance matrix.

    Müllner 2011, figure 3 (generic algorithm), with distances computed from centroids where the paper
    updates a matrix. Each cluster stores its nearest neighbour among the rows after it, or a lower bound of
    that distance (`exact` is false), which is computed when its turn comes.

    Args:
        points: (count, dimension).
        progress: called every 100 merges.

    Returns: as `scipy.cluster.hierarchy.linkage` up to rounding, (count - 1, 4): the two clusters, their
        distance, the size of the new one.
    """
    count = len(points)
    centroids = np.array(points, dtype=np.float64)
    squares = np.einsum("ij,ij->i", centroids, centroids)
    sizes, names = np.ones(count, dtype=np.int64), np.arange(count)
    nearest, bound, exact = _nearest_after(centroids, squares)
    merges = np.empty((count - 1, 4))
    kept, total = count, count - 1
    for done in range(total):
        if done % _REPORT_EVERY == 0:
            progress(done, total)
        if 2 * (total + 1 - done) < kept:  # half the rows are merged away: compact the arrays
            left = np.flatnonzero(sizes[:kept])
            position = np.cumsum(sizes[:kept] > 0) - 1
            nearest = position[nearest[left]]
            centroids, squares, sizes, names = centroids[left], squares[left], sizes[left], names[left]
            bound, exact, kept = bound[left], exact[left], len(left)
        while not exact[first := int(np.argmin(bound))]:
            far = _squared_distances(centroids, squares, first, slice(first + 1, kept))
            far[sizes[first + 1 : kept] == 0] = np.inf
            nearest[first] = first + 1 + int(np.argmin(far))
            bound[first], exact[first] = far[nearest[first] - first - 1], True
        second = int(nearest[first])
        distance = np.sqrt(bound[first])
        size = sizes[first] + sizes[second]
        merges[done] = (*sorted((names[first], names[second])), distance, size)
        # The new cluster takes the later row; rows whose nearest was either of the two have to search again.
        centroids[second] = (sizes[first] * centroids[first] + sizes[second] * centroids[second]) / size
        squares[second] = centroids[second] @ centroids[second]
        sizes[first], sizes[second], names[second] = 0, size, count + done
        bound[first] = np.inf
        exact[(nearest == first) | (nearest == second)] = False
        far = _squared_distances(centroids, squares, second, slice(0, kept))
        far[sizes[:kept] == 0] = np.inf
        before = np.flatnonzero(far[:second] < bound[:second])
        bound[before], nearest[before], exact[before] = far[before], second, True
        after = far[second + 1 :]
        if len(after) and np.isfinite(closest := after.min()):
            bound[second], nearest[second], exact[second] = closest, second + 1 + int(np.argmin(after)), True
        else:
            bound[second] = np.inf
    progress(total, total)
    return merges


def _nearest_after(centroids: NDArray[np.float64], squares: NDArray[np.float64]) -> _Nearest:
    """Return for each row the nearest of the rows after it, the squared distance, and that it is exact."""
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
