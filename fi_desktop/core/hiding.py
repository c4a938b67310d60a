"""Take a recording's name out of text that is kept, however Python or a library wrote the name there."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import PurePath

_SHORTEST = 3  # characters; a shorter name is a part of too many words
_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\f": "f", "\b": "b"}


def without_path(text: str, path: PurePath) -> str:
    """Return text with "<recording>" for the path, its folder and its name.

    They are found as they are, as `repr`, `ascii` or JSON write them, also of their bytes and also one in the
    other, as a URL, and with "?" or "�" for what an encoding lacks.
    """
    for private in (str(path.parent), path.name, path.stem):
        if len(private) < _SHORTEST:
            continue
        for form in dict.fromkeys((private, *(unicodedata.normalize(n, private) for n in ("NFC", "NFD")))):
            text = re.sub(_pattern(form), "<recording>", text)
    return text


def _pattern(name: str) -> str:
    """Return a pattern for all that a name may be written as."""
    pattern, after_byte = "", False
    for letter in name:
        is_byte = 0xDC80 <= ord(letter) <= 0xDCFF  # one that is not UTF-8; several can become one "�"
        pattern += _written(letter) + ("?" if is_byte and after_byte else "")
        after_byte = is_byte
    return pattern


@cache
def _written(letter: str) -> str:
    """Return a pattern for all that may stand for one character."""
    if letter in "/\\":
        return r"(?:[\\/]+|%(?:2[Ff]|5[Cc]))"
    if letter in "'\"":
        return rf"(?:\\*{letter}|%{ord(letter):02X})"
    if letter.isascii() and letter.isalnum():
        return letter
    number = ord(letter)
    encoded = letter.encode("utf-8", "surrogateescape" if 0xDC80 <= number <= 0xDCFF else "surrogatepass")
    escapes = [f"x{number:02x}", f"u{number:04x}", f"U{number:08x}"]
    escapes += [r"\\+".join(f"x{byte:02x}" for byte in encoded)]
    if number > 0xFFFF:  # JSON
        high, low = divmod(number - 0x10000, 0x400)
        escapes.append(rf"u{0xD800 + high:04x}\\+u{0xDC00 + low:04x}")
    if letter in _ESCAPES:
        escapes.append(_ESCAPES[letter])
    url = "".join(f"%{byte:02X}" for byte in encoded)
    lacking = "" if letter.isascii() else r"|[?�]+"
    return rf"(?:{re.escape(letter)}|\\+(?:{'|'.join(escapes)})|{url}{lacking})"
