"""Paints a segment: its time, the speaker's colour and name, and the text over as many lines as it takes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter, QPalette, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from fi_desktop.gui import theme
from fi_desktop.gui.result.paragraphs import Paragraphs, paint_dots
from fi_desktop.gui.result.reading_model import ReadingModel
from fi_desktop.viewmodel.finding import Match

_PAD = 16
_GAP = 12
_SWATCH = 10
_WIDEST_NAME = 180
_TEXT_SIZE = 1.08  # times the window's: it is read, not glanced at


class ReadingDelegate(QStyledItemDelegate):
    """Paints rows of the reading view.

    Attributes:
        paragraphs: the texts, laid out.
    """

    def __init__(self, view: QAbstractItemView, model: ReadingModel) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._matches: dict[int, list[Match]] = {}
        self._found: Match | None = None
        self.paragraphs = Paragraphs(model.passages, view.font())
        self.dress()

    def dress(self) -> None:
        """Follow the view's font."""
        font = self._view.font()
        self.paragraphs.set_font(theme.scaled(font, _TEXT_SIZE))
        self._times = theme.tabular(theme.scaled(font, 0.95))
        self._names = theme.scaled(font, 1.0, QFont.Weight.DemiBold)
        last = max((passage.start for passage in self._model.passages), default=0.0)
        widest = "0:00:00" if last >= 3600 else "00:00"
        self._time_width = theme.text_width(self._times, widest)
        self._name_width = self._measure_names()

    def fit(self, width: int) -> None:
        """Lay the texts out for rows of this width, pixels."""
        self.paragraphs.set_width(max(60, width - self._text_left() - _PAD))

    def show_matches(self, matches: Sequence[Match], found: Match | None) -> None:
        """Mark what was found, and among it the one that the person is at."""
        self._matches = {}
        for match in matches:
            self._matches.setdefault(match.row, []).append(match)
        self._found = found

    def line_of(self, match: Match) -> QRectF:
        """Return where the first line of a match lies in its row."""
        line = self.paragraphs.layout(match.row).lineForTextPosition(match.start)
        return line.rect().translated(0, self.paragraphs.top)

    def name(self, row: int) -> str:
        """Return the speaker's name as it is painted."""
        room = self._name_width - _SWATCH - 8
        return QFontMetrics(self._names).elidedText(self._model.name(row), Qt.TextElideMode.ElideRight, room)

    def _measure_names(self) -> int:
        if not self._model.named:
            return 0
        firsts = {passage.speaker: row for row, passage in enumerate(self._model.passages)}
        widest = max(theme.text_width(self._names, self._model.name(row)) for row in firsts.values())
        return min(_WIDEST_NAME, widest) + _SWATCH + 8

    def _text_left(self) -> int:
        names = self._name_width + _GAP if self._name_width else 0
        return _PAD + self._time_width + _GAP + names

    def _selections(self, row: int, palette: QPalette) -> list[QTextLayout.FormatRange]:
        warn, base = theme.tone("warn", palette), palette.color(QPalette.ColorRole.Base)
        selections = []
        for match in self._matches.get(row, ()):
            selection = QTextLayout.FormatRange()
            selection.start, selection.length = match.start, match.length
            form = QTextCharFormat()
            form.setBackground(warn if match == self._found else theme.mix(base, warn, 0.22))
            if match == self._found:
                form.setForeground(base)
            selection.format = form
            selections.append(selection)
        return selections

    def _paint_margin(self, painter: QPainter, area: QRect, baseline: float, row: int) -> None:
        """Paint time and speaker on the text's first line."""
        passage, palette = self._model.passages[row], self._view.palette()
        painter.setFont(self._times)
        painter.setPen(theme.quiet(palette))
        moment = self._model.moment(row)
        width = theme.text_width(self._times, moment)
        painter.drawText(QPointF(area.left() + _PAD + self._time_width - width, baseline), moment)
        if not self._name_width:
            return
        left = area.left() + _PAD + self._time_width + _GAP
        metrics = QFontMetrics(self._names)
        swatch = QRectF(left, baseline - metrics.capHeight() / 2 - _SWATCH / 2, _SWATCH, _SWATCH)
        painter.setPen(Qt.PenStyle.NoPen)
        if passage.speaker is None:
            swatch_colour, name_colour = theme.hairline(palette), theme.quiet(palette)
        else:
            swatch_colour = theme.speaker_colour(passage.speaker, palette)
            name_colour = palette.color(QPalette.ColorRole.Text)
        painter.setBrush(swatch_colour)
        painter.drawRoundedRect(swatch, 3, 3)
        painter.setFont(self._names)
        painter.setPen(name_colour)
        painter.drawText(QPointF(left + _SWATCH + 8, baseline), self.name(row))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a row."""
        palette, area, row = option.palette, option.rect, index.row()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.selected(palette))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        layout, top = self.paragraphs.layout(row), area.top() + self.paragraphs.top
        first = layout.lineAt(0)
        self._paint_margin(painter, area, top + first.y() + first.ascent(), row)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        left = area.left() + self._text_left()
        layout.draw(painter, QPointF(left, top), self._selections(row, palette), QRectF(area))
        dots = [line.translated(left, top) for line in self.paragraphs.dots(row)]
        paint_dots(painter, dots, theme.tone("warn", palette))
        if self._view.hasFocus() and self._view.currentIndex().row() == row:
            accent = palette.color(QPalette.ColorRole.Highlight)
            painter.fillRect(QRect(area.left(), area.top(), area.width(), 1), accent)
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), accent)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the row's height."""
        return QSize(self._text_left() + self.paragraphs.width, self.paragraphs.height(index.row()))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Say what is the matter with the word under the pointer."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return False
        row = index.row()
        corner = QPointF(option.rect.left() + self._text_left(), option.rect.top() + self.paragraphs.top)
        place = self.paragraphs.place_at(row, QPointF(event.pos()) - corner)
        remark = None if place is None else self._model.remark(row, place)
        QToolTip.showText(event.globalPos(), remark or "", view)
        return True
