"""Speaker counts, the assignment of words to speakers, and segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import alignment
from fi_desktop.core.alignment import assign_speakers, missing_segments, segments_of_words
from fi_desktop.core.transcript import Region, Segment, Turn, Word, overlaps, rename_speakers
from fi_desktop.core.values import SpeakerCount

A, B, C = "SPEAKER_00", "SPEAKER_01", "SPEAKER_02"
DOCTOR, PATIENT = Turn(0.0, 10.0, A), Turn(10.0, 20.0, B)


@pytest.mark.parametrize(
    ("text", "count"),
    [("2", SpeakerCount(2, 2)), ("2-4", SpeakerCount(2, 4)), ("auto", SpeakerCount(None, None))],
)
def test_speaker_count_round_trip(text: str, count: SpeakerCount):
    assert SpeakerCount.parse(text) == count
    assert str(count) == text


@pytest.mark.parametrize("text", ["", "0", "4-2", "two", "-1", "2-", "100"])
def test_invalid_speaker_count_is_refused(text: str):
    with pytest.raises(ValueError, match="speakers"):
        SpeakerCount.parse(text)


def test_speakers_are_named_in_order_of_appearance():
    turns = rename_speakers([Turn(5.0, 6.0, "a"), Turn(1.0, 2.0, "b"), Turn(7.0, 8.0, "b")])
    assert turns == (
        Turn(1.0, 2.0, "SPEAKER_00"),
        Turn(5.0, 6.0, "SPEAKER_01"),
        Turn(7.0, 8.0, "SPEAKER_00"),
    )


def test_overlaps_are_when_two_or_more_speak():
    turns = [Turn(0.0, 4.0, A), Turn(3.0, 6.0, B), Turn(3.5, 3.8, C), Turn(6.0, 8.0, A), Turn(9.0, 9.5, C)]
    assert overlaps(turns) == (Region(3.0, 4.0),)
    assert overlaps([]) == ()


def test_words_of_an_unsure_voice_are_marked_if_they_have_a_speaker():
    said = [Word(at, at + 0.5, "so") for at in (1.0, 4.8, 5.3, 12.0, 30.0)]
    unsure = (Region(5.0, 6.0), Region(11.9, 12.4), Region(29.0, 31.0))
    found = assign_speakers(said, (DOCTOR, PATIENT), unsure=unsure)
    assert [word.unsure_speaker for word in found] == [False, True, True, True, False]
    assert not any(word.unsure_speaker for word in assign_speakers(said, (DOCTOR, PATIENT)))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.sampled_from([A, B, C])), max_size=12).map(
        lambda drawn: [Turn(start, start + length, speaker) for start, length, speaker in drawn]
    )
)
def test_overlaps_are_the_moments_that_two_turns_cover(turns: list[Turn]):
    covered = [sum(turn.start <= moment < turn.end for turn in turns) > 1 for moment in range(60)]
    found = overlaps(turns)
    assert [any(r.start <= moment < r.end for r in found) for moment in range(60)] == covered
    assert all(before.end <= after.start for before, after in pairwise(found))


def said(text: str, start: float = 0.0, each: float = 0.4) -> list[Word]:
    """Words one after the other, without a pause."""
    return [
        Word(round(start + n * each, 3), round(start + (n + 1) * each, 3), word)
        for n, word in enumerate(text.split())
    ]


def who(words: Sequence[Word], *turns: Turn, exclusive: Sequence[Turn] = ()) -> list[str | None]:
    return [word.speaker for word in assign_speakers(words, turns, exclusive)]


def test_word_is_assigned_to_the_speaker_with_the_largest_overlap():
    words = [Word(9.0, 9.5, "Bien."), Word(9.7, 10.2, "Gracias."), Word(9.9, 10.4, "Vale.")]
    assert who(words, DOCTOR, PATIENT) == [A, A, B]


def test_without_turns_words_have_no_speaker():
    words = assign_speakers(said("Hola, doctor."), ())
    assert [(word.speaker, word.overlap) for word in words] == [(None, False)] * 2


def test_word_near_a_turn_gets_its_speaker_and_a_distant_one_gets_none():
    words = [Word(20.5, 20.8, "Sí."), Word(25.0, 25.5, "Adiós."), Word(29.5, 29.9, "Hola.")]
    assert who(words, DOCTOR, PATIENT, Turn(30.0, 31.0, C)) == [B, None, C]


def test_exclusive_turns_decide_and_all_turns_mark_the_overlap():
    turns = [Turn(0.0, 10.0, A), Turn(4.0, 6.0, B)]
    exclusive = [Turn(0.0, 4.0, A), Turn(4.0, 6.0, B), Turn(6.0, 10.0, A)]
    words = [Word(1.0, 2.0, "Uno."), Word(4.5, 5.5, "Dos."), Word(7.0, 8.0, "Tres.")]
    found = assign_speakers(words, turns, exclusive)
    assert [(word.speaker, word.overlap) for word in found] == [(A, False), (B, True), (A, False)]


def test_short_overlap_neither_takes_words_nor_makes_a_segment():
    turns = [Turn(0.0, 10.0, A), Turn(1.3, 1.9, B), Turn(6.0, 6.2, B)]
    words = assign_speakers(said("Me duele la cabeza desde el lunes."), turns, [Turn(0.0, 10.0, A)])
    (segment,) = segments_of_words(words)
    assert (segment.speaker, len(segment.words)) == (A, 7)
    assert [word.text for word in words if word.overlap] == ["cabeza", "desde"]


def test_word_in_a_gap_of_the_exclusive_turns_has_the_speaker_of_its_turn():
    assert who(said("Sí. Claro."), Turn(0.0, 10.0, A), exclusive=[Turn(5.0, 10.0, A)]) == [A, A]


def test_previous_speaker_continues_on_a_tie():
    turns = [Turn(0.0, 6.0, B), Turn(4.0, 10.0, A)]
    assert who(said("Uno. Dos. Tres. Cuatro. Cinco.", each=2.0), *turns) == [B, B, B, A, A]


def test_single_word_within_a_sentence_keeps_its_speaker():
    turns = [Turn(0.0, 2.0, A), Turn(2.0, 2.4, B), Turn(2.4, 8.0, A)]
    assert set(who(said("Me duele la cabeza desde el lunes."), *turns)) == {A}


def test_interjection_in_a_pause_keeps_its_speaker():
    turns = [Turn(0.0, 2.0, A), Turn(2.2, 2.6, B), Turn(2.9, 8.0, A)]
    words = [*said("Me duele la cabeza"), Word(2.25, 2.55, "sí"), *said("desde el lunes.", start=2.95)]
    assert who(words, *turns) == [A] * 4 + [B] + [A] * 3


def test_one_word_answer_keeps_its_speaker():
    words = said("¿Le duele aquí? Sí. ¿Y aquí también?")
    turns = [Turn(0.0, 1.2, A), Turn(1.2, 1.6, B), Turn(1.6, 8.0, A)]
    assert who(words, *turns) == [A, A, A, B, A, A, A]


def test_first_word_of_a_sentence_is_not_assigned_to_the_previous_speaker():
    words = said("¿Dónde le duele? En la espalda, doctora.")
    turns = [Turn(0.0, 1.42, A), Turn(1.42, 4.0, B)]
    assert who(words, *turns) == [A, A, A, B, B, B, B]


def test_change_of_speaker_within_a_sentence_is_kept():
    words = said("y entonces me dolía mucho cuánto tiempo le duró más o menos")
    assert who(words, Turn(0.0, 2.0, A), Turn(2.0, 6.0, B)) == [A] * 5 + [B] * 7


def test_abbreviations_do_not_end_a_sentence():
    words = said("Lo mandó el Dr. Pérez ayer.")
    turns = [Turn(0.0, 1.6, A), Turn(1.6, 2.0, B), Turn(2.0, 6.0, A)]
    assert set(who(words, *turns)) == {A}


_times = st.integers(0, 400).map(lambda tenths: tenths / 10)
_texts = st.sampled_from(["sí", "no.", "¿qué", "tos?", "Dr.", "...", "la", "'s", "pues,"])
_word = st.builds(
    lambda start, length, text, joined: Word(start, start + length, text, 0.5, joined=joined),
    _times,
    st.sampled_from([0.0, 0.1, 0.3, 0.8, 3.0]),
    _texts,
    st.booleans(),
)
_words = st.lists(_word, max_size=40).map(lambda words: sorted(words, key=lambda word: word.start))
_turn = st.builds(
    lambda start, length, speaker: Turn(start, start + length, speaker),
    _times,
    st.sampled_from([0.0, 0.2, 1.0, 5.0, 20.0]),
    st.sampled_from([A, B, C]),
)
_turns = st.lists(_turn, max_size=20)


@given(_words, _turns, _turns)
def test_words_are_neither_lost_nor_duplicated_nor_moved(
    words: list[Word], turns: list[Turn], exclusive: list[Turn]
):
    found = assign_speakers(words, turns, exclusive)
    assert [replace(word, speaker=None, overlap=False) for word in found] == words
    assert {word.speaker for word in found} <= {turn.speaker for turn in [*turns, *exclusive]} | {None}
    assert assign_speakers(words, turns, exclusive) == found
    assert assign_speakers(found, turns, exclusive) == found


@st.composite
def _overlapping_turns(draw: st.DrawFn) -> tuple[list[Turn], list[Turn]]:
    """Draw turns, and the same time with one of the speakers at each moment."""
    turns = [turn for turn in draw(_turns) if turn.end > turn.start]
    borders = sorted({time for turn in turns for time in (turn.start, turn.end)})
    exclusive = []
    for start, end in pairwise(borders):
        speaking = [turn.speaker for turn in turns if turn.start <= start and turn.end >= end]
        if speaking:
            exclusive.append(Turn(start, end, draw(st.sampled_from(speaking))))
    return turns, exclusive


@given(_words, _overlapping_turns())
def test_each_word_in_a_turn_has_one_of_its_speakers(words: list[Word], found: tuple[list[Turn], list[Turn]]):
    turns, exclusive = found
    # each word is a sentence, so that no word is assigned by those around it
    words = [replace(word, text="Sí.") for word in words]
    for word in assign_speakers(words, turns, exclusive):
        end = max(word.end, word.start + 0.02)
        heard: Counter[str] = Counter()
        for turn in exclusive:
            heard[turn.speaker] += max(0.0, min(end, turn.end) - max(word.start, turn.start))
        longest = max(heard.values(), default=0.0)
        if longest > 0.0:
            assert word.speaker is not None
            assert heard[word.speaker] == pytest.approx(longest)
    for segment in segments_of_words(assign_speakers(words, turns, exclusive)):
        assert segment.words
        assert segment.speaker in {turn.speaker for turn in exclusive} | {None}


@given(_words, _turns)
def test_segments_contain_each_word_once_in_order(words: list[Word], turns: list[Turn]):
    found = assign_speakers(words, turns)
    segments = segments_of_words(found)
    assert tuple(word for segment in segments for word in segment.words) == found
    for segment in segments:
        assert {word.speaker for word in segment.words} == {segment.speaker}
        assert segment.text.replace(" ", "") == "".join(word.text for word in segment.words)
        assert segment.start <= segment.end
    assert segments_of_words(found) == segments


@given(_words, _turns)
def test_order_of_turns_does_not_matter(words: list[Word], turns: list[Turn]):
    assert assign_speakers(words, turns) == assign_speakers(words, turns[::-1])


def test_joined_words_have_no_space():
    (segment,) = segments_of_words([Word(0, 1, "l"), Word(1, 2, "'aria,", joined=True), Word(2, 3, "sì.")])
    assert segment.text == "l'aria, sì."


def test_segment_ends_at_a_change_of_speaker_a_pause_or_a_sentence():
    words = [
        replace(word, speaker=A)
        for word in said(" ".join(["la", "tos", "sigue."] * 30)) + said("Ya.", start=40.0)
    ]
    words.append(Word(40.4, 40.8, "Bien.", speaker=B))
    segments = segments_of_words(words)
    assert [segment.speaker for segment in segments] == [A, A, A, B]
    assert segments[0].text.endswith("sigue.")
    assert 20.0 < segments[0].end - segments[0].start < 22.0


def test_effort_grows_with_words_plus_turns(monkeypatch: pytest.MonkeyPatch):
    looked: Counter[str] = Counter()
    real = alignment.bisect_right

    def counted(*given: object) -> int:
        looked["up"] += 1
        return real(*given)

    monkeypatch.setattr(alignment, "bisect_right", counted)
    words = [Word(n * 0.3, n * 0.3 + 0.3, "tos") for n in range(3_000)]
    turns = [Turn(n * 1.8, n * 1.8 + 2.0, (A, B)[n % 2]) for n in range(500)]
    assert len(assign_speakers(words, turns)) == len(words)
    assert looked["up"] <= 3 * len(words)


def test_speech_without_words_is_a_segment_between_the_words_around_it():
    words = [
        Word(0.0, 0.5, "Take", speaker=A),
        Word(0.5, 2.8, "two", speaker=A),
        Word(3.0, 3.4, "a", speaker=A),
    ]
    gaps = missing_segments([Region(1.5, 3.0), Region(11.0, 14.0), Region(30.0, 32.0)], [DOCTOR, PATIENT])
    assert gaps == (
        Segment(1.5, 3.0, A, missing=True),
        Segment(11.0, 14.0, B, missing=True),
        Segment(30.0, 32.0, None, missing=True),
    )
    found = segments_of_words(words, gaps)
    assert [segment.text for segment in found] == ["Take two", "", "a", "", ""]
    assert tuple(segment for segment in found if segment.missing) == gaps


def test_missing_speech_across_turns_belongs_to_the_one_who_speaks_most_of_it():
    (segment,) = missing_segments([Region(8.0, 13.0)], [DOCTOR, PATIENT])
    assert segment.speaker == B


def test_segment_ends_where_the_language_changes():
    english = [replace(word, language="en") for word in said("It hurts here.", start=2.0)]
    segments = segments_of_words([*said("Me duele."), *english, *said("Aquí.", start=4.0)])
    assert [(part.text, part.language) for part in segments] == [
        ("Me duele.", None),
        ("It hurts here.", "en"),
        ("Aquí.", None),
    ]
