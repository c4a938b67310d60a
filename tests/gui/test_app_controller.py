import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QSystemTrayIcon

from fi_desktop.app import App
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobState
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.application import check_display
from fi_desktop.gui.monitor.window import MonitorWindow
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import Page, changed, load
from tests.gui.conftest import FakeApp
from tests.gui.events import drop_files, open_windows


@pytest.fixture
def busy(qtbot, window, hand, recordings):
    """One job is running and two are waiting."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 3)
    job = hand.claim()
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RUNNING] == 1)
    return job


def press(qtbot, box: QMessageBox, text: str) -> None:
    (button,) = [button for button in box.buttons() if button.text().replace("&", "") == text]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_closing_an_idle_program_quits(qtbot, desktop, window, program):
    with qtbot.waitSignal(desktop.ended):
        window.close()
    assert program.calls == ["start", "stop"]
    assert not window.isVisible()


def test_closing_a_busy_program_asks_once(qtbot, desktop, window, busy):
    window.close()
    window.close()
    assert window.isVisible()
    (box,) = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert box is desktop.close_question.box
    assert box.text() == "Recordings are being processed: 1 running, 2 waiting."
    press(qtbot, box, "Cancel")
    assert desktop.close_question.box is None
    assert window.isVisible()
    window.close()
    qtbot.keyClick(desktop.close_question.box, Qt.Key.Key_Escape)
    assert desktop.close_question.box is None


def test_stop_safely_requeues_running_jobs(qtbot, desktop, window, program, busy, home):
    window.close()
    with qtbot.waitSignal(desktop.ended):
        press(qtbot, desktop.close_question.box, "Stop and quit")
    assert program.calls == ["start", "stop"]
    again = FakeApp(home)
    again.start()
    assert again.hand.do(lambda service: service.transitions.store.get(busy.id)).state is JobState.QUEUED
    again.stop()


def test_keep_running_without_a_tray_minimises(qtbot, desktop, window, program, busy):
    window.close()
    press(qtbot, desktop.close_question.box, "Continue minimized")
    assert window.isMinimized()
    assert program.calls == ["start"]


def test_keep_running_hides_in_the_tray(qtbot, dressed, program, monkeypatch, recordings):
    # the offscreen platform has no tray
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda icon: None)
    desktop = AppController(program)
    window = desktop.window
    window.show()
    desktop.start([recordings[0]])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    window.close()
    press(qtbot, desktop.close_question.box, "Continue in the background")
    assert not window.isVisible()
    desktop._tray.show_requested.emit()
    assert window.isVisible()
    with qtbot.waitSignal(desktop.ended):
        desktop._tray.quit_requested.emit()
    assert program.calls == ["start", "stop"]


def test_second_launch_hands_over_its_files(qtbot, window, program, recordings):
    window.showMinimized()
    program.handover([str(file) for file in recordings])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    assert not window.isMinimized()


def test_second_launch_without_files_raises_the_window(qtbot, window, program):
    window.hide()
    program.handover([])
    qtbot.waitUntil(window.isVisible)
    assert window.jobs.rowCount() == 0


def test_files_given_at_start_are_added(qtbot, dressed, program, recordings):
    desktop = AppController(program)
    desktop.start(recordings)
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 3)
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()


def test_jobs_of_an_earlier_run_are_listed(qtbot, dressed, home, recordings):
    before = FakeApp(home)
    before.start()
    before.service.submit(recordings).result(120)
    before.stop()
    desktop = AppController(FakeApp(home))
    desktop.start([])
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 3)
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()


class TestRefused:
    @pytest.fixture
    def program(self, program):
        program.refusal = UserError(messages.STORE_DAMAGED)
        return program

    def test_queue_that_fails_to_start_says_why(self, qtbot, window):
        qtbot.waitUntil(lambda: window.message.text == "The queue's file is damaged.")
        assert window.status.workers_text == "The queue is not running"


def test_queue_of_a_newer_version_is_reported(qtbot, dressed, home):
    store = JobStore(home / "store")
    with store.transaction():
        store.rows.cache.set("m:schema", 999)
    store.close()
    desktop = AppController(
        App(changed(load({"FI_DESKTOP_HOME": str(home)}), {"language": "en"}), backend="idle")
    )
    desktop.window.show()
    desktop.start([])
    qtbot.waitUntil(lambda: "newer version of fi-desktop, and was not changed" in desktop.window.message.text)
    assert desktop.window.status.workers_text == "The queue is not running"
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    desktop.window.deleteLater()


def test_quit_by_key_stops_safely(qtbot, desktop, window, program):
    window.activateWindow()
    with qtbot.waitSignal(desktop.ended):
        qtbot.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert program.calls == ["start", "stop"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a display always")
def test_missing_display_is_reported_in_one_sentence():
    with pytest.raises(UserError, match="There is no display"):
        check_display({})
    check_display({"DISPLAY": ":0"})
    check_display({"QT_QPA_PLATFORM": "offscreen"})


def test_style_follows_the_palette(qtbot, dressed):
    from tests.gui.shots import dark_palette

    light, before = QApplication.palette(), dressed.styleSheet()
    dressed.setPalette(dark_palette())
    qtbot.waitUntil(lambda: dressed.styleSheet() != before)
    dressed.setPalette(light)
    qtbot.waitUntil(lambda: dressed.styleSheet() == before)


def test_monitor_opens_once_and_closes_with_the_program(qtbot, desktop, window):
    window.commands.monitor.trigger()
    window.commands.monitor.trigger()
    (monitor,) = open_windows(MonitorWindow)
    assert monitor.parent() is None  # a child window would always stay above the main window
    monitor.alerts.click()
    dialog = desktop.preferences.dialog
    assert list(Page)[dialog.pages.currentRow()] is Page.ALERTS
    assert dialog.rows["alert_queue"].isVisible()
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    assert not open_windows(MonitorWindow)
