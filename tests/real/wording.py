"""Compare transcribed words with a reference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
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
_JOINED = {"mg": {"en": "milligrams", "es": "miligramos"}, "%": {"en": "percent", "es": "por ciento"}}
_MARKS = re.compile(r"[^\w\s']|_")


def plain_words(text: str, language: str) -> list[str]:
    """Return words without case, accents and punctuation, numbers spelled out: what a person hears."""
    for short, long in _JOINED.items():
        text = re.sub(rf"(?<![a-z]){re.escape(short)}\b|{re.escape(short)}$", f" {long[language]} ", text)
    text = re.sub(r"(?<=\d)[.,](?=\d{3}\b)", "", text.casefold())
    text = re.sub(r"\d+", lambda found: f" {_spoken(int(found[0]), language)} ", text)
    text = _MARKS.sub(" ", text.replace("’", "'"))
    bare = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).split()


def _spoken(number: int, language: str) -> str:
    if number >= 10_000:
        return str(number)
    return _spanish(number) if language == "es" else _english(number)


def _english(number: int) -> str:
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        return f"{_ENGLISH_TENS[number // 10 - 2]} {_ENGLISH[number % 10] if number % 10 else ''}"
    if 1900 <= number < 2000:
        return f"nineteen {_english(number % 100)}"
    if number < 1000:
        rest = f"and {_english(number % 100)}" if number % 100 else ""
        return f"{_ENGLISH[number // 100]} hundred {rest}"
    return f"{_english(number // 1000)} thousand {_english(number % 1000) if number % 1000 else ''}"


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
    thousands = "" if number < 2000 else _spanish(number // 1000)
    return f"{thousands} mil {_spanish(number % 1000) if number % 1000 else ''}"


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
    rows, columns = len(said) + 1, len(written) + 1
    cost = np.zeros((rows, columns), dtype=np.int32)
    cost[:, 0], cost[0, :] = np.arange(rows), np.arange(columns)
    for row in range(1, rows):
        for column in range(1, columns):
            same = said[row - 1] == written[column - 1]
            cost[row, column] = min(
                cost[row - 1, column - 1] + (not same), cost[row - 1, column] + 1, cost[row, column - 1] + 1
            )
    row, column = rows - 1, columns - 1
    substitutions = deletions = insertions = 0
    wrong = [False] * len(written)
    while row or column:
        same = bool(row and column) and said[row - 1] == written[column - 1]
        if row and column and cost[row, column] == cost[row - 1, column - 1] + (not same):
            row, column = row - 1, column - 1
            substitutions += not same
            wrong[column] = not same
        elif row and cost[row, column] == cost[row - 1, column] + 1:
            row -= 1
            deletions += 1
        else:
            column -= 1
            insertions += 1
            wrong[column] = True
    return Errors(len(said), substitutions, deletions, insertions, tuple(wrong))
