"""A path on one line, that can be read, walked through and copied."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from fi_desktop.gui import plain

_INNER_PX = 2  # what Qt leaves free on each side of an edited line's text


class PathLine(QLineEdit):
    """Shows both ends of a path that is too long, until somebody goes into it to see or copy all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fact")
        self.setReadOnly(True)
        self.setFrame(False)
        self.setTextMargins(-_INNER_PX, 0, -_INNER_PX, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_path(self, text: str) -> None:
        """Show a path, and all of it as the tooltip; what is selected in the same one stays so."""
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)
            self.setToolTip(plain.tip(text))

    def shown(self) -> str:
        """Return what is to be read."""
        if self.hasFocus():
            return self.text()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())

    def sizeHint(self) -> QSize:
        """Return the height of the labels beside it."""
        return QSize(self.fontMetrics().averageCharWidth() * 8, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it whole where it fits, or is gone through."""
        shown = self.shown()
        if shown == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
