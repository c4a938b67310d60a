"""The status bar: how many jobs run and wait, what the workers do, and what troubles them."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.core.text import time_left
from fi_desktop.gui import errors, theme
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.jobs.queue_events import WorkersChanged, WorkerState


class StatusBar(QStatusBar):
    """Sums up the queue and the workers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(10, 2, 10, 2)
        self._jobs = ElidedLabel("", self)
        self._sign = QLabel(self)
        self._sign.hide()
        self._workers = ElidedLabel("", self)
        for label, name in ((self._jobs, self.tr("Jobs")), (self._workers, self.tr("Workers"))):
            label.setAccessibleName(name)
            label.setFont(theme.tabular(self.font()))
            label.setContentsMargins(4, 4, 4, 4)
        self.addWidget(self._jobs)
        self.addPermanentWidget(self._sign)
        self.addPermanentWidget(self._workers)
        self.paused = False
        self._listing = False
        self._counts: Counter[JobState] = Counter()
        self._left = ""
        self.show_counts(self._counts)
        self._workers.setText(self.tr("Starting…"))

    @property
    def counted(self) -> str:
        """What it says of the jobs."""
        return self._jobs.text()

    @property
    def told_of_workers(self) -> str:
        """What it says of the workers."""
        return self._workers.text()

    def show_counts(self, counts: Counter[JobState]) -> None:
        """Show how many jobs there are in each state."""
        self._counts = counts
        parts = [self.tr("Paused")] if self.paused else []
        parts += [
            self.tr("%Ln running", "", counts[JobState.RUNNING]),
            self.tr("%Ln waiting", "", counts[JobState.QUEUED]),
        ]
        if counts[JobState.RETRYING]:
            parts.append(self.tr("%Ln retrying", "", counts[JobState.RETRYING]))
        if counts[JobState.FAILED]:
            parts.append(self.tr("%Ln failed", "", counts[JobState.FAILED]))
        parts.append(self.tr("%Ln completed", "", counts[JobState.COMPLETED]))
        if self._left and counts[JobState.RUNNING]:
            parts.append(self._left)
        if self._listing:
            parts.append(self.tr("Reading the list…"))
        self._jobs.setText("   ·   ".join(parts))

    def show_left(self, left_s: float | None) -> None:
        """Show how long all that waits and runs will take, seconds; None: that is not known yet."""
        if left_s is None:
            self._left = self.tr("calculating the time left…")
        else:
            self._left = self.tr("{time} left").format(time=time_left(left_s))

    def show_paused(self, paused: bool) -> None:
        """Show whether the queue is paused: else nobody would know why nothing runs."""
        self.paused = paused
        self.show_counts(self._counts)

    def show_listing(self, listing: bool) -> None:
        """Show whether older jobs are still to come, which nobody finds yet."""
        if listing != self._listing:
            self._listing = listing
            self.show_counts(self._counts)

    def show_workers(self, news: WorkersChanged) -> None:
        """Show what the workers do."""
        self._sign.setVisible(bool(news.trouble))
        if news.trouble:
            self.show_trouble(errors.sentence(news.trouble))
            return
        states = [worker.state for worker in news.workers]
        if not states:
            self._workers.setText(self.tr("No workers"))
        elif all(state is WorkerState.STARTING for state in states):
            self._workers.setText(self.tr("Workers are starting…"))
        else:
            idle = states.count(WorkerState.IDLE)
            self._workers.setText(self.tr("Workers: {idle} of {all} idle").format(idle=idle, all=len(states)))

    def show_trouble(self, sentence: str) -> None:
        """Show what keeps the queue from its work."""
        self._workers.setText(sentence)
        self._sign.show()
        self._dress()

    def _dress(self) -> None:
        colour = theme.tone("warn", self.palette())
        self._sign.setPixmap(theme.pixmap("warning", 16, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_sign"):
            self._dress()
