"""The pages of a PDF: where each line stands, and the tags that say what it is.

fpdf2 shapes, orders and embeds the letters. It tags pictures only, so the tags of text are added here (ISO
32000-1, 14.7 and 14.8): each line is in a marked sequence that belongs to a heading or a paragraph of the
document, or is an artifact such as the page number. Nothing depends on the clock.
"""

from __future__ import annotations

import logging
import operator
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from fpdf import FPDF
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from fi_desktop.exporters.document import Utterance, WrittenDocument, reads_leftward, written
from fi_desktop.exporters.figures import SHARE_COLUMN, WrittenFigures
from fi_desktop.system.files import resource

_MARGIN, _TOP, _FOOT = 20.0, 20.0, 25.0  # millimetres
_GAP, _LEADING = 3.0, 1.42  # between columns, millimetres; between lines, of the size of the letters
_NAME_WIDTH = 44.0  # at most
_FACT_WIDTH = 34.0
_POINT = 25.4 / 72  # millimetres
_FAMILY, _OTHER = "noto", "dejavu"
_INK, _GREY, _AMBER, _GREEN = (31, 41, 51), (95, 107, 122), (138, 90, 0), (30, 107, 58)
_AMBER_GROUND, _GREEN_GROUND = (255, 244, 214), (230, 244, 234)
_LONG_WORD = 12  # letters; shorter ones fit into any column
_NEEDS_SHAPING = "\u0300"  # the first combining mark; scripts that join letters follow
_UNKNOWN = "□"  # for a character that no embedded font has

for _library in ("fpdf", "fontTools"):
    logging.getLogger(_library).setLevel(logging.ERROR)  # their warnings name letters of the text

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Look:
    """How text looks. points: size; bold; color: red, green, blue, 0 to 255."""

    points: float
    color: Color = _INK
    bold: bool = False

    @property
    def line(self) -> float:
        """Height of a line, millimetres."""
        return self.points * _POINT * _LEADING


_TITLE = _Look(20, bold=True)
_TEXT, _NAME, _TIME = _Look(10.5), _Look(10.5, bold=True), _Look(9, _GREY)
_FACT, _FACT_NAME = _Look(9.5), _Look(9.5, bold=True)
_FIGURES_TITLE, _FIGURE, _FIGURE_HEADING = _Look(11, bold=True), _Look(9), _Look(8, _GREY)
_BAR_WIDTH, _BAR_COLOR, _BAR_GROUND = 22.0, (59, 110, 165), (230, 233, 237)
_REMARK, _FOOTER = _Look(8.5, _GREY), _Look(7.5, _GREY)


@dataclass(frozen=True, slots=True)
class _Column:
    """Lines of one look. x, width: millimetres; right: they end at the right."""

    x: float
    width: float
    look: _Look
    lines: Sequence[str]
    right: bool = False


class _Pages(FPDF):
    """Letter pages with a footer, on which text is tagged."""

    def __init__(self, content: WrittenDocument, page: str) -> None:
        super().__init__(format="Letter")
        self._content, self._page_text = content, page
        self._widths: dict[tuple[str, float, bool], float] = {}
        self._mcids: dict[int, count[int]] = {}
        self.set_title(content.title)
        self.set_lang(content.code)
        self.set_creator("fi-desktop")
        self.set_creation_date(content.made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margins(_MARGIN, _TOP, _MARGIN)
        self.set_auto_page_break(False)
        self.c_margin = 0
        for family, style, file in (
            (_FAMILY, "", "NotoSans-Regular"),
            (_FAMILY, "B", "NotoSans-Bold"),
            (_OTHER, "", "DejaVuSans"),
        ):
            self.add_font(family, style, resource("fonts", f"{file}.ttf"))
        self.set_fallback_fonts([_OTHER], exact_match=False)
        self._known = {
            letter for font in self.fonts.values() if isinstance(font, TTFFont) for letter in font.cmap
        }
        self.add_page()

    @property
    def bottom(self) -> float:
        """Where the text of a page ends, millimetres from its top."""
        return self.h - _FOOT

    def look(self, look: _Look) -> None:
        """Set how the following text looks."""
        self.set_font(_FAMILY, "B" if look.bold else "", look.points)
        self.set_text_color(*look.color)

    def lines(self, text: str, width: float, look: _Look) -> list[str]:
        """Break text into lines, at spaces or within a word that is longer than a line."""
        self.look(look)
        lines: list[str] = []
        left = 0.0
        for word in self._words(text, width, look):
            needed = self._width(word, look)
            if lines and needed + self._width(" ", look) <= left:
                lines[-1] += f" {word}"
                left -= needed + self._width(" ", look)
            else:
                lines.append(word)
                left = width - needed
        return lines or [""]

    def _words(self, text: str, width: float, look: _Look) -> Iterator[str]:
        """Return the words, none longer than a line."""
        known = "".join(letter if ord(letter) in self._known else _UNKNOWN for letter in text)
        for word in known.split():
            if len(word) <= _LONG_WORD:
                yield word
                continue
            part, room = "", width
            for letter in word:
                room -= self._width(letter, look)
                if part and room < 0:
                    yield part
                    part, room = "", width - self._width(letter, look)
                part += letter
            yield part

    def _width(self, word: str, look: _Look) -> float:
        """Return the width of a word, which is measured once."""
        key = (word, look.points, look.bold)
        if key not in self._widths:
            self._widths[key] = self.measured(word)
        return self._widths[key]

    def measured(self, text: str) -> float:
        """Return the width of text as it looks now, millimetres."""
        self._shape(text)
        return self.get_string_width(text)

    def _shape(self, text: str) -> None:
        """Shape letters that need it; those of Latin do not, and it takes most of the time."""
        self.set_text_shaping(max(text, default="") >= _NEEDS_SHAPING)

    @contextmanager
    def tagged(self, kind: str) -> Iterator[None]:
        """Tag what is written within as a structure element, such as "P"."""
        mcid = next(self._mcids.setdefault(self.page, count()))
        _, parents = self.struct_builder.add_marked_content(self.page, f"/{kind}", mcid)
        self.pages[self.page].struct_parents = parents
        self._out(f"/{kind} <</MCID {mcid}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """Mark what is drawn within as no part of the document."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    def write_columns(self, columns: Sequence[_Column], kind: str = "P") -> None:
        """Write columns next to each other, over as many pages as they need."""
        line = max(column.look.line for column in columns)
        left = max(len(column.lines) for column in columns)
        whole_page = int((self.bottom - _TOP) / line)
        if left <= whole_page // 3 and self.y + left * line > self.bottom:
            self.add_page()  # short ones are not divided
        at = 0
        while left > 0:
            room = int((self.bottom - self.y) / line)
            if room < 1:
                self.add_page()
                continue
            self._write_part(columns, slice(at, at + room), line, kind)
            at, left = at + room, left - room

    def _write_part(self, columns: Sequence[_Column], part: slice, line: float, kind: str) -> None:
        top = self.y
        with self.tagged(kind):
            for column in columns:
                self.look(column.look)
                for number, text in enumerate(column.lines[part]):
                    align = "R" if column.right or reads_leftward(text) else "L"
                    self.write_line(text, column.x, top + number * line, column.width, line, align)
        self.set_y(top + max(len(column.lines[part]) for column in columns) * line)

    def write_line(
        self, text: str, x: float, y: float, width: float, height: float, align: str = "L"
    ) -> None:
        """Write one line, followed by a space: tags join lines without any."""
        self.set_xy(x, y)
        self._shape(text)
        # fpdf2 2.8.9 believes that a font which it set for an earlier line is still set
        self.current_font_is_set_on_page = False
        self.cell(width, height, f"{text} " if align == "L" else text, align=align)

    def write_text(self, text: str, look: _Look, kind: str = "P") -> None:
        """Write text over the width of the page."""
        self.write_columns([_Column(_MARGIN, self.epw, look, self.lines(text, self.epw, look))], kind)

    def footer(self) -> None:
        """Write how far it is checked, by whom it was made, and the number of the page."""
        with self.artifact():
            lines = self.lines(self._content.footer, self.epw - 30, _FOOTER)
            for number, text in enumerate(lines[:3]):
                y = self.h - 16 + number * _FOOTER.line
                self.write_line(text, _MARGIN, y, self.epw - 30, _FOOTER.line)
            page = self._page_text.format(number=self.page, total=self.str_alias_nb_pages)
            self.write_line(page, self.w - _MARGIN - 30, self.h - 16, 30, _FOOTER.line, "R")


def pages_of(content: WrittenDocument, page: str, figures: WrittenFigures | None = None) -> bytes:
    """Return a document as a PDF. page: with {number} and {total}; figures: shown above the text."""
    pages = _Pages(content, page)
    pages.write_text(content.title, _TITLE, "H1")
    pages.set_y(pages.y + 2)
    for name, value in content.facts:
        indent = _MARGIN + _FACT_WIDTH
        names = _Column(_MARGIN, _FACT_WIDTH, _FACT_NAME, [f"{name}:"])
        width = pages.epw - _FACT_WIDTH
        pages.write_columns([names, _Column(indent, width, _FACT, pages.lines(value, width, _FACT))])
    _write_status(pages, content)
    for remark in content.remarks:
        pages.write_text(remark, _REMARK)
    pages.set_y(pages.y + 5)
    if figures is not None:
        _write_figures(pages, figures)
    table = _Table(pages, content)
    for utterance in content.utterances:
        table.write(utterance)
    if not content.utterances:
        pages.write_text(content.silence, _TEXT)
    return bytes(pages.output())


def _write_status(pages: _Pages, content: WrittenDocument) -> None:
    look = _Look(10.5, _GREEN if content.checked else _AMBER, bold=True)
    lines = pages.lines(content.status, pages.epw - 6, look)
    pages.set_y(pages.y + 4)
    with pages.artifact():
        pages.set_fill_color(*(_GREEN_GROUND if content.checked else _AMBER_GROUND))
        pages.rect(_MARGIN, pages.y - 1.2, pages.epw, len(lines) * look.line + 2.4, style="F")
    pages.write_columns([_Column(_MARGIN + 3, pages.epw - 6, look, lines)])
    pages.set_y(pages.y + 3)


def _write_figures(pages: _Pages, figures: WrittenFigures) -> None:
    pages.write_text(figures.title, _FIGURES_TITLE, "H2")
    pages.set_y(pages.y + 1)
    pages.write_text("  ·  ".join(f"{name}: {value}" for name, value in figures.facts), _REMARK)
    pages.set_y(pages.y + 2)
    cells = [[written(cell) for cell in row.cells] for row in figures.rows]
    widths = []
    for number, heading in enumerate(figures.headings):
        pages.look(_FIGURE_HEADING)
        headed = max(map(pages.measured, heading.split()))
        pages.look(_FIGURE)
        widths.append(max(headed, *(pages.measured(row[number]) for row in cells)) + _GAP + 0.5)
    bars = _MARGIN + pages.epw - _BAR_WIDTH
    widths[0] = pages.epw - _BAR_WIDTH - _GAP - sum(widths[1:])
    order = [each for each in range(len(widths)) if each != SHARE_COLUMN] + [SHARE_COLUMN]
    _write_row(pages, figures.headings, widths, order, _FIGURE_HEADING)
    for row, texts in zip(figures.rows, cells, strict=True):
        lines = _write_row(pages, texts, widths, order, _FIGURE)
        with pages.artifact():
            top = pages.y - _FIGURE.line * (lines - 0.25)  # next to the first line
            for share, color in ((1.0, _BAR_GROUND), (row.share, _BAR_COLOR)):
                pages.set_fill_color(*color)
                pages.rect(bars, top, _BAR_WIDTH * share, _FIGURE.line / 2, style="F")
    pages.set_y(pages.y + 2)
    for note in figures.notes:
        pages.write_text(note, _REMARK)
    pages.set_y(pages.y + 6)


def _write_row(
    pages: _Pages, texts: Sequence[str], widths: Sequence[float], order: Sequence[int], look: _Look
) -> int:
    """Write a row; return how many lines it has."""
    columns, x = [], _MARGIN
    for number in order:
        room = widths[number] - (0 if number else _GAP)
        lines = pages.lines(texts[number], room, look)
        # what a tag joins needs a space between, here before a number
        lines = [f" {line}" for line in lines] if number else lines
        columns.append(_Column(x, room, look, lines, right=number > 0))
        x += widths[number]
    pages.write_columns(columns)
    return max(len(column.lines) for column in columns)


class _Table:
    """The utterances, in columns as wide as their times and names."""

    def __init__(self, pages: _Pages, content: WrittenDocument) -> None:
        self._pages = pages
        spoken = any(one.runs for one in content.utterances)
        # if there are words, the few utterances without any get no more room than the others
        self._time = operator.attrgetter("at" if spoken else "span")
        times = {self._time(one) for one in content.utterances}
        names = {_named(one) for one in content.utterances}
        self._times = self._widest(times, _TIME) + _GAP
        self._names = min(_NAME_WIDTH, self._widest(names, _NAME)) + _GAP

    def _widest(self, texts: Iterable[str], look: _Look) -> float:
        self._pages.look(look)
        return max(map(self._pages.measured, texts), default=0.0)

    def write(self, utterance: Utterance) -> None:
        """Write when, who and what."""
        pages = self._pages
        name_at = _MARGIN + self._times
        text_at = name_at + self._names
        width = pages.w - _MARGIN - text_at
        names = pages.lines(_named(utterance), self._names - _GAP, _NAME)
        pages.write_columns(
            [
                _Column(_MARGIN, self._times, _TIME, [self._time(utterance)]),
                _Column(name_at, self._names, _NAME, names),
                _Column(text_at, width, _TEXT, pages.lines(utterance.text, width, _TEXT)),
            ]
        )
        pages.set_y(pages.y + 1.6)


def _named(utterance: Utterance) -> str:
    return f"{utterance.speaker}:" if utterance.runs else utterance.speaker
