"""Tables that are read, not changed: one set-up for all of them, and what their delegates paint alike."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.current_row import CurrentRow

PAD = 10
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ReadOnlyTable(QTableView):
    """A table that is read, not changed: rows are walked with the arrows, Tab leaves it."""

    def __init__(self, name: str, row_height: int, parent: QWidget | None = None) -> None:
        """Make an empty table; `name` is what a screen reader calls it, `row_height` is in pixels."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(row_height)
        header = self.horizontalHeader()
        header.setAccessibleName(self.tr("Columns"))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(40)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show a model."""
        super().setModel(model)
        if model is not None:
            CurrentRow(self)


def paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Paint what lies below a cell: the selection, and a line."""
    ground = option.rect.adjusted(0, 0, 1, 0)  # a pixel more, or fractional scales show seams
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(ground, theme.selected(option.palette))
    painter.fillRect(option.rect.adjusted(0, option.rect.height() - 1, 0, 0), theme.hairline(option.palette))


def paint_focus(painter: QPainter, option: QStyleOptionViewItem, view: QTableView, row: int) -> None:
    """Mark the row in which the keyboard is."""
    if view.hasFocus() and view.currentIndex().row() == row:
        accent = option.palette.color(QPalette.ColorRole.Highlight)
        painter.fillRect(option.rect.adjusted(0, 0, 0, 1 - option.rect.height()), accent)
        painter.fillRect(option.rect.adjusted(0, option.rect.height() - 1, 0, 0), accent)


def write(
    painter: QPainter,
    area: QRect,
    text: str,
    font: QFont,
    colour: QColor,
    *,
    right: bool = False,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """Write one line, shortened where it does not fit."""
    painter.setFont(font)
    painter.setPen(colour)
    shown = QFontMetrics(font).elidedText(text, elide, area.width())
    painter.drawText(area, _RIGHT if right else _LEFT, shown)
