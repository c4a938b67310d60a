"""The monitor's history: what happened in 30 days, figures by hour and by time span, and the targets."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.monitor.history_labels import GROUPS, HistoryLabels
from fi_desktop.gui.monitor.monitor_labels import NOTHING, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import (
    Cell,
    CellsModel,
    ColumnHeading,
    FiguresTable,
    SegmentedControl,
)
from fi_desktop.gui.monitor.targets_page import TargetsPage
from fi_desktop.gui.widgets import SearchField
from fi_desktop.jobs.metrics import WINDOWS, Hour
from fi_desktop.jobs.queue_history import LOST, HistoryEntry, HistoryKind
from fi_desktop.viewmodel.monitor import MonitorSnapshot, SpanMetrics

_WIDE_TIME = 1_893_412_680.0  # a date and time with two digits in each part
_MOST_ROWS = 2000
"""The newest entries that are shown."""
_TONES = {
    **dict.fromkeys((*LOST, HistoryKind.JOB_FAILED, HistoryKind.ALERT_RAISED), "bad"),
    **dict.fromkeys((HistoryKind.RETRY_SCHEDULED, HistoryKind.SERVER_AWAY), "warn"),
}


class HistoryPart(IntEnum):
    """The parts of the page."""

    EVENTS = 0
    FIGURES = 1
    TARGETS = 2


class HistoryPage(QWidget):
    """Shows the history in three parts.

    Attributes:
        parts: selects the part.
        kinds, search: choose which entries are shown.
        events: the entries, newest first.
        figures: throughput, waits and run times over each time span.
        hours: the last hours, newest first.
        targets: the targets, and plots.
    """

    def __init__(self, labels: MonitorLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._job_labels, self._history_labels = UiLabels(self), HistoryLabels(labels, self)
        self._entries: tuple[HistoryEntry, ...] = ()
        self._hours: tuple[Hour, ...] = ()
        self.shown: list[HistoryEntry] = []
        self.parts = SegmentedControl(
            self.tr("Part"), (self.tr("Events"), self.tr("Figures"), self.tr("Targets")), self
        )
        self.kinds = QComboBox(self)
        self.kinds.setAccessibleName(self.tr("What happened"))
        self.kinds.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for title in self._history_labels.groups():
            self.kinds.addItem(title)
        self.search = SearchField(self.tr("Filter"), self)
        self.targets = TargetsPage(labels, self)
        self._make_tables()
        self._lay_out()
        self.parts.chosen.connect(self._on_part_chosen)
        self.kinds.currentIndexChanged.connect(self._show_events)
        self.search.textChanged.connect(self._show_events)

    @property
    def part(self) -> HistoryPart:
        """The part that is shown."""
        return HistoryPart(self.parts.current)

    @property
    def by_hour(self) -> tuple[Hour, ...]:
        """The figures by hour."""
        return self._hours

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show a snapshot's history and metrics."""
        if snapshot.history is not self._entries:
            self._entries = snapshot.history
            self._show_events()
        if snapshot.hours != self._hours:
            self._hours = snapshot.hours
            self.hours.show_rows([self._hour_row(hour) for hour in snapshot.hours])
        self.figures.show_rows([self._figures_row(name, snapshot.spans.get(name)) for name in WINDOWS])
        self.targets.show_snapshot(snapshot)

    def _make_tables(self) -> None:
        self.events = CellsModel(
            (
                ColumnHeading(self.tr("When")),
                ColumnHeading(self.tr("What happened")),
                ColumnHeading(self.tr("Worker")),
                ColumnHeading(self.tr("PID"), self.tr("Number of the process"), figures=True),
                ColumnHeading(self.tr("Recording"), self.tr("Its number"), figures=True),
                ColumnHeading(self.tr("Details")),
            ),
            self,
        )
        kinds = [self._history_labels.kind(kind) for kind in HistoryKind]
        widest = {
            0: self._job_labels.exact(_WIDE_TIME),
            1: max(kinds, key=len),
            2: self._job_labels.worker("worker-10"),
            3: "0000000",
            4: "000000",
        }
        self._events_table = FiguresTable(self.tr("Events"), self.events, widest, self, min_chars=24)
        quantiles = {
            "p50": self.tr("Half of them took at most this long"),
            "p95": self.tr("95 of 100 took at most this long"),
            "p99": self.tr("99 of 100 took at most this long"),
        }
        wait, run = self.tr("Wait {share}"), self.tr("Run time {share}")
        self.figures = CellsModel(
            (
                ColumnHeading(self.tr("Time span")),
                *(
                    ColumnHeading(wait.format(share=name), tip, figures=True)
                    for name, tip in quantiles.items()
                ),
                *(
                    ColumnHeading(run.format(share=name), tip, figures=True)
                    for name, tip in quantiles.items()
                ),
                ColumnHeading(self.tr("Added"), figures=True),
                ColumnHeading(self.tr("Done"), figures=True),
                ColumnHeading(self.tr("Failed"), figures=True),
                ColumnHeading(self.tr("Audio"), self.tr("Length of the recordings"), figures=True),
                ColumnHeading(
                    self.tr("Waiting p99"), self.tr("99% of the time, at most this many waited"), figures=True
                ),
            ),
            self,
        )
        longest = {**dict.fromkeys(range(1, 7), "0:00:00"), **dict.fromkeys((7, 8, 9, 11), "00,000")}
        longest[10] = self._labels.hours(99_999 * 3600.0)
        self._figures_table = FiguresTable(self.tr("Queue statistics"), self.figures, longest, self)
        self._figures_table.fit_rows(len(WINDOWS))
        self.hours = CellsModel(
            (
                ColumnHeading(self.tr("Hour")),
                ColumnHeading(self.tr("Added"), figures=True),
                ColumnHeading(self.tr("Done"), figures=True),
                ColumnHeading(self.tr("Failed"), figures=True),
                ColumnHeading(self.tr("Audio"), self.tr("Length of the recordings"), figures=True),
                ColumnHeading(self.tr("Median wait"), figures=True),
                ColumnHeading(self.tr("Median run time"), figures=True),
            ),
            self,
        )
        widest = {**dict.fromkeys((1, 2, 3), "00,000"), **dict.fromkeys((4, 5, 6), "0,000:00 h")}
        self._hours_table = FiguresTable(self.tr("Figures by hour"), self.hours, widest, self)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 16, 10)
        head.setSpacing(8)
        head.addWidget(self.parts)
        head.addStretch(1)
        self._kept = QLabel(self.tr("Kept for 30 days"), self)
        self._kept.setObjectName("quiet")
        self.search.setMaximumWidth(220)
        for widget in (self._kept, self.kinds, self.search):
            head.addWidget(widget)
        title = QLabel(self.tr("By hour"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        title.setContentsMargins(16, 16, 16, 8)
        figures = QWidget(self)
        inner = QVBoxLayout(figures)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self._figures_table)
        inner.addWidget(title)
        inner.addWidget(self._hours_table, 1)
        self._stack = QStackedWidget(self)
        for part in (self._events_table, figures, self.targets):
            self._stack.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)

    @Slot()
    def _show_events(self) -> None:
        kinds = GROUPS[self.kinds.currentIndex()]
        query = self.search.text().strip().casefold()
        found: list[HistoryEntry] = []
        rows: list[tuple[Cell, ...]] = []
        for entry in reversed(self._entries):
            if entry.kind not in kinds:
                continue
            row = self._event_row(entry)
            if query and not any(query in cell.text.casefold() for cell in row):
                continue
            found.append(entry)
            rows.append(row)
            if len(rows) == _MOST_ROWS:
                break
        self.shown = found
        self.events.show_rows(rows)

    def _event_row(self, entry: HistoryEntry) -> tuple[Cell, ...]:
        worker = self._worker(entry)
        detail = self._history_labels.detail(entry)
        return (
            Cell(self._job_labels.exact(entry.at)),
            Cell(self._history_labels.kind(entry.kind), tone=_TONES.get(entry.kind, "")),
            Cell(worker, spoken=worker),
            Cell(str(entry.pid) if entry.pid else NOTHING),
            Cell(str(entry.job) if entry.job else NOTHING),
            Cell(detail or NOTHING, spoken=detail),
        )

    def _worker(self, entry: HistoryEntry) -> str:
        """Return the worker's label; its name, if it is not one of this computer."""
        if entry.worker.startswith(("worker-", "in-app")):
            return self._job_labels.worker(entry.worker)
        return entry.worker or NOTHING

    def _figures_row(self, name: str, span: SpanMetrics | None) -> tuple[Cell, ...]:
        labels = self._labels
        if span is None:
            return (Cell(labels.window(name)), *(Cell(NOTHING) for _ in self.figures.headings[1:]))
        metrics = span.metrics
        texts = (
            *labels.quantiles(metrics.wait),
            *labels.quantiles(metrics.run),
            labels.number(metrics.submitted, 0),
            labels.number(metrics.completed, 0),
            labels.number(metrics.failed, 0),
            labels.hours(metrics.audio_s),
            labels.number(metrics.depth_p99, 0),
        )
        return (Cell(labels.window(name)), *(Cell(text) for text in texts))

    def _hour_row(self, hour: Hour) -> tuple[Cell, ...]:
        labels = self._labels
        counts: Sequence[int] = (hour.submitted, hour.completed, hour.failed)
        return (
            Cell(self._job_labels.moment(hour.start)),
            *(Cell(labels.number(count, 0) if count else NOTHING) for count in counts),
            Cell(labels.hours(hour.audio_s) if hour.audio_s else NOTHING),
            Cell(labels.duration(hour.wait_s)),
            Cell(labels.duration(hour.run_s)),
        )

    @Slot(int)
    def _on_part_chosen(self, part: int) -> None:
        self._stack.setCurrentIndex(part)
        for widget in (self._kept, self.kinds, self.search):
            widget.setVisible(part == HistoryPart.EVENTS)
