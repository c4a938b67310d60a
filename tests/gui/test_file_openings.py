"""A file that macOS opens with the program is a job like any other."""

import pytest
from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from fi_desktop.gui.application import FileOpenFilter


@pytest.fixture
def openings(dressed, desktop):
    openings = FileOpenFilter(dressed)
    openings.opened.connect(desktop.open_files)
    yield openings
    dressed.removeEventFilter(openings)
    openings.deleteLater()


def test_a_file_that_is_opened_is_handed_in_and_the_window_comes_up(qtbot, openings, window, recordings):
    window.showMinimized()
    assert QApplication.sendEvent(QApplication.instance(), QFileOpenEvent(str(recordings[1])))
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    assert window.jobs.index(0, 0).data() == recordings[1].name
    assert not window.isMinimized()


def test_an_address_that_is_no_file_is_nothing_to_do(qtbot, openings, window):
    with qtbot.assertNotEmitted(openings.opened):
        assert QApplication.sendEvent(
            QApplication.instance(), QFileOpenEvent(QUrl("https://example.org/a.wav"))
        )
        QApplication.sendEvent(QApplication.instance(), QEvent(QEvent.Type.User))
