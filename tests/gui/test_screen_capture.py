"""Windows are kept out of pictures of the screen, where the system can; here a stand-in does it."""

import sys

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from fi_desktop.gui.screen_capture import ScreenCapture, hide_window


class System:
    """Notes what is asked of the system for each window."""

    def __init__(self) -> None:
        self.hidden: dict[int, bool] = {}

    def __call__(self, handle: int, *, hidden: bool) -> bool:
        self.hidden[handle] = hidden
        return True

    def of(self, widget: QWidget) -> bool | None:
        return self.hidden.get(int(widget.windowHandle().winId()))


@pytest.fixture
def system():
    return System()


@pytest.fixture
def capture(qapp: QApplication, system: System):
    capture = ScreenCapture(qapp, allowed=False, hide=system, able=True)
    yield capture
    qapp.removeEventFilter(capture)
    capture.deleteLater()


def shown(qtbot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def test_windows_and_dialogs_are_hidden_once_shown(qtbot, capture, system):
    window = shown(qtbot, QWidget())
    dialog = shown(qtbot, QDialog(window))
    assert (system.of(window), system.of(dialog)) == (True, True)


def test_setting_applies_to_windows_that_are_open(qtbot, capture, system):
    window = shown(qtbot, QWidget())
    capture.set_allowed(allowed=True)
    assert system.of(window) is False
    assert system.of(shown(qtbot, QDialog(window))) is False
    capture.set_allowed(allowed=False)
    assert system.of(window) is True


def test_window_that_is_shown_again_is_hidden_again(qtbot, capture, system):
    window = shown(qtbot, QWidget())
    window.hide()
    system.hidden.clear()
    shown(qtbot, window)
    assert system.of(window) is True


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the system can hide windows")
def test_linux_cannot_hide_windows(qtbot):
    assert not hide_window(int(shown(qtbot, QWidget()).windowHandle().winId()), hidden=True)
