"""What a person can see of a view: whether it is on the screen, and not cut."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QLabel, QWidget


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
    room = window.screen().availableGeometry()
    found = [] if room.contains(window.frameGeometry()) else [f"{window.frameGeometry()} of {room}"]
    for button in window.findChildren(QAbstractButton):
        place = QRect(button.mapTo(window, button.rect().topLeft()), button.size())
        if button.isVisible() and not scrolls(button) and not window.rect().contains(place):
            found.append(f"{button.text() or button.accessibleName()!r} {place}")
    return found


def scrolls(widget: QWidget) -> bool:
    """Whether it lies on ground that can be moved below a hole."""
    return widget.visibleRegion().isEmpty() or any(
        isinstance(ancestor, QAbstractScrollArea) for ancestor in ancestors(widget)
    )


def ancestors(widget: QWidget) -> Iterator[QWidget]:
    while (widget := widget.parentWidget()) is not None:
        yield widget
