"""Tables of figures: cells that say what they mean, and models that show the next look without a jump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from fi_desktop.gui import widgets

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says.

    Attributes:
        text: the words or figures.
        icon, tone: a drawing before them and the colour of both, or "".
        spoken: what a screen reader says beside the text, and the tooltip; or "".
    """

    text: str
    icon: str = ""
    tone: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading.

    Attributes:
        text: the word; tip: what it holds, in a sentence, or "".
        figures: whether it holds figures, which stand on the right.
    """

    text: str
    tip: str = ""
    figures: bool = False


class RowsModel(QAbstractTableModel):
    """A few rows, shown anew as a whole at every look. What a cell says is the subclass's.

    Attributes:
        headings: of the columns.
    """

    def __init__(self, headings: Sequence[Heading], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.headings = tuple(headings)
        self.rows: list[Any] = []

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Show these instead; what is selected stays where it is."""
        before, after = len(self.rows), len(rows)
        if after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            del self.rows[after:]
            self.endRemoveRows()
        kept = min(before, after)
        changed = [place for place in range(kept) if self.rows[place] != rows[place]]
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
        """Return a column's heading."""
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
    """Rows of cells."""

    def cell(self, index: Index) -> Cell:
        """Return the cell behind an index."""
        cell: Cell = self.rows[index.row()][index.column()]
        return cell

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell says."""
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
