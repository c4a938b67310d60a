"""A job's own window: under way it shows how far it is, and once it is done who spoke when.

A job that is done again shows the result it has until the new one is read, and above it how that goes.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.result.page import JobPage
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.service import JobService
from fi_desktop.system import log
from fi_desktop.viewmodel.rows import Row, row_of
from fi_desktop.viewmodel.spot import Spot


class JobWindow(QWidget):
    """Shows one job, and follows it.

    Attributes:
        job_id: the job.
        page: shown while there is no result.
        result: the result, once it is read; None before.
        again: what becomes of a job that is done again, above the earlier result.

    Signals:
        closed: the person closed it.
    """

    closed = Signal(int)

    def __init__(
        self,
        job_id: int,
        service: JobService,
        bridge: Bridge,
        jobs: JobsModel,
        window_state: WindowState,
        over: QWidget | None = None,
    ) -> None:
        """Show a job; `over`: the window that it opens over, the first time."""
        super().__init__(None, Qt.WindowType.Window)
        self.job_id = job_id
        self.result: ResultView | None = None
        self._service = service
        self._bridge = bridge
        self._jobs = jobs
        self._window_state = window_state
        self._wanted: tuple[JobState, int] | None = None  # what is shown, or being read
        self._reading = self._unreadable = False
        self._spot: Spot | None = None  # what is to be shown, once it is read
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._on_tick)
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self._note = QLabel(self.tr("Reading…"), self)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setWordWrap(True)
        self.page = JobPage(jobs.cells.retries, self)
        self.page.retry_asked.connect(self._on_retry_asked)
        self.page.cancel_asked.connect(self._on_cancel_asked)
        self.again = MessageBar(self)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._note)
        self._pages.addWidget(self.page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.again)
        column.addWidget(self._pages, 1)
        jobs.jobs_changed.connect(self._on_jobs_changed)
        window_state.restore("job", self, over=over)
        self._look()

    @property
    def note(self) -> str:
        """What it says while it has nothing to show."""
        return self._note.text()

    @property
    def spot(self) -> Spot:
        """Where the person is in its result."""
        return self.result.spot if self.result is not None else self._spot or Spot()

    def go_to(self, spot: Spot) -> None:
        """Show that spot, now or once the result is read."""
        self._spot = spot
        if self.result is not None:
            self.result.go_to(spot)

    def _look(self) -> None:
        """Show the job as the model knows it; ask the queue where it does not know it."""
        row = self._jobs.row_by_id(self.job_id)
        if row is None:
            self._ask()
        else:
            self._show(row)

    def _show(self, row: Row) -> None:
        self.setWindowTitle(f"{row.name} – fi-desktop")
        wanted = (row.state, row.attempts)
        self._show_again(row)
        if row.exportable and (row.state is JobState.COMPLETED or not self._unreadable):
            self._tick.stop()
            other = row.state is JobState.COMPLETED and wanted != self._wanted
            if other or not (self.result or self._reading):
                self._reading, self._unreadable = True, False
                self._bridge.run_task(
                    partial(self._service.folders.transcript, self.job_id),
                    partial(self._on_read, row.path),
                    self._on_unreadable,
                )
        else:
            self.page.show_row(row, self._jobs.now())
            self._pages.setCurrentWidget(self.page)
            if row.state is JobState.RETRYING:
                self._tick.start()
            if wanted != self._wanted:
                self._ask()
        self._wanted = wanted

    def _show_again(self, row: Row) -> None:
        """Say how a job that is done again gets on, if it is."""
        words = self._jobs.cells.words
        if not row.exportable or row.state is JobState.COMPLETED:
            self.again.dismiss()
            return
        said = " ".join(filter(None, (f"{words.state_of(row)}:", words.error(row.error), words.kept(row))))
        tone = {JobState.FAILED: "bad", JobState.RETRYING: "warn"}.get(row.state, "info")
        offer = MessageAction(self.tr("Cancel"), self._on_cancel_asked) if row.cancellable else None
        if said != self.again.text or not self.again.isVisibleTo(self):
            self.again.show_message(said, tone, offer)

    def _ask(self) -> None:
        self._bridge.when_done(self._service.job(self.job_id), self._on_job, self._on_refused)

    def _say(self, sentence: str) -> None:
        self._note.setText(sentence)
        self._pages.setCurrentWidget(self._note)

    def _on_job(self, job: Job | None) -> None:
        if job is None:
            self._say(self.tr("This job is not there any more."))
            return
        self.page.show_attempts(job)
        if self._jobs.row_by_id(self.job_id) is None:
            self._show(row_of(job))

    def _on_read(self, path: str, transcript: Transcript) -> None:
        self._reading = False
        if self.result is not None:
            self._spot = self.result.spot
            self._pages.removeWidget(self.result)
            self.result.deleteLater()
        self.result = ResultView(transcript, path, self._bridge, self)
        self.result.exports.exported.connect(self._window_state.keep_format)
        self.result.models_asked.connect(self.page.models_asked)
        self.result.again_asked.connect(self._on_retry_asked)
        self._pages.addWidget(self.result)
        self._pages.setCurrentWidget(self.result)
        self.result.lanes.setFocus()
        if self._spot is not None:
            self.result.go_to(self._spot)
        # a result that was looked at may be forgotten in time, if the settings say so
        self._bridge.when_done(self._service.mark_seen([self.job_id]), None, self._on_not_marked)

    @Slot(str)
    def _on_not_marked(self, _sentence: str) -> None:
        log.event("RESULT_NOT_MARKED_SEEN", job=self.job_id)  # what the person sees is right all the same

    @Slot(str)
    def _on_unreadable(self, _sentence: str) -> None:
        self._reading, self._unreadable = False, True
        self._say(self.tr("The result cannot be read. Retry the job to make it again."))

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._say(sentence)

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        if self.job_id not in ids:
            return
        if self._jobs.row_by_id(self.job_id) is None:
            self.close()  # it was removed
        else:
            self._look()

    @Slot()
    def _on_tick(self) -> None:
        row = self._jobs.row_by_id(self.job_id)
        if row is not None and row.state is JobState.RETRYING:
            self.page.show_row(row, self._jobs.now())
        else:
            self._tick.stop()

    @Slot()
    def _on_retry_asked(self) -> None:
        self._bridge.when_done(self._service.retry([self.job_id]), None, self._on_refused)

    @Slot()
    def _on_cancel_asked(self) -> None:
        self._bridge.when_done(self._service.cancel([self.job_id]), None, self._on_refused)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember where it stood."""
        self._window_state.save("job", self)
        self.closed.emit(self.job_id)
        super().closeEvent(event)
