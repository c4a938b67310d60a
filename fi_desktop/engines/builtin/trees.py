"""Trees of clusters, and how they are cut: what `scipy.cluster.hierarchy` does, to the label.

Of all of SciPy the engine needs these two functions; the package is an eighth of what a download would weigh.
Source: Müllner 2011, "Modern hierarchical, agglomerative clustering algorithms", the nearest-neighbour chain;
updates of distances: Lance & Williams 1967.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

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
