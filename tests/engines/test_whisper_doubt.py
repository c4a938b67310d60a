"""Which words a person should listen to again."""

from __future__ import annotations

from fi_desktop.core.transcript import Word
from fi_desktop.engines.whisper.doubt import weighed


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
