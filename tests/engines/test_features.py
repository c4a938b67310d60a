from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dct

from fi_desktop.audio.recording import Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.builtin.features import cepstra, make_grid, sample_chunks, speech_cepstra

from .conftest import Write, ignore


def one_frame(samples: np.ndarray, frame: int) -> np.ndarray:
    """Compute the MFCC of one frame as textbooks do, in float64 and plain loops."""
    emphasised = samples.astype(float).copy()
    emphasised[1:] -= 0.97 * samples[:-1]
    first = 160 * frame - 120
    window = np.array([emphasised[i] if 0 <= i < len(samples) else 0.0 for i in range(first, first + 400)])
    power = np.abs(np.fft.rfft(window * np.hamming(400), 512)) ** 2
    mel = np.linspace(1127 * np.log(1 + 60 / 700), 1127 * np.log(1 + 7600 / 700), 32)
    corner = 700 * (np.exp(mel / 1127) - 1)
    bands = []
    for band in range(30):
        low, peak, high = corner[band : band + 3]
        total = 0.0
        for index, value in enumerate(power):
            hz = index * 16_000 / 512
            if low < hz <= peak:
                total += value * (hz - low) / (peak - low)
            elif peak < hz < high:
                total += value * (high - hz) / (high - peak)
        bands.append(np.log(total + 1e-9))
    return np.asarray(dct(np.array(bands), type=2, norm="ortho"))[1:21]


def test_cepstra_agree_with_the_textbook(call_samples: np.ndarray) -> None:
    found = np.concatenate(list(cepstra([call_samples[: 16_000 * 10]])))
    assert found.shape == (1000, 20)
    for frame in (0, 1, 500, 777, 999):
        assert found[frame] == pytest.approx(one_frame(call_samples[: 16_000 * 10], frame), abs=2e-3)


@pytest.mark.parametrize("size", [57, 1600, 44_100, 160_000])
def test_cepstra_do_not_depend_on_the_block_size(call_samples: np.ndarray, size: int) -> None:
    samples = call_samples[:163_217]
    whole = np.concatenate(list(cepstra([samples])))
    parts = list(cepstra(samples[start : start + size] for start in range(0, len(samples), size)))
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-4)


def test_speech_cepstra_are_normalized(call: Recording, call_mask: np.ndarray) -> None:
    found = speech_cepstra(call, call_mask, ignore)
    assert len(found) == call_mask.sum()
    assert found.mean(axis=0) == pytest.approx(np.zeros(20), abs=1e-3)
    assert found.std(axis=0) == pytest.approx(np.ones(20), abs=1e-3)


def test_speech_cepstra_do_not_depend_on_the_level(
    call: Recording, call_mask: np.ndarray, write: Write
) -> None:
    louder = write(np.concatenate(list(call.blocks())) * 2.0)
    found, expected = speech_cepstra(louder, call_mask, ignore), speech_cepstra(call, call_mask, ignore)
    assert np.abs(found - expected).mean() < 0.02


@st.composite
def regions_of_speech(draw: st.DrawFn) -> tuple[Region, ...]:
    """Draw regions in order, up to a minute, from a moment to many seconds long."""
    borders = sorted(draw(st.lists(st.integers(0, 6000), min_size=2, max_size=16, unique=True)))
    starts, ends = borders[::2], borders[1::2]
    return tuple(Region(a / 100, b / 100) for a, b in zip(starts, ends, strict=False))


@given(regions_of_speech(), st.integers(0, 6100))
def test_chunks_cover_the_speech_and_no_pause(regions: tuple[Region, ...], frames: int) -> None:
    grid = make_grid(regions, frames)
    marked = np.zeros(len(grid.mask), dtype=bool)
    for index, region in enumerate(regions):
        own = grid.region == index
        first, last = round(region.start / 0.02), min(round(region.end / 0.02), frames // 2)
        assert own.any() == (first < last)
        if first < last:
            # consecutive chunks from the region's start to its end
            assert grid.start[own][0] == first
            assert grid.end[own][-1] == last
            assert (grid.start[own][1:] == grid.end[own][:-1]).all()
            marked[2 * first : 2 * last] = True
    assert (grid.mask == marked).all()
    assert (np.diff(grid.region) >= 0).all()


@given(regions_of_speech())
def test_chunks_are_a_tenth_of_a_second_long(regions: tuple[Region, ...]) -> None:
    grid = make_grid(regions, 6000)
    rows = grid.end - grid.start
    assert (rows >= 1).all()
    assert (rows <= 7).all()
    assert (rows[np.isin(grid.region, [i for i, r in enumerate(regions) if r.duration >= 0.5])] >= 4).all()
    assert grid.seconds == pytest.approx(rows * 0.02)
    assert (np.diff(grid.offsets) == rows).all()
    assert 2 * grid.offsets[-1] == grid.mask.sum()


def test_runs_of_marked_frames_are_even() -> None:
    grid = make_grid((Region(0.01, 0.04), Region(0.5, 1.23), Region(2.0, 9.0)), 851)
    runs = np.diff(np.flatnonzero(np.diff(grid.mask, prepend=False, append=False)))[::2]
    assert len(runs) == 3
    assert (runs % 2 == 0).all()


def test_sample_is_bounded_in_even_blocks() -> None:
    chosen = sample_chunks(36_000, 120.0)
    assert len(set(chosen)) == 1200
    assert chosen[0] == 0
    assert chosen[-1] == 35_999
    assert (np.diff(chosen) == 1).sum() == 1200 - 6


@pytest.mark.parametrize("chunks", [0, 1, 37, 1200])
def test_short_speech_is_sampled_completely(chunks: int) -> None:
    assert list(sample_chunks(chunks, 120.0)) == list(range(chunks))
