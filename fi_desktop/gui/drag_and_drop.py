"""Drag and drop: recordings into the window, exported results out of it, and where to drop them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRectF, QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDrag, QFont, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from fi_desktop.audit.places import record_exports
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core.errors import FiError, error_info
from fi_desktop.core.text import one_line
from fi_desktop.exporters.files import Exportable, ExportOutcome, export_all, not_written, target_files
from fi_desktop.gui import labels, theme
from fi_desktop.gui.export_controller import export_options
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.template_choice import TemplateChoice
from fi_desktop.gui.widgets import path_from_url, url_from_path
from fi_desktop.gui.window_state import WindowState

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
        templates: TemplateChoice,
        trail: AuditTrail | None = None,
    ) -> None:
        """Prepare.

        Args:
            source: the widget that is dragged from.
            results: returns the selected results.
            folder: where the files are written.
            window_state: knows the format used last.
            message: says what cannot be dragged.
            templates: says how documents look.
            trail: records what is dragged.
        """
        super().__init__(source)
        self._templates = templates
        self._source = source
        self._results = results
        self._folder = folder
        self._window_state = window_state
        self._message = message
        self._trail = trail

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
            self._message.error(labels.sentence(error_info(error)))
            return
        if outcome.error is not None:
            self._message.error(labels.sentence(outcome.error))
        elif outcome.unreadable:
            unreadable = self.tr("%Ln result(s) left out, because unreadable.", "", outcome.unreadable)
            self._message.warning(unreadable)
        if outcome.written and outcome.error is None:
            self._drag(outcome.written)

    def _write(self, results: list[Exportable]) -> ExportOutcome:
        format = self._window_state.format()
        named, options = self._templates.apply(results, export_options())
        targets = target_files([result.name for result in named], format, self._folder.new_folder())
        files = list(zip(named, targets, strict=True))
        record_exports(self._trail, [(result.job, target) for result, target in files], format, dragged=True)
        return export_all(files, format, options)

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


_ICON_PX = 72


class EmptyState(QWidget):
    """Shown while there are no jobs: an invitation to drop recordings.

    Signals:
        add_requested: choose files.
        sample_requested: try the sample.
    """

    add_requested = Signal()
    sample_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._icon = QLabel(self)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title = QLabel(self.tr("Drop recordings here"), self)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title.setFont(theme.scaled(self.font(), 1.75, QFont.Weight.DemiBold))
        hint = QLabel(
            self.tr(
                "Files or folders with audio or video. You will see who spoke when.\n"
                "Everything stays on this computer."
            ),
            self,
        )
        hint.setObjectName("quiet")
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        hint.setFont(theme.scaled(self.font(), 1.05))
        self.add = QPushButton(self.tr("Choose recordings…"), self)
        self.add.setObjectName("primary")
        self.add.clicked.connect(self.add_requested)
        self.sample = QPushButton(self.tr("Try a sample"), self)
        self.sample.setObjectName("plain")
        self.sample.setToolTip(self.tr("A short conversation between two people, included with the program"))
        self.sample.clicked.connect(self.sample_requested)
        for button in (self.add, self.sample):
            button.setAccessibleName(button.text())
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            button.setAutoDefault(True)
        self.setFocusProxy(self.add)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        buttons.addWidget(self.add)
        buttons.addWidget(self.sample)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(48, 48, 48, 48)
        column.addStretch(4)
        column.addWidget(self._icon)
        column.addSpacing(18)
        column.addWidget(self._title)
        column.addSpacing(8)
        column.addWidget(hint)
        column.addSpacing(24)
        column.addLayout(buttons)
        column.addStretch(5)
        self._update_icon()

    def _update_icon(self) -> None:
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(theme.app_icon().pixmap(QSize(_ICON_PX, _ICON_PX), ratio))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the screen's resolution."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._update_icon()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a dashed frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base, text = (
            self.palette().color(QPalette.ColorRole.Base),
            self.palette().color(QPalette.ColorRole.Text),
        )
        painter.fillRect(self.rect(), base)
        pen = QPen(theme.mix(base, text, 0.28), 1.5)
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([5, 5])
        painter.setPen(pen)
        painter.setBrush(theme.mix(base, theme.tone("info", self.palette()), 0.025))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(22, 22, -22, -22), 14, 14)


class DropOverlay(QWidget):
    """Covers its parent during a drag, and shows that a drop adds the files; ignores the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.setObjectName("overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("Drop to add"))
        parent.installEventFilter(self)
        self.hide()

    def cover_parent(self) -> None:
        """Show the overlay above the parent."""
        self.setGeometry(self._parent.rect())
        self.raise_()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the parent's size."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._parent.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Hide the content below, and show what a drop does."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = theme.tone("info", self.palette())
        background = theme.mix(self.palette().color(QPalette.ColorRole.Base), accent, 0.10)
        painter.fillRect(self.rect(), background)
        pen = QPen(accent, 2.5)
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(14, 14, -14, -14), 14, 14)
        center = self.rect().center()
        icon = theme.pixmap("add", 56, accent, self.devicePixelRatioF())
        painter.drawPixmap(center.x() - 28, center.y() - 64, icon)
        painter.setFont(theme.scaled(self.font(), 1.75, QFont.Weight.DemiBold))
        painter.drawText(self.rect().translated(0, 22), Qt.AlignmentFlag.AlignCenter, self.tr("Drop to add"))
