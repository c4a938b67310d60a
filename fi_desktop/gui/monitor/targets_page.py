"""The monitor's targets page: service targets against measurements, and plots of the history."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.monitor_labels import NOTHING, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import (
    Cell,
    CellsModel,
    ColumnHeading,
    FiguresTable,
    SegmentedControl,
)
from fi_desktop.gui.monitor.plots import HistoryPlots
from fi_desktop.jobs.metrics import WINDOWS, Target
from fi_desktop.viewmodel.monitor import MonitorSnapshot, SpanMetrics

_TARGETS = 5
_SIGNS = {True: ("state-completed", "good"), False: ("warning", "bad"), None: ("", "")}
_SPANS = tuple(WINDOWS)


class TargetsPage(QWidget):
    """Shows the targets over each time span, and the history of one span.

    Attributes:
        targets: the targets.
        span: selects the time span of the plots.
        plots: depth, throughput and run time.
    """

    def __init__(self, labels: MonitorLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._metrics: dict[str, SpanMetrics] = {}
        self.targets = CellsModel(
            (
                ColumnHeading(self.tr("Service target")),
                ColumnHeading(self.tr("Target"), figures=True),
                *(ColumnHeading(labels.window(name), figures=True) for name in _SPANS),
            ),
            self,
        )
        widest = dict.fromkeys(range(1, 2 + len(_SPANS)), "000.0 %")
        table = FiguresTable(self.tr("Targets"), self.targets, widest, self, signs=True, min_chars=30)
        table.fit_rows(_TARGETS)
        self.span = SegmentedControl(self.tr("Time span"), [labels.window(name) for name in _SPANS], self)
        self.span.chosen.connect(self._on_span_chosen)
        self.plots = HistoryPlots(labels, self)
        title = QLabel(self.tr("History"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        head = QHBoxLayout()
        head.setContentsMargins(16, 16, 16, 8)
        head.addWidget(title, 1)
        head.addWidget(self.span)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(table)
        column.addLayout(head)
        column.addWidget(self.plots, 1)

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show the measurements."""
        if not snapshot.spans or snapshot.spans == self._metrics:
            return
        self._metrics = snapshot.spans
        first = snapshot.spans[_SPANS[0]].targets
        self.targets.show_rows([self._row(number, target) for number, target in enumerate(first)])
        self._show_history()

    def _row(self, number: int, target: Target) -> tuple[Cell, ...]:
        measured = [self._metrics[name].targets[number] for name in _SPANS]
        return (
            Cell(self._labels.target(target)),
            Cell(target.wanted),
            *(self._measured_cell(target) for target in measured),
        )

    def _measured_cell(self, target: Target) -> Cell:
        text, (icon, tone) = self._labels.measured(target), _SIGNS[target.met]
        return Cell(text, "" if text == NOTHING else icon, tone, self._labels.verdict(target.met))

    def _show_history(self) -> None:
        name = _SPANS[self.span.current]
        if name in self._metrics:
            self.plots.show_history(self._metrics[name].history)

    @Slot(int)
    def _on_span_chosen(self, _number: int) -> None:
        self.plots.select_step(None)
        self._show_history()
