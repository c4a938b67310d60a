"""The states above the table, each with its number: a click shows only the jobs in it."""

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
    """One button for all jobs, and one for each state; several states can be chosen.

    Attributes:
        all: shows the jobs in every state.
        of: the button of each state.

    Signals:
        chosen: the states that are wanted (frozenset of JobState); empty: all.
    """

    chosen = Signal(object)

    def __init__(self, words: UiLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._counts: Counter[JobState] = Counter()
        self.setAccessibleName(self.tr("Show jobs by state"))
        self.all = self._make()
        self.all.setChecked(True)
        self.all.clicked.connect(self.show_all)
        self.of: dict[JobState, QToolButton] = {}
        for state in _ORDER:
            self.of[state] = self._make()
            self.of[state].clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_SPACING)
        for chip in (self.all, *self.of.values()):
            row.addWidget(chip)
        self._compact = False
        self.show_counts(self._counts)
        self._dress()

    @property
    def states(self) -> frozenset[JobState]:
        """The states that are chosen; empty: all."""
        return frozenset(state for state, chip in self.of.items() if chip.isChecked())

    def choose(self, states: frozenset[JobState]) -> None:
        """Choose these states, without telling; none: all."""
        for state, chip in self.of.items():
            chip.setChecked(state in states)
        self.all.setChecked(not states)

    @Slot()
    def show_all(self) -> None:
        """Choose no state in particular."""
        changed = bool(self.states)
        for chip in self.of.values():
            chip.setChecked(False)
        self.all.setChecked(True)
        if changed:
            self.chosen.emit(self.states)

    def show_counts(self, counts: Counter[JobState]) -> None:
        """Show how many jobs there are in each state."""
        self._counts = Counter(counts)
        self._say(self.all, self.tr("All"), counts.total())
        for state, chip in self.of.items():
            self._say(chip, self._words.state(state), counts[state])

    def fit(self, room: int) -> None:
        """Show icons and numbers alone if the words need more pixels; the words are in the tips then."""
        compact = self._width_of(compact=False) > room
        if compact != self._compact:
            self._compact = compact
            self.show_counts(self._counts)

    def least_width(self) -> int:
        """Return the pixels that icons and numbers need."""
        return self._width_of(compact=True)

    def _width_of(self, *, compact: bool) -> int:
        words = [self.tr("All"), *(self._words.state(state) for state in _ORDER)]
        numbers = [self._counts.total(), *(self._counts[state] for state in _ORDER)]
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)  # as one that is chosen
        texts = (
            self._count(number) if compact else f"{word} {self._count(number)}"
            for word, number in zip(words, numbers, strict=True)
        )
        around = max(
            chip.sizeHint().width() - theme.text_width(chip.font(), chip.text())
            for chip in (self.all, *self.of.values())
        )
        return sum(theme.text_width(font, text) + around + _SPACING for text in texts)

    def _count(self, number: int) -> str:
        return self.locale().toString(number)

    def _say(self, chip: QToolButton, word: str, number: int) -> None:
        count = self._count(number)
        text = count if self._compact else f"{word} {count}"
        if chip.text() != text:
            chip.setText(text)
            chip.setToolTip(self.tr("{word}: {number}").format(word=word, number=count))
            chip.setAccessibleName(f"{word} {count}")

    def _make(self) -> QToolButton:
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

    def _dress(self) -> None:
        for state, chip in self.of.items():
            colour = theme.tone(theme.STATE_TONES[state], self.palette())
            chip.setIcon(theme.tinted_icon(f"state-{state.value.lower()}", colour))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "of"):
            self._dress()
