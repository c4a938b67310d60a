"""What a person can see of a view: whether it is on the screen, not cut, and shown letter by letter."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import Qt as Text
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QLabel,
    QTableView,
    QWidget,
)

from fi_desktop.gui.window_state import available

MARKED = "<b>Ana</b><img src='a.png'>"
"""What somebody may call a file; Qt would make bold letters and a picture of it."""


def cut(view: QWidget) -> list[str]:
    """Return the labels and buttons of a view that have less room than their words need."""
    return [
        f"{type(widget).__name__} {widget.text()!r}: {widget.size()} of {widget.minimumSizeHint()}"
        for widget in (*view.findChildren(QLabel), *view.findChildren(QAbstractButton))
        if widget.isVisible()
        and widget.text()
        and (
            widget.width() < widget.minimumSizeHint().width()
            or widget.height() < widget.minimumSizeHint().height()
        )
    ]


def outside(view: QWidget) -> list[str]:
    """Return what of a view's window is not on the screen, and which buttons are not in the window."""
    window = view.window()
    room = available(window)
    found = [] if room.contains(window.frameGeometry()) else [f"{window.frameGeometry()} of {room}"]
    for button in window.findChildren(QAbstractButton):
        place = QRect(button.mapTo(window, button.rect().topLeft()), button.size())
        if button.window() is not window or not button.isVisible() or scrolls(button):
            continue
        if not window.rect().contains(place):
            found.append(f"{button.text() or button.accessibleName()!r} {place}")
    return found


def scrolls(widget: QWidget) -> bool:
    """Whether it lies on ground that can be moved below a hole."""
    return any(isinstance(ancestor, QAbstractScrollArea) for ancestor in ancestors(widget))


def ancestors(widget: QWidget) -> Iterator[QWidget]:
    while (widget := widget.parentWidget()) is not None:
        yield widget


def marked_up(view: QWidget) -> list[str]:
    """Return the texts of a view that Qt would take for HTML, though they hold a file's name."""
    said = [(widget, widget.toolTip()) for widget in view.window().findChildren(QWidget)]
    said += [
        (label, label.text())
        for label in view.window().findChildren(QLabel)
        if label.textFormat() is not Qt.TextFormat.PlainText
    ]
    for table in view.window().findChildren(QAbstractItemView):
        columns = range(table.horizontalHeader().count()) if isinstance(table, QTableView) else (0,)
        for row in range(min(table.model().rowCount(), 20)):
            indices = [table.model().index(row, column) for column in columns]
            said += [(table, str(index.data(Qt.ItemDataRole.ToolTipRole) or "")) for index in indices]
    return [
        f"{type(widget).__name__}: {text}"
        for widget, text in said
        if MARKED in text and Text.mightBeRichText(text)
    ]
