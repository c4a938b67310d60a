"""The filter above the table: a chip per state and one for results to review, with their numbers."""

from __future__ import annotations

from collections import Counter
from enum import Enum, auto

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.core.values import ReviewState
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel.search import Shown

_ORDER: tuple[Shown, ...] = (
    JobState.QUEUED,
    JobState.RUNNING,
    JobState.RETRYING,
    JobState.COMPLETED,
    ReviewState.DRAFT,
    JobState.FAILED,
    JobState.CANCELLED,
)
_SPACING = 2


class Named(Enum):
    """Which chips say the name of their state."""

    ALL = auto()
    USED = auto()
    NONE = auto()


class StateChips(QWidget):
    """A chip for all jobs and one for each state; several states can be chosen.

    Attributes:
        all: shows jobs in any state.
        by_state: each state's chip; that of drafts shows the results that nobody has reviewed.

    Signals:
        chosen: what to show (frozenset of Shown); empty for all.
    """

    chosen = Signal(object)

    def __init__(self, labels: UiLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._counts: Counter[JobState] = Counter()
        self._to_review = 0
        self.setAccessibleName(self.tr("Show jobs by state"))
        self.all = self._make_chip()
        self.all.setChecked(True)
        self.all.clicked.connect(self.show_all)
        self.by_state: dict[Shown, QToolButton] = {}
        for state in _ORDER:
            self.by_state[state] = self._make_chip()
            self.by_state[state].clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_SPACING)
        for chip in (self.all, *self.by_state.values()):
            row.addWidget(chip)
        self._named = Named.ALL
        self.show_counts(self._counts, self._to_review)
        self._set_icons()

    @property
    def states(self) -> frozenset[Shown]:
        """The chosen states; empty for all."""
        return frozenset(state for state, chip in self.by_state.items() if chip.isChecked())

    def label(self, shown: Shown) -> str:
        """Return what a chip says."""
        return self._labels.state(shown) if isinstance(shown, JobState) else self.tr("To review")

    def choose(self, states: frozenset[Shown]) -> None:
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

    def show_counts(self, counts: Counter[JobState], to_review: int) -> None:
        """Show the number of jobs in each state, and of results to review."""
        self._counts, self._to_review = Counter(counts), to_review
        self._set_text(self.all, self.tr("All"), counts.total())
        for state, chip in self.by_state.items():
            self._set_text(chip, self.label(state), self._count(state))

    def fit(self, width: int) -> None:
        """Show only icons and numbers of states that have no jobs, or of all, if labels do not fit.

        Tooltips still name the states.
        """
        fitting = (named for named in (Named.ALL, Named.USED) if self._needed_width(named) <= width)
        named = next(fitting, Named.NONE)
        if named is not self._named:
            self._named = named
            self.show_counts(self._counts, self._to_review)

    def least_width(self) -> int:
        """Return the pixels that icons and numbers need."""
        return self._needed_width(Named.NONE)

    def _needed_width(self, named: Named) -> int:
        labels = [self.tr("All"), *map(self.label, _ORDER)]
        numbers = [self._counts.total(), *map(self._count, _ORDER)]
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)  # as a chosen chip
        texts = (self._text(label, number, named) for label, number in zip(labels, numbers, strict=True))
        around = max(
            chip.sizeHint().width() - theme.text_width(chip.font(), chip.text())
            for chip in (self.all, *self.by_state.values())
        )
        return sum(theme.text_width(font, text) + around + _SPACING for text in texts)

    def _count(self, shown: Shown) -> int:
        return self._counts[shown] if isinstance(shown, JobState) else self._to_review

    def _text(self, label: str, number: int, named: Named) -> str:
        with_label = named is Named.ALL or (named is Named.USED and number > 0)
        return f"{label} {self._number(number)}" if with_label else self._number(number)

    def _number(self, number: int) -> str:
        return self.locale().toString(number)

    def _set_text(self, chip: QToolButton, label: str, count: int) -> None:
        number = self._number(count)
        text = self._text(label, count, self._named)
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
            if isinstance(state, JobState):
                tone, icon = theme.STATE_TONES[state], f"state-{state.value.lower()}"
            else:
                tone, icon = theme.REVIEW_TONES[state], f"review-{state.value}"
            chip.setIcon(theme.tinted_icon(icon, theme.tone(tone, self.palette())))

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the icons when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "by_state"):
            self._set_icons()
