"""The monitor's queue page: counts, waits and run times, scheduled retries, pause and purge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.job import Job
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.monitor.monitor_labels import NOTHING, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import Cell, CellsModel, ColumnHeading, CountTiles, FiguresTable
from fi_desktop.gui.widgets import message_box
from fi_desktop.jobs.metrics import WINDOWS
from fi_desktop.viewmodel.monitor import MonitorSnapshot, SpanMetrics

_WIDE_TIME = 1_893_412_680.0  # a date and time with two digits in each part
_NAME_CHARS, _REASON_CHARS = 24, 32  # always visible
_LONG_WAIT_S = 59 * 60.0 + 59


class QueuePage(QWidget):
    """Shows the queue, with buttons to pause and empty it.

    Attributes:
        pause_button: pauses or resumes the queue.
        purge_button: removes the waiting recordings.
        tiles: current counts.
        figures: throughput, waits and run times over each time span.
        scheduled: the scheduled retries.

    Signals:
        pause_asked: True to pause, False to resume.
        purge_asked: remove the waiting recordings; their number.
    """

    pause_asked = Signal(bool)
    purge_asked = Signal(int)

    def __init__(self, labels: MonitorLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._job_labels = UiLabels(self)
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
                self.tr("Waiting for a worker"),
                self.tr("Running"),
                self.tr("Scheduled retries"),
                self.tr("Done in the last hour"),
            ),
            self,
        )
        self._make_tables()
        self._lay_out()
        self.show_paused(None)

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
        """Show a snapshot's counts and metrics."""
        self._waiting = snapshot.waiting + snapshot.scheduled
        self.purge_button.setEnabled(self._waiting > 0)
        hour = snapshot.spans.get("1h")
        counts = (
            snapshot.waiting,
            len(snapshot.running),
            snapshot.scheduled,
            hour.metrics.completed if hour else None,
        )
        labels = self._labels
        self.tiles.show_texts(
            tuple(NOTHING if count is None else labels.number(count, 0) for count in counts)
        )
        self.figures.show_rows([self._figures_row(name, snapshot.spans.get(name)) for name in WINDOWS])
        self.scheduled.show_rows([self._scheduled_row(job, snapshot.at) for job in snapshot.retrying])
        self._schedule_stack.setCurrentIndex(0 if snapshot.retrying else 1)

    def _make_tables(self) -> None:
        quantiles = {
            "p50": self.tr("Half of them took at most this long"),
            "p95": self.tr("95 of 100 took at most this long"),
            "p99": self.tr("99 of 100 took at most this long"),
        }
        wait, run = self.tr("Wait {share}"), self.tr("Run time {share}")
        self.figures = CellsModel(
            (
                ColumnHeading(self.tr("Time span")),
                ColumnHeading(self.tr("Per second"), self.tr("Attempts finished per second"), figures=True),
                *(
                    ColumnHeading(wait.format(share=name), tip, figures=True)
                    for name, tip in quantiles.items()
                ),
                *(
                    ColumnHeading(run.format(share=name), tip, figures=True)
                    for name, tip in quantiles.items()
                ),
                ColumnHeading(self.tr("Added"), figures=True),
                ColumnHeading(self.tr("Failed"), figures=True),
                ColumnHeading(
                    self.tr("Waiting p99"), self.tr("99% of the time, at most this many waited"), figures=True
                ),
            ),
            self,
        )
        self.scheduled = CellsModel(
            (
                ColumnHeading(self.tr("Starts in"), figures=True),
                ColumnHeading(self.tr("Start time")),
                ColumnHeading(self.tr("Recording")),
                ColumnHeading(self.tr("Attempt"), figures=True),
                ColumnHeading(self.tr("Reason for the retry")),
            ),
            self,
        )
        longest = {
            1: "0.0000",
            **dict.fromkeys(range(2, 8), "0:00:00"),
            **dict.fromkeys((8, 9, 10), "00,000"),
        }
        self._figures_table = FiguresTable(self.tr("Queue statistics"), self.figures, longest, self)
        self._figures_table.fit_rows(len(WINDOWS))
        at = self._job_labels.moment(_WIDE_TIME)
        widest = {0: self._labels.duration(_LONG_WAIT_S), 1: at, 2: "n" * _NAME_CHARS, 3: self.tr("Attempt")}
        self._scheduled_table = FiguresTable(
            self.tr("Scheduled retries"), self.scheduled, widest, self, min_chars=_REASON_CHARS
        )

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 14, 16, 6)
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._state, 1)
        head.addWidget(self.pause_button)
        head.addWidget(self.purge_button)
        nothing = QLabel(
            self.tr(
                "No retries are scheduled. Recordings that will be retried, for example after a full disk, "
                "are listed here."
            ),
            self,
        )
        nothing.setObjectName("quiet")
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        nothing.setWordWrap(True)
        self._schedule_stack = QStackedWidget(self)
        self._schedule_stack.addWidget(self._scheduled_table)
        self._schedule_stack.addWidget(nothing)
        self._schedule_stack.setCurrentIndex(1)
        title = QLabel(self.tr("Scheduled retries"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        title.setContentsMargins(16, 16, 16, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.tiles)
        column.addWidget(self._figures_table)
        column.addWidget(title)
        column.addWidget(self._schedule_stack, 1)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.setAccessibleName(text.removesuffix("…"))
        button.setEnabled(False)
        return button

    def _figures_row(self, name: str, span: SpanMetrics | None) -> tuple[Cell, ...]:
        labels = self._labels
        if span is None:
            return (Cell(labels.window(name)), *(Cell(NOTHING) for _ in self.figures.headings[1:]))
        metrics = span.metrics
        texts = (
            labels.rate(metrics.per_s),
            *labels.quantiles(metrics.wait),
            *labels.quantiles(metrics.run),
            labels.number(metrics.submitted, 0),
            labels.number(metrics.failed, 0),
            labels.number(metrics.depth_p99, 0),
        )
        return (Cell(labels.window(name)), *(Cell(text) for text in texts))

    def _scheduled_row(self, job: Job, now: float) -> tuple[Cell, ...]:
        due_at = job.due_at if job.due_at is not None else now
        name, why = (
            self._labels.title(PurePath(job.path).name, job.label.case),
            self._job_labels.error(job.error) if job.error is not None else "",
        )
        return (
            Cell(self._labels.duration(due_at - now + 0.5) if due_at > now else self.tr("now")),
            Cell(self._job_labels.moment(due_at)),
            Cell(name, spoken=job.path),
            Cell(str(len(job.attempts) + 1)),
            Cell(why, spoken=why),
        )

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
