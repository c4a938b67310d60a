"""A column that takes the room which the others leave, but never less than it needs.

Qt's own stretched section gives way until nothing can be read in it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QHeaderView, QTableView


class StretchedColumn(QObject):
    """Keeps one column of a table as wide as there is room; the table scrolls where there is too little."""

    def __init__(self, table: QTableView, column: int, *, least_chars: int) -> None:
        """Take care of a column. `least_chars`: so many letters always have room."""
        super().__init__(table)
        self._table, self._column, self._least = table, column, least_chars
        self._header = table.horizontalHeader()
        self._header.sectionResized.connect(self._on_resized)
        self._header.geometriesChanged.connect(self.fit)
        table.viewport().installEventFilter(self)
        self.fit()

    @Slot()
    def fit(self) -> None:
        """Give it what the others leave."""
        header, column = self._header, self._column
        if header.count() <= column:
            return
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        others = sum(header.sectionSize(other) for other in range(header.count()) if other != column)
        least = self._least * self._table.fontMetrics().averageCharWidth()
        wanted = max(least, self._table.viewport().width() - others)
        if header.sectionSize(column) != wanted:
            header.resizeSection(column, wanted)

    @Slot(int, int, int)
    def _on_resized(self, column: int, _before: int, _now: int) -> None:
        if column != self._column:
            self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the width of the table."""
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return super().eventFilter(watched, event)
