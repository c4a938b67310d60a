"""The Queue menu: what is chosen is saved, applied and shown."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt, QTime
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from fi_desktop.core.job import START_NOW
from fi_desktop.gui.job_table.operations import RowMenu
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.jobs.queue_events import QueueHeld, WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.jobs.run_times import RunTimes
from fi_desktop.settings import changed, load
from tests.app_driver import TIMEOUT_S


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
    qtbot.waitUntil(lambda: not program.settings.low_priority and not action.isChecked())
    assert not load({"FI_DESKTOP_HOME": str(home)}).low_priority
    choose(qtbot, window, action)
    qtbot.waitUntil(lambda: program.settings.low_priority and action.isChecked())


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


# ---- times


def test_times_are_chosen_saved_and_shown(qtbot, window, program, home: Path):
    commands = window.commands
    assert (commands.any_time.isChecked(), commands.at_night.isChecked()) == (True, False)
    choose(qtbot, window, commands.at_night)
    qtbot.waitUntil(lambda: program.settings.run_at == "night")
    choose(qtbot, window, commands.only_mains)
    qtbot.waitUntil(lambda: program.settings.only_mains)
    assert (commands.any_time.isChecked(), commands.at_night.isChecked()) == (False, True)
    saved = load({"FI_DESKTOP_HOME": str(home)})
    assert (saved.run_at, saved.only_mains) == ("night", True)
    choose(qtbot, window, commands.any_time)
    qtbot.waitUntil(lambda: program.settings.run_at == "any")


def test_settings_of_another_process_are_shown(qtbot, window, program):
    settings = changed(program.settings, {"run_at": "night", "night_from": "22:30", "low_priority": False})
    program.other_settings(settings)
    qtbot.waitUntil(window.commands.at_night.isChecked)
    assert not window.commands.low_priority.isChecked()
    assert "22:30" in window.commands.at_night.text() or "10:30" in window.commands.at_night.text()


def test_waiting_jobs_say_what_they_wait_for(qtbot, window, hand, program, recordings):
    program.service.submit(recordings, again=True).result(TIMEOUT_S)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == len(recordings))
    until = QDateTime(QDate(2026, 11, 28), QTime(20, 0))
    sentence = f"Waiting until {QLocale().toString(until.time(), QLocale.FormatType.ShortFormat)}"
    program.service.publish_now(QueueHeld(until=until.toSecsSinceEpoch()))
    qtbot.waitUntil(lambda: window.status.jobs_text.startswith(sentence))
    assert details(window) == [sentence] * len(recordings)
    program.service.publish_now(QueueHeld(for_mains=True))
    qtbot.waitUntil(lambda: window.status.jobs_text.startswith("Waiting for mains power"))
    assert details(window) == ["Waiting for mains power"] * len(recordings)
    program.service.publish_now(QueueHeld())
    qtbot.waitUntil(lambda: "Waiting" not in window.status.jobs_text)
    assert details(window) == [""] * len(recordings)


def details(window: MainWindow) -> list[str]:
    """Return what the table says below each name."""
    role = Qt.ItemDataRole.AccessibleDescriptionRole
    return [window.jobs.data(window.jobs.index(row, 0), role) for row in range(window.jobs.rowCount())]


def test_the_row_menu_starts_a_job_now_tonight_or_with_the_queue(qtbot, window, program, recordings):
    (job_id,) = program.service.submit(recordings[:1], again=True).result(TIMEOUT_S).ids
    program.service.publish_now(QueueHeld(for_mains=True))
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    window.table.select(job_id)
    start(qtbot, window, "Now")
    qtbot.waitUntil(lambda: details(window) == [""])
    assert program.service.job(job_id).result(TIMEOUT_S).start_at == START_NOW
    window.job_controller.times = RunTimes.of(changed(program.settings, not_now()))
    start(qtbot, window, "Tonight")
    qtbot.waitUntil(lambda: details(window)[0].startswith("Waiting until"))
    assert program.service.job(job_id).result(TIMEOUT_S).start_at > time.time()
    start(qtbot, window, "With the queue")
    qtbot.waitUntil(lambda: details(window) == ["Waiting for mains power"])


def not_now() -> dict[str, str]:
    """Return settings with a night that begins in some hours."""
    hour = datetime.fromtimestamp(time.time()).astimezone().hour
    return {"night_from": f"{(hour + 3) % 24:02}:00", "night_until": f"{(hour + 5) % 24:02}:00"}


def start(qtbot, window: MainWindow, label: str) -> None:
    """Choose an entry of the row menu's Start menu as a person does, by keys."""
    position = window.table.viewport().mapToGlobal(window.table.viewport().rect().center())
    window.table.menu_requested.emit(position)
    (menu,) = (each for each in window.findChildren(RowMenu) if each.isVisible())
    (entry,) = (action for action in menu.actions() if action.text() == "&Start")
    starts = entry.menu()
    assert isinstance(starts, QMenu)
    menu.setActiveAction(entry)
    qtbot.waitUntil(starts.isVisible)
    (chosen,) = (action for action in starts.actions() if action.text().replace("&", "") == label)
    qtbot.mouseClick(starts, Qt.MouseButton.LeftButton, pos=starts.actionGeometry(chosen).center())
    qtbot.waitUntil(lambda: not [each for each in window.findChildren(RowMenu) if each.isVisible()])


def test_a_restored_window_still_says_what_jobs_wait_for(qtbot, window, desktop, program, recordings):
    program.service.submit(recordings, again=True).result(TIMEOUT_S)
    program.service.publish_now(QueueHeld(for_mains=True))
    qtbot.waitUntil(lambda: "Waiting for mains power" in window.status.jobs_text)
    desktop.set_language("es")
    qtbot.waitUntil(lambda: "corriente" in desktop.window.status.jobs_text)
