"""One job: what it is, each attempt, what happened to it, and what the log says of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Job, JobState
from fi_desktop.gui import icons, plain, theme
from fi_desktop.gui.details.attempt_card import AttemptCard, set_text, text_label
from fi_desktop.gui.details.facts_form import FactsForm
from fi_desktop.gui.details.fold import Fold
from fi_desktop.gui.details.words import DetailWords
from fi_desktop.gui.elided_label import ElidedLabel
from fi_desktop.viewmodel.diagnostics import diagnostics
from fi_desktop.viewmodel.job_facts import Facts
from fi_desktop.viewmodel.rows import Row

_ICON_PX = 18


class JobView(QWidget):
    """Shows a job; what is shown of the same job again keeps its place and its open folds.

    Signals:
        open_asked, retry_asked: of the job that is shown (its id).
    """

    open_asked = Signal(int)
    retry_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = DetailWords(self)
        self._row: Row | None = None
        self._job: Job | None = None
        self._facts: Facts | None = None
        self._cards: list[AttemptCard] = []
        self._name = ElidedLabel("", self)
        self._name.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self._icon, self._state = QLabel(self), text_label(self)
        self.progress = QProgressBar(self)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setRange(0, 1000)
        self.open = self._button(self.tr("Open result"))
        self.retry = self._button(self.tr("Retry"))
        self.copy = self._button(self.tr("Copy diagnostics"))
        self.copy.setToolTip(self.tr("What whoever mends the program needs, without anything of the patient"))
        self.form = FactsForm(self.words, self)
        self.events = Fold(self.tr("What happened"), self)
        self.log = Fold(self.tr("Log"), self)
        self.log.set_code()
        self.open.clicked.connect(self._on_open)
        self.retry.clicked.connect(self._on_retry)
        self.copy.clicked.connect(self._on_copy)
        self._lay_out()

    def show_row(self, row: Row, now: float) -> None:
        """Show where the job stands; at once, and at each step of its progress."""
        if self._row is None or self._row.id != row.id:
            self._begin()
        self._row = row
        self._name.setText(row.name)
        self._name.setToolTip(plain.tip(row.path))
        state = self.words.common.state_of(row)
        running = row.state is JobState.RUNNING
        self._state.setText(
            f"{state} · {self.words.common.stage(row.stage)} {row.share:.0%}" if running else state
        )
        self.progress.setVisible(running)
        self.progress.setValue(round(row.share * 1000))
        self.open.setVisible(row.exportable)
        self.retry.setVisible(row.retriable)
        if self._job is not None:
            self.form.show_job(self._job, row.duration_s, now)
        self._dress()

    def show_job(self, job: Job, events: Sequence[JobEvent], now: float) -> None:
        """Show the whole of the job."""
        self._job = job
        self.copy.setEnabled(True)
        self.form.show_job(job, self._row.duration_s if self._row else None, now)
        self.form.show_facts(job, self._facts)
        while len(self._cards) < len(job.attempts):
            card = AttemptCard(self.words, self)
            self._timeline.addWidget(card)
            self._cards.append(card)
        for card, attempt in zip(self._cards, job.attempts, strict=False):
            card.show_attempt(job, attempt)
        set_text(self._heading, self.tr("Attempts") if job.attempts else "")
        told = (f"{self.words.common.exact(event.at)}  {self.words.happened(event)}" for event in events)
        self.events.show_lines("\n".join(told))

    def show_facts(self, facts: Facts) -> None:
        """Show what files say."""
        self._facts = facts
        self.log.show_lines("\n".join(facts.log))
        if self._job is not None:
            self.form.show_facts(self._job, facts)

    def cards(self) -> list[AttemptCard]:
        """Return the attempts that are shown, the first one first."""
        return list(self._cards)

    def _begin(self) -> None:
        """Another job: nothing is known of it yet."""
        self._job = self._facts = None
        self.copy.setEnabled(False)
        for card in self._cards:
            self._timeline.removeWidget(card)
            card.deleteLater()
        self._cards.clear()
        self._heading.hide()
        for fold in (self.events, self.log):
            fold.show_lines("")
        self.area.verticalScrollBar().setValue(0)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAccessibleName(text)
        return button

    def _lay_out(self) -> None:
        self._heading = text_label(self)
        self._heading.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        state = QHBoxLayout()
        state.setSpacing(7)
        state.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self._state, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.open)
        buttons.addWidget(self.retry)
        buttons.addStretch()
        self._timeline = QVBoxLayout()
        self._timeline.setSpacing(4)
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 12, 14, 14)
        column.setSpacing(8)
        column.addWidget(self._name)
        column.addLayout(state)
        column.addWidget(self.progress)
        column.addLayout(buttons)
        column.addWidget(self.form)
        column.addSpacing(4)
        column.addWidget(self._heading)
        column.addLayout(self._timeline)
        column.addWidget(self.events)
        column.addWidget(self.log)
        column.addSpacing(4)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        self.area = QScrollArea(self)
        self.area.setAccessibleName(self.tr("Details"))
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidgetResizable(True)
        self.area.setWidget(body)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self.area)

    @Slot()
    def _on_open(self) -> None:
        if self._row is not None:
            self.open_asked.emit(self._row.id)

    @Slot()
    def _on_retry(self) -> None:
        if self._row is not None:
            self.retry_asked.emit(self._row.id)

    @Slot()
    def _on_copy(self) -> None:
        if self._job is not None:
            made = self._facts.provenance if self._facts else None
            QGuiApplication.clipboard().setText(diagnostics(self._job, made))

    def _dress(self) -> None:
        if self._row is None:
            return
        colour = theme.tone(theme.STATE_TONES[self._row.state], self.palette())
        name = f"state-{self._row.state.value.lower()}"
        self._icon.setPixmap(icons.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "area"):
            self._dress()
