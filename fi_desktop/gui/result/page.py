"""A job that has no result yet, or never will: where it stands, what went wrong, and each attempt."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.job import Attempt, Job, JobState
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.widgets import ElidedLabel, ItemList
from fi_desktop.viewmodel.rows import Row
from fi_desktop.viewmodel.times import clock


class JobPage(QWidget):
    """Shows a job under way, or one that ended without a result.

    Signals:
        retry_asked: the person wants it done again, or now.
        cancel_asked: the person does not want it any more.
        models_asked: the person wants to see to the model that it lacks.
    """

    retry_asked = Signal()
    cancel_asked = Signal()
    models_asked = Signal()

    def __init__(self, retries: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = UiLabels(self)
        self._retries = retries
        self._row: Row | None = None
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._name = ElidedLabel("", self)
        self._name.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._icon, self._state = QLabel(self), QLabel(self)
        self._detail = QLabel(self)
        self._detail.setWordWrap(True)
        self._detail.setTextFormat(Qt.TextFormat.PlainText)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress = QProgressBar(self)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setRange(0, 1000)
        self.attempts = ItemList(self)
        self.attempts.setAccessibleName(self.tr("Attempts"))
        self.attempts.setWordWrap(True)
        self.retry = QPushButton(self.tr("Retry"), self)
        self.retry.clicked.connect(self.retry_asked)
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.cancel.clicked.connect(self.cancel_asked)
        self.models = QPushButton(self.tr("Models…"), self)
        self.models.clicked.connect(self.models_asked)
        self.models.hide()
        for button in (self.retry, self.cancel, self.models):
            button.setObjectName("plain")
            button.setAccessibleName(button.text())
        self.setTabOrder(self.retry, self.cancel)
        self.setTabOrder(self.cancel, self.models)
        self.setTabOrder(self.models, self.attempts)
        self._lay_out()

    @property
    def said(self) -> str:
        """The sentence that it shows."""
        return self._detail.text()

    def show_row(self, row: Row, now: float) -> None:
        """Show where the job stands."""
        self._row = row
        self._name.setText(row.name)
        self._name.setToolTip(widgets.plain_tooltip(row.path))
        running = row.state is JobState.RUNNING
        state = self._words.state_of(row)
        self._state.setText(f"{state} – {self._words.stage(row.stage)}" if running else state)
        self._detail.setText(self._words.detail(row, now, self._retries))
        self._detail.setVisible(bool(self._detail.text()))
        self.progress.setVisible(running)
        self.progress.setValue(round(row.share * 1000))
        self.retry.setVisible(row.retriable)
        self.cancel.setVisible(row.cancellable)
        self._dress()

    def show_attempts(self, job: Job) -> None:
        """List the attempts, the last one first; and offer the models where one was lacking."""
        self.attempts.clear()
        self.attempts.addItems([self._told(attempt) for attempt in reversed(job.attempts)])
        self.attempts.setVisible(bool(job.attempts))
        code = job.error.code if job.error else ""
        self.models.setVisible(code.startswith(("models.", "engine.no_model", "engine.no_transcriber")))
        self._heading.setVisible(bool(job.attempts))

    def _lay_out(self) -> None:
        self._heading = QLabel(self.tr("Attempts"), self)
        self._heading.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self._heading.hide()
        self.attempts.hide()
        state = QHBoxLayout()
        state.setSpacing(7)
        state.addWidget(self._icon)
        state.addWidget(self._state, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.retry)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.models)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(10)
        column.addWidget(self._name)
        column.addLayout(state)
        column.addWidget(self._detail)
        column.addWidget(self.progress)
        column.addLayout(buttons)
        column.addSpacing(8)
        column.addWidget(self._heading)
        column.addWidget(self.attempts, 1)
        column.addStretch()

    def _told(self, attempt: Attempt) -> str:
        parts = [f"{attempt.number}.  {self._words.moment(attempt.started_at)}"]
        parts.append(self._words.worker(attempt.worker))
        if attempt.ended_at is not None:
            parts.append(clock(attempt.ended_at - attempt.started_at))
        ended = self._words.outcome(attempt.outcome)
        parts.append(f"{ended}: {self._words.error(attempt.error)}" if attempt.error else ended)
        return "  ·  ".join(parts)

    def _dress(self) -> None:
        if self._row is None:
            return
        colour = theme.tone(theme.STATE_TONES[self._row.state], self.palette())
        name = f"state-{self._row.state.value.lower()}"
        self._icon.setPixmap(theme.pixmap(name, 18, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_row"):
            self._dress()
