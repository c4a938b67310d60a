"""Overlap: where two people speak at once, and who the second one is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.recording import Recording
from fi_desktop.engines.builtin.overlap import Overlap, find_overlap, second_speakers

from .conftest import NETWORKS_DIR, Write, ignore, read_rttm

WINDOW = 500  # rows of 20 ms


@pytest.fixture(scope="module")
def call_overlap(call: Recording, call_mask: np.ndarray) -> Overlap:
    return find_overlap(NETWORKS_DIR, call, call_mask, ignore)


def overlapped_rows(rttm: Path, rows: int) -> np.ndarray:
    """Return in which rows of 20 ms two people speak, by a reference."""
    speaking = np.zeros(rows, dtype=int)
    for start, end, _ in read_rttm(rttm):
        speaking[round(start / 0.02) : round(end / 0.02)] += 1
    return speaking > 1


def test_overlap_of_a_real_call_is_where_its_reference_says(call_overlap: Overlap, sample: Path) -> None:
    found = call_overlap.together > 0.5
    expected = overlapped_rows(sample.with_suffix(".rttm"), len(found))
    both = (found & expected).sum()
    assert both / found.sum() > 0.7
    assert both / expected.sum() > 0.5


def test_windows_of_ten_seconds_follow_each_other_by_five(call_overlap: Overlap) -> None:
    assert call_overlap.starts.tolist() == [0, 250, 500, 750, 1000]
    assert call_overlap.local.shape == (5, WINDOW, 3)
    assert call_overlap.together.shape == (1500,)
    assert call_overlap.together.min() >= 0.0
    assert call_overlap.together.max() <= 1.0 + 1e-3


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [(0.5, [0]), (7.3, [0]), (10.0, [0]), (14.9, [0, 250]), (15.0, [0, 250]), (15.5, [0, 250, 500])],
)
def test_last_window_is_padded(
    write: Write, call_samples: np.ndarray, seconds: float, starts: list[int]
) -> None:
    recording = write(call_samples[16_000 * 9 :][: round(16_000 * seconds)])
    mask = np.ones(recording.samples // 160, dtype=bool)
    found = find_overlap(NETWORKS_DIR, recording, mask, ignore)
    assert found.together.shape == (len(mask) // 2,)
    assert np.isfinite(found.together).all()
    assert found.starts.tolist() == starts
    # what follows the end is silence
    rest = len(mask) // 2 - starts[-1]
    assert found.local[-1, min(rest + 50, WINDOW) :].max(initial=0.0) < 0.2


def test_windows_without_speech_are_left_out(call: Recording) -> None:
    mask = np.zeros(call.samples // 160, dtype=bool)
    mask[2100:2200] = True
    found = find_overlap(NETWORKS_DIR, call, mask, ignore)
    assert found.starts.tolist() == [750, 1000]
    assert (found.together[:750] == 0.0).all()


def test_silence_has_no_overlap(write: Write) -> None:
    mask = np.ones(600, dtype=bool)
    found = find_overlap(NETWORKS_DIR, write(np.zeros(16_000 * 6)), mask, ignore)
    assert found.together.max() < 0.1


def test_progress_rises_to_one(call: Recording) -> None:
    fractions: list[float] = []
    find_overlap(NETWORKS_DIR, call, np.zeros(3000, dtype=bool), fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def heard(rows: int, turns: list[tuple[int, int, int]], local: list[tuple[int, int, int]]) -> Overlap:
    """Return one window in which the network hears what is said.

    turns: stretches of overlap, (start, end, _). local: (start, end, local speaker).
    """
    together = np.zeros(rows, dtype=np.float32)
    for start, end, _ in turns:
        together[start:end] = 0.9
    speaking = np.zeros((1, WINDOW, 3), dtype=np.float16)
    for start, end, person in local:
        speaking[0, start:end, person] = 1.0
    return Overlap(together=together, starts=np.zeros(1, dtype=np.int64), local=speaking)


def first_speakers(rows: int, speakers: int, turns: list[tuple[int, int, int]]) -> np.ndarray:
    posterior = np.zeros((rows, speakers), dtype=np.float32)
    for start, end, speaker in turns:
        posterior[start:end, speaker] = 1.0
    return posterior


def test_one_speaker_has_no_second() -> None:
    overlap = heard(500, [(100, 120, 0)], [(0, 500, 0), (100, 120, 1)])
    assert (second_speakers(overlap, first_speakers(500, 1, [(0, 500, 0)])) == -1).all()


def test_of_two_speakers_the_other_is_second() -> None:
    turns = [(0, 200, 0), (200, 400, 1), (420, 500, 0)]
    overlap = heard(500, [(190, 210, 0), (480, 500, 0)], [(0, 210, 0), (190, 400, 1), (420, 500, 0)])
    found = second_speakers(overlap, first_speakers(500, 2, turns))
    assert (found[190:200] == 1).all()
    assert (found[200:210] == 0).all()
    assert (found[480:500] == 1).all()
    assert (np.delete(found, [*range(190, 210), *range(480, 500)]) == -1).all()


def test_overlap_outside_the_speech_has_no_second() -> None:
    overlap = heard(500, [(250, 300, 0)], [])
    found = second_speakers(overlap, first_speakers(500, 2, [(0, 200, 0), (350, 500, 1)]))
    assert (found == -1).all()


@pytest.mark.parametrize("second", [1, 2])
def test_second_is_whom_the_network_hears_though_another_spoke_just_before(second: int) -> None:
    # 0 speaks with somebody; the other of 1 and 2 spoke just before, but the window's person is `second`
    nearer = 3 - second
    turns = [(0, 120, second), (120, 240, nearer), (240, 500, 0)]
    local = [(0, 120, 0), (120, 240, 1), (240, 500, 2), (250, 300, 0)]
    overlap = heard(500, [(250, 300, 0)], local)
    found = second_speakers(overlap, first_speakers(500, 3, turns))
    assert (found[250:300] == second).all()
    # without what the network hears, it is whom is nearest in time
    deaf = Overlap(overlap.together, overlap.starts[:0], overlap.local[:0])
    assert (second_speakers(deaf, first_speakers(500, 3, turns))[250:300] == nearer).all()


def test_a_stretch_of_overlap_has_one_second_speaker() -> None:
    # 1 spoke before and 2 speaks after, halfway they are equally near
    turns = [(0, 100, 1), (100, 400, 0), (400, 500, 2)]
    overlap = heard(500, [(150, 380, 0)], [])
    found = second_speakers(overlap, first_speakers(500, 3, turns))
    assert set(found[150:380].tolist()) == {2}


@pytest.mark.parametrize(("pause_s", "named"), [(7.0, True), (9.0, False)])
def test_nobody_within_eight_seconds_is_no_second(pause_s: float, named: bool) -> None:
    pause = round(pause_s / 0.02)
    turns = [(0, 100, 1), (100 + pause - 50, 100 + pause + 50, 0)]
    overlap = heard(800, [(100 + pause, 100 + pause + 20, 0)], [])
    found = second_speakers(overlap, first_speakers(800, 2, turns))
    assert (found[100 + pause : 100 + pause + 20] == (1 if named else -1)).all()


def test_second_speakers_never_equal_the_first() -> None:
    rng = np.random.default_rng(21)
    for _ in range(20):
        rows = int(rng.integers(1, 900))
        posterior = np.zeros((rows, 4), dtype=np.float32)
        borders = sorted({0, rows, *rng.integers(0, rows, size=8).tolist()})
        for start, end in pairwise(borders):
            posterior[start:end, rng.integers(0, 4)] = rng.random() < 0.8
        starts = np.arange(0, max(1, rows - 250), 250)
        overlap = Overlap(
            together=rng.random(rows).repeat(30)[:rows].astype(np.float32),
            starts=starts,
            local=rng.random((len(starts), WINDOW, 3)).astype(np.float16),
        )
        found = second_speakers(overlap, posterior)
        named = found >= 0
        assert (found[named] != posterior[named].argmax(axis=1)).all()
        assert (overlap.together[named] > 0.5).all()
        assert posterior[named].any(axis=1).all()
