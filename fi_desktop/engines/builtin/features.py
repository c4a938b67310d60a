"""Mel-frequency cepstra of the speech in a recording.

C1 to C20 (C0, the energy, says more about the microphone than about the voice) of 30 mel bands between 60 and
7600 Hz, in frames of 25 ms every 10 ms, read block by block; then mean and variance normalised over the
file's speech.
Source: Davis & Mermelstein 1980; normalisation: Viikki & Laurila 1998.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.base import Progress

FRAME_S = 0.01
COEFFICIENTS = 20
FRAME_SAMPLES = 160
_WIDTH = 400
# A frame's 25 ms are centred on its 10 ms, so that frame times are speech times.
_LEAD = (_WIDTH - FRAME_SAMPLES) // 2
_FFT_SIZE = 512
_BANDS = 30
_LOW_HZ, _HIGH_HZ = 60.0, 7600.0
_PREEMPHASIS = np.float32(0.97)
_FLOOR = np.float32(1e-9)
# The power spectra of 2,000 frames fill 2 MB, a core's cache; larger batches are slower.
_BATCH = 2000


def speech_cepstra(
    recording: Recording, regions: Iterable[Region], progress: Progress
) -> NDArray[np.float32]:
    """Compute the normalised cepstra of all frames inside the regions, concatenated.

    Returns: float32 (speech frames, 20), each column with mean 0 and variance 1; the frames that
    `speech_mask` marks.
    """
    mask = speech_mask(regions, recording.samples // FRAME_SAMPLES)
    kept = np.empty((int(mask.sum()), COEFFICIENTS), dtype=np.float32)
    frame = row = 0
    for block in cepstra(recording.blocks(block_s=20.0)):
        speech = block[mask[frame : frame + len(block)]]
        kept[row : row + len(speech)] = speech
        frame += len(block)
        row += len(speech)
        progress(frame / len(mask))
    return _normalise(kept)


def speech_mask(regions: Iterable[Region], frames: int) -> NDArray[np.bool_]:
    """Mark the frames of 10 ms that lie inside the regions. Returns: (frames,)."""
    mask = np.zeros(frames, dtype=bool)
    for region in regions:
        mask[round(region.start / FRAME_S) : round(region.end / FRAME_S)] = True
    return mask


def cepstra(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield float32 (frames, 20) of consecutive blocks of samples; the frames do not depend on the block
    size.

    blocks: float32 (samples,), 16 kHz. There are as many frames as whole steps of 10 ms in all blocks.
    """
    waiting = np.zeros(_LEAD, dtype=np.float32)
    last = np.zeros(1, dtype=np.float32)
    samples = frames = 0
    for block in blocks:
        raw = np.concatenate([last, block])
        waiting = np.concatenate([waiting, raw[1:] - _PREEMPHASIS * raw[:-1]])
        last = raw[-1:]
        samples += len(block)
        ready = max(0, (len(waiting) - _WIDTH) // FRAME_SAMPLES + 1)
        if ready:
            yield _cepstra_of(waiting, ready)
            waiting = waiting[ready * FRAME_SAMPLES :]
            frames += ready
    missing = samples // FRAME_SAMPLES - frames
    if missing > 0:
        yield _cepstra_of(np.pad(waiting, (0, _WIDTH)), missing)


def _cepstra_of(samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    result = np.empty((frames, COEFFICIENTS), dtype=np.float32)
    window = np.hamming(_WIDTH).astype(np.float32)
    sliding = np.lib.stride_tricks.sliding_window_view(samples, _WIDTH)[::FRAME_SAMPLES]
    for start in range(0, frames, _BATCH):
        stop = min(start + _BATCH, frames)
        spectrum = np.fft.rfft(sliding[start:stop] * window, _FFT_SIZE, axis=1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        bands = np.log(power @ _mel_filters() + _FLOOR)
        result[start:stop] = bands @ _cosines()
    return result


@cache
def _cosines() -> NDArray[np.float32]:
    """C1 to C20 of the discrete cosine transform, type 2, orthonormal. Returns: (bands, coefficients)."""
    band, order = np.arange(_BANDS)[:, None], np.arange(1, COEFFICIENTS + 1)
    waves = np.cos(np.pi * order * (band + 0.5) / _BANDS)
    return np.asarray(np.sqrt(2.0 / _BANDS) * waves, dtype=np.float32)


@cache
def _mel_filters() -> NDArray[np.float32]:
    """Triangles of equal width on the mel scale. Returns: (frequency bins, bands)."""
    low, high = (1127.0 * np.log1p(hz / 700.0) for hz in (_LOW_HZ, _HIGH_HZ))
    corners = 700.0 * np.expm1(np.linspace(low, high, _BANDS + 2) / 1127.0)
    bins = np.fft.rfftfreq(_FFT_SIZE, 1.0 / SAMPLE_RATE_HZ)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _normalise(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(values):
        # float64: over a million frames a float32 sum loses the digits that matter here.
        values -= values.mean(axis=0, dtype=np.float64).astype(np.float32)
        values /= np.sqrt(np.square(values).mean(axis=0, dtype=np.float64)).astype(np.float32) + np.float32(
            1e-6
        )
    return values
