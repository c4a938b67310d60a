"""The parts of a PDF in order: the clinic's heading, facts, state, figures, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fi_desktop.exporters.document import Utterance, WrittenDocument, written
from fi_desktop.exporters.exporter import TextRun
from fi_desktop.exporters.figures import SHARE_COLUMN, WrittenFigures
from fi_desktop.exporters.pdf_pages import MARGIN, POINTS, STRONG_RULE, Color, Look, Pages, TextColumn
from fi_desktop.exporters.pdf_tags import TagElement
from fi_desktop.exporters.template import PLAIN, DocumentLayout, DoubtStyle

_GAP, _SLACK = 3.0, 0.2  # between columns, and what rounding may take of one, millimetres
_NAME_WIDTH = 44.0  # at most
_FACT_WIDTH = 34.0
_AMBER_GROUND, _GREEN_GROUND = (255, 244, 214), (230, 244, 234)
_BAR_WIDTH = 22.0
_BAR_COLOR: Color = (59, 110, 165)
_BAR_GROUND: Color = (230, 233, 237)
_ANSWER_INDENT = 5.0
_LONGEST_NAME = 0.6  # of the width; after a longer one, the text begins in the next line
_ROW_SPACE = 1.3  # above and below a rule of a table

Marks = list[list[tuple[int, int]]]


def pages_of(content: WrittenDocument, page: str, figures: WrittenFigures | None = None) -> bytes:
    """Return a document as a PDF. page: with {number} and {total}; figures: shown above the text."""
    pages = Pages(content, page)
    looks = pages.looks
    if content.heading:
        _write_letterhead(pages, content.heading)
    pages.write_text(content.title, looks.title, "H1")
    pages.set_y(pages.y + 2)
    fact_width = _FACT_WIDTH * content.template.scale(POINTS)
    for name, value in content.facts:
        names = TextColumn(MARGIN, fact_width, looks.fact_name, [f"{name}:"])
        width = pages.epw - fact_width
        lines = pages.lines(value, width, looks.fact)
        pages.write_columns([names, TextColumn(MARGIN + fact_width, width, looks.fact, lines)])
    _write_status(pages, content)
    for remark in content.remarks:
        pages.write_text(remark, looks.remark)
    pages.set_y(pages.y + 5)
    if figures is not None:
        _write_figures(pages, figures)
    if not content.utterances:
        pages.write_text(content.silence, looks.text)
    elif content.template.layout is None:
        _write_in_columns(pages, content)
    elif content.template.layout is DocumentLayout.TABLE:
        _write_table(pages, content)
    else:
        _write_paragraphs(pages, content)
    return bytes(pages.output())


def _write_letterhead(pages: Pages, lines: Sequence[str]) -> None:
    first, *others = lines
    pages.write_text(first, pages.looks.heading)
    for line in others:
        pages.write_text(line, pages.looks.remark)
    pages.set_y(pages.y + 2)
    pages.draw_rule()
    pages.set_y(pages.y + 5)


def _write_status(pages: Pages, content: WrittenDocument) -> None:
    look = pages.looks.status
    lines = pages.lines(content.status, pages.epw - 6, look)
    pages.set_y(pages.y + 4)
    with pages.artifact():
        pages.set_fill_color(*(_GREEN_GROUND if content.checked else _AMBER_GROUND))
        pages.rect(MARGIN, pages.y - 1.2, pages.epw, len(lines) * look.line + 2.4, style="F")
    pages.write_columns([TextColumn(MARGIN + 3, pages.epw - 6, look, lines)])
    pages.set_y(pages.y + 3)


def _write_figures(pages: Pages, figures: WrittenFigures) -> None:
    looks = pages.looks
    pages.write_text(figures.title, looks.heading, "H2")
    pages.set_y(pages.y + 1)
    pages.write_text("  ·  ".join(f"{name}: {value}" for name, value in figures.facts), looks.remark)
    pages.set_y(pages.y + 2)
    cells = [[written(cell) for cell in row.cells] for row in figures.rows]
    widths = []
    for number, heading in enumerate(figures.headings):
        pages.look(looks.small)
        headed = max(map(pages.measured, heading.split()))
        pages.look(looks.figure)
        widths.append(max(headed, *(pages.measured(row[number]) for row in cells)) + _GAP + 0.5)
    bars = MARGIN + pages.epw - _BAR_WIDTH
    widths[0] = pages.epw - _BAR_WIDTH - _GAP - sum(widths[1:])
    order = [each for each in range(len(widths)) if each != SHARE_COLUMN] + [SHARE_COLUMN]
    _write_row(pages, figures.headings, widths, order, looks.small)
    for row, texts in zip(figures.rows, cells, strict=True):
        lines = _write_row(pages, texts, widths, order, looks.figure)
        with pages.artifact():
            top = pages.y - looks.figure.line * (lines - 0.25)  # next to the first line
            for share, color in ((1.0, _BAR_GROUND), (row.share, _BAR_COLOR)):
                pages.set_fill_color(*color)
                pages.rect(bars, top, _BAR_WIDTH * share, looks.figure.line / 2, style="F")
    pages.set_y(pages.y + 2)
    for note in figures.notes:
        pages.write_text(note, looks.remark)
    pages.set_y(pages.y + 6)


def _write_row(
    pages: Pages, texts: Sequence[str], widths: Sequence[float], order: Sequence[int], look: Look
) -> int:
    """Write a row; return how many lines it has."""
    columns, x = [], MARGIN
    for number in order:
        room = widths[number] - (0 if number else _GAP)
        lines = pages.lines(texts[number], room, look)
        # what a tag joins needs a space between, here before a number
        lines = [f" {line}" for line in lines] if number else lines
        columns.append(TextColumn(x, room, look, lines, right=number > 0))
        x += widths[number]
    pages.write_columns(columns)
    return max(len(column.lines) for column in columns)


# ---- what was said


def _widest(pages: Pages, texts: Iterable[str], look: Look) -> float:
    pages.look(look)
    return max(map(pages.measured, set(texts)), default=0.0)


def _write_in_columns(pages: Pages, content: WrittenDocument) -> None:
    """Write the utterances in columns as wide as their times and names, without headings."""
    looks, numbered = pages.looks, content.template.line_numbers
    # if there are words, the few utterances without any get no more room than the others
    spoken = any(one.runs for one in content.utterances)
    times = [one.at if spoken else one.span for one in content.utterances]
    named = [f"{one.speaker}:" if one.runs else one.speaker for one in content.utterances]
    name_at = MARGIN + (_widest(pages, times, looks.time) + _GAP if content.timed else 0.0)
    name_width = min(_NAME_WIDTH, _widest(pages, named, looks.name))
    text_at = name_at + name_width + _GAP
    width = pages.w - MARGIN - text_at
    for one, time, name in zip(content.utterances, times, named, strict=True):
        names = pages.lines(name, name_width, looks.name)
        lines, marks = _said(pages, content, one, width, looks.text)
        if not one.runs and content.template is not PLAIN:
            lines = [content.wordless(one)]
        columns = [TextColumn(MARGIN, name_at - MARGIN, looks.time, [time])] if content.timed else []
        columns.append(TextColumn(name_at, name_width + _GAP, looks.name, names))
        columns.append(TextColumn(text_at, width, looks.text, lines, marks=marks))
        pages.write_columns(columns, numbered=numbered)
        pages.set_y(pages.y + 1.6)


def _write_table(pages: Pages, content: WrittenDocument) -> None:
    """Write the utterances as a table with headings on each page, and rules between the rows."""
    looks, headings = pages.looks, content.columns
    rows = [content.cells(number, one) for number, one in enumerate(content.utterances, start=1)]
    cell_looks = [*[looks.time] * (len(headings) - 2), looks.name]
    widths = []
    for heading, cells, look in zip(headings, zip(*rows, strict=True), cell_looks, strict=False):
        headed = _widest(pages, [heading], looks.small)
        widths.append(min(_NAME_WIDTH, max(headed, _widest(pages, cells, look)) + _SLACK) + _GAP)
    starts = [MARGIN + sum(widths[:place]) for place in range(len(headings))]
    widths.append(pages.w - MARGIN - starts[-1] + _GAP)
    pages.keep_together(4 * looks.text.line)

    def columns(texts: Iterable[str], looked: Sequence[Look]) -> list[TextColumn]:
        return [
            TextColumn(x, width - _GAP, look, pages.lines(text, width - _GAP, look))
            for x, width, look, text in zip(starts, widths, looked, texts, strict=False)
        ]

    table = pages.tags.begin("Table", pages.page)

    def row_cells(kind: str) -> list[TagElement]:
        row = pages.tags.begin("TR", pages.page, table)
        return [pages.tags.begin(kind, pages.page, row) for _ in headings]

    def write_head(*, again: bool = True) -> None:
        pages.running_head = lambda: None
        head = columns(headings, [looks.small] * len(headings))
        if again:
            pages.write_columns(head, "")  # a reader has read it
        else:
            pages.write_columns(head, cells=row_cells("TH"))
        pages.set_y(pages.y + 0.8)
        pages.draw_rule(STRONG_RULE)
        pages.set_y(pages.y + _ROW_SPACE)
        pages.running_head = write_head

    write_head(again=False)
    for one, cells in zip(content.utterances, rows, strict=True):
        lines, marks = _said(pages, content, one, widths[-1] - _GAP, looks.text)
        if not one.runs:
            lines, marks = pages.lines(content.wordless(one), widths[-1] - _GAP, looks.text), []
        said = TextColumn(starts[-1], widths[-1] - _GAP, looks.text, lines, marks=marks)
        pages.write_columns([*columns(cells, cell_looks), said], cells=row_cells("TD"))
        pages.set_y(pages.y + _ROW_SPACE)
        pages.draw_rule()
        pages.set_y(pages.y + _ROW_SPACE)
    pages.running_head = lambda: None


def _write_paragraphs(pages: Pages, content: WrittenDocument) -> None:
    """Write the utterances over the width of the page, names in bold before the text."""
    looks, template = pages.looks, content.template
    times = [one.at for one in content.utterances] if template.times else []
    text_at = MARGIN + (_widest(pages, times, looks.time) + _GAP if times else 0.0)
    questions = template.layout is DocumentLayout.QUESTIONS
    for number, one in enumerate(content.utterances):
        x = text_at + (_ANSWER_INDENT if questions and not one.asks else 0.0)
        columns = _paragraph(pages, content, one, x, looks.name if one.asks else looks.text)
        if times:
            columns.insert(0, TextColumn(MARGIN, text_at - MARGIN, looks.time, [one.at]))
        if one.asks:
            pages.set_y(pages.y + (1.8 if number else 0.0))
            # no question is left alone at the end of a page
            pages.keep_together((max(column.end for column in columns) + 2) * looks.text.line)
        pages.write_columns(columns, numbered=template.line_numbers)
        pages.set_y(pages.y + (1.2 if questions else 2.0))


def _paragraph(
    pages: Pages, content: WrittenDocument, one: Utterance, x: float, body: Look
) -> list[TextColumn]:
    """Return the name, and the text that begins after it in the same line if there is room."""
    look, width = pages.looks.name, pages.w - MARGIN - x
    names = pages.lines(f"{one.speaker}:" if one.runs else one.speaker, width, look)
    name = TextColumn(x, width, look, names)
    pages.look(look)
    used = pages.measured(f"{names[-1]} ")
    if not one.runs:
        return [name, TextColumn(x, width, pages.looks.time, [one.span], first=len(names) - 1, indent=used)]
    if used > _LONGEST_NAME * width:
        lines, marks = _said(pages, content, one, width, body)
        return [name, TextColumn(x, width, body, lines, first=len(names), marks=marks)]
    lines, marks = _said(pages, content, one, width, body, used=used)
    first = len(names) - 1
    if not lines[0]:
        return [name, TextColumn(x, width, body, lines[1:], first=first + 1, marks=marks[1:])]
    return [name, TextColumn(x, width, body, lines, first=first, indent=used, marks=marks)]


def _said(
    pages: Pages, content: WrittenDocument, one: Utterance, width: float, look: Look, *, used: float = 0.0
) -> tuple[list[str], Marks]:
    """Return the lines of what was said, and which of their characters are underlined."""
    lines = pages.lines(one.text, width, look, used=used)
    if content.template.doubts is not DoubtStyle.UNDERLINED:
        return lines, []
    return lines, marks_in(one.text, one.runs, lines)


def marks_in(text: str, runs: Iterable[TextRun], lines: Sequence[str]) -> Marks:
    """Return the doubtful characters of each line of a text, from and to.

    Args:
        text: of single spaces.
        runs: of the text.
        lines: of the text, broken at spaces or within words.
    """
    doubtful: list[tuple[int, int]] = []
    at = 0
    for run in runs:
        if run.doubtful:
            doubtful.append((at, at + len(run.text)))
        at += len(run.text)
    marks: Marks = []
    start = 0
    for line in lines:
        start += text[start : start + 1] == " "
        end = start + len(line)
        inside = ((max(start, one), min(end, other)) for one, other in doubtful)
        marks.append([(one - start, other - start) for one, other in inside if one < other])
        start = end
    return marks
