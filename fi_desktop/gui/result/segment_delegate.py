"""Paints a segment: its time, the speaker's colour and name, and the text over several lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QHelpEvent,
    QPainter,
    QPalette,
    QPen,
    QTextCharFormat,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from fi_desktop.gui import theme
from fi_desktop.gui.result.segments import Paragraphs, SegmentsModel, paint_dots
from fi_desktop.viewmodel.result import Match

_PAD = 16
_GAP = 12
_SWATCH = 10
_HOLLOW = 2.0  # width of the line around a swatch of an unsure speaker
_WIDEST_NAME = 180
_TEXT_SIZE = 1.3  # of the window's font size
_LINE_LENGTH = 72  # characters


class SegmentDelegate(QStyledItemDelegate):
    """Paints a segment: its time, the speaker's colour and name, and the text over several lines.

    Attributes:
        paragraphs: the layouts of the texts.
    """

    def __init__(self, view: QAbstractItemView, model: SegmentsModel) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._matches: dict[int, list[Match]] = {}
        self._current: Match | None = None
        self._spoken: Match | None = None
        self._doubt: Match | None = None
        self.paragraphs = Paragraphs(model, view.font())
        self.apply_theme()

    def apply_theme(self) -> None:
        """Adopt the view's font."""
        font = self._view.font()
        self.paragraphs.set_font(theme.scaled(font, _TEXT_SIZE))
        self._times = theme.tabular(theme.scaled(font, 0.95))
        self._names = theme.scaled(font, 1.0, QFont.Weight.DemiBold)
        last = max((segment.start for segment in self._model.texts), default=0.0)
        widest = "0:00:00" if last >= 3600 else "00:00"
        self._time_width = theme.text_width(self._times, widest)
        self._name_width = self._measure_names()
        self._tags = theme.scaled(font, 0.8, QFont.Weight.DemiBold)
        self._tag_width = self._measure_tags()

    def measure_margin(self) -> bool:
        """Measure names and language codes; return whether the texts' place changed."""
        before = self.text_left
        self._name_width = self._measure_names()
        self._tag_width = self._measure_tags()
        return self.text_left != before

    def fit(self, width: int) -> None:
        """Lay out the texts for rows of this width, pixels."""
        longest = round(QFontMetricsF(self.paragraphs.font).averageCharWidth() * _LINE_LENGTH)
        self.paragraphs.set_width(max(60, min(longest, width - self.text_left - _PAD)))

    def show_matches(self, matches: Sequence[Match], current: Match | None) -> None:
        """Highlight matches, the current one more strongly."""
        self._matches = {}
        for match in matches:
            self._matches.setdefault(match.row, []).append(match)
        self._current = current

    def show_spoken(self, spoken: Match | None) -> None:
        """Highlight the word that is heard."""
        self._spoken = spoken

    def show_doubt(self, doubt: Match | None) -> None:
        """Highlight the place that is being checked."""
        self._doubt = doubt

    def text_rect(self, row: int, area: QRect) -> QRect:
        """Return where a row's text is, given the row's rectangle."""
        height = area.height() - 2 * self.paragraphs.top
        return QRect(
            area.left() + self.text_left, area.top() + self.paragraphs.top, self.paragraphs.width, height
        )

    def offset_at(self, row: int, point: QPointF, area: QRect) -> int | None:
        """Return the character of a row's text at a point of the view, if there is one."""
        return self.paragraphs.offset_at(row, point - QPointF(self.text_rect(row, area).topLeft()))

    def line_of(self, match: Match) -> QRectF:
        """Return the rectangle of a match's first line in its row."""
        line = self.paragraphs.layout(match.row).lineForTextPosition(match.start)
        return line.rect().translated(0, self.paragraphs.top)

    def name(self, row: int) -> str:
        """Return the speaker's name, elided if it is too long."""
        room = self._name_width - _SWATCH - 8
        return QFontMetrics(self._names).elidedText(self._model.name(row), Qt.TextElideMode.ElideRight, room)

    def _measure_names(self) -> int:
        if not self._model.named:
            return 0
        firsts = {segment.speaker: row for row, segment in enumerate(self._model.texts)}
        widest = max(theme.text_width(self._names, self._model.name(row)) for row in firsts.values())
        return min(_WIDEST_NAME, widest) + _SWATCH + 8

    @property
    def text_left(self) -> int:
        """Where texts begin in their rows, pixels."""
        names = self._name_width + _GAP if self._name_width else 0
        tags = self._tag_width + _GAP if self._tag_width else 0
        return _PAD + self._time_width + _GAP + names + tags

    def _measure_tags(self) -> int:
        firsts = {segment.language: row for row, segment in enumerate(self._model.texts)}
        tags = [self._model.language_tag(row) for row in firsts.values()]
        return max(theme.text_width(self._tags, tag) for tag in tags) + 8 if any(tags) else 0

    def _selections(self, row: int, palette: QPalette) -> list[QTextLayout.FormatRange]:
        warn, base = theme.tone("warn", palette), palette.color(QPalette.ColorRole.Base)
        accent = palette.color(QPalette.ColorRole.Highlight)
        selections = []
        for place, colour in (
            (self._doubt, theme.mix(base, warn, 0.22)),
            (self._spoken, theme.mix(base, accent, 0.28)),
        ):
            if place is not None and place.row == row:
                selections.append(_background(place, colour))
        for match in self._matches.get(row, ()):
            selection = QTextLayout.FormatRange()
            selection.start, selection.length = match.start, match.length
            form = QTextCharFormat()
            form.setBackground(warn if match == self._current else theme.mix(base, warn, 0.22))
            if match == self._current:
                form.setForeground(base)
            selection.format = form
            selections.append(selection)
        return selections

    def _paint_margin(self, painter: QPainter, area: QRect, baseline: float, row: int) -> None:
        """Paint time and speaker on the baseline of the text's first line."""
        segment, palette = self._model.texts[row], self._view.palette()
        painter.setFont(self._times)
        painter.setPen(theme.quiet(palette))
        start_time = self._model.start_time(row)
        width = theme.text_width(self._times, start_time)
        painter.drawText(QPointF(area.left() + _PAD + self._time_width - width, baseline), start_time)
        self._paint_tag(painter, area, baseline, row)
        if not self._name_width:
            return
        left = area.left() + _PAD + self._time_width + _GAP
        metrics = QFontMetrics(self._names)
        swatch = QRectF(left, baseline - metrics.capHeight() / 2 - _SWATCH / 2, _SWATCH, _SWATCH)
        if segment.speaker is None:
            swatch_colour, name_colour = theme.hairline(palette), theme.quiet(palette)
        else:
            swatch_colour = theme.speaker_colour(segment.speaker, palette)
            name_colour = palette.color(QPalette.ColorRole.Text)
        if segment.unsure:
            painter.setPen(QPen(swatch_colour, _HOLLOW))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            swatch.adjust(_HOLLOW / 2, _HOLLOW / 2, -_HOLLOW / 2, -_HOLLOW / 2)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(swatch_colour)
        painter.drawRoundedRect(swatch, 3, 3)
        painter.setFont(self._names)
        painter.setPen(name_colour)
        painter.drawText(QPointF(left + _SWATCH + 8, baseline), self.name(row))

    def _paint_tag(self, painter: QPainter, area: QRect, baseline: float, row: int) -> None:
        """Paint the code of the language left of the text, if it is not the main one."""
        if not (tag := self._model.language_tag(row)):
            return
        palette, metrics = self._view.palette(), QFontMetrics(self._tags)
        right = area.left() + self.text_left - _GAP
        box = QRectF(right - self._tag_width, baseline - metrics.capHeight() - 3, self._tag_width, 0)
        box.setHeight(metrics.capHeight() + 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme.quiet(palette))
        painter.drawRoundedRect(box, 3, 3)
        painter.setFont(self._tags)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tag)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a row."""
        palette, area, row = option.palette, option.rect, index.row()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.selected(palette))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        layout, top = self.paragraphs.layout(row), area.top() + self.paragraphs.top
        first = layout.lineAt(0)
        self._paint_margin(painter, area, top + first.y() + first.ascent(), row)
        missing = self._model.texts[row].missing
        painter.setPen(theme.tone("warn", palette) if missing else palette.color(QPalette.ColorRole.Text))
        left = area.left() + self.text_left
        layout.draw(painter, QPointF(left, top), self._selections(row, palette), QRectF(area))
        dots = [line.translated(left, top) for line in self.paragraphs.dots(row)]
        paint_dots(painter, dots, theme.tone("warn", palette))
        if self._view.hasFocus() and self._view.currentIndex().row() == row:
            accent = palette.color(QPalette.ColorRole.Highlight)
            painter.fillRect(QRect(area.left(), area.top(), area.width(), 1), accent)
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), accent)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the row's height."""
        return QSize(self.text_left + self.paragraphs.width, self.paragraphs.height(index.row()))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Show why the word or the speaker under the pointer is marked."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return False
        row = index.row()
        offset = self.offset_at(row, QPointF(event.pos()), option.rect)
        tip = self._model.speaker_tip(row) if offset is None else self._model.mark_tip(row, offset)
        QToolTip.showText(event.globalPos(), tip or "", view)
        return True


def _background(place: Match, colour: QColor) -> QTextLayout.FormatRange:
    selection = QTextLayout.FormatRange()
    selection.start, selection.length = place.start, place.length
    form = QTextCharFormat()
    form.setBackground(colour)
    selection.format = form
    return selection
