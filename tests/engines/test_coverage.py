"""Speech without words is found, and noise and pauses are not taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.coverage import missing_speech

HOP_S = 0.032
SECONDS = 60.0


def heard(
    *regions: tuple[float, float], probability: float = 0.95, power: float = 1e-3, background: float = 1e-6
) -> tuple[Speech, np.ndarray]:
    """Return speech in these regions, and the power of each frame."""
    frames = round(SECONDS / HOP_S)
    rows = np.full((1, frames), 0.02, dtype=np.float32)
    loud = np.full(frames, background, dtype=np.float32)
    for start, end in regions:
        inside = slice(round(start / HOP_S), round(end / HOP_S))
        rows[:, inside], loud[inside] = probability, power
    return Speech(rows, HOP_S, tuple(Region(*region) for region in regions)), loud


def said(start: float, end: float, each: float = 0.5) -> list[Word]:
    """Return one word after another from start to end."""
    return [Word(at, at + each, "palabra", 0.9) for at in np.arange(start, end - each / 2, each)]


def test_speech_with_words_throughout_misses_nothing():
    assert missing_speech(said(1.0, 20.0), *heard((1.0, 20.0))) == ()
    assert missing_speech([], *heard()) == ()


@pytest.mark.parametrize("gap", [(0.0, 3.0), (8.0, 11.5), (18.0, 20.0)])
def test_a_hole_in_the_words_is_missing_speech(gap: tuple[float, float]):
    words = [*said(0.0, gap[0]), *said(gap[1], 20.0)]
    (region,) = missing_speech(words, *heard((0.0, 20.0)))
    assert (region.start, region.end) == pytest.approx(gap, abs=0.1)


def test_a_word_stretched_over_missing_words_does_not_cover_them():
    words = [*said(0.0, 8.0), Word(8.0, 12.0, "no", 0.9), *said(12.0, 20.0)]
    (region,) = missing_speech(words, *heard((0.0, 20.0)))
    assert (region.start, region.end) == pytest.approx((8.5, 12.0), abs=0.1)


def test_digits_take_their_time():
    words = [*said(0.0, 8.0), Word(8.0, 10.4, "142,5", 0.9), *said(10.4, 20.0)]
    assert missing_speech(words, *heard((0.0, 20.0))) == ()


def test_unsure_speech_counts_if_it_is_well_above_the_background():
    words = said(30.0, 40.0)
    quiet = heard((10.0, 14.0), (30.0, 40.0), probability=0.4, power=1e-4)
    assert len(missing_speech(words, *quiet)) == 1
    noise = heard((10.0, 14.0), (30.0, 40.0), probability=0.4, power=1e-4, background=5e-5)
    assert missing_speech(words, *noise) == ()


def test_passages_with_a_short_pause_and_no_word_between_are_one():
    speech = heard((5.0, 7.0), (8.5, 10.0), (14.0, 16.0), (20.0, 30.0))
    found = missing_speech(said(20.0, 30.0), *speech)
    assert [(round(r.start, 1), round(r.end, 1)) for r in found] == [(5.0, 10.0), (14.0, 16.0)]
    between = [Word(7.2, 7.6, "sí", 0.9), *said(20.0, 30.0)]
    assert len(missing_speech(between, *speech)) == 3


def test_a_word_ends_before_the_pause_and_its_tail_begins_no_passage():
    speech = heard((0.0, 5.06), (7.0, 10.0))
    (region,) = missing_speech(said(0.0, 5.0), *speech)
    assert region.start == pytest.approx(7.0, abs=0.05)


@given(
    st.lists(st.tuples(st.floats(0, 58), st.floats(0, 2), st.sampled_from(["a", "voz", "12"])), max_size=20)
)
def test_passages_are_sorted_inside_speech_and_without_the_start_of_a_word(
    drawn: list[tuple[float, float, str]],
):
    words = [Word(start, start + length, text, 0.9) for start, length, text in sorted(drawn)]
    speech, power = heard((2.0, 20.0), (30.0, 55.0))
    found = missing_speech(words, speech, power)
    assert list(found) == sorted(found, key=lambda region: region.start)
    for region in found:
        assert 1.9 < region.start < region.end < 55.1
        assert not any(region.start + HOP_S < word.start < region.end - HOP_S for word in words)
