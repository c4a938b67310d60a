from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct

from fi_desktop.audio.recording import Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.builtin.features import (
    cepstra,
    make_grid,
    sample_chunks,
    speech_cepstra,
    speech_mask,
    windows_of_sample,
)
from fi_desktop.engines.contracts import Speech

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
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-4)


def test_speech_cepstra_are_normalized(call: Recording, call_speech: Speech) -> None:
    found = speech_cepstra(call, call_speech.regions, ignore)
    assert len(found) == speech_mask(call_speech.regions, call.samples // 160).sum()
    assert found.mean(axis=0) == pytest.approx(np.zeros(20), abs=1e-3)
    assert found.std(axis=0) == pytest.approx(np.ones(20), abs=1e-3)


def test_speech_cepstra_do_not_depend_on_the_level(
    call: Recording, call_speech: Speech, write: Write
) -> None:
    louder = write(np.concatenate(list(call.blocks())) * 2.0)
    found = speech_cepstra(louder, call_speech.regions, ignore)
    expected = speech_cepstra(call, call_speech.regions, ignore)
    assert np.abs(found - expected).mean() < 0.02


def test_chunks_cover_the_speech_and_no_pause() -> None:
    regions = (Region(0.1, 0.95), Region(2.0, 12.34), Region(13.0, 13.05))
    grid = make_grid(regions, 1310)
    mask = speech_mask(regions, 1310)
    covered = np.zeros(1310, dtype=bool)
    for start, end in zip(grid.start, grid.end, strict=True):
        assert mask[start:end].all()
        assert not covered[start:end].any()
        covered[start:end] = True
    assert (covered == mask).all()
    assert grid.offsets[-1] == mask.sum()
    assert (grid.end - grid.start)[:-1].max() <= 25


def test_windows_stay_inside_a_region_and_cover_it() -> None:
    grid = make_grid((Region(0.0, 1.0), Region(2.0, 12.3)), 2000)
    covered = np.zeros(len(grid), dtype=bool)
    for low, high in grid.windows:
        assert len(set(grid.region[low:high])) == 1
        assert high - low <= 12
        covered[low:high] = True
    assert covered.all()


def test_sample_is_bounded_and_its_windows_match_the_recording() -> None:
    grid = make_grid((Region(0.0, 500.0), Region(501.0, 3600.0)), 360_000)
    chosen = sample_chunks(len(grid), 120.0)
    assert len(chosen) == 600
    assert len(set(chosen)) == 600
    rows, windows = windows_of_sample(grid.windows, chosen)
    assert len(rows) > 80
    for row, (low, high) in zip(rows, windows, strict=True):
        assert list(chosen[low:high]) == list(range(*grid.windows[row]))


def test_short_speech_is_sampled_completely() -> None:
    assert list(sample_chunks(37, 120.0)) == list(range(37))
