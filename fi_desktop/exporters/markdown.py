"""Markdown: text with headings and bold names, for note programs and wikis (CommonMark)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import Utterance, WrittenDocument, document_of
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded
from fi_desktop.exporters.figures import WrittenFigures
from fi_desktop.exporters.template import DocumentLayout

# what could become formatting, a link or a tag; no line starts with what was said
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$])")
_MARKER = re.compile(r"^(\d*)([-+=.)])")  # of a list or a heading, at the start of a line


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the document: one paragraph per turn, or a table of turns (GitHub Flavored Markdown)."""
    content = document_of(transcript, replace(options, underlines=False))
    lines = [
        *_own_lines(content.heading),
        f"# {_escaped(content.title)}",
        "",
        *(f"- **{_escaped(name)}:** {_escaped(value)}" for name, value in content.facts),
        "",
        f"> **{_escaped(content.status)}**",
        "",
        *(f"- {_escaped(remark)}" for remark in content.remarks),
        "",
        "---",
        "",
        *([] if content.figures is None else _figures(content.figures)),
    ]
    if content.template.layout is DocumentLayout.TABLE and content.utterances:
        lines += [*_table(content), ""]
    else:
        for number, utterance in enumerate(content.utterances, start=1):
            lines += [_turn(content, number, utterance), ""]
    if not content.utterances:
        lines += [_escaped(content.silence), ""]
    if content.closing:
        lines += ["---", "", *_own_lines(content.closing)]
    return encoded("\n".join(lines))


def _own_lines(lines: tuple[str, ...]) -> list[str]:
    """Return a clinic's lines as a paragraph; a backslash breaks a line."""
    texts = [_start(_escaped(line)) for line in lines if line]
    return ["\\\n".join(texts), ""] if texts else []


def _turn(content: WrittenDocument, number: int, utterance: Utterance) -> str:
    at = f"\\[{_escaped(utterance.span)}\\] " if content.template.times or not utterance.runs else ""
    if content.template.line_numbers:
        at = f"{number} {at}"
    name = _escaped(utterance.speaker)
    if not utterance.runs:
        return f"{at}**{name}**"
    said = _said(utterance)
    return f"{at}**{name}: {said}**" if utterance.asks else f"{at}**{name}:** {said}"


def _said(utterance: Utterance) -> str:
    language = f"\\[{_escaped(utterance.language.upper())}\\] " if utterance.language else ""
    return f"{language}{_escaped(utterance.text)}"


def _table(content: WrittenDocument) -> list[str]:
    rows = []
    for number, one in enumerate(content.utterances, start=1):
        said = _said(one) if one.runs else _escaped(content.wordless(one))
        rows.append([*map(_escaped, content.cells(number, one)), said])
    return _rows(map(_escaped, content.columns), rows)


def _figures(figures: WrittenFigures) -> list[str]:
    return [
        f"## {_escaped(figures.title)}",
        "",
        *(f"- {_escaped(name)}: {_escaped(value)}" for name, value in figures.facts),
        "",
        *_rows(map(_escaped, figures.headings), [map(_escaped, row.cells) for row in figures.rows]),
        "",
        *(f"- {_escaped(note)}" for note in figures.notes),
        "",
        "---",
        "",
    ]


def _rows(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(headings)
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _start(text: str) -> str:
    """Return the start of a paragraph, with what would make it a list or a heading escaped."""
    return _MARKER.sub(r"\1\\\2", text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


EXPORTER = Exporter("md", "Markdown", "md", "text/markdown", render, document=True)
