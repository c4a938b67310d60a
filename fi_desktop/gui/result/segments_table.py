"""The table of segments: rows as tall as their text, selection, keys and the clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QHelpEvent,
    QKeySequence,
    QPainter,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.result.segments import Paragraphs, SegmentsModel, paint_dots
from fi_desktop.viewmodel.result import Match

_PAD = 16
_GAP = 12
_SWATCH = 10
_WIDEST_NAME = 180
_TEXT_SIZE = 1.08  # of the window's font size
_BATCH = 40  # rows measured between two events: a few milliseconds
_CLEARANCE = 4  # pixels around a line that is scrolled into view


class SegmentsTable(QTableView):
    """Lists segments with their text.

    Rows start with an estimated height. Visible rows are measured before they are painted, the others while
    the program is idle; the visible text does not move meanwhile.

    Attributes:
        copy: the action that copies the selected rows.

    Signals:
        segment_chosen: index of the segment that the person moved to.
    """

    segment_chosen = Signal(int)

    def __init__(self, model: SegmentsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segments = model
        self._unmeasured: set[int] = set()
        self._measuring = False
        self.setModel(model)
        self._delegate = SegmentDelegate(self, model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("What was said"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # always on: the width must not depend on the rows' heights
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self._rows = self.verticalHeader()
        self._rows.setVisible(False)
        self._rows.setMinimumSectionSize(1)
        self._rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setVisible(False)
        self.horizontalHeader().setStretchLastSection(True)
        self._idle_timer = QTimer(self)
        self._idle_timer.setInterval(0)
        self._idle_timer.timeout.connect(self._on_idle)
        self.copy = self._add_copy_actions()
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)
        model.modelReset.connect(self._on_model_changed)
        model.dataChanged.connect(self._on_model_changed)

    @property
    def unmeasured(self) -> int:
        """Number of rows whose height is still an estimate."""
        return len(self._unmeasured)

    def choose(self, row: int) -> None:
        """Select a row and scroll to it, without a signal."""
        if self.currentIndex().row() != row or not self.selectionModel().isRowSelected(row):
            with QSignalBlocker(self.selectionModel()):
                self.selectRow(row)
            self.viewport().update()
        self.scrollTo(self._segments.index(row))

    def show_row(self, row: int) -> None:
        """Scroll to a row and clear the selection."""
        with QSignalBlocker(self.selectionModel()):
            self.selectionModel().clear()
        self.scrollTo(self._segments.index(row))
        self.viewport().update()

    def show_matches(self, matches: Sequence[Match], current: Match | None) -> None:
        """Highlight matches; select the row of the current one and scroll to it."""
        self._delegate.show_matches(matches, current)
        if current is not None:
            self.selectRow(current.row)
            self.scrollTo(self._segments.index(current.row))
            self._show_line(current)
        self.viewport().update()

    def _show_line(self, match: Match) -> None:
        """Scroll to the match's line: a row may be taller than the view."""
        line = self._delegate.line_of(match).translated(0, self.rowViewportPosition(match.row))
        bar = self.verticalScrollBar()
        if line.top() < _CLEARANCE:
            bar.setValue(round(bar.value() + line.top() - _CLEARANCE))
        elif line.bottom() > self.viewport().height() - _CLEARANCE:
            bar.setValue(round(bar.value() + line.bottom() - self.viewport().height() + _CLEARANCE))

    def _add_copy_actions(self) -> QAction:
        copy = QAction(self.tr("&Copy"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.triggered.connect(self._on_copy_asked)
        every = QAction(self.tr("Select &all"), self)
        every.setShortcut(QKeySequence.StandardKey.SelectAll)
        every.triggered.connect(self.selectAll)
        for action in (copy, every):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return copy

    def _estimate(self) -> None:
        """Estimate all heights; the first visible row stays first."""
        self._delegate.fit(self.viewport().width())
        self._unmeasured = set(range(self._segments.rowCount()))
        self._resize_rows(enumerate(self._delegate.paragraphs.estimates()))
        self._measure_in_view()
        self._idle_timer.start()

    def _resize_rows(self, heights: Iterable[tuple[int, int]]) -> None:
        first = max(0, self.rowAt(0))
        above = self.rowViewportPosition(first)
        self._rows.setUpdatesEnabled(False)  # otherwise each row repaints the whole table
        for row, height in heights:
            self._rows.resizeSection(row, height)
        self._rows.setUpdatesEnabled(True)
        self.updateGeometries()
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.rowViewportPosition(first) - above)

    def _measure(self, rows: Iterable[int]) -> bool:
        """Measure rows; return whether any was unmeasured."""
        new = [row for row in rows if row in self._unmeasured]
        self._unmeasured.difference_update(new)
        paragraphs = self._delegate.paragraphs
        changed = [(row, paragraphs.height(row)) for row in new]
        changed = [(row, height) for row, height in changed if height != self._rows.sectionSize(row)]
        if changed:
            self._resize_rows(changed)
        return bool(new)

    def _measure_in_view(self) -> None:
        if self._measuring or not self._unmeasured:
            return
        self._measuring = True  # measuring scrolls, and scrolling measures
        while self._measure(self._in_view()):
            pass
        self._measuring = False

    def _in_view(self) -> range:
        last = self.rowAt(self.viewport().height() - 1)
        return range(max(0, self.rowAt(0)), (last if last >= 0 else self._segments.rowCount() - 1) + 1)

    @Slot()
    def _on_model_changed(self) -> None:
        self._delegate.show_texts()
        self._estimate()

    @Slot()
    def _on_idle(self) -> None:
        self._measure(sorted(self._unmeasured)[:_BATCH])
        if not self._unmeasured:
            self._idle_timer.stop()

    @Slot()
    def _on_scrolled(self) -> None:
        self._measure_in_view()

    @Slot()
    def _on_copy_asked(self) -> None:
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        if rows:
            QGuiApplication.clipboard().setText(self._segments.copied(rows))

    @Slot(QModelIndex)
    def _on_current_row_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self.segment_chosen.emit(current.row())

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Make Home and End go to the first and last row: QTableView stays in the row."""
        ends = (QAbstractItemView.CursorAction.MoveHome, QAbstractItemView.CursorAction.MoveEnd)
        if action in ends:
            modifiers |= Qt.KeyboardModifier.ControlModifier
        return super().moveCursor(action, modifiers)

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Scroll to a row; twice, because rows are measured once they are visible."""
        super().scrollTo(index, hint)
        self._measure_in_view()
        super().scrollTo(index, hint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Estimate the heights again if the width has changed."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._estimate()
        else:
            self._measure_in_view()

    def changeEvent(self, event: QEvent) -> None:
        """Follow font and palette."""
        super().changeEvent(event)
        relevant = event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange)
        if relevant and hasattr(self, "_delegate"):
            self._delegate.apply_theme()
            self._estimate()


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
        self.paragraphs = Paragraphs(model.texts, view.font())
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
        tags = {self._model.language_tag(row) for row in range(self._model.rowCount())}
        self._tag_width = max(theme.text_width(self._tags, tag) for tag in tags) + 8 if any(tags) else 0

    def show_texts(self) -> None:
        """Adopt the model's texts and names."""
        self.paragraphs.set_texts(self._model.texts)
        self._name_width = self._measure_names()

    def fit(self, width: int) -> None:
        """Lay out the texts for rows of this width, pixels."""
        self.paragraphs.set_width(max(60, width - self._text_left() - _PAD))

    def show_matches(self, matches: Sequence[Match], current: Match | None) -> None:
        """Highlight matches, the current one more strongly."""
        self._matches = {}
        for match in matches:
            self._matches.setdefault(match.row, []).append(match)
        self._current = current

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

    def _text_left(self) -> int:
        names = self._name_width + _GAP if self._name_width else 0
        tags = self._tag_width + _GAP if self._tag_width else 0
        return _PAD + self._time_width + _GAP + names + tags

    def _selections(self, row: int, palette: QPalette) -> list[QTextLayout.FormatRange]:
        warn, base = theme.tone("warn", palette), palette.color(QPalette.ColorRole.Base)
        selections = []
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
        painter.setPen(Qt.PenStyle.NoPen)
        if segment.speaker is None:
            swatch_colour, name_colour = theme.hairline(palette), theme.quiet(palette)
        else:
            swatch_colour = theme.speaker_colour(segment.speaker, palette)
            name_colour = palette.color(QPalette.ColorRole.Text)
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
        right = area.left() + self._text_left() - _GAP
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
        left = area.left() + self._text_left()
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
        return QSize(self._text_left() + self.paragraphs.width, self.paragraphs.height(index.row()))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Show why the word under the pointer is marked."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return False
        row = index.row()
        corner = QPointF(option.rect.left() + self._text_left(), option.rect.top() + self.paragraphs.top)
        offset = self.paragraphs.offset_at(row, QPointF(event.pos()) - corner)
        tip = None if offset is None else self._model.mark_tip(row, offset)
        QToolTip.showText(event.globalPos(), tip or "", view)
        return True
