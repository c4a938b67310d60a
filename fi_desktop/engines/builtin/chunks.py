"""The grid on which speech is looked at: chunks of 0.2 s, and windows of 2 s made of whole chunks.

A chunk never reaches over a pause: where speakers change, they mostly change there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region
from fi_desktop.engines.builtin.features import FRAME_S

CHUNK_S = 0.2
WINDOW_CHUNKS = round(2.0 / CHUNK_S)
_HOP_CHUNKS = round(1.0 / CHUNK_S)
_BLOCK_CHUNKS = round(20.0 / CHUNK_S)


@dataclass(frozen=True, slots=True, eq=False)
class ChunkGrid:
    """Where the chunks lie.

    Attributes:
        start, end: (chunks,), in frames of the recording.
        region: (chunks,), which region of speech a chunk is part of.
        offsets: (chunks + 1,), rows of the speech frames.
        windows: (windows, 2), first and one past the last chunk; a short region is one window.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    region: NDArray[np.int64]
    offsets: NDArray[np.int64]
    windows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Length of each chunk, (chunks,)."""
        return np.asarray((self.end - self.start) * FRAME_S, dtype=np.float64)


def lay_grid(regions: Sequence[Region], frames: int) -> ChunkGrid:
    """Cut the regions of speech into chunks and windows. frames: in the recording, 10 ms each."""
    starts: list[NDArray[np.int64]] = []
    ends: list[NDArray[np.int64]] = []
    windows: list[tuple[int, int]] = []
    owners: list[int] = []
    chunks = 0
    for index, region in enumerate(regions):
        first, last = round(region.start / FRAME_S), min(round(region.end / FRAME_S), frames)
        if last <= first:
            continue
        count = max(1, round((last - first) * FRAME_S / CHUNK_S))
        borders = np.linspace(first, last, count + 1).round().astype(np.int64)
        starts.append(borders[:-1])
        ends.append(borders[1:])
        owners += [index] * count
        windows += [(chunks + low, chunks + high) for low, high in _windows(count)]
        chunks += count
    start = np.concatenate(starts) if starts else np.zeros(0, dtype=np.int64)
    end = np.concatenate(ends) if ends else np.zeros(0, dtype=np.int64)
    return ChunkGrid(
        start=start,
        end=end,
        region=np.array(owners, dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum(end - start)]).astype(np.int64),
        windows=np.array(windows, dtype=np.int64).reshape(-1, 2),
    )


def sample_chunks(chunks: int, seconds: float) -> NDArray[np.int64]:
    """Choose chunks of so much speech: all where there is no more, else evenly spaced blocks of 20 s."""
    blocks = round(seconds / (_BLOCK_CHUNKS * CHUNK_S))
    if chunks <= blocks * _BLOCK_CHUNKS:
        return np.arange(chunks)
    starts = np.linspace(0, chunks - _BLOCK_CHUNKS, blocks).astype(np.int64)
    return (starts[:, None] + np.arange(_BLOCK_CHUNKS)).reshape(-1)


def windows_of_sample(
    windows: NDArray[np.int64], sample: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the windows that lie whole within the sample.

    Returns: their rows, (n,); the windows in positions of the sample, (n, 2).
    """
    low = np.searchsorted(sample, windows[:, 0])
    high = np.searchsorted(sample, windows[:, 1] - 1)
    inside = high < len(sample)
    last = np.minimum(high, len(sample) - 1)
    # Consecutive in the sample as in the recording: no block border lies between first and last.
    inside &= (sample[np.minimum(low, len(sample) - 1)] == windows[:, 0]) & (
        sample[last] == windows[:, 1] - 1
    )
    inside &= last - low == windows[:, 1] - 1 - windows[:, 0]
    rows = np.flatnonzero(inside)
    return rows, np.stack([low[rows], last[rows] + 1], axis=1)


def _windows(chunks: int) -> list[tuple[int, int]]:
    """Windows over one region; the last one ends with it, and what is hardly longer than a window is one."""
    if chunks <= WINDOW_CHUNKS * 1.25:
        return [(0, chunks)]
    starts = [*range(0, chunks - WINDOW_CHUNKS, _HOP_CHUNKS), chunks - WINDOW_CHUNKS]
    return [(start, start + WINDOW_CHUNKS) for start in starts]
