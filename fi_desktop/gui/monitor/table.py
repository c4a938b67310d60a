"""The monitor's tables of figures, and the delegate that paints their cells."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.cells import CellsModel
from fi_desktop.gui.monitor.words import NOTHING
from fi_desktop.gui.widgets import (
    PAD,
    ReadOnlyTable,
    StretchedColumn,
    draw_text,
    paint_background,
    paint_focus,
)

ICON = 16


class FiguresTable(ReadOnlyTable):
    """A table of cells."""

    def __init__(
        self,
        name: str,
        model: CellsModel,
        widest: dict[int, str],
        parent: QWidget | None = None,
        *,
        signs: bool = False,
        min_chars: int = 12,
    ) -> None:
        """Show `model`.

        Args:
            name: what a screen reader calls it.
            model: the cells.
            widest: the longest text that each column of a fixed width will hold; the one other has the rest.
            parent: its owner.
            signs: whether there are signs before the texts.
            min_chars: so many letters of the other column always have room.
        """
        super().__init__(name, 0, parent)
        self._rows = 0
        self.setModel(model)
        self.setItemDelegate(FiguresDelegate(self, model))
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 14)
        width_of = partial(theme.digits_width, self.font())
        for column, heading in enumerate(model.headings):
            if column in widest:
                text = max(widest[column], heading.text, key=width_of)
                width = width_of(text) + (ICON + 7 if signs else 0) + 2 * PAD + 6
                self.horizontalHeader().resizeSection(column, width)
            else:
                StretchedColumn(self, column, min_chars=min_chars)

    def fit_rows(self, rows: int) -> None:
        """Be as high as so many rows and the headings need, so that nothing below ever moves."""
        self._rows = rows
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalScrollBar().rangeChanged.connect(self._fit_height)
        self._fit_height()

    @Slot()
    def _fit_height(self) -> None:
        """Leave room for the scroll bar too, where the columns are wider than the window."""
        bar, heading = self.horizontalScrollBar(), self.horizontalHeader().sizeHint().height()
        height = self._rows * self.verticalHeader().defaultSectionSize() + heading
        self.setFixedHeight(height + (bar.sizeHint().height() if bar.maximum() > 0 else 0))


class FiguresDelegate(QStyledItemDelegate):
    """Paints a cell: words on the left, figures of one width on the right, a sign before what was judged."""

    def __init__(self, view: QTableView, model: CellsModel) -> None:
        super().__init__(view)
        self._view = view
        self._model = model

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        cell, heading = self._model.cell(index), self._model.headings[index.column()]
        palette = option.palette
        painter.save()
        paint_background(painter, option)
        colour = theme.tone(cell.tone, palette) if cell.tone else palette.color(QPalette.ColorRole.Text)
        if cell.text == NOTHING:
            colour = theme.quiet(palette)
        font = theme.tabular(option.font)
        first = PAD // 2 if index.column() == 0 else 0
        area = option.rect.adjusted(PAD + first, 0, -PAD, 0)
        if cell.icon:
            width = theme.text_width(font, cell.text) + ICON + 7 if heading.figures else 0
            at = area.right() + 1 - width if heading.figures else area.left()
            drawing = theme.pixmap(cell.icon, ICON, colour, self._view.devicePixelRatioF())
            painter.drawPixmap(at, area.center().y() - ICON // 2 + 1, drawing)
            area = area if heading.figures else area.adjusted(ICON + 7, 0, 0, 0)
        draw_text(painter, area, cell.text, font, colour, right=heading.figures)
        paint_focus(painter, option, self._view, index.row())
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return a line's height."""
        return QSize(60, self._view.verticalHeader().defaultSectionSize())
