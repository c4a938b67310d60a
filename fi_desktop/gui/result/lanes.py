"""Who spoke when: one coloured lane per speaker over time, or a single lane without diarization."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QToolTip, QWidget

from fi_desktop.core.text import clock, percent
from fi_desktop.core.transcript import Region, Transcript, Turn
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel.axis import lane_tick_step_s
from fi_desktop.viewmodel.result import Lane, lanes_of, turns_to_show

_GUTTER = 176  # width for a speaker's name and time; these are in pixels
_AXIS = 30
_MARK = 5  # height of the marks for speech without words
_LANE = 52
_BAR = 30
_END = 16  # left free after the end of the recording
_MAX_SCALE = 240.0  # pixels per second
_ZOOM_STEP = 1.5
_LANES_SHOWN = 5


class LanesView(QAbstractScrollArea):
    """Paints the lanes; zooms with Ctrl+wheel, pinch, + and -, pans with wheel, drag and scroll bar.

    Signals:
        turn_chosen: index of the turn that the person clicked or reached by key.
    """

    turn_chosen = Signal(int)

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._read(transcript)
        self._scale = 0.0  # pixels per second; 0 to fit the whole recording
        self._chosen: int | None = None
        self._press_at: QPoint | None = None
        self._pan_start = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._describe()

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected; zoom and scroll stay."""
        self._read(transcript)
        if self._chosen is not None and self._chosen >= len(self._turns):
            self._chosen = None
        self._measure()
        self._describe()
        self.updateGeometry()

    def _read(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._named = bool(transcript.turns)
        self._turns = turns_to_show(transcript)
        self._duration_s = max(transcript.duration, *(turn.end for turn in self._turns), 0.1)
        self._lanes = lanes_of(self._turns)
        self._missing = transcript.missing
        self._lane_of = {number: lane for lane in self._lanes for _, _, number in lane.turns}

    def _describe(self) -> None:
        self.setAccessibleName(self.title)
        summaries = [self._summary(lane) for lane in self._lanes]
        if self._missing:
            total_s = sum(region.duration for region in self._missing)
            summaries.append(f"{self.tr('Not understood')}: {clock(total_s)}")
        self.setAccessibleDescription("; ".join(summaries))

    @property
    def title(self) -> str:
        """The heading of the lanes."""
        return self.tr("Who spoke when") if self._named else self.tr("When someone spoke")

    @property
    def pixels_per_s(self) -> float:
        """The current scale."""
        return self._scale or self._fit_scale()

    @property
    def scale(self) -> float | None:
        """The zoom, pixels per second; None if the whole recording fits."""
        return self._scale or None

    @property
    def chosen(self) -> int | None:
        """Index of the selected turn."""
        return self._chosen

    def choose(self, number: int) -> None:
        """Select a turn and scroll to it."""
        self._chosen = number
        turn = self._turns[number]
        left, right = self._x(turn.start), self._x(turn.end)
        if left < _GUTTER or right > self.viewport().width():
            bar = self.horizontalScrollBar()
            room = self.viewport().width() - _GUTTER
            bar.setValue(round(turn.start * self.pixels_per_s - room / 3))
        self.viewport().update()

    def zoom_in(self) -> None:
        """Zoom in around the selected turn or the centre."""
        self._zoom(_ZOOM_STEP, self._zoom_centre())

    def zoom_out(self) -> None:
        """Zoom out around the selected turn or the centre."""
        self._zoom(1 / _ZOOM_STEP, self._zoom_centre())

    def zoom_to_fit(self) -> None:
        """Show the whole recording."""
        self._scale = 0.0
        self._measure()

    def zoom_to(self, scale: float | None, scroll: int) -> None:
        """Set the zoom, pixels per second or None to fit, and the horizontal scroll, pixels."""
        self._scale = scale or 0.0
        self._measure()
        self.horizontalScrollBar().setValue(scroll)

    def _fit_scale(self) -> float:
        return max(1, self.viewport().width() - _GUTTER - _END) / self._duration_s

    def _zoom(self, factor: float, x: float) -> None:
        """Zoom and keep the time at `x` where it is."""
        time_s = self._time_at(x)
        scale = min(_MAX_SCALE, self.pixels_per_s * factor)
        self._scale = 0.0 if scale <= self._fit_scale() else scale
        self._measure()
        self.horizontalScrollBar().setValue(round(time_s * self.pixels_per_s - (x - _GUTTER)))
        self.viewport().update()

    def _measure(self) -> None:
        room = self.viewport().width() - _GUTTER - _END
        hidden = round(self._duration_s * self.pixels_per_s) - room
        horizontal, vertical = self.horizontalScrollBar(), self.verticalScrollBar()
        horizontal.setRange(0, hidden if self._scale else 0)
        horizontal.setPageStep(room)
        horizontal.setSingleStep(40)
        vertical.setRange(0, max(0, _AXIS + _LANE * len(self._lanes) - self.viewport().height()))
        vertical.setPageStep(self.viewport().height())
        vertical.setSingleStep(_LANE // 2)
        self.viewport().update()

    def _zoom_centre(self) -> float:
        """Return the x that keyboard zoom keeps: the selected turn if visible, else the centre."""
        if self._chosen is not None:
            x = self._x(self._turns[self._chosen].start)
            if _GUTTER <= x <= self.viewport().width():
                return x
        return (_GUTTER + self.viewport().width()) / 2

    def _x(self, time_s: float) -> float:
        return _GUTTER + time_s * self.pixels_per_s - self.horizontalScrollBar().value()

    def _time_at(self, x: float) -> float:
        return (x - _GUTTER + self.horizontalScrollBar().value()) / self.pixels_per_s

    def _top(self, lane: Lane) -> int:
        return _AXIS + lane.number * _LANE - self.verticalScrollBar().value()

    def _name(self, lane: Lane) -> str:
        return self._labels.speaker(lane.label, self._transcript) if self._named else self.tr("Someone")

    def _colour(self, lane: Lane) -> QColor:
        palette = self.palette()
        return theme.speaker_colour(lane.speaker, palette) if self._named else theme.quiet(palette)

    def _summary(self, lane: Lane) -> str:
        return self.tr("{speaker}: {time}, {share}").format(
            speaker=self._name(lane), time=clock(lane.total_s), share=percent(lane.share)
        )

    def _turn_at(self, point: QPointF) -> int | None:
        if point.x() < _GUTTER or point.y() < _AXIS:
            return None
        lane = next((x for x in self._lanes if self._top(x) <= point.y() < self._top(x) + _LANE), None)
        if lane is None:
            return None
        time_s, slack_s = self._time_at(point.x()), 2.0 / self.pixels_per_s  # a short turn is hard to hit
        near = lane.between(time_s - slack_s, time_s + slack_s)
        nearest = min(near, key=lambda turn: max(turn[0] - time_s, time_s - turn[1], 0.0), default=None)
        return None if nearest is None else nearest[2]

    def _missing_at(self, point: QPointF) -> Region | Turn | None:
        """Return the speech without words whose mark is at a viewport position."""
        if point.x() < _GUTTER or not _AXIS - _MARK - 2 <= point.y() < _AXIS + 2:
            return None
        first_s, last_s = self._time_at(point.x() - 2), self._time_at(point.x() + 2)
        return next((part for part in self._missing if part.start <= last_s and part.end >= first_s), None)

    def describe_at(self, point: QPointF) -> str:
        """Return speaker and times of the turn or missing passage at a viewport position, or ""."""
        who, span = self.tr("Not understood"), self._missing_at(point)
        number = self._turn_at(point)
        if number is not None:
            who, span = self._name(self._lane_of[number]), self._turns[number]
        if span is None:
            return ""
        return self.tr("{speaker}: {start} to {end} ({length})").format(
            speaker=who,
            start=clock(span.start, decimals=1),
            end=clock(span.end, decimals=1),
            length=clock(span.duration, decimals=1),
        )

    def _go_to(self, number: int) -> None:
        if self._turns:
            number = min(max(number, 0), len(self._turns) - 1)
            self.choose(number)
            self.turn_chosen.emit(number)

    def _paint_axis(self, painter: QPainter, area: QRect) -> None:
        step = lane_tick_step_s(self.pixels_per_s)
        first = int(max(0.0, self._time_at(area.left())) / step)
        last = int(min(self._duration_s, self._time_at(area.right())) / step)
        font = theme.tabular(theme.scaled(self.font(), 0.88))
        label = QFontMetrics(font)
        painter.setFont(font)
        for number in range(first, last + 1):
            time_s = number * step
            x = round(self._x(time_s))
            painter.setPen(theme.hairline(self.palette()))
            painter.drawLine(x, _AXIS - 6, x, self.viewport().height())
            text = clock(time_s, decimals=1) if step < 1 else clock(time_s)
            width = label.horizontalAdvance(text)
            left = x if number == 0 else x - width // 2
            if left + width <= area.right():
                painter.setPen(theme.quiet(self.palette()))
                painter.drawText(left, _AXIS - 11, text)

    def _paint_missing(self, painter: QPainter) -> None:
        """Paint a mark above the lanes for each passage of speech without words."""
        for region in self._missing:
            width = max(3.0, region.duration * self.pixels_per_s)
            mark = QRectF(self._x(region.start), _AXIS - _MARK, width, _MARK)
            painter.fillRect(mark, theme.tone("warn", self.palette()))

    def _paint_lane(self, painter: QPainter, lane: Lane, area: QRect) -> None:
        colour = self._colour(lane)
        top = self._top(lane) + (_LANE - _BAR) / 2
        track = theme.mix(self.palette().color(QPalette.ColorRole.Base), colour, 0.09)
        end = min(self._x(self._duration_s), area.right() + 8)
        start = max(self._x(0), area.left() - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(track)
        painter.drawRoundedRect(QRectF(start, top, end - start, _BAR), 4, 4)
        painter.setBrush(colour)
        shown = (self._time_at(area.left() - 2), self._time_at(area.right() + 2))
        for bar_start, bar_end in lane.bars(*shown, self.pixels_per_s):
            left = self._x(bar_start)
            width = max(1.5, (bar_end - bar_start) * self.pixels_per_s)
            radius = min(4.0, width / 4)
            painter.drawRoundedRect(QRectF(left, top, width, _BAR), radius, radius)

    def _paint_chosen(self, painter: QPainter) -> None:
        if self._chosen is None:
            return
        turn, lane = self._turns[self._chosen], self._lane_of[self._chosen]
        left, width = self._x(turn.start), max(2.0, turn.duration * self.pixels_per_s)
        mark = self.palette().color(QPalette.ColorRole.Text)
        veil = QColor(mark)
        veil.setAlphaF(0.06)
        painter.fillRect(QRectF(left, _AXIS, width, self.viewport().height() - _AXIS), veil)
        painter.setPen(QPen(mark, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        top = self._top(lane) + (_LANE - _BAR) / 2
        painter.drawRoundedRect(QRectF(left - 2, top - 3, width + 4, _BAR + 6), 6, 6)

    def _paint_gutter(self, painter: QPainter) -> None:
        base = self.palette().color(QPalette.ColorRole.Base)
        painter.fillRect(0, 0, _GUTTER, self.viewport().height(), base)
        name_font = theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold)
        time_font = theme.tabular(theme.scaled(self.font(), 0.9))
        for lane in self._lanes:
            top = self._top(lane)
            colour = self._colour(lane)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(16, top + (_LANE - _BAR) / 2, 4, _BAR), 2, 2)
            painter.setFont(name_font)
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            area = QRect(30, top + 7, _GUTTER - 40, _LANE // 2 - 7)
            alignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            painter.drawText(area, alignment, self._name(lane))
            painter.setFont(time_font)
            painter.setPen(theme.quiet(self.palette()))
            below = QRect(30, top + _LANE // 2 + 1, _GUTTER - 40, _LANE // 2 - 8)
            text = clock(lane.total_s)
            if self._named:
                text += f" · {percent(lane.share)}"
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)

    def sizeHint(self) -> QSize:
        """Return room for up to five lanes."""
        return QSize(720, _AXIS + _LANE * min(len(self._lanes), _LANES_SHOWN) + 20)

    def minimumSizeHint(self) -> QSize:
        """Return room for up to two lanes."""
        return QSize(_GUTTER + 240, _AXIS + _LANE * min(len(self._lanes), 2) + 20)

    def viewportEvent(self, event: QEvent) -> bool:
        """Zoom with a pinch gesture; hide the tooltip when the pointer leaves."""
        if event.type() == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom(1.0 + event.value(), event.position().x())
            return True
        if event.type() == QEvent.Type.Leave:
            QToolTip.hideText()
        return super().viewportEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible part."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        area = QRect(_GUTTER, 0, self.viewport().width() - _GUTTER, self.viewport().height())
        painter.save()
        painter.setClipRect(area.adjusted(-4, 0, 0, 0))
        self._paint_axis(painter, area)
        painter.setClipRect(area.adjusted(-4, _AXIS - 6, 0, 0))
        self._paint_missing(painter)
        for lane in self._lanes:
            self._paint_lane(painter, lane, area)
        self._paint_chosen(painter)
        painter.restore()
        top = _AXIS - 6 if self.verticalScrollBar().value() else 0
        painter.setClipRect(QRect(0, top, _GUTTER - 4, self.height()))
        self._paint_gutter(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adapt the scroll bars."""
        super().resizeEvent(event)
        self._measure()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl; otherwise pan over time."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(_ZOOM_STEP ** (turned / 120), event.position().x())
        elif event.angleDelta().x() or not self.verticalScrollBar().maximum():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turned)
        else:
            super().wheelEvent(event)
            return
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a click or a pan."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._press_at = event.position().toPoint()
            self._pan_start = self.horizontalScrollBar().value()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while the button is pressed; otherwise show a tooltip for the turn."""
        if self._press_at is not None:
            moved = event.position().toPoint() - self._press_at
            if abs(moved.x()) >= QApplication.startDragDistance():
                self.horizontalScrollBar().setValue(self._pan_start - moved.x())
            return
        text = self.describe_at(event.position())
        if text:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
            QToolTip.showText(event.globalPosition().toPoint(), widgets.plain_tooltip(text), self.viewport())
        else:
            QToolTip.hideText()
            self.viewport().unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select the clicked turn."""
        press_at, self._press_at = self._press_at, None
        if press_at is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        if (event.position().toPoint() - press_at).manhattanLength() < QApplication.startDragDistance():
            number = self._turn_at(event.position())
            if number is not None:
                self._go_to(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between turns, and zoom."""
        chosen = -1 if self._chosen is None else self._chosen
        match event.key():
            case Qt.Key.Key_Left:
                self._go_to(chosen - 1)
            case Qt.Key.Key_Right:
                self._go_to(chosen + 1)
            case Qt.Key.Key_Home:
                self._go_to(0)
            case Qt.Key.Key_End:
                self._go_to(len(self._turns) - 1)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_in()
            case Qt.Key.Key_Minus:
                self.zoom_out()
            case Qt.Key.Key_0:
                self.zoom_to_fit()
            case _:
                super().keyPressEvent(event)
