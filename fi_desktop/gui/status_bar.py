"""The status bar: counts of jobs on the left, workers and problems on the right."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.core.text import time_left
from fi_desktop.gui import labels, theme
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.jobs.queue_events import QueueHeld, WorkersChanged, WorkerState


class StatusBar(QStatusBar):
    """Sums up the queue and the workers.

    Attributes:
        paused: whether the queue is paused.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(10, 2, 10, 2)
        self._jobs = ElidedLabel("", self)
        self._problem_icon = QLabel(self)
        self._problem_icon.hide()
        self._workers = ElidedLabel("", self)
        for label, name in ((self._jobs, self.tr("Jobs")), (self._workers, self.tr("Workers"))):
            label.setAccessibleName(name)
            label.setFont(theme.tabular(self.font()))
            label.setContentsMargins(4, 4, 4, 4)
        self.addWidget(self._jobs)
        self.addPermanentWidget(self._problem_icon)
        self.addPermanentWidget(self._workers)
        self.paused = False
        self._listing = False
        self._labels = labels.UiLabels(self)
        self._held = QueueHeld()
        self._counts: Counter[JobState] = Counter()
        self._time_left = ""
        self.show_counts(self._counts)
        self._workers.setText(self.tr("Starting…"))

    @property
    def jobs_text(self) -> str:
        """The text about jobs."""
        return self._jobs.text()

    @property
    def workers_text(self) -> str:
        """The text about workers."""
        return self._workers.text()

    def show_counts(self, counts: Counter[JobState]) -> None:
        """Show the number of jobs in each state."""
        self._counts = counts
        parts = [self.tr("Paused")] if self.paused else []
        held = self._labels.held(self._held)
        if held and not self.paused and counts[JobState.QUEUED]:
            parts.append(held)
        parts += [
            self.tr("%Ln running", "", counts[JobState.RUNNING]),
            self.tr("%Ln waiting", "", counts[JobState.QUEUED]),
        ]
        if counts[JobState.RETRYING]:
            parts.append(self.tr("%Ln retrying", "", counts[JobState.RETRYING]))
        if counts[JobState.FAILED]:
            parts.append(self.tr("%Ln failed", "", counts[JobState.FAILED]))
        parts.append(self.tr("%Ln completed", "", counts[JobState.COMPLETED]))
        if self._time_left and counts[JobState.RUNNING]:
            parts.append(self._time_left)
        if self._listing:
            parts.append(self.tr("Loading the list…"))
        self._jobs.setText("   ·   ".join(parts))

    def show_time_left(self, left_s: float | None) -> None:
        """Show the time until all jobs are done, in seconds; None if it is not known yet."""
        if left_s is None:
            self._time_left = self.tr("calculating the time left…")
        else:
            self._time_left = self.tr("{time} left").format(time=time_left(left_s))

    def show_paused(self, paused: bool) -> None:
        """Show whether the queue is paused."""
        self.paused = paused
        self.show_counts(self._counts)

    def show_held(self, held: QueueHeld) -> None:
        """Show what keeps waiting jobs from starting."""
        self._held = held
        self.show_counts(self._counts)

    def show_listing(self, listing: bool) -> None:
        """Show whether older jobs are still being loaded."""
        if listing != self._listing:
            self._listing = listing
            self.show_counts(self._counts)

    def show_workers(self, event: WorkersChanged) -> None:
        """Show what the workers do, or their problem."""
        self._problem_icon.setVisible(bool(event.trouble))
        if event.trouble:
            self.show_problem(labels.sentence(event.trouble))
            return
        states = [worker.state for worker in event.workers]
        if not states:
            self._workers.setText(self.tr("No workers"))
        elif all(state is WorkerState.STARTING for state in states):
            self._workers.setText(self.tr("Workers are starting…"))
        else:
            idle = states.count(WorkerState.IDLE)
            text = self.tr("Workers: {idle} of {all} idle").format(idle=idle, all=len(states))
            servers = {worker.host for worker in event.workers if worker.host and worker.job_id is not None}
            if servers:
                text += "   ·   " + self.tr("On the server {name}").format(name=", ".join(sorted(servers)))
            self._workers.setText(text)

    def show_problem(self, sentence: str) -> None:
        """Show why the queue cannot work."""
        self._workers.setText(sentence)
        self._problem_icon.show()
        self._apply_colours()

    def _apply_colours(self) -> None:
        colour = theme.tone("warn", self.palette())
        self._problem_icon.setPixmap(theme.pixmap("warning", 16, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_problem_icon"):
            self._apply_colours()
