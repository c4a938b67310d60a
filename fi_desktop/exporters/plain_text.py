"""A document by a template as plain text, for TXT files and for pasting."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from fi_desktop.exporters.document import Utterance, WrittenDocument
from fi_desktop.exporters.figures import WrittenFigures
from fi_desktop.exporters.template import DocumentLayout

_WIDTH = 100  # characters of a table
_LEAST_WIDTH = 40  # of its column of text
_NAME_WIDTH = 24
_GAP = "  "


def plain_document(content: WrittenDocument) -> str:
    """Return heading, facts, cautions, and what was said."""
    facts = [f"{name}: {value}" for name, value in content.facts]
    parts = [
        content.heading,
        [content.title, *facts, content.status, *content.remarks],
        [] if content.figures is None else _figure_lines(content.figures),
        turn_lines(content) or [content.silence],
        content.closing,
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def turn_lines(content: WrittenDocument) -> list[str]:
    """Return what was said, with empty lines between paragraphs and before questions."""
    if content.template.layout is DocumentLayout.TABLE:
        return _table(content)
    width = len(str(len(content.utterances))) if content.template.line_numbers else 0
    lines: list[str] = []
    for number, one in enumerate(content.utterances, start=1):
        if lines and (content.template.layout is DocumentLayout.PARAGRAPHS or one.asks):
            lines.append("")
        before = f"{number:>{width}}{_GAP}" if width else ""
        lines.append(before + _line(one, timed=content.template.times))
    return lines


def _line(one: Utterance, *, timed: bool) -> str:
    at = f"[{one.span}] " if timed or not one.runs else ""
    return f"{at}{one.speaker}: {_said(one)}" if one.runs else f"{at}{one.speaker}"


def _said(one: Utterance) -> str:
    language = f"[{one.language.upper()}] " if one.language and one.runs else ""
    return f"{language}{one.text}"


def _table(content: WrittenDocument) -> list[str]:
    rows = [content.cells(number, one) for number, one in enumerate(content.utterances, start=1)]
    if not rows:
        return []
    headings = content.columns
    widths = [max(map(len, cells)) for cells in zip(headings[:-1], *rows, strict=True)]
    widths[-1] = min(widths[-1], _NAME_WIDTH)
    room = max(_LEAST_WIDTH, _WIDTH - sum(widths) - len(_GAP) * len(widths))
    lines = [_aligned([*headings[:-1]], widths, headings[-1])]
    lines.append(_GAP.join("-" * width for width in (*widths, room)))
    for cells, one in zip(rows, content.utterances, strict=True):
        said = _said(one) or content.wordless(one)
        lines += _row(cells, widths, said, room)
    return lines


def _row(cells: Sequence[str], widths: Sequence[int], said: str, room: int) -> list[str]:
    """Return the lines of a row: names and text are wrapped."""
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    texts = textwrap.wrap(said, room) or [""]
    height = max(map(len, (*columns, texts)))
    filled = [[*column, *[""] * (height - len(column))] for column in (*columns, texts)]
    return [_aligned(parts[:-1], widths, parts[-1]) for parts in map(list, zip(*filled, strict=True))]


def _aligned(cells: Iterable[str], widths: Sequence[int], last: str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return _GAP.join((*padded, last)).rstrip()


def _figure_lines(figures: WrittenFigures) -> list[str]:
    rows = [figures.headings, *(row.cells for row in figures.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        _GAP.join((row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:]))).rstrip() for row in rows
    ]
    facts = [f"{name}: {value}" for name, value in figures.facts]
    return [figures.title, *facts, *table, *figures.notes]
