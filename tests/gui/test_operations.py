"""An operation on jobs is one entry, which menus, toolbar and the list of shortcuts read."""

import pytest
from PySide6.QtWidgets import QMenu

from fi_desktop.gui.actions import ToolBar
from fi_desktop.gui.job_table.operations import OPERATIONS, RowMenu
from tests.gui.events import drop_files

IN_TOOLBAR = [operation for operation in OPERATIONS if operation.in_toolbar]


def plain(text: str) -> str:
    return text.replace("&", "")


def texts(menu: QMenu) -> set[str]:
    return {plain(action.text()) for action in menu.actions()}


@pytest.fixture
def selected(qtbot, window, recordings):
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    window.table.selectRow(0)
    return window


def test_every_operation_is_in_the_row_menu(selected):
    actions = selected.commands
    menu = RowMenu(actions.job_actions, actions.export, selected.job_controller, selected.table, selected)
    assert {plain(operation.label) for operation in OPERATIONS} <= texts(menu)


@pytest.mark.parametrize("operation", IN_TOOLBAR, ids=[each.key for each in IN_TOOLBAR])
def test_operations_of_the_toolbar_are_in_the_job_menu_and_the_list_of_shortcuts(selected, operation):
    action = selected.commands.jobs[operation.key]
    job_menu = next(each.menu() for each in selected.menuBar().actions() if plain(each.text()) == "Job")
    assert action in job_menu.actions()
    assert action in selected.findChild(ToolBar).actions()
    assert not action.icon().isNull()
    assert action.toolTip().startswith(operation.label_tip)
    selected.help.shortcuts.trigger()
    assert plain(operation.label) in dict(selected.help.shortcuts_dialog.shortcuts)
    assert action.isEnabled() == operation.applies(selected.table.selected_rows())


def test_every_operation_has_a_unique_key_and_label(qapp):
    assert len({operation.key for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({operation.label for operation in OPERATIONS}) == len(OPERATIONS)
