"""The monitor: a window on queue and workers now, failures, history, machines, and the audit trail.

It takes a snapshot once a second while it is visible. Everything that concerns all jobs is computed on the
reader's thread and arrives as plain data through the bridge.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QIcon, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.exporters.files import write_export
from fi_desktop.gui import labels, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.monitor.audit_page import AuditTrailPage
from fi_desktop.gui.monitor.failures_page import FailuresPage
from fi_desktop.gui.monitor.history_page import HistoryPage, HistoryPart
from fi_desktop.gui.monitor.machines_page import MachinesPage
from fi_desktop.gui.monitor.monitor_labels import MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import SegmentedControl
from fi_desktop.gui.monitor.now_page import NowPage, PurgePrompt
from fi_desktop.gui.widgets import FileDialog, separator
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import AlertsChanged, QueueEvent, server_load
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel import monitor_tables
from fi_desktop.viewmodel.monitor import MonitoredApp, MonitorReader, MonitorSnapshot
from fi_desktop.viewmodel.worker_rows import machines

_SNAPSHOT_MS = 1000
_SAVE_MS = 800  # after the last change of the number of workers


class MonitorWindow(QWidget):
    """Shows workers and queue in a top-level window that can stay open next to the main one.

    Attributes:
        pages: selects the page.
        now: queue, computer and workers.
        failures: failed recordings by cause, and scheduled retries.
        history: what happened, figures and targets.
        machines: the computers.
        audit: the audit trail.
        alerts: what administrators are alerted to now; opens the settings of alerts.
        export: writes the page as a table.
        purge: confirms before the queue is emptied.
        message: errors and outcomes.

    Signals:
        alert_settings_requested: open the settings of alerts.
    """

    alert_settings_requested = Signal()

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
        self._labels = MonitorLabels(self)
        self.setWindowTitle(self.tr("Monitor"))
        self.setWindowIcon(theme.app_icon())
        self._window_state = window_state
        if window_state is not None:
            window_state.restore("monitor", self, over=over)
        self.now = NowPage(self._labels, self, speeds=speeds)
        self.failures = FailuresPage(self._labels, bridge, app.service, self)
        self.history = HistoryPage(self._labels, self)
        self.machines = MachinesPage(self._labels, self)
        self.pages = SegmentedControl(
            self.tr("Page"),
            (
                self.tr("Now"),
                self.tr("Failures"),
                self.tr("History"),
                self.tr("Machines"),
                self.tr("Audit"),
            ),
            self,
        )
        self.alerts = QPushButton(self)
        self.export = QPushButton(self.tr("Export as CSV…"), self)
        for button in (self.alerts, self.export):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self.export.setAccessibleName(self.tr("Export as CSV"))
        self.export.setToolTip(self.tr("Writes what this page shows as a table, without file names"))
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
        head.setSpacing(8)
        head.addWidget(self.pages)
        head.addStretch(1)
        head.addWidget(self._reading)
        head.addWidget(self.alerts)
        head.addWidget(self.export)
        self._stack = QStackedWidget(self)
        for page in (self.now, self.failures, self.history, self.machines, self.audit):
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
        self.now.workers.workers_asked.connect(self._on_workers_asked)
        self._save_timer.timeout.connect(self._save_workers)
        actions = self.now.workers.worker_actions
        actions.restart_asked.connect(self._on_restart_asked)
        actions.recycle_asked.connect(self._on_recycle_asked)
        actions.retire_asked.connect(self._on_retire_asked)
        self.now.pause_asked.connect(self._on_pause_asked)
        self.now.purge_asked.connect(self.purge.ask)
        self.failures.retry_asked.connect(self._on_retry_asked)
        self.failures.done.connect(self.message.info)
        self.failures.failed.connect(self._on_failed)
        self.export.clicked.connect(self._on_export)
        self.alerts.clicked.connect(self.alert_settings_requested)
        self._show_alerts(self._bridge.alerts)
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
        self.now.show_snapshot(snapshot)
        self.failures.show_snapshot(snapshot)
        self.history.show_snapshot(snapshot)
        self.machines.show_machines(machines(self.now.workers.model.rows, snapshot.host))
        self.machines.show_server(server_load(snapshot.gauges))

    def _on_snapshot_failed(self, reader: MonitorReader, sentence: str) -> None:
        if reader is self._reader:
            self._tick.stop()
            self.message.error(sentence)

    @Slot(int)
    def _on_page_chosen(self, _number: int) -> None:
        audit = self._stack.currentWidget() is self.audit
        self.export.setVisible(not audit)  # it has its own
        if audit:
            self.audit.refresh()

    @Slot(object)
    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        self.now.apply(events)
        for event in events:
            if isinstance(event, AlertsChanged):
                self._show_alerts(event)

    def _show_alerts(self, alerts: AlertsChanged) -> None:
        raised = len(alerts.raised)
        text = self.tr("%Ln alert(s)", "", raised) if raised else self.tr("Alerts…")
        sentences = [labels.sentence(note) for note in alerts.raised]
        self.alerts.setText(text)
        self.alerts.setToolTip("\n".join(sentences) or self.tr("Choose what you are alerted to, and how"))
        self.alerts.setAccessibleName(" ".join([text.removesuffix("…"), *sentences]))
        self._raised = bool(raised)
        self._apply_theme()

    def _apply_theme(self) -> None:
        """Show whether there is an alert."""
        name, tone = ("warning", "bad") if self._raised else ("state-completed", "good")
        self.alerts.setIcon(
            QIcon(theme.pixmap(name, 16, theme.tone(tone, self.palette()), self.devicePixelRatioF()))
        )

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
        save = partial(self._app.change_settings, {"workers": self.now.workers.target})
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

    @Slot(object)
    def _on_retry_asked(self, ids: tuple[int, ...]) -> None:
        retried = partial(self._on_retried, len(ids))
        self._bridge.when_done(self._app.service.retry(ids), retried, self._on_failed)

    def _on_retried(self, number: int, _none: None) -> None:
        self.message.info(self.tr("%Ln recording(s) will be processed again.", "", number))

    @Slot()
    def _on_export(self) -> None:
        name, table = self.table()
        dialog = FileDialog(self, self.tr("Export as CSV"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(name)
        dialog.fileSelected.connect(partial(self._write_table, table))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def table(self) -> tuple[str, bytes]:
        """Return the name of a file for what the page shows, and its content."""
        match self._stack.currentWidget():
            case self.failures:
                return "failures.csv", monitor_tables.causes_csv(self.failures.shown)
            case self.history if self.history.part is HistoryPart.EVENTS:
                return "history.csv", monitor_tables.history_csv(self.history.shown)
            case self.history:
                return "hours.csv", monitor_tables.hours_csv(self.history.by_hour)
            case self.machines:
                return "machines.csv", monitor_tables.machines_csv(self.machines.shown)
            case _:
                return "workers.csv", monitor_tables.workers_csv(self.now.workers.model.rows)

    def _write_table(self, table: bytes, file: str) -> None:
        self._bridge.run_task(partial(_write, table, Path(file)), self._on_written, self._on_failed)

    def _on_written(self, name: str) -> None:
        self.message.info(self.tr("Saved as {file}.").format(file=name))

    @Slot(str)
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

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_raised"):
            self._apply_theme()

    def showEvent(self, event: QShowEvent) -> None:
        """Start taking snapshots."""
        super().showEvent(event)
        if self._reader is not None:
            return
        self._reader = MonitorReader(self._app)
        self._snapshot_pending = False
        self.now.workers.model.clear_history()
        self._bridge.when_done(self._app.service.paused(), self.now.show_paused, self._on_failed)
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


def _write(table: bytes, file: Path) -> str:
    write_export(table, file)
    return file.name
