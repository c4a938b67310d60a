"""Files that macOS opens with the program are added as jobs."""

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


def test_opened_file_is_added_and_the_window_is_raised(qtbot, openings, window, recordings):
    window.showMinimized()
    assert QApplication.sendEvent(QApplication.instance(), QFileOpenEvent(str(recordings[1])))
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    assert window.jobs.index(0, 0).data() == recordings[1].name
    assert not window.isMinimized()


def test_url_that_is_not_a_file_is_ignored(qtbot, openings, window):
    with qtbot.assertNotEmitted(openings.opened):
        assert QApplication.sendEvent(
            QApplication.instance(), QFileOpenEvent(QUrl("https://example.org/a.wav"))
        )
        QApplication.sendEvent(QApplication.instance(), QEvent(QEvent.Type.User))
