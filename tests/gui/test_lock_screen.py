import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import JobState
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.dialogs import PinDialog
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import PinAttempts
from tests.gui.conftest import FakeApp
from tests.gui.events import drop_files
from tests.gui.samples import consultation

PIN = "2468"


def accessible_names() -> set[str]:
    """All names in the accessible tree, including hidden widgets."""
    found: set[str] = set()

    def walk(interface) -> None:
        found.add(interface.text(QAccessible.Text.Name))
        for index in range(interface.childCount()):
            child = interface.child(index)
            if child is not None and child.isValid():
                walk(child)

    walk(QAccessible.queryAccessibleInterface(QApplication.instance()))
    return found


def type_pin(qtbot, desktop: AppController, typed: str) -> None:
    qtbot.waitUntil(lambda: desktop.lock.screen.form.field.isEnabled())
    QTest.keyClicks(desktop.lock.screen.form.field, typed)
    QTest.keyClick(desktop.lock.screen.form.field, Qt.Key.Key_Return)


def shown() -> list:
    return [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


@pytest.fixture
def locked(qtbot, desktop, window, hand, recordings, home):
    """Three recordings, one of them completed and open; then Ctrl+L."""
    pin.change(home, "", PIN)
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 3)
    hand.complete(hand.claim(), consultation())
    result = window.windows.open(1)
    qtbot.waitUntil(lambda: result.result is not None)
    window.commands.monitor.trigger()
    assert any("First.wav" in name for name in accessible_names())
    window.commands.lock.trigger()
    return desktop


def test_no_content_is_visible_or_accessible_while_locked(qtbot, locked, window):
    assert shown() == [locked.lock.screen]
    names = accessible_names()
    assert "fi-desktop is locked" in names
    assert not [name for name in names if ".wav" in name or ".mp3" in name or "Speaker" in name]
    assert "Monitor" not in names
    locked.lock.screen.forgot.click()
    qtbot.waitUntil(lambda: "PIN file" in accessible_names())
    type_pin(qtbot, locked, "1357")
    qtbot.waitUntil(lambda: locked.lock.screen.form.error == "Incorrect PIN. Try again in 1 s.")
    assert not locked.lock.screen.form.field.isEnabled()
    type_pin(qtbot, locked, PIN)
    qtbot.waitUntil(lambda: not locked.lock.locked)
    (result,) = window.windows.all()
    assert {window, result} < set(shown())
    assert len(shown()) == 3
    assert any("First.wav" in name for name in accessible_names())


def test_wrong_pins_double_the_wait():
    now = 100.0
    attempts = PinAttempts(lambda: now)
    waits = []
    for _ in range(4):
        attempts.record(correct=False)
        waits.append(attempts.wait_s)
        now += attempts.wait_s
        assert attempts.wait_s == 0.0
    assert waits == [1.0, 2.0, 4.0, 8.0]
    attempts.record(correct=True)
    assert (attempts.wait_s, attempts.failures) == (0.0, 0)


def test_jobs_drops_and_second_launches_work_while_locked(qtbot, locked, window, hand, program, tmp_path):
    for number, bring in enumerate(
        (lambda file: drop_files(locked.lock.screen, file), second_launch(program)), 4
    ):
        file = tmp_path / f"Secret {number}.wav"
        file.write_bytes(b"RIFF" + file.name.encode())
        bring(file)
        qtbot.waitUntil(lambda number=number: window.jobs.rowCount() == number)
    hand.complete(hand.claim(), consultation())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
    window.windows.open(2)
    window.commands.preferences.trigger()
    qtbot.waitUntil(lambda: shown() == [locked.lock.screen])
    assert not [name for name in accessible_names() if ".wav" in name or "Secret" in name]
    type_pin(qtbot, locked, PIN)
    qtbot.waitUntil(lambda: len(shown()) == 5)  # including those opened while locked


def second_launch(program: FakeApp):
    return lambda file: program.handover([str(file)])


def test_a_restart_stays_locked(qtbot, desktop, home):
    pin.change(home, "", PIN)
    desktop.lock.lock()
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    again = AppController(FakeApp(home))
    again.window.show()
    again.start([])
    assert shown() == [again.lock.screen]
    type_pin(qtbot, again, PIN)
    qtbot.waitUntil(again.window.isVisible)
    with qtbot.waitSignal(again.ended):
        again.stop()
    assert not pin.was_locked(home)


def test_a_window_in_the_tray_is_locked(qtbot, desktop, window, hand, recordings, home):
    pin.change(home, "", PIN)
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    window.hide()
    desktop.lock.lock()
    assert shown() == []
    assert not [name for name in accessible_names() if ".wav" in name]
    desktop._bring_to_front()
    assert shown() == [desktop.lock.screen]
    pin.pin_file(home).unlink()  # as the lock screen explains
    type_pin(qtbot, desktop, "")
    qtbot.waitUntil(window.isVisible)


def test_locking_without_a_pin_asks_for_one_and_then_locks(qtbot, desktop, window, home):
    window.commands.lock.trigger()
    (dialog,) = window.findChildren(PinDialog)
    assert not dialog.current.isVisible()
    dialog.new.setText("123")
    dialog.save.click()
    assert dialog.error == "The PIN must have at least 4 characters."
    dialog.new.setText(PIN)
    dialog.save.click()
    assert dialog.error == "The PINs do not match."
    dialog.repeat.setText(PIN)
    dialog.save.click()
    qtbot.waitUntil(lambda: desktop.lock.locked)
    kept = json.loads(Path(home, "pin.json").read_text())
    assert PIN not in json.dumps(kept)
    type_pin(qtbot, desktop, PIN)
    qtbot.waitUntil(window.isVisible)


def test_changing_the_pin_needs_the_current_one(qtbot, desktop, window, home):
    pin.change(home, "", PIN)
    window.commands.preferences.trigger()
    desktop.preferences.dialog.pin.button.click()
    (dialog,) = window.findChildren(PinDialog)
    for field in (dialog.new, dialog.repeat):
        field.setText("97531")
    dialog.current.setText("0000")
    dialog.save.click()
    qtbot.waitUntil(lambda: dialog.error == "Current PIN is incorrect.")
    qtbot.waitUntil(lambda: desktop.lock.attempts.wait_s == 0.0)
    dialog.current.setText(PIN)
    with qtbot.waitSignal(dialog.changed):
        dialog.save.click()
    assert pin.matches(home, "97531")
    assert not pin.change(home, "x", "")
    assert pin.change(home, "97531", "")
    assert not pin.is_set(home)


def test_the_window_locks_when_idle(qtbot, desktop, window, home):
    pin.change(home, "", PIN)
    desktop.lock.set_timeout(1)
    desktop.lock._idle_timer.setInterval(300)  # a minute is long
    QTest.mouseMove(window)
    left = desktop.lock._idle_timer.remainingTime()
    assert 0 < left < 1000
    qtbot.waitUntil(lambda: desktop.lock.locked)
    assert not window.isVisible()
