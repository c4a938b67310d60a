from __future__ import annotations

import numpy as np
import pytest

from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.engines.dereverberation import without_reverberation

from .conftest import Sound, in_a_room


def energy(sound: Sound) -> float:
    return float(np.square(sound, dtype=np.float64).sum())


@pytest.mark.parametrize("decay_s", [0.4, 0.7, 1.0])
def test_late_reverberation_of_a_room_is_reduced(call_samples: Sound, decay_s: float):
    heard = in_a_room(call_samples, decay_s=decay_s)
    before, after = energy(heard - call_samples), energy(without_reverberation(heard) - call_samples)
    assert after < 0.8 * before


def test_a_dry_recording_stays_as_it_is(call_samples: Sound):
    assert without_reverberation(call_samples) is call_samples


def test_noise_has_no_reverberation():
    noise = np.random.default_rng(0).normal(0.0, 0.05, 20 * SAMPLE_RATE_HZ).astype(np.float32)
    assert without_reverberation(noise) is noise


@pytest.mark.parametrize("samples", [0, 1, 4_000, 80_000])
def test_silence_stays_silence(samples: int):
    silence = np.zeros(samples, dtype=np.float32)
    assert without_reverberation(silence) is silence


@pytest.mark.parametrize("more", [0, 1, 255, 256, 257])
def test_each_length_keeps_its_length_and_place(call_samples: Sound, more: int):
    heard = in_a_room(call_samples)[8 * SAMPLE_RATE_HZ : 14 * SAMPLE_RATE_HZ + more]
    found = without_reverberation(heard)
    assert found is not heard
    assert (found.shape, found.dtype) == (heard.shape, np.float32)
    moved = [energy(found[20:-20] - np.roll(heard, shift)[20:-20]) for shift in range(-8, 9)]
    assert int(np.argmin(moved)) == 8


def test_a_soft_recording_is_treated_as_a_loud_one(call_samples: Sound):
    heard = in_a_room(call_samples)
    soft = without_reverberation(heard * np.float32(0.01))
    assert soft * 100.0 == pytest.approx(without_reverberation(heard), abs=1e-3)


def test_a_pause_of_digital_silence_is_borne(call_samples: Sound):
    heard = in_a_room(call_samples)
    heard[12 * SAMPLE_RATE_HZ : 15 * SAMPLE_RATE_HZ] = 0.0
    assert np.isfinite(without_reverberation(heard)).all()
