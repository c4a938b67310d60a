"""Packing speech into windows (nothing lost, repeated or too long) and cutting them by language."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.windows import (
    LONGEST_S,
    Window,
    frame_power,
    most_likely_languages,
    plan_windows,
    read_windows,
    regions_within,
    split_by_language,
)
from tests.engines.conftest import Write

HOP_S = 0.032
_steps = st.lists(
    st.tuples(st.floats(0.0, 40.0), st.floats(0.1, 90.0)).map(lambda pair: tuple(round(x, 2) for x in pair)),
    max_size=12,
)


def speech_of(*regions: Region, duration: float = 600.0) -> Speech:
    probability = np.zeros((1, round(duration / HOP_S)), np.float32)
    for region in regions:
        probability[0, round(region.start / HOP_S) : round(region.end / HOP_S)] = 1.0
    return Speech(probability, HOP_S, regions)


@settings(max_examples=100, deadline=None)
@given(_steps)
def test_all_speech_is_in_exactly_one_window_of_at_most_the_limit(steps: list[tuple[float, float]]):
    regions, at = [], 0.0
    for gap, length in steps:
        regions.append(Region(at + gap, at + gap + length))
        at += gap + length + 0.05
    duration = at + 0.2
    windows = plan_windows(speech_of(*regions, duration=duration), duration)
    pieces = [piece for window in windows for piece in window.pieces]
    assert all(0 < window.duration <= LONGEST_S + 1e-6 for window in windows)
    assert all(piece.start < piece.end <= duration for piece in pieces)
    assert all(one.end <= two.start for one, two in pairwise(pieces))
    for region in regions:
        covered = sum(max(0.0, min(p.end, region.end) - max(p.start, region.start)) for p in pieces)
        assert covered == pytest.approx(region.duration, abs=1e-6)


def test_long_speech_is_cut_at_a_quiet_moment():
    speech = speech_of(Region(0.0, 60.0))
    speech.probability[0, round(27.0 / HOP_S) : round(27.5 / HOP_S)] = 0.2
    first, *_rest = plan_windows(speech, 60.0)
    assert 26.9 < first.duration < 27.6


def test_long_pauses_are_shortened_and_end_a_nearly_full_window():
    windows = plan_windows(speech_of(Region(10.0, 20.0), Region(50.0, 64.5), Region(100.0, 120.0)), 600.0)
    assert [len(window.pieces) for window in windows] == [2, 1]
    assert windows[0].pieces == (Region(9.6, 20.4), Region(49.6, 64.9))


def test_a_time_is_converted_to_its_piece_of_the_recording():
    window = Window((Region(10.0, 12.0), Region(40.0, 45.0)))
    assert window.to_recording(1.0, 1.5) == Region(11.0, 11.5)
    assert window.to_recording(3.0, 4.0) == Region(41.0, 42.0)
    assert window.to_recording(1.8, 2.1) == Region(11.8, 12.0)
    assert window.to_recording(1.9, 3.0) == Region(40.0, 41.0)
    assert window.to_recording(6.5, 9.0) == Region(44.5, 45.0)


def test_windows_have_the_samples_of_the_recording(write: Write):
    ramp = np.linspace(-1, 1, 200 * 16_000, dtype=np.float32)
    recording = write(ramp)
    windows = [
        Window((Region(1.0, 2.0), Region(59.5, 61.0))),
        Window((Region(61.0, 62.0),)),
        Window((Region(199.0, 200.0),)),
    ]
    for window, samples in read_windows(recording, windows):
        expected = np.concatenate(
            [ramp[round(p.start * 16_000) : round(p.end * 16_000)] for p in window.pieces]
        )
        assert np.abs(samples - expected).max() < 1e-4


def test_memory_does_not_grow_with_the_recording(write: Write):
    minutes = 30
    recording = write(np.zeros(minutes * 60 * 16_000, np.float32))
    regions = tuple(Region(start, start + 20.0) for start in np.arange(0.0, minutes * 60.0, 30.0))
    windows = plan_windows(speech_of(*regions, duration=recording.duration), recording.duration)
    tracemalloc.start()
    for _window, _samples in read_windows(recording, windows):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # all of it would be 115 MB


def test_speech_within_a_window_is_cut_to_its_pieces():
    window = Window((Region(1.0, 4.0), Region(8.0, 10.0)))
    regions = [Region(0.0, 2.0), Region(3.0, 8.5), Region(9.0, 9.5), Region(11.0, 12.0)]
    assert regions_within(regions, window) == [
        Region(1.0, 2.0),
        Region(3.0, 4.0),
        Region(8.0, 8.5),
        Region(9.0, 9.5),
    ]


def test_speech_without_a_pause_is_cut_between_words(write: Write):
    samples = np.random.default_rng(0).normal(0, 0.1, 50 * 16_000).astype(np.float32)
    samples[round(28.2 * 16_000) : round(28.4 * 16_000)] *= 0.01
    recording = write(samples)
    speech = Speech(np.ones((1, 1563), np.float32), HOP_S, (Region(0.0, 50.0),))
    power = frame_power(recording, speech)
    assert power.shape == (1563,)
    first, _second = plan_windows(speech, 50.0, power)
    assert 28.2 < first.pieces[-1].end < 28.4


ENGLISH, SPANISH, NEITHER = [0.98, 0.0], [0.0, 0.98], [0.02, 0.03]


def spans(*rows: list[float]) -> NDArray[np.float64]:
    return np.array(rows)


def test_a_lasting_change_of_language_is_followed_and_a_single_span_is_not():
    assert most_likely_languages(spans(ENGLISH, ENGLISH, SPANISH, SPANISH, SPANISH), 0) == [0, 0, 1, 1, 1]
    assert most_likely_languages(spans(ENGLISH, ENGLISH, SPANISH, ENGLISH, ENGLISH), 0) == [0] * 5
    assert most_likely_languages(spans(ENGLISH, ENGLISH, SPANISH, SPANISH, SPANISH, ENGLISH, ENGLISH), 0) == [
        0,
        0,
        1,
        1,
        1,
        0,
        0,
    ]


def test_spans_without_evidence_keep_the_previous_language():
    assert most_likely_languages(spans(NEITHER, NEITHER, NEITHER), 0) == [0, 0, 0]
    assert most_likely_languages(spans(NEITHER, NEITHER, NEITHER), 1) == [1, 1, 1]


def test_a_window_is_cut_in_the_pause_before_the_other_language():
    probability = np.ones((1, 1000), np.float32)
    probability[0, 350:380] = 0.0  # 11.2 to 12.2 s of the recording, 6.2 to 7.2 s of the window
    speech = Speech(probability, 0.032, (Region(5.0, 11.2), Region(12.2, 20.0)))
    window = Window((Region(5.0, 20.0),))
    sound = np.arange(15 * 16_000, dtype=np.float32)
    rows = spans(*[ENGLISH] * 4, *[SPANISH] * 5)
    first, second = split_by_language([(window, sound)], [rows], speech, "en")
    assert (first.language, second.language) == ("en", "es")
    assert 6.2 < first.window.duration < 7.2
    assert first.window.pieces[0].start == 5.0
    assert second.window.pieces[-1].end == 20.0
    assert first.window.pieces[-1].end == second.window.pieces[0].start
    assert len(first.samples) == pytest.approx(first.window.duration * 16_000, abs=1)
    np.testing.assert_array_equal(np.concatenate([first.samples, second.samples]), sound)


def test_a_window_is_cut_between_its_pieces_if_the_language_changes_nearby():
    speech = Speech(np.ones((1, 3000), np.float32), 0.032, ())
    window = Window((Region(0.0, 7.0), Region(60.0, 68.0)))
    rows = spans(*[ENGLISH] * 4, *[SPANISH] * 5)
    parts = split_by_language([(window, np.zeros(15 * 16_000, np.float32))], [rows], speech, "en")
    assert [part.window.pieces for part in parts] == [(Region(0.0, 7.0),), (Region(60.0, 68.0),)]


def test_the_language_carries_over_from_window_to_window():
    speech = Speech(np.ones((1, 3000), np.float32), 0.032, ())
    batch = [
        (Window((Region(start, start + 10.0),)), np.zeros(160_000, np.float32)) for start in (0.0, 10.0, 20.0)
    ]
    rows = [spans(*[SPANISH] * 6), spans(*[NEITHER] * 6), spans(*[ENGLISH] * 6)]
    assert [part.language for part in split_by_language(batch, rows, speech, "es")] == ["es", "es", "en"]
