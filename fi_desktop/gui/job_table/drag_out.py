"""Completed jobs are dragged out of the table as files: into a folder, a mail, another program."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QRectF, Qt, Slot
from PySide6.QtGui import QDrag, QPainter, QPalette, QPen, QPixmap

from fi_desktop.core.errors import FiError, error_info
from fi_desktop.exporters.places import places
from fi_desktop.gui import errors, icons, theme
from fi_desktop.gui.exporting.outbox import Outbox, data_of
from fi_desktop.gui.exporting.style import style
from fi_desktop.gui.job_table.deeds import results_of
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.remembered import Remembered
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.viewmodel.export_files import Outcome, Result, write

_MOST = 30  # files at once: they are written while the pointer waits
_ICON, _PAD, _WIDEST = 18, 9, 260  # of what hangs on the pointer, pixels


class DragOut(QObject):
    """Writes what is dragged, in the format exported last, and carries it to where it is dropped."""

    def __init__(
        self,
        table: JobsTable,
        folders: JobFolders,
        outbox: Outbox,
        remembered: Remembered,
        message: MessageBar,
    ) -> None:
        """Follow the table.

        Args:
            table: what is dragged out of.
            folders: where the results lie.
            outbox: where the files are put.
            remembered: knows the format.
            message: where it is told what cannot be dragged.
        """
        super().__init__(table)
        self._table = table
        self._folders = folders
        self._outbox = outbox
        self._remembered = remembered
        self._message = message
        table.drag_asked.connect(self._on_drag_asked)

    @Slot()
    def _on_drag_asked(self) -> None:
        results = results_of(self._table.selected_rows(), self._folders)
        if len(results) > _MOST:
            many = self.tr("%Ln file(s) at most can be dragged at once: use Export for more.", "", _MOST)
            self._message.say(many, "warn")
            return
        if not results:
            return
        try:
            outcome = self._write(results)
        except FiError as error:
            self._message.say(errors.sentence(error_info(error)), "bad")
            return
        if outcome.refusal is not None:
            self._message.say(errors.sentence(outcome.refusal), "bad")
        elif outcome.unreadable:
            lost = self.tr("%Ln result(s) cannot be read, and not dragged.", "", outcome.unreadable)
            self._message.say(lost, "warn")
        if outcome.written and outcome.refusal is None:
            self._drag(outcome)

    def _write(self, results: list[Result]) -> Outcome:
        format = self._remembered.format()
        targets = places([result.name for result in results], format, self._outbox.folder())
        return write(list(zip(results, targets, strict=True)), format, style())

    def _drag(self, outcome: Outcome) -> None:
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
        mark = icons.pixmap("export", _ICON, theme.tone("info", palette), ratio)
        painter.drawPixmap(_PAD, (height - _ICON) // 2, mark)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        place = QRectF(_ICON + 2 * _PAD, 0, width, height)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.end()
        return picture
