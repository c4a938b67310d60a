"""Packing speech into windows: nothing lost, repeated or too long."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.windows import (
    LONGEST_S,
    OVERLAP_S,
    Window,
    frame_power,
    plan_windows,
    read_windows,
    regions_within,
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
def test_all_speech_is_in_windows_that_overlap_only_where_it_is_cut(
    steps: list[tuple[float, float]],
):
    regions, at = [], 0.0
    for gap, length in steps:
        regions.append(Region(at + gap, at + gap + length))
        at += gap + length + 0.05
    duration = at + 0.2
    windows = plan_windows(speech_of(*regions, duration=duration), duration)
    pieces = [piece for window in windows for piece in window.pieces]
    assert all(0 < window.duration <= LONGEST_S + 1e-6 for window in windows)
    assert all(piece.start < piece.end <= duration for piece in pieces)
    for one, two in pairwise(pieces):
        assert one.start <= two.start
        assert one.end - two.start < OVERLAP_S + 1e-6
    for window in windows:
        assert all(one.end <= two.start for one, two in pairwise(window.pieces))
    overlapping = sum(max(0.0, one.end - two.start) for one, two in pairwise(pieces))
    total = sum(piece.duration for piece in pieces) - overlapping
    for region in regions:
        at = region.start
        for piece in pieces:
            if piece.start <= at + 1e-6:
                at = max(at, piece.end)
        assert at >= region.end - 1e-6
    assert total <= duration + 1e-6


@settings(max_examples=100, deadline=None)
@given(_steps, st.floats(0.0, 400.0))
def test_a_moment_of_a_window_is_found_again(steps: list[tuple[float, float]], offset: float):
    pieces, at = [], 0.0
    for gap, length in [*steps, (1.0, 5.0)]:
        pieces.append(Region(at + gap + 0.1, at + gap + 0.1 + length))
        at = pieces[-1].end
    window = Window(tuple(pieces))
    offset = min(offset, window.duration - 0.1)
    moment = window.to_recording(offset, offset).start
    assert window.offset_of(moment) == pytest.approx(offset, abs=1e-6)
    part = window.part(max(0.0, offset - 2.0), offset + 0.05)
    assert part.duration == pytest.approx(min(offset, 2.0) + 0.05, abs=1e-6)
    assert part.pieces[0].start >= window.pieces[0].start


@pytest.mark.parametrize(("probability", "overlap_s"), [(0.2, 0.0), (0.7, OVERLAP_S)])
def test_long_speech_is_cut_at_a_quiet_moment_and_overlaps_only_without_a_pause(
    probability: float, overlap_s: float
):
    speech = speech_of(Region(0.0, 60.0))
    speech.probability[0, round(27.0 / HOP_S) : round(27.5 / HOP_S)] = probability
    first, second, *_others = plan_windows(speech, 60.0)
    assert 26.9 < first.duration - overlap_s / 2 < 27.6
    assert second.pieces[0].start == pytest.approx(first.duration - overlap_s)


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
    assert 28.2 < first.pieces[-1].end - OVERLAP_S / 2 < 28.4
