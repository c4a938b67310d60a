"""Writes a result into a file of the person's choice."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePath

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters import EXPORTERS, export
from fi_desktop.ui import icons
from fi_desktop.ui.bridge import Bridge


class ExportButton(QToolButton):
    """Offers the formats, asks where to, and writes off the GUI thread.

    Signals:
        exported: a sentence that says what was written.
        refused: why nothing was written, in a sentence.
    """

    exported = Signal(str)
    refused = Signal(str)

    def __init__(self, transcript: Transcript, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._transcript = transcript
        self._bridge = bridge
        self._dialog: QFileDialog | None = None
        self.setObjectName("bordered")
        self.setText(self.tr("Export"))
        self.setAccessibleName(self.tr("Export"))
        self.setToolTip(self.tr("Save the result as a file"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setIconSize(QSize(18, 18))
        menu = QMenu(self)
        for name in EXPORTERS:
            action = menu.addAction(self._title(name))
            action.triggered.connect(partial(self.ask_where, name))
        self.setMenu(menu)
        self._dress()

    @Slot(str)
    def ask_where(self, name: str, _checked: bool = False) -> None:
        """Ask for the file of an export in this format."""
        if self._dialog is not None:
            return
        stem = PurePath(self._transcript.provenance.source_name).stem
        dialog = QFileDialog(self.window(), self.tr("Export as {format}").format(format=self._title(name)))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(EXPORTERS[name].extension)
        dialog.selectFile(f"{stem}.{EXPORTERS[name].extension}")
        dialog.fileSelected.connect(partial(self._write, name))
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.open()

    def _write(self, name: str, target: str) -> None:
        path = Path(target)
        write = partial(export, self._transcript, name, path)
        self._bridge.work(write, partial(self._on_written, path), self._on_refused)

    def _on_written(self, path: Path, _nothing: None) -> None:
        self.exported.emit(self.tr("Saved as {file}.").format(file=path.name))

    def _on_refused(self, sentence: str) -> None:
        self.refused.emit(sentence)

    def _title(self, name: str) -> str:
        match name:
            case "rttm":
                return self.tr("RTTM (speaker turns)")
            case "json":
                return self.tr("JSON (everything)")
            case "txt":
                return self.tr("Text (to read)")
            case "srt":
                return self.tr("SRT (subtitles)")
            case "vtt":
                return self.tr("WebVTT (subtitles for browsers)")
            case _:
                return EXPORTERS[name].title

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _dress(self) -> None:
        self.setIcon(icons.icon("export", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_transcript"):
            self._dress()
