"""What a recording needs before it is rounded to 16 bits: a high-pass, or to be made louder.

Judged from the whole recording while it is decoded a first time. Most need nothing and are kept as they are:
on clean ones a high-pass costs more than it gives. The others are decoded once more, with the treatment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ

# What is measured of each block: half of it is enough, and costs half.
_MEASURED_SAMPLES = SAMPLE_RATE_HZ
# Of each so many samples the mean is taken: the strongest part of voices is far below the 2 kHz that stay.
_THINNING = 4
# Offset, rumble and hum end below these, voices begin above.
_RUMBLE_HZ = 70.0
_VOICE_HZ = 90.0
# Speech is taken to be as loud as the loudest blocks, without single noises that are louder.
_VOICE_PERCENTILE = 95.0
# Rumble this many times stronger than speech, by energy, hides it once both are brought to one level. Knocks
# on the table reach that in single blocks; ventilation, hum and offsets do in all.
_HIDING = 4.0
_HIDING_SHARE = 0.1
# Speech below -60 dBFS loses its softer parts to rounding; it is brought to -30 dBFS.
_SOFT_RMS = 0.001
_TARGET_RMS = 0.03
# Three steps of a sample of 16 and of 24 bits.
_SILENT_PEAK, _SILENT_FINE_PEAK = 1e-4, 3.6e-7


@dataclass(frozen=True, slots=True)
class Treatment:
    """How samples are treated before they are rounded.

    Attributes:
        high_pass: whether what lies below voices is removed.
        gain: what samples are multiplied with.
    """

    high_pass: bool = False
    gain: float = 1.0


AS_IT_IS = Treatment()


class Survey:
    """Measures blocks of sound.

    Attributes:
        peak: highest level of any channel so far, each block's offset left out.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        self._rumble: list[float] = []
        self._voice: list[float] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Measure float32 (channels, samples), one sample or more."""
        # Blocks come with their channels interleaved, over which NumPy's reductions are far slower.
        block = np.ascontiguousarray(block)
        offset = block.mean(axis=1)
        swing = np.maximum(block.max(axis=1) - offset, offset - block.min(axis=1))
        self.peak = max(self.peak, float(swing.max()))
        measured = _thinned(block[:, :_MEASURED_SAMPLES])
        count = measured.shape[1]
        spectrum = np.fft.rfft(measured * _window(count), axis=1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        # Energies of the loudest channel, as mean squares of its samples; a Hann window keeps 3/8.
        power *= 2.0 / (0.375 * count**2)
        hz_a_bin = SAMPLE_RATE_HZ / _THINNING / count
        rumble = power[:, 1 : round(_RUMBLE_HZ / hz_a_bin)].sum(axis=1) + power[:, 0] / 2
        self._rumble.append(float(rumble.max()))
        self._voice.append(float(power[:, round(_VOICE_HZ / hz_a_bin) :].sum(axis=1).max()))

    def treatment(self) -> Treatment:
        """Say what the recording needs."""
        if not self._voice:
            return AS_IT_IS
        speech = float(np.percentile(self._voice, _VOICE_PERCENTILE))
        hidden = float(np.mean(np.array(self._rumble) > _HIDING * speech))
        loudest = float(np.sqrt(max(self._voice)))
        gain = _TARGET_RMS / loudest if 0.0 < loudest < _SOFT_RMS else 1.0
        return Treatment(high_pass=hidden >= _HIDING_SHARE, gain=gain)


def is_silent(peak: float, *, fine: bool) -> bool:
    """Whether a recording with this peak holds nothing but what its format cannot tell from silence.

    fine: its samples hold more than 16 bits.
    """
    return peak < (_SILENT_FINE_PEAK if fine else _SILENT_PEAK)


def _thinned(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the mean of each `_THINNING` samples; what is missing of the last is silence."""
    whole = np.pad(block, ((0, 0), (0, -block.shape[1] % _THINNING)))
    parts = [whole[:, first::_THINNING] for first in range(_THINNING)]
    return np.asarray(np.add.reduce(parts) / np.float32(_THINNING))


@lru_cache(maxsize=4)  # the last block of each recording has another length
def _window(count: int) -> NDArray[np.float32]:
    return np.hanning(count).astype(np.float32)
