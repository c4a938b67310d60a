"""Recordings that a person chooses: in a file dialog, from the clipboard, or the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from fi_desktop.audio.files import MEDIA_EXTENSIONS
from fi_desktop.audio.samples import sample_recording
from fi_desktop.gui.adding.desk import IntakeDesk
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.file_dialog import FileDialog


class FileChoice(QObject):
    """Asks for recordings, one dialog at a time, and hands in what was chosen."""

    def __init__(
        self, desk: IntakeDesk, bridge: Bridge, refused: Callable[[str], None], window: QWidget
    ) -> None:
        """Prepare. `refused` is told in a sentence what did not work."""
        super().__init__(window)
        self._desk, self._bridge, self._refused, self._window = desk, bridge, refused, window
        self._dialog: QFileDialog | None = None

    @Slot()
    def ask_for_files(self) -> None:
        """Ask for recordings."""
        endings = " ".join(f"*{ending}" for ending in sorted(MEDIA_EXTENSIONS))
        dialog = FileDialog(self._window, self.tr("Add recordings"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [self.tr("Audio and video ({endings})").format(endings=endings), self.tr("All files (*)")]
        )
        self._open(dialog)

    @Slot()
    def ask_for_folder(self) -> None:
        """Ask for a folder of recordings."""
        dialog = FileDialog(self._window, self.tr("Add a folder of recordings"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open(dialog)

    @Slot()
    def paste(self) -> None:
        """Take what was copied elsewhere."""
        # Qt gives none where the clipboard is empty
        self._desk.take(QGuiApplication.clipboard().mimeData() or QMimeData())

    @Slot()
    def take_sample(self) -> None:
        """Take the recording to try the program with."""
        # looking for it reads folders
        self._bridge.work(sample_recording, self._on_sample_found, self._refused)

    def _open(self, dialog: QFileDialog) -> None:
        if self._dialog is not None:
            dialog.deleteLater()
            return
        self._dialog = dialog
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.finished.connect(self._on_finished)
        dialog.open()

    def _on_sample_found(self, sample: Path) -> None:
        self._desk.add([sample])

    @Slot(list)
    def _on_files_selected(self, names: list[str]) -> None:
        self._desk.add(Path(name) for name in names)

    @Slot()
    def _on_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
