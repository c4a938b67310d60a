"""Where windows stood, how wide columns were, and the options chosen last, in `window.ini` in the home."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import QHeaderView, QWidget

from fi_desktop.exporters import EXPORTERS
from fi_desktop.gui import room
from fi_desktop.watch.profiles import Choice, choice_from_json, choice_to_json

# of each window: as it opens before the person chose another size, and how small it may get
_SIZES = {
    "main": ((1120, 700), (760, 420)),
    "job": ((940, 620), (560, 400)),
    "monitor": ((1020, 700), (920, 560)),
}


class Remembered:
    """Window geometry and columns on disk."""

    def __init__(self, home: Path) -> None:
        self._settings = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)

    def restore(
        self, name: str, window: QWidget, header: QHeaderView | None = None, *, over: QWidget | None = None
    ) -> bool:
        """Put a window where it was, or on its default size, in the middle of another one or of the screen.

        Returns: whether its columns are as wide as they should be: kept in another language or size of text,
            they are in their places, but somebody has to measure them again.
        """
        room.resize(window, *_SIZES[name])
        geometry = self._settings.value(f"{name}/geometry")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            room.centre(window, over)  # what opens over the first window has to know where it is
        else:
            room.keep(window)
        columns = self._settings.value(f"{name}/columns")
        # what an older program stored knows nothing of columns that came later: rather as at first
        known = self._settings.value(f"{name}/columns_count", type=int)
        if header is not None and isinstance(columns, QByteArray) and known == header.count():
            return header.restoreState(columns) and self._settings.value(f"{name}/columns_for") == _measure(
                header
            )
        return True

    def restore_choice(self, usual: Choice) -> Choice:
        """Return the options that were chosen last, or the usual ones where these are others by now."""
        try:
            kept = json.loads(str(self._settings.value("options/chosen")))
            chosen, was_usual = choice_from_json(kept["chosen"]), choice_from_json(kept["usual"])
        except (AttributeError, KeyError, TypeError, ValueError):
            return usual
        return chosen if was_usual == usual else usual

    def save_choice(self, usual: Choice, chosen: Choice) -> None:
        """Remember which options are chosen, and which ones are usual now."""
        kept = {"usual": choice_to_json(usual), "chosen": choice_to_json(chosen)}
        self._settings.setValue("options/chosen", json.dumps(kept))

    def format(self) -> str:
        """Return the format of the last export, or the one that most people read."""
        kept = self._settings.value("export/format")
        return kept if kept in EXPORTERS else "txt"

    def keep_format(self, name: str) -> None:
        """Remember in which format something was exported."""
        self._settings.setValue("export/format", name)
        self._settings.sync()

    def number(self, key: str) -> int | None:
        """Return a number that was kept; None: there is none."""
        value = self._settings.value(key)
        return int(value) if isinstance(value, str | int) and str(value).isdecimal() else None

    def keep_number(self, key: str, number: int) -> None:
        """Remember a number."""
        self._settings.setValue(key, number)
        self._settings.sync()

    def save(self, name: str, window: QWidget, header: QHeaderView | None = None) -> None:
        """Remember where a window is."""
        self._settings.setValue(f"{name}/geometry", window.saveGeometry())
        if header is not None:
            self._settings.setValue(f"{name}/columns", header.saveState())
            self._settings.setValue(f"{name}/columns_count", header.count())
            self._settings.setValue(f"{name}/columns_for", _measure(header))
        self._settings.sync()


def _measure(header: QHeaderView) -> str:
    """Return what the widths of columns depend on: the font, and the words."""
    model, across = header.model(), Qt.Orientation.Horizontal
    headings = [str(model.headerData(column, across)) for column in range(header.count())]
    return f"{header.font().key()} {' '.join(headings)}"
