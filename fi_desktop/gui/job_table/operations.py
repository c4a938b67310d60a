"""What can be done with selected jobs: one entry each in `OPERATIONS`.

The menu bar, the toolbar, the row menu and the list of keyboard shortcuts read these entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from fi_desktop.core.values import Priority
from fi_desktop.gui.job_table.columns import QT_TRANSLATE_NOOP
from fi_desktop.gui.job_table.controller import JobController, Start
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel.rows import Row


@dataclass(frozen=True, slots=True, eq=False)
class JobOperation:
    """Something to do with the selected jobs.

    Attributes:
        key: identifies the operation in code and tests.
        title: menu entry; marked for translation in the context "JobOperation".
        applies: whether it makes sense for these selected jobs.
        run: carries it out.
        tip: explains it in a sentence.
        icon: name of its icon.
        shortcut: its key.
        in_toolbar: whether the toolbar and the Job menu offer it, besides the row menu.
        in_menu: whether the Job menu offers it, but not the toolbar.
    """

    key: str
    title: str
    applies: Callable[[Sequence[Row]], bool]
    run: Callable[[JobController], None]
    tip: str = ""
    icon: str = ""
    shortcut: str | QKeySequence.StandardKey = ""
    in_toolbar: bool = False
    in_menu: bool = False

    @property
    def label(self) -> str:
        """The title in the window's language."""
        return QCoreApplication.translate("JobOperation", self.title)

    @property
    def label_tip(self) -> str:
        """The tip in the window's language."""
        return QCoreApplication.translate("JobOperation", self.tip) if self.tip else ""


OPERATIONS = (
    JobOperation(
        "open",
        QT_TRANSLATE_NOOP("JobOperation", "&Open"),
        applies=lambda rows: len(rows) == 1,
        run=JobController.open,
        tip=QT_TRANSLATE_NOOP("JobOperation", "Show the transcript and who spoke when"),
        icon="open",
        shortcut="Return",
        in_toolbar=True,
    ),
    JobOperation(
        "cancel",
        QT_TRANSLATE_NOOP("JobOperation", "&Cancel"),
        applies=lambda rows: any(row.cancellable for row in rows),
        run=JobController.cancel,
        tip=QT_TRANSLATE_NOOP("JobOperation", "Stop processing"),
        icon="cancel",
        shortcut="Ctrl+.",
        in_toolbar=True,
    ),
    JobOperation(
        "retry",
        QT_TRANSLATE_NOOP("JobOperation", "Re&try"),
        applies=lambda rows: any(row.retriable for row in rows),
        run=JobController.retry,
        tip=QT_TRANSLATE_NOOP("JobOperation", "Process again, or now instead of later"),
        icon="retry",
        shortcut="Ctrl+R",
        in_toolbar=True,
    ),
    JobOperation(
        "remove",
        QT_TRANSLATE_NOOP("JobOperation", "Re&move"),
        applies=lambda rows: any(row.removable for row in rows),
        run=JobController.remove,
        tip=QT_TRANSLATE_NOOP("JobOperation", "Remove from the list with the result; the recording stays"),
        icon="remove",
        shortcut=QKeySequence.StandardKey.Delete,
        in_toolbar=True,
    ),
    JobOperation(
        "label",
        QT_TRANSLATE_NOOP("JobOperation", "Case and &date…"),
        applies=bool,
        run=JobController.edit_labels,
        tip=QT_TRANSLATE_NOOP("JobOperation", "Name the patient or visit, and say when it was recorded"),
        shortcut="F2",
        in_menu=True,
    ),
    JobOperation(
        "hold",
        QT_TRANSLATE_NOOP("JobOperation", "Place &legal hold"),
        applies=lambda rows: any(not row.on_hold for row in rows),
        run=JobController.hold,
        tip=QT_TRANSLATE_NOOP("JobOperation", "Nothing removes it until the hold is released"),
    ),
    JobOperation(
        "release",
        QT_TRANSLATE_NOOP("JobOperation", "Re&lease legal hold"),
        applies=lambda rows: any(row.on_hold for row in rows),
        run=JobController.release,
    ),
    JobOperation(
        "add_words",
        QT_TRANSLATE_NOOP("JobOperation", "Add &words"),
        applies=lambda rows: any(row.lacks_words for row in rows),
        run=JobController.add_words,
    ),
    JobOperation(
        "copy_names",
        QT_TRANSLATE_NOOP("JobOperation", "Copy file na&mes"),
        applies=bool,
        run=JobController.copy_names,
    ),
    JobOperation(
        "show_folder",
        QT_TRANSLATE_NOOP("JobOperation", "Show recording in its &folder"),
        applies=lambda rows: len(rows) == 1,
        run=JobController.show_folder,
    ),
)


class RowMenu(QMenu):
    """The menu of the selected rows, made when it is requested."""

    def __init__(
        self,
        actions: Sequence[QAction],
        export: QMenu,
        controller: JobController,
        table: JobsTable,
        parent: QWidget,
    ) -> None:
        """Make the menu. `actions`: those of operations in the toolbar."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._controller = controller
        rows = table.selected_rows()
        self.addActions(actions)
        self.addMenu(export)
        self.addSeparator()
        self._add_batch(table)
        self._add_priorities(rows)
        self._add_starts(rows)
        self.addSeparator()
        for operation in OPERATIONS:
            if not operation.in_toolbar:
                action = self.addAction(operation.label)
                if operation.shortcut:
                    action.setShortcut(QKeySequence(operation.shortcut))
                action.setEnabled(operation.applies(rows))
                action.triggered.connect(partial(self._run, operation))

    def _add_batch(self, table: JobsTable) -> None:
        row = table.current_row()
        if row is None or row.batch is None:
            return
        text = self.tr("Co&llapse batch") if row.summary is None else self.tr("&Expand batch")
        self.addAction(text).triggered.connect(table.toggle_batch)
        self.addSeparator()

    def _add_priorities(self, rows: Sequence[Row]) -> None:
        menu = self.addMenu(self.tr("&Priority"))
        current = {row.priority for row in rows if row.waits}
        menu.setEnabled(bool(current))
        labels = UiLabels(self)
        for priority in Priority:
            action = menu.addAction(labels.priority(priority))
            action.setCheckable(True)
            action.setChecked(current == {priority})
            action.triggered.connect(partial(self._controller.prioritize, priority))

    def _add_starts(self, rows: Sequence[Row]) -> None:
        menu = self.addMenu(self.tr("&Start"))
        menu.setEnabled(any(row.waits for row in rows))
        for text, start in (
            (self.tr("&Now"), Start.NOW),
            (self.tr("&Tonight"), Start.TONIGHT),
            (self.tr("With the &queue"), Start.WITH_QUEUE),
        ):
            menu.addAction(text).triggered.connect(partial(self._start, start))

    def _start(self, start: Start, _checked: bool = False) -> None:
        self._controller.start(start)

    def _run(self, operation: JobOperation, _checked: bool = False) -> None:
        operation.run(self._controller)
