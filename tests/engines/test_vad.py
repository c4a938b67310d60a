from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import CancelledByUser
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import HOP_S, RegionRule, _second_look, find_regions, find_speech, union

from .conftest import Write, crosstalk, ignore, noise


def covered(speech: Speech) -> float:
    return sum(region.duration for region in speech.regions)


def test_finds_the_speech_of_a_real_call(call: Recording, call_speech: Speech) -> None:
    assert 20.0 < covered(call_speech) < 27.0
    # The reference's first turn begins at 6.69 s; before it, only the line's noise.
    assert call_speech.regions[0].start == pytest.approx(6.69, abs=0.3)
    assert call_speech.probability.shape == (1, -(-call.samples // 512))


def test_regions_are_sorted_apart_and_inside_the_recording(call: Recording, call_speech: Speech) -> None:
    borders = [time for region in call_speech.regions for time in (region.start, region.end)]
    assert borders == sorted(set(borders))
    assert borders[0] >= 0.0
    assert borders[-1] <= call.duration


@pytest.mark.parametrize("level_db", [-90.0, -70.0, -50.0, -30.0])
def test_noise_of_any_level_is_no_speech(write: Write, level_db: float) -> None:
    noise = np.random.default_rng(1).normal(size=16_000 * 70) * 10 ** (level_db / 20)
    assert find_speech(write(noise), per_channel=False, progress=ignore).regions == ()


def test_silence_is_no_speech(write: Write) -> None:
    assert find_speech(write(np.zeros(16_000 * 5)), per_channel=False, progress=ignore).regions == ()


def test_empty_recording_has_no_speech(write: Write) -> None:
    assert find_speech(write(np.zeros(0)), per_channel=False, progress=ignore).regions == ()


def test_soft_speech_is_found_before_loud_speech(
    write: Write, call_samples: np.ndarray, call_speech: Speech
) -> None:
    pause = np.zeros(16_000 * 34)
    recording = write(np.concatenate([call_samples * 0.02, pause, call_samples * 2.0]))
    speech = find_speech(recording, per_channel=False, progress=ignore)
    soft = sum(region.duration for region in speech.regions if region.end < 32.0)
    silent = [region for region in speech.regions if 32.0 < region.start < 62.0]
    assert soft > 0.85 * covered(call_speech)
    assert silent == []


def test_each_channel_has_its_own_row(write: Write, call_samples: np.ndarray) -> None:
    speech = find_speech(write(np.stack([call_samples, 0 * call_samples])), per_channel=True, progress=ignore)
    assert speech.probability.shape[0] == 2
    assert speech.probability[0].max() > 0.9
    assert speech.probability[1].max() < 0.15


def test_progress_rises_to_one_and_may_cancel(write: Write, call_samples: np.ndarray) -> None:
    recording = write(np.tile(call_samples, 4))
    told: list[float] = []
    find_speech(recording, per_channel=False, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 4
    assert told[-1] == 1.0

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        find_speech(recording, per_channel=False, progress=cancel)


def test_hysteresis_bridges_drops_and_pads() -> None:
    # Frames: a click, silence, speech that sinks between the thresholds, a short gap, speech.
    probability = np.array(
        [0.9] * 2 + [0.0] * 20 + [0.4] * 5 + [0.2] * 10 + [0.0] * 5 + [0.4] * 5 + [0.0] * 20
    )
    rule = RegionRule(onset=0.3, offset=0.15, bridge_s=0.3, shortest_s=0.1, pad_s=0.06)
    (region,) = find_regions(probability.astype(np.float32), 100.0, rule)
    assert region.start == pytest.approx(22 * HOP_S - 0.06)
    assert region.end == pytest.approx(47 * HOP_S + 0.06)


def test_union_joins_what_overlaps_or_touches() -> None:
    rows = [(Region(0.0, 1.0), Region(3.0, 4.0)), (Region(0.5, 2.0), Region(4.0, 5.0))]
    assert union(rows) == (Region(0.0, 2.0), Region(3.0, 5.0))


class Believer:
    """A network that hears speech in everything, and remembers how much it was shown."""

    def __init__(self) -> None:
        self.frames: list[int] = []

    def run(
        self, frames: np.ndarray, hidden: np.ndarray, cell: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self.frames.append(len(frames))
        return np.full(len(frames), 0.9, dtype=np.float32), hidden, cell


def test_only_loud_sound_that_was_not_heard_is_looked_at_again() -> None:
    samples = np.random.default_rng(14).normal(size=512 * 600).astype(np.float32) * 1e-4
    samples[512 * 100 : 512 * 120] *= 500
    samples[512 * 400 : 512 * 460] *= 500
    heard = np.zeros(600, dtype=np.float32)
    heard[400:460] = 0.8
    network = Believer()
    found = _second_look(network, samples, heard)
    # The loud stretch and a run-up of 3 s behind it; neither the silence nor what was heard.
    assert network.frames == [19 + round(3.0 / HOP_S)]
    assert (found[100:120] == np.float32(0.9)).all()
    assert (found[:100] == 0.0).all()
    assert (found[230:400] == 0.0).all()
    assert (found[400:460] == np.float32(0.8)).all()


def test_no_large_library_is_imported() -> None:
    code = (
        "import sys, fi_desktop.engines.builtin, fi_desktop.engines.channels;"
        "from fi_desktop.engines.silero import shared; shared();"
        "heavy = ('torch', 'faster_whisper', 'ctranslate2', 'pyannote', 'scipy', 'onnxruntime');"
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    assert run.stdout.strip() == "[]"


# Sound that may be speech and was not taken for it is counted; what is plainly none is not.


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
