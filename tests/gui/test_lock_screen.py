import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import JobState
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.pin_dialog import PinDialog
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import PinAttempts
from tests.gui.conftest import FakeApp
from tests.gui.events import drop_files
from tests.gui.samples import consultation

PIN = "2468"


def told() -> set[str]:
    """All names in the accessible tree, of hidden things too."""
    found: set[str] = set()

    def walk(interface) -> None:
        found.add(interface.text(QAccessible.Text.Name))
        for place in range(interface.childCount()):
            child = interface.child(place)
            if child is not None and child.isValid():
                walk(child)

    walk(QAccessible.queryAccessibleInterface(QApplication.instance()))
    return found


def type_pin(qtbot, desktop: AppController, typed: str) -> None:
    qtbot.waitUntil(lambda: desktop.lock.cover.field.isEnabled())
    QTest.keyClicks(desktop.lock.cover.field, typed)
    QTest.keyClick(desktop.lock.cover.field, Qt.Key.Key_Return)


def shown() -> list:
    return [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]


@pytest.fixture
def locked(qtbot, desktop, window, hand, recordings, home):
    """Three recordings, one of them done and open; then Ctrl+L."""
    pin.change(home, "", PIN)
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 3)
    hand.complete(hand.claim(), consultation())
    result = window.windows.open(1)
    qtbot.waitUntil(lambda: result.result is not None)
    window.commands.monitor.trigger()
    assert any("First.wav" in name for name in told())
    window.commands.lock.trigger()
    return desktop


def test_nothing_of_the_content_is_seen_or_read_while_it_is_locked(qtbot, locked, window):
    assert shown() == [locked.lock.cover]
    names = told()
    assert "fi-desktop is locked" in names
    assert not [name for name in names if ".wav" in name or ".mp3" in name or "Speaker" in name]
    assert "Monitor" not in names
    locked.lock.cover.forgot.click()
    qtbot.waitUntil(lambda: "File of the PIN" in told())
    type_pin(qtbot, locked, "1357")
    qtbot.waitUntil(lambda: locked.lock.cover.trouble == "That is not the PIN. Try again in 1 s.")
    assert not locked.lock.cover.field.isEnabled()
    type_pin(qtbot, locked, PIN)
    qtbot.waitUntil(lambda: not locked.lock.locked)
    (result,) = window.windows.all()
    assert {window, result} < set(shown())
    assert len(shown()) == 3
    assert any("First.wav" in name for name in told())


def test_tries_are_slowed_down_more_and_more():
    now = 100.0
    tries = PinAttempts(lambda: now)
    waits = []
    for _ in range(4):
        tries.take(right=False)
        waits.append(tries.wait_s)
        now += tries.wait_s
        assert tries.wait_s == 0.0
    assert waits == [1.0, 2.0, 4.0, 8.0]
    tries.take(right=True)
    assert (tries.wait_s, tries.wrong) == (0.0, 0)


def test_jobs_drops_and_second_launches_go_on_behind_the_cover(
    qtbot, locked, window, hand, program, tmp_path
):
    for number, bring in enumerate((lambda file: drop_files(locked.lock.cover, file), handed(program)), 4):
        file = tmp_path / f"Secret {number}.wav"
        file.write_bytes(b"RIFF" + file.name.encode())
        bring(file)
        qtbot.waitUntil(lambda number=number: window.jobs.rowCount() == number)
    hand.complete(hand.claim(), consultation())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
    window.windows.open(2)
    window.commands.preferences.trigger()
    qtbot.waitUntil(lambda: shown() == [locked.lock.cover])
    assert not [name for name in told() if ".wav" in name or "Secret" in name]
    type_pin(qtbot, locked, PIN)
    qtbot.waitUntil(lambda: len(shown()) == 5)  # with what wanted to be shown meanwhile


def handed(program: FakeApp):
    return lambda file: program.handover([str(file)])


def test_ending_it_is_no_way_round_the_pin(qtbot, desktop, home):
    pin.change(home, "", PIN)
    desktop.lock.lock()
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    again = AppController(FakeApp(home))
    again.window.show()
    again.start([])
    assert shown() == [again.lock.cover]
    type_pin(qtbot, again, PIN)
    qtbot.waitUntil(again.window.isVisible)
    with qtbot.waitSignal(again.ended):
        again.stop()
    assert not pin.was_locked(home)


def test_a_window_in_the_tray_is_locked_too(qtbot, desktop, window, hand, recordings, home):
    pin.change(home, "", PIN)
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    window.hide()
    desktop.lock.lock()
    assert shown() == []
    assert not [name for name in told() if ".wav" in name]
    desktop._raise_up()
    assert shown() == [desktop.lock.cover]
    pin.pin_file(home).unlink()  # the way out for who forgot it
    type_pin(qtbot, desktop, "")
    qtbot.waitUntil(window.isVisible)


def test_without_a_pin_one_is_offered_and_then_it_locks(qtbot, desktop, window, home):
    window.commands.lock.trigger()
    (dialog,) = window.findChildren(PinDialog)
    assert not dialog.current.isVisible()
    dialog.new.setText("123")
    dialog.keep.click()
    assert dialog.trouble == "A PIN has 4 characters at least."
    dialog.new.setText(PIN)
    dialog.keep.click()
    assert dialog.trouble == "The two are not the same."
    dialog.again.setText(PIN)
    dialog.keep.click()
    qtbot.waitUntil(lambda: desktop.lock.locked)
    kept = json.loads(Path(home, "pin.json").read_text())
    assert PIN not in json.dumps(kept)
    type_pin(qtbot, desktop, PIN)
    qtbot.waitUntil(window.isVisible)


def test_the_pin_is_changed_in_the_settings_by_who_knows_it(qtbot, desktop, window, home):
    pin.change(home, "", PIN)
    window.commands.preferences.trigger()
    desktop.preferences.dialog.pin.button.click()
    (dialog,) = window.findChildren(PinDialog)
    for field in (dialog.new, dialog.again):
        field.setText("97531")
    dialog.current.setText("0000")
    dialog.keep.click()
    qtbot.waitUntil(lambda: dialog.trouble == "The current PIN is another one.")
    qtbot.waitUntil(lambda: desktop.lock.tries.wait_s == 0.0)
    dialog.current.setText(PIN)
    with qtbot.waitSignal(dialog.changed):
        dialog.keep.click()
    assert pin.fits(home, "97531")
    assert not pin.change(home, "x", "")
    assert pin.change(home, "97531", "")
    assert not pin.exists(home)


def test_it_locks_by_itself_when_nobody_is_there(qtbot, desktop, window, home):
    pin.change(home, "", PIN)
    desktop.lock.lock_after(1)
    desktop.lock._idle.setInterval(300)  # a minute is long
    QTest.mouseMove(window)
    left = desktop.lock._idle.remainingTime()
    assert 0 < left < 1000
    qtbot.waitUntil(lambda: desktop.lock.locked)
    assert not window.isVisible()
