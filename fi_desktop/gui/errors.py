"""What errors, notes and notices say, in the person's language.

Whatever knows no Qt speaks English: an error with a code and the values in its sentence, a note or a notice
as a plain sentence. Here each is known, by its code or else by its words, and said anew; what is not known
stays English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from PySide6.QtCore import QCoreApplication, QLocale

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.gui.sentences import BY_CODE, CONTEXT, PLAIN

_AMOUNT = re.compile(r"(\d+)\.(\d+) ([MG]B)")  # with its unit: "4.1" alone may be a version
_PLACE = re.compile(r"\{(\w+)(?:![rs])?\}")


def sentence(error: ErrorInfo) -> str:
    """Return what an error says."""
    template = BY_CODE.get(error.code)
    if template is None or not _fits(template, error):
        return said(error.message)
    return _say(template, {name: str(value) for name, value in error.values})


def said(english: str) -> str:
    """Return a sentence that was said in English; "" for ""."""
    template, values = _recognised(english)
    return _say(template, dict(values)) if template else english


def _fits(template: str, error: ErrorInfo) -> bool:
    """Whether an error says this: not so in records of before there were values, or of another program."""
    values = dict(error.values)
    if values.keys() != set(_PLACE.findall(template)):
        return False
    return error.message == (template.format(**values) if values else template)


def _say(template: str, values: dict[str, str]) -> str:
    words = QCoreApplication.translate(CONTEXT, template)
    return words.format(**{name: _value(value) for name, value in values.items()}) if values else words


def _value(english: str) -> str:
    """Return what stands in a place: an amount, or a sentence itself, such as why something is missing."""
    if (amount := _AMOUNT.fullmatch(english)) is not None:
        whole, part, unit = amount.groups()
        return f"{QLocale().toString(float(f'{whole}.{part}'), 'f', len(part))} {unit}"
    return said(english)


@lru_cache(maxsize=1000)
def _recognised(english: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the template of an English sentence, and what stands in its places; "" where none is known."""
    if english in _plain():
        return english, ()
    for template, pattern in _patterns():
        if (found := pattern.fullmatch(english)) is not None:
            return template, tuple(found.groupdict().items())
    return "", ()


@lru_cache(maxsize=1)
def _plain() -> frozenset[str]:
    """Return the sentences without places: most are, and need no pattern."""
    return frozenset(template for template in (*BY_CODE.values(), *PLAIN) if not _PLACE.search(template))


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # a sentence with several places may fit what one with fewer says: those come first
    templates = {*BY_CODE.values(), *PLAIN} - _plain()
    ordered = sorted(templates, key=lambda one: (len(_PLACE.findall(one)), one))
    return tuple((template, _pattern(template)) for template in ordered)


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)  # words, a place's name, words, …
    shape = "".join(f"(?P<{part}>.+?)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
    return re.compile(shape, re.DOTALL)
