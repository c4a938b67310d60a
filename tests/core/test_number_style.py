"""Numbers in words and in digits: what changes, what does not, and what a joined word keeps."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import numerals
from fi_desktop.core.number_style import restyle
from fi_desktop.core.transcript import Word
from fi_desktop.core.values import NumberStyle


def _words(text: str) -> list[str]:
    return text.split()


def spoken(text: str) -> list[Word]:
    return [
        Word(number * 0.5, number * 0.5 + 0.4, word, round(0.9 - 0.01 * number, 2), "SPEAKER_00")
        for number, word in enumerate(text.split())
    ]


def text(words: list[Word]) -> str:
    return "".join(word.text if word.joined else f" {word.text}" for word in words).strip()


def bare(spelled: str) -> list[str]:
    letters = unicodedata.normalize("NFD", spelled)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.replace("-", " ").split()


@given(st.integers(0, 999_999_999), st.sampled_from(numerals.LANGUAGES))
def test_a_spelled_number_is_read_back(number: int, language: str) -> None:
    words = bare(numerals.spell(number, language))
    assert numerals.parse(words, language) == (number, len(words))
    assert numerals.parse([*words, "x"], language) == (number, len(words))


@given(st.integers(0, 999_999), st.sampled_from(numerals.LANGUAGES))
def test_a_dose_in_words_becomes_digits_and_words_again(number: int, language: str) -> None:
    unit = {"en": "milligrams", "es": "miligramos"}[language]
    said = numerals.spell(number, language)
    if language == "es":
        said = numerals.before_noun(said)
    digits = restyle(spoken(f"x {said} {unit} x"), NumberStyle.DIGITS, language)
    assert text(digits) == f"x {number} mg x"
    assert text(restyle(digits, NumberStyle.WORDS, language)) == f"x {said} {unit} x"


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("es", "Tome cuarenta miligramos dos veces al día.", "Tome 40 mg 2 veces al día."),
        ("es", "Tiene ciento veinte sobre ochenta milímetros de mercurio.", "Tiene 120/80 mmHg."),
        ("es", "La presión es 120 sobre 80.", "La presión es 120/80."),
        ("es", "tres punto cinco gramos, una tableta", "3.5 g, una tableta"),
        ("es", "cero coma veinticinco miligramos", "0,25 mg"),
        ("es", "un miligramo por kilo de peso", "1 mg/kg de peso"),
        ("es", "quinientos miligramos por decilitro", "500 mg/dl"),
        ("es", "el noventa y cinco por ciento.", "el 95 %."),
        ("es", "a las dos del quince de marzo de dos mil veinticuatro", "a las 2 del 15 de marzo de 2024"),
        ("es", "veinte, treinta o cuarenta", "20, 30 o 40"),
        ("es", "doscientas cincuenta unidades", "250 unidades"),
        ("en", "Take forty milligrams three times a day.", "Take 40 mg 3 times a day."),
        ("en", "it was one twenty over eighty", "it was 120/80"),
        ("en", "one hundred and twenty over seventy-five.", "120/75."),
        ("en", "a hundred milligrams of it", "100 mg of it"),
        ("en", "zero point five percent", "0.5%"),
        ("en", "since nineteen ninety-five or twenty twenty-four", "since 1995 or 2024"),
        ("en", "on March fifteenth, two thousand twenty-four", "on March 15th, 2024"),
        ("en", "the twenty-first of June", "the 21st of June"),
        ("en", "twenty-five micrograms per kilogram", "25 mcg/kg"),
        ("en", "ninety nine, ninety nine", "99, 99"),
        ("en", "fifty years old and 40 milligrams", "50 years old and 40 mg"),
    ],
)
def test_clear_numbers_are_written_in_digits(language: str, said: str, written: str) -> None:
    assert text(restyle(spoken(said), NumberStyle.DIGITS, language)) == written


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "Uno de ellos dijo mil gracias, y los dos se fueron."),
        ("es", "Una vez más, un poco."),
        ("es", "uno dos tres cuatro"),
        ("es", "ambos"),
        ("es", "Una entre mil."),
        ("es", "la una y media"),
        ("es", "El segundo punto es otro."),
        ("en", "One of them took a tablet, and no one else did."),
        ("en", "the two of us, one or two"),
        ("en", "a hundred people"),
        ("en", "five five five one two"),
        ("en", "at five twenty"),
        ("en", "point five"),
        ("en", "the first time I ate for a second"),
        ("en", "forty-something years, one-sided, twenty-twenty vision"),
        ("en", "She may come second."),
    ],
)
def test_what_is_not_clearly_a_number_stays(language: str, said: str) -> None:
    words = spoken(said)
    changed = restyle(words, NumberStyle.DIGITS, language)
    if said == "the two of us, one or two":
        assert text(changed) == "the two of us, one or 2"
    else:
        assert changed == words


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("es", "Tome 40 mg 2 veces al día.", "Tome cuarenta miligramos dos veces al día."),
        ("es", "Tiene 120/80 mmHg.", "Tiene ciento veinte sobre ochenta milímetros de mercurio."),
        ("es", "3.5 g y 0.25 mg", "tres punto cinco gramos y cero punto dos cinco miligramos"),
        ("es", "el 15 de marzo de 2024.", "el quince de marzo de dos mil veinticuatro."),
        ("es", "95 % con 21 mg", "noventa y cinco por ciento con veintiún miligramos"),
        ("en", "Take 40mg 2 times.", "Take forty milligrams two times."),
        (
            "en",
            "March 15th, 2024 or 1995",
            "March fifteenth, two thousand twenty-four or nineteen ninety-five",
        ),
        ("en", "1,500 ml of 5%", "one thousand five hundred milliliters of five percent"),
        ("en", "it was 98.6", "it was ninety-eight point six"),
    ],
)
def test_digits_are_written_in_words(language: str, written: str, said: str) -> None:
    found = text(restyle(spoken(written), NumberStyle.WORDS, language))
    assert found == said.replace("dos cinco", "veinticinco")


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("es", "1 tableta, 21 tabletas y 200 tabletas"),
        ("es", "B12 y COVID-19 el 15/03/2024 a las 12:30"),
        ("es", "llame al 5512345678 o al 007"),
        ("en", "B12, HbA1c and COVID-19 at 12:30 on 3/4/24, $40, 22th"),
    ],
)
def test_digits_whose_words_are_not_clear_stay(language: str, written: str) -> None:
    words = spoken(written)
    assert restyle(words, NumberStyle.WORDS, language) == words


def test_a_joined_word_spans_its_words_and_is_as_doubtful_as_the_worst() -> None:
    words = spoken("toma ciento veinte y cinco miligramos, ¿verdad?".replace(" y", ""))
    found = restyle(words, NumberStyle.DIGITS, "es")
    assert text(found) == "toma ciento veinte cinco miligramos, ¿verdad?"
    found = restyle(spoken("toma ciento cuarenta y cinco miligramos, ¿verdad?"), NumberStyle.DIGITS, "es")
    assert [word.text for word in found] == ["toma", "145", "mg,", "¿verdad?"]
    assert (found[1].start, found[1].end, found[1].probability) == (0.5, 2.4, 0.86)
    assert found[1].speaker == "SPEAKER_00"


def test_numbers_do_not_join_across_speakers_or_pauses() -> None:
    first, second = spoken("cuarenta miligramos")
    other = Word(second.start, second.end, second.text, second.probability, "SPEAKER_01")
    later = Word(9.0, 9.5, second.text, second.probability, "SPEAKER_00")
    for words in ([first, other], [first, later]):
        assert text(restyle(words, NumberStyle.DIGITS, "es")) == "40 miligramos"


def test_each_language_of_a_recording_has_its_numbers() -> None:
    words = [*spoken("forty milligrams"), *(replace(w, language="es") for w in spoken("cuarenta miligramos"))]
    assert text(restyle(words, NumberStyle.DIGITS, "en")) == "40 mg 40 mg"
    assert text(restyle(words, NumberStyle.DIGITS, "fr")) == "forty milligrams 40 mg"


SAID = st.lists(
    st.sampled_from(
        [
            "one",
            "two",
            "twenty",
            "twenty-five",
            "hundred",
            "a",
            "and",
            "point",
            "over",
            "percent",
            "milligrams",
            "of",
            "March",
            "first",
            "uno",
            "dos",
            "y",
            "mil",
            "cien",
            "punto",
            "coma",
            "sobre",
            "por",
            "ciento",
            "miligramos",
            "40",
            "120",
            "3.5",
            "80,",
            "2024.",
            "(5)",
            "-5",
            "hola,",
            "¿sí?",
        ]
    )
)


@given(SAID, st.sampled_from(list(NumberStyle)), st.sampled_from(["en", "es", "fr", None]))
def test_other_words_times_and_order_are_kept(
    said: list[str], style: NumberStyle, language: str | None
) -> None:
    words = spoken(" ".join(said))
    found = restyle(words, style, language)
    if style is NumberStyle.AS_HEARD or language not in numerals.LANGUAGES:
        assert found == words
    if words:
        assert (found[0].start, found[-1].end) == (words[0].start, words[-1].end)
    assert all(word.start <= word.end for word in found)
    assert all(before.end <= after.start + 0.001 for before, after in pairwise(found))
    for kept in ("hola,", "¿sí?", "-5"):
        assert said.count(kept) == [word.text for word in found].count(kept)
    assert restyle(found, style, language) is not None
