"""The table view: columns, keyboard, mouse and selection."""

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
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from fi_desktop.gui.job_table.columns import NAME, Ticks
from fi_desktop.gui.job_table.delegate import JobDelegate, column_width
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.widgets import CurrentRowPainter, StretchedColumn
from fi_desktop.viewmodel.ranking import runs
from fi_desktop.viewmodel.rows import Row

_TICK_MS = 1000
_NOTIFY_MS = 250  # at most this often for changes of selected jobs: 100,000 may be selected
_NAME_CHARS = 32  # of a recording's name are always readable
_SelectionFlag = QItemSelectionModel.SelectionFlag
_Index = QModelIndex | QPersistentModelIndex


class ColumnLayout(QObject):
    """Visibility, order and widths of the columns, which people change in the header and its menu.

    Attributes:
        menu: shows and hides columns; also in the main menu.
    """

    def __init__(self, table: QTableView, jobs: JobsModel) -> None:
        super().__init__(table)
        self._table, self._jobs = table, jobs
        self._header = header = table.horizontalHeader()
        header.setObjectName("jobs")
        header.setAccessibleName(self.tr("Columns"))
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setMinimumSectionSize(48)
        self._name = StretchedColumn(table, NAME, min_chars=_NAME_CHARS)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_menu_requested)
        self.menu = QMenu(self.tr("&Columns"), table)
        self._actions = []
        for index, column in enumerate(jobs.columns):
            action = self.menu.addAction(column.heading)
            action.setCheckable(True)
            action.setEnabled(index != NAME)
            action.toggled.connect(partial(self._on_toggled, index))
            self._actions.append(action)
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Reset to default")).triggered.connect(self.reset)
        self.menu.aboutToShow.connect(self._check_visible)
        self.reset()

    @Slot()
    def reset(self) -> None:
        """Show the default columns in the default order."""
        for place, index in enumerate(self._order()):
            self._header.moveSection(self._header.visualIndex(index), place)
            self._header.setSectionHidden(index, self._jobs.columns[index].hidden)
        self.fit()
        self._check_visible()

    def _order(self) -> list[int]:
        """Return the columns from left to right, until someone moves them."""
        columns = self._jobs.columns
        order = [index for index, column in enumerate(columns) if not column.after]
        keys = [column.key for column in columns]
        for index, column in enumerate(columns):
            if column.after:
                order.insert(order.index(keys.index(column.after)) + 1, index)
        return order

    def fit(self) -> None:
        """Make each column as wide as its widest text; the name takes the remaining width."""
        for index, column in enumerate(self._jobs.columns):
            if index != NAME:
                texts = [*column.width(self._jobs.texts), f"{column.heading}  ▾"]
                self._header.resizeSection(index, column_width(self._table, texts, icon=column.icon))
        self._name.fit()

    def ticks(self, ticks: Ticks) -> list[int]:
        """Return the visible columns whose texts change as time passes in this way."""
        return [
            index
            for index, column in enumerate(self._jobs.columns)
            if column.ticks is ticks and not self._header.isSectionHidden(index)
        ]

    def _on_toggled(self, index: int, visible: bool) -> None:
        self._header.setSectionHidden(index, not visible)

    @Slot()
    def _check_visible(self) -> None:
        for index, action in enumerate(self._actions):
            action.setChecked(not self._header.isSectionHidden(index))

    @Slot(QPoint)
    def _on_menu_requested(self, position: QPoint) -> None:
        self.menu.popup(self._header.viewport().mapToGlobal(position))


class JobsTable(QTableView):
    """Shows jobs and reports what a person does with them.

    Attributes:
        columns: the layout of the columns.

    Signals:
        open_requested: a job's id.
        menu_requested: where to show the menu of the selected rows, in screen coordinates.
        selection_changed: the selection changed, or the rows of selected jobs did.
        drag_requested: the person drags selected jobs, at least one of which has a result.
    """

    open_requested = Signal(int)
    menu_requested = Signal(QPoint)
    selection_changed = Signal()
    drag_requested = Signal()

    def __init__(self, model: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._drag_start: QPoint | None = None  # where something draggable was pressed
        self._dragged = False
        self._kept: tuple[list[int], int | None] = (
            [],
            None,
        )  # selected entries and current one, over a reset
        self.setModel(model)
        self._delegate = JobDelegate(self, model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("Recordings"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the table; arrow keys move in it
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self._delegate.row_height)
        # an empty selection model: with the table's, each repaint asks for all rows of each column
        header = self.horizontalHeader()
        header.setSelectionModel(QItemSelectionModel(model, header))
        self.columns = ColumnLayout(self, model)
        self.setSortingEnabled(True)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._notify = QTimer(self)
        self._notify.setSingleShot(True)
        self._notify.setInterval(_NOTIFY_MS)
        self._notify.timeout.connect(self.selection_changed)
        model.jobs_changed.connect(self._on_jobs_changed)
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.modelReset.connect(self._on_reset)  # connected after the selection model, which clears itself
        self.doubleClicked.connect(self._on_double_clicked)
        self.selectionModel().selectionChanged.connect(self.selection_changed)
        CurrentRowPainter(self)

    @property
    def ticking(self) -> bool:
        """Whether displayed times are being updated."""
        return self._tick.isActive()

    def selected_positions(self) -> list[int]:
        """Return the positions of the selected lines, from the top."""
        selection = self.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        return sorted({position for one in ranges for position in range(one.top(), one.bottom() + 1)})

    def selected_rows(self) -> list[Row]:
        """Return the selected jobs, from the top; all jobs of a collapsed batch."""
        return self._jobs.jobs_at(*self.selected_positions())

    def visible_lines(self) -> int:
        """Return how many lines fit into the viewport."""
        return self.viewport().height() // max(1, self.verticalHeader().defaultSectionSize())

    def select(self, job_id: int) -> None:
        """Select a job and scroll to it."""
        index = self._jobs.index_of_job(job_id)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def select_jobs(self, ids: Iterable[int]) -> None:
        """Select jobs without scrolling."""
        positions = [at for job_id in ids if (at := self._jobs.index_of_job(job_id).row()) >= 0]
        if positions:
            self.selectionModel().setCurrentIndex(self._jobs.index(positions[0], 0), _SelectionFlag.NoUpdate)
        self._select_positions(positions)

    def current_row(self) -> Row | None:
        """Return the row that has the keyboard focus."""
        index = self.currentIndex()
        return self._jobs.row(index) if index.isValid() else None

    @Slot()
    def toggle_batch(self) -> None:
        """Collapse the current job's batch, or expand the current batch."""
        if (row := self.current_row()) is not None:
            (self._collapse if row.summary is None else self._expand)(row)

    def _select_positions(self, positions: Iterable[int]) -> None:
        selection = QItemSelection()
        last_column = self._jobs.columnCount() - 1
        for first, last in reversed(runs(set(positions))):
            selection.select(self._jobs.index(first, 0), self._jobs.index(last, last_column))
        self.selectionModel().select(selection, _SelectionFlag.ClearAndSelect)

    def _run_clock(self) -> None:
        """Update times only while they change and can be seen."""
        ages = bool(self.columns.ticks(Ticks.ALWAYS)) and self._jobs.rowCount() > 0
        needed = (self._jobs.active or ages) and self.isVisible()
        if needed and not self._tick.isActive():
            self._tick.start()
        elif not needed:
            self._tick.stop()

    @Slot()
    def _on_tick(self) -> None:
        viewport, header = self.viewport(), self.horizontalHeader()
        if viewport.visibleRegion().isEmpty():
            return
        for index in self.columns.ticks(Ticks.WHILE_ACTIVE) + self.columns.ticks(Ticks.ALWAYS):
            left, width = header.sectionViewportPosition(index), header.sectionSize(index)
            viewport.update(QRect(left, 0, width, viewport.height()))

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        self._run_clock()
        selection = self.selectionModel()
        if self._notify.isActive() or not selection.hasSelection():
            return
        positions = (self._jobs.index_of_job(job_id).row() for job_id in ids)
        if any(selection.isRowSelected(position) for position in positions if position >= 0):
            self._notify.start()

    @Slot()
    def _on_about_to_be_reset(self) -> None:
        """Remember the selection, which a reset clears."""
        current = self.currentIndex()
        entries = [self._jobs.entry_at(position) for position in self.selected_positions()]
        self._kept = (entries, self._jobs.entry_at(current.row()) if current.isValid() else None)

    @Slot()
    def _on_reset(self) -> None:
        """Select what is left of the selection before the reset."""
        (entries, current), self._kept = self._kept, ([], None)
        indexes = [self._jobs.index_of_entry(entry) for entry in entries]
        positions = [index.row() for index in indexes if index.isValid()]
        if current is not None and (index := self._jobs.index_of_entry(current)).isValid():
            self.selectionModel().setCurrentIndex(index, _SelectionFlag.NoUpdate)
        if positions:
            self._select_positions(positions)
        if entries:
            self.selection_changed.emit()

    @Slot()
    def _on_double_clicked(self) -> None:
        self._open_current()

    def _open_current(self) -> None:
        row = self.current_row()
        if row is None:
            return
        if row.summary is not None:
            self._expand(row)
        else:
            self.open_requested.emit(row.id)

    def _expand(self, row: Row) -> None:
        """Show a batch's jobs on separate lines and go to the first of them."""
        jobs = self._jobs.jobs_at(self._jobs.index_of_entry(row.id).row())
        self._jobs.expand([-row.id])
        self.setCurrentIndex(min((self._jobs.index_of_job(job.id) for job in jobs), key=QModelIndex.row))

    def _collapse(self, row: Row) -> None:
        """Collapse a job's batch and go to its line."""
        if row.batch is not None:
            self._jobs.collapse([row.batch])
            self.setCurrentIndex(self._jobs.index_of_entry(-row.batch))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Left and Right collapse and expand, Escape clears the selection."""
        row, key = self.current_row(), event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_current()
        elif key == Qt.Key.Key_Left and row is not None and row.summary is None and row.batch is not None:
            self._collapse(row)
        elif key == Qt.Key.Key_Right and row is not None and row.summary is not None:
            self._expand(row)
        elif key == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
        elif key == Qt.Key.Key_Escape:
            event.ignore()  # the window may have a message to dismiss
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Collapse or expand with a click on the arrow; prepare a drag."""
        position = event.position().toPoint()
        index = self.indexAt(position)
        self._drag_start, self._dragged = None, False
        left = event.button() is Qt.MouseButton.LeftButton
        if (
            left
            and index.isValid()
            and self._delegate.arrow(self.visualRect(index), index).contains(position)
        ):
            self.setCurrentIndex(index)
            self.toggle_batch()
            return
        if left and self._draggable(index, event.modifiers()):
            self._drag_start = position
        super().mousePressEvent(event)

    def _draggable(self, index: QModelIndex, modifiers: Qt.KeyboardModifier) -> bool:
        """Return whether a drag from here exports files; elsewhere it selects rows."""
        if not index.isValid() or modifiers != Qt.KeyboardModifier.NoModifier:
            return False
        if index.column() != NAME and not self.selectionModel().isRowSelected(index.row()):
            return False
        row = self._jobs.row(index)
        return row.exportable if row.summary is None else row.summary.done > row.summary.failed

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Start a drag once the pointer has moved far enough."""
        if self._drag_start is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        distance = (event.position().toPoint() - self._drag_start).manhattanLength()
        if distance >= QApplication.startDragDistance() and not self._dragged:
            self._dragged = True  # once per press, even if there was nothing to drag
            self.drag_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Request the menu of the selected jobs."""
        if not self.selectionModel().hasSelection():
            return
        below = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        self.menu_requested.emit(event.globalPos() if by_mouse else below + QPoint(24, 0))

    def dataChanged(self, first: _Index, last: _Index, roles: object = ()) -> None:
        """Repaint the changed rows that are visible."""
        viewport = self.viewport()
        top, bottom = self.rowViewportPosition(first.row()), self.rowViewportPosition(last.row())
        strip = QRect(0, top, viewport.width(), bottom + self.rowHeight(last.row()) - top)
        if strip.intersects(viewport.rect()):
            viewport.update(strip)

    def changeEvent(self, event: QEvent) -> None:
        """Measure again when the font changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "columns"):
            self._delegate.set_font(self.font())
            self.verticalHeader().setDefaultSectionSize(self._delegate.row_height)
            self.columns.fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Start updating times."""
        super().showEvent(event)
        self._run_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop updating times."""
        super().hideEvent(event)
        self._tick.stop()
