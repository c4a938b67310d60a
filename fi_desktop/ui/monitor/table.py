"""The monitor's tables: one look for all of them, and the delegate that paints cells of figures."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from fi_desktop.ui import icons, theme
from fi_desktop.ui.monitor.cells import CellsModel
from fi_desktop.ui.monitor.words import NOTHING

PAD = 10
ICON = 16
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class MonitorTable(QTableView):
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


class FiguresTable(MonitorTable):
    """A table of cells."""

    def __init__(
        self,
        name: str,
        model: CellsModel,
        widest: dict[int, str],
        parent: QWidget | None = None,
        *,
        signs: bool = False,
    ) -> None:
        """Show `model`.

        Args:
            name: what a screen reader calls it.
            model: the cells.
            widest: the longest text that each column of a fixed width will hold; the others share the rest.
            parent: its owner.
            signs: whether there are signs before the texts.
        """
        super().__init__(name, 0, parent)
        self.setModel(model)
        self.setItemDelegate(FiguresDelegate(self, model))
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 14)
        figures = QFontMetrics(theme.tabular(self.font()))
        for column, heading in enumerate(model.headings):
            if column in widest:
                text = max(widest[column], heading.text, key=figures.horizontalAdvance)
                width = figures.horizontalAdvance(text) + (ICON + 7 if signs else 0) + 2 * PAD + 6
                self.horizontalHeader().resizeSection(column, width)
            else:
                self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def fit_rows(self, rows: int) -> None:
        """Be as high as so many rows and the headings need, so that nothing below ever moves."""
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        heading = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(rows * self.verticalHeader().defaultSectionSize() + heading)


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
        paint_ground(painter, option)
        colour = theme.tone(cell.tone, palette) if cell.tone else palette.color(QPalette.ColorRole.Text)
        if cell.text == NOTHING:
            colour = theme.quiet(palette)
        font = theme.tabular(option.font)
        first = PAD // 2 if index.column() == 0 else 0
        area = option.rect.adjusted(PAD + first, 0, -PAD, 0)
        if cell.icon:
            width = QFontMetrics(font).horizontalAdvance(cell.text) + ICON + 7 if heading.figures else 0
            at = area.right() + 1 - width if heading.figures else area.left()
            drawing = icons.pixmap(cell.icon, ICON, colour, self._view.devicePixelRatioF())
            painter.drawPixmap(at, area.center().y() - ICON // 2 + 1, drawing)
            area = area if heading.figures else area.adjusted(ICON + 7, 0, 0, 0)
        write(painter, area, cell.text, font, colour, right=heading.figures)
        paint_focus(painter, option, self._view, index.row())
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return a line's height."""
        return QSize(60, self._view.verticalHeader().defaultSectionSize())


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
