"""Rewrite the numbers of a transcript: in digits ("40 mg", "120/80", "3.5") or in words.

Only what is clearly a number changes. "One" and "a" change only before a unit ("one milligram"), numbers that
follow each other without a word between them stay as they are, except years, and so do dates such as 3/4/24,
whose order nobody knows. A number joins its words: it starts with the first and ends with the last, and is as
doubtful as the most doubtful of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from fi_desktop.core import numerals
from fi_desktop.core.spelled_numbers import OVER, edges, is_pressure, written_out
from fi_desktop.core.transcript import Word
from fi_desktop.core.values import NumberStyle

# Unit in words, without accents: symbol.
_UNITS = {
    "en": {
        "milligram": "mg", "gram": "g", "microgram": "mcg", "kilogram": "kg", "kilo": "kg",
        "milliliter": "ml", "liter": "l", "deciliter": "dl", "centimeter": "cm", "millimeter": "mm",
        "milliequivalent": "mEq", "percent": "%",
    },
    "es": {
        "miligramo": "mg", "gramo": "g", "microgramo": "mcg", "kilogramo": "kg", "kilo": "kg",
        "mililitro": "ml", "litro": "l", "decilitro": "dl", "centimetro": "cm", "milimetro": "mm",
        "miliequivalente": "mEq", "porciento": "%",
    },
}  # fmt: skip
_PHRASES = {
    "en": {("per", "cent"): "%", ("millimeters", "of", "mercury"): "mmHg"},
    "es": {("por", "ciento"): "%", ("milimetros", "de", "mercurio"): "mmHg"},
}
_PER = {"en": "per", "es": "por"}
_POINTS = {"en": ("point",), "es": ("punto", "coma")}
_MONTHS = numerals.word_list(
    "january february march april may june july august september october november december"
)
_ALONE = {"en": ("one",), "es": ("uno", "una", "un", "mil", "millon", "millones")}
# After these, "two" and "dos" are no amount: "the two of us", "los dos".
_NO_AMOUNT = {"en": ("of", "another"), "es": ()}
_PRONOUN_BEFORE = {"en": (), "es": ("los", "ambos")}
_CENTURIES = (18, 19, 20)
_LONGEST_GAP_S = 2.0


@dataclass(frozen=True, slots=True)
class _Token:
    """A spoken word, lower case and without accents. word: its number; closed: punctuation follows."""

    text: str
    word: int
    closed: bool


def restyle(words: Sequence[Word], style: NumberStyle, language: str | None) -> list[Word]:
    """Return words with their numbers in a style; those in languages we cannot count in stay as they are.

    language: of words that do not name another.
    """
    if style is NumberStyle.AS_HEARD:
        return list(words)
    changed: list[Word] = []
    for run in _runs(words):
        spoken = run[0].language or language
        if spoken not in numerals.LANGUAGES:
            changed += run
        elif style is NumberStyle.DIGITS:
            changed += _Digits(run, spoken).rewritten()
        else:
            changed += written_out(run, spoken)
    return changed


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield consecutive words of one speaker in one language, without long gaps."""
    for _key, group in groupby(words, key=lambda word: (word.speaker, word.language)):
        run: list[Word] = []
        for word in group:
            if run and word.start - run[-1].end > _LONGEST_GAP_S:
                yield run
                run = []
            run.append(word)
        yield run


def _bare(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


class _Digits:
    """Writes the numbers of some words in digits."""

    def __init__(self, words: Sequence[Word], language: str) -> None:
        self._words = words
        self._language = language
        self._tokens = list(self._split(words))

    def rewritten(self) -> list[Word]:
        written: list[Word] = []
        at = 0
        while at < len(self._tokens):
            found = self._quantity(at)
            start = self._tokens[at].word
            if found is None:
                # a word of several parts is kept or changed as a whole
                while at < len(self._tokens) and self._tokens[at].word == start:
                    at += 1
                written.append(self._words[start])
                continue
            pieces, at = found
            written += [self._joined(text, first, last) for text, first, last in pieces]
        return written

    def _split(self, words: Sequence[Word]) -> Iterator[_Token]:
        for number, word in enumerate(words):
            _before, core, after = edges(word.text)
            parts = [part for part in _bare(core).split("-") if part] or [""]
            for part in parts:
                yield _Token(part, number, bool(after) and part is parts[-1])

    def _quantity(self, at: int) -> tuple[list[tuple[str, int, int]], int] | None:
        """Return what replaces the words from here: texts with their tokens' range, and the next token."""
        if (at and self._tokens[at - 1].word == self._tokens[at].word) or self._is_continued(at):
            return None
        if (pressure := self._pressure(at)) is not None:
            text, end = pressure
        elif (ordinal := self._ordinal(at)) is not None:
            text, end = ordinal
        elif (number := self._number(at)) is not None:
            text, end = number
        else:
            return None
        unit = self._unit(end) if not self._tokens[end - 1].closed else None
        if unit is None and text.isdecimal() and not self._stands_alone(at, end):
            return None
        if not self._ends_word(end - 1):
            return None
        pieces = [(text, at, end)]
        if unit is not None:
            symbol, unit_end = unit
            pieces.append((symbol, end, unit_end))
            end = unit_end
        return (pieces, end) if len(pieces) > 1 or text != self._tokens[at].text else None

    def _number(self, at: int) -> tuple[str, int] | None:
        """Read a whole or decimal number, or a year in English."""
        tokens = self._tokens
        if re.fullmatch(r"\d{1,6}(?:[.,]\d{1,3})?", tokens[at].text):
            return tokens[at].text, at + 1
        found = self._whole(at)
        if found is None:
            return None
        value, end = found
        if tokens[end - 1].closed:
            return str(value), end
        if self._language == "en" and value in _CENTURIES and (second := self._whole(end)) is not None:
            if 10 <= second[0] < 100 and not (value == second[0] == 20):
                return f"{value}{second[0]}", second[1]
            return None
        if self._text(end) in _POINTS[self._language] and not tokens[end].closed:
            decimals, decimals_end = self._decimals(end + 1)
            if decimals:
                mark = "," if self._text(end) == "coma" else "."
                return f"{value}{mark}{decimals}", decimals_end
        return str(value), end

    def _decimals(self, at: int) -> tuple[str, int]:
        """Read what follows a decimal point: single digits, or one number below a hundred."""
        digits = ""
        while (found := self._whole(at)) is not None and found[0] < 100:
            if found[0] >= 10 and digits not in ("", "0"):
                break
            digits, at = digits + str(found[0]), found[1]
            if found[0] >= 10 or self._tokens[at - 1].closed:
                break
        return digits, at

    def _whole(self, at: int) -> tuple[int, int] | None:
        texts = []
        for token in self._tokens[at : at + 12]:
            texts.append(token.text)
            if token.closed:
                break
        found = numerals.parse(texts, self._language)
        return (found[0], at + found[1]) if found else None

    def _pressure(self, at: int) -> tuple[str, int] | None:
        """Read a blood pressure: "120 over 80", "ciento veinte sobre ochenta", "one twenty over eighty"."""
        first = self._pressure_part(at)
        if first is None or self._tokens[first[1] - 1].closed or self._text(first[1]) != OVER[self._language]:
            return None
        second = self._pressure_part(first[1] + 1)
        if second is None or not is_pressure(first[0], second[0]):
            return None
        return f"{first[0]}/{second[0]}", second[1]

    def _pressure_part(self, at: int) -> tuple[int, int] | None:
        if re.fullmatch(r"\d{2,3}", self._text(at)):
            return int(self._text(at)), at + 1
        found = self._whole(at)
        if found and self._language == "en" and 0 < found[0] < 3 and not self._tokens[found[1] - 1].closed:
            rest = self._whole(found[1])
            if rest is not None and 10 <= rest[0] < 100:
                return found[0] * 100 + rest[0], rest[1]
        return found

    def _ordinal(self, at: int) -> tuple[str, int] | None:
        """Read an English day next to its month: "March fifteenth", "the fifteenth of March"."""
        if self._language != "en":
            return None
        value, end = 0, at
        if self._text(at) in ("twenty", "thirty") and self._text(at + 1) in numerals.ORDINALS[:9]:
            value = (
                (20 if self._text(at) == "twenty" else 30) + numerals.ORDINALS.index(self._text(at + 1)) + 1
            )
            end = at + 2
        elif self._text(at) in numerals.ORDINALS or self._text(at) == "thirtieth":
            value = 30 if self._text(at) == "thirtieth" else numerals.ORDINALS.index(self._text(at)) + 1
            end = at + 1
        after_month = self._text(at - 1) in _MONTHS if at else False
        before_month = self._text(end) == "of" and self._text(end + 1) in _MONTHS
        if not 1 <= value <= 31 or not (after_month or before_month):
            return None
        return numerals.ordinal_text(value), end

    def _unit(self, at: int) -> tuple[str, int] | None:
        """Read a unit, and what it is per: "milligrams per deciliter"."""
        language = self._language
        for phrase, symbol in _PHRASES[language].items():
            if tuple(self._text(at + number) for number in range(len(phrase))) == phrase:
                return symbol, at + len(phrase)
        units, unit = _UNITS[language], self._text(at)
        symbol = units.get(unit) or units.get(unit.removesuffix("s"), "")
        if not symbol or not self._ends_word(at):
            return None
        end = at + 1
        if not self._tokens[at].closed and self._text(end) == _PER[language]:
            per = units.get(self._text(end + 1))
            if per is not None and per != "%":
                return f"{symbol}/{per}", end + 2
        return symbol, end

    def _stands_alone(self, at: int, end: int) -> bool:
        """Return whether a number without a unit is clearly one."""
        spoken = " ".join(token.text for token in self._tokens[at:end])
        if spoken in _ALONE[self._language]:
            return False
        if self._text(at) == "a" or (not self._tokens[end - 1].closed and self._continues(end)):
            return False
        before = self._text(at - 1) if at else ""
        following = "" if self._tokens[end - 1].closed else self._text(end)
        if before in _POINTS[self._language] and not self._tokens[at - 1].closed:
            return False
        return following not in _NO_AMOUNT[self._language] and not (
            end - at == 1 and before in _PRONOUN_BEFORE[self._language]
        )

    def _continues(self, at: int) -> bool:
        """Return whether another number follows at once: digits read aloud, a time, "two three times"."""
        return numerals.parse([self._text(at)], self._language) is not None or self._text(at).isdecimal()

    def _is_continued(self, at: int) -> bool:
        """Return whether the word before is a separate number that was left as it is."""
        return bool(at) and not self._tokens[at - 1].closed and self._continues(at - 1)

    def _ends_word(self, at: int) -> bool:
        return at + 1 == len(self._tokens) or self._tokens[at + 1].word != self._tokens[at].word

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _joined(self, text: str, first: int, last: int) -> Word:
        words = self._words[self._tokens[first].word : self._tokens[last - 1].word + 1]
        before, _core, _after = edges(words[0].text)
        _before, _core, after = edges(words[-1].text)
        joined = _join(words, f"{before}{text}{after}")
        return replace(joined, joined=True) if text == "%" and self._language == "en" else joined


def _join(words: Sequence[Word], text: str) -> Word:
    sure = [word.probability for word in words if word.probability is not None]
    return replace(
        words[0],
        end=words[-1].end,
        text=text,
        probability=min(sure, default=None),
        overlap=any(word.overlap for word in words),
    )
