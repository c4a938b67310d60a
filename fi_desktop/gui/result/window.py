"""A job's own window: its progress while it runs, then its result; at the left, all results.

A job that is processed again keeps its earlier result on screen, with the progress above it, until the new
one is ready. The window goes on to another result once what was done to this one is on disk.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core.job import Job, JobState
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.result.job_page import JobPage
from fi_desktop.gui.result.results_splitter import ResultsSplitter
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.versions import ResultVersions
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.template_choice import TemplateChoice
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.review_files import StoredResult
from fi_desktop.jobs.service import JobService
from fi_desktop.system import log
from fi_desktop.system.files import RESULT
from fi_desktop.viewmodel.result import ResultPosition
from fi_desktop.viewmodel.rows import Row, row_of

_SLOW_MS = 250  # a result that takes longer to read says so


class JobWindow(QWidget):
    """Shows one job and follows its progress.

    Attributes:
        job_id: the job.
        page: shown until there is a result.
        result: the result; None until it is read.
        rerun_bar: progress of a job that is processed again, above its earlier result.
        versions: switches between the versions of the result.
        results: the list of results; split: shows and hides it.
        templates: says how exported documents look.

    Signals:
        result_asked: show this job's result in this window, or wherever it is open.
        closed: the window was closed; the job's id.
        words_asked: add words to the result; the job's id.
        result_shown: a result was read and is shown.
    """

    result_asked = Signal(int)
    closed = Signal(int)
    words_asked = Signal(int)
    result_shown = Signal()

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
        self.templates: TemplateChoice | None = None
        self._service = service
        self._bridge = bridge
        self._jobs = jobs
        self._window_state = window_state
        self._shown_run: tuple[JobState, int] | None = None  # state and attempts of the row last shown
        self._reading = self._unreadable = False
        self._read_again = False  # what is being read is not what is to be shown any more
        self._next_job: int | None = None  # shown once everything is saved
        self._list_focused = False  # while the next result is read
        self._positions: dict[int, ResultPosition] = {}  # of each job, to restore when its result is read
        self._countdown = QTimer(self)
        self._countdown.setInterval(1000)
        self._countdown.timeout.connect(self._on_tick)
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(self._on_slow)
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self._note = QLabel(self.tr("Reading…"), self)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setWordWrap(True)
        self._note.setAutoFillBackground(True)
        self._note.setBackgroundRole(QPalette.ColorRole.Base)
        self.page = JobPage(jobs.texts.retries, self)
        self.page.retry_asked.connect(self._on_retry_asked)
        self.page.cancel_asked.connect(self._on_cancel_asked)
        self.rerun_bar = MessageBar(self)
        self.versions = ResultVersions(service, bridge, self)
        self.versions.read_asked.connect(self._on_version_asked)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._note)
        self._pages.addWidget(self.page)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.rerun_bar)
        column.addWidget(self.versions.bar)
        column.addWidget(self._pages, 1)
        self.split = ResultsSplitter(jobs, job_id, content, window_state, self)
        self.split.focus_released.connect(self._focus_result)
        self.results = self.split.list
        self.results.chosen.connect(self.go_to)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.split)
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
        if self.result is not None:
            return self.result.position
        return self._positions.get(self.job_id, ResultPosition())

    def restore_position(self, position: ResultPosition) -> None:
        """Restore a position, now or once the result is read."""
        self._positions[self.job_id] = position
        if self.result is not None:
            self.result.restore_position(position)

    @Slot(int)
    def go_to(self, job_id: int) -> None:
        """Ask for another result, once what was done to this one is on disk."""
        self._next_job = None
        if job_id == self.job_id:
            self._focus_result()
            return
        if self.result is not None:
            self.result.commit_text()
            if not self.result.session.all_saved:
                self._next_job = job_id
                self.result.session.save()
                return
        self.result_asked.emit(job_id)

    def show_job(self, job_id: int) -> None:
        """Show another job; nothing of this one may be unsaved."""
        focused = self.focusWidget()
        self._list_focused = focused is not None and self.results.isAncestorOf(focused)
        if self.result is not None:
            self._positions[self.job_id] = self.result.position
            if not self._list_focused:
                self.setFocus()  # otherwise Qt gives it to whatever comes next
        self._drop_result()
        self._countdown.stop()
        self.job_id = job_id
        self._shown_run, self._unreadable = None, False
        self._read_again = self._reading
        self.rerun_bar.dismiss()
        self._show_note("")
        self._slow.start()
        self.results.show_current(job_id)
        self._refresh()

    def _drop_result(self) -> None:
        self.versions.detach()
        if self.result is not None:
            self._leave(self.result)
            self._pages.removeWidget(self.result)
            self.result.hide()
            self.result.deleteLater()
            self.result = None

    def _leave(self, result: ResultView) -> None:
        """Send what was done to the result to the disk, and stop its sound."""
        result.commit_text()
        result.session.send_all()
        result.close_player()

    @Slot()
    def _focus_result(self) -> None:
        if self.result is not None:
            self.result.lanes.setFocus()
        else:
            self.setFocus()

    @Slot()
    def _on_slow(self) -> None:
        if self._reading:
            self._note.setText(self.tr("Reading…"))

    def _refresh(self) -> None:
        """Show the job's row, or ask the queue for a job that is not in the model."""
        row = self._jobs.job(self.job_id)
        if row is None:
            self._request_job()
        else:
            self._show(row)

    def show_name(self) -> None:
        """Show what the job is called now."""
        if (row := self._jobs.job(self.job_id)) is not None:
            self._show_name(row)

    def _show_name(self, row: Row) -> None:
        title = self._jobs.texts.title(row)
        self.setWindowTitle(f"{title} – fi-desktop")
        self.page.show_name(title)
        if self.result is not None:
            self.result.show_label(title, row.label)

    def _show(self, row: Row) -> None:
        self._show_name(row)
        run = (row.state, row.attempts)
        self._show_rerun(row)
        if self.result is not None:
            self.result.show_path(row.path)
        if row.exportable and (row.state is JobState.COMPLETED or not self._unreadable):
            self._countdown.stop()
            new_result = row.state is JobState.COMPLETED and run != self._shown_run
            if new_result or not (self.result or self._reading):
                self._unreadable = False
                self._read(row.path)
        else:
            self.page.show_row(row, self._jobs.now())
            self._pages.setCurrentWidget(self.page)
            if row.state is JobState.RETRYING:
                self._countdown.start()
            if run != self._shown_run:
                self._request_job()
        self._shown_run = run

    def _read(self, path: str, name: str = RESULT, *, asked: bool = False) -> None:
        """Read a version of the result; while one is being read, the current one after that.

        asked: a person wants to see it, whatever is shown now.
        """
        if self._reading:
            self._read_again = True
            return
        self._reading, self._read_again = True, False
        self._bridge.run_task(
            partial(self._service.folders.result, self.job_id, name),
            partial(self._on_read, path, name, asked),
            self._on_unreadable,
        )

    def _end_reading(self) -> bool:
        """Return whether what was read is to be shown; otherwise read what is."""
        self._reading = False
        if not self._read_again:
            return True
        self._read_again, self._shown_run = False, None
        self._refresh()
        return False

    def _show_rerun(self, row: Row) -> None:
        """Show the progress of a job that has an earlier result, if it runs again."""
        labels = self._jobs.texts.labels
        self.versions.path = row.path
        if self.result is not None:
            self.result.allow_again(row.state.final)
        if not row.exportable or row.state is JobState.COMPLETED:
            self.rerun_bar.dismiss()
            return
        detail = " ".join(
            filter(None, (f"{labels.state_of(row)}:", labels.error(row.error), labels.kept_result(row)))
        )
        tone = {JobState.FAILED: "bad", JobState.RETRYING: "warn"}.get(row.state, "info")
        action = MessageAction(self.tr("Cancel"), self._on_cancel_asked) if row.cancellable else None
        if row.state is JobState.FAILED:
            settle = partial(self.versions.use, self.job_id, RESULT)
            action = MessageAction(self.tr("Keep the earlier result"), settle)
        if detail != self.rerun_bar.text or not self.rerun_bar.isVisibleTo(self):
            self.rerun_bar.show_message(detail, tone, action)

    def _request_job(self) -> None:
        told = partial(self._on_job, self.job_id)
        self._bridge.when_done(self._service.job(self.job_id), told, self._on_refused)

    def _show_note(self, sentence: str) -> None:
        self._note.setText(sentence)
        self._pages.setCurrentWidget(self._note)

    def _on_job(self, job_id: int, job: Job | None) -> None:
        if job_id != self.job_id:
            return
        if job is None:
            self._show_note(self.tr("This job no longer exists."))
            return
        self.page.show_attempts(job)
        if self._jobs.job(self.job_id) is None:
            self._show(row_of(job))

    def _on_read(self, path: str, name: str, asked: bool, stored: StoredResult) -> None:
        if not self._end_reading():
            return
        if self.result is not None and self.result.session.version == stored.version:
            self.versions.refresh()
            return
        if self.result is not None and self.result.in_use and not asked:
            self.versions.announce()
            return
        if self.result is not None:
            self._positions[self.job_id] = self.result.position
        self._drop_result()
        version = {} if name == RESULT else {"version": name}
        self._bridge.record(Act(ActKind.OPENED, self.job_id, detail=version))
        session = ReviewSession(self.job_id, stored, self._service, self._bridge, read_only=name != RESULT)
        session.saved.connect(self._on_saved)
        session.not_saved.connect(self._on_not_saved)
        self.result = ResultView(session, path, self._bridge, self)
        if self.templates is not None:
            self.result.follow_templates(self.templates)
        self.result.exports.exported.connect(self._window_state.save_format)
        self.result.models_asked.connect(self.page.models_asked)
        self.result.words_asked.connect(partial(self.words_asked.emit, self.job_id))
        self.result.again_asked.connect(self._on_retry_asked)
        self.versions.attach(self.result, stored)
        if (row := self._jobs.job(self.job_id)) is not None:
            self._show_rerun(row)
            self._show_name(row)
        self._pages.addWidget(self.result)
        self._pages.setCurrentWidget(self.result)
        if not self._list_focused:
            self.result.lanes.setFocus()
        if self.job_id in self._positions:
            self.result.restore_position(self._positions[self.job_id])
        self.result_shown.emit()
        # the settings may remove results some time after they were seen
        self._bridge.when_done(self._service.mark_seen([self.job_id]), None, self._on_not_marked)

    @Slot()
    def _on_saved(self) -> None:
        if self._next_job is not None and self.result is not None and self.result.session.all_saved:
            job_id, self._next_job = self._next_job, None
            self.result_asked.emit(job_id)

    @Slot(str)
    def _on_not_saved(self, _sentence: str) -> None:
        self._next_job = None  # the result says why

    @Slot(str)
    def _on_not_marked(self, _sentence: str) -> None:
        log.event("RESULT_NOT_MARKED_SEEN", job=self.job_id)

    @Slot(str)
    def _on_unreadable(self, _sentence: str) -> None:
        if not self._end_reading():
            return
        self._unreadable = True
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

    @Slot(str)
    def _on_version_asked(self, name: str) -> None:
        row = self._jobs.job(self.job_id)
        if row is not None:
            self._read(row.path, name, asked=True)

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
        """Save the window's geometry, and what was done to the result."""
        removed = self._jobs.job(self.job_id) is None
        if self.result is not None and not removed and not self.result.session.may_close():
            event.ignore()
            return
        if self.result is not None:
            self._leave(self.result)
        self._window_state.save("job", self)
        self.split.save()
        self.closed.emit(self.job_id)
        super().closeEvent(event)
