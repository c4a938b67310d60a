"""The pages of a PDF: where each line stands, and the tags that say what it is.

fpdf2 shapes, orders and embeds the letters. It tags pictures only, so the tags of text are added here (ISO
32000-1, 14.7 and 14.8): each line is in a marked sequence that belongs to a heading or a paragraph of the
document, or is an artifact such as the page number. Nothing depends on the clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from fpdf import FPDF
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from fi_desktop.exporters.document import WrittenDocument, reads_leftward
from fi_desktop.exporters.pdf_tags import TagElement, TagTree
from fi_desktop.exporters.template import PaperSize
from fi_desktop.system.files import resource

MARGIN, _TOP, _FOOT = 20.0, 20.0, 25.0  # millimetres
_LEADING = 1.42  # between lines, of the size of the letters
_PAGE_NUMBER = 30.0  # width, millimetres
POINTS = 10.5
"""Size of the text without a template."""
_POINT = 25.4 / 72  # millimetres
_FAMILY, _OTHER = "noto", "dejavu"
_INK, _GREY, _AMBER, _GREEN = (31, 41, 51), (95, 107, 122), (138, 90, 0), (30, 107, 58)
RULE, STRONG_RULE = (225, 229, 234), (154, 165, 177)
_FORMATS = {None: "Letter", PaperSize.LETTER: "Letter", PaperSize.A4: "A4"}
_LONG_WORD = 12  # letters; shorter ones fit into any column
_NEEDS_SHAPING = "\u0300"  # the first combining mark; scripts that join letters follow
_UNKNOWN = "□"  # for a character that no embedded font has

for _library in ("fpdf", "fontTools"):
    logging.getLogger(_library).setLevel(logging.ERROR)  # their warnings name letters of the text

Color = tuple[int, int, int]
_Underline = tuple[float, float, float]  # x, y and length, millimetres


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks. points: size; bold; color: red, green, blue, 0 to 255."""

    points: float
    color: Color = _INK
    bold: bool = False

    @property
    def line(self) -> float:
        """Height of a line, millimetres."""
        return self.points * _POINT * _LEADING


@dataclass(frozen=True, slots=True)
class Looks:
    """How the parts of a document look."""

    title: Look
    text: Look
    name: Look
    time: Look
    fact: Look
    fact_name: Look
    status: Look
    remark: Look
    heading: Look
    figure: Look
    small: Look
    footer: Look

    @classmethod
    def of(cls, content: WrittenDocument) -> Looks:
        """Return the looks of a document, in the size of its template."""
        scale = content.template.scale(POINTS)

        def sized(points: float, color: Color = _INK, *, bold: bool = False, most: float = 99.0) -> Look:
            return Look(min(round(points * scale * 2) / 2, most), color, bold)

        return cls(
            title=sized(20, bold=True),
            text=sized(POINTS),
            name=sized(POINTS, bold=True),
            time=sized(9, _GREY),
            fact=sized(9.5),
            fact_name=sized(9.5, bold=True),
            status=sized(10.5, _GREEN if content.checked else _AMBER, bold=True),
            remark=sized(8.5, _GREY),
            heading=sized(11, bold=True),
            figure=sized(9, most=11),  # of a table as wide as the page
            small=sized(8, _GREY, most=10),
            footer=sized(7.5, _GREY, most=9),  # three lines must fit below the text
        )


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Lines of one look.

    Attributes:
        x, width: millimetres.
        right: they end at the right.
        first: in which line of all columns they begin.
        indent: of their first line, millimetres.
        marks: underlined characters of each line, from and to.
    """

    x: float
    width: float
    look: Look
    lines: Sequence[str]
    right: bool = False
    first: int = 0
    indent: float = 0.0
    marks: Sequence[Sequence[tuple[int, int]]] = ()

    @property
    def end(self) -> int:
        """In which line of all columns they have ended."""
        return self.first + len(self.lines)

    def part(self, rows: range) -> Iterator[tuple[int, int]]:
        """Return the lines that are in some lines of all columns: their numbers, and those from the top."""
        for row in rows:
            if self.first <= row < self.end:
                yield row - self.first, row - rows.start


class Pages(FPDF):
    """Pages with a footer, on which text is tagged.

    Attributes:
        looks: how their parts look.
        tags: the tags, in order.
        running_head: writes the top of each new page.
    """

    def __init__(self, content: WrittenDocument, page: str) -> None:
        """Begin a document. page: with {number} and {total}."""
        super().__init__(format=_FORMATS[content.template.page])
        self.tags = self.struct_builder = TagTree()
        self.looks = Looks.of(content)
        self.running_head: Callable[[], None] = lambda: None
        self._line_numbers = count(1)
        self._content, self._page_text = content, page
        self._widths: dict[tuple[str, float, bool], float] = {}
        self._mcids: dict[int, count[int]] = {}
        self.set_title(content.title)
        self.set_lang(content.code)
        self.set_creator("fi-desktop")
        self.set_creation_date(content.made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margins(MARGIN, _TOP, MARGIN)
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
        look, width = self.looks.footer, self.epw - _PAGE_NUMBER
        self._closing = [part for line in content.closing for part in self.lines(line, width, look)]
        self.add_page()

    @property
    def bottom(self) -> float:
        """Where the text of a page ends, millimetres from its top."""
        return self.h - _FOOT - len(self._closing) * self.looks.footer.line

    def look(self, look: Look) -> None:
        """Set how the following text looks."""
        self.set_font(_FAMILY, "B" if look.bold else "", look.points)
        self.set_text_color(*look.color)

    def lines(self, text: str, width: float, look: Look, *, used: float = 0.0) -> list[str]:
        """Break text into lines, at spaces or within a word that is longer than a line.

        used: how much of the first line is taken; it stays empty if the first word does not fit.
        """
        self.look(look)
        lines = [""] if used else []
        left = width - used + self._width(" ", look) if used else 0.0
        for word in self._words(text, width, look):
            needed = self._width(word, look)
            if lines and needed + self._width(" ", look) <= left:
                lines[-1] += f" {word}" if lines[-1] else word
                left -= needed + self._width(" ", look)
            else:
                lines.append(word)
                left = width - needed
        return lines or [""]

    def _words(self, text: str, width: float, look: Look) -> Iterator[str]:
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

    def _width(self, word: str, look: Look) -> float:
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
    def tagged(self, kind: str, cell: TagElement | None = None) -> Iterator[None]:
        """Tag what is written within as a structure element, such as "P", perhaps within a cell."""
        mcid = next(self._mcids.setdefault(self.page, count()))
        self.pages[self.page].struct_parents = self.tags.add(kind, self.page, mcid, cell)
        self._out(f"/{kind} <</MCID {mcid}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """Mark what is drawn within as no part of the document."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    def write_columns(
        self,
        columns: Sequence[TextColumn],
        kind: str = "P",
        *,
        numbered: bool = False,
        cells: Sequence[TagElement] = (),
    ) -> None:
        """Write columns next to each other, over as many pages as they need.

        Args:
            columns: what to write.
            kind: tag of the columns together, or of each in its cell; "": they are no part of the document.
            numbered: their lines have numbers in the margin.
            cells: tags that contain the columns, one each.
        """
        line = max(column.look.line for column in columns)
        left = max(column.end for column in columns)
        whole_page = int((self.bottom - _TOP) / line)
        if left <= whole_page // 3 and self.y + left * line > self.bottom:
            self.turn_page()  # short ones are not divided
        at = 0
        while left > 0:
            room = int((self.bottom - self.y) / line)
            if room < 1:
                self.turn_page()
                continue
            rows, top = range(at, at + min(room, left)), self.y
            self._write_part(columns, rows, line, kind, cells)
            if numbered:
                self._number(len(rows), top, line)
            self.set_y(top + len(rows) * line)
            at, left = at + room, left - room

    def turn_page(self) -> None:
        """Begin a page."""
        self.add_page()
        self.running_head()

    def keep_together(self, height: float) -> None:
        """Begin a page if what follows has this height, millimetres, and does not fit."""
        if self.y + height > self.bottom:
            self.turn_page()

    def _write_part(
        self,
        columns: Sequence[TextColumn],
        rows: range,
        line: float,
        kind: str,
        cells: Sequence[TagElement],
    ) -> None:
        top = self.y
        underlines: list[_Underline] = []
        if cells:
            for column, cell in zip(columns, cells, strict=True):
                if any(column.part(rows)):
                    with self.tagged(kind, cell):
                        underlines += self._write_column(column, rows, top, line)
        else:
            with self.tagged(kind) if kind else self.artifact():
                for column in columns:
                    underlines += self._write_column(column, rows, top, line)
        if underlines:
            self._draw_underlines(underlines)

    def _write_column(self, column: TextColumn, rows: range, top: float, line: float) -> list[_Underline]:
        """Write the lines of a column; return what is to be underlined."""
        underlines = []
        self.look(column.look)
        for number, down in column.part(rows):
            text, y = column.lines[number], top + down * line
            indent = 0.0 if number else column.indent
            align = "R" if column.right or reads_leftward(text) else "L"
            self.write_line(text, column.x + indent, y, column.width - indent, line, align)
            for start, end in column.marks[number] if column.marks else ():
                before, length = self.measured(text[:start]), self.measured(text[start:end])
                x = column.x + (column.width - before - length if align == "R" else indent + before)
                underlines.append((x, y + (line + column.look.points * _POINT) / 2, length))
        return underlines

    def _draw_underlines(self, places: Iterable[_Underline]) -> None:
        """Draw dotted lines."""
        with self.artifact():
            self.set_draw_color(*_AMBER)
            self.set_line_width(0.3)
            self.set_dash_pattern(0.3, 0.6)
            for x, y, length in places:
                self.line(x, y, x + length, y)
            self.set_dash_pattern()

    def _number(self, rows: int, top: float, line: float) -> None:
        """Write the numbers of lines in the margin."""
        with self.artifact():
            self.look(self.looks.small)
            for row in range(rows):
                y = top + row * line
                self.write_line(str(next(self._line_numbers)), MARGIN - 12, y, 9, line, "R")

    def draw_rule(self, color: Color = RULE) -> None:
        """Draw a line over the width of the page."""
        with self.artifact():
            self.set_draw_color(*color)
            self.set_line_width(0.2)
            self.line(MARGIN, self.y, self.w - MARGIN, self.y)

    def write_line(
        self, text: str, x: float, y: float, width: float, height: float, align: str = "L"
    ) -> None:
        """Write one line, followed by a space: tags join lines without any."""
        self.set_xy(x, y)
        self._shape(text)
        # fpdf2 2.8.9 believes that a font which it set for an earlier line is still set
        self.current_font_is_set_on_page = False
        self.cell(width, height, f"{text} " if align == "L" else text, align=align)

    def write_text(self, text: str, look: Look, kind: str = "P") -> None:
        """Write text over the width of the page."""
        self.write_columns([TextColumn(MARGIN, self.epw, look, self.lines(text, self.epw, look))], kind)

    def footer(self) -> None:
        """Write how far it is checked, by whom it was made, and the number of the page."""
        look, width = self.looks.footer, self.epw - _PAGE_NUMBER
        with self.artifact():
            lines = self.lines(self._content.footer, width, look)
            for number, text in enumerate((*self._closing, *lines[:3]), start=-len(self._closing)):
                self.write_line(text, MARGIN, self.h - 16 + number * look.line, width, look.line)
            page = self._page_text.format(number=self.page, total=self.str_alias_nb_pages)
            self.write_line(page, self.w - MARGIN - _PAGE_NUMBER, self.h - 16, _PAGE_NUMBER, look.line, "R")
