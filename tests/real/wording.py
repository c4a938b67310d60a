"""Compare transcribed words with a reference: what a person hears, not how it is spelled.

Numbers count as words: "850 mg" equals "eight hundred and fifty milligrams". A number in digits is read as
the reference has it, if that is a usual way: "2019" as "two thousand nineteen" or "twenty nineteen".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

_NUMBERS = {
    "en": (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "",
    ),
    "es": (
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
        "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco "
        "veintiséis veintisiete veintiocho veintinueve",
        "treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos "
        "novecientos",
    ),
}
_ENGLISH, _ENGLISH_TENS, _ = (row.split() for row in _NUMBERS["en"])
_SPANISH, _SPANISH_TENS, _SPANISH_HUNDREDS = (row.split() for row in _NUMBERS["es"])
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_SAME: dict[str, dict[str, str]] = {
    "en": {
        "mg": "milligrams",
        "mcg": "micrograms",
        "kg": "kilograms",
        "ml": "millilitres",
        "cm": "centimetres",
        "ok": "okay",
        "mr": "mister",
        "dr": "doctor",
        "alright": "all right",
        "cannot": "can not",
        "hemoglobin": "haemoglobin",
        "milliliters": "millilitres",
        "liters": "litres",
        "centimeters": "centimetres",
        "meter": "metre",
        "meters": "metres",
    },
    "es": {
        "mg": "miligramos",
        "mcg": "microgramos",
        "kg": "kilos",
        "kilogramos": "kilos",
        "ml": "mililitros",
        "cm": "centimetros",
        "dr": "doctor",
        "dra": "doctora",
        "sr": "senor",
        "sra": "senora",
        "ud": "usted",
    },
}
_SIGNS = {"en": {"%": "percent"}, "es": {"%": "por ciento"}}
_BETWEEN: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {"/": ("over", ""), ".": ("point",)},
    "es": {"/": ("sobre", ""), ".": ("punto", "coma")},
}
_AFTER_FIGURE = re.compile(r"(?<=\d)(?=(?:mg|mcg|µg|kg|ml|cm|mm|g|h|am|pm)\b|%)")
_FIGURE = re.compile(r"(?<![^\W_])\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?(?![^\W_])")
_REST = re.compile(r"[.,:/]\d|%")
_INITIALS = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")
_MARKS = re.compile(r"[^\w\s']|_")
_LONGEST = 9_999_999  # longer figures are read digit by digit


def plain_words(text: str, language: str) -> list[str]:
    """Return words without case, accents and punctuation, numbers spelled out."""
    (words,) = plain_rows([text], language)
    return words


def plain_rows(texts: Sequence[str], language: str, said: Sequence[str] = ()) -> list[list[str]]:
    """Return the plain words of each of consecutive texts, figures read as in `said` if possible.

    The rest of a figure, such as ".6" after "5", counts with the text before it.
    """
    context = f" {' '.join(said)} "
    whole: list[str] = []
    for text in texts:
        first = len(whole) - 1
        while first > 0 and not whole[first]:
            first -= 1
        if _REST.match(text) and whole and whole[first][-1:].isdigit():
            whole[first] += text
            whole.append("")
        else:
            whole.append(text)
    rows = [_plain(text, language, context) for text in whole]
    if language != "en":
        return rows
    words = [word for row in rows for word in row]
    kept = iter([not _joins_a_number(words, place) for place in range(len(words))])
    return [[word for word in row if next(kept)] for row in rows]


def _plain(text: str, language: str, context: str) -> list[str]:
    text = _INITIALS.sub("", text.casefold().replace("’", "'"))
    text = _AFTER_FIGURE.sub(" ", text)
    for sign, spoken in _SIGNS[language].items():
        text = text.replace(sign, f" {spoken} ")
    text = _FIGURE.sub(lambda found: f" {_read(found[0], language, context)} ", text)
    words = _bare(_MARKS.sub(" ", text)).split()
    return " ".join(_SAME[language].get(word, word) for word in words).split()


def _joins_a_number(words: Sequence[str], place: int) -> bool:
    """Return whether it is the "and" of "one hundred and five"."""
    return (
        words[place] == "and"
        and 0 < place < len(words) - 1
        and words[place - 1] in ("hundred", "thousand")
        and words[place + 1] in (*_ENGLISH, *_ENGLISH_TENS)
    )


def _read(figure: str, language: str, context: str) -> str:
    """Return how a figure is spoken: the first reading that is in the context, else the first of all."""
    readings = [" ".join(reading.split()) for reading in _readings(figure, language)]
    return next((reading for reading in readings if f" {_bare(reading)} " in context), readings[0])


def _bare(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


def _readings(figure: str, language: str) -> Iterator[str]:
    if figure[-1].isalpha():
        yield _ordinal(int(figure[:-2].replace(",", "")))
        return
    figure = re.sub(
        r"(?<=\d)[,.](?=\d{3}(?:\D|$))" if language == "es" else r",(?=\d{3}(?:\D|$))", "", figure
    )
    parts = re.split(r"([.,:/])", figure)
    if len(parts) == 1:
        yield from _whole(figure, language)
        return
    if len(parts) > 3:
        yield " ".join(next(_whole(part, language)) for part in parts[::2])
        return
    first, sign, second = parts
    joints = _BETWEEN[language].get(sign.replace(",", "."), ("",))
    if sign == ":" and not int(second):
        yield next(_whole(first, language))
    for joint in joints:
        for start in _whole(first, language):
            for end in _whole(second, language):
                yield f"{start} {joint} {end}"


def _whole(figure: str, language: str) -> Iterator[str]:
    """Yield the readings of a whole number, the usual one first."""
    digits = _SPANISH if language == "es" else _ENGLISH
    one_by_one = " ".join(digits[int(digit)] for digit in figure)
    if int(figure) > _LONGEST or (figure[0] == "0" and len(figure) > 1):
        yield one_by_one
        return
    spoken = _spanish(int(figure)) if language == "es" else _english(int(figure))
    yield spoken
    if language == "es" and spoken.endswith("uno"):
        yield spoken.removesuffix("o")
        yield f"{spoken.removesuffix('o')}a"
    if language == "en" and len(figure) in (3, 4) and figure[-2:] != "00":
        low = figure[-2:]
        rest = f"oh {_ENGLISH[int(low)]}" if low[0] == "0" else _english(int(low))
        yield f"{_english(int(figure[:-2]))} {rest}"
    if language == "en" and len(figure) == 4 and figure.endswith("00"):
        yield f"{_english(int(figure[:2]))} hundred"
    yield one_by_one


def _ordinal(number: int) -> str:
    *before, last = _english(number).split()
    if last in _ORDINALS:
        last = _ORDINALS[last]
    else:
        last = f"{last.removesuffix('y')}ieth" if last.endswith("y") else f"{last}th"
    return " ".join((*before, last))


def _english(number: int) -> str:
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        return f"{_ENGLISH_TENS[number // 10 - 2]} {_ENGLISH[number % 10] if number % 10 else ''}"
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = _english(number % size) if number % size else ""
            return f"{_english(number // size)} {name} {rest}"
    raise AssertionError(number)


def _spanish(number: int) -> str:
    if number < 30:
        return _SPANISH[number]
    if number < 100:
        rest = f"y {_SPANISH[number % 10]}" if number % 10 else ""
        return f"{_SPANISH_TENS[number // 10 - 3]} {rest}"
    if number < 1000:
        rest = _spanish(number % 100) if number % 100 else ""
        hundred = "ciento" if number // 100 == 1 and rest else _SPANISH_HUNDREDS[number // 100 - 1]
        return f"{hundred} {rest}"
    if number < 1_000_000:
        thousands = "" if number < 2000 else _spanish(number // 1000)
        return f"{thousands} mil {_spanish(number % 1000) if number % 1000 else ''}"
    millions = "un millón" if number < 2_000_000 else f"{_spanish(number // 1_000_000)} millones"
    return f"{millions} {_spanish(number % 1_000_000) if number % 1_000_000 else ''}"


Pairs = list[tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class Errors:
    """Differences between what was said and what was transcribed.

    Attributes:
        said: number of spoken words.
        wrong: for each transcribed word, whether it is a substitution or an insertion.
    """

    said: int
    substitutions: int
    deletions: int
    insertions: int
    wrong: tuple[bool, ...] = ()

    @classmethod
    def of(cls, said: Sequence[str], written: Sequence[str], pairs: Pairs) -> Errors:
        """Count the differences in an alignment."""
        wrong = [True] * len(written)
        substitutions = 0
        for spoken, heard in pairs:
            if spoken is not None and heard is not None:
                wrong[heard] = said[spoken] != written[heard]
                substitutions += wrong[heard]
        return cls(
            len(said),
            substitutions,
            sum(heard is None for _, heard in pairs),
            sum(spoken is None for spoken, _ in pairs),
            tuple(wrong),
        )

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.said + other.said,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.wrong + other.wrong,
        )

    @property
    def rate(self) -> float:
        """Errors as a share of the words said."""
        return (self.substitutions + self.deletions + self.insertions) / max(1, self.said)

    def __str__(self) -> str:
        counts = f"{self.substitutions}/{self.deletions}/{self.insertions}"
        return f"{100 * self.rate:.2f} % ({counts}) of {self.said}"


def compare(said: Sequence[str], written: Sequence[str]) -> Errors:
    """Align words by Levenshtein distance and count the differences by kind."""
    return Errors.of(said, written, align(said, written))


def align(said: Sequence[str], written: Sequence[str]) -> Pairs:
    """Pair words by Levenshtein distance: places in both, None where there is no counterpart."""
    rows, columns = len(said) + 1, len(written) + 1
    known = {word: number for number, word in enumerate(dict.fromkeys((*said, *written)))}
    spoken, heard = ([known[word] for word in words] for words in (said, written))
    numbers, places = np.array(heard, dtype=np.int64), np.arange(columns)
    cost = np.zeros((rows, columns), dtype=np.int32)
    cost[0] = places
    for row in range(1, rows):
        before = cost[row - 1]
        best = before + 1
        best[1:] = np.minimum(best[1:], before[:-1] + (numbers != spoken[row - 1]))
        cost[row] = np.minimum.accumulate(best - places) + places
    row, column = rows - 1, columns - 1
    pairs: Pairs = []
    while row or column:
        same = bool(row and column) and said[row - 1] == written[column - 1]
        if row and column and cost[row, column] == cost[row - 1, column - 1] + (not same):
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif row and cost[row, column] == cost[row - 1, column] + 1:
            row -= 1
            pairs.append((row, None))
        else:
            column -= 1
            pairs.append((None, column))
    return pairs[::-1]
