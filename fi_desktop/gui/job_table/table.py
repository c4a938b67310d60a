"""The table of jobs: keys, mouse and selection over `JobsModel`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.core.values import Stage
from fi_desktop.gui.job_table.columns import HIDDEN_AT_FIRST, Cells, Column
from fi_desktop.gui.job_table.delegate import JobDelegate, column_width
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.widgets import CurrentRow, StretchedColumn
from fi_desktop.viewmodel.ranking import runs
from fi_desktop.viewmodel.rows import Row

_TICK_MS = 1000
_TICKING = (Column.FILE, Column.TIME, Column.LEFT, Column.SUBMITTED, Column.FINISHED)
_TELL_MS = 250  # changes of selected jobs are told no oftener: a hundred thousand may be selected
_Flag = QItemSelectionModel.SelectionFlag
Index = QModelIndex | QPersistentModelIndex
_NAME_CHARS = 32  # of a recording's name can always be read


class JobsTable(QTableView):
    """Shows jobs and says which one a person wants to see.

    Attributes:
        columns: which columns there are to see.

    Signals:
        open_asked: a job's id.
        menu_asked: where (QPoint, on the screen) the menu of the selected rows is wanted.
        selection_changed: other jobs are selected, or the selected ones changed.
        drag_asked: the person pulls at the selected jobs, one of which is done.
    """

    open_asked = Signal(int)
    menu_asked = Signal(QPoint)
    selection_changed = Signal()
    drag_asked = Signal()

    def __init__(self, model: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._grip: QPoint | None = None  # where the pointer took hold of what can be dragged
        self._pulled = False
        self._kept: tuple[list[int], int | None] = ([], None)  # over a reset: selected entries, current one
        self.setModel(model)
        self._delegate = JobDelegate(self, model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("Recordings"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self._delegate.row_height)
        # its own selection, always empty: else each repaint asks all rows of each column
        header = self.horizontalHeader()
        header.setSelectionModel(QItemSelectionModel(model, header))
        self.columns = Columns(self, model.cells)
        self.setSortingEnabled(True)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._telling = QTimer(self)
        self._telling.setSingleShot(True)
        self._telling.setInterval(_TELL_MS)
        self._telling.timeout.connect(self.selection_changed)
        model.jobs_changed.connect(self._on_jobs_changed)
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.modelReset.connect(self._on_reset)  # after the selection has heard of it, and let go of all
        self.doubleClicked.connect(self._on_double_clicked)
        self.selectionModel().selectionChanged.connect(self.selection_changed)
        CurrentRow(self)

    @property
    def ticking(self) -> bool:
        """Whether the times that are shown go on."""
        return self._tick.isActive()

    def selected_places(self) -> list[int]:
        """Return the selected lines, from the top."""
        selection = self.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        return sorted({place for one in ranges for place in range(one.top(), one.bottom() + 1)})

    def selected_rows(self) -> list[Row]:
        """Return the selected jobs, from the top; of a folded batch all its jobs."""
        return self._jobs.rows_at(*self.selected_places())

    def lines_in_view(self) -> int:
        """Return how many lines there is room for."""
        return self.viewport().height() // max(1, self.verticalHeader().defaultSectionSize())

    def select(self, job_id: int) -> None:
        """Select a job and bring it into view."""
        index = self._jobs.place_of(job_id)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def select_all_of(self, ids: Iterable[int]) -> None:
        """Select jobs, wherever they are shown; nothing is brought into view."""
        lines = [place for job_id in ids if (place := self._jobs.place_of(job_id).row()) >= 0]
        if lines:
            self.selectionModel().setCurrentIndex(self._jobs.index(lines[0], 0), _Flag.NoUpdate)
        self._choose(lines)

    def _choose(self, lines: Iterable[int]) -> None:
        chosen = QItemSelection()
        for first, last in reversed(runs(set(lines))):
            chosen.select(self._jobs.index(first, 0), self._jobs.index(last, len(Column) - 1))
        self.selectionModel().select(chosen, _Flag.ClearAndSelect)

    def _run_clock(self) -> None:
        """Let the second hand go only while somebody can see it and something goes on."""
        header = self.horizontalHeader()
        ages = not (header.isSectionHidden(Column.SUBMITTED) and header.isSectionHidden(Column.FINISHED))
        needed = (self._jobs.alive or (ages and self._jobs.rowCount() > 0)) and self.isVisible()
        if needed and not self._tick.isActive():
            self._tick.start()
        elif not needed:
            self._tick.stop()

    @Slot()
    def _on_tick(self) -> None:
        viewport, header = self.viewport(), self.horizontalHeader()
        if viewport.visibleRegion().isEmpty():
            return
        for column in _TICKING:
            left, width = header.sectionViewportPosition(column), header.sectionSize(column)
            if width:
                viewport.update(QRect(left, 0, width, viewport.height()))

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        self._run_clock()
        chosen = self.selectionModel()
        if self._telling.isActive() or not chosen.hasSelection():
            return
        places = (self._jobs.place_of(job_id).row() for job_id in ids)
        if any(chosen.isRowSelected(place) for place in places if place >= 0):
            self._telling.start()

    @Slot()
    def _on_about_to_be_reset(self) -> None:
        """Remember what is selected: a reset takes it away."""
        current = self.currentIndex()
        entries = [self._jobs.entry_at(place) for place in self.selected_places()]
        self._kept = (entries, self._jobs.entry_at(current.row()) if current.isValid() else None)

    @Slot()
    def _on_reset(self) -> None:
        """Select what was selected before the reset, as far as it is still there."""
        (entries, current), self._kept = self._kept, ([], None)
        lines = [line.row() for entry in entries if (line := self._jobs.line_of(entry)).isValid()]
        selection = self.selectionModel()
        if current is not None and (line := self._jobs.line_of(current)).isValid():
            selection.setCurrentIndex(line, _Flag.NoUpdate)
        if lines:
            self._choose(lines)
        if entries:
            self.selection_changed.emit()

    @Slot()
    def _on_double_clicked(self) -> None:
        self._open_current()

    def _open_current(self) -> None:
        row = self.current_row()
        if row is None:
            return
        if row.jobs is not None:
            self._unfold(row)
        else:
            self.open_asked.emit(row.id)

    def _unfold(self, row: Row) -> None:
        """Give the jobs of a folded batch their own lines, and stand on the first of them."""
        batch = -row.id
        jobs = self._jobs.rows_at(self._jobs.line_of(row.id).row())
        self._jobs.unfold([batch])
        first = min((self._jobs.place_of(job.id) for job in jobs), key=QModelIndex.row)
        self.setCurrentIndex(first)

    def _fold(self, row: Row) -> None:
        """Fold a job's batch, and stand on its line."""
        if row.batch is not None:
            self._jobs.fold([row.batch])
            self.setCurrentIndex(self._jobs.line_of(-row.batch))

    def current_row(self) -> Row | None:
        """Return what the keyboard stands on."""
        index = self.currentIndex()
        return self._jobs.job_row(index) if index.isValid() else None

    @Slot()
    def fold_or_unfold(self) -> None:
        """Fold the current line's batch, or unfold it."""
        if (row := self.current_row()) is not None:
            (self._fold if row.jobs is None else self._unfold)(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter, fold and unfold with Left and Right, let go of the selection with Escape."""
        row = self.current_row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_current()
        elif (
            event.key() == Qt.Key.Key_Left and row is not None and row.jobs is None and row.batch is not None
        ):
            self._fold(row)
        elif event.key() == Qt.Key.Key_Right and row is not None and row.jobs is not None:
            self._unfold(row)
        elif event.key() == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the window may have a message to dismiss
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Fold and unfold with a click on the arrow; take hold of what can be dragged."""
        place = event.position().toPoint()
        index = self.indexAt(place)
        self._grip, self._pulled = None, False
        if (
            event.button() is Qt.MouseButton.LeftButton
            and index.isValid()
            and self._delegate.arrow(self.visualRect(index), index).contains(place)
        ):
            self.setCurrentIndex(index)
            self.fold_or_unfold()
        else:
            if event.button() is Qt.MouseButton.LeftButton and self._draggable(index, event.modifiers()):
                self._grip = place
            super().mousePressEvent(event)

    def _draggable(self, index: QModelIndex, keys: Qt.KeyboardModifier) -> bool:
        """Whether a pull here drags: at a name, or at what is selected; elsewhere it selects more rows."""
        if not index.isValid() or keys != Qt.KeyboardModifier.NoModifier:
            return False
        if index.column() != Column.FILE and not self.selectionModel().isRowSelected(index.row()):
            return False
        row = self._jobs.job_row(index)
        return row.exportable if row.jobs is None else row.jobs.done > row.jobs.failed

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what is held, once it is pulled far enough to be meant."""
        if self._grip is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        pulled = (event.position().toPoint() - self._grip).manhattanLength()
        if pulled >= QApplication.startDragDistance() and not self._pulled:
            self._pulled = True  # once a press, also where nothing could be dragged
            self.drag_asked.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the selected jobs."""
        if not self.selectionModel().hasSelection():
            return
        below = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        self.menu_asked.emit(event.globalPos() if by_mouse else below + QPoint(24, 0))

    def dataChanged(self, first: Index, last: Index, roles: object = ()) -> None:
        """Paint again those of the changed rows that are in view."""
        viewport = self.viewport()
        top, bottom = self.rowViewportPosition(first.row()), self.rowViewportPosition(last.row())
        strip = QRect(0, top, viewport.width(), bottom + self.rowHeight(last.row()) - top)
        if strip.intersects(viewport.rect()):
            viewport.update(strip)

    def changeEvent(self, event: QEvent) -> None:
        """Measure again where the font is another."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "columns"):
            self._delegate.set_font(self.font())
            self.verticalHeader().setDefaultSectionSize(self._delegate.row_height)
            self.columns.fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Let the times go on."""
        super().showEvent(event)
        self._run_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the times."""
        super().hideEvent(event)
        self._run_clock()


class Columns(QObject):
    """The columns of a table, which a person hides, moves and sorts by.

    Attributes:
        menu: shows and hides columns; the window offers it too.
    """

    def __init__(self, table: QTableView, cells: Cells) -> None:
        super().__init__(table)
        self._table = table
        self._cells = cells
        self._header = table.horizontalHeader()
        self._header.setObjectName("jobs")
        self._header.setAccessibleName(self.tr("Columns"))
        self._header.setHighlightSections(False)
        self._header.setSectionsMovable(True)
        self._header.setSortIndicatorClearable(True)
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._header.setMinimumSectionSize(48)
        self._name = StretchedColumn(table, Column.FILE, min_chars=_NAME_CHARS)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._on_menu_asked)
        self.menu = QMenu(self.tr("&Columns"), table)
        self._actions: dict[Column, QAction] = {}
        for column in Column:
            action = self.menu.addAction(cells.heading(column))
            action.setCheckable(True)
            action.setEnabled(column is not Column.FILE)  # a row without its name says nothing
            action.toggled.connect(partial(self._on_toggled, column))
            self._actions[column] = action
        self.menu.addSeparator()
        self.menu.addAction(self.tr("As at first")).triggered.connect(self.reset)
        self.menu.aboutToShow.connect(self._show_state)
        self.reset()

    @Slot()
    def reset(self) -> None:
        """Show the columns as at the first start."""
        for column in Column:
            self._header.moveSection(self._header.visualIndex(column), column)
            self._header.setSectionHidden(column, column in HIDDEN_AT_FIRST)
        self.fit()
        self._show_state()

    def fit(self) -> None:
        """Make each column as wide as what it may say."""
        words, cells, header = self._cells.words, self._cells, self._header
        texts = {
            Column.STATE: [*(words.state(state) for state in JobState), self.tr("Cancelling…")],
            Column.PROGRESS: [words.stage(stage) + " 100 %" for stage in Stage],
            Column.SPEAKERS: [words.speakers_asked("auto")],
            Column.LENGTH: ["00:00:00"],
            Column.TIME: ["00:00:00"],
            Column.LEFT: ["≈ 0:00:00", cells.calculating()],
            Column.ATTEMPTS: ["00"],
            Column.SUBMITTED: [words.ago(0, 59 * 60), words.day(0)],
            Column.FINISHED: [words.ago(0, 59 * 60), words.day(0)],
            Column.ENGINE: [words.engine("builtin"), words.engine("channels")],
            Column.LANGUAGE: [words.language_asked(code) for code in (None, "es", "en")],
            Column.BATCH: ["000000"],
        }
        for column, possible in texts.items():
            heading = cells.heading(column) + "  ▾"
            header.resizeSection(column, column_width(self._table, column, [*possible, heading]))
        self._name.fit()

    def _on_toggled(self, column: Column, shown: bool) -> None:
        self._header.setSectionHidden(column, not shown)

    @Slot()
    def _show_state(self) -> None:
        for column, action in self._actions.items():
            shown = not self._header.isSectionHidden(column)
            if action.isChecked() != shown:
                action.setChecked(shown)

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        self.menu.popup(self._header.viewport().mapToGlobal(place))
