"""A job's own window: its progress while it runs, then its result.

A job that is processed again keeps its earlier result on screen, with the progress above it, until the new
one is ready.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.transcript import Provenance
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.result.job_page import JobPage
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.review_files import StoredResult
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult
from fi_desktop.system import log
from fi_desktop.viewmodel.result import ResultPosition, options_with
from fi_desktop.viewmodel.rows import Row, row_of


class JobWindow(QWidget):
    """Shows one job and follows its progress.

    Attributes:
        job_id: the job.
        page: shown until there is a result.
        result: the result; None until it is read.
        rerun_bar: progress of a job that is processed again, above its earlier result.

    Signals:
        closed: the window was closed; the job's id.
        words_asked: add words to the result; the job's id.
    """

    closed = Signal(int)
    words_asked = Signal(int)

    def __init__(
        self,
        job_id: int,
        service: JobService,
        bridge: Bridge,
        jobs: JobsModel,
        window_state: WindowState,
        over: QWidget | None = None,
    ) -> None:
        """Show a job; `over`: the window to centre over if no geometry is saved."""
        super().__init__(None, Qt.WindowType.Window)
        self.job_id = job_id
        self.result: ResultView | None = None
        self._service = service
        self._bridge = bridge
        self._jobs = jobs
        self._window_state = window_state
        self._shown_run: tuple[JobState, int] | None = None  # state and attempts of the row last shown
        self._reading = self._unreadable = False
        self._position: ResultPosition | None = None  # to restore once the result is read
        self._countdown = QTimer(self)
        self._countdown.setInterval(1000)
        self._countdown.timeout.connect(self._on_tick)
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self._note = QLabel(self.tr("Reading…"), self)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setWordWrap(True)
        self.page = JobPage(jobs.texts.retries, self)
        self.page.retry_asked.connect(self._on_retry_asked)
        self.page.cancel_asked.connect(self._on_cancel_asked)
        self.rerun_bar = MessageBar(self)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._note)
        self._pages.addWidget(self.page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.rerun_bar)
        column.addWidget(self._pages, 1)
        jobs.jobs_changed.connect(self._on_jobs_changed)
        window_state.restore("job", self, over=over)
        self._refresh()

    @property
    def note(self) -> str:
        """The message in place of a page or result."""
        return self._note.text()

    @property
    def position(self) -> ResultPosition:
        """Scroll, zoom and search state of the result."""
        return self.result.position if self.result is not None else self._position or ResultPosition()

    def restore_position(self, position: ResultPosition) -> None:
        """Restore a position, now or once the result is read."""
        self._position = position
        if self.result is not None:
            self.result.restore_position(position)

    def _refresh(self) -> None:
        """Show the job's row, or ask the queue for a job that is not in the model."""
        row = self._jobs.job(self.job_id)
        if row is None:
            self._request_job()
        else:
            self._show(row)

    def _show(self, row: Row) -> None:
        self.setWindowTitle(f"{row.name} – fi-desktop")
        run = (row.state, row.attempts)
        self._show_rerun(row)
        if row.exportable and (row.state is JobState.COMPLETED or not self._unreadable):
            self._countdown.stop()
            new_result = row.state is JobState.COMPLETED and run != self._shown_run
            if new_result or not (self.result or self._reading):
                self._reading, self._unreadable = True, False
                self._bridge.run_task(
                    partial(self._service.folders.result, self.job_id),
                    partial(self._on_read, row.path),
                    self._on_unreadable,
                )
        else:
            self.page.show_row(row, self._jobs.now())
            self._pages.setCurrentWidget(self.page)
            if row.state is JobState.RETRYING:
                self._countdown.start()
            if run != self._shown_run:
                self._request_job()
        self._shown_run = run

    def _show_rerun(self, row: Row) -> None:
        """Show the progress of a job that has an earlier result, if it runs again."""
        labels = self._jobs.texts.labels
        if self.result is not None:
            self.result.other_number.setEnabled(row.state.final)
        if not row.exportable or row.state is JobState.COMPLETED:
            self.rerun_bar.dismiss()
            return
        detail = " ".join(
            filter(None, (f"{labels.state_of(row)}:", labels.error(row.error), labels.kept_result(row)))
        )
        tone = {JobState.FAILED: "bad", JobState.RETRYING: "warn"}.get(row.state, "info")
        action = MessageAction(self.tr("Cancel"), self._on_cancel_asked) if row.cancellable else None
        if detail != self.rerun_bar.text or not self.rerun_bar.isVisibleTo(self):
            self.rerun_bar.show_message(detail, tone, action)

    def _request_job(self) -> None:
        self._bridge.when_done(self._service.job(self.job_id), self._on_job, self._on_refused)

    def _show_note(self, sentence: str) -> None:
        self._note.setText(sentence)
        self._pages.setCurrentWidget(self._note)

    def _on_job(self, job: Job | None) -> None:
        if job is None:
            self._show_note(self.tr("This job no longer exists."))
            return
        self.page.show_attempts(job)
        if self._jobs.job(self.job_id) is None:
            self._show(row_of(job))

    def _on_read(self, path: str, stored: StoredResult) -> None:
        self._reading = False
        if self.result is not None:
            self._position = self.result.position
            self.result.close_player()
            self._pages.removeWidget(self.result)
            self.result.deleteLater()
        session = ReviewSession(self.job_id, stored, self._service, self._bridge)
        self.result = ResultView(session, path, self._bridge, self)
        self.result.exports.exported.connect(self._window_state.save_format)
        self.result.models_asked.connect(self.page.models_asked)
        self.result.words_asked.connect(partial(self.words_asked.emit, self.job_id))
        self.result.again_asked.connect(self._on_retry_asked)
        self.result.number_asked.connect(partial(self._on_number_asked, path, stored.machine.provenance))
        if (row := self._jobs.job(self.job_id)) is not None:
            self._show_rerun(row)
        self._pages.addWidget(self.result)
        self._pages.setCurrentWidget(self.result)
        self.result.lanes.setFocus()
        if self._position is not None:
            self.result.restore_position(self._position)
        # the settings may remove results some time after they were seen
        self._bridge.when_done(self._service.mark_seen([self.job_id]), None, self._on_not_marked)

    @Slot(str)
    def _on_not_marked(self, _sentence: str) -> None:
        log.event("RESULT_NOT_MARKED_SEEN", job=self.job_id)

    @Slot(str)
    def _on_unreadable(self, _sentence: str) -> None:
        self._reading, self._unreadable = False, True
        self._show_note(self.tr("The result cannot be read. Retry the job to create it again."))

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._show_note(sentence)

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        if self.job_id not in ids:
            return
        if self._jobs.job(self.job_id) is None:
            self.close()  # the job was removed
        else:
            self._refresh()

    @Slot()
    def _on_tick(self) -> None:
        row = self._jobs.job(self.job_id)
        if row is not None and row.state is JobState.RETRYING:
            self.page.show_row(row, self._jobs.now())
        else:
            self._countdown.stop()

    @Slot()
    def _on_retry_asked(self) -> None:
        self._bridge.when_done(self._service.retry([self.job_id]), None, self._on_refused)

    def _on_number_asked(self, path: str, made: Provenance, speakers: int) -> None:
        change = self._service.change({self.job_id: Path(path)}, options_with(speakers, made), again=True)
        self._bridge.when_done(change, self._on_changed, self._on_not_changed)

    def _on_changed(self, change: ChangeResult) -> None:
        if sentence := self._jobs.texts.labels.unchanged(change):
            self._on_not_changed(sentence)

    @Slot(str)
    def _on_not_changed(self, sentence: str) -> None:
        if self.result is not None:
            self.result.message.warning(sentence)

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
        """Save the window's geometry."""
        if self.result is not None:
            self.result.close_player()
        self._window_state.save("job", self)
        self.closed.emit(self.job_id)
        super().closeEvent(event)
