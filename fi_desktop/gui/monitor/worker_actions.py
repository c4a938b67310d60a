"""What can be done with one worker: in the bar below the table, in its row's menu, and by key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.workers_model import WorkerRow
from fi_desktop.jobs.queue_events import WorkerState


class WorkerActions(QWidget):
    """Offers what can be done with the worker that is selected.

    Attributes:
        restart, recycle, retire: the actions.

    Signals:
        restart_asked, recycle_asked, retire_asked: the worker's name.
    """

    restart_asked = Signal(str)
    recycle_asked = Signal(str)
    retire_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._worker: WorkerRow | None = None
        self._icons: dict[QAction, str] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 12, 8)
        self._row.setSpacing(8)
        self.restart = self._make(
            self.tr("Restart now"),
            "retry",
            "Ctrl+R",
            self.tr("Its recording goes back to the queue; what is done of it is kept, and no attempt lost"),
        )
        self.recycle = self._make(
            self.tr("Replace after this recording"),
            "worker-replace",
            "Ctrl+Shift+R",
            self.tr("A fresh worker takes its place once its recording is done"),
        )
        self.retire = self._make(
            self.tr("Stop after this recording"),
            "worker-stop",
            QKeySequence.StandardKey.Delete,
            self.tr("One worker less: this one, once its recording is done"),
        )
        self._row.addStretch(1)
        self.restart.triggered.connect(self._on_restart)
        self.recycle.triggered.connect(self._on_recycle)
        self.retire.triggered.connect(self._on_retire)
        self._dress()
        self.fit(None, spare=False)

    def all(self) -> list[QAction]:
        """Return the actions."""
        return [self.restart, self.recycle, self.retire]

    def fit(self, worker: WorkerRow | None, *, spare: bool) -> None:
        """Offer what makes sense for this worker; `spare`: whether it may be done without."""
        self._worker = worker
        there = worker is not None and worker.state not in (None, WorkerState.STOPPING)
        stopping = worker is not None and worker.state is WorkerState.STOPPING
        self.restart.setEnabled(there or stopping)
        self.recycle.setEnabled(there)
        self.retire.setEnabled(there and spare)

    def _make(self, text: str, icon: str, key: QKeySequence.StandardKey | str, tip: str) -> QAction:
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
        if self._worker is not None:
            self.restart_asked.emit(self._worker.name)

    @Slot()
    def _on_recycle(self) -> None:
        if self._worker is not None:
            self.recycle_asked.emit(self._worker.name)

    @Slot()
    def _on_retire(self) -> None:
        if self._worker is not None:
            self.retire_asked.emit(self._worker.name)

    def _dress(self) -> None:
        for action, name in self._icons.items():
            action.setIcon(theme.icon(name, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "retire"):
            self._dress()
