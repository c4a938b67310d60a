"""Brings a track's frames to 16 kHz samples of packed float32."""

from __future__ import annotations

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError


class Resampler:
    """Resamples consecutive frames of one format, layout and rate; nothing comes out before `start`."""

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None

    def start(self, layout: str) -> None:
        """Start with frames of this layout, without a trace of those before.

        Raises:
            UserError: nothing can resample them.
        """
        try:
            # Packed output: PyAV 18 reads past the end of a frame of eight planar channels. Same layout:
            # libswresample mixes channels if input and output layouts differ.
            self._resampler = av.AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE_HZ)
        except ValueError:
            raise UserError(messages.AUDIO_UNREADABLE) from None

    def push(self, frame: AudioFrame | None) -> list[AudioFrame]:
        """Return what comes of a frame; None: of the end.

        Raises:
            UserError: the frames have a rate or layout that libswresample rejects.
        """
        if self._resampler is None:
            return []
        try:
            return self._resampler.resample(frame)
        except (av.FFmpegError, ValueError):
            raise UserError(messages.AUDIO_UNREADABLE) from None


def channels_of(frame: AudioFrame, channels: int) -> NDArray[np.float32]:
    """Return a frame of packed float32 as (channels, samples), whatever its number of channels."""
    count = frame.layout.nb_channels
    # `to_ndarray` takes three times as long, and three hours of audio have half a million frames.
    packed = np.frombuffer(memoryview(frame.planes[0]), dtype=np.float32, count=frame.samples * count)
    return _fit_channels(packed.reshape(-1, count).T, channels)


def clean(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Limit samples to -1..1, in place: float files may hold NaN and levels beyond full scale."""
    np.nan_to_num(block, copy=False, posinf=1.0, neginf=-1.0)
    return np.clip(block, -1.0, 1.0, out=block)


def _fit_channels(block: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Bring (any, samples) to (channels, samples).

    Surplus channels are mixed into the first ones in turn, so no voice is lost; missing ones repeat these.
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
