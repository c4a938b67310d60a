"""A high-pass over sound that is streamed: removes what lies below any voice.

The offset of cheap sound cards, rumble of traffic and ventilation, and the mains' hum (50 and 60 Hz) can be
far louder than a voice. Used while a recording is decoded, so that every later stage hears the same.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ

# A linear-phase filter: at 60 Hz and below -50 dB, at 0 Hz nothing at all, from 100 Hz on within 0.1 dB. Few
# voices have a fundamental below 85 Hz, and these are known by their overtones.
_CUTOFF_HZ = 80.0
_TAPS = 1281
_KAISER_BETA = 4.6
_DELAY = _TAPS // 2
# Overlap-save: the larger, the cheaper a sample, and the more is held.
_FFT_SAMPLES = 32_768
_STEP = _FFT_SAMPLES - _TAPS + 1


class HighPass:
    """Filters the channels of one recording block by block; what comes out is not delayed.

    There are as many samples out as in, in larger portions: up to two seconds are held back until `finish`.
    """

    def __init__(self, channels: int) -> None:
        """channels: rows of every block."""
        self._held = np.zeros((channels, 0), dtype=np.float32)
        self._empty = True

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take float32 (channels, samples); return what is ready, (channels, any number of samples)."""
        if self._empty and block.shape[1]:
            # As if the sound had always been as it begins: an offset makes no click.
            self._held = np.repeat(block[:, :1], _DELAY, axis=1)
            self._empty = False
        self._held = np.concatenate([self._held, block], axis=1)
        ready = []
        while self._held.shape[1] >= _FFT_SAMPLES:
            ready.append(_filtered(self._held[:, :_FFT_SAMPLES]))
            self._held = self._held[:, _STEP:]
        return np.concatenate(ready, axis=1) if ready else self._held[:, :0]

    def finish(self) -> NDArray[np.float32]:
        """Return the rest, (channels, samples)."""
        if self._empty:
            return self._held
        count = self._held.shape[1] - _DELAY
        rest = self.push(np.repeat(self._held[:, -1:], _DELAY, axis=1))
        left = np.pad(self._held, ((0, 0), (0, _FFT_SAMPLES - self._held.shape[1])))
        return np.concatenate([rest, _filtered(left)], axis=1)[:, :count]


def _filtered(held: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filter (channels, _FFT_SAMPLES). Returns: (channels, _STEP), what all taps have seen."""
    spectrum = np.fft.rfft(held, axis=1) * _response()
    return np.fft.irfft(spectrum, _FFT_SAMPLES, axis=1)[:, _TAPS - 1 :].astype(np.float32, copy=False)


@cache
def _response() -> NDArray[np.complex64]:
    """The filter's spectrum: a windowed sinc (Kaiser), subtracted from a pulse."""
    offset = np.arange(_TAPS) - _DELAY
    low = np.sinc(2 * _CUTOFF_HZ / SAMPLE_RATE_HZ * offset) * np.kaiser(_TAPS, _KAISER_BETA)
    high = (offset == 0) - low / low.sum()
    return np.fft.rfft(high, _FFT_SAMPLES).astype(np.complex64)
