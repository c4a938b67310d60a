"""The monitor's page of targets: what the old backend promised beside what is measured, and how it went."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.cells import Cell, CellsModel, Heading
from fi_desktop.gui.monitor.choice import MonitorChoice
from fi_desktop.gui.monitor.plots import MonitorPlots
from fi_desktop.gui.monitor.table import FiguresTable
from fi_desktop.gui.monitor.words import NOTHING, MonitorWords
from fi_desktop.jobs.metrics import WINDOWS, Target
from fi_desktop.viewmodel.monitor_watch import Figures, Look

_TARGETS = 5
_SIGNS = {True: ("state-completed", "good"), False: ("warning", "bad"), None: ("", "")}
_NAMES = tuple(WINDOWS)


class TargetsPage(QWidget):
    """Shows the targets over each span, and the history of one.

    Attributes:
        targets: the targets.
        span: which span the plots show.
        plots: depth, throughput and run time.
    """

    def __init__(self, words: MonitorWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._figures: dict[str, Figures] = {}
        self.targets = CellsModel(
            (
                Heading(self.tr("Target of the server that this program replaces")),
                Heading(self.tr("Wanted"), figures=True),
                *(Heading(words.window(name), figures=True) for name in _NAMES),
            ),
            self,
        )
        widest = dict.fromkeys(range(1, 2 + len(_NAMES)), "000.0 %")
        table = FiguresTable(self.tr("Targets"), self.targets, widest, self, signs=True, min_chars=30)
        table.fit_rows(_TARGETS)
        self.span = MonitorChoice(self.tr("Span of time"), [words.window(name) for name in _NAMES], self)
        self.span.chosen.connect(self._on_span_chosen)
        self.plots = MonitorPlots(words, self)
        title = QLabel(self.tr("How it went"), self)
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

    def take_look(self, look: Look) -> None:
        """Show what was measured."""
        if not look.figures or look.figures == self._figures:
            return
        self._figures = look.figures
        first = look.figures[_NAMES[0]].aims
        self.targets.show_rows([self._row(place, aim) for place, aim in enumerate(first)])
        self._show_history()

    def _row(self, place: int, aim: Target) -> tuple[Cell, ...]:
        found = [self._figures[name].aims[place] for name in _NAMES]
        return (
            Cell(self._words.target(aim)),
            Cell(aim.wanted),
            *(self._measured(target) for target in found),
        )

    def _measured(self, target: Target) -> Cell:
        text, (icon, tone) = self._words.measured(target), _SIGNS[target.met]
        verdict = self._words.verdict(target.met)
        return Cell(text, "" if text == NOTHING else icon, tone, verdict)

    def _show_history(self) -> None:
        name = _NAMES[self.span.place]
        if name in self._figures:
            self.plots.show_history(self._figures[name].history)

    @Slot(int)
    def _on_span_chosen(self, _place: int) -> None:
        self.plots.read(None)
        self._show_history()
