"""The program's icon with a ring on it that fills as the queue gets on."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from fi_desktop.gui import icons

_SIZE = 64  # pixels; the tray scales it
_STEPS = 20
_GROUND, _DONE, _PAUSED = QColor("#0d2233"), QColor("#ffc266"), QColor("#d0d7de")


def ring_icon(share: float | None, *, paused: bool) -> QIcon:
    """Return the icon for so much done, 0 to 1; None: nothing is under way."""
    if share is None and not paused:
        return icons.app_icon()
    return _drawn(round((share or 0.0) * _STEPS), paused)


@lru_cache(maxsize=2 * _STEPS + 2)
def _drawn(step: int, paused: bool) -> QIcon:
    pixmap = QPixmap(_SIZE, _SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    icons.app_icon().paint(painter, pixmap.rect())
    painter.setPen(QPen(QColor("#ffffff"), 2))
    painter.setBrush(_GROUND)
    spot = QRectF(27, 27, 36, 36)
    painter.drawEllipse(spot)
    if paused:
        painter.setPen(QPen(_PAUSED, 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for x in (40, 50):
            painter.drawLine(x, 39, x, 51)
    else:
        painter.setPen(QPen(_DONE, 7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawArc(spot.adjusted(8, 8, -8, -8), 90 * 16, -round(360 * 16 * step / _STEPS))
    painter.end()
    return QIcon(pixmap)
