"""The Queue menu: what is chosen is saved, applied and shown."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from fi_desktop.gui.main_window import MainWindow
from fi_desktop.jobs.queue_events import WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.settings import load


def queue_menu(window: MainWindow) -> QMenu:
    (menu,) = (
        action.menu() for action in window.menuBar().actions() if window.commands.pause in actions(action)
    )
    assert isinstance(menu, QMenu)
    return menu


def actions(action: QAction) -> list[QAction]:
    menu = action.menu()
    return menu.actions() if isinstance(menu, QMenu) else []


def choose(qtbot, window: MainWindow, action: QAction) -> None:
    """Choose an action of the Queue menu as a person does."""
    menu = queue_menu(window)
    menu.popup(window.mapToGlobal(window.rect().topLeft()))
    qtbot.waitUntil(menu.isVisible)
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: not menu.isVisible())


def test_low_priority_is_on_and_can_be_switched(qtbot, window, program, home: Path):
    action = window.commands.low_priority
    assert action.isChecked()
    choose(qtbot, window, action)
    qtbot.waitUntil(lambda: not program.settings.low_priority)
    assert not load({"FI_DESKTOP_HOME": str(home)}).low_priority
    assert not action.isChecked()
    choose(qtbot, window, action)
    qtbot.waitUntil(lambda: program.settings.low_priority)
    assert action.isChecked()


def workers(*, low: bool) -> WorkersChanged:
    return WorkersChanged((WorkerInfo("worker-1", 1, WorkerState.BUSY, 1, 0.0, 0, 0, low),))


def test_running_jobs_that_keep_their_low_priority_are_named_once(qtbot, window):
    said = "Recordings in progress finish at low priority; the next ones run at full speed."
    window._bridge.events_arrived.emit((workers(low=True),))
    assert window.message.text != said
    choose(qtbot, window, window.commands.low_priority)
    window._bridge.events_arrived.emit((workers(low=False),))
    assert window.message.text != said
    window._bridge.events_arrived.emit((workers(low=True),))
    assert window.message.text == said


def test_a_setting_of_the_environment_stays(qtbot, window, program):
    program.settings = load({"FI_DESKTOP_HOME": str(program.settings.home), "FI_DESKTOP_LOW_PRIORITY": "yes"})
    choose(qtbot, window, window.commands.low_priority)
    qtbot.waitUntil(lambda: "low_priority" in window.message.text)
    assert window.commands.low_priority.isChecked()
