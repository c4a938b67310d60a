"""The doubts of a result as marks on the ruler above the lanes; where they are many, as a density."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from fi_desktop.gui import theme
from fi_desktop.gui.result.lanes_canvas import AXIS, GUTTER, MARK, MARKS, LanesCanvas
from fi_desktop.viewmodel.doubts import Doubt, DoubtKind

_PITCH_PX = 5  # of the columns: doubts nearer to each other share one
_WIDTH_PX = 3.0
_REACH_PX = 3.0  # from the pointer
_FIRST_PX = 6.0  # height of a column with one doubt
_MORE_PX = 1.2  # for each time that it has twice as many
_WORDS_SHOWN = 6
_START = attrgetter("start_s")
_STACKED = (DoubtKind.WORDS, DoubtKind.SPEAKER, DoubtKind.OVERLAP)  # in one column, from below


class DoubtMarks(QObject):
    """Paints doubts in columns, and knows which are at a place; speech without words has its own marks."""

    def __init__(self, lanes: LanesCanvas) -> None:
        super().__init__(lanes)
        self._lanes = lanes
        self._shown: Sequence[Doubt] = ()
        self._columns_for = 0.0  # columns a second for which they were counted
        self._columns: dict[DoubtKind, list[tuple[int, float, float]]] = {}
        self._doubts: dict[DoubtKind, list[Doubt]] = {}
        self._starts: dict[DoubtKind, list[float]] = {}

    def show(self, doubts: Sequence[Doubt]) -> None:
        """Adopt the doubts that are left."""
        if doubts == self._shown:
            return
        self._shown, self._columns_for = doubts, 0.0
        ordered = sorted(doubts, key=_START)
        self._doubts = {kind: [doubt for doubt in ordered if doubt.kind is kind] for kind in DoubtKind}
        self._starts = {kind: [doubt.start_s for doubt in found] for kind, found in self._doubts.items()}

    def at(self, point: QPointF) -> list[Doubt]:
        """Return the doubts whose marks are at a place of the viewport, by kind and start."""
        if point.x() < GUTTER or not AXIS - MARKS <= point.y() < AXIS:
            return []
        lanes, per_column = self._lanes, self._lanes.pixels_per_s / _PITCH_PX
        if point.y() >= AXIS - MARK:
            first_s, last_s = lanes.time_at(point.x() - _REACH_PX), lanes.time_at(point.x() + _REACH_PX)
            missing = self._doubts.get(DoubtKind.MISSING, ())
            found = [doubt for doubt in missing if doubt.start_s <= last_s and doubt.end_s >= first_s]
            return found[:1]
        for by_px in (0.0, -_REACH_PX, _REACH_PX):
            column = int(lanes.time_at(point.x() + by_px) * per_column)
            found = [
                doubt
                for kind in _STACKED
                for doubt in self._between(kind, column / per_column, (column + 1) / per_column)
                if int(doubt.start_s * per_column) == column
            ]
            if found:
                return found
        return []

    def _between(self, kind: DoubtKind, low_s: float, high_s: float) -> list[Doubt]:
        starts = self._starts.get(kind, [])
        first, last = bisect_left(starts, low_s - 1e-6), bisect_right(starts, high_s + 1e-6)
        return self._doubts[kind][first:last] if starts else []

    def paint(self, painter: QPainter, area: QRect) -> None:
        """Paint the columns within an area; one colour a kind, stacked."""
        lanes, per_column = self._lanes, self._lanes.pixels_per_s / _PITCH_PX
        if self._columns_for != per_column:
            self._columns_for, self._columns = per_column, self._stacked(per_column)
        zero = lanes.x_of(0.0)
        first, last = int((area.left() - zero) // _PITCH_PX), int((area.right() - zero) // _PITCH_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        for kind, colour in self._colours():
            columns = self._columns.get(kind, [])
            shown = columns[bisect_left(columns, (first,)) : bisect_left(columns, (last + 1,))]
            painter.setBrush(colour)
            painter.drawRects(
                [
                    QRectF(zero + column * _PITCH_PX + 1, AXIS - MARK - head, _WIDTH_PX, head - foot - 0.5)
                    for column, foot, head in shown
                ]
            )

    def _stacked(self, per_column: float) -> dict[DoubtKind, list[tuple[int, float, float]]]:
        """Return the columns of each kind: number, and the heights between which it is painted."""
        found: dict[DoubtKind, list[tuple[int, float, float]]] = {}
        below: dict[int, float] = {}
        for kind in _STACKED:
            counts = Counter([int(start * per_column) for start in self._starts.get(kind, ())])
            columns = found[kind] = []
            for column, count in counts.items():  # in order, since the starts are
                foot = below.get(column, 0.0)
                head = min(MARKS - MARK, foot + _FIRST_PX + _MORE_PX * (count.bit_length() - 1))
                below[column] = head
                columns.append((column, foot, head))
        return found

    def _colours(self) -> tuple[tuple[DoubtKind, QColor], ...]:
        palette = self._lanes.palette()
        tones = theme.tone("warn", palette), theme.tone("info", palette), theme.quiet(palette)
        return tuple(zip(_STACKED, tones, strict=True))

    def describe(self, doubts: Sequence[Doubt]) -> str:
        """Return what doubts at one place are about, for a tooltip."""
        return "\n".join(
            self._line(kind, [doubt for doubt in doubts if doubt.kind is kind])
            for kind in _STACKED
            if any(doubt.kind is kind for doubt in doubts)
        )

    def _line(self, kind: DoubtKind, doubts: Sequence[Doubt]) -> str:
        segments = self._lanes.transcript.segments
        words = [
            word.text
            for doubt in doubts[:_WORDS_SHOWN]
            for word in segments[doubt.segment].words[doubt.first : doubt.end]
        ]
        told = " ".join(words[:_WORDS_SHOWN])
        if len(words) > _WORDS_SHOWN or len(doubts) > _WORDS_SHOWN:
            told += " …"
        if kind is DoubtKind.SPEAKER:
            return self.tr("Not sure who says: {words}").format(words=told)
        if kind is DoubtKind.OVERLAP:
            return self.tr("Someone else spoke at the same time: {words}").format(words=told)
        if len(words) > 1:
            return self.tr("Not sure of these words: {words}").format(words=told)
        return self.tr("Not sure of this word: {words}").format(words=told)
