"""The same rows in Qt's own models and widgets, for comparison in `table.py`."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QApplication, QTableView, QTableWidget, QTableWidgetItem

COLUMNS = 8
Took = Callable[[QApplication, Callable[[], object]], float]


class PlainModel(QAbstractTableModel):
    """A list of rows."""

    def __init__(self, rows: list[tuple[str, ...]]) -> None:
        super().__init__()
        self.rows = rows

    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else COLUMNS

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text."""
        return self.rows[index.row()][index.column()] if role == Qt.ItemDataRole.DisplayRole else None


def measure(application: QApplication, jobs: int, took_ms: Took, say: Callable[[str, str], None]) -> None:
    """Print the times of a proxy over a plain model, and of a table widget."""
    rng = random.Random(1)
    rows = [(f"Consulta {rng.randrange(10**6):06d}.wav", *("x",) * (COLUMNS - 1)) for _ in range(jobs)]
    model = PlainModel(rows)
    proxy = QSortFilterProxyModel()
    proxy.setSourceModel(model)
    view = QTableView()
    view.resize(1120, 700)
    view.setModel(proxy)
    say("QSortFilterProxyModel: shown", f"{took_ms(application, view.show):.0f} ms")
    say("QSortFilterProxyModel: sort by name", f"{took_ms(application, lambda: proxy.sort(0)):,.0f} ms")
    say(
        "QSortFilterProxyModel: a key typed",
        f"{took_ms(application, lambda: proxy.setFilterFixedString('12')):,.0f} ms",
    )
    view.close()
    widget = QTableWidget()
    widget.resize(1120, 700)
    say("QTableWidget: filled and shown", f"{took_ms(application, lambda: _fill(widget, rows)):,.0f} ms")
    say("QTableWidget: sort by name", f"{took_ms(application, lambda: widget.sortItems(0)):,.0f} ms")
    widget.close()


def _fill(widget: QTableWidget, rows: list[tuple[str, ...]]) -> None:
    widget.setColumnCount(COLUMNS)
    widget.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            widget.setItem(number, column, QTableWidgetItem(text))
    widget.show()
