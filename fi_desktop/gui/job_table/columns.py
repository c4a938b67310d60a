"""Which columns the job table shows, how wide, and where: header, menu of columns, and what is remembered."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QTableView

from fi_desktop.core.job import JobState, Stage
from fi_desktop.gui.job_table.cells import HIDDEN_AT_FIRST, Cells, Column
from fi_desktop.gui.job_table.delegate import column_width
from fi_desktop.gui.stretched_column import StretchedColumn

_NAME_CHARS = 32  # of a recording's name can always be read


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
        self._name = StretchedColumn(table, Column.FILE, least_chars=_NAME_CHARS)
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
