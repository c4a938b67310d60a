"""Numbers in digits written in words: "40 mg" as "forty milligrams"; see `number_style`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fi_desktop.core import numerals
from fi_desktop.core.transcript import Word

OVER = {"en": "over", "es": "sobre"}
"""The word between the two numbers of a blood pressure."""

_SPELLED_UNITS = {
    "en": {"mg": "milligrams", "mcg": "micrograms", "g": "grams", "kg": "kilograms", "ml": "milliliters",
           "cm": "centimeters", "mm": "millimeters", "%": "percent", "mmhg": "millimeters of mercury"},
    "es": {"mg": "miligramos", "mcg": "microgramos", "g": "gramos", "kg": "kilogramos", "ml": "mililitros",
           "cm": "centímetros", "mm": "milímetros", "%": "por ciento", "mmhg": "milímetros de mercurio"},
}  # fmt: skip
_SYSTOLIC, _DIASTOLIC = range(60, 301), range(20, 201)
_WRITTEN = re.compile(
    r"(\d{1,3}(?:,\d{3})+|\d{1,6})(?:([.,])(\d{1,3}))?(?:/(\d{2,3}))?(mg|mcg|kg|ml|cm|mm|g|%)?"
)
_WRITTEN_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_EDGES = re.compile(r"^([\"'“(\[¿¡]*)(.*?)([\"'”)\].,;:!?…]*)$", re.DOTALL)


def edges(text: str) -> tuple[str, str, str]:
    """Split a word into the punctuation before it, itself, and the punctuation after it."""
    found = _EDGES.match(text)
    return (found[1], found[2], found[3]) if found else ("", text, "")


def is_pressure(systolic: int, diastolic: int) -> bool:
    """Return whether two numbers can be a blood pressure, mmHg."""
    return systolic in _SYSTOLIC and diastolic in _DIASTOLIC and systolic > diastolic


def written_out(words: Sequence[Word], language: str) -> list[Word]:
    """Return words with numbers in digits written in words."""
    written: list[Word] = []
    for at, word in enumerate(words):
        before, core, after = edges(word.text)
        following = "" if after or at + 1 == len(words) else edges(words[at + 1].text)[1]
        previous = words[at - 1] if at else None
        spelled = _spelled_unit(core, previous, language) or _spelled_number(core, following, language)
        written += [word] if spelled is None else _parts(word, f"{before}{spelled}{after}".split())
    return written


def _spelled_unit(core: str, previous: Word | None, language: str) -> str | None:
    """Return the unit of the number before it in words."""
    if previous is None or not re.fullmatch(r"\d[\d.,/]*", previous.text):
        return None
    return _SPELLED_UNITS[language].get(core.casefold())


def _spelled_number(core: str, following: str, language: str) -> str | None:
    """Return a number in words; None if it is none, or how to say it is not clear."""
    ordinal = _WRITTEN_ORDINAL.fullmatch(core)
    if (
        language == "en"
        and ordinal
        and 1 <= int(ordinal[1]) <= 31
        and core == numerals.ordinal_text(int(ordinal[1]))
    ):
        return numerals.spell_ordinal(int(ordinal[1]))
    found = _WRITTEN.fullmatch(core)
    if found is None or (len(found[1]) > 1 and found[1].startswith("0")):
        return None
    number, mark, decimals, lower, unit = found.groups()
    value = int(number.replace(",", ""))
    unit_follows = unit is not None or following.casefold() in _SPELLED_UNITS[language]
    if decimals is not None:
        text = _spelled_decimal(value, mark, decimals, language)
    elif lower is not None:
        if not is_pressure(value, int(lower)):
            return None
        text = f"{numerals.spell(value, language)} {OVER[language]} {numerals.spell(int(lower), language)}"
    elif language == "en":
        text = _english_year(value) if not unit_follows and "," not in number else numerals.spell(value, "en")
    else:
        text = _spanish_amount(value, following, unit_follows)
    if text is None:
        return None
    return text if unit is None else f"{text} {_SPELLED_UNITS[language][unit]}"


def _spelled_decimal(value: int, mark: str, decimals: str, language: str) -> str | None:
    if mark == "," and language == "en":
        return None
    point = {"en": "point", "es": "punto" if mark == "." else "coma"}[language]
    if language == "es" and not decimals.startswith("0") and len(decimals) == 2:
        rest = numerals.spell(int(decimals), language)
    else:
        rest = " ".join(numerals.spell(int(digit), language) for digit in decimals)
    return f"{numerals.spell(value, language)} {point} {rest}"


def _english_year(value: int) -> str:
    if 1100 <= value < 2000 and value % 100 >= 10:
        return f"{numerals.spell(value // 100, 'en')} {numerals.spell(value % 100, 'en')}"
    return numerals.spell(value, "en")


def _spanish_amount(value: int, following: str, unit_follows: bool) -> str | None:
    """Return an amount in Spanish; None if it depends on the gender of a word that is not known."""
    text = numerals.spell(value, "es")
    if unit_follows or value >= 1_000_000:
        return numerals.before_noun(text)
    if not following:
        return text
    if value == 1:
        return None
    gendered = value % 10 == 1 and value % 100 != 11
    return None if gendered or (value % 1000 >= 200 and following.casefold().endswith(("a", "as"))) else text


def _parts(word: Word, texts: Sequence[str]) -> Iterator[Word]:
    """Return a word as several, each with its share of the time."""
    letters, at = sum(map(len, texts)), word.start
    for number, text in enumerate(texts):
        end = at + (word.end - word.start) * len(text) / letters
        last = number == len(texts) - 1
        yield replace(
            word, start=round(at, 3), end=word.end if last else round(end, 3), text=text,
            joined=word.joined and not number,
        )  # fmt: skip
        at = end
