"""Terms that are chosen by sound: spelling to sounds, matches, and what is kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.transcript import Word
from fi_desktop.engines import phonetics, term_lists
from fi_desktop.engines.contracts import Term
from fi_desktop.engines.whisper import vocabulary
from fi_desktop.engines.whisper.vocabulary import TermMatch, Vocabulary
from fi_desktop.system.files import resource

BUNDLED = Vocabulary(term_lists.read_all(term_lists.SPECIALTIES, (resource("vocabulary"),))[0])


def heard(text: str, probability: float = 0.5) -> list[Word]:
    return [Word(n * 0.5, n * 0.5 + 0.4, word, probability) for n, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("language", "text", "term"),
    [
        ("en", "take met foreman twice", "metformin"),
        ("en", "the a tour of a statin at bedtime", "atorvastatin"),
        ("en", "more levothoroxine please", "levothyroxine"),
        ("es", "va a tomar me formina diario", "metformina"),
        ("es", "siga con lo sartan", "losartán"),
        ("es", "le puse septiaxona ayer", "ceftriaxona"),
    ],
)
def test_a_term_is_found_by_its_sound(language: str, text: str, term: str) -> None:
    assert term in {match.term for match in BUNDLED.find(heard(text), language)}


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "take metformin twice and losartan"), ("es", "siga con metformina y el losartan de siempre")],
)
def test_a_term_that_is_already_written_is_not_sought(language: str, text: str) -> None:
    assert not BUNDLED.find(heard(text, 0.6), language)


def test_words_that_the_model_is_sure_of_must_be_nearer() -> None:
    words = Vocabulary([Term("furosemide")])
    assert words.find(heard("the phyrosamet", 0.2), "en")
    assert not words.find(heard("the phyrosamet", 1.0), "en")


def test_terms_of_another_language_are_not_sought() -> None:
    words = Vocabulary([Term("metformina", language="es")], ["Nuñez Landa"])
    assert not words.find(heard("met formina"), "en")
    assert [match.term for match in words.find(heard("nunez landa"), "en")] == ["Nuñez Landa"]


def test_the_more_probable_text_is_kept() -> None:
    words = heard("Met foreman, twice a day")
    match = TermMatch(0, 2, "metformin", 0.1)
    assert vocabulary.variant(words, match) == [" Metformin,", " twice", " a", " day"]
    before = [-2.0, -3.0, -0.1, -0.1, -0.1]
    kept = vocabulary.merge(words, [match], [before, [-6.0, -0.1, -0.1, -0.1]])
    assert kept == words
    merged = vocabulary.merge(words, [match], [before, [-0.5, -0.1, -0.1, -0.1]])
    assert [word.text for word in merged] == ["Metformin,", "twice", "a", "day"]
    assert (merged[0].start, merged[0].end) == (words[0].start, words[1].end)
    assert merged[1:] == words[2:]
    assert merged[0].doubtful  # however sure the model is: a person hears which drug it was


def test_the_nearest_of_several_terms_for_the_same_words_is_written_once() -> None:
    words = heard("take the low sartan now")
    matches = [TermMatch(2, 4, "losartan", 0.1), TermMatch(1, 4, "valsartan", 0.2)]
    before = [-0.1, -0.1, -4.0, -4.0, -0.1]
    merged = vocabulary.merge(words, matches, [before, [-0.1, -0.1, -0.8, -0.1], [-0.1, -3.0, -0.1]])
    assert [word.text for word in merged] == ["take", "the", "losartan", "now"]
    assert merged[2].probability == pytest.approx(math.exp(-0.8), abs=0.001)
    alike = [TermMatch(2, 4, "losartan", 0.1), TermMatch(2, 4, "valsartan", 0.1)]
    close = [before, [-0.1, -0.1, -0.2, -0.1], [-0.1, -0.1, -0.2, -0.1]]
    assert vocabulary.merge(words, alike, close)[2].probability < 0.51  # nobody knows which of the two


@given(st.text(max_size=20), st.sampled_from(["en", "es", "fr"]))
def test_sounds_of_any_text_can_be_compared(text: str, language: str) -> None:
    heard_sounds = phonetics.sounds(text, language)
    (distance,) = phonetics.distances([(heard_sounds, phonetics.sounds("metformina", language))])
    assert distance >= 0
    assert phonetics.distances([(heard_sounds, heard_sounds)])[0] == 0


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=14), min_size=2, max_size=2))
def test_the_lower_bound_of_a_distance_holds(texts: list[str]) -> None:
    first, second = (phonetics.sounds(text, "en") for text in texts)
    if second:
        (distance,) = phonetics.distances([(first, second)])
        least = phonetics.least_distances(phonetics.counts([first]), phonetics.counts([second]))[0, 0]
        assert least <= distance * len(second) + 1e-3


def test_every_bundled_term_has_sounds() -> None:
    for name in term_lists.SPECIALTIES:
        terms = term_lists.read(name, (resource("vocabulary"),))
        assert {term.language for term in terms} == {"en", "es"}
        for language in ("en", "es"):
            assert 80 <= sum(term.language == language for term in terms) <= 200
        assert all(phonetics.sounds(term.said or term.text, term.language or "") for term in terms)
