"""Completed jobs are dragged out of the table as files: into a folder, a mail, another program."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, QRectF, Qt, QUrl, Slot
from PySide6.QtGui import QDrag, QPainter, QPalette, QPen, QPixmap

from fi_desktop.core.errors import FiError, error_info
from fi_desktop.core.text import one_line
from fi_desktop.exporters.files import not_written, target_files
from fi_desktop.gui import errors, theme
from fi_desktop.gui.export_controller import export_options
from fi_desktop.gui.job_table.controller import results_of
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.widgets import path_from_url, url_from_path
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.viewmodel.export_files import Exportable, ExportOutcome, write

_MOST = 30  # files at once: they are written while the pointer waits
_ICON, _PAD, _WIDEST = 18, 9, 260  # of what hangs on the pointer, pixels
_QUOTES = ("'", '"')
_OURS = "application/x-fi-desktop-export"


class DragExport(QObject):
    """Writes what is dragged, in the format exported last, and carries it to where it is dropped."""

    def __init__(
        self,
        table: JobsTable,
        folders: JobFolders,
        outbox: DragExportFolder,
        window_state: WindowState,
        message: MessageBar,
    ) -> None:
        """Follow the table.

        Args:
            table: what is dragged out of.
            folders: where the results lie.
            outbox: where the files are put.
            window_state: knows the format.
            message: where it is told what cannot be dragged.
        """
        super().__init__(table)
        self._table = table
        self._folders = folders
        self._outbox = outbox
        self._window_state = window_state
        self._message = message
        table.drag_asked.connect(self._on_drag_asked)

    @Slot()
    def _on_drag_asked(self) -> None:
        results = results_of(self._table.selected_rows(), self._folders)
        if len(results) > _MOST:
            many = self.tr("%Ln file(s) at most can be dragged at once: use Export for more.", "", _MOST)
            self._message.warning(many)
            return
        if not results:
            return
        try:
            outcome = self._write(results)
        except FiError as error:
            self._message.error(errors.sentence(error_info(error)))
            return
        if outcome.refusal is not None:
            self._message.error(errors.sentence(outcome.refusal))
        elif outcome.unreadable:
            lost = self.tr("%Ln result(s) cannot be read, and not dragged.", "", outcome.unreadable)
            self._message.warning(lost)
        if outcome.written and outcome.refusal is None:
            self._drag(outcome)

    def _write(self, results: list[Exportable]) -> ExportOutcome:
        format = self._window_state.format()
        targets = target_files([result.name for result in results], format, self._outbox.folder())
        return write(list(zip(results, targets, strict=True)), format, export_options())

    def _drag(self, outcome: ExportOutcome) -> None:
        files = outcome.written
        title = files[0].name if len(files) == 1 else self.tr("%Ln transcript(s)", "", len(files))
        drag = QDrag(self._table)
        drag.setMimeData(data_of(files))
        drag.setPixmap(self._picture(title))
        drag.setHotSpot(QPoint(-12, -8))
        drag.exec(Qt.DropAction.CopyAction)

    def _picture(self, title: str) -> QPixmap:
        palette, font, metrics = self._table.palette(), self._table.font(), self._table.fontMetrics()
        text = metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, _WIDEST)
        width = _ICON + 3 * _PAD + theme.text_width(font, text)
        height = max(_ICON, metrics.height()) + 2 * _PAD
        ratio = self._table.devicePixelRatioF()
        picture = QPixmap(round(width * ratio), round(height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        painter.setPen(QPen(theme.tone("info", palette), 1.5))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(1, 1, width - 2, height - 2), 7, 7)
        mark = theme.pixmap("export", _ICON, theme.tone("info", palette), ratio)
        painter.drawPixmap(_PAD, (height - _ICON) // 2, mark)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        place = QRectF(_ICON + 2 * _PAD, 0, width, height)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.end()
        return picture


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave.

    Attributes:
        paths: files and folders, absolute, in the order given.
        typed: they were written as text, so that each may be a slip of the pen.
        elsewhere: addresses of what does not lie on this computer, to be shown.
    """

    paths: tuple[Path, ...]
    typed: bool = False
    elsewhere: tuple[str, ...] = ()


def given_paths(data: QMimeData) -> Given:
    """Return the files and folders that were dropped or pasted; none where there is anything else."""
    urls: list[QUrl] = data.urls()
    local = [path_from_url(url) for url in urls]
    paths = tuple(path for path in local if path is not None)
    elsewhere = tuple(_shown(url) for url, path in zip(urls, local, strict=True) if path is None)
    if paths or elsewhere or not data.hasText():
        return Given(paths, elsewhere=elsewhere)
    return Given(paths_in(data.text()), typed=True)


def _shown(url: QUrl) -> str:
    """Return an address without names and passwords in it."""
    return one_line(url.scheme() + "://" + url.host() + url.path())


def paths_in(text: str) -> tuple[Path, ...]:
    """Return the paths that a text consists of, one a line; none where a line of it is anything else."""
    lines = [line.strip() for line in text.splitlines()]
    paths = [_path(line) for line in lines if line]
    found = tuple(path for path in paths if path is not None)
    return found if len(found) == len(paths) else ()


def _path(line: str) -> Path | None:
    if len(line) > 1 and line[0] == line[-1] and line[0] in _QUOTES:
        line = line[1:-1]
    if line.lower().startswith("file:"):
        return path_from_url(QUrl(line))
    path = Path(os.path.expanduser(line))  # noqa: PTH111 - of a "~" without a home pathlib makes an error
    return path if path.is_absolute() and "\0" not in line else None


def missing(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return those that are not there, or cannot be seen; reads folders."""
    return tuple(path for path in paths if not os.path.lexists(path))


class DragExportFolder:
    """The folder, below the data folder, for its owner alone."""

    def __init__(self, home: Path) -> None:
        self._root = home / "outgoing"

    def folder(self) -> Path:
        """Make a new folder, so that no drag takes the names of an earlier one.

        Raises:
            UserError: export.not_written.
        """
        try:
            self._root.mkdir(mode=0o700, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._root))
        except OSError:
            raise not_written() from None

    def empty(self) -> None:
        """Delete all that was dragged out, of a program that was killed too."""
        shutil.rmtree(self._root, ignore_errors=True)


def data_of(files: Iterable[Path]) -> QMimeData:
    """Return files to be dragged, marked as ours."""
    data = QMimeData()
    data.setUrls([url_from_path(file) for file in files])
    data.setData(_OURS, b"1")
    return data


def is_ours(data: QMimeData) -> bool:
    """Whether this was dragged out of our own window: no recording, whatever it is called."""
    return data.hasFormat(_OURS)
