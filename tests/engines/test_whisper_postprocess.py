"""Which of Whisper's words are dropped, moved or doubted."""

from __future__ import annotations

import pytest

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.whisper.postprocess import (
    collapse_loops,
    drop_crammed,
    fit_to_speech,
    has_crammed,
    has_repeated_digits,
    put_in_order,
    uncovered,
    uncovered_s,
)

SPEECH = [Region(1.0, 3.0), Region(5.0, 6.0)]


def spoken(*texts: str, start: float = 0.0, each: float = 0.3) -> list[Word]:
    return [Word(start + n * each, start + (n + 1) * each, text, 0.9) for n, text in enumerate(texts)]


def test_improbable_words_in_silence_are_dropped():
    hallucinated, sure = Word(3.5, 4.0, "Gracias.", 0.2), Word(3.5, 4.0, "Sí.", 0.9)
    assert fit_to_speech([hallucinated], SPEECH) == []
    assert fit_to_speech([sure], SPEECH) == [sure]


def test_words_are_trimmed_to_their_speech():
    stretched = Word(2.5, 5.2, "tos", 0.3)
    (word,) = fit_to_speech([stretched], SPEECH)
    assert (word.start, word.end) == (2.5, 3.1)


def test_three_repetitions_are_kept_and_five_are_a_loop():
    assert len(collapse_loops(spoken("no,", "no,", "no.", "Bueno."))) == 4
    loop = spoken(*["Muchas", "gracias."] * 5, "Adiós.")
    assert [word.text for word in collapse_loops(loop)] == ["Muchas", "gracias.", "Adiós."]


def test_a_few_words_without_duration_are_kept_and_many_are_dropped():
    instant = spoken("a", "b", "c", each=0.0)
    assert drop_crammed(instant) == instant
    words = [*spoken("a", "b"), *spoken("c", "d", "e", "f", start=0.6, each=0.0)]
    assert has_crammed(words)
    assert [word.text for word in drop_crammed(words)] == ["a", "b"]


def test_times_are_put_in_order():
    words = [Word(1.0, 2.0, "a"), Word(0.5, 0.7, "b"), Word(2.9, 3.5, "c")]
    times = [(word.start, word.end) for word in put_in_order(words, 3.0)]
    assert times == [(1.0, 2.0), (1.0, 1.0), (2.9, 3.0)]


def test_speech_without_words_is_measured():
    speech = [Region(0.0, 10.0), Region(12.0, 13.5)]
    assert uncovered_s([], speech) == 11.5
    assert uncovered(spoken("k", start=5.5), speech) == [Region(0.0, 5.5), Region(5.8, 10.0), speech[1]]
    said = spoken(*"abcdefghij", each=0.5)  # to 5.0
    assert uncovered_s(said, speech) == pytest.approx(5.0 + 1.5)
    assert uncovered_s([*said, *spoken("k", start=5.5), *spoken("l", start=12.4)], speech) == pytest.approx(
        4.2
    )


def test_a_word_stretched_over_seconds_does_not_cover_them_and_a_number_does():
    speech = [Region(0.0, 4.0)]
    assert uncovered_s([Word(0.0, 4.0, "don't", 0.9)], speech) == pytest.approx(3.0)
    assert uncovered_s([Word(0.0, 4.0, "142,500", 0.9)], speech) == 0.0


def test_no_word_starts_before_its_speech():
    (word,) = fit_to_speech([Word(0.9, 1.5, "Hola", 0.9)], SPEECH)
    assert (word.start, word.end) == (1.0, 1.5)


def test_repeated_digits_in_one_word_are_recognized():
    assert has_repeated_digits([Word(0.0, 1.0, "9999999999999999", 0.9)])
    assert has_repeated_digits([Word(0.0, 1.0, "120,99999999.", 0.9)])
    assert not has_repeated_digits([Word(0.0, 1.0, "99,", 0.9), Word(1.0, 2.0, "1998.", 0.9)])
    assert not has_repeated_digits([Word(0.0, 1.0, "555-1234", 0.9), Word(1.0, 2.0, "1,000", 0.9)])
