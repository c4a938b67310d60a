"""The monitor's first page: queue and computer in figures, pause and purge, and the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.monitor_labels import NOTHING, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import CountTiles
from fi_desktop.gui.monitor.workers_panel import WorkersPanel
from fi_desktop.gui.widgets import message_box, separator
from fi_desktop.jobs.queue_events import QueueEvent, QueuePaused
from fi_desktop.jobs.speed import Speeds
from fi_desktop.system.devices import HostFigures
from fi_desktop.viewmodel.monitor import MonitorSnapshot


class NowPage(QWidget):
    """Shows queue, computer and workers, with buttons to pause and empty the queue.

    Attributes:
        pause_button: pauses or resumes the queue.
        purge_button: removes the waiting recordings.
        tiles: current counts, and what the computer uses.
        workers: the workers.

    Signals:
        pause_asked: True to pause, False to resume.
        purge_asked: remove the waiting recordings; their number.
    """

    pause_asked = Signal(bool)
    purge_asked = Signal(int)

    def __init__(
        self, labels: MonitorLabels, parent: QWidget | None = None, *, speeds: Speeds | None = None
    ) -> None:
        """Make the page; `speeds`: measured processing speeds, if known."""
        super().__init__(parent)
        self._labels = labels
        self._paused: bool | None = None  # None until the queue answers
        self._waiting = 0
        self._icon, self._state = QLabel(self), QLabel(self)
        self._state.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self.pause_button = self._button(self.tr("Pause the queue"))
        self.purge_button = self._button(self.tr("Empty the queue…"))
        texts = (self.tr("Pause the queue"), self.tr("Resume the queue"))
        widest = max(theme.text_width(self.font(), text) for text in texts)
        self.pause_button.setMinimumWidth(widest + 34)  # so that nothing moves when the text changes
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.purge_button.clicked.connect(self._on_purge_clicked)
        self.tiles = CountTiles(
            (
                self.tr("Waiting"),
                self.tr("Running"),
                self.tr("Retries"),
                self.tr("Done in 1 hour"),
                self.tr("Failed in 1 hour"),
                self.tr("CPU"),
                self.tr("Memory"),
                self.tr("Free disk"),
            ),
            self,
        )
        self.workers = WorkersPanel(labels, self, speeds=speeds)
        self._lay_out()
        self.show_paused(None)

    def apply(self, events: Iterable[QueueEvent]) -> None:
        """Apply the queue's events."""
        self.workers.apply(events)
        for event in events:
            if isinstance(event, QueuePaused):
                self.show_paused(event.paused)

    def show_paused(self, paused: bool | None) -> None:
        """Show whether the queue is paused; None: unknown."""
        self._paused = paused
        self.pause_button.setEnabled(paused is not None)
        self.pause_button.setText(self.tr("Resume the queue") if paused else self.tr("Pause the queue"))
        self.pause_button.setAccessibleName(self.pause_button.text())
        if paused is None:
            self._state.setText(self.tr("Starting…"))
        elif paused:
            self._state.setText(self.tr("Paused: no new recordings are started"))
        else:
            self._state.setText(self.tr("Queue running"))
        self._apply_theme()

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show a snapshot's counts and measurements."""
        self._waiting = snapshot.waiting + snapshot.scheduled
        self.purge_button.setEnabled(self._waiting > 0)
        hour = snapshot.spans.get("1h")
        counts = (
            snapshot.waiting,
            len(snapshot.running),
            snapshot.scheduled,
            hour.metrics.completed if hour else None,
            hour.metrics.failed if hour else None,
        )
        texts = [NOTHING if count is None else self._labels.number(count, 0) for count in counts]
        host, tips = self._host_texts(snapshot.host)
        self.tiles.show_texts((*texts, *host), (*("" for _ in texts), *tips))
        self.workers.show_snapshot(snapshot)

    def _host_texts(self, host: HostFigures | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what the tiles of the computer show, and their tooltips."""
        if host is None:
            return (NOTHING, NOTHING, NOTHING), ("", "", "")
        labels, of = self._labels, self.tr("{used} of {total}")
        memory = of.format(used=labels.amount(host.memory_used), total=labels.amount(host.memory_total))
        free, whole = labels.amount(host.disk_free), labels.amount(host.disk_total)
        return (
            (
                labels.share(host.cpu_percent / 100, 0),
                labels.share(host.memory_used / host.memory_total, 0),
                free,
            ),
            (self.tr("Of all processor cores"), memory, of.format(used=free, total=whole)),
        )

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 6)
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._state, 1)
        head.addWidget(self.pause_button)
        head.addWidget(self.purge_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.tiles)
        column.addWidget(separator(self))
        column.addSpacing(10)
        column.addWidget(self.workers, 1)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.setAccessibleName(text.removesuffix("…"))
        button.setEnabled(False)
        return button

    def _apply_theme(self) -> None:
        name, tone = ("paused", "warn") if self._paused else ("state-running", "good")
        if self._paused is None:
            name, tone = "state-queued", "neutral"
        colour = theme.tone(tone, self.palette())
        self._icon.setPixmap(theme.pixmap(name, 20, colour, self.devicePixelRatioF()))

    @Slot()
    def _on_pause_clicked(self) -> None:
        self.pause_asked.emit(not self._paused)

    @Slot()
    def _on_purge_clicked(self) -> None:
        self.purge_asked.emit(self._waiting)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icon"):
            self._apply_theme()


class PurgePrompt(QObject):
    """Asks twice before the queue is emptied, since that cannot be undone; Enter keeps the recordings.

    Attributes:
        box: the open question, if any.

    Signals:
        confirmed: the person agreed both times.
    """

    confirmed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.box: QMessageBox | None = None

    def ask(self, number: int) -> None:
        """Ask whether to remove this number of waiting jobs."""
        if self.box is not None:
            return
        waiting = self.tr("%Ln recording(s) waiting for a worker or a retry will be removed.", "", number)
        more = self.tr("Running recordings continue, and no audio files are deleted.")
        yes = self.tr("Empty the queue…")
        self._show(self.tr("Empty the queue?"), f"{waiting} {more}", yes, lambda: self._ask_again(number))

    def _ask_again(self, number: int) -> None:
        text = self.tr("Remove %Ln waiting recording(s)?", "", number)
        more = self.tr("This cannot be undone. To process them later, add them again.")
        self._show(text, more, self.tr("Remove"), self.confirmed.emit)

    def _show(self, text: str, more: str, yes: str, then: Callable[[], None]) -> None:
        box = message_box(self._window, QMessageBox.Icon.Warning, self.tr("Empty the queue"), text, more)
        accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(keep)
        box.setDefaultButton(keep)
        box.finished.connect(self._on_finished)
        accept.clicked.connect(lambda: then())
        self.box = box
        box.open()

    @Slot()
    def _on_finished(self) -> None:
        box = self.sender()
        if isinstance(box, QMessageBox):
            box.deleteLater()
            if box is self.box:  # otherwise the second question is open
                self.box = None
