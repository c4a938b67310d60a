"""The monitor: a window on workers, queue, service targets and the audit trail.

It takes a snapshot once a second while it is visible. Everything that concerns all jobs is computed on the
reader's thread and arrives as plain data through the bridge.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.monitor.audit_page import AuditTrailPage
from fi_desktop.gui.monitor.monitor_labels import MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import SegmentedControl
from fi_desktop.gui.monitor.queue_page import PurgePrompt, QueuePage
from fi_desktop.gui.monitor.targets_page import TargetsPage
from fi_desktop.gui.monitor.workers_page import WorkersPage
from fi_desktop.gui.widgets import separator
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import QueueEvent, QueuePaused
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.monitor import MonitoredApp, MonitorReader, MonitorSnapshot

_SNAPSHOT_MS = 1000
_SAVE_MS = 800  # after the last change of the number of workers


class MonitorWindow(QWidget):
    """Shows workers and queue in a top-level window that can stay open next to the main one.

    Attributes:
        pages: selects the page.
        workers: the workers page.
        queue: the queue page.
        targets: the targets page.
        audit: the audit page.
        purge: confirms before the queue is emptied.
        message: errors and outcomes.
    """

    def __init__(
        self,
        bridge: Bridge,
        app: MonitoredApp,
        over: QWidget | None = None,
        *,
        window_state: WindowState | None = None,
        speeds: Speeds | None = None,
    ) -> None:
        """Make the window; nothing is read before it is shown.

        Args:
            bridge: the crossing to the queue.
            app: the program that owns the workers.
            over: the window to centre over if no geometry is saved.
            window_state: saves and restores the geometry.
            speeds: measured processing speeds.
        """
        super().__init__(None, Qt.WindowType.Window)
        self._bridge = bridge
        self._app = app
        self._reader: MonitorReader | None = None
        self._snapshot_pending = False
        self._labels = labels = MonitorLabels(self)
        self.setWindowTitle(self.tr("Monitor"))
        self.setWindowIcon(theme.app_icon())
        self._window_state = window_state
        if window_state is not None:
            window_state.restore("monitor", self, over=over)
        self.workers = WorkersPage(labels, self, speeds=speeds)
        self.queue = QueuePage(labels, self)
        self.targets = TargetsPage(labels, self)
        self.pages = SegmentedControl(
            self.tr("Page"),
            (self.tr("Workers"), self.tr("Queue"), self.tr("Targets"), self.tr("Audit")),
            self,
        )
        self.message = MessageBar(self)
        self.audit = AuditTrailPage(bridge, app.service, self.message, self)
        self.purge = PurgePrompt(self)
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(_SAVE_MS)
        self._tick = QTimer(self)
        self._tick.setInterval(_SNAPSHOT_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._reading = QLabel(self)
        self._reading.setObjectName("quiet")
        self._reading.setFont(theme.tabular(self.font()))
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 16, 8)
        head.addWidget(self.pages)
        head.addStretch(1)
        head.addWidget(self._reading)
        self._stack = QStackedWidget(self)
        for page in (self.workers, self.queue, self.targets, self.audit):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(separator(self))
        column.addWidget(self.message)
        column.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.pages.chosen.connect(self._stack.setCurrentIndex)
        self.pages.chosen.connect(self._on_page_chosen)
        for number, button in enumerate(self.pages.buttons):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number + 1}"), self)
            shortcut.activated.connect(partial(self.pages.choose, number))
            button.setToolTip(
                f"{button.text()} ({shortcut.key().toString(QKeySequence.SequenceFormat.NativeText)})"
            )
        self._tick.timeout.connect(self._on_tick)
        self._bridge.events_arrived.connect(self._on_events)
        self.workers.workers_asked.connect(self._on_workers_asked)
        self._save_timer.timeout.connect(self._save_workers)
        actions = self.workers.worker_actions
        actions.restart_asked.connect(self._on_restart_asked)
        actions.recycle_asked.connect(self._on_recycle_asked)
        actions.retire_asked.connect(self._on_retire_asked)
        self.queue.pause_asked.connect(self._on_pause_asked)
        self.queue.purge_asked.connect(self.purge.ask)
        self.purge.confirmed.connect(self._on_purge_confirmed)

    def _follow(self, future: Future[Any]) -> None:
        """Show the error if a command fails."""
        self._bridge.when_done(future, None, self._on_failed)

    def show_cases(self, shown: bool) -> None:
        """Call recordings by their cases, or by their files' names, from the next reading on."""
        self._labels.shows_cases = shown

    @Slot()
    def _on_tick(self) -> None:
        if self._reader is not None and not self._snapshot_pending:
            self._snapshot_pending = True
            taken = partial(self._on_snapshot, self._reader)
            failed = partial(self._on_snapshot_failed, self._reader)
            self._bridge.when_done(self._reader.snapshot(), taken, failed)

    def _on_snapshot(self, reader: MonitorReader, snapshot: MonitorSnapshot) -> None:
        if reader is self._reader:  # otherwise the window was hidden and shown again
            self._snapshot_pending = False
            self.show_snapshot(snapshot)

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show a snapshot on all pages."""
        reading = self.tr("Reading the list: %Ln job(s)", "", snapshot.read)
        self._reading.setText("" if snapshot.spans else reading)
        self.workers.show_snapshot(snapshot)
        self.queue.show_snapshot(snapshot)
        self.targets.show_snapshot(snapshot)

    def _on_snapshot_failed(self, reader: MonitorReader, sentence: str) -> None:
        if reader is self._reader:
            self._tick.stop()
            self.message.error(sentence)

    @Slot(int)
    def _on_page_chosen(self, _number: int) -> None:
        if self._stack.currentWidget() is self.audit:
            self.audit.refresh()

    @Slot(object)
    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        self.workers.apply(events)
        for event in events:
            if isinstance(event, QueuePaused):
                self.queue.show_paused(event.paused)

    @Slot(int)
    def _on_workers_asked(self, workers: int) -> None:
        self._app.resize_workers(workers)
        self._save_timer.start()

    @Slot(str)
    def _on_restart_asked(self, name: str) -> None:
        self._app.restart_worker(name)

    @Slot(str)
    def _on_recycle_asked(self, name: str) -> None:
        self._app.recycle_worker(name)

    @Slot(str)
    def _on_retire_asked(self, name: str) -> None:
        self._app.retire_worker(name)
        self._save_timer.start()

    @Slot()
    def _save_workers(self) -> None:
        """Save the number of workers for the next start."""
        self._save_timer.stop()
        save = partial(self._app.change_settings, {"workers": self.workers.target})
        self._bridge.run_task(save, None, self._on_failed)

    @Slot(bool)
    def _on_pause_asked(self, pause: bool) -> None:
        service = self._app.service
        self._follow(service.pause() if pause else service.resume())

    @Slot()
    def _on_purge_confirmed(self) -> None:
        self._bridge.when_done(self._app.service.purge(), self._on_purged, self._on_failed)

    def _on_purged(self, number: int) -> None:
        self.message.info(self.tr("%Ln waiting recording(s) removed.", "", number))

    def _on_failed(self, sentence: str) -> None:
        self.message.error(sentence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the message with Escape, or close the window."""
        if event.key() == Qt.Key.Key_Escape and self.message.isVisible():
            self.message.dismiss()
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Start taking snapshots."""
        super().showEvent(event)
        if self._reader is not None:
            return
        self._reader = MonitorReader(self._app)
        self._snapshot_pending = False
        self.workers.model.clear_history()
        self._bridge.when_done(self._app.service.paused(), self.queue.show_paused, self._on_failed)
        self._tick.start()
        self._on_tick()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop taking snapshots; save the geometry and the number of workers."""
        super().hideEvent(event)
        if self._window_state is not None:
            self._window_state.save("monitor", self)
        if self._save_timer.isActive():
            self._save_workers()
        self._tick.stop()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
