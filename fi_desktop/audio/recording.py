"""A decoded recording: 16 kHz samples in a file, read block by block.

The decoder writes it once; engines read it as often as they need. Samples lie as little-endian 16-bit
integers,
channels interleaved: half the disk of float32 and 96 dB of range. Memory never follows the recording's
    length: blocks are read, not mapped (mapped pages would count as the worker's resident memory).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.room import Room

SAMPLE_RATE_HZ = 16_000
_FULL_SCALE = 32_768.0


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording on disk.

    Attributes:
        path: raw samples, int16 little-endian, channels interleaved.
        channels: number of channels.
        samples: samples a channel.
        mix: what each channel counts where the channels are heard as one; empty: all alike.
    """

    path: Path
    channels: int
    samples: int
    mix: tuple[float, ...] = ()

    @property
    def duration(self) -> float:
        """Length, seconds."""
        return self.samples / SAMPLE_RATE_HZ

    def channel_blocks(self, *, block_s: float = 60.0) -> Iterator[NDArray[np.float32]]:
        """Yield float32 (channels, samples) in -1..1, `block_s` seconds each, the last one shorter."""
        frames = max(1, round(block_s * SAMPLE_RATE_HZ))
        with self.path.open("rb") as file:
            for start in range(0, self.samples, frames):
                count = min(frames, self.samples - start)
                raw = np.fromfile(file, dtype="<i2", count=count * self.channels)
                yield (raw.reshape(-1, self.channels).T / np.float32(_FULL_SCALE)).astype(
                    np.float32, copy=False
                )

    def blocks(self, *, block_s: float = 60.0, channel: int | None = None) -> Iterator[NDArray[np.float32]]:
        """Yield float32 (samples,) of one channel, or of the mix of all channels where `channel` is None."""
        for block in self.channel_blocks(block_s=block_s):
            yield self.mixed(block) if channel is None else np.ascontiguousarray(block[channel])

    def mixed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix float32 (channels, samples) to (samples,)."""
        if not self.mix:
            return np.asarray(block.mean(axis=0))
        return np.asarray(np.array(self.mix, dtype=np.float32) @ block)


class RecordingWriter:
    """Writes a Recording block by block; use as a context manager, then read `recording`.

    What was written is on the disk, and not merely on its way there, once the context ends without an
    exception.
    """

    def __init__(self, path: Path, channels: int, room: Room | None = None) -> None:
        self._path = path
        self._channels = channels
        self._room = room
        self._samples = 0
        self._file = path.open("wb")

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_exc: object) -> None:
        with self._file:
            if exc_type is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def write(self, block: NDArray[np.float32]) -> None:
        """Append float32 (channels, samples) in -1..1; what lies outside is clipped.

        Raises:
            OSError: there is no room for it, by `Room` or by the system itself.
        """
        scaled = np.clip(np.rint(block.T * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        raw = scaled.astype("<i2").tobytes()
        samples = self._samples + block.shape[1]
        if self._room is not None:
            self._room.take(len(raw), duration_s=samples / SAMPLE_RATE_HZ)
        self._file.write(raw)
        self._samples = samples

    @property
    def recording(self) -> Recording:
        """What was written so far."""
        return Recording(self._path, self._channels, self._samples)
