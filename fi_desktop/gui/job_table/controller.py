"""Carries out operations on the selected jobs, whichever key, button or menu requested them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core.case_labels import CaseLabel, LabelChange
from fi_desktop.core.job import START_NOW, JobState
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.values import Priority
from fi_desktop.exporters.files import Exportable
from fi_desktop.gui import clipboard
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.export_controller import ExportController
from fi_desktop.gui.job_table.label_dialog import UndoableLabels
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.removal_question import RemovalQuestion
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.widgets import message_box, url_from_path
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.run_times import RunTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.stored_acts import ranges
from fi_desktop.viewmodel.rows import Row

_JOBS_PER_COMMAND = 500  # so that workers never wait long, however many jobs are selected
UNDO_MS = 8000

Command = Callable[[list[int]], "Future[None]"]
OnRefused = Callable[[list[int], str], None]
"""Called with the ids a command was refused for, and the reason as a sentence."""


class Start(Enum):
    """When a waiting job is to start."""

    NOW = auto()
    TONIGHT = auto()
    WITH_QUEUE = auto()


class JobController(QObject):
    """Acts on the selected jobs through the service.

    Attributes:
        exports: exports results.
        removal: removes jobs, with undo.
        remove_question: asks first.
        retries: retries jobs, with a question and undo for finished ones.
        labels: changes case and date, with undo.
        times: when the queue starts jobs.

    Signals:
        open_requested: id of the job whose result is to be opened.
        words_requested: ids (list of int) of the jobs whose results are to get words.
    """

    open_requested = Signal(int)
    words_requested = Signal(object)

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        jobs: JobsModel,
        table: JobsTable,
        message: MessageBar,
        times: RunTimes,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._bridge = bridge
        self._table = table
        self._message = message
        self.times = times
        self.exports = ExportController(bridge, message)
        self.removal = UndoableRemoval(jobs, message, self._remove_for_good, self)
        self.remove_question = RemovalQuestion(parent, service, bridge, message, self.removal.remove)
        self.retries = UndoableRetry(parent, message, self._retry, self._cancel)
        self.labels = UndoableLabels(parent, message, self._relabel)

    @Slot()
    def open(self) -> None:
        """Open the first selected job."""
        for row in self._table.selected_rows()[:1]:
            self.open_requested.emit(row.id)

    @Slot()
    def cancel(self) -> None:
        """Cancel the selected jobs."""
        self._cancel([row.id for row in self._table.selected_rows() if row.cancellable])

    @Slot()
    def retry(self) -> None:
        """Retry the selected jobs."""
        self.retries.request([row for row in self._table.selected_rows() if row.retriable])

    @Slot()
    def remove(self) -> None:
        """Remove the selected jobs, after a question if one has a result."""
        self.remove_question.request([row for row in self._table.selected_rows() if row.removable])

    @Slot()
    def hold(self) -> None:
        """Put the selected jobs on legal hold."""
        ids = [row.id for row in self._table.selected_rows() if not row.on_hold]
        self._run_in_parts(self._service.hold, ids, self._on_refused)

    @Slot()
    def release(self) -> None:
        """Release the legal hold of the selected jobs."""
        ids = [row.id for row in self._table.selected_rows() if row.on_hold]
        self._run_in_parts(self._service.release, ids, self._on_refused)

    @Slot(str)
    def export(self, format: str) -> None:
        """Export the results of the selected jobs."""
        self.exports.request(self.selected_results(), format)

    @Slot()
    def copy_note(self) -> None:
        """Copy the results of the selected jobs as a note."""
        self.exports.copy_note(self.selected_results())

    @Slot()
    def print_results(self) -> None:
        """Print the results of the selected jobs."""
        self.exports.print_results(self.selected_results())

    def prioritize(self, priority: Priority) -> None:
        """Change the priority of the selected jobs that wait."""
        ids = [row.id for row in self._table.selected_rows() if row.waits]
        self._run_in_parts(partial(self._service.prioritize, priority=priority), ids, self._on_refused)

    def start(self, start: Start) -> None:
        """Choose when the selected jobs start that wait."""
        match start:
            case Start.NOW:
                start_at: float | None = START_NOW
            case Start.TONIGHT:
                start_at = self.times.tonight(time.time())
            case Start.WITH_QUEUE:
                start_at = None
        ids = [row.id for row in self._table.selected_rows() if row.waits]
        self._run_in_parts(partial(self._service.schedule, start_at=start_at), ids, self._on_refused)

    @Slot()
    def add_words(self) -> None:
        """Add words to the results of the selected jobs that have none."""
        self.words_requested.emit([row.id for row in self._table.selected_rows() if row.lacks_words])

    @Slot()
    def edit_labels(self) -> None:
        """Ask for the case and the date of the selected jobs."""
        self.labels.ask(self._table.selected_rows())

    @Slot()
    def copy_names(self) -> None:
        """Copy the file names of the selected jobs, one per line."""
        rows = self._table.selected_rows()
        copied = {"what": "names", "jobs": ranges(row.id for row in rows)}
        self._bridge.record(Act(ActKind.COPIED, detail=copied))
        clipboard.copy_text("\n".join(row.name for row in rows))

    @Slot()
    def show_folder(self) -> None:
        """Show the folder of the first selected recording."""
        for row in self._table.selected_rows()[:1]:
            QDesktopServices.openUrl(url_from_path(Path(row.path).parent))

    def selected_results(self) -> list[Exportable]:
        """Return the results of the selected jobs."""
        return results_of(self._table.selected_rows(), self._service.folders)

    def settle(self) -> None:
        """Carry out what could still be undone, because the window closes."""
        self.removal.carry_out(at_once=True)

    def _relabel(self, changes: Mapping[int, LabelChange]) -> None:
        def relabel(ids: list[int]) -> Future[None]:
            return self._service.relabel({job_id: changes[job_id] for job_id in ids})

        self._run_in_parts(relabel, changes, self._on_refused)

    def _retry(self, ids: list[int]) -> None:
        self._run_in_parts(self._service.retry, ids, self._on_refused)

    def _cancel(self, ids: list[int]) -> None:
        self._run_in_parts(self._service.cancel, ids, self._on_refused)

    def _remove_for_good(self, ids: list[int], refused: OnRefused, *, at_once: bool) -> None:
        if at_once:
            self._follow(self._service.remove(ids), ids, refused)
        else:
            self._run_in_parts(self._service.remove, ids, refused)

    def _run_in_parts(self, command: Command, ids: Iterable[int], refused: OnRefused) -> None:
        """Run a command for some jobs at a time, each part after the one before."""
        ids = list(ids)
        part, rest = ids[:_JOBS_PER_COMMAND], ids[_JOBS_PER_COMMAND:]
        if part:
            self._follow(command(part), part, refused, lambda: self._run_in_parts(command, rest, refused))

    def _follow(
        self,
        future: Future[None],
        ids: list[int],
        refused: OnRefused,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        def done(_nothing: Any) -> None:
            then()

        def failed(sentence: str) -> None:
            refused(ids, sentence)
            then()

        self._bridge.when_done(future, done, failed)

    def _on_refused(self, _ids: list[int], sentence: str) -> None:
        self._message.error(sentence)


class UndoableRetry(QObject):
    """Retries jobs. More than one finished job needs a confirmation; any can be undone.

    A job keeps its result until the retry completes, so undo cancels the retry.

    Attributes:
        box: the open question, if any.
    """

    def __init__(
        self,
        window: QWidget,
        message: MessageBar,
        retry: Callable[[list[int]], None],
        cancel: Callable[[list[int]], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._message = message
        self._retry = retry
        self._cancel = cancel
        self.box: QMessageBox | None = None

    def request(self, rows: Sequence[Row]) -> None:
        """Retry these jobs, after a question if at least two have a result."""
        finished = [row.id for row in rows if row.exportable]
        others = [row.id for row in rows if not row.exportable]
        if len(finished) < 2:
            self._start(finished, others)
        elif self.box is None:
            self._ask(finished, others)

    def _ask(self, finished: list[int], others: list[int]) -> None:
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Retry"),
            self.tr("Process %Ln finished recording(s) again?", "", len(finished)),
            self.tr("Each keeps its result until the new one is ready. This may take a long time."),
        )
        again = box.addButton(self.tr("Process again"), QMessageBox.ButtonRole.AcceptRole)
        again.clicked.connect(lambda: self._start(finished, others))
        if others:
            only = self.tr("Only the %Ln without a result", "", len(others))
            rest = box.addButton(only, QMessageBox.ButtonRole.AcceptRole)
            rest.clicked.connect(lambda: self._start([], others))
        keep = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(keep)
        box.setDefaultButton(keep)
        box.finished.connect(self._on_finished)
        self.box = box
        box.open()

    def _start(self, finished: list[int], others: list[int]) -> None:
        self._retry([*finished, *others])
        if finished:
            sentence = self.tr("Processing %Ln finished recording(s) again", "", len(finished))
            self._message.info(sentence, MessageAction(self.tr("Undo"), lambda: self._cancel(finished)))

    @Slot()
    def _on_finished(self) -> None:
        if self.box is not None:
            self.box.deleteLater()
        self.box = None


class RemoveForGood(Protocol):
    """Removes jobs from the queue."""

    def __call__(self, ids: list[int], refused: OnRefused, *, at_once: bool) -> None:
        """Remove jobs. `at_once`: all in one command."""
        ...


class UndoableRemoval(QObject):
    """Hides removed jobs at once and removes them from the queue some seconds later.

    Until then nothing is deleted; if the program is killed meanwhile, nothing was removed.

    Signals:
        pending_changed: whether there is something to undo.
    """

    pending_changed = Signal(bool)

    def __init__(
        self, jobs: JobsModel, message: MessageBar, remove_for_good: RemoveForGood, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._message = message
        self._remove_for_good = remove_for_good
        self._pending: list[int] = []
        self._sentence = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.carry_out)

    @property
    def pending(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._pending)

    def remove(self, ids: list[int]) -> None:
        """Hide these jobs and offer to undo it."""
        self.carry_out()
        self._pending = ids
        self._jobs.hide(ids)
        self._sentence = self.tr("%Ln recording(s) removed", "", len(ids))
        self._message.info(self._sentence, MessageAction(self.tr("Undo"), self.undo))
        self._timer.start()
        self.pending_changed.emit(True)

    @Slot()
    def undo(self) -> None:
        """Show the jobs removed last again."""
        self._jobs.restore(self._take_pending())

    @Slot()
    def carry_out(self, *, at_once: bool = False) -> None:
        """Remove the pending jobs from the queue; those that started meanwhile are shown again."""
        ids = self._take_pending()
        running = {job_id for job_id in ids if self._jobs.state_of(job_id) is JobState.RUNNING}
        if running:
            kept = self.tr("%Ln recording(s) started meanwhile and stayed", "", len(running))
            self._restore([*running], kept)
        rest = [job_id for job_id in ids if job_id not in running]
        if rest:
            self._remove_for_good(rest, self._restore, at_once=at_once)

    def _take_pending(self) -> list[int]:
        ids, self._pending = self._pending, []
        self._timer.stop()
        if ids:
            if self._message.text == self._sentence:
                self._message.dismiss()
            self.pending_changed.emit(False)
        return ids

    def _restore(self, ids: list[int], sentence: str) -> None:
        self._jobs.restore(ids)
        self._message.warning(sentence)


def results_of(rows: Iterable[Row], folders: JobFolders) -> list[Exportable]:
    """Return the results among these jobs."""
    return [
        Exportable(row.name, partial(_labelled, folders, row.id, row.label), row.submitted_at, row.id)
        for row in rows
        if row.exportable
    ]


def _labelled(folders: JobFolders, job_id: int, label: CaseLabel) -> ReviewedTranscript:
    return replace(folders.reviewed(job_id), label=label)
