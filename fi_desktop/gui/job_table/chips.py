"""The filter above the table: one chip per state, with the number of jobs in it."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels

_ORDER = (
    JobState.QUEUED,
    JobState.RUNNING,
    JobState.RETRYING,
    JobState.COMPLETED,
    JobState.FAILED,
    JobState.CANCELLED,
)
_SPACING = 2


class StateChips(QWidget):
    """A chip for all jobs and one for each state; several states can be chosen.

    Attributes:
        all: shows jobs in any state.
        by_state: each state's chip.

    Signals:
        chosen: the states to show (frozenset of JobState); empty for all.
    """

    chosen = Signal(object)

    def __init__(self, labels: UiLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._counts: Counter[JobState] = Counter()
        self.setAccessibleName(self.tr("Show jobs by state"))
        self.all = self._make_chip()
        self.all.setChecked(True)
        self.all.clicked.connect(self.show_all)
        self.by_state: dict[JobState, QToolButton] = {}
        for state in _ORDER:
            self.by_state[state] = self._make_chip()
            self.by_state[state].clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_SPACING)
        for chip in (self.all, *self.by_state.values()):
            row.addWidget(chip)
        self._compact = False
        self.show_counts(self._counts)
        self._set_icons()

    @property
    def states(self) -> frozenset[JobState]:
        """The chosen states; empty for all."""
        return frozenset(state for state, chip in self.by_state.items() if chip.isChecked())

    def choose(self, states: frozenset[JobState]) -> None:
        """Choose these states without emitting `chosen`; empty for all."""
        for state, chip in self.by_state.items():
            chip.setChecked(state in states)
        self.all.setChecked(not states)

    @Slot()
    def show_all(self) -> None:
        """Choose all states."""
        changed = bool(self.states)
        self.choose(frozenset())
        if changed:
            self.chosen.emit(self.states)

    def show_counts(self, counts: Counter[JobState]) -> None:
        """Show the number of jobs in each state."""
        self._counts = Counter(counts)
        self._set_text(self.all, self.tr("All"), counts.total())
        for state, chip in self.by_state.items():
            self._set_text(chip, self._labels.state(state), counts[state])

    def fit(self, width: int) -> None:
        """Show only icons and numbers if labels do not fit; tooltips still name the states."""
        compact = self._needed_width(compact=False) > width
        if compact != self._compact:
            self._compact = compact
            self.show_counts(self._counts)

    def least_width(self) -> int:
        """Return the pixels that icons and numbers need."""
        return self._needed_width(compact=True)

    def _needed_width(self, *, compact: bool) -> int:
        labels = [self.tr("All"), *(self._labels.state(state) for state in _ORDER)]
        numbers = [self._counts.total(), *(self._counts[state] for state in _ORDER)]
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)  # as a chosen chip
        texts = (
            self._number(number) if compact else f"{label} {self._number(number)}"
            for label, number in zip(labels, numbers, strict=True)
        )
        around = max(
            chip.sizeHint().width() - theme.text_width(chip.font(), chip.text())
            for chip in (self.all, *self.by_state.values())
        )
        return sum(theme.text_width(font, text) + around + _SPACING for text in texts)

    def _number(self, number: int) -> str:
        return self.locale().toString(number)

    def _set_text(self, chip: QToolButton, label: str, count: int) -> None:
        number = self._number(count)
        text = number if self._compact else f"{label} {number}"
        if chip.text() != text:
            chip.setText(text)
            chip.setToolTip(self.tr("{word}: {number}").format(word=label, number=number))
            chip.setAccessibleName(f"{label} {number}")

    def _make_chip(self) -> QToolButton:
        chip = QToolButton(self)
        chip.setObjectName("chip")
        chip.setCheckable(True)
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.setIconSize(QSize(14, 14))
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return chip

    @Slot()
    def _on_clicked(self) -> None:
        self.all.setChecked(not self.states)
        self.chosen.emit(self.states)

    def _set_icons(self) -> None:
        for state, chip in self.by_state.items():
            colour = theme.tone(theme.STATE_TONES[state], self.palette())
            chip.setIcon(theme.tinted_icon(f"state-{state.value.lower()}", colour))

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the icons when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "by_state"):
            self._set_icons()
