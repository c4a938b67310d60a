"""What is left out of Whisper's words, and what is not."""

from __future__ import annotations

import pytest

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.whisper.postprocess import (
    bare_s,
    crammed,
    in_order,
    joined_at_a_cut,
    run_together,
    weighed,
    within_speech,
    without_crammed,
    without_loops,
)

SPEECH = [Region(1.0, 3.0), Region(5.0, 6.0)]


def spoken(*texts: str, start: float = 0.0, each: float = 0.3) -> list[Word]:
    return [Word(start + n * each, start + (n + 1) * each, text, 0.9) for n, text in enumerate(texts)]


def test_unlikely_words_in_silence_are_left_out():
    ghost, sure = Word(3.5, 4.0, "Gracias.", 0.2), Word(3.5, 4.0, "Sí.", 0.9)
    assert within_speech([ghost], SPEECH) == []
    assert within_speech([sure], SPEECH) == [sure]


def test_words_are_trimmed_to_the_speech_that_carries_them():
    stretched = Word(2.5, 5.2, "tos", 0.3)
    (word,) = within_speech([stretched], SPEECH)
    assert (word.start, word.end) == (2.5, 3.1)


def test_people_may_repeat_themselves_three_times():
    assert len(without_loops(spoken("no,", "no,", "no.", "Bueno."))) == 4
    loop = spoken(*["Muchas", "gracias."] * 5, "Adiós.")
    assert [word.text for word in without_loops(loop)] == ["Muchas", "gracias.", "Adiós."]


def test_a_few_words_in_no_time_are_an_inaccuracy_and_many_are_not():
    instant = spoken("a", "b", "c", each=0.0)
    assert without_crammed(instant) == instant
    words = [*spoken("a", "b"), *spoken("c", "d", "e", "f", start=0.6, each=0.0)]
    assert crammed(words)
    assert [word.text for word in without_crammed(words)] == ["a", "b"]


def test_times_are_put_in_order():
    words = [Word(1.0, 2.0, "a"), Word(0.5, 0.7, "b"), Word(2.9, 3.5, "c")]
    times = [(word.start, word.end) for word in in_order(words, 3.0)]
    assert times == [(1.0, 2.0), (1.0, 1.0), (2.9, 3.0)]


def test_speech_that_no_word_carries_is_measured():
    speech = [Region(0.0, 10.0), Region(12.0, 13.5)]
    assert bare_s([], speech) == 11.5
    said = spoken(*"abcdefghij", each=0.5)  # to 5.0
    assert bare_s(said, speech) == pytest.approx(5.0 + 1.5)
    assert bare_s([*said, *spoken("k", start=5.5), *spoken("l", start=12.4)], speech) == pytest.approx(4.2)


def test_a_word_over_seconds_of_speech_hides_a_missing_sentence_and_a_number_does_not():
    speech = [Region(0.0, 4.0)]
    assert bare_s([Word(0.0, 4.0, "don't", 0.9)], speech) == pytest.approx(3.0)
    assert bare_s([Word(0.0, 4.0, "142,500", 0.9)], speech) == 0.0


def test_no_word_begins_before_the_speech_that_carries_it():
    (word,) = within_speech([Word(0.9, 1.5, "Hola", 0.9)], SPEECH)
    assert (word.start, word.end) == (1.0, 1.5)


def test_the_same_figures_over_and_over_in_one_word_are_no_number():
    assert run_together([Word(0.0, 1.0, "9999999999999999", 0.9)])
    assert run_together([Word(0.0, 1.0, "120,99999999.", 0.9)])
    assert not run_together([Word(0.0, 1.0, "99,", 0.9), Word(1.0, 2.0, "1998.", 0.9)])
    assert not run_together([Word(0.0, 1.0, "555-1234", 0.9), Word(1.0, 2.0, "1,000", 0.9)])


def test_a_word_that_was_cut_is_written_once():
    before = [Word(0.0, 0.4, "could", 0.9), Word(0.4, 0.9, "not", 0.9)]
    again = [Word(0.95, 1.1, "not", 0.9), Word(1.1, 1.5, "sit", 0.9)]
    assert joined_at_a_cut(before, again) == again[1:]
    assert joined_at_a_cut(before, spoken("not", "so", start=1.3)) == spoken("not", "so", start=1.3)
    assert joined_at_a_cut([], again) == again
    assert joined_at_a_cut(before, []) == []


# Which words a person should listen to again.


def row(*probabilities: float) -> list[Word]:
    return [Word(n, n + 0.5, f"word{n}", probability) for n, probability in enumerate(probabilities)]


def test_a_word_among_sure_ones_needs_more_to_be_doubted_than_one_among_unsure_ones():
    (_, among_sure, _) = weighed(row(0.99, 0.5, 0.99))
    (_, among_unsure, _) = weighed(row(0.6, 0.5, 0.6))
    assert not among_sure.doubtful
    assert among_unsure.doubtful


def test_a_word_that_was_hardly_heard_is_doubted_wherever_it_is():
    for before, after in ((0.99, 0.99), (0.5, 0.5)):
        assert weighed(row(before, 0.05, after))[1].doubtful


def test_sure_words_stay_sure_and_all_else_of_a_word_stays():
    words = row(0.99, 0.98, 1.0)
    found = weighed(words)
    assert not any(word.doubtful for word in found)
    assert [(word.start, word.end, word.text) for word in found] == [(w.start, w.end, w.text) for w in words]
    assert all(word.probability is not None and 0.0 < word.probability <= 1.0 for word in found)


def test_no_words_are_no_words():
    assert weighed([]) == []
