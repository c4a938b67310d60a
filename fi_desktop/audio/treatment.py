"""Treatment before samples are rounded to 16 bits: a high-pass, or gain.

Determined from the whole recording on a first decoding pass. Most recordings need none: on clean ones a
high-pass costs more accuracy than it gains. The others are decoded again, with the treatment applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ

# Measured part of each block: half is enough, at half the cost.
_MEASURED_SAMPLES = SAMPLE_RATE_HZ
# Averaged before measuring: the strongest part of voices is far below the remaining 2 kHz.
_DECIMATION = 4
# Offset, rumble and hum end below the first; voices start above the second.
_RUMBLE_HZ = 70.0
_VOICE_HZ = 90.0
# Speech is assumed to be as loud as the loudest blocks, apart from single louder noises.
_VOICE_PERCENTILE = 95.0
# Rumble with this many times the energy of speech hides it once both are normalized. Knocks on the table
# reach that in single blocks; ventilation, hum and offsets do in all.
_HIDING = 4.0
_HIDING_SHARE = 0.1
# Speech below -60 dBFS loses its softer parts to rounding; it is raised to -30 dBFS.
_SOFT_RMS = 0.001
_TARGET_RMS = 0.03
# Three steps of a 16-bit and of a 24-bit sample.
_SILENT_PEAK, _SILENT_FINE_PEAK = 1e-4, 3.6e-7

# A linear-phase filter: below 60 Hz -50 dB, at 0 Hz nothing, from 100 Hz within 0.1 dB. Few voices have a
# fundamental below 85 Hz, and these are recognized by their overtones.
_CUTOFF_HZ = 80.0
_TAPS = 1281
_KAISER_BETA = 4.6
_DELAY = _TAPS // 2
# Overlap-save: larger is cheaper per sample, but holds more.
_FFT_SAMPLES = 32_768
_STEP = _FFT_SAMPLES - _TAPS + 1


@dataclass(frozen=True, slots=True)
class Treatment:
    """Treatment of samples before they are rounded to 16 bits.

    Attributes:
        high_pass: whether everything below voices is removed.
        gain: factor applied to samples.
    """

    high_pass: bool = False
    gain: float = 1.0


UNTREATED = Treatment()


class Survey:
    """Measures blocks of audio.

    Attributes:
        peak: highest level of any channel so far, each block's DC offset removed.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        self._rumble: list[float] = []
        self._voice: list[float] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Measure float32 (channels, samples), at least one sample."""
        # Channels are interleaved in memory, which makes NumPy's reductions far slower.
        block = np.ascontiguousarray(block)
        offset = block.mean(axis=1)
        swing = np.maximum(block.max(axis=1) - offset, offset - block.min(axis=1))
        self.peak = max(self.peak, float(swing.max()))
        measured = _decimate(block[:, :_MEASURED_SAMPLES])
        count = measured.shape[1]
        spectrum = np.fft.rfft(measured * _window(count), axis=1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        # Energy as mean squares of samples; a Hann window keeps 3/8.
        power *= 2.0 / (0.375 * count**2)
        hz_per_bin = SAMPLE_RATE_HZ / _DECIMATION / count
        rumble = power[:, 1 : round(_RUMBLE_HZ / hz_per_bin)].sum(axis=1) + power[:, 0] / 2
        self._rumble.append(float(rumble.max()))
        self._voice.append(float(power[:, round(_VOICE_HZ / hz_per_bin) :].sum(axis=1).max()))

    def treatment(self) -> Treatment:
        """Return what the recording needs."""
        if not self._voice:
            return UNTREATED
        speech = float(np.percentile(self._voice, _VOICE_PERCENTILE))
        hidden = float(np.mean(np.array(self._rumble) > _HIDING * speech))
        loudest = float(np.sqrt(max(self._voice)))
        gain = _TARGET_RMS / loudest if 0.0 < loudest < _SOFT_RMS else 1.0
        return Treatment(high_pass=hidden >= _HIDING_SHARE, gain=gain)


def is_silent(peak: float, *, fine: bool) -> bool:
    """Whether a peak is so low that its format cannot distinguish it from silence.

    fine: samples hold more than 16 bits.
    """
    return peak < (_SILENT_FINE_PEAK if fine else _SILENT_PEAK)


def _decimate(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average each `_DECIMATION` samples; the last ones are padded with silence."""
    whole = np.pad(block, ((0, 0), (0, -block.shape[1] % _DECIMATION)))
    parts = [whole[:, first::_DECIMATION] for first in range(_DECIMATION)]
    return np.asarray(np.add.reduce(parts) / np.float32(_DECIMATION))


@lru_cache(maxsize=4)  # the last block of each recording is shorter
def _window(count: int) -> NDArray[np.float32]:
    return np.hanning(count).astype(np.float32)


class HighPass:
    """High-pass over one recording, block by block, without delay.

    Removes what lies below any voice: the DC offset of cheap sound cards, rumble of traffic and ventilation,
    and mains hum (50 and 60 Hz), all of which can be far louder than a voice. As many samples come out as go
    in, but up to two seconds are held back until `finish`.
    """

    def __init__(self, channels: int) -> None:
        """Set up for blocks with `channels` rows."""
        self._held = np.zeros((channels, 0), dtype=np.float32)
        self._empty = True

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take float32 (channels, samples); return what is ready, (channels, any)."""
        if self._empty and block.shape[1]:
            # Extend the first sample into the past, so that an offset makes no click.
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
    """Filter (channels, _FFT_SAMPLES). Returns: (channels, _STEP), the samples covered by all taps."""
    spectrum = np.fft.rfft(held, axis=1) * _response()
    return np.fft.irfft(spectrum, _FFT_SAMPLES, axis=1)[:, _TAPS - 1 :].astype(np.float32, copy=False)


@cache
def _response() -> NDArray[np.complex64]:
    """Return the filter's spectrum: a Kaiser-windowed sinc subtracted from an impulse."""
    offset = np.arange(_TAPS) - _DELAY
    low = np.sinc(2 * _CUTOFF_HZ / SAMPLE_RATE_HZ * offset) * np.kaiser(_TAPS, _KAISER_BETA)
    high = (offset == 0) - low / low.sum()
    return np.fft.rfft(high, _FFT_SAMPLES).astype(np.complex64)
