"""A border is moved as far as words and turns allow, and is then where it was put."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core.alignment import segments_of, segments_of_words
from fi_desktop.core.revision import MoveBorder, Stretch, apply
from fi_desktop.core.transcript import Provenance, Transcript, Turn, Word
from fi_desktop.viewmodel.borders import border_of, moved, turn_with

MADE = Provenance("1.0", "builtin", "", {}, "00", "visit.wav", "2026-11-29T10:00:00+00:00")


def talk(*turns: tuple[str, float, float]) -> Transcript:
    """Return turns (speaker, start, end) with a word of 0.4 s every half second."""
    made = tuple(Turn(start, end, f"SPEAKER_{speaker}") for speaker, start, end in turns)
    words = [
        Word(turn.start + at / 2, turn.start + at / 2 + 0.4, f"w{at}", 0.9, turn.speaker)
        for turn in made
        for at in range(max(1, round(turn.duration * 2)))
    ]
    return Transcript(made[-1].end + 5.0, 9.0, made, segments_of_words(words), MADE)


def test_border_that_two_turns_share_takes_words_along():
    visit = talk(("00", 0.0, 2.0), ("01", 2.0, 4.0))
    border = border_of(visit, 0, end=True)
    assert border is not None
    assert (border.at, border.segment) == (2.0, 0)
    assert border.snaps[:3] == (0.0, 0.4, 0.5)
    assert border.near(2.96, 0.1) == 3.0
    assert border.near(2.75, 0.1) == 2.75
    assert moved(visit, border, 3.0) == MoveBorder(0, 3.0)
    assert moved(visit, border_of(visit, 1, end=False), 3.0) == MoveBorder(0, 3.0)
    assert border.near(-9.0, 0.0) == border.low > 0.2  # behind the middle of the first word
    assert border.near(9.0, 0.0) == border.high == 3.7


def test_border_at_a_pause_moves_alone_until_it_meets_words():
    visit = talk(("00", 0.0, 2.0), ("01", 3.0, 5.0))
    end, start = border_of(visit, 0, end=True), border_of(visit, 1, end=False)
    assert moved(visit, end, 2.8) == Stretch(0, 0.0, 2.8)
    assert moved(visit, start, 2.2) == Stretch(1, 2.2, 5.0)
    assert moved(visit, end, 1.5) == MoveBorder(0, 1.5)
    assert moved(visit, start, 3.5) == MoveBorder(0, 3.5)
    edited = apply(visit, moved(visit, end, 1.5))
    assert edited.turns == (Turn(0.0, 1.5, "SPEAKER_00"), Turn(1.5, 5.0, "SPEAKER_01"))
    assert [len(segment.words) for segment in edited.segments] == [3, 5]


def test_border_at_silence_keeps_its_words_and_its_speakers_other_turns():
    visit = talk(("00", 1.0, 2.0), ("00", 4.0, 6.0))
    border = border_of(visit, 0, end=True)
    assert (border.segment, border.low, border.high) == (None, pytest.approx(1.7), 4.0)
    assert moved(visit, border, 3.0) == Stretch(0, 1.0, 3.0)
    last = border_of(visit, 1, end=True)
    assert last.high == visit.duration


def test_turns_without_words():
    turns = (Turn(1.0, 4.0, "SPEAKER_00"), Turn(4.0, 8.0, "SPEAKER_01"))
    heard = Transcript(9.0, 7.0, turns, segments_of(turns), MADE)
    border = border_of(heard, 0, end=True)
    assert border.snaps == ()
    edited = apply(heard, moved(heard, border, 5.0))
    assert edited.turns == (Turn(1.0, 5.0, "SPEAKER_00"), Turn(5.0, 8.0, "SPEAKER_01"))
    first = border_of(heard, 0, end=False)
    edited = apply(heard, moved(heard, first, 0.5))
    assert edited.turns[0] == Turn(0.5, 4.0, "SPEAKER_00")
    assert segments_of(edited.turns) == edited.segments


shapes = st.lists(
    st.tuples(
        st.sampled_from(["00", "01", "02"]),
        st.sampled_from([0.5, 1.0, 2.5]),
        st.sampled_from([0.0, 0.1, 1.0, 3.0]),
    ),
    min_size=1,
    max_size=7,
)


@given(shapes, st.booleans(), st.integers(0, 6), st.booleans(), st.floats(0.0, 1.0))
@settings(deadline=None)
def test_any_border_goes_where_it_is_put(
    shape: list[tuple[str, float, float]], transcribed: bool, number: int, end: bool, share: float
):
    turns, at = [], 0.0
    for speaker, length, pause in shape:
        turns.append((speaker, at, at + length))
        at += length + pause
    visit = talk(*turns)
    if not transcribed:
        visit = replace(visit, segments=segments_of(visit.turns))
    if number >= len(turns) or (border := border_of(visit, number, end=end)) is None:
        return
    place = border.low + share * (border.high - border.low)
    edited = apply(visit, moved(visit, border, place))
    assert turn_with(edited.turns, visit.turns[number].speaker, place, end=end) is not None
    said = [word.text for segment in visit.segments for word in segment.words]
    assert [word.text for segment in edited.segments for word in segment.words] == said
    assert len(edited.turns) <= len(visit.turns)
    starts = [segment.start for segment in edited.segments]
    assert starts == sorted(starts)
