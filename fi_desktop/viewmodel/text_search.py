"""Search that ignores case and accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """One occurrence. row: index of the text; start, length: characters in it."""

    row: int
    start: int
    length: int


class _KeyTable(dict[int, str]):
    """Maps a character to the one it is compared as; filled on demand."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        key = unicodedata.normalize("NFD", letter)[0].casefold()
        # one character for one, so that an offset in the key is an offset in the text
        self[code] = key if len(key) == 1 else letter
        return self[code]


_KEYS = _KeyTable()


def search_key(text: str) -> str:
    """Return text as it is compared: same length, without case and accents."""
    return text.translate(_KEYS)


def find(query: str, keys: Sequence[str]) -> Iterator[Match]:
    """Yield the non-overlapping matches of a query in texts; `keys`: their search keys."""
    wanted = search_key(query)
    if not wanted:
        return
    for row, text in enumerate(keys):
        at = text.find(wanted)
        while at >= 0:
            yield Match(row, at, len(wanted))
            at = text.find(wanted, at + len(wanted))
