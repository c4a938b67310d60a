"""Drag and drop: recordings into the window, exported results out of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, QRectF, Qt, QUrl, Slot
from PySide6.QtGui import QDrag, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from fi_desktop.core.errors import FiError, error_info
from fi_desktop.core.text import one_line
from fi_desktop.exporters.files import not_written, target_files
from fi_desktop.gui import errors, theme
from fi_desktop.gui.export_controller import export_options
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.widgets import path_from_url, url_from_path
from fi_desktop.gui.window_state import WindowState
from fi_desktop.viewmodel.export_files import Exportable, ExportOutcome, write

_MOST_FILES = 30  # per drag: they are written while the pointer waits
_ICON, _PADDING, _TEXT_WIDTH = 18, 9, 260  # of the label at the pointer, pixels
_QUOTES = ("'", '"')
_MARK = "application/x-fi-desktop-export"


@dataclass(frozen=True, slots=True)
class DroppedFiles:
    """What was dropped or pasted.

    Attributes:
        paths: absolute paths of files and folders, in order.
        typed: whether the paths came as text, so that they may not exist.
        remote: addresses on other computers, to be shown.
    """

    paths: tuple[Path, ...]
    typed: bool = False
    remote: tuple[str, ...] = ()


def dropped_files(data: QMimeData) -> DroppedFiles:
    """Return the files in dropped or pasted data, without looking for them on disk.

    File managers provide URLs; terminals, editors and Windows' "Copy as path" provide text, which counts only
    if every line of it is a path.
    """
    urls: list[QUrl] = data.urls()
    local = [path_from_url(url) for url in urls]
    paths = tuple(path for path in local if path is not None)
    remote = tuple(_without_user(url) for url, path in zip(urls, local, strict=True) if path is None)
    if paths or remote or not data.hasText():
        return DroppedFiles(paths, remote=remote)
    return DroppedFiles(paths_in(data.text()), typed=True)


def paths_in(text: str) -> tuple[Path, ...]:
    """Return the paths in a text of one path per line; empty if any line is something else."""
    paths = [_path(line) for line in map(str.strip, text.splitlines()) if line]
    found = tuple(path for path in paths if path is not None)
    return found if len(found) == len(paths) else ()


def missing(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the paths that do not exist; reads folders."""
    return tuple(path for path in paths if not os.path.lexists(path))


def _without_user(url: QUrl) -> str:
    """Return an address without user name and password."""
    return one_line(url.scheme() + "://" + url.host() + url.path())


def _path(line: str) -> Path | None:
    if len(line) > 1 and line[0] == line[-1] and line[0] in _QUOTES:
        line = line[1:-1]
    if line.lower().startswith("file:"):
        return path_from_url(QUrl(line))
    path = Path(os.path.expanduser(line))  # noqa: PTH111 pathlib raises if "~" has no home
    return path if path.is_absolute() and "\0" not in line else None


class DragExportFolder:
    """A private folder below the data folder for files that are dragged out of the window.

    They stay until the program ends: the target may read them much later, as when a mail is sent.
    """

    def __init__(self, home: Path) -> None:
        self._root = home / "outgoing"

    def new_folder(self) -> Path:
        """Make a folder for one drag, so that file names never collide with those of an earlier one.

        Raises:
            UserError: export.not_written.
        """
        try:
            self._root.mkdir(mode=0o700, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._root))
        except OSError:
            raise not_written() from None

    def empty(self) -> None:
        """Delete everything, including what a killed program left."""
        shutil.rmtree(self._root, ignore_errors=True)


def export_data(files: Iterable[Path]) -> QMimeData:
    """Return files as drag data that `is_export` recognizes."""
    data = QMimeData()
    data.setUrls([url_from_path(file) for file in files])
    data.setData(_MARK, b"1")
    return data


def is_export(data: QMimeData) -> bool:
    """Return whether this was dragged out of our own window, so that it is no recording to add."""
    return data.hasFormat(_MARK)


class DragExport(QObject):
    """Exports the selected results in the format used last and drags the files to another program."""

    def __init__(
        self,
        source: QWidget,
        results: Callable[[], list[Exportable]],
        folder: DragExportFolder,
        window_state: WindowState,
        message: MessageBar,
    ) -> None:
        """Prepare.

        Args:
            source: the widget that is dragged from.
            results: returns the selected results.
            folder: where the files are written.
            window_state: knows the format used last.
            message: says what cannot be dragged.
        """
        super().__init__(source)
        self._source = source
        self._results = results
        self._folder = folder
        self._window_state = window_state
        self._message = message

    @Slot()
    def start(self) -> None:
        """Write the files and run the drag."""
        results = self._results()
        if len(results) > _MOST_FILES:
            sentence = self.tr("At most %Ln file(s) can be dragged. Use Export for more.", "", _MOST_FILES)
            self._message.warning(sentence)
            return
        if not results:
            return
        try:
            outcome = self._write(results)
        except FiError as error:
            self._message.error(errors.sentence(error_info(error)))
            return
        if outcome.error is not None:
            self._message.error(errors.sentence(outcome.error))
        elif outcome.unreadable:
            unreadable = self.tr("%Ln result(s) left out, because unreadable.", "", outcome.unreadable)
            self._message.warning(unreadable)
        if outcome.written and outcome.error is None:
            self._drag(outcome.written)

    def _write(self, results: list[Exportable]) -> ExportOutcome:
        format = self._window_state.format()
        targets = target_files([result.name for result in results], format, self._folder.new_folder())
        return write(list(zip(results, targets, strict=True)), format, export_options())

    def _drag(self, files: tuple[Path, ...]) -> None:
        title = files[0].name if len(files) == 1 else self.tr("%Ln transcript(s)", "", len(files))
        drag = QDrag(self._source)
        drag.setMimeData(export_data(files))
        drag.setPixmap(self._label(title))
        drag.setHotSpot(QPoint(-12, -8))
        drag.exec(Qt.DropAction.CopyAction)

    def _label(self, title: str) -> QPixmap:
        """Return the picture at the pointer."""
        palette, font, metrics = self._source.palette(), self._source.font(), self._source.fontMetrics()
        text = metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, _TEXT_WIDTH)
        width = _ICON + 3 * _PADDING + theme.text_width(font, text)
        height = max(_ICON, metrics.height()) + 2 * _PADDING
        ratio = self._source.devicePixelRatioF()
        label = QPixmap(round(width * ratio), round(height * ratio))
        label.setDevicePixelRatio(ratio)
        label.fill(Qt.GlobalColor.transparent)
        painter = QPainter(label)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        painter.setPen(QPen(theme.tone("info", palette), 1.5))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(1, 1, width - 2, height - 2), 7, 7)
        icon = theme.pixmap("export", _ICON, theme.tone("info", palette), ratio)
        painter.drawPixmap(_PADDING, (height - _ICON) // 2, icon)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        area = QRectF(_ICON + 2 * _PADDING, 0, width, height)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.end()
        return label
