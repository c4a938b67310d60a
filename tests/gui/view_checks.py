"""Checks what a person sees of a view: on the screen, not cut off, and no markup rendered."""

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
"""A file name that Qt would render as bold text and a picture."""


def cut(view: QWidget) -> list[str]:
    """Return the labels and buttons of a view that are too small for their text."""
    texts: list[QLabel | QAbstractButton] = [*view.findChildren(QLabel), *view.findChildren(QAbstractButton)]
    return [
        f"{type(widget).__name__} {widget.text()!r}: {widget.size()} of {widget.minimumSizeHint()}"
        for widget in texts
        if widget.isVisible()
        and widget.text()
        and (
            widget.width() < widget.minimumSizeHint().width()
            or widget.height() < widget.minimumSizeHint().height()
        )
    ]


def outside(view: QWidget) -> list[str]:
    """Return the window if it exceeds the screen, and the buttons that exceed the window."""
    window = view.window()
    room = available(window)
    found = [] if room.contains(window.frameGeometry()) else [f"{window.frameGeometry()} of {room}"]
    for button in window.findChildren(QAbstractButton):
        area = QRect(button.mapTo(window, button.rect().topLeft()), button.size())
        if button.window() is not window or not button.isVisible() or scrolls(button):
            continue
        if not window.rect().contains(area):
            found.append(f"{button.text() or button.accessibleName()!r} {area}")
    return found


def scrolls(widget: QWidget) -> bool:
    """Whether a widget is inside a scroll area."""
    return any(isinstance(ancestor, QAbstractScrollArea) for ancestor in ancestors(widget))


def ancestors(widget: QWidget) -> Iterator[QWidget]:
    ancestor = widget.parentWidget()
    while ancestor is not None:
        yield ancestor
        ancestor = ancestor.parentWidget()


def marked_up(view: QWidget) -> list[str]:
    """Return the texts of a view with a file name that Qt would render as HTML."""
    texts = [(widget, widget.toolTip()) for widget in view.window().findChildren(QWidget)]
    texts += [
        (label, label.text())
        for label in view.window().findChildren(QLabel)
        if label.textFormat() is not Qt.TextFormat.PlainText
    ]
    for table in view.window().findChildren(QAbstractItemView):
        columns = range(table.horizontalHeader().count()) if isinstance(table, QTableView) else (0,)
        for row in range(min(table.model().rowCount(), 20)):
            indices = [table.model().index(row, column) for column in columns]
            texts += [(table, str(index.data(Qt.ItemDataRole.ToolTipRole) or "")) for index in indices]
    return [
        f"{type(widget).__name__}: {text}"
        for widget, text in texts
        if MARKED in text and Text.mightBeRichText(text)
    ]
