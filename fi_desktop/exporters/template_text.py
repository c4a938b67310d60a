"""Reads a template from TOML: what it may contain, and in one sentence why a bad one is refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.name_template import FIELDS, checked_template
from fi_desktop.core.transcript import Role
from fi_desktop.exporters.exporter import single_line
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.exporters.template import (
    FACTS,
    DocumentLayout,
    DocumentTemplate,
    DoubtStyle,
    NamedBy,
    PaperSize,
    Texts,
)

LARGEST_BYTES = 64_000
"""A larger file is no template."""

_POINTS = (8, 20)
_LINES = 6
_LINE_LENGTH = 200  # characters
_NAME_LENGTH = 60
_LONGEST_SHOWN = 40  # characters of a key in a sentence
_AT_LINE = re.compile(r"at line (\d+)")


def template_of(content: bytes) -> DocumentTemplate:
    """Return the template that a file contains.

    Raises:
        UserError: a reason that completes `messages.TEMPLATE_REFUSED`.
    """
    if len(content) > LARGEST_BYTES:
        raise UserError(messages.TEMPLATE_TOO_BIG, most=LARGEST_BYTES // 1000)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(messages.TEMPLATE_NOT_UTF8) from None
    values = _values(text)
    for key in values:
        if key not in _READERS:
            shown = single_line(key)[:_LONGEST_SHOWN]
            raise UserError(messages.TEMPLATE_UNKNOWN_KEY, key=shown, keys=", ".join(_READERS))
    return DocumentTemplate(**{key: _READERS[key](key, value) for key, value in values.items()})


def _values(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1  # "at end of document"
        raise UserError(messages.TEMPLATE_BAD_LINE, line=line) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, or nested too deeply
        raise UserError(messages.TEMPLATE_NOT_TOML) from None


# ---- the values of keys


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UserError(messages.TEMPLATE_BAD_FLAG, key=key)
    return value


def _choice(kind: type[StrEnum], key: str, value: Any) -> StrEnum:
    choices = [each.value for each in kind]
    if not isinstance(value, str) or value not in choices:
        raise UserError(messages.TEMPLATE_BAD_CHOICE, key=key, choices=", ".join(choices))
    return kind(value)


def _facts(key: str, value: Any) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not all(isinstance(each, str) and each in FACTS for each in value)
        or len(set(value)) < len(value)
    ):
        raise UserError(messages.TEMPLATE_BAD_FACTS, key=key, choices=", ".join(FACTS))
    return tuple(value)


def _points(key: str, value: Any) -> float:
    least, most = _POINTS
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UserError(messages.TEMPLATE_BAD_NUMBER, key=key, least=least, most=most)
    return float(value)


def _name(key: str, value: Any) -> Texts:
    texts = _texts(value, 1, _NAME_LENGTH)
    if not texts:
        languages = ", ".join(LABELS)
        raise UserError(messages.TEMPLATE_BAD_TITLE, key=key, most=_NAME_LENGTH, languages=languages)
    return texts


def _own_text(key: str, value: Any) -> Texts:
    texts = _texts(value, _LINES, _LINE_LENGTH)
    if texts is None:
        languages = ", ".join(LABELS)
        raise UserError(
            messages.TEMPLATE_BAD_TEXT, key=key, lines=_LINES, most=_LINE_LENGTH, languages=languages
        )
    return texts


def _texts(value: Any, most_lines: int, most_letters: int) -> Texts | None:
    """Return a text in each language, without empty ones; None if it is none, or too long."""
    texts = value if isinstance(value, dict) else dict.fromkeys(LABELS, value)
    found: dict[str, tuple[str, ...]] = {}
    for language, text in texts.items():
        if language not in LABELS or not isinstance(text, str):
            return None
        lines = tuple(map(single_line, text.strip().splitlines()))
        if len(lines) > most_lines or any(len(line) > most_letters for line in lines):
            return None
        if any(lines):
            found[language] = lines
    return found


def _file_name(key: str, value: Any) -> str:
    if value == "":
        return ""
    try:
        return checked_template(value if isinstance(value, str) else "")
    except UserError:
        fields = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise UserError(messages.TEMPLATE_BAD_FILE_NAME, key=key, fields=fields) from None


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "name": _name,
    "layout": partial(_choice, DocumentLayout),
    "times": _flag,
    "line_numbers": _flag,
    "speakers": partial(_choice, NamedBy),
    "questions_by": partial(_choice, Role),
    "facts": _facts,
    "heading": _own_text,
    "footer": _own_text,
    "text_size": _points,
    "page": partial(_choice, PaperSize),
    "doubts": partial(_choice, DoubtStyle),
    "figures": _flag,
    "file_name": _file_name,
}
"""What reads each key's value. The keys are the fields of `DocumentTemplate`."""
