"""What the marks in a text mean, said in a line that bears them itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextLayout
from PySide6.QtWidgets import QSizePolicy, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.result.paragraphs import below, italic, paint_dots

_PAD_X, _PAD_Y = 16, 7
_BETWEEN = "   "


class Legend(QWidget):
    """Explains the marks that there are, over as many lines as it takes."""

    def __init__(self, parent: QWidget | None = None, *, doubtful: bool, overlap: bool) -> None:
        super().__init__(parent)
        # what stands in brackets bears the mark, wherever a language has it in its sentence
        sentences = []
        if doubtful:
            sentences.append((self.tr("[Underlined words] were hard to hear: listen again."), True))
        if overlap:
            sentences.append((self.tr("[Words in italics] were said while somebody else spoke."), False))
        self._text = ""
        self._samples: list[tuple[int, int, bool]] = []  # (start, length, dotted)
        for sentence, dotted in sentences:
            self._text += _BETWEEN if self._text else ""
            before, _, rest = sentence.partition("[")
            sample, _, after = rest.partition("]")
            self._samples.append((len(self._text) + len(before), len(sample), dotted))
            self._text += before + sample + after
        self._layout = QTextLayout()
        self._height = 0
        self.setAccessibleName(self.tr("Legend"))
        self.setAccessibleDescription(self._text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lay_out()

    def _lay_out(self) -> None:
        self._layout = QTextLayout(self._text, theme.scaled(self.font(), 0.92))
        self._layout.setFormats(
            [italic(start, length) for start, length, dotted in self._samples if not dotted]
        )
        self._layout.beginLayout()
        y = 0.0
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width() - 2 * _PAD_X))
            line.setPosition(QPointF(0, y))
            y += line.height()
        self._layout.endLayout()
        dotted_samples = [(start, length) for start, length, dotted in self._samples if dotted]
        self._dots = [line for sample in dotted_samples for line in below(self._layout, *sample)]
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
        if known and hasattr(self, "_samples"):
            self._lay_out()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line, and a hairline above it."""
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, theme.hairline(self.palette()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.quiet(self.palette()))
        self._layout.draw(painter, QPointF(_PAD_X, _PAD_Y))
        dots = [line.translated(_PAD_X, _PAD_Y) for line in self._dots]
        paint_dots(painter, dots, theme.tone("warn", self.palette()))
