from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model

from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import CancelledByUser
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import (
    HOP_S,
    RegionRule,
    SpeechStream,
    _with_backward_pass,
    detect_speech,
    find_regions,
    union,
)

from .conftest import Write, crosstalk, ignore, noise


def covered(speech: Speech) -> float:
    return sum(region.duration for region in speech.regions)


def test_finds_the_speech_of_a_real_call(call: Recording, call_speech: Speech) -> None:
    assert 20.0 < covered(call_speech) < 27.0
    # The first turn of the reference starts at 6.69 s; before it, there is line noise only.
    assert call_speech.regions[0].start == pytest.approx(6.69, abs=0.3)
    assert call_speech.probability.shape == (1, -(-call.samples // 512))


def test_regions_are_sorted_disjoint_and_inside_the_recording(call: Recording, call_speech: Speech) -> None:
    borders = [time for region in call_speech.regions for time in (region.start, region.end)]
    assert borders == sorted(set(borders))
    assert borders[0] >= 0.0
    assert borders[-1] <= call.duration


@pytest.mark.parametrize("level_db", [-90.0, -70.0, -50.0, -30.0])
def test_noise_of_any_level_is_not_speech(write: Write, level_db: float) -> None:
    noise = np.random.default_rng(1).normal(size=16_000 * 70) * 10 ** (level_db / 20)
    assert detect_speech(write(noise), per_channel=False, progress=ignore).regions == ()


def test_silence_is_not_speech(write: Write) -> None:
    assert detect_speech(write(np.zeros(16_000 * 5)), per_channel=False, progress=ignore).regions == ()


def test_empty_recording_has_no_speech(write: Write) -> None:
    assert detect_speech(write(np.zeros(0)), per_channel=False, progress=ignore).regions == ()


def test_soft_speech_before_loud_speech_is_detected(
    write: Write, call_samples: np.ndarray, call_speech: Speech
) -> None:
    pause = np.zeros(16_000 * 34)
    recording = write(np.concatenate([call_samples * 0.02, pause, call_samples * 2.0]))
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    soft = sum(region.duration for region in speech.regions if region.end < 32.0)
    silent = [region for region in speech.regions if 32.0 < region.start < 62.0]
    assert soft > 0.85 * covered(call_speech)
    assert silent == []


def test_each_channel_has_its_own_row(write: Write, call_samples: np.ndarray) -> None:
    speech = detect_speech(
        write(np.stack([call_samples, 0 * call_samples])), per_channel=True, progress=ignore
    )
    assert speech.probability.shape[0] == 2
    assert speech.probability[0].max() > 0.9
    assert speech.probability[1].max() < 0.15


def test_progress_rises_to_one_and_can_cancel(write: Write, call_samples: np.ndarray) -> None:
    recording = write(np.tile(call_samples, 4))
    fractions: list[float] = []
    detect_speech(recording, per_channel=False, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert len(fractions) == 4
    assert fractions[-1] == 1.0

    def cancel(_fraction: float) -> None:
        raise CancelledByUser

    with pytest.raises(CancelledByUser):
        detect_speech(recording, per_channel=False, progress=cancel)


def test_hysteresis_bridges_drops_and_pads() -> None:
    # Frames: a click, silence, speech that falls between the thresholds, a short gap, speech.
    probability = np.array(
        [0.9] * 2 + [0.0] * 20 + [0.4] * 5 + [0.2] * 10 + [0.0] * 5 + [0.4] * 5 + [0.0] * 20
    )
    rule = RegionRule(onset=0.3, offset=0.15, bridge_s=0.3, shortest_s=0.1, pad_s=0.06)
    (region,) = find_regions(probability.astype(np.float32), 100.0, rule)
    assert region.start == pytest.approx(22 * HOP_S - 0.06)
    assert region.end == pytest.approx(47 * HOP_S + 0.06)


def test_union_joins_overlapping_and_touching_regions() -> None:
    rows = [(Region(0.0, 1.0), Region(3.0, 4.0)), (Region(0.5, 2.0), Region(4.0, 5.0))]
    assert union(rows) == (Region(0.0, 2.0), Region(3.0, 5.0))


UNCHANGED = np.float32(1.0)


@pytest.mark.parametrize("sound", ["call", "noise", "silence"])
def test_probabilities_are_those_of_faster_whisper(sound: str, call_samples: np.ndarray) -> None:
    noise = np.random.default_rng(3).normal(size=512 * 125)
    samples = {"call": call_samples, "noise": noise, "silence": 0.0 * noise}[sound].astype(np.float32)
    # It clears the last 64 samples before it runs the network; here they are silent.
    samples = np.pad(samples, (0, 512 - len(samples) % 512))
    found = SpeechStream().probabilities(samples, UNCHANGED)
    assert found.shape == (len(samples) // 512,)
    np.testing.assert_allclose(found, get_vad_model()(samples.copy()).reshape(-1), atol=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 7, 100, 999])
def test_state_carries_over_between_blocks_of_any_size(frames: int, call_samples: np.ndarray) -> None:
    whole = SpeechStream().probabilities(call_samples, UNCHANGED)
    stream = SpeechStream()
    blocks = np.split(call_samples, range(512 * frames, len(call_samples), 512 * frames))
    parts = [stream.probabilities(block, UNCHANGED) for block in blocks]
    assert whole.max() > 0.9
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_streams_do_not_share_their_state(call_samples: np.ndarray) -> None:
    first, second = np.split(call_samples[: 16_000 * 20], 2)
    stream = SpeechStream()
    alone = SpeechStream().probabilities(first, UNCHANGED)
    stream.probabilities(second, UNCHANGED)
    np.testing.assert_array_equal(SpeechStream().probabilities(first, UNCHANGED), alone)
    assert np.abs(stream.probabilities(first, UNCHANGED) - alone).max() > 1e-3


class CredulousNetwork:
    """Detects speech in everything and records the number of frames of each call."""

    def __init__(self) -> None:
        self.frames: list[int] = []

    def run_all(self, input: np.ndarray, h: np.ndarray, c: np.ndarray) -> list[np.ndarray]:
        self.frames.append(len(input))
        return [np.full(len(input), 0.9, dtype=np.float32), h, c]


def test_backward_pass_covers_only_loud_undetected_sound() -> None:
    samples = np.random.default_rng(14).normal(size=512 * 600).astype(np.float32) * 1e-4
    samples[512 * 100 : 512 * 120] *= 500
    samples[512 * 400 : 512 * 460] *= 500
    detected = np.zeros(600, dtype=np.float32)
    detected[400:460] = 0.8
    network = CredulousNetwork()
    found = _with_backward_pass(network, samples, detected)
    # The loud stretch and a run-up of 3 s after it; neither the silence nor the detected speech.
    assert network.frames == [19 + round(3.0 / HOP_S)]
    assert (found[100:120] == np.float32(0.9)).all()
    assert (found[:100] == 0.0).all()
    assert (found[230:400] == 0.0).all()
    assert (found[400:460] == np.float32(0.8)).all()


def test_no_large_library_is_imported() -> None:
    code = (
        "import sys, fi_desktop.engines.builtin, fi_desktop.engines.channels;"
        "print('onnxruntime' in sys.modules);"
        "from fi_desktop.engines.vad import speech_network; speech_network();"
        "heavy = ('torch', 'faster_whisper', 'ctranslate2', 'pyannote', 'scipy', 'sympy', 'google.protobuf');"
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    assert run.stdout.split() == ["False", "[]"]


def detected(write: Write, samples: np.ndarray) -> Speech:
    return detect_speech(write(samples), per_channel=False, progress=ignore)


def test_a_clean_recording_has_no_missed_speech(call_speech: Speech) -> None:
    assert call_speech.missed_s < 0.02 * covered(call_speech)


@pytest.mark.parametrize("db", [-60.0, -45.0, -35.0])
def test_steady_noise_is_not_missed_speech(write: Write, call_samples: np.ndarray, db: float) -> None:
    speech = detected(write, call_samples + noise(call_samples.shape, db))
    assert covered(speech) > 10.0
    assert speech.missed_s < 0.05 * covered(speech)


def test_speech_hidden_by_an_offset_is_counted_as_missed(
    write: Write, call_samples: np.ndarray, call_speech: Speech
) -> None:
    # The decoder would remove this offset.
    offset = np.where(np.arange(len(call_samples)) < 16_000 * 15, 0.0, 0.08)
    speech = detected(write, 0.05 * call_samples + offset)
    missed = covered(call_speech) - covered(speech)
    assert missed > 4.0
    assert speech.missed_s > 0.5 * missed


def test_speech_near_the_resolution_of_16_bits_is_counted_as_missed(
    write: Write, call_samples: np.ndarray
) -> None:
    speech = detected(write, call_samples * 10 ** (-70 / 20))
    assert speech.missed_s > covered(speech)


def test_without_speech_nothing_is_counted_as_missed(write: Write) -> None:
    assert detected(write, noise((16_000 * 5,), -30)).missed_s == 0.0
    assert detected(write, np.zeros(16_000)).missed_s == 0.0


def test_missed_speech_is_measured_on_the_mix(write: Write, talkers: np.ndarray) -> None:
    speech = detect_speech(write(crosstalk(talkers[:2], -18)), per_channel=True, progress=ignore)
    assert speech.missed_s < 0.1 * covered(speech)
