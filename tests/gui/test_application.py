"""Files opened by macOS, and the collection of garbage."""

import gc

import pytest
from PySide6.QtCore import QEvent, QTimer, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from fi_desktop.gui.application import FileOpenFilter

MANY = 400_000


def test_large_object_counts_are_frozen(dressed):
    collector = dressed.findChild(QTimer, "garbage")
    gc.collect()
    rows = [[number] for number in range(MANY)]
    try:
        collector.timeout.emit()
        assert gc.get_freeze_count() > MANY
        assert len(rows) == MANY
    finally:
        gc.unfreeze()


def test_survivors_of_a_long_collection_are_frozen(dressed):
    rows = [[number] for number in range(MANY)]
    collector = dressed.findChild(QTimer, "garbage")
    try:
        for _ in range(gc.get_threshold()[2] + 1):
            gc.collect(1)  # enough of these trigger a full collection
        collector.timeout.emit()
        kept = gc.get_freeze_count()
        assert kept > MANY
        del rows
        assert gc.get_freeze_count() <= kept - MANY  # frozen objects are still freed when unreferenced
    finally:
        gc.unfreeze()


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
