"""A newer version is told of where the person wants that, once a day, and nobody is asked otherwise."""

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
    """The setting is on before the window opens."""
    program.settings = changed(program.settings, {"check_updates": True})
    return server


@pytest.fixture
def opened(monkeypatch):
    addresses = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: addresses.append(url.toString()))
    return addresses


def test_nobody_is_asked_unless_it_is_wanted(qtbot, server, desktop, home):
    desktop.updates.look()
    assert WindowState(home).number("updates/asked") is None
    assert server.asked == []


def test_a_newer_version_is_a_line_whose_page_opens_by_a_click_alone(qtbot, wanted, opened, window):
    qtbot.waitUntil(lambda: window.message.text == "Version 99.0.0 is there.")
    assert opened == []
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
    assert opened == [f"{wanted.address}/get"]
    assert not window.message.isVisible()


def test_it_is_asked_once_a_day(qtbot, wanted, desktop, window, home):
    qtbot.waitUntil(window.message.isVisible)
    desktop.updates.look()
    assert len(wanted.asked) == 1
    WindowState(home).keep_number("updates/asked", int(time.time()) - 86_401)
    window.message.dismiss()
    desktop.updates._window_state = WindowState(home)
    desktop.updates.look()
    qtbot.waitUntil(window.message.isVisible)
    assert len(wanted.asked) == 2


@pytest.fixture
def ask(qtbot, desktop, program):
    """Switch the setting on, and return once the answer was dealt with."""

    def ask():
        desktop.updates.take_settings(changed(program.settings, {"check_updates": True}))
        qtbot.waitUntil(lambda: not any(each.name == "updates" for each in threading.enumerate()))
        QCoreApplication.processEvents()

    return ask


def test_an_answer_never_takes_the_place_of_another_message(server, window, ask):
    window.message.error("The disk is full.")
    ask()
    assert len(server.asked) == 1
    assert window.message.text == "The disk is full."


def test_who_does_not_answer_is_not_told_of(server, window, ask):
    server.status = 500
    ask()
    assert len(server.asked) == 1
    assert not window.message.isVisible()
