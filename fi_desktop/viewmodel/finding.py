"""Finding in text as a person means it: without regard to capitals and accents. Knows no widget."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """A place where something was found. row: of the text; start, length: characters in it."""

    row: int
    start: int
    length: int


class _Folded(dict[int, str]):
    """What each character is compared as; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        folded = unicodedata.normalize("NFD", letter)[0].casefold()
        # one for one, so that a place in the folded text is the place in the text
        self[code] = folded if len(folded) == 1 else letter
        return self[code]


_FOLDED = _Folded()


def fold(text: str) -> str:
    """Return the text as it is compared: as long as it was, without capitals and accents."""
    return text.translate(_FOLDED)


def find(needle: str, folded: Sequence[str]) -> Iterator[Match]:
    """Yield where the needle stands in these texts, which were folded before; matches do not overlap."""
    sought = fold(needle)
    if not sought:
        return
    for row, text in enumerate(folded):
        at = text.find(sought)
        while at >= 0:
            yield Match(row, at, len(sought))
            at = text.find(sought, at + len(sought))
