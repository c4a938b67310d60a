"""Update checks: only if switched on, at most once a day."""

import threading
import time

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QDesktopServices

from fi_desktop.gui.window_state import WindowState
from fi_desktop.settings import changed
from fi_desktop.system import updates
from tests.update_server import serving


@pytest.fixture
def server(monkeypatch):
    with serving() as told:
        monkeypatch.setattr(updates, "ADDRESS", f"{told.address}/version.json")
        yield told


@pytest.fixture
def wanted(server, program):
    """Switch the setting on before the window opens."""
    program.settings = changed(program.settings, {"check_updates": True})
    return server


@pytest.fixture
def opened(monkeypatch):
    addresses = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: addresses.append(url.toString()))
    return addresses


def test_no_check_unless_switched_on(qtbot, server, desktop, home):
    desktop.updates.check()
    assert WindowState(home).number("updates/asked") is None
    assert server.asked == []


def test_a_new_version_is_announced_and_its_page_opens_on_click(qtbot, wanted, opened, window):
    qtbot.waitUntil(lambda: window.message.text == "Version 99.0.0 is available.")
    assert opened == []
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
    assert opened == [f"{wanted.address}/get"]
    assert not window.message.isVisible()


def test_one_check_a_day(qtbot, wanted, desktop, window, home):
    qtbot.waitUntil(window.message.isVisible)
    desktop.updates.check()
    assert len(wanted.asked) == 1
    WindowState(home).save_number("updates/asked", int(time.time()) - 86_401)
    window.message.dismiss()
    desktop.updates._window_state = WindowState(home)
    desktop.updates.check()
    qtbot.waitUntil(window.message.isVisible)
    assert len(wanted.asked) == 2


@pytest.fixture
def ask(qtbot, desktop, program):
    """Switch the setting on, and wait until the check is done."""

    def ask():
        desktop.updates.apply_settings(changed(program.settings, {"check_updates": True}))
        qtbot.waitUntil(lambda: not any(each.name == "updates" for each in threading.enumerate()))
        QCoreApplication.processEvents()

    return ask


def test_the_notice_never_replaces_another_message(server, window, ask):
    window.message.error("The disk is full.")
    ask()
    assert len(server.asked) == 1
    assert window.message.text == "The disk is full."


def test_a_failed_check_shows_nothing(server, window, ask):
    server.status = 500
    ask()
    assert len(server.asked) == 1
    assert not window.message.isVisible()
