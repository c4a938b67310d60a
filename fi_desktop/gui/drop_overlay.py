"""What lies over the window while files are held above it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from fi_desktop.gui import icons, theme


class DropOverlay(QWidget):
    """Says that a drop will add the files; as large as its parent, and never in the mouse's way."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self.setObjectName("overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop to add"))
        parent.installEventFilter(self)
        self.hide()

    def cover(self) -> None:
        """Lie over the whole parent."""
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the parent."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._covered.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Hide what lies below, which may be words as large as these, and say what a drop does."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = theme.tone("info", self.palette())
        veil = theme.mix(self.palette().color(QPalette.ColorRole.Base), accent, 0.10)
        painter.fillRect(self.rect(), veil)
        pen = QPen(accent, 2.5)
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(14, 14, -14, -14), 14, 14)
        middle = self.rect().center()
        drawing = icons.pixmap("add", 56, accent, self.devicePixelRatioF())
        painter.drawPixmap(middle.x() - 28, middle.y() - 64, drawing)
        painter.setFont(theme.scaled(self.font(), 1.75, QFont.Weight.DemiBold))
        painter.drawText(self.rect().translated(0, 22), Qt.AlignmentFlag.AlignCenter, self.tr("Drop to add"))
