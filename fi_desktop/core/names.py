"""A file's name as it can be shown on one line, in a window or a terminal."""

from __future__ import annotations

import unicodedata

# control characters, line ends, and bytes that are no text; what joins letters of a script stays
_BREAKING = frozenset(("Cc", "Cs", "Zl", "Zp"))
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the reading direction


def one_line(name: str) -> str:
    """Return the name with "�" for whatever would break the line, command a terminal or turn text round."""
    if name.isprintable():
        return name
    return "".join(
        "�" if letter in _TURNING or unicodedata.category(letter) in _BREAKING else letter for letter in name
    )
