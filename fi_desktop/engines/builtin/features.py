"""Features of the built-in diarizer: cepstra in frames of 10 ms, and chunks of 0.1 s.

Cepstra: C1 to C20 of 30 mel bands between 60 and 7600 Hz (C0, the energy, depends more on the microphone
than on the voice), in frames of 25 ms every 10 ms, computed block by block, then normalized to mean 0 and
variance 1 over the speech of the file. Chunks never cross a pause, where most speaker changes are.

Source: Davis & Mermelstein 1980; normalization: Viikki & Laurila 1998.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Progress

FRAME_S = 0.01
FRAME_SAMPLES = 160
COEFFICIENTS = 20
_WIDTH = 400
# The 25 ms of a frame are centred on its 10 ms.
_LEAD = (_WIDTH - FRAME_SAMPLES) // 2
_FFT_SIZE = 512
_BANDS = 30
_LOW_HZ, _HIGH_HZ = 60.0, 7600.0
_PREEMPHASIS = 0.97
_FLOOR = np.float32(1e-9)
# The power spectra of 2,000 frames fill the 2 MB cache of a core; larger batches are slower.
_BATCH = 2000

ROW_FRAMES = 2
ROW_S = ROW_FRAMES * FRAME_S
CHUNK_S = 0.1
_CHUNK_ROWS = round(CHUNK_S / ROW_S)
_BLOCK_CHUNKS = round(20.0 / CHUNK_S)

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]


def speech_cepstra(recording: Recording, mask: NDArray[np.bool_], progress: Progress) -> Floats32:
    """Compute the normalized cepstra of the marked frames, concatenated.

    mask: (frames,). Returns: float32 (marked frames, 20), each column with mean 0 and variance 1.
    """
    kept = np.empty((int(mask.sum()), COEFFICIENTS), dtype=np.float32)
    frame = row = 0
    for block in cepstra(recording.blocks(block_s=20.0)):
        speech = block[mask[frame : frame + len(block)]]
        kept[row : row + len(speech)] = speech
        frame += len(block)
        row += len(speech)
        progress(frame / len(mask))
    return _normalize(kept)


def cepstra(blocks: Iterable[Floats32]) -> Iterator[Floats32]:
    """Yield the cepstra of consecutive blocks of samples, float32 (frames, 20), whatever the blocks' size.

    blocks: float32 (samples,), 16 kHz; together they have one frame per whole step of 10 ms.
    """
    window = np.hamming(_WIDTH).astype(np.float32)
    for frames in frames_of(blocks, preemphasis=_PREEMPHASIS):
        result = np.empty((len(frames), COEFFICIENTS), dtype=np.float32)
        for start in range(0, len(frames), _BATCH):
            stop = min(start + _BATCH, len(frames))
            spectrum = np.fft.rfft(frames[start:stop] * window, _FFT_SIZE, axis=1)
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            bands = np.log(power @ _mel_filters() + _FLOOR)
            result[start:stop] = bands @ _cosines()
        yield result


def frames_of(blocks: Iterable[Floats32], *, preemphasis: float = 0.0) -> Iterator[Floats32]:
    """Yield frames of 25 ms every 10 ms, centred on these 10 ms: float32 (frames, 400), not writable.

    blocks: float32 (samples,), 16 kHz; together they have one frame per whole step of 10 ms.
    """
    pending = np.zeros(_LEAD, dtype=np.float32)
    last = np.zeros(1, dtype=np.float32)
    samples = frames = 0
    for block in blocks:
        raw = np.concatenate([last, block])
        pending = np.concatenate([pending, raw[1:] - np.float32(preemphasis) * raw[:-1]])
        last = raw[-1:]
        samples += len(block)
        ready = max(0, (len(pending) - _WIDTH) // FRAME_SAMPLES + 1)
        if ready:
            yield _sliding(pending, ready)
            pending = pending[ready * FRAME_SAMPLES :]
            frames += ready
    missing = samples // FRAME_SAMPLES - frames
    if missing > 0:
        yield _sliding(np.pad(pending, (0, _WIDTH)), missing)


def _sliding(samples: Floats32, frames: int) -> Floats32:
    return np.lib.stride_tricks.sliding_window_view(samples, _WIDTH)[::FRAME_SAMPLES][:frames]


@cache
def _cosines() -> Floats32:
    """Return C1 to C20 of the discrete cosine transform, type 2, orthonormal: (bands, coefficients)."""
    band, order = np.arange(_BANDS)[:, None], np.arange(1, COEFFICIENTS + 1)
    waves = np.cos(np.pi * order * (band + 0.5) / _BANDS)
    return np.asarray(np.sqrt(2.0 / _BANDS) * waves, dtype=np.float32)


@cache
def _mel_filters() -> Floats32:
    """Return triangles of equal width on the mel scale: (frequency bins, bands)."""
    low, high = (1127.0 * np.log1p(hz / 700.0) for hz in (_LOW_HZ, _HIGH_HZ))
    corners = 700.0 * np.expm1(np.linspace(low, high, _BANDS + 2) / 1127.0)
    bins = np.fft.rfftfreq(_FFT_SIZE, 1.0 / SAMPLE_RATE_HZ)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _normalize(values: Floats32) -> Floats32:
    if len(values):
        # float64: over a million frames, a float32 sum loses the digits that matter here.
        values -= values.mean(axis=0, dtype=np.float64).astype(np.float32)
        values /= np.sqrt(np.square(values).mean(axis=0, dtype=np.float64)).astype(np.float32) + np.float32(
            1e-6
        )
    return values


@dataclass(frozen=True, slots=True, eq=False)
class ChunkGrid:
    """The chunks of a recording's speech. A row is 20 ms, two frames.

    Attributes:
        start, end: (chunks,), in rows of the recording.
        region: (chunks,), the region of speech that each chunk is part of, ascending.
        offsets: (chunks + 1,), in rows of the speech alone.
        mask: (frames,), which frames of the recording are in a chunk.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    region: NDArray[np.int64]
    offsets: NDArray[np.int64]
    mask: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Length of each chunk, (chunks,)."""
        return np.asarray((self.end - self.start) * ROW_S, dtype=np.float64)


def make_grid(regions: Sequence[Region], frames: int) -> ChunkGrid:
    """Cut the regions of speech into chunks. frames: in the recording, 10 ms each."""
    starts: list[NDArray[np.int64]] = []
    ends: list[NDArray[np.int64]] = []
    owners: list[int] = []
    rows = frames // ROW_FRAMES
    for index, region in enumerate(regions):
        first, last = round(region.start / ROW_S), min(round(region.end / ROW_S), rows)
        if last <= first:
            continue
        count = max(1, round((last - first) / _CHUNK_ROWS))
        borders = np.linspace(first, last, count + 1).round().astype(np.int64)
        starts.append(borders[:-1])
        ends.append(borders[1:])
        owners += [index] * count
    start = np.concatenate(starts) if starts else np.zeros(0, dtype=np.int64)
    end = np.concatenate(ends) if ends else np.zeros(0, dtype=np.int64)
    mask = np.zeros(frames, dtype=bool)
    for low, high in zip(start, end, strict=True):
        mask[low * ROW_FRAMES : high * ROW_FRAMES] = True
    return ChunkGrid(
        start=start,
        end=end,
        region=np.array(owners, dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum(end - start)]).astype(np.int64),
        mask=mask,
    )


def sample_chunks(chunks: int, seconds: float) -> NDArray[np.int64]:
    """Return about `seconds` of chunks, in evenly spaced blocks of 20 s, or all if there are no more."""
    blocks = round(seconds / (_BLOCK_CHUNKS * CHUNK_S))
    if chunks <= blocks * _BLOCK_CHUNKS:
        return np.arange(chunks)
    starts = np.linspace(0, chunks - _BLOCK_CHUNKS, blocks).astype(np.int64)
    return (starts[:, None] + np.arange(_BLOCK_CHUNKS)).reshape(-1)
