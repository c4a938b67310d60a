"""CAM++ in pieces: the same rows as the network's, whatever the recording's length and blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from fi_desktop.audio.recording import Recording
from fi_desktop.engines.builtin.embedding import VoiceEmbedder, in_pieces, mel_bands, with_squares
from fi_desktop.engines.builtin.features import frames_of
from fi_desktop.engines.networks import load_network

from .conftest import NETWORKS_DIR, Write, ignore, read_rttm


@dataclass(frozen=True)
class ReadInBlocks(Recording):
    """A recording that is read in blocks of another size, and counts them."""

    block_samples: int = 160_000
    read: list[int] | None = None

    def blocks(self, *, block_s: float = 60.0, channel: int | None = None) -> Iterator[np.ndarray]:
        for block in super().blocks(block_s=self.block_samples / 16_000, channel=channel):
            if self.read is not None:
                self.read.append(len(block))
            yield block


def read_in_blocks(recording: Recording, samples: int, read: list[int] | None = None) -> ReadInBlocks:
    known = (recording.path, recording.channels, recording.samples, recording.mix)
    return ReadInBlocks(*known, block_samples=samples, read=read)


def speech_bands(samples: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mel bands of the marked frames, less their mean."""
    frames = np.concatenate(list(frames_of([samples])))
    bands = mel_bands(frames[mask[: len(frames)]])
    return bands - bands.mean(axis=0)


def frame_layers(bands: np.ndarray) -> np.ndarray:
    """Run the network once: (rows, 512)."""
    channels = load_network(NETWORKS_DIR, "convolutions.onnx").run(bands=bands[None].astype(np.float32))
    return load_network(NETWORKS_DIR, "frames.onnx").run(channels=channels)[0].T


def one_frame(frame: np.ndarray) -> np.ndarray:
    """Compute the mel bands of one frame as Kaldi does without dither, in float64 and plain loops."""
    frame = frame.astype(float) - frame.astype(float).mean()
    emphasised = np.array([frame[i] - 0.97 * frame[max(0, i - 1)] for i in range(400)])
    povey = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
    power = np.abs(np.fft.rfft(emphasised * povey, 512)) ** 2
    low, high = 1127 * np.log(1 + 20 / 700), 1127 * np.log(1 + 8000 / 700)
    width = (high - low) / 81
    bands = np.zeros(80)
    for band in range(80):
        left, centre, right = (low + width * (band + step) for step in range(3))
        for index in range(256):  # Kaldi leaves out the Nyquist frequency
            mel = 1127 * np.log(1 + index * 16_000 / 512 / 700)
            if left < mel < right:
                rise, fall = (mel - left) / (centre - left), (right - mel) / (right - centre)
                bands[band] += power[index] * min(rise, fall)
    return np.log(np.maximum(bands, np.finfo(np.float32).eps))


def test_mel_bands_are_kaldis(call_samples: np.ndarray) -> None:
    frames = np.lib.stride_tricks.sliding_window_view(call_samples[16_000 * 6 : 16_000 * 12], 400)[::160]
    found = mel_bands(frames)
    assert found.shape == (598, 80)
    for row in (0, 1, 123, 300, 597):
        assert found[row] == pytest.approx(one_frame(frames[row]), abs=2e-3)


def test_mel_bands_of_silence_are_finite() -> None:
    assert np.isfinite(mel_bands(np.zeros((3, 400), dtype=np.float32))).all()


@pytest.mark.parametrize("frames", [2, 4, 98, 498, 500, 502, 598, 600, 602, 700, 998, 1000, 1200])
def test_every_two_frames_have_one_row(
    embedder: VoiceEmbedder, call: Recording, call_samples: np.ndarray, frames: int
) -> None:
    mask = np.zeros(call.samples // 160, dtype=bool)
    mask[700 : 700 + frames] = True
    found = np.concatenate(list(embedder.rows(call, mask, ignore)))
    assert found.shape == (frames // 2, 512)
    assert np.isfinite(found).all()
    if frames <= 500:  # one piece: what the network says of the whole
        np.testing.assert_allclose(found, frame_layers(speech_bands(call_samples, mask)), atol=1e-4)


@pytest.fixture(scope="module")
def ten_seconds(call_mask: np.ndarray) -> np.ndarray:
    """The mask of the phone call's first ten seconds of speech or so: three pieces."""
    mask = call_mask.copy()
    mask[1900:] = False
    return mask


def test_long_speech_is_computed_in_pieces_with_margins(
    embedder: VoiceEmbedder, call: Recording, call_samples: np.ndarray, ten_seconds: np.ndarray
) -> None:
    found = list(embedder.rows(call, ten_seconds, ignore))
    bands = speech_bands(call_samples, ten_seconds).astype(np.float32)
    channels = load_network(NETWORKS_DIR, "convolutions.onnx").run(bands=bands[None])
    dense = load_network(NETWORKS_DIR, "frames.onnx")
    starts = range(0, len(bands) // 2, 250)
    assert len(found) == len(starts) == 3
    for piece, start in zip(found, starts, strict=True):
        low, high = max(0, start - 50), start + 250 + 50
        expected = dense.run(channels=channels[:, :, low:high])[0].T[start - low :][:250]
        np.testing.assert_allclose(piece, expected, atol=1e-3)


@pytest.mark.parametrize("items", [0, 1, 2, 9, 10, 11, 13, 14, 20, 23, 57])
@pytest.mark.parametrize("block", [1, 4, 13, 100])
def test_pieces_cover_a_sequence_once_with_margins_from_it(items: int, block: int) -> None:
    sequence = np.arange(items, dtype=np.float32)[:, None]
    blocks = (sequence[start : start + block] for start in range(0, items, block))
    found = list(in_pieces(blocks, 10, 3))
    assert len(found) == -(-items // 10)
    for at, (values, own) in enumerate(found):
        start, end = 10 * at, min(items, 10 * (at + 1))
        np.testing.assert_array_equal(values[own], sequence[start:end])
        np.testing.assert_array_equal(values, sequence[max(0, start - 3) : end + 3])


@pytest.mark.parametrize("block", [4_321, 163_217])
def test_rows_do_not_depend_on_the_blocks_that_are_read(
    embedder: VoiceEmbedder, call: Recording, ten_seconds: np.ndarray, block: int
) -> None:
    expected = np.concatenate(list(embedder.rows(call, ten_seconds, ignore)))
    found = np.concatenate(list(embedder.rows(read_in_blocks(call, block), ten_seconds, ignore)))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_voices_in_pieces_are_the_voices_in_the_whole(
    embedder: VoiceEmbedder, call: Recording, call_samples: np.ndarray, sample_turns: np.ndarray
) -> None:
    mask = (sample_turns > 0).repeat(2)
    who = sample_turns[sample_turns > 0]
    pieces = np.concatenate(list(embedder.rows(call, mask, ignore)))
    whole = frame_layers(speech_bands(call_samples, mask))
    both = []
    for rows in (pieces, whole):
        sums = [with_squares(rows[who == voice]).sum(axis=0, dtype=float) for voice in (1, 2)]
        both.append(embedder.embed(np.array([(who == 1).sum(), (who == 2).sum()]), np.stack(sums)))
    cosines = both[0] @ both[1].T
    assert cosines.diagonal().min() > 0.95
    assert max(cosines[0, 1], cosines[1, 0]) < 0.6


@pytest.fixture(scope="module")
def sample_turns(sample, call: Recording) -> np.ndarray:
    """Who speaks alone in each row of the phone call by its reference: 1, 2, or 0 for nobody or both."""
    rows = np.zeros(call.samples // 320, dtype=np.int64)
    for start, end, speaker in read_rttm(sample.with_suffix(".rttm")):
        rows[round(start / 0.02) : round(end / 0.02)] += 1 if speaker == "speaker90" else 2
    return np.where(rows == 3, 0, rows)


def test_long_recording_is_read_piece_by_piece(
    embedder: VoiceEmbedder, write: Write, call_samples: np.ndarray
) -> None:
    recording = write(np.tile(call_samples, 8))
    mask = np.ones(recording.samples // 160, dtype=bool)
    read: list[int] = []
    pieces = embedder.rows(read_in_blocks(recording, 160_000, read), mask, ignore)
    once = -(-recording.samples // 160_000)
    for count in range(3):
        assert next(pieces).shape == (250, 512)
        # all blocks for the mean of the bands, then two for the first 5 s, and one or none for each further
        assert len(read) <= once + 2 + count


def test_progress_rises_to_one(embedder: VoiceEmbedder, call: Recording, ten_seconds: np.ndarray) -> None:
    fractions: list[float] = []
    for _ in embedder.rows(call, ten_seconds, fractions.append):
        pass
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_embeddings_of_sums_are_those_of_mean_and_deviation(embedder: VoiceEmbedder) -> None:
    rng = np.random.default_rng(3)
    voices = [rng.gamma(1.0, size=(count, 512)).astype(np.float32) for count in (2, 10, 333)]
    counts, sums = (
        np.array([2, 10, 333]),
        np.stack([with_squares(rows).sum(axis=0, dtype=float) for rows in voices]),
    )
    pooled = np.stack([np.concatenate([rows.mean(axis=0), rows.std(axis=0, ddof=1)]) for rows in voices])
    direct = load_network(NETWORKS_DIR, "embedding.onnx").run(pooled=pooled)
    direct /= np.linalg.norm(direct, axis=1, keepdims=True)
    found = embedder.embed(counts, sums)
    np.testing.assert_allclose(found, direct, atol=1e-4)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_embeddings_of_a_moment_are_finite(embedder: VoiceEmbedder, count: int) -> None:
    rows = np.random.default_rng(4).normal(size=(count, 512)).astype(np.float32)
    found = embedder.embed(np.array([count]), with_squares(rows).sum(axis=0, dtype=float)[None])
    assert found.shape == (1, 192)
    assert np.isfinite(found).all()
