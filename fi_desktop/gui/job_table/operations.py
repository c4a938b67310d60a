"""The menu of the selected rows, made when it is asked for."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from fi_desktop.core.values import Priority
from fi_desktop.gui.actions import Actions
from fi_desktop.gui.job_table.controller import JobController
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.labels import UiLabels


class RowMenu(QMenu):
    """Offers what can be done with the selected jobs."""

    def __init__(self, actions: Actions, deeds: JobController, table: JobsTable, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = table.selected_rows()
        self.addActions(actions.of_jobs)
        self.addMenu(actions.export)
        self.addSeparator()
        self._offer_fold(table)
        priority = self.addMenu(self.tr("&Priority"))
        waiting = {row.priority for row in rows if row.waits}
        priority.setEnabled(bool(waiting))
        words = UiLabels(self)
        for each in Priority:
            action = priority.addAction(words.priority(each))
            action.setCheckable(True)
            action.setChecked(waiting == {each})
            action.triggered.connect(partial(deeds.prioritize, each))
        self.addSeparator()
        several = len(rows) > 1
        copy = self.addAction(self.tr("Copy file na&mes") if several else self.tr("Copy file na&me"))
        copy.triggered.connect(deeds.copy_names)
        show = self.addAction(self.tr("Show recording in its &folder"))
        show.setEnabled(not several)
        show.triggered.connect(deeds.show_folder)

    def _offer_fold(self, table: JobsTable) -> None:
        row = table.current_row()
        if row is None or row.batch is None:
            return
        fold = self.addAction(self.tr("&Fold its batch") if row.jobs is None else self.tr("Un&fold"))
        fold.triggered.connect(table.fold_or_unfold)
        self.addSeparator()
