"""Blocks of a recording that is being decoded: gathered, fitted to its channels, cleaned, written, and told
as progress.

A frame holds some 20 ms; what is done a frame is done half a million times for three hours of sound. So
frames are gathered to blocks of seconds, and levels, rounding and writing are done a block.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from numpy.typing import NDArray

from fi_desktop.audio.container import Media
from fi_desktop.audio.filters import HighPass
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter
from fi_desktop.audio.treatment import AS_IT_IS, Survey, Treatment

_BLOCK_SAMPLES = 2 * SAMPLE_RATE_HZ
# Packets of other tracks between two calls of progress.
_OTHER_PACKETS = 64


class DecodeProgress:
    """Tells the fraction done: by time where the length is known, else by place in the file."""

    def __init__(self, media: Media, report: Callable[[float], None]) -> None:
        self._report = report
        self._duration_s = media.duration_s
        self._size_bytes = media.size_bytes
        self._byte = 0
        self._others = 0
        self._done = 0.0

    def packet(self, packet: Packet) -> None:
        """Note where a packet lies in the file."""
        if packet.pos is not None:
            self._byte = max(self._byte, packet.pos)

    def other(self, packet: Packet) -> None:
        """A packet of pictures or subtitles was passed by."""
        self._others += 1
        if self._others % _OTHER_PACKETS == 0:
            self._report(self._done)

    def sound(self, position_s: float) -> None:
        """The recording was written up to `position_s`."""
        fraction = position_s / self._duration_s if self._duration_s else self._byte / self._size_bytes
        self._done = max(self._done, min(fraction, 1.0))
        self._report(self._done)


class BlockWriter:
    """Gathers resampled frames to blocks, fits them to the recording's channels, cleans and writes them.

    Attributes:
        survey: of the sound before its treatment.
    """

    def __init__(
        self, writer: RecordingWriter, progress: DecodeProgress, treatment: Treatment = AS_IT_IS
    ) -> None:
        self.survey = Survey()
        self._writer = writer
        self._progress = progress
        self._gain = np.float32(treatment.gain)
        self._channels = writer.recording.channels
        self._high_pass = HighPass(self._channels) if treatment.high_pass else None
        self._blocks: list[NDArray[np.float32]] = []
        self._waiting = 0
        self._taken = 0

    @property
    def recording(self) -> Recording:
        """What was written so far."""
        return self._writer.recording

    def write(self, frame: AudioFrame) -> None:
        """Append a frame of packed float32."""
        channels = frame.layout.nb_channels
        # A third of what `to_ndarray` takes, half a million times for three hours.
        packed = np.frombuffer(memoryview(frame.planes[0]), dtype=np.float32, count=frame.samples * channels)
        self._append(_fit(packed.reshape(-1, channels).T, self._channels))

    def pad(self, samples: int) -> None:
        """Append silence until there are `samples` a channel."""
        missing = samples - self._taken
        while missing > 0:
            count = min(missing, _BLOCK_SAMPLES)
            self._append(np.zeros((self._channels, count), dtype=np.float32))
            missing -= count

    def finish(self) -> None:
        """Write the rest; nothing may be appended after it."""
        self._flush()
        if self._high_pass:
            self._store(self._high_pass.finish())

    def _append(self, block: NDArray[np.float32]) -> None:
        self._blocks.append(block)
        self._taken += block.shape[1]
        self._waiting += block.shape[1]
        if self._waiting >= _BLOCK_SAMPLES:
            self._flush()

    def _flush(self) -> None:
        """Clean and write what is waiting, except for what the filter holds back."""
        if not self._blocks:
            return
        # Float recordings may hold NaN, which no integer stands for, and any level.
        block = np.nan_to_num(np.concatenate(self._blocks, axis=1), copy=False, posinf=1.0, neginf=-1.0)
        self._blocks, self._waiting = [], 0
        np.clip(block, -1.0, 1.0, out=block)
        self.survey.add(block)
        self._store(self._high_pass.push(block) if self._high_pass else block)
        self._progress.sound(self._taken / SAMPLE_RATE_HZ)

    def _store(self, block: NDArray[np.float32]) -> None:
        self._writer.write(block if self._gain == 1.0 else block * self._gain)


def _fit(block: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Bring (any, samples) to (channels, samples).

    Further channels are mixed into the first ones in turn, so that no voice is lost; missing ones repeat
    these.
    """
    count = block.shape[0]
    if count == channels:
        return block
    fitted: NDArray[np.float32]
    if count < channels:
        fitted = block[np.arange(channels) % count]
    else:
        fitted = np.stack([block[first::channels].mean(axis=0) for first in range(channels)])
    return fitted
