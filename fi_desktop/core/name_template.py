"""Templates for names of files, such as "{date} {name}": what they may contain, and filling them in."""

from __future__ import annotations

import string
from collections.abc import Mapping

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

FIELDS = ("date", "time", "case", "name", "speakers")
"""What a template may contain, in braces."""


def checked_template(template: str) -> str:
    """Return a template without spaces around it.

    Raises:
        UserError: it is empty, has an unknown field, or a brace without its counterpart.
    """
    template = template.strip()
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UserError(messages.EXPORT_BAD_BRACES, template=template) from error
    if not template:
        raise UserError(messages.EXPORT_NO_NAME, fields=_fields())
    for _, field, format_spec, conversion in parts:
        if field is not None and (field not in FIELDS or format_spec or conversion):
            whole = (
                f"{field}{'!' + conversion if conversion else ''}{':' + format_spec if format_spec else ''}"
            )
            raise UserError(messages.EXPORT_BAD_FIELD, field=f"{{{whole}}}", fields=_fields())
    return template


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the values of its fields on one line; text of a value is never a field."""
    parts = string.Formatter().parse(template)
    return " ".join("".join(text + values.get(field or "", "") for text, field, _, _ in parts).split())


def _fields() -> str:
    return ", ".join(f"{{{field}}}" for field in FIELDS)
