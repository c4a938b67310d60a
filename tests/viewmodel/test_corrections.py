"""What a person types becomes the smallest edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.revision import Write, apply
from fi_desktop.core.text import search_key
from fi_desktop.core.transcript import Provenance, Segment, Transcript, Word
from fi_desktop.viewmodel.corrections import (
    Replacement,
    replacement,
    spoken_at,
    text_edits,
    word_at,
    word_span,
)
from fi_desktop.viewmodel.result import Match, find_matches

MADE = Provenance("1.0", "builtin", "", {}, "00", "visit.wav", "2026-11-29T10:00:00+00:00")


def segment(text: str, start: float = 0.0, *, sure: float = 0.99) -> Segment:
    words = tuple(
        Word(start + at, start + at + 0.8, each, sure, "SPEAKER_00") for at, each in enumerate(text.split())
    )
    return Segment(start, start + len(words), "SPEAKER_00", " ".join(text.split()), words)


def transcript(*segments: Segment) -> Transcript:
    return Transcript(100.0, 50.0, (), segments, MADE)


def edited(before: str, after: str) -> Transcript:
    changed = transcript(segment(before))
    for edit in text_edits(0, changed.segments[0], after):
        changed = apply(changed, edit)
    return changed


def test_only_changed_words_are_written():
    assert text_edits(0, segment("take metformin twice a day"), "take Metformin twice a day") == (
        Write(0, 1, 2, "Metformin"),
    )
    assert text_edits(0, segment("one two three"), "one two three") == ()
    assert text_edits(0, segment("one too free four"), "one two three four") == (
        Write(0, 2, 3, "three"),
        Write(0, 1, 2, "two"),
    )
    assert text_edits(3, segment("one two three"), " zero one   three four ") == (
        Write(3, 3, 3, "four"),
        Write(3, 1, 2, ""),
        Write(3, 0, 0, "zero"),
    )


texts = st.lists(st.sampled_from(["a", "b", "ä", "42"]), max_size=8).map(" ".join)


@given(texts, texts)
def test_any_text_becomes_any_other(before: str, after: str):
    changed = edited(before, after)
    assert [word.text for word in changed.segments[0].words] == after.split()
    starts = [word.start for word in changed.segments[0].words]
    assert starts == sorted(starts)


def test_text_is_replaced_everywhere_whatever_case_and_accents():
    talk = transcript(segment("La Métformina, y metformina."), segment("nada", 10.0))
    found = matches(talk, "metformina")
    replaced = replacement(talk, found, "Metformina")
    assert replaced.count == 2
    for edit in replaced.edits:
        talk = apply(talk, edit)
    assert [part.text for part in talk.segments] == ["La Metformina, y Metformina.", "nada"]
    assert replacement(talk, matches(talk, "metformina"), "Metformina") == Replacement((), 0)
    assert matches(talk, "  ") == matches(talk, "absent") == []


def test_part_of_a_word_is_replaced_and_the_other_words_keep_their_times():
    talk = transcript(segment("take 5 mg of warfarine twice"))
    (edit,) = replacement(talk, matches(talk, "farine"), "farin").edits
    words = apply(talk, edit).segments[0].words
    assert [word.text for word in words] == ["take", "5", "mg", "of", "warfarin", "twice"]
    assert [word.interpolated for word in words] == [False] * 4 + [True, False]
    assert [(word.start, word.end) for word in words] == [
        (word.start, word.end) for word in talk.segments[0].words
    ]


def test_words_are_removed_and_speech_without_words_stays():
    talk = transcript(segment("um the um end"), Segment(9.0, 12.0, "SPEAKER_00", missing=True))
    replaced = replacement(talk, [*matches(talk, "um "), Match(1, 1, 3)], "")
    assert replaced.count == 2
    for edit in replaced.edits:
        talk = apply(talk, edit)
    assert [part.text for part in talk.segments] == ["the end", ""]
    assert talk.segments[1].missing


def matches(talk: Transcript, query: str) -> list[Match]:
    return list(find_matches(query, [search_key(part.text) for part in talk.segments]))


@pytest.mark.parametrize(("offset", "number"), [(0, 0), (2, 0), (3, None), (4, 1), (99, None)])
def test_word_at_a_character(offset: int, number: int | None):
    spoken = segment("one two one")
    assert word_at(spoken, spoken.text, offset) == number


def test_equal_words_have_their_places():
    spoken = segment("one two one")
    assert [word_span(spoken, spoken.text, number) for number in range(3)] == [(0, 3), (4, 3), (8, 3)]


def test_word_that_is_heard_now():
    talk = transcript(segment("one two", 1.0), segment("three", 10.0))
    assert spoken_at(talk, 0.5) is None
    assert spoken_at(talk, 1.0) == (0, 0)
    assert spoken_at(talk, 2.1) == (0, 1)
    assert spoken_at(talk, 3.5) == (0, 1)
    assert spoken_at(talk, 8.0) is None
    assert spoken_at(talk, 10.2, near=0) == (1, 0)
