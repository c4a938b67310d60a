"""Widgets of the monitor's pages: tables of figures, tiles with counts, and a segmented control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import theme, widgets
from fi_desktop.gui.monitor.monitor_labels import NOTHING
from fi_desktop.gui.widgets import (
    PAD,
    ReadOnlyTable,
    StretchedColumn,
    draw_text,
    paint_background,
    paint_focus,
)

ICON = 16
"""Icon size in tables, pixels."""

Index = QModelIndex | QPersistentModelIndex

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what it shows.
        icon: name of an icon before the text, or "".
        tone: colour of icon and text, or "".
        spoken: tooltip and accessible description, or "".
    """

    text: str
    icon: str = ""
    tone: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class ColumnHeading:
    """A column's heading.

    Attributes:
        text: what it shows.
        tip: tooltip, or "".
        figures: whether the column holds numbers, which are right-aligned.
    """

    text: str
    tip: str = ""
    figures: bool = False


class RowsModel(QAbstractTableModel):
    """A few rows that are replaced as a whole; subclasses provide the cells' data.

    Attributes:
        headings: one per column.
        rows: the current rows.
    """

    def __init__(self, headings: Sequence[ColumnHeading], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.headings = tuple(headings)
        self.rows: list[Any] = []

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Replace the rows; the selection stays in place."""
        before, after = len(self.rows), len(rows)
        if after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            del self.rows[after:]
            self.endRemoveRows()
        kept = min(before, after)
        changed = [number for number in range(kept) if self.rows[number] != rows[number]]
        self.rows[:kept] = rows[:kept]
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(self.headings) - 1))
        if after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self.rows.extend(rows[before:])
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.headings)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a heading's text, tooltip or alignment."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        heading = self.headings[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return heading.text
            case Qt.ItemDataRole.ToolTipRole:
                return heading.tip or None
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if heading.figures else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
            case _:
                return None


class CellsModel(RowsModel):
    """Rows of `Cell`s."""

    def cell(self, index: Index) -> Cell:
        """Return the cell at an index."""
        cell: Cell = self.rows[index.row()][index.column()]
        return cell

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, tooltip or accessible description."""
        if not index.isValid():
            return None
        cell = self.cell(index)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return widgets.plain_tooltip(cell.spoken) or None
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return cell.spoken or None
            case _:
                return None


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
            name: accessible name.
            model: the cells.
            widest: the longest text of each fixed-width column; the remaining column takes the rest.
            parent: the owner.
            signs: whether cells have theme.
            min_chars: minimum width of the remaining column, characters.
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
        """Fix the height to a number of rows, so that nothing below moves."""
        self._rows = rows
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalScrollBar().rangeChanged.connect(self._fit_height)
        self._fit_height()

    @Slot()
    def _fit_height(self) -> None:
        """Include the scroll bar if the columns are wider than the window."""
        bar, heading = self.horizontalScrollBar(), self.horizontalHeader().sizeHint().height()
        height = self._rows * self.verticalHeader().defaultSectionSize() + heading
        self.setFixedHeight(height + (bar.sizeHint().height() if bar.maximum() > 0 else 0))


class FiguresDelegate(QStyledItemDelegate):
    """Paints a cell: text on the left, numbers in tabular figures on the right, after an icon if any."""

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
        indent = PAD // 2 if index.column() == 0 else 0
        area = option.rect.adjusted(PAD + indent, 0, -PAD, 0)
        if cell.icon:
            width = theme.text_width(font, cell.text) + ICON + 7 if heading.figures else 0
            at = area.right() + 1 - width if heading.figures else area.left()
            icon = theme.pixmap(cell.icon, ICON, colour, self._view.devicePixelRatioF())
            painter.drawPixmap(at, area.center().y() - ICON // 2 + 1, icon)
            area = area if heading.figures else area.adjusted(ICON + 7, 0, 0, 0)
        draw_text(painter, area, cell.text, font, colour, right=heading.figures)
        paint_focus(painter, option, self._view, index.row())
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the height of one line."""
        return QSize(60, self._view.verticalHeader().defaultSectionSize())


class SegmentedControl(QWidget):
    """A row of buttons, one of which is checked; the arrow keys move along them.

    Attributes:
        buttons: one per label.

    Signals:
        chosen: index of the label that the person or `choose` selected.
    """

    chosen = Signal(int)

    def __init__(self, name: str, labels: Sequence[str], parent: QWidget | None = None) -> None:
        """MessageAction `labels`, the first one selected; `name`: accessible name."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self.buttons: list[_SegmentButton] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for number, label in enumerate(labels):
            button = _SegmentButton(self)
            button.setText(label)
            button.setCheckable(True)
            button.setAccessibleName(label)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.stepped.connect(self._on_stepped)
            self._group.addButton(button, number)
            self.buttons.append(button)
            row.addWidget(button)
        self.buttons[0].setChecked(True)
        self._group.idToggled.connect(self._on_toggled)

    @property
    def current(self) -> int:
        """Index of the selected label."""
        return self._group.checkedId()

    def choose(self, number: int) -> None:
        """Select a label."""
        self.buttons[number].setChecked(True)

    @Slot(int, bool)
    def _on_toggled(self, number: int, checked: bool) -> None:
        if checked:
            self.chosen.emit(number)

    @Slot(int)
    def _on_stepped(self, step: int) -> None:
        number = (self.current + step) % len(self.buttons)
        self.choose(number)
        self.buttons[number].setFocus()


class _SegmentButton(QToolButton):
    """A button of the segmented control.

    Signals:
        stepped: an arrow key was pressed: -1 or 1. Qt itself would move the focus only.
    """

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move to the next or previous button with an arrow key."""
        if event.key() in _STEPS:
            self.stepped.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class CountTiles(QWidget):
    """A row of large numbers over their captions, all of the same width."""

    def __init__(self, captions: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._captions = tuple(captions)
        self._numbers: list[QLabel] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 14)
        row.setSpacing(12)
        for caption in captions:
            number, below = QLabel(NOTHING, self), QLabel(caption, self)
            number.setFont(theme.tabular(theme.scaled(self.font(), 1.7, QFont.Weight.DemiBold)))
            below.setObjectName("quiet")
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(number)
            column.addWidget(below)
            row.addLayout(column, 1)
            self._numbers.append(number)

    @property
    def texts(self) -> tuple[str, ...]:
        """The numbers as shown."""
        return tuple(number.text() for number in self._numbers)

    def show_texts(self, texts: Sequence[str], tips: Sequence[str] = ()) -> None:
        """Show numbers, one per caption; tips: their tooltips."""
        for number, caption, text in zip(self._numbers, self._captions, texts, strict=True):
            number.setText(text)
            number.setAccessibleName(f"{caption}: {text}")
        for number, tip in zip(self._numbers, tips, strict=False):
            number.setToolTip(tip)
