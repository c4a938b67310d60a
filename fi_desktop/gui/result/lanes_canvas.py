"""The lanes as they are painted: axis, waveforms, overlap, missing words, chosen turn and playhead."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from fi_desktop.core.text import clock, percent
from fi_desktop.core.transcript import Region, Transcript, overlaps
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.system.files import PEAKS_HZ
from fi_desktop.viewmodel.axis import lane_tick_step_s
from fi_desktop.viewmodel.result import Lane, lanes_of, turns_to_show

GUTTER = 176
"""Width for a speaker's name and time; these are in pixels."""
AXIS = 40
LANE = 52
END = 16
"""Left free after the end of the recording."""
MARK = 5
"""Height of the marks for speech without words."""
MARKS = 18
"""Height of all marks of doubts, above the lanes."""
BAR = 30
"""Height of a turn."""
_WAVE_LEAST = 6.0  # narrower bars have no waveform
_HATCH_LEAST = 0.4  # narrower overlaps are not hatched: from afar, hours would be one hatch


class LanesCanvas(QAbstractScrollArea):
    """Paints the lanes of a transcript; knows where each moment is.

    Attributes:
        waveform: see `audio.waveform`.
        named: whether the speakers are known.
        turns: what the lanes show, by start; lanes: the lanes, from the top; lane_of: the lane of each turn.
        duration_s: of the recording.
        missing, overlaps: speech without words, and of two or more people.
        playhead_s: the moment that is heard; None if nothing was played.
    """

    def __init__(
        self,
        transcript: Transcript,
        parent: QWidget | None = None,
        *,
        waveform: bytes = b"",
    ) -> None:
        """Show who spoke when."""
        super().__init__(parent)
        self.waveform = waveform
        self._labels = UiLabels(self)
        self._scale = 0.0  # pixels per second; 0 to fit the whole recording
        self._chosen: int | None = None
        self.playhead_s: float | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._read(transcript)

    def _read(self, transcript: Transcript, before: Transcript | None = None) -> None:
        """Adopt a transcript; `before`: the one that was shown, whose turns it may share."""
        self._transcript = transcript
        self._names: dict[str, str] = {}
        self.missing = transcript.missing
        self.named = bool(transcript.turns)
        if before is not None and self.named and transcript.turns is before.turns:
            return
        self.turns = turns_to_show(transcript)
        self.duration_s = max(transcript.duration, *(turn.end for turn in self.turns), 0.1)
        self.lanes = lanes_of(self.turns)
        self.overlaps = overlaps(self.turns) if self.named else ()
        self.lane_of = {number: lane for lane in self.lanes for _, _, number in lane.turns}

    @property
    def pixels_per_s(self) -> float:
        """The current scale."""
        return self._scale or self._fit_scale()

    @property
    def scale(self) -> float | None:
        """The zoom, pixels per second; None if the whole recording fits."""
        return self._scale or None

    @property
    def transcript(self) -> Transcript:
        """The transcript that is shown."""
        return self._transcript

    @property
    def chosen(self) -> int | None:
        """Index of the selected turn."""
        return self._chosen

    def _fit_scale(self) -> float:
        return max(1, self.viewport().width() - GUTTER - END) / self.duration_s

    def x_of(self, time_s: float) -> float:
        """Return where a moment is in the viewport, pixels."""
        return GUTTER + time_s * self.pixels_per_s - self.horizontalScrollBar().value()

    def time_at(self, x: float) -> float:
        """Return the moment at a place in the viewport, seconds."""
        return (x - GUTTER + self.horizontalScrollBar().value()) / self.pixels_per_s

    def top_of(self, lane: Lane) -> int:
        """Return where a lane begins in the viewport, pixels."""
        return AXIS + lane.number * LANE - self.verticalScrollBar().value()

    def name_of(self, lane: Lane) -> str:
        """Return the name of a lane's speaker."""
        if lane.label not in self._names:
            known = self._labels.speaker(lane.label, self._transcript) if self.named else self.tr("Someone")
            self._names[lane.label] = known
        return self._names[lane.label]

    def colour_of(self, lane: Lane) -> QColor:
        """Return the colour of a lane's speaker."""
        palette = self.palette()
        return theme.speaker_colour(lane.speaker, palette) if self.named else theme.quiet(palette)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible part."""
        rect = event.rect()
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Base))
        whole = QRect(GUTTER, 0, self.viewport().width() - GUTTER, self.viewport().height())
        area = whole & rect.adjusted(-8, 0, 8, 0)
        painter.save()
        painter.setClipRect(area.adjusted(-4, 0, 0, 0))
        self._paint_axis(painter, whole)
        self._paint_doubts(painter, area)
        painter.setClipRect(area.adjusted(-4, AXIS - 6, 0, 0))
        self._paint_missing(painter, area)
        if rect.bottom() >= AXIS:  # otherwise, doubts changed, but no turn
            for lane in self.lanes:
                self._paint_lane(painter, lane, area)
            self._paint_overlaps(painter, area)
        self._paint_chosen(painter)
        self._paint_playhead(painter)
        painter.setClipRect(area.adjusted(-4, 0, 0, 0))
        self._paint_drag(painter)
        painter.restore()
        if rect.left() < GUTTER:
            top = AXIS - 6 if self.verticalScrollBar().value() else 0
            painter.setClipRect(QRect(0, top, GUTTER - 4, self.height()))
            self._paint_gutter(painter)

    def _paint_axis(self, painter: QPainter, area: QRect) -> None:
        step = lane_tick_step_s(self.pixels_per_s)
        first = int(max(0.0, self.time_at(area.left())) / step)
        last = int(min(self.duration_s, self.time_at(area.right())) / step)
        font = theme.tabular(theme.scaled(self.font(), 0.88))
        label = QFontMetrics(font)
        painter.setFont(font)
        for number in range(first, last + 1):
            time_s = number * step
            x = round(self.x_of(time_s))
            painter.setPen(theme.hairline(self.palette()))
            painter.drawLine(x, AXIS - 6, x, self.viewport().height())
            text = clock(time_s, decimals=1) if step < 1 else clock(time_s)
            width = label.horizontalAdvance(text)
            left = x if number == 0 else x - width // 2
            if left + width <= area.right():
                painter.setPen(theme.quiet(self.palette()))
                painter.drawText(left, AXIS - MARKS - 5, text)

    def _within(self, regions: Sequence[Region], area: QRect) -> Sequence[Region]:
        """Return the regions that may be in an area; regions: in order, none within another."""
        low, high = self.time_at(area.left() - 4), self.time_at(area.right() + 4)
        first = bisect_left(regions, low, key=lambda region: region.end)
        return regions[first : bisect_right(regions, high, key=lambda region: region.start)]

    def _paint_missing(self, painter: QPainter, area: QRect) -> None:
        """Paint a mark above the lanes for each passage of speech without words."""
        for region in self._within(self.missing, area):
            width = max(3.0, region.duration * self.pixels_per_s)
            mark = QRectF(self.x_of(region.start), AXIS - MARK, width, MARK)
            painter.fillRect(mark, theme.tone("warn", self.palette()))

    def _paint_lane(self, painter: QPainter, lane: Lane, area: QRect) -> None:
        colour = self.colour_of(lane)
        top = self.top_of(lane) + (LANE - BAR) / 2
        track = theme.mix(self.palette().color(QPalette.ColorRole.Base), colour, 0.09)
        end = min(self.x_of(self.duration_s), area.right() + 8)
        start = max(self.x_of(0), area.left() - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(track)
        painter.drawRoundedRect(QRectF(start, top, end - start, BAR), 4, 4)
        painter.setBrush(colour)
        shown = (self.time_at(area.left() - 2), self.time_at(area.right() + 2))
        scale, zero = self.pixels_per_s, self.x_of(0)
        thin: list[QRectF] = []
        for bar_start, bar_end in lane.bars(*shown, scale):
            width = max(1.5, (bar_end - bar_start) * scale)
            bar = QRectF(zero + bar_start * scale, top, width, BAR)
            if width < _WAVE_LEAST:
                thin.append(bar)
                continue
            radius = min(4.0, width / 4)
            if len(self.waveform):
                painter.setBrush(theme.mix(track, colour, 0.25))
                painter.drawRoundedRect(bar, radius, radius)
                self._paint_waveform(painter, bar, area, colour)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
            else:
                painter.drawRoundedRect(bar, radius, radius)
        painter.drawRects(thin)  # hours of speech have hundreds: one call, without round corners

    def _paint_waveform(self, painter: QPainter, bar: QRectF, area: QRect, colour: QColor) -> None:
        """Paint the loudness during a bar, a line per two pixels."""
        first, last = max(round(bar.left()) + 1, area.left() - 2), min(round(bar.right()), area.right() + 2)
        columns = range(first + first % 2, last, 2)
        if not columns:
            return
        peaks = self.waveform
        per_line = max(1, round(2 * PEAKS_HZ / self.pixels_per_s))
        starts = (max(0, round(self.time_at(x) * PEAKS_HZ)) for x in columns)
        heights = [max(peaks[start : start + per_line], default=0) for start in starts]
        middle = bar.center().y()
        painter.setPen(QPen(colour, 1.4))
        reach = (height / 255 * (BAR / 2 - 2) for height in heights)
        painter.drawLines(
            [QLineF(x, middle - half, x, middle + half + 0.5) for x, half in zip(columns, reach, strict=True)]
        )

    def _paint_overlaps(self, painter: QPainter, area: QRect) -> None:
        """Hatch the times during which two or more people speak."""
        colour = QColor(self.palette().color(QPalette.ColorRole.Text))
        colour.setAlphaF(0.35)
        bottom = min(self.viewport().height(), AXIS + LANE * len(self.lanes))
        scale, zero = self.pixels_per_s, self.x_of(0)
        stripes: list[QRectF] = []
        for region in self._within(self.overlaps, area):
            width = region.duration * scale
            if width >= _HATCH_LEAST:
                left = zero + region.start * scale
                stripes.append(QRectF(left, AXIS + 4, max(2.0, width), bottom - AXIS - 8))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
        painter.drawRects(stripes)

    def _paint_chosen(self, painter: QPainter) -> None:
        if self._chosen is None:
            return
        turn, lane = self.turns[self._chosen], self.lane_of[self._chosen]
        left, width = self.x_of(turn.start), max(2.0, turn.duration * self.pixels_per_s)
        mark = self.palette().color(QPalette.ColorRole.Text)
        veil = QColor(mark)
        veil.setAlphaF(0.06)
        painter.fillRect(QRectF(left, AXIS, width, self.viewport().height() - AXIS), veil)
        painter.setPen(QPen(mark, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        top = self.top_of(lane) + (LANE - BAR) / 2
        painter.drawRoundedRect(QRectF(left - 2, top - 3, width + 4, BAR + 6), 6, 6)

    def _paint_playhead(self, painter: QPainter) -> None:
        if self.playhead_s is not None:
            x = self.x_of(self.playhead_s)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawLine(QPointF(x, AXIS - 6), QPointF(x, self.viewport().height()))

    def _paint_doubts(self, painter: QPainter, area: QRect) -> None:
        """Paint the doubts within an area; see `LanesView`."""

    def _paint_drag(self, painter: QPainter) -> None:
        """Paint what is being dragged; see `LanesView`."""

    def _paint_gutter(self, painter: QPainter) -> None:
        base = self.palette().color(QPalette.ColorRole.Base)
        painter.fillRect(0, 0, GUTTER, self.viewport().height(), base)
        name_font = theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold)
        time_font = theme.tabular(theme.scaled(self.font(), 0.9))
        for lane in self.lanes:
            top = self.top_of(lane)
            colour = self.colour_of(lane)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(16, top + (LANE - BAR) / 2, 4, BAR), 2, 2)
            painter.setFont(name_font)
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            area = QRect(30, top + 7, GUTTER - 40, LANE // 2 - 7)
            alignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            painter.drawText(area, alignment, self.name_of(lane))
            painter.setFont(time_font)
            painter.setPen(theme.quiet(self.palette()))
            below = QRect(30, top + LANE // 2 + 1, GUTTER - 40, LANE // 2 - 8)
            text = clock(lane.total_s)
            if self.named:
                text += f" · {percent(lane.share)}"
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)
