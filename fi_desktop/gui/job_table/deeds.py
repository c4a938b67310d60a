"""What is done with the selected jobs, by whichever key, button or menu it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from fi_desktop.core.job import Priority
from fi_desktop.gui.addresses import url_of
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.exporting.desk import ExportDesk
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.redo import Redo
from fi_desktop.gui.job_table.removal import Removal
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.viewmodel.export_files import Result
from fi_desktop.viewmodel.rows import Row

_A_PIECE = 500  # jobs a command: workers never wait long, however many jobs a person selects
Command = Callable[[list[int]], "Future[None]"]


class JobDeeds(QObject):
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
        self.exports = ExportDesk(bridge, message)
        self.removal = Removal(jobs, message, self._forget, self)
        self.redo = Redo(parent, message, self._retry, self._cancel)

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
            QDesktopServices.openUrl(url_of(Path(row.path).parent))

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
        self._message.say(sentence, "bad")


def results_of(rows: Iterable[Row], folders: JobFolders) -> list[Result]:
    """Return what there is to make files of."""
    return [Result(row.name, partial(folders.transcript, row.id)) for row in rows if row.exportable]
