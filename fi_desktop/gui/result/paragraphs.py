"""Texts laid out as wide as the view is: what is in view exactly, the rest by a quick estimate until it is.

Laying out the 30,000 words of three hours takes a third of a second, too long for each step of a resize; an
estimate from the words' widths takes a few milliseconds and is seldom a line off.
"""

from __future__ import annotations

from collections import OrderedDict
from math import ceil
from typing import Any

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)

from fi_desktop.viewmodel.passages import Passage

_LINE_HEIGHT = 1.36
_KEPT = 256  # layouts: several screens of them
_DOT = 2.0  # pixels
_PAD = 8  # pixels above and below a text


class Paragraphs:
    """Lays out passages.

    Attributes:
        width: of the texts, pixels.
        top: where a text begins in its row, pixels.
    """

    top = _PAD

    def __init__(self, passages: tuple[Passage, ...], font: QFont) -> None:
        self._passages = passages
        self._layouts: OrderedDict[int, QTextLayout] = OrderedDict()
        self.width = 0
        self.set_font(font)

    def set_font(self, font: QFont) -> None:
        """Lay out in another font from now on."""
        self._font = font
        self._metrics = QFontMetricsF(font)
        self._line_height = ceil(self._metrics.height() * _LINE_HEIGHT)
        self._space = self._metrics.horizontalAdvance(" ")
        self._advances: dict[str, float] = {}
        self._naturals: list[float] | None = None
        self._forget()

    def set_width(self, width: int) -> None:
        """Lay out as wide as this from now on, pixels."""
        if width != self.width:
            self.width = width
            self._forget()

    def height(self, row: int) -> int:
        """Return the row's height, pixels."""
        known = self._heights.get(row)
        if known is None:
            known = self._heights[row] = self._measured(self._laid_out(row))
        return known

    def estimates(self) -> list[int]:
        """Return about how high each row is, pixels."""
        if self._naturals is None:
            self._naturals = [self._natural(passage.text) for passage in self._passages]
        width = max(1, self.width)
        return [max(1, ceil(natural / width)) * self._line_height + 2 * _PAD for natural in self._naturals]

    def layout(self, row: int) -> QTextLayout:
        """Return a row's text, laid out."""
        layout = self._layouts.get(row)
        if layout is None:
            layout = self._layouts[row] = self._laid_out(row)
            if len(self._layouts) > _KEPT:
                self._layouts.popitem(last=False)
        else:
            self._layouts.move_to_end(row)
        return layout

    def dots(self, row: int) -> list[QLineF]:
        """Return where dots run below the words of a row that were hard to hear."""
        marks = (mark for mark in self._passages[row].marks if mark.word.doubtful)
        layout = self.layout(row)
        return [line for mark in marks for line in below(layout, mark.start, mark.length)]

    def place_at(self, row: int, point: QPointF) -> int | None:
        """Return the character under a point of a row's text; None where there is none."""
        layout = self.layout(row)
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            if line.naturalTextRect().contains(point):
                return line.xToCursor(point.x(), line.CursorPosition.CursorOnCharacter)
        return None

    def _forget(self) -> None:
        self._layouts.clear()
        self._heights: dict[int, int] = {}

    def _natural(self, text: str) -> float:
        """The text's width on one line, from the widths of its words, most of which come again and again."""
        advances, total = self._advances, 0.0
        for word in text.split(" "):
            width = advances.get(word)
            if width is None:
                width = advances[word] = self._metrics.horizontalAdvance(word)
            total += width + self._space
        return total - self._space

    def _measured(self, layout: QTextLayout) -> int:
        last = layout.lineAt(layout.lineCount() - 1)
        return ceil(last.y() + last.height() + self._slack(last.height()) + 2 * _PAD)

    def _slack(self, height: float) -> float:
        return max(0.0, (self._line_height - height) / 2)

    def _laid_out(self, row: int) -> QTextLayout:
        passage = self._passages[row]
        layout = QTextLayout(passage.text, self._font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats([italic(mark.start, mark.length) for mark in passage.marks if mark.word.overlap])
        layout.beginLayout()
        y = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width))
            slack = self._slack(line.height())
            line.setPosition(QPointF(0, y + slack))
            y += line.height() + 2 * slack
        layout.endLayout()
        return layout


def italic(start: int, length: int) -> QTextLayout.FormatRange:
    """Return how words are marked that were said while somebody else spoke."""
    mark = QTextLayout.FormatRange()
    mark.start, mark.length = start, length
    form = QTextCharFormat()
    form.setFontItalic(True)
    mark.format = form
    return mark


def below(layout: QTextLayout, start: int, length: int) -> list[QLineF]:
    """Return the lines below some characters, one a line of text, on whole pixels."""
    found = []
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        first = max(start, line.textStart())
        last = min(start + length, line.textStart() + line.textLength())
        if first < last:
            left, right = _x(line, first), _x(line, last)
            y = round(line.y() + line.ascent() + line.descent()) + 1
            found.append(QLineF(round(min(left, right)) + 1, y, round(max(left, right)), y))
    return found


def _x(line: QTextLine, place: int) -> float:
    position: Any = line.cursorToX(place)  # (x, place); the stubs do not say so
    return float(position[0])


def paint_dots(painter: QPainter, lines: list[QLineF], colour: QColor) -> None:
    """Paint dots that are seen at any scale; Qt's own dotted underline is a pale hairline."""
    pen = QPen(colour, _DOT)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setDashPattern([0.001, 2.0])  # in widths of the pen: its caps are the dots
    painter.setPen(pen)
    painter.drawLines(lines)
