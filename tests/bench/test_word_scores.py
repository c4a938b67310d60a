"""Scores of words: equal if they sound equal, lost passages, the language of a stretch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.word_scores import score, stretches, vote
from tests.real.wording import compare, plain_rows, plain_words


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("en", "metformin eight hundred and fifty milligrams", "Metformin 850 mg."),
        ("en", "one hundred and forty over ninety", "140/90"),
        ("en", "two thousand and nineteen, at sixty three", "2019, at 63"),
        ("en", "nineteen eighty four", "1984"),
        ("en", "five five five, zero one four two", "555-0142"),
        ("en", "ninety eight thousand and three thousand two hundred and forty", "98,000 and 3,240"),
        ("en", "the twenty first of June", "the 21st of June"),
        ("en", "from nine point one to seven point three percent", "from 9.1 to 7.3%"),
        ("en", "the ECG at eight thirty", "the E.C.G. at 8:30"),
        ("es", "ciento veintinueve y uno punto uno por ciento", "129 y 1,1 %"),
        ("es", "tres mil doscientos cuarenta gramos", "3.240 gramos"),
        ("es", "cinco cinco cinco, cero uno cuatro dos", "555-0142"),
        ("es", "veintiún días y una tableta", "21 días y 1 tableta"),
        ("es", "dos mil dieciséis", "2016"),
    ],
)
def test_numbers_are_equal_in_figures_and_in_words(language: str, said: str, written: str):
    spoken = plain_words(said, language)
    rows = plain_rows(written.split(), language, spoken)
    assert compare(spoken, [word for row in rows for word in row]).rate == 0


def test_another_number_is_an_error():
    errors = compare(plain_words("forty milligrams", "en"), plain_words("14 mg", "en"))
    assert (errors.substitutions, errors.deletions, errors.insertions) == (1, 0, 0)


def test_a_figure_in_two_parts_counts_with_the_first_one():
    assert plain_rows(["is", "5", ".6,", "then"], "en") == [["is"], ["five", "point", "six"], [], ["then"]]


def test_differences_are_counted_by_kind_and_word():
    said, written = "the pain is in the left knee", "the pain was in left knee now"
    errors = compare(plain_words(said, "en"), plain_words(written, "en"))
    assert (errors.substitutions, errors.deletions, errors.insertions) == (1, 1, 1)
    assert errors.wrong == (False, False, True, False, False, False, True)


def _words(text: str, start: float = 0.0) -> list[dict[str, Any]]:
    """Return words of half a second each."""
    return [
        {"text": each, "start": start + 0.5 * place, "end": start + 0.5 * place + 0.45}
        for place, each in enumerate(text.split())
    ]


def test_a_lost_sentence_is_a_passage_and_one_lost_word_is_not():
    reference = {"words": _words("we lost one word here and then a whole long sentence went away today")}
    heard = [word for place, word in enumerate(reference["words"]) if place not in (2, *range(7, 12))]
    silent = score(reference, {"words": heard, "missing": []}, "en")
    assert silent.errors.deletions == 6
    (passage,) = silent.passages
    assert (passage.start, passage.end, passage.words, passage.told) == (3.5, 5.95, 5, False)
    telling = score(reference, {"words": heard, "missing": [(3.6, 5.9), (0.0, 0.4)]}, "en")
    assert telling.passages[0].told
    assert telling.needless == 1


def test_marks_belong_to_the_words_as_they_were_written():
    reference = {"words": _words("take forty milligrams daily")}
    heard = [{**word, "doubtful": word["text"] == "14"} for word in _words("Take 14 mg daily.")]
    found = score(reference, {"words": heard, "missing": []}, "en")
    assert found.marks == ((False, False), (True, True), (False, False), (False, False))


@pytest.mark.parametrize(
    ("text", "language"),
    [("the pain is in my chest", "en"), ("el dolor es de pecho", "es"), ("metformina", None), ("", None)],
)
def test_the_language_of_a_text_is_the_one_of_its_common_words(text: str, language: str | None):
    assert vote(text.split()) == language


@pytest.mark.parametrize(("written", "language"), [("Ill always bring hats down", "en"), ("sombreros", None)])
def test_a_stretch_without_common_words_is_in_its_language_if_half_of_it_is_there(
    written: str, language: str | None
):
    stretch = {"language": "en", "text": "Always bring hats down!", "start": 0.0, "end": 2.0}
    (found,) = stretches({"stretches": [stretch]}, {"words": _words(written), "language": "es"})
    assert (found.heard_in, found.translated) == (language, False)


def test_a_translated_stretch_is_counted():
    said = [("en", "the pain is in my chest"), ("es", "me duele el pecho desde ayer")]
    reference = {
        "stretches": [
            {"language": language, "text": text, "start": 5.0 * place, "end": 5.0 * place + 3}
            for place, (language, text) in enumerate(said)
        ]
    }
    heard = _words("the pain is in my chest") + _words("it is my chest that hurts", 5.0)
    first, second = stretches(reference, {"words": heard, "language": "en"})
    assert (first.heard_in, first.translated, first.labelled) == ("en", False, 6)
    assert (second.heard_in, second.translated, second.labelled) == ("en", True, 0)
