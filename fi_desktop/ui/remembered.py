"""Where windows stood and how wide columns were, in `window.ini` below the app's home."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QHeaderView, QWidget

_SIZES = {"main": (1120, 700), "job": (940, 620)}  # before the person chose another


class Remembered:
    """Window geometry and columns on disk."""

    def __init__(self, home: Path) -> None:
        self._settings = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)

    def restore(self, name: str, window: QWidget, header: QHeaderView | None = None) -> None:
        """Put a window where it was, or on its default size."""
        geometry = self._settings.value(f"{name}/geometry")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            window.resize(*_SIZES[name])
        columns = self._settings.value(f"{name}/columns")
        if header is not None and isinstance(columns, QByteArray):
            header.restoreState(columns)

    def save(self, name: str, window: QWidget, header: QHeaderView | None = None) -> None:
        """Remember where a window is."""
        self._settings.setValue(f"{name}/geometry", window.saveGeometry())
        if header is not None:
            self._settings.setValue(f"{name}/columns", header.saveState())
        self._settings.sync()
