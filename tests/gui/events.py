"""Drag, drop and window events as the platform sends them."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

_BUTTON_AND_KEYS = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)


def files_data(paths: Iterable[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drag_in(widget: QWidget, data: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(QPoint(60, 200), Qt.DropAction.CopyAction, data, *_BUTTON_AND_KEYS)
    QApplication.sendEvent(widget, event)
    return event


def drag_out(widget: QWidget) -> None:
    QApplication.sendEvent(widget, QDragLeaveEvent())


def drop(widget: QWidget, data: QMimeData) -> QDropEvent:
    drag_in(widget, data)  # Qt delivers a drop to the widget that accepted the drag
    event = QDropEvent(QPointF(60, 200), Qt.DropAction.CopyAction, data, *_BUTTON_AND_KEYS)
    QApplication.sendEvent(widget, event)
    return event


def drop_files(widget: QWidget, *paths: Path) -> None:
    drop(widget, files_data(paths))


def open_windows(kind: type[QWidget]) -> list[QWidget]:
    """Return the visible windows of a kind."""
    windows = QApplication.topLevelWidgets()
    return [window for window in windows if isinstance(window, kind) and window.isVisible()]
