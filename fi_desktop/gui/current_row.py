"""The mark of a table's current row, which goes over all of its cells.

Qt paints again only the two cells that the keyboard left and went to.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QRect, Slot
from PySide6.QtWidgets import QTableView


class CurrentRow(QObject):
    """Has both whole rows painted again when another one becomes the current one."""

    def __init__(self, table: QTableView) -> None:
        """Take care of a table that has its model."""
        super().__init__(table)
        self._table = table
        table.selectionModel().currentRowChanged.connect(self._on_changed)

    @Slot(QModelIndex, QModelIndex)
    def _on_changed(self, now: QModelIndex, before: QModelIndex) -> None:
        viewport = self._table.viewport()
        for row in (now.row(), before.row()):
            top = self._table.rowViewportPosition(row)
            viewport.update(QRect(0, top, viewport.width(), self._table.rowHeight(row)))
