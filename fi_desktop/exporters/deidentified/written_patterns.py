"""Identifiers that are recognized by their form: e-mail, links and official numbers.

Check digits decide what a number is called, never whether it is replaced: a misheard digit still identifies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fi_desktop.exporters.deidentified.identifiers import IdentifierKind

_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}")
_LINK = re.compile(
    r"(?i:https?://|www\.)[^\s<>\"]+"
    r"|(?<![\w@.])[\w\-]{2,}(?:\.[\w\-]+)*\.(?:com|net|org|edu|gov|gob|info|io|mx|es)(?:/[^\s<>\"]*)?(?![\w@])"
)
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::?[0-9a-f]{1,4})+(?![\w:])", re.IGNORECASE)
_MAC = re.compile(r"(?<![\w:])(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}(?![\w:])", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@])@\w{3,}")
# https://www.gob.mx/curp and the tax code's RFC: letters of the names, date of birth, and a check
_CURP = re.compile(r"\b[A-ZÑ]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d\b", re.IGNORECASE)
_RFC = re.compile(r"\b[A-ZÑ&]{3,4}[ \-]?\d{6}[ \-]?[A-Z0-9]{3}\b")
_DNI = re.compile(r"\b(?:[XYZ][ \-]?\d{7}|\d{8})[ \-]?[A-Z]\b")
_SSN = re.compile(r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,7}(?:[ ]?[A-Z0-9]{1,4})?\b")
# Mexico: ABC-12-34, ABC-123-D; Spain: 1234 BCD
_PLATE = re.compile(
    r"\b[A-Z]{3}-\d{2}-\d{2}\b|\b[A-Z]{3}-\d{3}-[A-Z]\b|\b[A-Z]\d{2}-[A-Z]{3}\b"
    r"|\b\d{4}[ \-]?[BCDFGHJ-NPRSTV-Z]{3}\b"
)
_VIN = re.compile(r"\b(?=[A-HJ-NPR-Z0-9]*\d)(?=[A-HJ-NPR-Z0-9]*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{17}\b")
# letters and digits in one: AB123456, H-20391
_CODE = re.compile(r"\b(?=[A-Z0-9\-]*\d{4})(?=[A-Z0-9\-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*\b")

_PATTERNS = (
    (_EMAIL, IdentifierKind.EMAIL),
    (_LINK, IdentifierKind.LINK),
    (_MAC, IdentifierKind.ID),
    (_IP6, IdentifierKind.LINK),
    (_IP4, IdentifierKind.LINK),
    (_HANDLE, IdentifierKind.LINK),
    (_CURP, IdentifierKind.ID),
    (_RFC, IdentifierKind.ID),
    (_IBAN, IdentifierKind.ACCOUNT),
    (_SSN, IdentifierKind.ID),
    (_DNI, IdentifierKind.ID),
    (_PLATE, IdentifierKind.ID),
    (_VIN, IdentifierKind.ID),
    (_CODE, IdentifierKind.ID),
)
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"  # of the remainder of a DNI by 23


@dataclass(frozen=True, slots=True)
class WrittenPattern:
    """A text with the form of an identifier. start, end: characters; value: see `Identifier`."""

    start: int
    end: int
    kind: IdentifierKind
    value: str


def patterns_in(text: str) -> Iterator[WrittenPattern]:
    """Return identifiers that are recognized by their form, in order of certainty."""
    for pattern, kind in _PATTERNS:
        for found in pattern.finditer(text):
            start, end = found.span()
            while end > start and text[end - 1] in ".,;:!?)":
                end -= 1
            yield WrittenPattern(start, end, kind, re.sub(r"[\s\-]", "", text[start:end]).casefold())


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of ISO/IEC 7812: cards, and the NSS of the IMSS."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_dni(text: str) -> bool:
    """Return whether the letter of a Spanish DNI or NIE fits its number."""
    number = re.sub(r"[\s\-]", "", text).upper()
    if re.fullmatch(r"[XYZ]?\d{7,8}[A-Z]", number) is None:
        return False
    return _LETTERS[int(number[:-1].translate(str.maketrans("XYZ", "012"))) % 23] == number[-1]
