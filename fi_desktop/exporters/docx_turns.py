"""What was said in a Word file: paragraphs, a table, or questions and answers; and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fi_desktop.exporters.document import Utterance, WrittenDocument, written
from fi_desktop.exporters.docx_styles import (
    ANSWER,
    CELL,
    CELL_HEAD,
    GREY,
    QUESTION,
    REMARK,
    TURN,
    scaled,
    text_width_cm,
)
from fi_desktop.exporters.docx_xml import WordTable, element, set_language
from fi_desktop.exporters.figures import WrittenFigures
from fi_desktop.exporters.template import DocumentLayout

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

_NUMBER_CM, _TIME_CM, _NAME_CM = 1.1, 2.1, 4.0
_FIGURE_POINTS, _HEADING_POINTS = 9.0, 7.5  # of a table as wide as the page, in any size of the text
_LETTER_CM = 0.165  # of its headings


def write_turns(document: Document, content: WrittenDocument) -> None:
    """Write what was said, in the layout of the document."""
    if not content.utterances:
        document.add_paragraph(content.silence)
    elif content.template.layout is DocumentLayout.TABLE:
        _write_table(document, content)
    else:
        # looked up once: python-docx would look through all styles for each paragraph
        ids = {
            style.name: style.style_id for style in document.styles if style.name in (TURN, QUESTION, ANSWER)
        }
        for utterance in content.utterances:
            _write_turn(document, content, utterance, ids)


def _write_turn(
    document: Document, content: WrittenDocument, utterance: Utterance, style_ids: Mapping[str | None, str]
) -> None:
    style = TURN
    if content.template.layout is DocumentLayout.QUESTIONS:
        style = QUESTION if utterance.asks else ANSWER
    turn = document.add_paragraph()
    turn._p.style = style_ids[style]
    if content.template.times:
        _write_time(turn, content, f"{utterance.span}\t", bold=False if utterance.asks else None)
    turn.add_run(f"{utterance.speaker}:" if utterance.runs else utterance.speaker).bold = True
    if utterance.runs:
        turn.add_run(" ")
    elif not content.template.times:
        _write_time(turn, content, f" {utterance.span}")
    _write_said(turn, utterance)


def _write_time(
    paragraph: Paragraph, content: WrittenDocument, text: str, *, bold: bool | None = None
) -> None:
    from docx.shared import Pt, RGBColor

    time = paragraph.add_run(text)
    time.font.size, time.font.color.rgb = Pt(scaled(content, 9)), RGBColor.from_string(GREY)
    if bold is not None:
        time.bold = bold


def _write_said(paragraph: Paragraph, utterance: Utterance) -> None:
    from docx.enum.text import WD_UNDERLINE

    for part in utterance.runs:
        run = paragraph.add_run(part.text)
        if part.doubtful:
            run.font.underline = WD_UNDERLINE.DOTTED
        if part.overlap:
            run.italic = True
        if utterance.rtl:
            run.font.rtl = True
        if utterance.language is not None:
            set_language(run._r.get_or_add_rPr(), utterance.language)


def _write_table(document: Document, content: WrittenDocument) -> None:
    numbers = [_NUMBER_CM] if content.template.line_numbers else []
    widths = [*numbers, *([_TIME_CM] if content.timed else []), _NAME_CM]
    table = WordTable(document, [*widths, text_width_cm(content) - sum(widths)])
    for cell, heading in zip(table.add_row(CELL_HEAD, head=True), content.columns, strict=True):
        cell.add_run(heading)
    for number, utterance in enumerate(content.utterances, start=1):
        *before, name = content.cells(number, utterance)
        cells = table.add_row(CELL)
        for cell, text in zip(cells, before, strict=False):
            _write_time(cell, content, text)
        cells[-2].add_run(name).bold = True
        _write_said(cells[-1], utterance)
        if utterance.rtl:
            cells[-1]._p.get_or_add_pPr().append(element("w:bidi"))
        if not utterance.runs:
            _write_time(cells[-1], content, content.wordless(utterance))
    document.add_paragraph(style=REMARK)  # Word wants one after a table


def write_figures(document: Document, content: WrittenDocument, figures: WrittenFigures) -> None:
    """Write the figures of the conversation."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    document.add_paragraph(figures.title, style="Heading 2")
    told = "  ·  ".join(f"{name}: {value}" for name, value in figures.facts)
    document.add_paragraph(told, style=REMARK)
    widths = [0.45 + _LETTER_CM * max(map(len, heading.split())) for heading in figures.headings[1:]]
    table = WordTable(document, [text_width_cm(content) - sum(widths), *widths])
    for style, texts in ((CELL_HEAD, figures.headings), *((CELL, row.cells) for row in figures.rows)):
        cells = table.add_row(style, head=style == CELL_HEAD)
        for place, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            run = cell.add_run(written(text))
            run.font.size = Pt(_HEADING_POINTS if style == CELL_HEAD else _FIGURE_POINTS)
            run.bold = False
            if place:
                cell.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    notes = [document.add_paragraph(note, style=REMARK) for note in figures.notes]
    notes[0].paragraph_format.space_before, notes[-1].paragraph_format.space_after = Pt(6), Pt(14)
