"""A border of a turn while it is dragged in the lanes: where it is grabbed, and how it is shown."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen

from fi_desktop.core.revision import MoveBorder
from fi_desktop.core.text import clock
from fi_desktop.gui import theme
from fi_desktop.gui.result.lanes_canvas import AXIS, BAR, GUTTER, LANE, MARKS, LanesCanvas
from fi_desktop.viewmodel.borders import Border, moved
from fi_desktop.viewmodel.result import Lane

_REACH_PX = 5.0  # from a border: it can be grabbed
_LEAST_PX = 14.0  # wide turns only: on narrower ones, a click means the turn
_SNAP_PX = 6.0  # from a word's border: the dragged one goes there


def edge_at(lanes: LanesCanvas, point: QPointF) -> tuple[int, bool] | None:
    """Return the turn whose border is at a place of the viewport, and whether it is the turn's end."""
    if not lanes.named or point.x() < GUTTER or point.y() < AXIS:
        return None
    lane = next((each for each in lanes.lanes if 0 <= point.y() - lanes.top_of(each) < LANE), None)
    if lane is None:
        return None
    reach_s, least_s = _REACH_PX / lanes.pixels_per_s, _LEAST_PX / lanes.pixels_per_s
    time_s = lanes.time_at(point.x())
    found = [
        (abs(moment - time_s), number, end)
        for start_s, end_s, number in lane.between(time_s - reach_s, time_s + reach_s)
        if end_s - start_s >= least_s
        for moment, end in ((start_s, False), (end_s, True))
        if abs(moment - time_s) <= reach_s
    ]
    return min(found)[1:] if found else None


class BorderDrag:
    """A border that follows the pointer.

    Attributes:
        border: as it was grabbed.
        at: where it is now, seconds.
        moving: whether the pointer went far enough; before, it may be a click.
    """

    def __init__(self, lanes: LanesCanvas, border: Border, x: float) -> None:
        self._lanes = lanes
        self._grabbed_x = x + lanes.horizontalScrollBar().value()
        self.border = border
        self.at = border.at
        self.moving = False

    def move(self, x: float) -> None:
        """Follow the pointer, to a word's border if one is near."""
        scale = self._lanes.pixels_per_s
        by_px = x + self._lanes.horizontalScrollBar().value() - self._grabbed_x
        self.at = self.border.near(self.border.at + by_px / scale, _SNAP_PX / scale)
        self.moving = True

    def paint(self, painter: QPainter) -> None:
        """Paint what the move gives and takes, and the border with its time."""
        if not self.moving:
            return
        lanes, border = self._lanes, self.border
        own = lanes.lane_of[border.turn]
        grows = (self.at > border.at) is border.end
        self._paint_change(painter, own, grows=grows)
        other = self._other_lane()
        if other is not None:
            self._paint_change(painter, other, grows=not grows)
        x = lanes.x_of(self.at)
        ink = lanes.palette().color(QPalette.ColorRole.Text)
        painter.setPen(QPen(ink, 2))
        painter.drawLine(QPointF(x, AXIS - 4), QPointF(x, AXIS + LANE * len(lanes.lanes)))
        self._paint_time(painter, x, ink)

    def _other_lane(self) -> Lane | None:
        """Return the lane of the turn on the other side, if that moves as well."""
        transcript = self._lanes.transcript
        edit = moved(transcript, self.border, self.at)
        if not isinstance(edit, MoveBorder):
            return None
        beyond = transcript.segments[edit.segment + 1 if self.border.end else edit.segment]
        return next((lane for lane in self._lanes.lanes if lane.label == beyond.speaker), None)

    def _paint_change(self, painter: QPainter, lane: Lane, *, grows: bool) -> None:
        lanes = self._lanes
        left, right = sorted((lanes.x_of(self.border.at), lanes.x_of(self.at)))
        area = QRectF(left, lanes.top_of(lane) + (LANE - BAR) / 2, right - left, BAR)
        base = lanes.palette().color(QPalette.ColorRole.Base)
        colour = QColor(lanes.colour_of(lane) if grows else base)
        colour.setAlphaF(0.6 if grows else 0.75)
        painter.fillRect(area, colour)

    def _paint_time(self, painter: QPainter, x: float, ink: QColor) -> None:
        font = theme.tabular(theme.scaled(self._lanes.font(), 0.92, QFont.Weight.DemiBold))
        text = clock(self.at, decimals=2)
        width = QFontMetricsF(font).horizontalAdvance(text) + 14
        left = min(max(GUTTER, x - width / 2), self._lanes.viewport().width() - width - 2)
        box = QRectF(left, 2, width, AXIS - MARKS - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(font)
        painter.setPen(self._lanes.palette().color(QPalette.ColorRole.Base))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
