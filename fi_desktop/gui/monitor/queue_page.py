"""The monitor's page of the queue: how much waits and how long, what is scheduled when, pause and purge."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.core.job import Job
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.monitor.cells import Cell, CellsModel, Heading
from fi_desktop.gui.monitor.table import FiguresTable
from fi_desktop.gui.monitor.tiles import Tiles
from fi_desktop.gui.monitor.words import NOTHING, MonitorWords
from fi_desktop.jobs.metrics import WINDOWS
from fi_desktop.viewmodel.monitor_watch import Figures, Look

_LONG_MOMENT = 1_893_412_680.0  # a date and time with two figures in each part
_NAME_CHARS, _REASON_CHARS = 24, 32  # can always be read
_LONG_WAIT_S = 59 * 60.0 + 59


class QueuePage(QWidget):
    """Shows the queue, and asks for what can be done with it.

    Attributes:
        pausing, purging: the buttons.
        tiles: what is waiting and running now.
        figures: how the queue did over each span.
        scheduled: the attempts that are put off.

    Signals:
        pause_asked: True: claim nothing more; False: go on.
        purge_asked: the person wants to forget what waits; so many jobs.
    """

    pause_asked = Signal(bool)
    purge_asked = Signal(int)

    def __init__(self, words: MonitorWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._job_words = UiLabels(self)
        self._paused: bool | None = None  # None: not known yet
        self._waiting = 0
        self._sign, self._state = QLabel(self), QLabel(self)
        self._state.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self.pausing, self.purging = (
            self._button(self.tr("Pause the queue")),
            self._button(self.tr("Empty the queue…")),
        )
        both = (self.tr("Pause the queue"), self.tr("Resume the queue"))
        widest = max(theme.text_width(self.font(), text) for text in both)
        self.pausing.setMinimumWidth(widest + 34)  # so that nothing moves when the word changes
        self.pausing.clicked.connect(self._on_pausing)
        self.purging.clicked.connect(self._on_purging)
        self.tiles = Tiles(
            (
                self.tr("Waiting for a worker"),
                self.tr("Running"),
                self.tr("Scheduled"),
                self.tr("Done in the last hour"),
            ),
            self,
        )
        self._make_tables()
        self._lay_out()
        self.show_paused(None)

    def show_paused(self, paused: bool | None) -> None:
        """Show whether the queue is paused; None: not known yet."""
        self._paused = paused
        self.pausing.setEnabled(paused is not None)
        self.pausing.setText(self.tr("Resume the queue") if paused else self.tr("Pause the queue"))
        self.pausing.setAccessibleName(self.pausing.text())
        if paused is None:
            self._state.setText(self.tr("Starting…"))
        elif paused:
            self._state.setText(self.tr("Paused: nothing more is started"))
        else:
            self._state.setText(self.tr("The queue runs"))
        self._dress()

    def take_look(self, look: Look) -> None:
        """Show what was found."""
        self._waiting = look.waiting + look.scheduled
        self.purging.setEnabled(self._waiting > 0)
        hour = look.figures.get("1h")
        counts = (look.waiting, len(look.running), look.scheduled, hour.measured.completed if hour else None)
        words = self._words
        self.tiles.show_texts(tuple(NOTHING if count is None else words.number(count, 0) for count in counts))
        self.figures.show_rows([self._figures_row(name, look.figures.get(name)) for name in WINDOWS])
        self.scheduled.show_rows([self._scheduled_row(job, look.at) for job in look.retrying])
        self._schedule.setCurrentIndex(0 if look.retrying else 1)

    def _make_tables(self) -> None:
        quantiles = {
            "p50": self.tr("Half of them took no longer"),
            "p95": self.tr("95 of 100 took no longer"),
            "p99": self.tr("99 of 100 took no longer"),
        }
        wait, run = self.tr("Wait {share}"), self.tr("Run {share}")
        self.figures = CellsModel(
            (
                Heading(self.tr("Over")),
                Heading(self.tr("A second"), self.tr("Attempts that ended, a second"), figures=True),
                *(Heading(wait.format(share=name), tip, figures=True) for name, tip in quantiles.items()),
                *(Heading(run.format(share=name), tip, figures=True) for name, tip in quantiles.items()),
                Heading(self.tr("Added"), figures=True),
                Heading(self.tr("Failed"), figures=True),
                Heading(self.tr("Depth p99"), self.tr("99 % of the time no more waited"), figures=True),
            ),
            self,
        )
        self.scheduled = CellsModel(
            (
                Heading(self.tr("Starts in"), figures=True),
                Heading(self.tr("At")),
                Heading(self.tr("Recording")),
                Heading(self.tr("Attempt"), figures=True),
                Heading(self.tr("Why it is tried again")),
            ),
            self,
        )
        longest = {
            1: "0.0000",
            **dict.fromkeys(range(2, 8), "00m 00s"),
            **dict.fromkeys((8, 9, 10), "00,000"),
        }
        self._figures_table = FiguresTable(self.tr("How the queue did"), self.figures, longest, self)
        self._figures_table.fit_rows(len(WINDOWS))
        at = self._job_words.moment(_LONG_MOMENT)
        widest = {0: self._words.span(_LONG_WAIT_S), 1: at, 2: "n" * _NAME_CHARS, 3: self.tr("Attempt")}
        self._scheduled_table = FiguresTable(
            self.tr("Scheduled"), self.scheduled, widest, self, min_chars=_REASON_CHARS
        )

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 14, 16, 6)
        head.setSpacing(8)
        head.addWidget(self._sign)
        head.addWidget(self._state, 1)
        head.addWidget(self.pausing)
        head.addWidget(self.purging)
        nothing = QLabel(
            self.tr(
                "Nothing is scheduled. An attempt that is put off, such as for a full disk, stands here."
            ),
            self,
        )
        nothing.setObjectName("quiet")
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        nothing.setWordWrap(True)
        self._schedule = QStackedWidget(self)
        self._schedule.addWidget(self._scheduled_table)
        self._schedule.addWidget(nothing)
        self._schedule.setCurrentIndex(1)
        title = QLabel(self.tr("Scheduled"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        title.setContentsMargins(16, 16, 16, 8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.tiles)
        column.addWidget(self._figures_table)
        column.addWidget(title)
        column.addWidget(self._schedule, 1)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.setAccessibleName(text.removesuffix("…"))
        button.setEnabled(False)
        return button

    def _figures_row(self, name: str, figures: Figures | None) -> tuple[Cell, ...]:
        words = self._words
        if figures is None:
            return (Cell(words.window(name)), *(Cell(NOTHING) for _ in self.figures.headings[1:]))
        measured = figures.measured
        texts = (
            words.rate(measured.per_s),
            *words.quantiles(measured.wait),
            *words.quantiles(measured.run),
            words.number(measured.submitted, 0),
            words.number(measured.failed, 0),
            words.number(measured.depth_p99, 0),
        )
        return (Cell(words.window(name)), *(Cell(text) for text in texts))

    def _scheduled_row(self, job: Job, now: float) -> tuple[Cell, ...]:
        due_at = job.due_at if job.due_at is not None else now
        name, why = PurePath(job.path).name, self._job_words.error(job.error) if job.error is not None else ""
        return (
            Cell(self._words.span(due_at - now + 0.5) if due_at > now else self.tr("now")),
            Cell(self._job_words.moment(due_at)),
            Cell(name, spoken=job.path),
            Cell(str(len(job.attempts) + 1)),
            Cell(why, spoken=why),
        )

    def _dress(self) -> None:
        name, tone = ("paused", "warn") if self._paused else ("state-running", "good")
        if self._paused is None:
            name, tone = "state-queued", "neutral"
        colour = theme.tone(tone, self.palette())
        self._sign.setPixmap(theme.pixmap(name, 20, colour, self.devicePixelRatioF()))

    @Slot()
    def _on_pausing(self) -> None:
        self.pause_asked.emit(not self._paused)

    @Slot()
    def _on_purging(self) -> None:
        self.purge_asked.emit(self._waiting)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_sign"):
            self._dress()
