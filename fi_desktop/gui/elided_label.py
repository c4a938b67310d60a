"""A label that shortens its text in the middle rather than asking for more room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QToolTip, QWidget

from fi_desktop.gui import plain, theme


class ElidedLabel(QLabel):
    """One line of text, elided in the middle; the whole of it is the tooltip unless another one is set."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def shown(self) -> str:
        """Return what is to be read."""
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, width)

    def sizeHint(self) -> QSize:
        """Return room for the whole text."""
        return super().sizeHint().expandedTo(self._with_margins(theme.text_width(self.font(), self.text())))

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters."""
        return self._with_margins(self.fontMetrics().averageCharWidth() * 8)

    def _with_margins(self, width: int) -> QSize:
        return QSize(width, self.fontMetrics().height()).grownBy(self.contentsMargins())

    def event(self, event: QEvent) -> bool:
        """Tell the whole text where it is shortened."""
        if isinstance(event, QHelpEvent) and not self.toolTip() and self.shown() != self.text():
            QToolTip.showText(event.globalPos(), plain.tip(self.text()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as much as fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), aligned, self.shown())
