"""Names and text as they can be shown in a window or a terminal."""

from __future__ import annotations

import unicodedata

# control characters, line ends, and bytes that are no text; what joins letters of a script stays
_BREAKING = frozenset(("Cc", "Cs", "Zl", "Zp"))
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the reading direction


def one_line(name: str) -> str:
    """Return the name with "�" for whatever would break the line, command a terminal or turn text round."""
    return name if name.isprintable() else "".join(_shown(letter) for letter in name)


def harmless(text: str) -> str:
    """Return text of several lines with "�" for whatever would command a terminal or turn text round."""
    if text.isprintable():
        return text
    return "".join(letter if letter in "\n\t" else _shown(letter) for letter in text)


def _shown(letter: str) -> str:
    return "�" if letter in _TURNING or unicodedata.category(letter) in _BREAKING else letter
