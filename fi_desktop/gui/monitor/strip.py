"""One plot of the monitor, and the axis of time below the last one: how they are painted.

With nothing but QPainter: without paying, QtCharts is to be had under the GPL only, which does not fit a
program under the MIT licence, and pyqtgraph loads NumPy, which has no place in the window's process. Three
rows of some hundred values need neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QDateTime, QLocale, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette, QPen

from fi_desktop.gui import theme
from fi_desktop.jobs.metrics import History
from fi_desktop.viewmodel.plot_scale import tick_step_s, ticks

GUTTER = 78
"""Room for the values left of a plot, pixels."""
ABOVE = 8
"""Room between a plot and its title, pixels."""

_TICK_WIDTH = 110
_DOT = 2.6
_EDGE = 1.5
_DAY_S = 86_400
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Strip:
    """One of the plots.

    Attributes:
        title: what it shows.
        values: one a step; None where there is none.
        top: the value at its upper edge.
        text: writes a value.
        tone: its colour; marks: whether values are points of their own, not heights of bars.
    """

    title: str
    values: tuple[float | None, ...]
    top: float
    text: Callable[[float], str]
    tone: str
    marks: bool = False


class StripPainter:
    """Paints plots in a palette and a font."""

    def __init__(self, painter: QPainter, palette: QPalette, font: QFont) -> None:
        self._painter = painter
        self._palette = palette
        self._font = font
        self._figures = theme.tabular(font)
        self._small = theme.tabular(theme.scaled(font, 0.9))

    def strip(self, strip: Strip, area: QRectF, said: str, *, strong: bool) -> None:
        """Paint a plot; `said` stands on the right of its title, `strong` where it was asked for."""
        self._title(strip.title, area, Qt.AlignmentFlag.AlignLeft, self._font, strong=True)
        self._title(said, area, Qt.AlignmentFlag.AlignRight, self._figures, strong=strong)
        self._painter.setPen(QPen(theme.hairline(self._palette), 1))
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - area.height() * share
            self._painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        self._painter.setFont(self._small)
        self._painter.setPen(theme.quiet(self._palette))
        height = QFontMetrics(self._small).height()
        for share in (0.0, 1.0):
            y = area.bottom() - area.height() * share
            label = QRectF(0, y - height / 2, GUTTER - 10, height)
            self._painter.drawText(label, _RIGHT, strip.text(strip.top * share))
        if strip.marks:
            self._dots(strip, area)
        else:
            self._bars(strip, area)

    def axis(self, history: History, area: QRectF, width: int) -> None:
        """Paint the axis of time below a plot, of a widget so many pixels wide."""
        span_s = history.step_s * len(history.depth)
        offset_s = QDateTime.fromSecsSinceEpoch(round(history.start)).offsetFromUtc()
        step_s = tick_step_s(span_s, max(2, int(area.width() / _TICK_WIDTH)))
        metrics, locale = QFontMetrics(self._small), QLocale()
        self._painter.setFont(self._small)
        self._painter.setPen(QPen(theme.quiet(self._palette), 1))
        for at in ticks(history.start, history.start + span_s, step_s, offset_s):
            x = area.left() + area.width() * (at - history.start) / span_s
            self._painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            moment = QDateTime.fromSecsSinceEpoch(round(at))
            if step_s < _DAY_S:
                label = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
            else:
                label = locale.toString(moment.date(), "d MMM")
            wide = metrics.horizontalAdvance(label) + 2.0
            left = min(max(x - wide / 2, 0.0), width - wide)
            where = QRectF(left, area.bottom() + 6, wide, metrics.height())
            self._painter.drawText(where, Qt.AlignmentFlag.AlignHCenter, label)

    def reading(self, x: float, areas: list[QRectF], when: str) -> None:
        """Paint a line through all plots where they are read off, and above the first when that is."""
        self._painter.setPen(QPen(self._palette.color(QPalette.ColorRole.Highlight), 1))
        for area in areas:
            self._painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._title(when, areas[0], Qt.AlignmentFlag.AlignHCenter, self._figures, strong=False)

    def _title(self, text: str, area: QRectF, side: Qt.AlignmentFlag, font: QFont, *, strong: bool) -> None:
        height = QFontMetrics(font).height()
        where = QRectF(area.left(), area.top() - height - ABOVE + 2, area.width(), height)
        colour = self._palette.color(QPalette.ColorRole.Text) if strong else theme.quiet(self._palette)
        self._painter.setFont(font)
        self._painter.setPen(colour)
        self._painter.drawText(where, side, text)

    def _dots(self, strip: Strip, area: QRectF) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(theme.tone(strip.tone, self._palette))
        width = area.width() / len(strip.values)
        for place, value in enumerate(strip.values):
            if value is not None:
                height = area.height() * value / strip.top
                centre = QPointF(area.left() + (place + 0.5) * width, area.bottom() - height)
                self._painter.drawEllipse(centre, _DOT, _DOT)

    def _bars(self, strip: Strip, area: QRectF) -> None:
        colour = theme.tone(strip.tone, self._palette)
        soft = theme.mix(self._palette.color(QPalette.ColorRole.Base), colour, 0.22)
        width = area.width() / len(strip.values)
        for place, value in enumerate(strip.values):
            if not value:
                continue
            height = max(_EDGE, area.height() * value / strip.top)
            bar = QRectF(area.left() + place * width, area.bottom() - height, width, height)
            self._painter.fillRect(bar, soft)
            bar.setHeight(_EDGE)  # the edge carries the shape: the ground alone would be too faint
            self._painter.fillRect(bar, colour)
