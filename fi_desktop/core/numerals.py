"""Cardinal numbers in words, in English and Spanish: below a thousand million, and back.

Words come without case and accents. Spanish is that of Mexico, masculine unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

LANGUAGES = ("en", "es")


def word_list(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


_EN_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ES_UNITS = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
]
_ES_TENS = ["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
_ES_HUNDREDS = [
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
]
ORDINALS = word_list(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
"""English ordinals from 1 to 20."""

_ACCENTS = str.maketrans("áéíóú", "aeiou")
_MOST = 1_000_000_000

_UNITS = {
    "en": {word: value for value, word in enumerate(_EN_UNITS)},
    "es": {word.translate(_ACCENTS): value for value, word in enumerate(_ES_UNITS)}
    | {"un": 1, "una": 1, "veintiun": 21, "veintiuna": 21},
}
_TENS = {
    "en": {word: 20 + 10 * number for number, word in enumerate(_EN_TENS)},
    "es": {word: 30 + 10 * number for number, word in enumerate(_ES_TENS)},
}
_HUNDREDS = {word: 100 * number for number, word in enumerate(_ES_HUNDREDS, start=1)} | {
    word[:-2] + "as": 100 * number for number, word in enumerate(_ES_HUNDREDS, start=1) if number > 1
}
_MILLIONS = {"en": ("million",), "es": ("millon", "millones")}
_THOUSANDS = {"en": "thousand", "es": "mil"}


def parse(words: Sequence[str], language: str) -> tuple[int, int] | None:
    """Return the number with which words start, and how many words it takes; None without one.

    words: in lower case, without accents; the longest number counts.
    """
    return _Parser(words, language).whole() if language in LANGUAGES else None


def spell(number: int, language: str) -> str:
    """Return a whole number from 0 below a thousand million in words.

    Raises:
        ValueError: the number or the language is not known.
    """
    if not 0 <= number < _MOST or language not in LANGUAGES:
        raise ValueError(f"{number} in {language!r}")
    return _english(number) if language == "en" else _spanish(number)


class _Parser:
    """Reads words from the left; each method returns a value and the next position, or None."""

    def __init__(self, words: Sequence[str], language: str) -> None:
        self._words = words
        self._english = language == "en"
        self._units, self._tens = _UNITS[language], _TENS[language]
        self._millions, self._thousand = _MILLIONS[language], _THOUSANDS[language]

    def whole(self) -> tuple[int, int] | None:
        head = self._below_million(0)
        if head is None:
            return None
        value, at = head
        if self._at(at) in self._millions and value:
            rest = self._below_million(at + 1)
            return (value * 1_000_000 + rest[0], rest[1]) if rest else (value * 1_000_000, at + 1)
        return head

    def _below_million(self, at: int) -> tuple[int, int] | None:
        head = self._below_thousand(at)
        if head is None and not self._english and self._at(at) == self._thousand:
            head = (1, at)
        if head is None or self._at(head[1]) != self._thousand or not head[0]:
            return head
        value, after = head[0] * 1000, head[1] + 1
        rest = self._below_thousand(self._skip_and(after))
        return (value + rest[0], rest[1]) if rest and rest[0] else (value, after)

    def _below_thousand(self, at: int) -> tuple[int, int] | None:
        return self._english_hundreds(at) if self._english else self._spanish_hundreds(at)

    def _english_hundreds(self, at: int) -> tuple[int, int] | None:
        if self._at(at) == "a" and self._at(at + 1) in ("hundred", self._thousand):
            head: tuple[int, int] | None = (1, at + 1)
        else:
            head = self._below_hundred(at)
        if head is None or self._at(head[1]) != "hundred" or not 0 < head[0] < 100:
            return head
        value, after = head[0] * 100, head[1] + 1
        rest = self._below_hundred(self._skip_and(after))
        return (value + rest[0], rest[1]) if rest and rest[0] else (value, after)

    def _spanish_hundreds(self, at: int) -> tuple[int, int] | None:
        word = self._at(at)
        if word == "cien":
            return 100, at + 1
        if word not in _HUNDREDS:
            return self._below_hundred(at)
        rest = self._below_hundred(at + 1)
        return (_HUNDREDS[word] + rest[0], rest[1]) if rest and rest[0] else (_HUNDREDS[word], at + 1)

    def _below_hundred(self, at: int) -> tuple[int, int] | None:
        word = self._at(at)
        if word in self._units:
            return self._units[word], at + 1
        if word not in self._tens:
            return None
        value, unit_at = self._tens[word], at + 1
        if not self._english:
            if self._at(unit_at) != "y":
                return value, unit_at
            unit_at += 1
        unit = self._units.get(self._at(unit_at), 0)
        return (value + unit, unit_at + 1) if 0 < unit < 10 else (value, at + 1)

    def _skip_and(self, at: int) -> int:
        return at + 1 if self._english and self._at(at) == "and" else at

    def _at(self, at: int) -> str:
        return self._words[at] if at < len(self._words) else ""


def _english(number: int) -> str:
    if number < 20:
        return _EN_UNITS[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _EN_TENS[tens - 2] + (f"-{_EN_UNITS[unit]}" if unit else "")
    for value, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= value:
            head, rest = divmod(number, value)
            return f"{_english(head)} {name}" + (f" {_english(rest)}" if rest else "")
    raise AssertionError(number)


def _spanish(number: int) -> str:
    if number < 30:
        return _ES_UNITS[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _ES_TENS[tens - 3] + (f" y {_ES_UNITS[unit]}" if unit else "")
    if number == 100:
        return "cien"
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return _ES_HUNDREDS[hundreds - 1] + (f" {_spanish(rest)}" if rest else "")
    if number < 1_000_000:
        thousands, rest = divmod(number, 1000)
        head = "mil" if thousands == 1 else f"{before_noun(_spanish(thousands))} mil"
        return head + (f" {_spanish(rest)}" if rest else "")
    millions, rest = divmod(number, 1_000_000)
    head = "un millón" if millions == 1 else f"{before_noun(_spanish(millions))} millones"
    return head + (f" {_spanish(rest)}" if rest else "")


def before_noun(spelled: str) -> str:
    """Return a Spanish number as it is said before a masculine noun: "veintiún", "un"."""
    if spelled.endswith("veintiuno"):
        return spelled.removesuffix("uno") + "ún"
    return spelled.removesuffix("o") if spelled.endswith("uno") else spelled


def ordinal_text(value: int) -> str:
    """Return an English ordinal in digits, such as "21st"."""
    ending = "th" if value in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def spell_ordinal(value: int) -> str:
    """Return an English ordinal from 1 to 39 in words."""
    if value <= len(ORDINALS):
        return ORDINALS[value - 1]
    return "thirtieth" if value == 30 else f"{spell(value - value % 10, 'en')}-{ORDINALS[value % 10 - 1]}"
