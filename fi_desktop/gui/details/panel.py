"""The details panel: the selected job, totals of several, or a hint.

It follows the queue's events and reloads the job when it changes. Files are read off the GUI thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QFont, QPalette, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.text import clock
from fi_desktop.core.values import JobOptions
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.details.attempt_card import set_text, text_label
from fi_desktop.gui.details.job_view import JobView
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.labels import UiLabels
from fi_desktop.jobs.queue_events import JobChanged, QueueEvent
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult
from fi_desktop.settings import Settings
from fi_desktop.viewmodel.job_facts import JobFacts, read_facts
from fi_desktop.viewmodel.rows import Row

_LOAD_DELAY_MS = 80  # so that moving through rows quickly does not load each job
_AGO_MS = 20_000
_LEAST_WIDTH_PX = 200


class DetailsPanel(QStackedWidget):
    """Shows the selection.

    Attributes:
        job: the page of one job.
        several: the page of several jobs.
        hint: the page without a selection.
    """

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        jobs: JobsModel,
        settings: Settings,
        refused: Callable[[str], None],
        parent: QWidget | None = None,
    ) -> None:
        """Prepare. `refused`: shows a sentence about what failed."""
        super().__init__(parent)
        self._service, self._bridge, self._jobs = service, bridge, jobs
        self._logs, self._models, self._refused = settings.logs, settings.model_roots, refused
        self._rows: tuple[Row, ...] = ()
        self._loaded: int | None = None  # id of the job that was loaded last
        self._events: tuple[JobEvent, ...] = ()
        self.setAccessibleName(self.tr("Details"))
        self.setMinimumWidth(_LEAST_WIDTH_PX)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.job = JobView(self)
        self.job.again_requested.connect(self._on_again_requested)
        self.several = SelectionView(self)
        self.hint = QLabel(self.tr("Select a recording to see its details."), self)
        self.hint.setObjectName("quiet")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setMargin(24)
        for page in (self.hint, self.several, self.job):
            self.addWidget(page)
        self._load_timer = QTimer(self)
        self._load_timer.setSingleShot(True)
        self._load_timer.setInterval(_LOAD_DELAY_MS)
        self._load_timer.timeout.connect(self._load)
        self._ago = QTimer(self)
        self._ago.setInterval(_AGO_MS)
        self._ago.timeout.connect(self._on_ago)
        jobs.jobs_changed.connect(self._on_jobs_changed)
        bridge.events_arrived.connect(self._on_events_arrived)
        bridge.unlocked.connect(self._load)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show the selected jobs."""
        self._rows = tuple(rows)
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        if not self._rows:
            self.setCurrentWidget(self.hint)
        elif len(self._rows) > 1:
            self.several.show_rows(self._rows)
            self.setCurrentWidget(self.several)
        else:
            (row,) = self._rows
            self.job.show_row(row, self._jobs.now(), self._jobs.texts.title(row))
            self.setCurrentWidget(self.job)
            if self._loaded != row.id:
                self._load_timer.start()

    @Slot()
    def _load(self) -> None:
        if len(self._rows) != 1:
            return
        (row,) = self._rows
        self._loaded = job_id = row.id
        self._bridge.when_done(self._service.events(job_id), partial(self._on_events, job_id), self._refused)
        self._bridge.when_done(self._service.job(job_id), partial(self._on_job, job_id), self._refused)
        read = partial(read_facts, job_id, Path(row.path), self._service.folders, self._logs, self._models)
        self._bridge.run_task(read, partial(self._on_facts, job_id), self._refused)

    def _on_events(self, job_id: int, events: list[JobEvent]) -> None:
        if self._is_shown(job_id):
            self._events = tuple(events)

    def _on_job(self, job_id: int, job: Job | None) -> None:
        if job is not None and self._is_shown(job_id):
            self.job.show_job(job, self._events, self._jobs.now())

    def _on_facts(self, job_id: int, facts: JobFacts) -> None:
        if self._is_shown(job_id):
            self.job.show_facts(facts)

    @Slot(object)
    def _on_again_requested(self, options: JobOptions) -> None:
        (row,) = self._rows
        change = self._service.change({row.id: Path(row.path)}, options, again=True)
        self._bridge.when_done(change, self._on_changed, self._refused)

    def _on_changed(self, change: ChangeResult) -> None:
        if sentence := UiLabels(self).unchanged(change):
            self._refused(sentence)

    def _is_shown(self, job_id: int) -> bool:
        return len(self._rows) == 1 and self._rows[0].id == job_id

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        if any(row.id in ids for row in self._rows):
            latest = (self._jobs.job(row.id) for row in self._rows)
            self.show_rows([row for row in latest if row is not None])

    @Slot(object)
    def _on_events_arrived(self, events: tuple[QueueEvent, ...]) -> None:
        if self.isVisible() and any(
            isinstance(event, JobChanged) and self._is_shown(event.job.id) for event in events
        ):
            self._load_timer.start()

    @Slot()
    def _on_ago(self) -> None:
        if not self.isVisible():
            self._ago.stop()
        elif len(self._rows) == 1:
            (row,) = self._rows
            self.job.show_row(row, self._jobs.now(), self._jobs.texts.title(row))

    def showEvent(self, event: QShowEvent) -> None:
        """Show the current selection."""
        super().showEvent(event)
        self._loaded = None  # the job may have changed while the panel was hidden
        self._ago.start()
        self._show()


class SelectionView(QWidget):
    """Totals of several jobs: number, states, length."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self.heading, self.states, self.length = (text_label(self) for _ in range(3))
        self.heading.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self.length.setObjectName("quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 14)
        column.setSpacing(8)
        for label in (self.heading, self.states, self.length):
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            column.addWidget(label)
        column.addStretch()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show the totals of these jobs."""
        counts = Counter(row.state for row in rows)
        set_text(self.heading, self.tr("%Ln recording(s)", "", len(rows)))
        lines = [f"{self._labels.state(state)}: {counts[state]}" for state in JobState if counts[state]]
        set_text(self.states, "\n".join(lines))
        total_s = sum(row.duration_s or 0.0 for row in rows)
        total = self.tr("{length} of audio").format(length=clock(total_s)) if total_s else ""
        set_text(self.length, total)
