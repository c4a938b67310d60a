"""Who spoke when: one coloured lane per speaker over time, or a single lane without diarization."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from fi_desktop.core.text import clock, percent
from fi_desktop.core.transcript import Region, Transcript, Turn
from fi_desktop.gui import widgets
from fi_desktop.gui.result.border_drag import BorderDrag, edge_at
from fi_desktop.gui.result.doubt_marks import DoubtMarks
from fi_desktop.gui.result.lanes_canvas import AXIS, END, GUTTER, LANE, MARK, LanesCanvas
from fi_desktop.viewmodel.borders import border_of
from fi_desktop.viewmodel.doubts import Doubt
from fi_desktop.viewmodel.result import Lane

_MAX_SCALE = 240.0  # pixels per second
_ZOOM_STEP = 1.5
_LANES_SHOWN = 5


class LanesView(LanesCanvas):
    """Paints the lanes; zooms with Ctrl+wheel, pinch, + and -, pans with wheel, drag and scroll bar.

    Signals:
        turn_chosen: index of the turn that the person clicked or reached by key.
        moment_clicked: the moment at which a lane was clicked, seconds.
        name_clicked: the label of the speaker whose name was clicked.
        play_asked: play, or pause.
        border_moved: a `Border` was dragged to a time, seconds.
        doubt_clicked: the mark of a `Doubt` was clicked.
        menu_asked: open a menu for a turn, at a place on the screen.
    """

    turn_chosen = Signal(int)
    moment_clicked = Signal(float)
    name_clicked = Signal(str)
    play_asked = Signal()
    border_moved = Signal(object, float)
    doubt_clicked = Signal(object)
    menu_asked = Signal(int, QPoint)

    def __init__(
        self,
        transcript: Transcript,
        parent: QWidget | None = None,
        *,
        waveform: bytes = b"",
    ) -> None:
        """Show who spoke when; waveform: see `audio.waveform`."""
        super().__init__(transcript, parent, waveform=waveform)
        self._press_at: QPoint | None = None
        self._drag: BorderDrag | None = None
        self._marks = DoubtMarks(self)
        self._pan_start = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._describe()

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected; zoom and scroll stay."""
        self._drop_border()
        before = self._transcript
        self._read(transcript, before)
        if self.named and transcript.turns is before.turns and transcript.people == before.people:
            self._describe()
            self._update_ruler()
            return
        if self._chosen is not None and self._chosen >= len(self.turns):
            self._chosen = None
        self._measure()
        self._describe()
        self.updateGeometry()

    def show_doubts(self, doubts: Sequence[Doubt]) -> None:
        """Show the doubts that are left, of the transcript that is shown."""
        self._marks.show(doubts)
        self._update_ruler()

    def _update_ruler(self) -> None:
        self.viewport().update(GUTTER, 0, self.viewport().width() - GUTTER, AXIS)

    def _describe(self) -> None:
        self.setAccessibleName(self.title)
        summaries = [self._summary(lane) for lane in self.lanes]
        if self.missing:
            total_s = sum(region.duration for region in self.missing)
            summaries.append(f"{self.tr('Not understood')}: {clock(total_s)}")
        self.setAccessibleDescription("; ".join(summaries))

    @property
    def title(self) -> str:
        """The heading of the lanes."""
        return self.tr("Who spoke when") if self.named else self.tr("When someone spoke")

    def choose(self, number: int) -> None:
        """Select a turn and scroll to it."""
        self._chosen = number
        turn = self.turns[number]
        left, right = self.x_of(turn.start), self.x_of(turn.end)
        if left < GUTTER or right > self.viewport().width():
            bar = self.horizontalScrollBar()
            room = self.viewport().width() - GUTTER
            bar.setValue(round(turn.start * self.pixels_per_s - room / 3))
        self.viewport().update()

    def show_playhead(self, moment_s: float, *, follow: bool) -> None:
        """Show the moment that is heard; with `follow`, keep it in view."""
        before, self.playhead_s = self.playhead_s, moment_s
        if follow and self._scale:
            x = self.x_of(moment_s)
            if not GUTTER <= x <= self.viewport().width() - END:
                bar = self.horizontalScrollBar()
                bar.setValue(round(moment_s * self.pixels_per_s - (self.viewport().width() - GUTTER) / 4))
        for changed_s in (before, moment_s):  # only these strips: it moves thirty times a second
            if changed_s is not None:
                self.viewport().update(round(self.x_of(changed_s)) - 3, 0, 6, self.viewport().height())

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

    def _zoom(self, factor: float, x: float) -> None:
        """Zoom and keep the time at `x` where it is."""
        time_s = self.time_at(x)
        scale = min(_MAX_SCALE, self.pixels_per_s * factor)
        self._scale = 0.0 if scale <= self._fit_scale() else scale
        self._measure()
        self.horizontalScrollBar().setValue(round(time_s * self.pixels_per_s - (x - GUTTER)))
        self.viewport().update()

    def _measure(self) -> None:
        room = self.viewport().width() - GUTTER - END
        hidden = round(self.duration_s * self.pixels_per_s) - room
        horizontal, vertical = self.horizontalScrollBar(), self.verticalScrollBar()
        horizontal.setRange(0, hidden if self._scale else 0)
        horizontal.setPageStep(room)
        horizontal.setSingleStep(40)
        vertical.setRange(0, max(0, AXIS + LANE * len(self.lanes) - self.viewport().height()))
        vertical.setPageStep(self.viewport().height())
        vertical.setSingleStep(LANE // 2)
        self.viewport().update()

    def _zoom_centre(self) -> float:
        """Return the x that keyboard zoom keeps: the selected turn if visible, else the centre."""
        if self._chosen is not None:
            x = self.x_of(self.turns[self._chosen].start)
            if GUTTER <= x <= self.viewport().width():
                return x
        return (GUTTER + self.viewport().width()) / 2

    def _summary(self, lane: Lane) -> str:
        return self.tr("{speaker}: {time}, {share}").format(
            speaker=self.name_of(lane), time=clock(lane.total_s), share=percent(lane.share)
        )

    def _lane_at(self, y: float) -> Lane | None:
        inside = (lane for lane in self.lanes if self.top_of(lane) <= y < self.top_of(lane) + LANE)
        return next(inside, None) if y >= AXIS else None

    def _turn_at(self, point: QPointF) -> int | None:
        if point.x() < GUTTER or point.y() < AXIS:
            return None
        lane = self._lane_at(point.y())
        if lane is None:
            return None
        time_s, slack_s = self.time_at(point.x()), 2.0 / self.pixels_per_s  # a short turn is hard to hit
        near = lane.between(time_s - slack_s, time_s + slack_s)
        nearest = min(near, key=lambda turn: max(turn[0] - time_s, time_s - turn[1], 0.0), default=None)
        return None if nearest is None else nearest[2]

    def _missing_at(self, point: QPointF) -> Region | Turn | None:
        """Return the speech without words whose mark is at a viewport position."""
        if point.x() < GUTTER or not AXIS - MARK - 2 <= point.y() < AXIS + 2:
            return None
        first_s, last_s = self.time_at(point.x() - 2), self.time_at(point.x() + 2)
        return next((part for part in self.missing if part.start <= last_s and part.end >= first_s), None)

    def describe_at(self, point: QPointF) -> str:
        """Return what is at a viewport position: doubts, a turn or missing passage with its times, or ""."""
        if told := self._marks.describe(self._marks.at(point)):
            return told
        who, span = self.tr("Not understood"), self._missing_at(point)
        number = self._turn_at(point)
        if number is not None:
            who, span = self.name_of(self.lane_of[number]), self.turns[number]
        if span is None:
            return ""
        return self.tr("{speaker}: {start} to {end} ({length})").format(
            speaker=who,
            start=clock(span.start, decimals=1),
            end=clock(span.end, decimals=1),
            length=clock(span.duration, decimals=1),
        )

    def _go_to(self, number: int) -> None:
        if self.turns:
            number = min(max(number, 0), len(self.turns) - 1)
            self.choose(number)
            self.turn_chosen.emit(number)

    def sizeHint(self) -> QSize:
        """Return room for up to five lanes."""
        return QSize(720, AXIS + LANE * min(len(self.lanes), _LANES_SHOWN) + 20)

    def minimumSizeHint(self) -> QSize:
        """Return room for one lane: small screens need it for the text."""
        return QSize(GUTTER + 240, AXIS + LANE * min(len(self.lanes), 1) + 8)

    def viewportEvent(self, event: QEvent) -> bool:
        """Zoom with a pinch gesture; hide the tooltip when the pointer leaves."""
        if event.type() == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom(1.0 + event.value(), event.position().x())
            return True
        if event.type() == QEvent.Type.Leave:
            QToolTip.hideText()
        return super().viewportEvent(event)

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
        """Start a click, a pan, or a move of a border."""
        if event.button() is Qt.MouseButton.LeftButton:
            if (edge := edge_at(self, event.position())) is not None:
                border = border_of(self.transcript, edge[0], end=edge[1])
                self._drag = BorderDrag(self, border, event.position().x()) if border else None
            self._press_at = event.position().toPoint()
            self._pan_start = self.horizontalScrollBar().value()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the border, or pan, while the button is pressed; otherwise tell what is at the pointer."""
        if self._press_at is not None:
            moved = event.position().toPoint() - self._press_at
            if self._drag is not None:
                if self._drag.moving or abs(moved.x()) >= QApplication.startDragDistance():
                    self._scroll_to(event.position().x())
                    self._drag.move(event.position().x())
                    QToolTip.hideText()
                    self.viewport().update()
            elif abs(moved.x()) >= QApplication.startDragDistance():
                self.horizontalScrollBar().setValue(self._pan_start - moved.x())
            return
        text, edge = self.describe_at(event.position()), edge_at(self, event.position())
        if edge is not None:
            text = "\n".join(filter(None, (text, self._border_tip(end=edge[1]))))
        if text:
            split, hand = Qt.CursorShape.SplitHCursor, Qt.CursorShape.PointingHandCursor
            self.viewport().setCursor(hand if edge is None else split)
            QToolTip.showText(event.globalPosition().toPoint(), widgets.plain_tooltip(text), self.viewport())
        else:
            QToolTip.hideText()
            self.viewport().unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the border where it is, or select the clicked turn."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        press_at, self._press_at = self._press_at, None
        if press_at is None:
            return
        drag, self._drag = self._drag, None
        if drag is not None and drag.moving:
            self.viewport().update()
            self.border_moved.emit(drag.border, drag.at)
            return
        if (event.position().toPoint() - press_at).manhattanLength() < QApplication.startDragDistance():
            point = event.position()
            doubts = self._marks.at(point)
            if doubts:
                self.doubt_clicked.emit(min(doubts, key=lambda doubt: doubt.start_s))
                return
            number = self._turn_at(point)
            if number is not None:
                self._go_to(number)
            if point.x() >= GUTTER:
                self.moment_clicked.emit(min(max(0.0, self.time_at(point.x())), self.duration_s))
            elif (lane := self._lane_at(point.y())) is not None and self.named:
                self.name_clicked.emit(lane.label)

    def _border_tip(self, *, end: bool) -> str:
        shift = "Shift+" if end else ""
        earlier, later = (
            QKeySequence(f"Ctrl+{shift}{key}").toString(QKeySequence.SequenceFormat.NativeText)
            for key in ("Left", "Right")
        )
        tip = self.tr("Drag to move this border; of the selected turn, {earlier} and {later} do")
        return tip.format(earlier=earlier, later=later)

    def _scroll_to(self, x: float) -> None:
        """Scroll on if a border is dragged beyond the visible part."""
        left, right = GUTTER, self.viewport().width() - END
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() + round((min(0.0, x - left) + max(0.0, x - right)) / 3))

    def _drop_border(self) -> None:
        """Let go of a border that is being dragged; nothing changes."""
        if self._drag is not None:
            self._drag = self._press_at = None
            self.viewport().unsetCursor()
            self.viewport().update()

    def _paint_doubts(self, painter: QPainter, area: QRect) -> None:
        self._marks.paint(painter, area)

    def _paint_drag(self, painter: QPainter) -> None:
        if self._drag is not None:
            self._drag.paint(painter)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the turn at the pointer, or of the selected one by key."""
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        number = self._chosen if by_key else self._turn_at(QPointF(event.pos()))
        if number is not None and self.named:
            self._go_to(number)
            corner = QPoint(
                round(self.x_of(self.turns[number].start)), self.top_of(self.lane_of[number]) + LANE
            )
            self.menu_asked.emit(number, self.viewport().mapToGlobal(corner if by_key else event.pos()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between turns, and zoom; Escape lets go of a border."""
        chosen = -1 if self._chosen is None else self._chosen
        match event.key():
            case Qt.Key.Key_Escape if self._drag is not None:
                self._drop_border()
            case Qt.Key.Key_Left:
                self._go_to(chosen - 1)
            case Qt.Key.Key_Right:
                self._go_to(chosen + 1)
            case Qt.Key.Key_Home:
                self._go_to(0)
            case Qt.Key.Key_End:
                self._go_to(len(self.turns) - 1)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_in()
            case Qt.Key.Key_Minus:
                self.zoom_out()
            case Qt.Key.Key_0:
                self.zoom_to_fit()
            case Qt.Key.Key_Space:
                self.play_asked.emit()
            case _:
                super().keyPressEvent(event)
