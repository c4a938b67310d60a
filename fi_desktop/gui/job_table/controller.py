"""What is done with the selected jobs, by whichever key, button or menu it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.core.values import Priority
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.export_controller import ExportController
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.widgets import message_box, url_from_path
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.viewmodel.export_files import Exportable
from fi_desktop.viewmodel.rows import Row

_A_PIECE = 500  # jobs a command: workers never wait long, however many jobs a person selects
Command = Callable[[list[int]], "Future[None]"]
GRACE_MS = 8000


class JobController(QObject):
    """Acts on jobs through the service.

    Attributes:
        removal: removes jobs, with a way back.
        redo: does finished jobs again, with a way back.
        exports: makes files of results.
    """

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        jobs: JobsModel,
        table: JobsTable,
        message: MessageBar,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._bridge = bridge
        self._table = table
        self._message = message
        self.exports = ExportController(bridge, message)
        self.removal = UndoableRemoval(jobs, message, self._forget, self)
        self.redo = RetryConfirmation(parent, message, self._retry, self._cancel)

    @Slot()
    def cancel(self) -> None:
        """Cancel the selected jobs."""
        self._cancel([row.id for row in self._table.selected_rows() if row.cancellable])

    @Slot()
    def retry(self) -> None:
        """Do the selected jobs again, or now."""
        self.redo.ask([row for row in self._table.selected_rows() if row.retriable])

    @Slot()
    def remove(self) -> None:
        """Remove the selected jobs, with a way back."""
        ids = [row.id for row in self._table.selected_rows() if row.removable]
        if ids:
            self.removal.remove(ids)

    @Slot(str)
    def export(self, format: str) -> None:
        """Make files of the selected jobs' results, as far as there are any."""
        self.exports.ask(results_of(self._table.selected_rows(), self._service.folders), format)

    def prioritize(self, priority: Priority) -> None:
        """Move those of the selected jobs that wait forward or back."""
        ids = [row.id for row in self._table.selected_rows() if row.waits]
        self._in_pieces(partial(self._service.prioritize, priority=priority), ids, self._on_refused)

    @Slot()
    def copy_names(self) -> None:
        """Copy the file names of the selected jobs, a line each."""
        QGuiApplication.clipboard().setText("\n".join(row.name for row in self._table.selected_rows()))

    @Slot()
    def show_folder(self) -> None:
        """Show the folder of the first selected recording."""
        for row in self._table.selected_rows()[:1]:
            QDesktopServices.openUrl(url_from_path(Path(row.path).parent))

    def settle(self) -> None:
        """Carry out at once what could still be undone: the window closes."""
        self.removal.carry_out(at_once=True)

    def _retry(self, ids: list[int]) -> None:
        self._in_pieces(self._service.retry, ids, self._on_refused)

    def _cancel(self, ids: list[int]) -> None:
        self._in_pieces(self._service.cancel, ids, self._on_refused)

    def _forget(self, ids: list[int], refused: Callable[[list[int], str], None], *, at_once: bool) -> None:
        if at_once:
            self._follow(self._service.remove(ids), ids, refused)
        else:
            self._in_pieces(self._service.remove, ids, refused)

    def _in_pieces(
        self, command: Command, ids: Iterable[int], refused: Callable[[list[int], str], None]
    ) -> None:
        """Give a command some jobs at a time, each piece after the one before."""
        given = list(ids)
        piece, rest = given[:_A_PIECE], given[_A_PIECE:]
        if piece:
            self._follow(command(piece), piece, refused, lambda: self._in_pieces(command, rest, refused))

    def _follow(
        self,
        future: Future[None],
        ids: list[int],
        refused: Callable[[list[int], str], None],
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


def results_of(rows: Iterable[Row], folders: JobFolders) -> list[Exportable]:
    """Return what there is to make files of."""
    return [Exportable(row.name, partial(folders.transcript, row.id)) for row in rows if row.exportable]


class RetryConfirmation(QObject):
    """Does jobs again.

    Attributes:
        box: the question that is open; None: none is.
    """

    def __init__(
        self,
        window: QWidget,
        message: MessageBar,
        retry: Callable[[list[int]], None],
        cancel: Callable[[list[int]], None],
    ) -> None:
        """Prepare.

        Args:
            window: over which the question is asked.
            message: where the way back is offered.
            retry: does jobs (ids) again.
            cancel: cancels them.
        """
        super().__init__(window)
        self._window = window
        self._message = message
        self._retry = retry
        self._cancel = cancel
        self.box: QMessageBox | None = None

    def ask(self, rows: Sequence[Row]) -> None:
        """Do these jobs again; ask first if more than one of them has a result."""
        done = [row.id for row in rows if row.exportable]
        others = [row.id for row in rows if not row.exportable]
        if len(done) < 2:
            self._do(done, others)
        elif self.box is None:
            self._ask(done, others)

    def _ask(self, done: list[int], others: list[int]) -> None:
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Retry"),
            self.tr("Process %Ln finished recording(s) again?", "", len(done)),
            self.tr("Each keeps its result until the new one is ready. It may take a long time."),
        )
        again = box.addButton(self.tr("Process again"), QMessageBox.ButtonRole.AcceptRole)
        again.clicked.connect(lambda: self._do(done, others))
        if others:
            only = self.tr("Only the %Ln without a result", "", len(others))
            rest = box.addButton(only, QMessageBox.ButtonRole.AcceptRole)
            rest.clicked.connect(lambda: self._do([], others))
        keep = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(keep)
        box.setDefaultButton(keep)
        box.finished.connect(self._on_finished)
        self.box = box
        box.open()

    def _do(self, done: list[int], others: list[int]) -> None:
        self._retry([*done, *others])
        if done:
            sentence = self.tr("%Ln finished recording(s) will be processed again", "", len(done))
            self._message.info(sentence, MessageAction(self.tr("Undo"), lambda: self._cancel(done)))

    @Slot()
    def _on_finished(self) -> None:
        if self.box is not None:
            self.box.deleteLater()
        self.box = None


class Remove(Protocol):
    """Has the queue forget jobs."""

    def __call__(self, ids: list[int], refused: Callable[[list[int], str], None], *, at_once: bool) -> None:
        """Tell `refused` which were not forgotten, and why, in a sentence; `at_once`: all in one command."""
        ...


class UndoableRemoval(QObject):
    """Jobs that are about to be removed.

    Signals:
        pending_changed: whether there is something that can be undone.
    """

    pending_changed = Signal(bool)

    def __init__(self, jobs: JobsModel, message: MessageBar, remove: Remove, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._message = message
        self._remove = remove
        self._pending: list[int] = []
        self._sentence = ""
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(GRACE_MS)
        self._grace.timeout.connect(self.carry_out)

    @property
    def pending(self) -> bool:
        """Whether there is something that can be undone."""
        return bool(self._pending)

    def remove(self, ids: list[int]) -> None:
        """Take these jobs away, and offer to bring them back."""
        self.carry_out()
        self._pending = ids
        self._jobs.set_aside(ids)
        self._sentence = self.tr("%Ln job(s) removed", "", len(ids))
        self._message.info(self._sentence, MessageAction(self.tr("Undo"), self.undo))
        self._grace.start()
        self.pending_changed.emit(True)

    @Slot()
    def undo(self) -> None:
        """Bring back what was removed last."""
        ids = self._end()
        self._jobs.put_back(ids)

    @Slot()
    def carry_out(self, *, at_once: bool = False) -> None:
        """Have the queue forget them; those that began to run meanwhile come back."""
        ids = self._end()
        running = [job_id for job_id in ids if self._jobs.state_of(job_id) is JobState.RUNNING]
        if running:
            self._bring_back(running, self.tr("%Ln job(s) began meanwhile and stayed", "", len(running)))
        rest = [job_id for job_id in ids if job_id not in set(running)] if running else ids
        if rest:
            self._remove(rest, self._bring_back, at_once=at_once)

    def _end(self) -> list[int]:
        ids, self._pending = self._pending, []
        self._grace.stop()
        if ids:
            if self._message.text == self._sentence:
                self._message.dismiss()
            self.pending_changed.emit(False)
        return ids

    def _bring_back(self, ids: list[int], sentence: str) -> None:
        self._jobs.put_back(ids)
        self._message.warning(sentence)
