"""Exports results: asks where to, writes off the GUI thread, and reports the outcome; or copies them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QDesktopServices, QKeySequence
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu, QMessageBox, QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.places import record_exports
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.text import one_line
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import (
    Exportable,
    ExportOutcome,
    ExportTargets,
    export_all,
    export_targets,
    file_name,
)
from fi_desktop.exporters.note import PastedNote, note_of
from fi_desktop.gui import clipboard, labels
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.print_controller import PrintController
from fi_desktop.gui.template_choice import TemplateChoice, TemplateMenu
from fi_desktop.gui.widgets import FileDialog, message_box, url_from_path

_FILES_PER_STEP = 20  # other file tasks run between two steps


def export_options() -> ExportOptions:
    """Return how files are exported: in the window's language, at local time."""
    zone = datetime.now().astimezone().tzinfo or ExportOptions().zone
    return ExportOptions(labels.export_labels(), zone, labels.sentence)


class ExportMenu(QMenu):
    """One entry per exporter: common ones first, and copying; the others are in a menu below.

    The data of an entry is its key of `EXPORTERS`.

    Signals:
        chosen: a key of `EXPORTERS`.
        note_requested: copy the results instead.
        print_requested: print them.
    """

    chosen = Signal(str)
    note_requested = Signal()
    print_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(self.tr("E&xport"), parent)
        common = [format for format, exporter in EXPORTERS.items() if exporter.common]
        documents = [format for format in common if format != "txt"]
        self._add(self, documents)
        copy = self.addAction(self.tr("&Copy as note"))
        copy.setShortcut("Ctrl+Shift+C")
        copy.triggered.connect(self._copy)
        printing = self.addAction(self.tr("&Print…"))
        printing.setShortcut(QKeySequence.StandardKey.Print)
        printing.triggered.connect(self._print)
        self._add(self, [format for format in common if format not in documents])
        self.addSeparator()
        others = self.addMenu(self.tr("&Other formats"))
        self._add(others, [format for format in EXPORTERS if format not in common])

    def add_templates(self, choice: TemplateChoice) -> None:
        """Let the person choose a template, too."""
        self.addMenu(TemplateMenu(choice, self))

    def _add(self, menu: QMenu, formats: Sequence[str]) -> None:
        for format in formats:
            action = menu.addAction(labels.translated(EXPORTERS[format].title))
            action.setData(format)
            action.triggered.connect(partial(self._choose, format))

    def _copy(self, _checked: bool = False) -> None:
        self.note_requested.emit()

    def _print(self, _checked: bool = False) -> None:
        self.print_requested.emit()

    def _choose(self, format: str, _checked: bool = False) -> None:
        self.chosen.emit(format)


class _Export:
    """An export in progress.

    Attributes:
        options: how the files are written.
        left: results still to be written, with their files.
        error: why the last failed file could not be written.
        progress: the sentence shown while writing.
    """

    def __init__(self, format: str, options: ExportOptions, left: Sequence[tuple[Exportable, Path]]) -> None:
        self.format, self.options, self.left, self.total = format, options, list(left), len(left)
        self.written: list[Path] = []
        self.unreadable = 0
        self.failed: list[Path] = []
        self.error: ErrorInfo | None = None
        self.progress = ""


class ExportController(QObject):
    """Asks for a file, or for a folder if there are several results, and writes there.

    Attributes:
        templates: says how documents look; None: without a template.
        printing: prints them.

    Signals:
        exported: the format in which files were written.
    """

    exported = Signal(str)

    def __init__(self, bridge: Bridge, message: MessageBar) -> None:
        """Prepare. `message`: shows the outcome; dialogs open over its window."""
        super().__init__(message)
        self._bridge = bridge
        self._message = message
        self._dialog: QDialog | None = None
        self.templates: TemplateChoice | None = None
        self.printing = PrintController(bridge, message)

    def request(self, results: Sequence[Exportable], format: str) -> None:
        """Ask where to export these results, unless a dialog is open."""
        if self._dialog is not None or not results:
            return
        if self.templates is None or not self.templates.name:
            self._ask(format, (tuple(results), export_options()))
        else:
            apply = partial(self.templates.apply, tuple(results), export_options())
            self._bridge.run_task(apply, partial(self._ask, format), self._on_refused)

    def _ask(self, format: str, named: tuple[tuple[Exportable, ...], ExportOptions]) -> None:
        """Ask where to export results under these names."""
        results, options = named
        if self._dialog is not None:
            return
        title = self.tr("Export as {format}").format(format=labels.translated(EXPORTERS[format].title))
        dialog = FileDialog(self._message.window(), title)
        if len(results) == 1:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(EXPORTERS[format].extension)
            dialog.selectFile(file_name(results[0].name, format))
            dialog.fileSelected.connect(partial(self._on_file_chosen, results[0], format, options))
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
            dialog.fileSelected.connect(partial(self._on_folder_chosen, results, format, options))
        self._open(dialog)

    def print_results(self, results: Sequence[Exportable]) -> None:
        """Ask where to print these results."""
        self.printing.request(results, export_options(), self.templates)

    def copy_note(self, results: Sequence[Exportable]) -> None:
        """Copy these results as rich text and as plain text."""
        if results:
            choice, options = self.templates, export_options()

            def make_note() -> PastedNote:
                named = (tuple(results), options) if choice is None else choice.apply(results, options)
                return note_of(*named)

            made = partial(self._on_note_made, [result.job for result in results])
            self._bridge.run_task(make_note, made, self._on_refused)

    def _on_note_made(self, jobs: Sequence[int | None], note: PastedNote) -> None:
        sentences = []
        if note.copied:
            self._bridge.record(*(Act(ActKind.COPIED, job, detail={"what": "note"}) for job in jobs))
            data = QMimeData()
            data.setHtml(note.html)
            data.setText(note.text)
            clipboard.copy(data)
            sentences.append(self.tr("%Ln result(s) copied as a note.", "", note.copied))
        if note.unreadable:
            sentences.append(self._unreadable(note.unreadable))
        tone = "info" if not note.unreadable else "warn" if note.copied else "bad"
        self._message.show_message(" ".join(sentences), tone, None)

    def _unreadable(self, count: int) -> str:
        return self.tr("%Ln result(s) cannot be read; retry to make them again.", "", count)

    def _open(self, dialog: QDialog) -> None:
        self._dialog = dialog
        dialog.finished.connect(partial(self._on_finished, dialog))
        dialog.open()

    def _on_finished(self, dialog: QDialog, _result: int) -> None:
        dialog.deleteLater()
        if self._dialog is dialog:
            self._dialog = None

    def _on_file_chosen(self, result: Exportable, format: str, options: ExportOptions, target: str) -> None:
        # the dialog confirmed replacing a file
        self._write(_Export(format, options, [(result, Path(target))]))

    def _on_folder_chosen(
        self, results: tuple[Exportable, ...], format: str, options: ExportOptions, folder: str
    ) -> None:
        find_targets = partial(export_targets, [result.name for result in results], format, Path(folder))
        done = partial(self._on_targets, results, format, options)
        self._bridge.run_task(find_targets, done, self._on_refused)

    def _on_targets(
        self, results: tuple[Exportable, ...], format: str, options: ExportOptions, found: ExportTargets
    ) -> None:
        keeping = _Export(format, options, list(zip(results, found.keeping, strict=True)))
        if not found.existing:
            self._write(keeping)
            return
        sentence = self.tr(
            "%Ln of these files already exist(s) in the folder “{folder}”.", "", found.existing
        )
        box = message_box(
            self._message.window(),
            QMessageBox.Icon.Question,
            self.tr("Export"),
            sentence.format(folder=found.replacing[0].parent.name),
            self.tr("If you keep both, a number is added to the new names."),
        )
        keep = box.addButton(self.tr("Keep both"), QMessageBox.ButtonRole.AcceptRole)
        replace = box.addButton(self.tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.setEscapeButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        box.setDefaultButton(keep)
        replacing = _Export(format, options, list(zip(results, found.replacing, strict=True)))
        keep.clicked.connect(lambda: self._write(keeping))
        replace.clicked.connect(lambda: self._write(replacing))
        self._open(box)

    def _write(self, export: _Export) -> None:
        step = export.left[:_FILES_PER_STEP]
        del export.left[:_FILES_PER_STEP]
        done = partial(self._on_written, export)
        self._bridge.run_task(
            partial(_write_recorded, self._bridge.trail, step, export.format, export.options),
            done,
            self._on_refused,
        )

    def _on_written(self, export: _Export, outcome: ExportOutcome) -> None:
        export.written += outcome.written
        export.unreadable += outcome.unreadable
        export.failed += outcome.failed
        export.error = outcome.error or export.error
        if export.left and not outcome.stopped:
            self._report_progress(export)
            self._write(export)
        else:
            self._report(export)

    def _report_progress(self, export: _Export) -> None:
        if export.progress and not (self._message.isVisible() and self._message.text == export.progress):
            return  # it was dismissed, or another message is shown
        sentence = self.tr("{done} of {total} files written…")
        export.progress = sentence.format(done=len(export.written), total=export.total)
        self._message.info(export.progress, MessageAction(self.tr("Stop"), export.left.clear))

    def _report(self, export: _Export) -> None:
        sentences, files = [], export.written
        if len(files) == 1 and export.total == 1:
            sentences.append(self.tr("Saved as {file}.").format(file=one_line(files[0].name)))
        elif files:
            sentences.append(self.tr("%Ln file(s) written.", "", len(files)))
        if export.unreadable:
            sentences.append(self._unreadable(export.unreadable))
        if export.failed and export.total > 1:
            failed = self.tr("%Ln file(s) not written, such as {file}.", "", len(export.failed))
            sentences.append(failed.format(file=one_line(export.failed[0].name)))
        if export.error is not None:
            sentences.append(labels.sentence(export.error))
        tone = "bad" if export.failed or not files else "warn" if export.unreadable else "info"
        show = partial(self._show_folder, files[0].parent) if files else None
        action = MessageAction(self.tr("Show in folder"), show) if show else None
        self._message.show_message(" ".join(sentences), tone, action)
        if files:
            self.exported.emit(export.format)

    def _show_folder(self, folder: Path) -> None:
        QDesktopServices.openUrl(url_from_path(folder))

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._message.error(sentence)


def _write_recorded(
    trail: AuditTrail | None, step: Sequence[tuple[Exportable, Path]], format: str, options: ExportOptions
) -> ExportOutcome:
    record_exports(trail, [(result.job, target) for result, target in step], format)
    return export_all(step, format, options)
