"""The list of found lines: who says it and where above, the text with what was found below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt, Signal, Slot
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPalette,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.find.found_lines import FoundLinesModel
from fi_desktop.gui.widgets import ReadOnlyTable, draw_text, paint_background, paint_focus
from fi_desktop.viewmodel.found import Excerpt

_PAD_X, _PAD_Y, _LINE_GAP = 16, 7, 3
_LONGEST = 400  # characters that are laid out: no window shows more in one line
_Index = QModelIndex | QPersistentModelIndex


class FoundDelegate(QStyledItemDelegate):
    """Paints a line that was found.

    Attributes:
        row_height: height of two lines of text, pixels.
    """

    def __init__(self, view: QTableView, model: FoundLinesModel) -> None:
        super().__init__(view)
        self._view, self._model = view, model
        self.set_font(view.font())

    def set_font(self, font: QFont) -> None:
        """Measure for this font."""
        self._facts = theme.tabular(theme.scaled(font, 0.92))
        self._speakers = theme.tabular(theme.scaled(font, 0.92, QFont.Weight.DemiBold))
        self._words = theme.scaled(font, 1.1)
        self._facts_height = QFontMetrics(self._speakers).height()
        self._words_height = QFontMetrics(self._words).height()
        self.row_height = 2 * _PAD_Y + self._facts_height + _LINE_GAP + self._words_height + 1

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a line."""
        painter.save()
        paint_background(painter, option)
        palette, row = option.palette, index.row()
        area = option.rect.adjusted(_PAD_X, _PAD_Y, -_PAD_X, -_PAD_Y)
        above = QRect(area.left(), area.top(), area.width(), self._facts_height)
        speaker = self._model.speaker_at(row)
        text = palette.color(QPalette.ColorRole.Text)
        draw_text(painter, above.adjusted(0, 0, -above.width() // 2, 0), speaker, self._speakers, text)
        recording = self._model.recording_at(row)
        facts = above.adjusted(above.width() // 2, 0, 0, 0)
        middle = Qt.TextElideMode.ElideMiddle
        draw_text(painter, facts, recording, self._facts, theme.quiet(palette), right=True, elide=middle)
        below = QRect(area.left(), above.bottom() + 1 + _LINE_GAP, area.width(), self._words_height)
        self._paint_words(painter, below, self._model.excerpt_at(row), palette)
        paint_focus(painter, option, self._view, row)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRect, excerpt: Excerpt, palette: QPalette) -> None:
        room = area.width()
        shown = excerpt.text[:_LONGEST]
        elided = QFontMetrics(self._words).elidedText(shown, Qt.TextElideMode.ElideRight, room)
        layout = QTextLayout(elided, self._words)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        layout.setTextOption(option)
        highlight = QTextCharFormat()
        highlight.setBackground(theme.mix(palette.base().color(), theme.tone("warn", palette), 0.22))
        highlight.setForeground(palette.color(QPalette.ColorRole.Text))
        formats = []
        for start, end in excerpt.marks:
            mark = QTextLayout.FormatRange()
            mark.start, mark.length, mark.format = start, end - start, highlight
            formats.append(mark)
        layout.setFormats(formats)
        layout.beginLayout()
        line = layout.createLine()
        line.setLineWidth(room)
        layout.endLayout()
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.setClipRect(area)
        layout.draw(painter, QPointF(area.topLeft()))
        painter.setClipping(False)


class FoundTable(ReadOnlyTable):
    """Lists the lines: Enter and a double click open one.

    Signals:
        opened: the number of the line to open.
    """

    opened = Signal(int)

    def __init__(self, name: str, model: FoundLinesModel, parent: QWidget | None = None) -> None:
        """Show lines; name: for screen readers."""
        super().__init__(name, 0, parent)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setModel(model)
        self._delegate = FoundDelegate(self, model)
        self.setItemDelegate(self._delegate)
        self._fit()
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().hide()
        self.doubleClicked.connect(self._on_double_clicked)

    def open_current(self) -> None:
        """Open the current line, or the first."""
        if self.model().rowCount():
            self.opened.emit(max(0, self.currentIndex().row()))

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(index.row())

    def _fit(self) -> None:
        self._delegate.set_font(self.font())
        self.verticalHeader().setDefaultSectionSize(self._delegate.row_height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_current()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_delegate"):
            self._fit()
