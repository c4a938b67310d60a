"""The list of what was said: rows as high as their text, selection, keys and the clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from fi_desktop.gui.result.reading_delegate import ReadingDelegate
from fi_desktop.gui.result.reading_model import ReadingModel
from fi_desktop.viewmodel.finding import Match

_AT_ONCE = 40  # rows measured between two events: a few milliseconds
_SIGHT = 4  # pixels that stay free around a line that is brought into view


class ReadingTable(QTableView):
    """Lists segments with their text.

    Rows begin with an estimated height. Those in view are measured before they are painted, the others while
    nothing else is to be done; what the person looks at stays where it is meanwhile.

    Attributes:
        copy: puts the selected rows on the clipboard.
        unmeasured: how many rows have an estimated height still.

    Signals:
        segment_chosen: a segment's number; the person went to it.
    """

    segment_chosen = Signal(int)

    def __init__(self, model: ReadingModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segments = model
        self._unmeasured: set[int] = set()
        self._measuring = False
        self.setModel(model)
        self._painter = ReadingDelegate(self, model)
        self.setItemDelegate(self._painter)
        self.setAccessibleName(self.tr("What was said"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        )  # the width must not depend on it
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self._rows = self.verticalHeader()
        self._rows.setVisible(False)
        self._rows.setMinimumSectionSize(1)
        self._rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setVisible(False)
        self.horizontalHeader().setStretchLastSection(True)
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._idle.timeout.connect(self._on_idle)
        self.copy = self._offer_copy()
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)

    @property
    def unmeasured(self) -> int:
        """Rows whose height is still an estimate."""
        return len(self._unmeasured)

    def choose(self, row: int) -> None:
        """Select a row and bring it into view, without telling."""
        if self.currentIndex().row() != row or not self.selectionModel().isRowSelected(row):
            chooser = self.selectionModel()
            chooser.blockSignals(True)
            self.selectRow(row)
            chooser.blockSignals(False)
            self.viewport().update()
        self.scrollTo(self._segments.index(row))

    def show_place(self, row: int) -> None:
        """Bring a row into view, and let go of the one that was selected: it is not what is meant now."""
        chooser = self.selectionModel()
        chooser.blockSignals(True)
        chooser.clear()
        chooser.blockSignals(False)
        self.scrollTo(self._segments.index(row))
        self.viewport().update()

    def show_matches(self, matches: Sequence[Match], found: Match | None) -> None:
        """Mark what was found; select the row of the one that the person is at, and bring it into view."""
        self._painter.show_matches(matches, found)
        if found is not None:
            self.selectRow(found.row)
            self.scrollTo(self._segments.index(found.row))
            self._show_line(found)
        self.viewport().update()

    def _show_line(self, match: Match) -> None:
        """A long text may be higher than the view: bring the very line into it."""
        line = self._painter.line_of(match).translated(0, self.rowViewportPosition(match.row))
        bar = self.verticalScrollBar()
        if line.top() < _SIGHT:
            bar.setValue(round(bar.value() + line.top() - _SIGHT))
        elif line.bottom() > self.viewport().height() - _SIGHT:
            bar.setValue(round(bar.value() + line.bottom() - self.viewport().height() + _SIGHT))

    def _offer_copy(self) -> QAction:
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
        """Give every row about its height; the first row in view stays the first."""
        self._painter.fit(self.viewport().width())
        self._unmeasured = set(range(self._segments.rowCount()))
        self._resize_rows(enumerate(self._painter.paragraphs.estimates()))
        self._measure_in_view()
        self._idle.start()

    def _resize_rows(self, heights: Iterable[tuple[int, int]]) -> None:
        first = max(0, self.rowAt(0))
        above = self.rowViewportPosition(first)
        self._rows.setUpdatesEnabled(False)  # else each row would have the whole list painted
        for row, height in heights:
            self._rows.resizeSection(row, height)
        self._rows.setUpdatesEnabled(True)
        self.updateGeometries()
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.rowViewportPosition(first) - above)

    def _measure(self, rows: Iterable[int]) -> bool:
        """Give rows their height; return whether there was any that had none."""
        new = [row for row in rows if row in self._unmeasured]
        self._unmeasured.difference_update(new)
        paragraphs = self._painter.paragraphs
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
    def _on_idle(self) -> None:
        self._measure(sorted(self._unmeasured)[:_AT_ONCE])
        if not self._unmeasured:
            self._idle.stop()

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
        """Go to the first and the last row with Home and End: in a table they stay in the row."""
        ends = (QAbstractItemView.CursorAction.MoveHome, QAbstractItemView.CursorAction.MoveEnd)
        if action in ends:
            modifiers |= Qt.KeyboardModifier.ControlModifier
        return super().moveCursor(action, modifiers)

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a row into view; twice, since what comes into view is measured only then."""
        super().scrollTo(index, hint)
        self._measure_in_view()
        super().scrollTo(index, hint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again where the width is another."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._estimate()
        else:
            self._measure_in_view()

    def changeEvent(self, event: QEvent) -> None:
        """Follow font and palette."""
        super().changeEvent(event)
        known = event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange)
        if known and hasattr(self, "_painter"):
            self._painter.dress()
            self._estimate()
