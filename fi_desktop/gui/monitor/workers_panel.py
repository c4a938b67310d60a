"""The workers on the monitor's first page: the table, their number, and actions on one of them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from fi_desktop.gui import labels, theme
from fi_desktop.gui.monitor.monitor_labels import MonitorLabels
from fi_desktop.gui.monitor.workers_table import WorkersModel, WorkersTable
from fi_desktop.jobs.queue_events import QueueEvent, WorkersChanged, WorkerState
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.monitor import MonitorSnapshot
from fi_desktop.viewmodel.worker_rows import WorkerRow


class WorkersPanel(QWidget):
    """Shows the workers, and changes their number.

    Attributes:
        model: the workers.
        fewer, more: the buttons.
        worker_actions: actions on the selected worker.

    Signals:
        workers_asked: the number of workers that the person wants.
    """

    workers_asked = Signal(int)

    def __init__(
        self, labels: MonitorLabels, parent: QWidget | None = None, *, speeds: Speeds | None = None
    ) -> None:
        """Make the panel; `speeds`: measured processing speeds, if known."""
        super().__init__(parent)
        self._target: int | None = None  # None until the person changes the number
        self._problem = ""
        self._max_workers = os.cpu_count() or 1
        self.model = WorkersModel(labels, self, speeds=speeds)
        self.table = WorkersTable(self.model, self)
        self.worker_actions = WorkerActions(self)
        for action in self.worker_actions.all_actions():
            self.table.addAction(action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.table.selectionModel().selectionChanged.connect(self._update)
        self.worker_actions.retire_asked.connect(self._on_retire_asked)
        self._number = QLabel(self)
        self._number.setFont(theme.tabular(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold)))
        self._note = QLabel(self)
        self._note.setObjectName("quiet")
        self._note.setWordWrap(True)
        self.fewer = self._button(self.tr("Remove a worker"))
        self.fewer.setToolTip(self.tr("Removes the last one after its current recording"))
        self.more = self._button(self.tr("Add a worker"))
        self.more.setToolTip(
            self.tr("At most {number}, one per processor core").format(number=self._max_workers)
        )
        self.fewer.clicked.connect(self._on_fewer_asked)
        self.more.clicked.connect(self._on_more_asked)
        captions = QVBoxLayout()
        captions.setSpacing(2)
        captions.addWidget(self._number)
        captions.addWidget(self._note)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 10)
        head.setSpacing(8)
        head.addLayout(captions, 1)
        head.addWidget(self.fewer)
        head.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        column.addWidget(self.worker_actions)
        self._update()

    def apply(self, events: Iterable[QueueEvent]) -> None:
        """Apply the queue's events."""
        for event in events:
            if isinstance(event, WorkersChanged):
                self._problem = labels.sentence(event.trouble)
        self.model.apply(events)
        self._update()

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show a snapshot's measurements."""
        self.model.show_snapshot(snapshot)
        self.table.update_gpu_column()
        self._update()

    @property
    def target(self) -> int:
        """The number of workers that the person wants."""
        return self._target if self._target is not None else self.model.rowCount()

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.setAccessibleName(text)
        return button

    @Slot()
    def _update(self) -> None:
        selected = self.table.selectionModel().selectedRows()
        worker = self.model.worker(selected[0]) if selected else None
        self.worker_actions.update_actions(worker, removable=self.target > 1)
        known = self.model.rowCount() > 0 and not self._problem
        self.fewer.setEnabled(known and self.target > 1)
        self.more.setEnabled(known and self.target < self._max_workers)
        self._number.setText(self.tr("%Ln worker(s)", "", self.target))
        self._note.setText(self._problem or self.tr("Each works on one recording at a time."))

    def _set_target(self, workers: int) -> None:
        self._target = workers
        self._update()
        self.workers_asked.emit(workers)

    @Slot()
    def _on_retire_asked(self) -> None:
        self._target = self.target - 1
        self._update()

    @Slot()
    def _on_fewer_asked(self) -> None:
        self._set_target(self.target - 1)

    @Slot()
    def _on_more_asked(self) -> None:
        self._set_target(self.target + 1)


class WorkerActions(QWidget):
    """Buttons and shortcuts for the selected worker.

    Attributes:
        restart: replace it now.
        recycle: replace it after its recording.
        retire: remove it after its recording.

    Signals:
        restart_asked: the worker's name.
        recycle_asked: the worker's name.
        retire_asked: the worker's name.
    """

    restart_asked = Signal(str)
    recycle_asked = Signal(str)
    retire_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selected: WorkerRow | None = None
        self._icons: dict[QAction, str] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 12, 8)
        self._row.setSpacing(8)
        self.restart = self._add_action(
            self.tr("Restart now"),
            "retry",
            "Ctrl+R",
            self.tr("Its recording returns to the queue and continues there; no attempt is used up"),
        )
        self.recycle = self._add_action(
            self.tr("Replace after this recording"),
            "worker-replace",
            "Ctrl+Shift+R",
            self.tr("A new worker replaces it after the current recording"),
        )
        self.retire = self._add_action(
            self.tr("Stop after this recording"),
            "worker-stop",
            QKeySequence.StandardKey.Delete,
            self.tr("Removes this worker after the current recording"),
        )
        self._row.addStretch(1)
        self.restart.triggered.connect(self._on_restart)
        self.recycle.triggered.connect(self._on_recycle)
        self.retire.triggered.connect(self._on_retire)
        self._apply_theme()
        self.update_actions(None, removable=False)

    def all_actions(self) -> list[QAction]:
        """Return the three actions."""
        return [self.restart, self.recycle, self.retire]

    def update_actions(self, worker: WorkerRow | None, *, removable: bool) -> None:
        """Enable the actions that suit a worker; `removable`: whether it may be removed."""
        self._selected = worker
        running = worker is not None and worker.state not in (None, WorkerState.STOPPING)
        stopping = worker is not None and worker.state is WorkerState.STOPPING
        self.restart.setEnabled(running or stopping)
        self.recycle.setEnabled(running)
        self.retire.setEnabled(running and removable)

    def _add_action(self, text: str, icon: str, key: QKeySequence.StandardKey | str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({shown})")
        self._icons[action] = icon
        button = QToolButton(self)
        button.setObjectName("bordered")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setDefaultAction(action)
        button.setAccessibleName(text)
        self._row.addWidget(button)
        return action

    @Slot()
    def _on_restart(self) -> None:
        if self._selected is not None:
            self.restart_asked.emit(self._selected.name)

    @Slot()
    def _on_recycle(self) -> None:
        if self._selected is not None:
            self.recycle_asked.emit(self._selected.name)

    @Slot()
    def _on_retire(self) -> None:
        if self._selected is not None:
            self.retire_asked.emit(self._selected.name)

    def _apply_theme(self) -> None:
        for action, name in self._icons.items():
            action.setIcon(theme.icon(name, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "retire"):
            self._apply_theme()
