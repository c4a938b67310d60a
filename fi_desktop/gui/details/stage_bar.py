"""What the stages of an attempt took, side by side."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from fi_desktop.core.job import Stage, StageEnd, StageTime
from fi_desktop.gui import theme

_HEIGHT = 10
_RADIUS = 3.0


def stage_colour(stage: Stage, palette: QPalette) -> QColor:
    """Return a stage's colour; the words beside it say the same."""
    return theme.speaker_colour(list(Stage).index(stage), palette)


class StageBar(QWidget):
    """A bar with a part for each stage, as wide as what it took; hatched where it was broken off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages: tuple[StageTime, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_stages(self, stages: tuple[StageTime, ...]) -> None:
        """Show what stages took."""
        self._stages = stages
        self.setVisible(bool(stages))
        self.update()

    def sizeHint(self) -> QSize:
        """Return a bar's height."""
        return QSize(120, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the parts."""
        total_s = sum(time.took_s for time in self._stages) or 1.0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), theme.hairline(self.palette()))
        stages = self._stages
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            stages = stages[::-1]
        left = 0.0
        for time in stages:
            width = self.width() * time.took_s / total_s
            part = QRectF(left, 0.0, max(1.0, width - 1.0), self.height())
            painter.fillRect(part, stage_colour(time.stage, self.palette()))
            if time.end is StageEnd.BROKEN_OFF:
                base = self.palette().color(QPalette.ColorRole.Base)
                painter.fillRect(part, QBrush(base, Qt.BrushStyle.BDiagPattern))
            left += width
