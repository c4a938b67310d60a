"""A decoded recording: 16 kHz samples in a file, read block by block, and which channels matter.

The decoder writes it once; engines read it as often as they need. Samples are little-endian 16-bit integers,
channels interleaved: half the disk space of float32 with 96 dB of range. Blocks are read, not memory-mapped:
mapped pages would count as the worker's resident memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal, reading

SAMPLE_RATE_HZ = 16_000
_FULL_SCALE = 32_768.0

# A channel is redundant if others predict this share of its energy; codecs cost one or two percent.
_EXPLAINED = 0.95
# Keeps the inverse finite for equal channels; -60 dB against any channel's own energy.
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording on disk.

    Attributes:
        path: raw samples, int16 little-endian, channels interleaved.
        channels: number of channels.
        samples: samples per channel.
        mix: each channel's weight in the mono mix; empty for equal weights.
        seal: how the file is read.
    """

    path: Path
    channels: int
    samples: int
    mix: tuple[float, ...] = ()
    seal: FileSeal = field(default=IN_CLEAR, repr=False, compare=False)

    @property
    def duration(self) -> float:
        """Length, seconds."""
        return self.samples / SAMPLE_RATE_HZ

    def channel_blocks(self, *, block_s: float = 60.0) -> Iterator[NDArray[np.float32]]:
        """Yield float32 (channels, samples) in -1..1, `block_s` seconds each, the last one shorter."""
        frames = max(1, round(block_s * SAMPLE_RATE_HZ))
        with reading(self.seal, self.path) as file:
            for start in range(0, self.samples, frames):
                count = min(frames, self.samples - start)
                raw = np.frombuffer(file.read(2 * count * self.channels), dtype="<i2")
                yield (raw.reshape(-1, self.channels).T / np.float32(_FULL_SCALE)).astype(
                    np.float32, copy=False
                )

    def blocks(self, *, block_s: float = 60.0, channel: int | None = None) -> Iterator[NDArray[np.float32]]:
        """Yield float32 (samples,) of one channel, or of the mono mix if `channel` is None."""
        for block in self.channel_blocks(block_s=block_s):
            yield self.mixed(block) if channel is None else np.ascontiguousarray(block[channel])

    def frames(self, start: int, count: int) -> NDArray[np.int16]:
        """Return int16 (frames, channels) from sample `start` on, fewer at the end."""
        with reading(self.seal, self.path) as file:
            return frames_in(file, start, count, self.channels)

    def mixed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix float32 (channels, samples) to (samples,)."""
        if not self.mix:
            return np.asarray(block.mean(axis=0))
        return np.asarray(np.array(self.mix, dtype=np.float32) @ block)


class RecordingWriter:
    """Writes a `Recording` block by block; a context manager.

    When the context ends without an exception, the data has been synced to disk.
    """

    def __init__(
        self, path: Path, channels: int, disk_space: DiskSpace | None = None, seal: FileSeal = IN_CLEAR
    ) -> None:
        self._path = path
        self._channels = channels
        self._disk_space = disk_space
        self._seal = seal
        self._samples = 0
        self._file = seal.writer(path)

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_exc: object) -> None:
        try:
            if exc_type is None:
                self._file.finish()
        finally:
            self._file.close()

    def write(self, block: NDArray[np.float32]) -> None:
        """Append float32 (channels, samples) in -1..1; levels beyond that are clipped.

        Raises:
            OSError: no space, according to `DiskSpace` or the system.
        """
        scaled = np.clip(np.rint(block.T * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        raw = scaled.astype("<i2").tobytes()
        samples = self._samples + block.shape[1]
        if self._disk_space is not None:
            self._disk_space.reserve(len(raw), duration_s=samples / SAMPLE_RATE_HZ)
        self._file.write(raw)
        self._samples = samples

    def flush(self) -> None:
        """Let others read what has been written so far."""
        self._file.flush()

    @property
    def recording(self) -> Recording:
        """What has been written so far."""
        return Recording(self._path, self._channels, self._samples, seal=self._seal)


def frames_in(file: IO[bytes], start: int, count: int, channels: int) -> NDArray[np.int16]:
    """Return int16 (frames, channels) of an open file of samples, whole frames only."""
    file.seek(2 * channels * start)
    raw = file.read(2 * channels * count)
    return np.frombuffer(raw[: len(raw) - len(raw) % (2 * channels)], dtype="<i2").reshape(-1, channels)


def correlation_of(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalize products of channels to correlations, -1 to 1; 0 for a silent channel.

    products: (channels, channels), sums over samples of one channel times the other. Returns: the same shape.
    """
    power = np.sqrt(np.diag(products)) + 1e-12
    return np.asarray(products / (power[:, None] * power[None, :]))


def distinct_channels(products: NDArray[np.float64]) -> list[int]:
    """Return the channels that are neither silent nor explained by others, ascending.

    Of two channels with the same audio, in whatever phase, the louder one is kept (the first of equals). The
    mix of several others is dropped: recorders and screen recorders store one next to the microphones.

    products: as in `correlation_of`.
    """
    energy = np.diag(products)
    kept = [row for row in range(len(energy)) if energy[row] > 0.0]
    while len(kept) > 1:
        rows = np.array(kept)
        explained = _explained(products[np.ix_(rows, rows)]) > _EXPLAINED
        if not explained.any():
            break
        kept.remove(_most_redundant(products, rows[explained]))
    return kept


def _explained(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each channel's energy that the others predict, 0 to 1."""
    correlation = correlation_of(products) + _RIDGE * np.eye(len(products))
    # Linear regression: the inverse's diagonal is 1 / (1 - R²).
    return np.asarray(1.0 - 1.0 / np.diag(np.linalg.inv(correlation)))


def _most_redundant(products: NDArray[np.float64], rows: NDArray[np.int64]) -> int:
    """Return which of the explained channels to drop first."""
    square = np.square(correlation_of(products)[np.ix_(rows, rows)])
    energy = np.diag(products)[rows]
    pairs = np.argwhere(np.triu(square > _EXPLAINED, k=1))
    if len(pairs):
        first, second = pairs[0]
        return int(rows[first if energy[first] < energy[second] else second])
    # A mix is louder than each of its parts, and all of them explain each other.
    return int(rows[energy.argmax()])
