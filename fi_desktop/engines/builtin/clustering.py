"""Two first guesses of who speaks in which window.

Ward and average-cosine clustering fail on different recordings: Ward likes speakers of equal share, average
linkage finds the one who says little. Both are tried, and resegmentation tells which was right. At most 1,500
evenly spaced windows are clustered (the cost is quadratic); the others join the nearest centroid.
Source: Ward 1963; Sokal & Michener 1958; for diarization Sell & Garcia-Romero 2014.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.builtin.trees import cut, grow

MAX_CLUSTERED = 1500


class Clusterings:
    """The trees over one set of windows; cut as often as a count of speakers is tried."""

    def __init__(self, points: NDArray[np.float64]) -> None:
        """points: (windows, dimensions), unit length."""
        self._points = points
        count = min(len(points), MAX_CLUSTERED)
        self._sample = np.unique(np.linspace(0, len(points) - 1, count).astype(np.int64))
        self._trees: list[NDArray[np.float64]] = []
        if len(self._sample) > 1:
            sample = points[self._sample]
            cosine = np.maximum(1.0 - sample @ sample.T, 0.0)
            # of points of unit length
            self._trees = [grow(np.sqrt(2.0 * cosine), "ward"), grow(cosine, "average")]

    def cut(self, speakers: int) -> list[NDArray[np.int64]]:
        """Return the labels of all windows, (windows,) of 0 .. speakers-1, for each tree."""
        if not self._trees:
            return [np.zeros(len(self._points), dtype=np.int64)]
        return [self._spread(cut(tree, speakers)) for tree in self._trees]

    def _spread(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        sample = self._points[self._sample]
        centroids = np.stack([sample[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True) + 1e-9
        spread: NDArray[np.int64] = (self._points @ centroids.T).argmax(axis=1)
        spread[self._sample] = labels
        return spread
