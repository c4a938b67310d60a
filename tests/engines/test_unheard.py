"""Sound that may be speech and was not taken for it is counted; what is plainly none is not."""

from __future__ import annotations

import numpy as np
import pytest

from fi_desktop.engines.base import Speech
from fi_desktop.engines.silero import find_speech

from .conftest import Write, crosstalk, ignore, noise


def covered_s(speech: Speech) -> float:
    return sum(region.duration for region in speech.regions)


def found(write: Write, samples: np.ndarray) -> Speech:
    return find_speech(write(samples), per_channel=False, progress=ignore)


def test_in_a_clean_recording_nothing_is_missed(call_speech: Speech) -> None:
    assert call_speech.unheard_s < 0.02 * covered_s(call_speech)


@pytest.mark.parametrize("db", [-60.0, -45.0, -35.0])
def test_steady_noise_is_nothing_missed(write: Write, call_samples: np.ndarray, db: float) -> None:
    speech = found(write, call_samples + noise(call_samples.shape, db))
    assert covered_s(speech) > 10.0
    assert speech.unheard_s < 0.05 * covered_s(speech)


def test_speech_that_an_offset_hides_is_counted(
    write: Write, call_samples: np.ndarray, call_speech: Speech
) -> None:
    # As a detector hears it that is given the recording without any treatment.
    offset = np.where(np.arange(len(call_samples)) < 16_000 * 15, 0.0, 0.08)
    speech = found(write, 0.05 * call_samples + offset)
    missed = covered_s(call_speech) - covered_s(speech)
    assert missed > 4.0
    assert speech.unheard_s > 0.5 * missed


def test_speech_below_the_last_steps_of_16_bits_is_counted(write: Write, call_samples: np.ndarray) -> None:
    speech = found(write, call_samples * 10 ** (-70 / 20))
    assert speech.unheard_s > covered_s(speech)


def test_where_nobody_speaks_nothing_is_counted(write: Write) -> None:
    assert found(write, noise((16_000 * 5,), -30)).unheard_s == 0.0
    assert found(write, np.zeros(16_000)).unheard_s == 0.0


def test_channels_are_counted_as_one(write: Write, talkers: np.ndarray) -> None:
    speech = find_speech(write(crosstalk(talkers[:2], -18)), per_channel=True, progress=ignore)
    assert speech.unheard_s < 0.1 * covered_s(speech)
