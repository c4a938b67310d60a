"""The page of a job without a result: its state, what went wrong, and each attempt."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core.job import Attempt, Job, JobState
from fi_desktop.core.text import clock
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.widgets import ElidedLabel, ItemList
from fi_desktop.viewmodel.rows import Row


class JobPage(QWidget):
    """Shows a job without a result: its state, what went wrong, and each attempt.

    Signals:
        retry_asked: retry the job, or retry it now.
        cancel_asked: cancel the job.
        models_asked: open the models dialog.
    """

    retry_asked = Signal()
    cancel_asked = Signal()
    models_asked = Signal()

    def __init__(self, retries: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
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
        self.attempts.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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
    def detail(self) -> str:
        """The sentence below the state."""
        return self._detail.text()

    def show_name(self, title: str) -> None:
        """Show what the job is called."""
        self._name.setText(title)

    def show_row(self, row: Row, now: float) -> None:
        """Show the job's state and progress."""
        self._row = row
        self._name.setToolTip(widgets.plain_tooltip(row.path))
        running = row.state is JobState.RUNNING
        state = self._labels.state_of(row)
        self._state.setText(f"{state} – {self._labels.stage(row.stage)}" if running else state)
        self._detail.setText(self._labels.detail(row, now, self._retries))
        self._detail.setVisible(bool(self._detail.text()))
        self.progress.setVisible(running)
        self.progress.setValue(round(row.share * 1000))
        self.retry.setVisible(row.retriable)
        self.cancel.setVisible(row.cancellable)
        self._apply_theme()

    def show_attempts(self, job: Job) -> None:
        """List the attempts, latest first; offer the models dialog if a model is missing."""
        self.attempts.clear()
        self.attempts.addItems([self._describe(attempt) for attempt in reversed(job.attempts)])
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

    def _describe(self, attempt: Attempt) -> str:
        parts = [f"{attempt.number}.  {self._labels.moment(attempt.started_at)}"]
        parts.append(self._labels.worker(attempt.worker))
        if attempt.ended_at is not None:
            parts.append(clock(attempt.ended_at - attempt.started_at))
        ended = self._labels.outcome(attempt.outcome)
        parts.append(f"{ended}: {self._labels.error(attempt.error)}" if attempt.error else ended)
        return "  ·  ".join(parts)

    def _apply_theme(self) -> None:
        if self._row is None:
            return
        colour = theme.tone(theme.STATE_TONES[self._row.state], self.palette())
        name = f"state-{self._row.state.value.lower()}"
        self._icon.setPixmap(theme.pixmap(name, 18, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_row"):
            self._apply_theme()
