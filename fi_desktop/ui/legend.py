"""What the marks in a text mean, said in a line that bears them itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextLayout
from PySide6.QtWidgets import QSizePolicy, QWidget

from fi_desktop.ui import theme
from fi_desktop.ui.paragraphs import marked

_PAD_X, _PAD_Y = 16, 7
_BETWEEN = "   "


class Legend(QWidget):
    """Explains the marks that there are, over as many lines as it takes."""

    def __init__(self, parent: QWidget | None = None, *, doubtful: bool, overlap: bool) -> None:
        super().__init__(parent)
        parts = []
        if doubtful:
            parts.append(
                (self.tr("Underlined words"), self.tr(" were hard to hear: listen again."), True, False)
            )
        if overlap:
            parts.append(
                (self.tr("Words in italics"), self.tr(" were said while somebody else spoke."), False, True)
            )
        self._parts = parts
        self._text = _BETWEEN.join(sample + rest for sample, rest, _, _ in parts)
        self._layout = QTextLayout()
        self._height = 0
        self.setAccessibleName(self.tr("Legend"))
        self.setAccessibleDescription(self._text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lay_out()

    def _lay_out(self) -> None:
        self._layout = QTextLayout(self._text, theme.scaled(self.font(), 0.92))
        colour, place, formats = theme.tone("warn", self.palette()), 0, []
        for sample, rest, doubtful, overlap in self._parts:
            formats.append(marked(place, len(sample), colour, doubtful=doubtful, overlap=overlap))
            place += len(sample) + len(rest) + len(_BETWEEN)
        self._layout.setFormats(formats)
        self._layout.beginLayout()
        y = 0.0
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width() - 2 * _PAD_X))
            line.setPosition(QPointF(0, y))
            y += line.height()
        self._layout.endLayout()
        height = round(y) + 2 * _PAD_Y
        if height != self._height:
            self._height = height
            self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        """Return room for its lines."""
        return QSize(200, self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        """Follow font and palette."""
        super().changeEvent(event)
        known = event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange)
        if known and hasattr(self, "_parts"):
            self._lay_out()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line, and a hairline above it."""
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, theme.hairline(self.palette()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.quiet(self.palette()))
        self._layout.draw(painter, QPointF(_PAD_X, _PAD_Y))
