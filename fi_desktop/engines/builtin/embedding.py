"""Voice embeddings by CAM++: one point for any part of a recording's speech.

The frame layers run once over the speech, its pauses left out: their convolutions over all of it, their
dense layers in pieces. What follows them, statistics pooling and one linear layer, is cheap, so an embedding
can be had for any set of chunks. One pass over the recording for the mean of the mel bands, one for the
frames; memory holds seconds of them.

Input: 80 mel bands of 20 to 8000 Hz in frames of 25 ms every 10 ms, less their mean over the recording's
speech, as Kaldi computes them. The frame layers put out one row for two frames.

Source: H. Wang et al. 2023, "CAM++: A fast and efficient network for speaker verification using context-aware
masking"; D. Snyder et al. 2018 (statistics pooling).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.engines.builtin.features import ROW_FRAMES, Floats32, frames_of
from fi_desktop.engines.contracts import Progress
from fi_desktop.engines.networks import Network, load_network, pack_name

DIMENSIONS = 192
STATISTICS = 1024
_BANDS = 80
_LOW_HZ, _HIGH_HZ = 20.0, 8000.0
_WIDTH, _FFT_SIZE = 400, 512
_PREEMPHASIS = np.float32(0.97)
_FLOOR = np.float32(np.finfo(np.float32).eps)
# Spectra of 1,000 frames fit the cache of a core.
_BATCH = 1000
# A row of the convolutions depends on 12 frames before and 12 behind its own.
_BLOCK_FRAMES, _REACH_FRAMES = 1000, 12
# The dense layers' context masking looks at 2 s at a time. Pieces of 5 s tell short stretches apart better
# than longer ones, and far better than each stretch by itself.
_PIECE_ROWS, _MARGIN_ROWS = 250, 50
_SMALLEST_VARIANCE = 1e-10


class VoiceEmbedder:
    """The parts of the network.

    Attributes:
        name: name and version of the weights.
    """

    def __init__(self, pack: Path) -> None:
        """pack: the folder of the voice networks."""
        self.name = pack_name(pack)
        self._convolutions: Network = load_network(pack, "convolutions.onnx")
        self._frames: Network = load_network(pack, "frames.onnx")
        self._embedding: Network = load_network(pack, "embedding.onnx")

    def rows(self, recording: Recording, mask: NDArray[np.bool_], progress: Progress) -> Iterator[Floats32]:
        """Yield the frame layers' output for the marked frames, pieces of float32 (rows, 512), in order.

        mask: frames of 10 ms, (frames,); each run of marked frames is even.
        """
        mean = _mean_bands(recording, mask, lambda fraction: progress(0.1 * fraction))
        total = int(mask.sum()) // ROW_FRAMES
        done = 0
        for values, own in in_pieces(self._channels(recording, mask, mean), _PIECE_ROWS, _MARGIN_ROWS):
            frames = self._frames.run(channels=np.ascontiguousarray(values.T)[None])[0]
            done += own.stop - own.start
            progress(0.1 + 0.9 * done / total)
            yield np.ascontiguousarray(frames[:, own].T)
        progress(1.0)

    def embed(self, count: NDArray[Any], sums: NDArray[np.float64]) -> Floats32:
        """Pool rows and return the embeddings, unit length: float32 (voices, 192).

        Args:
            count: number of rows of each voice, (voices,).
            sums: sums of the rows and of their squares, (voices, 1024).
        """
        rows = np.maximum(count, 2.0)[:, None]
        mean, square = np.split(sums / np.maximum(count, 1.0)[:, None], 2, axis=1)
        variance = np.maximum((square - mean * mean) * rows / (rows - 1.0), _SMALLEST_VARIANCE)
        pooled = np.concatenate([mean, np.sqrt(variance)], axis=1).astype(np.float32)
        embeddings = self._embedding.run(pooled=pooled)
        return unit(embeddings)

    def pool(self, recording: Recording, mask: NDArray[np.bool_], progress: Progress) -> Floats32:
        """Return the embedding of all marked frames, (192,). mask: as in `rows`, at least two frames."""
        sums = np.zeros((1, STATISTICS))
        count = 0
        for rows in self.rows(recording, mask, progress):
            sums += with_squares(rows).sum(axis=0, dtype=np.float64)
            count += len(rows)
        embedding: Floats32 = self.embed(np.array([count]), sums)[0]
        return embedding

    def _channels(self, recording: Recording, mask: NDArray[np.bool_], mean: Floats32) -> Iterator[Floats32]:
        """Yield the convolutions' output for the marked frames, blocks of float32 (rows, 128), in order."""
        bands = (block - mean for block in _speech_bands(recording, mask))
        for values, own in in_pieces(bands, _BLOCK_FRAMES, _REACH_FRAMES):
            channels = self._convolutions.run(bands=values[None])[0]
            yield channels[:, own.start // ROW_FRAMES : own.stop // ROW_FRAMES].T


def in_pieces(blocks: Iterable[Floats32], size: int, margin: int) -> Iterator[tuple[Floats32, slice]]:
    """Cut a sequence into pieces that know what is around them, whatever blocks it comes in.

    Args:
        blocks: of the sequence, (items, ...), in order.
        size: of a piece; the last one is shorter.
        margin: items around a piece, fewer at the sequence's ends.

    Yields:
        A piece with its margins, and where in it the piece itself lies.
    """
    pending: list[Floats32] = []
    held = before = 0  # items in `pending`, and those of them before the next piece
    for block in blocks:
        pending.append(block)
        held += len(block)
        while held >= before + size + margin:
            whole = np.concatenate(pending)
            end = before + size
            yield whole[: end + margin], slice(before, end)
            pending, before = [whole[max(0, end - margin) :]], min(end, margin)
            held = len(pending[0])
    while held > before:
        whole = np.concatenate(pending)
        end = min(before + size, held)
        yield whole[: end + margin], slice(before, end)
        pending, before = [whole[max(0, end - margin) :]], min(end, margin)
        held = len(pending[0])


def unit(vectors: NDArray[np.floating]) -> Floats32:
    """Scale vectors to unit length, along the last axis."""
    scaled: Floats32 = (vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)).astype(np.float32)
    return scaled


def with_squares(rows: Floats32) -> Floats32:
    """Return rows and their squares side by side, to be summed for `VoiceEmbedder.embed`."""
    return np.concatenate([rows, np.square(rows)], axis=1)


def _mean_bands(recording: Recording, mask: NDArray[np.bool_], progress: Progress) -> Floats32:
    total, frames = np.zeros(_BANDS), max(1, int(mask.sum()))
    done = 0
    for bands in _speech_bands(recording, mask):
        total += bands.sum(axis=0, dtype=np.float64)
        done += len(bands)
        progress(done / frames)
    mean: Floats32 = (total / frames).astype(np.float32)
    return mean


def _speech_bands(recording: Recording, mask: NDArray[np.bool_]) -> Iterator[Floats32]:
    """Yield the mel bands of the marked frames, block by block."""
    at = 0
    for frames in frames_of(recording.blocks(block_s=20.0)):
        marked = mask[at : at + len(frames)]
        at += len(frames)
        if marked.any():
            yield mel_bands(frames[marked])


def mel_bands(frames: Floats32) -> Floats32:
    """Return the logarithms of the mel bands. frames: (frames, 400) samples. Returns: (frames, 80)."""
    bands = np.empty((len(frames), _BANDS), dtype=np.float32)
    for start in range(0, len(frames), _BATCH):
        part = frames[start : start + _BATCH]
        part = part - part.mean(axis=1, keepdims=True)
        # Kaldi takes the first sample as its own predecessor
        part = part - _PREEMPHASIS * np.concatenate([part[:, :1], part[:, :-1]], axis=1)
        spectrum = np.fft.rfft(part * _window(), _FFT_SIZE, axis=1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        bands[start : start + len(part)] = np.log(
            np.maximum(power.astype(np.float32) @ _mel_filters(), _FLOOR)
        )
    return bands


@cache
def _window() -> Floats32:
    """Return Kaldi's default window: a Hann window to the power of 0.85."""
    window: Floats32 = np.power(np.hanning(_WIDTH), 0.85).astype(np.float32)
    return window


@cache
def _mel_filters() -> Floats32:
    """Return triangles on the mel scale, (frequency bins, bands)."""
    hz = np.arange(_FFT_SIZE // 2 + 1) * SAMPLE_RATE_HZ / _FFT_SIZE
    mel, low, high = (1127.0 * np.log1p(value / 700.0) for value in (hz, _LOW_HZ, _HIGH_HZ))
    corners = np.linspace(low, high, _BANDS + 2)
    rising = (mel[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - mel[:, None]) / (corners[2:] - corners[1:-1])
    filters: Floats32 = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    return filters
