"""Text for people: times, lengths and sizes, safe names, and text without private names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import PurePath

# Control characters, line separators and bytes that are not text. Joiners within a script are kept.
_UNSAFE_CATEGORIES = frozenset(("Cc", "Cs", "Zl", "Zp"))
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MIN_NAME = 3  # characters; a shorter name is part of too many words
_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\f": "f", "\b": "b"}


def percent(share: float) -> str:
    """Return a share from 0 to 1 as "45 %", with a space that does not break."""
    return f"{share * 100:.0f}\u00a0%"


def clock(seconds: float, *, decimals: int = 0, point: str = ".", padded: bool = False) -> str:
    """Return a time as "0:07", "12:05" or "1:02:03".

    Args:
        seconds: the time; below zero counts as zero.
        decimals: of the seconds, rounded; without decimals fractions are cut off, as on a player's clock.
        point: the decimal point.
        padded: always "00:00:07".
    """
    unit = 10**decimals
    whole, fraction = divmod(max(0, round(seconds * unit) if decimals else int(seconds)), unit)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if padded:
        text = f"{hours:02d}:{minutes:02d}:{rest:02d}"
    else:
        text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}{point}{fraction:0{decimals}d}" if decimals else text


def time_left(seconds: float) -> str:
    """Return a remaining time as "≈ 0:07"; at least a second."""
    return f"≈ {clock(max(1.0, seconds + 0.5))}"


def digits(value: float, decimals: int) -> str:
    """Return a number with a decimal point; how numbers are written in English and in Mexico."""
    return f"{value:.{decimals}f}"


def length(seconds: float, number: Callable[[float, int], str] = digits) -> str:
    """Return "0.4 s", "12 s", and from a minute on the clock; `number` writes numbers."""
    if seconds < 59.5:
        return f"{number(seconds, 1 if seconds < 9.95 else 0)} s"
    return clock(round(seconds))


def size(count: int, number: Callable[[float, int], str] = digits) -> str:
    """Return a number of bytes as "412 MB" or "3.1 GB"; `number` writes numbers."""
    if count >= 995_000_000:
        return f"{number(count / 1e9, 1)} GB"
    return f"{number(max(1, round(count / 1e6)), 0)} MB"


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
    return text.lower() if text.isascii() else text.translate(_KEYS)


def one_line(name: str) -> str:
    """Return a name with "�" for characters that break lines, control a terminal or change direction."""
    return name if name.isprintable() else "".join(_safe(letter) for letter in name)


def harmless(text: str) -> str:
    """Return text of several lines with "�" for characters that control a terminal or change direction."""
    if text.isprintable():
        return text
    return "".join(letter if letter in "\n\t" else _safe(letter) for letter in text)


def _safe(letter: str) -> str:
    unsafe = letter in _DIRECTION_CONTROLS or unicodedata.category(letter) in _UNSAFE_CATEGORIES
    return "�" if unsafe else letter


def without_path(text: str, path: PurePath) -> str:
    """Return text with "<recording>" in place of the path, its folder and its name.

    They are found verbatim, as `repr`, `ascii` and JSON write them, even nested and as bytes, as a URL, and
    with "?" or "�" for characters that an encoding lacks.
    """
    for private in (str(path.parent), path.name, path.stem):
        if len(private) < _MIN_NAME:
            continue
        for form in dict.fromkeys((private, *(unicodedata.normalize(n, private) for n in ("NFC", "NFD")))):
            text = re.sub(_pattern(form), "<recording>", text)
    return text


def _pattern(name: str) -> str:
    """Return a pattern for all ways to write a name."""
    pattern, after_byte = "", False
    for letter in name:
        is_byte = 0xDC80 <= ord(letter) <= 0xDCFF  # not UTF-8; several can become one "�"
        pattern += _written(letter) + ("?" if is_byte and after_byte else "")
        after_byte = is_byte
    return pattern


@cache
def _written(letter: str) -> str:
    """Return a pattern for all ways to write a character."""
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
