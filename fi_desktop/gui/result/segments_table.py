"""The table of segments: rows as tall as their text, selection, keys and the clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QSignalBlocker,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
    QWidget,
)

from fi_desktop.gui import clipboard
from fi_desktop.gui.result.segment_delegate import SegmentDelegate
from fi_desktop.gui.result.segments import Paragraphs, SegmentsModel
from fi_desktop.viewmodel.result import Match

_BATCH = 40  # rows measured between two events: a few milliseconds
_LEAST_HEIGHT = 52  # pixels: a line, on small screens
_CLEARANCE = 4  # pixels around a line that is scrolled into view


class SegmentsTable(QTableView):
    """Lists segments with their text.

    Rows start with an estimated height. Visible rows are measured before they are painted, the others while
    the program is idle; the visible text does not move meanwhile.

    Attributes:
        copy: the action that copies the selected rows.

    Signals:
        segment_chosen: index of the segment that the person moved to.
        word_clicked: a word was clicked: the segment, and the character in its text.
        time_clicked: the time of a segment was clicked.
        edit_asked: edit a segment's text at a character; -1 for its start.
        menu_asked: open a menu for a segment, at a character or -1, at a place on the screen.
    """

    segment_chosen = Signal(int)
    copying = Signal(int)
    word_clicked = Signal(int, int)
    time_clicked = Signal(int)
    edit_asked = Signal(int, int)
    menu_asked = Signal(int, int, QPoint)

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
        self.setMinimumHeight(_LEAST_HEIGHT)
        self._idle_timer = QTimer(self)
        self._idle_timer.setInterval(0)
        self._idle_timer.timeout.connect(self._on_idle)
        self.copy = self._add_copy_actions()
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)
        model.dataChanged.connect(self._on_data_changed)
        model.rowsInserted.connect(self._on_rows_inserted)
        model.rowsRemoved.connect(self._on_rows_removed)

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
        return copy

    def show_spoken(self, spoken: Match | None, *, follow: bool) -> None:
        """Highlight the word that is heard; with `follow`, keep it in view."""
        self._delegate.show_spoken(spoken)
        if spoken is not None and follow:
            self._show_line(spoken)
        self.viewport().update()

    def show_doubt(self, doubt: Match | None) -> None:
        """Highlight the place that is being checked, and scroll to it."""
        self._delegate.show_doubt(doubt)
        if doubt is not None:
            self.choose(doubt.row)
            self._show_line(doubt)
        self.viewport().update()

    def text_rect(self, row: int) -> QRect:
        """Return where a row's text is in the viewport."""
        return self._delegate.text_rect(row, self.visualRect(self._segments.index(row)))

    @property
    def paragraphs(self) -> Paragraphs:
        """The layouts of the texts."""
        return self._delegate.paragraphs

    def _place_at(self, point: QPoint) -> tuple[int, int] | None:
        """Return the row at a point of the viewport and the character of its text, or -1."""
        index = self.indexAt(point)
        if not index.isValid():
            return None
        offset = self._delegate.offset_at(index.row(), QPointF(point), self.visualRect(index))
        return index.row(), -1 if offset is None else offset

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell what was clicked, unless the selection was changed."""
        super().mouseReleaseEvent(event)
        plain = event.button() is Qt.MouseButton.LeftButton and not event.modifiers()
        place = self._place_at(event.position().toPoint()) if plain else None
        if place is None or len(self.selectionModel().selectedRows()) > 1:
            return
        row, offset = place
        if offset >= 0:
            self.word_clicked.emit(row, offset)
        elif event.position().x() < self.text_rect(row).left():
            self.time_clicked.emit(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit the text where it is clicked."""
        place = self._place_at(event.position().toPoint())
        if place is not None and event.button() is Qt.MouseButton.LeftButton:
            self.edit_asked.emit(*place)
        else:
            super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the row, by mouse or key."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            row = self.currentIndex().row()
            corner = self.viewport().mapToGlobal(self.text_rect(row).topLeft())
            self.menu_asked.emit(row, -1, corner)
        elif (place := self._place_at(event.pos())) is not None:
            if not self.selectionModel().isRowSelected(place[0]):
                self.selectRow(place[0])
            self.menu_asked.emit(*place, event.globalPos())

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

    @Slot(QModelIndex, QModelIndex)
    def _on_data_changed(self, first: QModelIndex, last: QModelIndex, roles: Sequence[int] = ()) -> None:
        only_names = list(roles) == [Qt.ItemDataRole.AccessibleTextRole]
        self._remeasure(() if only_names else range(first.row(), last.row() + 1))

    @Slot(QModelIndex, int, int)
    def _on_rows_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        count = last + 1 - first
        self._unmeasured = {row if row < first else row + count for row in self._unmeasured}
        self._remeasure(range(first, last + 1))

    @Slot(QModelIndex, int, int)
    def _on_rows_removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        count = last + 1 - first
        self._unmeasured = {
            row if row < first else row - count for row in self._unmeasured if not first <= row <= last
        }
        self._remeasure(())

    def _remeasure(self, rows: Iterable[int]) -> None:
        """Measure rows that changed; all of them if the texts have another width now."""
        changed = list(rows)
        if self._delegate.measure_margin() or len(changed) > _BATCH:
            self._estimate()
        else:
            self._unmeasured.update(changed)
            self._measure(changed)
            self._measure_in_view()
        self.viewport().update()

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
            self.copying.emit(len(rows))
            clipboard.copy_text(self._segments.copied(rows))

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
