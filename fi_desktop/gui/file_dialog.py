"""The dialog for files and folders: it begins where the last one ended, and leaves no names behind."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QT_TRANSLATE_NOOP, QSettings, QStandardPaths, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

# in the user's own settings, out of this program's folder; every Qt program reads and writes them
_NAMES = ("FileDialog/history", "FileDialog/lastVisited")
_LACKING = (QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Folder"),)
"""What Qt's own catalogues lack of its dialog."""


class FileDialog(QFileDialog):
    """Qt's dialog, or the system's where there is one."""

    _last_folder = ""  # while the program runs; on disk it would outlive what was removed

    def __init__(self, window: QWidget, title: str) -> None:
        """Prepare, above `window`."""
        kept = _names()
        super().__init__(window, title)
        self.setDirectory(FileDialog._last_folder or _documents())
        self.setLabelText(QFileDialog.DialogLabel.LookIn, self.tr("&Look in:"))
        self.setLabelText(QFileDialog.DialogLabel.FileType, self.tr("Files of &type:"))
        self.accepted.connect(self._on_accepted)
        self.destroyed.connect(partial(_put_back, kept))

    @Slot()
    def _on_accepted(self) -> None:
        FileDialog._last_folder = self.directory().absolutePath()


def _settings() -> QSettings:
    return QSettings(QSettings.Scope.UserScope, "QtProject")


def _names() -> dict[str, Any]:
    settings = _settings()
    return {key: settings.value(key) for key in _NAMES if settings.contains(key)}


def _put_back(kept: dict[str, Any]) -> None:
    """Have Qt's settings name what they did before: a dialog writes its folders as it is destroyed."""
    settings = _settings()
    for key in _NAMES:
        if key in kept:
            settings.setValue(key, kept[key])
        else:
            settings.remove(key)
    settings.sync()


def _documents() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
