"""The column that takes the remaining width."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QHeaderView, QTableView

from fi_desktop.gui.widgets import StretchedColumn


def test_stretched_column_ignores_a_deleted_header(qtbot):
    table = QTableView()
    qtbot.addWidget(table)
    table.setModel(QStandardItemModel(1, 3, table))
    StretchedColumn(table, 1, min_chars=4)
    table.show()
    table.setHorizontalHeader(QHeaderView(Qt.Orientation.Horizontal, table))  # deletes the previous one
    table.resize(900, 400)
    assert table.viewport().width() > 400
