"""Where results become files: the person says where to, they are written, and what became of it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu, QMessageBox, QWidget

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.text import one_line
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import LABELS, ExportOptions, Labels
from fi_desktop.exporters.files import file_name
from fi_desktop.gui import errors
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.language import current_language
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.widgets import FileDialog, message_box, url_from_path
from fi_desktop.viewmodel.export_files import Exportable, ExportOutcome, ExportTargets, plan, write

_A_PIECE = 20  # files at once: what else waits for the disk has its turn in between


class _Writing:
    """Exports under way: what is left to write, what is written, and whether the person stopped it."""

    def __init__(self, format: str, left: Sequence[tuple[Exportable, Path]]) -> None:
        self.format, self.left, self.total = format, list(left), len(left)
        self.written: list[Path] = []
        self.unreadable = 0
        self.failed: list[Path] = []
        self.refusal: ErrorInfo | None = None  # why the last of these could not be written
        self.said = ""


class ExportController(QObject):
    """Asks for a file, or where there are several for a folder, and writes off the GUI thread.

    Signals:
        exported: the format in which something was written.
    """

    exported = Signal(str)

    def __init__(self, bridge: Bridge, message: MessageBar) -> None:
        """Prepare; `message` is where it is told what became of it, in the window that asks."""
        super().__init__(message)
        self._bridge = bridge
        self._message = message
        self._dialog: QDialog | None = None

    def ask(self, results: Sequence[Exportable], format: str) -> None:
        """Ask where the results go in this format; one question at a time."""
        if self._dialog is not None or not results:
            return
        title = self.tr("Export as {format}").format(format=errors.translated(EXPORTERS[format].title))
        dialog = FileDialog(self._message.window(), title)
        if len(results) == 1:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(EXPORTERS[format].extension)
            dialog.selectFile(file_name(results[0].name, format))
            dialog.fileSelected.connect(partial(self._on_file_chosen, results[0], format))
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
            dialog.fileSelected.connect(partial(self._on_folder_chosen, tuple(results), format))
        self._show(dialog)

    def _show(self, dialog: QDialog) -> None:
        self._dialog = dialog
        dialog.finished.connect(partial(self._on_finished, dialog))
        dialog.open()

    def _on_finished(self, dialog: QDialog, _outcome: int) -> None:
        dialog.deleteLater()
        if self._dialog is dialog:
            self._dialog = None

    def _on_file_chosen(self, result: Exportable, format: str, target: str) -> None:
        self._go_on(_Writing(format, [(result, Path(target))]))  # the dialog asked whether to replace it

    def _on_folder_chosen(self, results: tuple[Exportable, ...], format: str, folder: str) -> None:
        look = partial(plan, [result.name for result in results], format, Path(folder))
        self._bridge.run_task(look, partial(self._on_planned, results, format), self._on_refused)

    def _on_planned(self, results: tuple[Exportable, ...], format: str, found: ExportTargets) -> None:
        beside = _Writing(format, list(zip(results, found.beside, strict=True)))
        if not found.present:
            self._go_on(beside)
            return
        there = self.tr("%Ln file(s) of these names in the folder “{folder}” already.", "", found.present)
        box = message_box(
            self._message.window(),
            QMessageBox.Icon.Question,
            self.tr("Export"),
            there.format(folder=found.over[0].parent.name),
            self.tr("If both are kept, the new ones get a number."),
        )
        keep = box.addButton(self.tr("Keep both"), QMessageBox.ButtonRole.AcceptRole)
        replace = box.addButton(self.tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.setEscapeButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        box.setDefaultButton(keep)
        over = _Writing(format, list(zip(results, found.over, strict=True)))
        keep.clicked.connect(partial(self._on_answered, beside))
        replace.clicked.connect(partial(self._on_answered, over))
        self._show(box)

    def _on_answered(self, writing: _Writing, _checked: bool = False) -> None:
        self._go_on(writing)

    def _go_on(self, writing: _Writing) -> None:
        piece = writing.left[:_A_PIECE]
        del writing.left[:_A_PIECE]
        done = partial(self._on_written, writing)
        self._bridge.run_task(partial(write, piece, writing.format, export_options()), done, self._on_refused)

    def _on_written(self, writing: _Writing, outcome: ExportOutcome) -> None:
        writing.written += outcome.written
        writing.unreadable += outcome.unreadable
        writing.failed += outcome.failed
        writing.refusal = outcome.refusal or writing.refusal
        if writing.left and not outcome.stopped:
            self._tell_progress(writing)
            self._go_on(writing)
        else:
            self._tell(writing)

    def _tell_progress(self, writing: _Writing) -> None:
        if writing.said and not (self._message.isVisible() and self._message.text == writing.said):
            return  # it was put away, or something else is told
        written = self.tr("{done} of {total} files written…")
        writing.said = written.format(done=len(writing.written), total=writing.total)
        self._message.info(writing.said, MessageAction(self.tr("Stop"), writing.left.clear))

    def _tell(self, writing: _Writing) -> None:
        sentences, files = [], writing.written
        if len(files) == 1 and writing.total == 1:
            sentences.append(self.tr("Saved as {file}.").format(file=one_line(files[0].name)))
        elif files:
            sentences.append(self.tr("%Ln file(s) written.", "", len(files)))
        if writing.unreadable:
            lost = self.tr(
                "%Ln result(s) cannot be read: retry the job to make it again.", "", writing.unreadable
            )
            sentences.append(lost)
        if writing.failed and writing.total > 1:
            failed = self.tr("%Ln file(s) not written, such as {file}.", "", len(writing.failed))
            sentences.append(failed.format(file=one_line(writing.failed[0].name)))
        if writing.refusal is not None:
            sentences.append(errors.sentence(writing.refusal))
        tone = "bad" if writing.failed or not files else "warn" if writing.unreadable else "info"
        offer = (
            MessageAction(self.tr("Show in folder"), partial(self._open, files[0].parent)) if files else None
        )
        self._message.show_message(" ".join(sentences), tone, offer)
        if files:
            self.exported.emit(writing.format)

    def _open(self, folder: Path) -> None:
        QDesktopServices.openUrl(url_from_path(folder))

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._message.error(sentence)


class ExportMenu(QMenu):
    """Offers the formats.

    Signals:
        chosen: a key of `EXPORTERS`.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(self.tr("E&xport"), parent)
        for name, exporter in EXPORTERS.items():
            action = self.addAction(errors.translated(exporter.title))
            action.triggered.connect(partial(self._choose, name))

    def _choose(self, name: str, _checked: bool = False) -> None:
        self.chosen.emit(name)


def labels() -> Labels:
    """Return the words of exports in the window's language."""
    return LABELS[current_language()]


def export_options() -> ExportOptions:
    """Return how exports are written: in the window's language, at the local time."""
    zone = datetime.now().astimezone().tzinfo or ExportOptions().zone
    return ExportOptions(labels(), zone, errors.sentence)
