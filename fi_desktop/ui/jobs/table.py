"""The table of jobs: keys, menu and columns over `JobsModel`."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QContextMenuEvent, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from fi_desktop.core.job import JobState, Stage
from fi_desktop.ui.jobs.cells import Column
from fi_desktop.ui.jobs.delegate import JobDelegate, column_width
from fi_desktop.ui.jobs.model import JobsModel
from fi_desktop.ui.jobs.rows import Row

_TICK_MS = 1000
_TICKING = (Column.FILE, Column.TIME, Column.LEFT)


class JobsTable(QTableView):
    """Shows jobs and says which one a person wants to see.

    Signals:
        open_asked: a job's id.
        selection_changed: other jobs are selected, or the selected ones changed.
    """

    open_asked = Signal(int)
    selection_changed = Signal()

    def __init__(self, model: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._actions: list[QAction] = []
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
        self._set_up_headers()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        model.jobs_changed.connect(self._on_jobs_changed)
        self.doubleClicked.connect(self._on_double_clicked)
        self.selectionModel().selectionChanged.connect(self.selection_changed)

    @property
    def ticking(self) -> bool:
        """Whether the times that are shown go on."""
        return self._tick.isActive()

    def set_menu(self, actions: list[QAction]) -> None:
        """Offer these actions in the menu of a row."""
        self._actions = actions

    def selected_rows(self) -> list[Row]:
        """Return the selected jobs, from the top."""
        indexes = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [self._jobs.job_row(index) for index in indexes]

    def select(self, job_id: int) -> None:
        """Select a job and bring it into view."""
        index = self._jobs.place_of(job_id)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def select_all_of(self, ids: Iterable[int]) -> None:
        """Select jobs, wherever they are shown; nothing is brought into view."""
        places = [index for index in map(self._jobs.place_of, ids) if index.isValid()]
        chosen = QItemSelection()
        for index in places:
            chosen.select(index, index)
        if places:
            self.selectionModel().setCurrentIndex(places[0], QItemSelectionModel.SelectionFlag.NoUpdate)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)

    def _set_up_headers(self) -> None:
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setAccessibleName(self.tr("Columns"))
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setMinimumSectionSize(48)
        self.setSortingEnabled(True)
        self._size_columns()

    def _size_columns(self) -> None:
        words, header = self._jobs.cells.words, self.horizontalHeader()
        texts = {
            Column.STATE: [*(words.state(state) for state in JobState), self.tr("Cancelling…")],
            Column.PROGRESS: [words.stage(stage) + " 100 %" for stage in Stage],
            Column.SPEAKERS: [words.speakers_asked("auto")],
            Column.LENGTH: ["00:00:00"],
            Column.TIME: ["00:00:00"],
            Column.LEFT: ["≈ 0:00:00"],
            Column.ATTEMPTS: ["00"],
        }
        for column, possible in texts.items():
            heading = self._jobs.cells.heading(column) + "  ▾"
            header.resizeSection(column, column_width(self, column, [*possible, heading]))
        header.setSectionResizeMode(Column.FILE, QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setDefaultSectionSize(self._delegate.row_height)

    def _run_clock(self) -> None:
        """Let the second hand go only while somebody can see it and something is under way."""
        needed = self._jobs.alive and self.isVisible()
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
            viewport.update(QRect(left, 0, width, viewport.height()))

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        self._run_clock()
        chosen = self.selectionModel()
        places = (self._jobs.place_of(job_id) for job_id in ids)
        if any(chosen.isRowSelected(place.row()) for place in places if place.isValid()):
            self.selection_changed.emit()

    @Slot()
    def _on_double_clicked(self) -> None:
        self._open_current()

    def _open_current(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            self.open_asked.emit(self._jobs.job_row(index).id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter, let go of the selection with Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_current()
        elif event.key() == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the window may have a message to dismiss
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the selected jobs."""
        if not self.selectedIndexes():
            return
        menu = QMenu(self)
        menu.addActions(self._actions)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        below = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        menu.popup(event.globalPos() if by_mouse else below + QPoint(24, 0))

    def changeEvent(self, event: QEvent) -> None:
        """Measure again where the font is another."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_delegate"):
            self._delegate.set_font(self.font())
            self._size_columns()

    def showEvent(self, event: QShowEvent) -> None:
        """Let the times go on."""
        super().showEvent(event)
        self._run_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the times."""
        super().hideEvent(event)
        self._run_clock()
