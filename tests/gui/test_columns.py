"""A column of the job table is one entry; everything else follows from it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible

from fi_desktop.core.values import Priority
from fi_desktop.gui.job_table.columns import COLUMNS, NAME, RIGHT, Column, column_index
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.jobs.queue_events import JobChanged
from tests.gui import samples

PRIORITY = Column(
    "priority",
    "Priority",
    text=lambda texts, row, now: texts.labels.priority(row.priority),
    sort_key=lambda row: row.priority,
    tip="How soon it is processed",
    cell_tip=lambda texts, row, now: f"Priority {row.priority.name}",
    width=lambda texts: map(texts.labels.priority, Priority),
)
INDEX = len(COLUMNS)


@pytest.fixture
def make_window(qtbot, dressed, program, bridge):
    def make() -> MainWindow:
        window = MainWindow(
            program.service, program.settings, bridge, JobsModel(columns=(*COLUMNS, PRIORITY))
        )
        qtbot.addWidget(window)
        window.closable = True
        window.jobs.apply_events(
            tuple(map(submitted, (1, 2, 3), (Priority.NORMAL, Priority.LOW, Priority.URGENT)))
        )
        qtbot.waitUntil(lambda: window.jobs.settled and window.jobs.rowCount() == 3)
        window.resize(1600, 400)
        window.show()
        return window

    return make


def submitted(job_id: int, priority: Priority) -> JobChanged:
    event = samples.submitted(job_id, f"{priority.name}.wav")
    return replace(event, job=replace(event.job, priority=priority))


def names(window):
    return [window.jobs.index(position, NAME).data() for position in range(3)]


def test_an_added_column_is_shown_with_tooltips_and_read_by_a_screen_reader(make_window):
    window = make_window()
    model, header = window.jobs, window.table.horizontalHeader()
    horizontal = Qt.Orientation.Horizontal
    assert model.headerData(INDEX, horizontal) == "Priority"
    assert model.headerData(INDEX, horizontal, Qt.ItemDataRole.ToolTipRole) == "How soon it is processed"
    assert model.headerData(INDEX, horizontal, Qt.ItemDataRole.TextAlignmentRole) == RIGHT
    assert model.index(0, INDEX).data() == "Urgent"
    assert model.index(0, INDEX).data(Qt.ItemDataRole.ToolTipRole) == "Priority URGENT"
    assert header.sectionSize(INDEX) > window.table.fontMetrics().horizontalAdvance("Priority")
    table = QAccessible.queryAccessibleInterface(window.table)
    read = {table.child(number).text(QAccessible.Text.Name) for number in range(table.childCount())}
    assert {"Priority", "Urgent", "Normal", "Low"} <= read


def test_an_added_column_sorts(make_window):
    window = make_window()
    assert names(window) == ["URGENT.wav", "LOW.wav", "NORMAL.wav"]
    for order, first in ((Qt.SortOrder.AscendingOrder, min), (Qt.SortOrder.DescendingOrder, max)):
        window.table.sortByColumn(INDEX, order)
        assert names(window)[0] == f"{first(Priority).name}.wav"


def test_an_added_column_is_hidden_from_the_menu_and_remembered(make_window):
    window = make_window()
    action = window.table.columns.menu.actions()[INDEX]
    assert (action.text(), action.isChecked()) == ("Priority", True)
    action.trigger()
    assert window.table.isColumnHidden(INDEX)
    window.close()
    again = make_window()
    assert again.table.isColumnHidden(INDEX)
    assert not again.table.isColumnHidden(column_index("state"))


def test_every_column_has_a_unique_key_and_heading(qapp):
    assert len({column.key for column in COLUMNS}) == len(COLUMNS)
    assert len({column.heading for column in COLUMNS}) == len(COLUMNS)
