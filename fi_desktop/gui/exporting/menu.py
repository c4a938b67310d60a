"""The formats that a result can be exported in, as a menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from fi_desktop.exporters import EXPORTERS


class FormatWords(QObject):
    """Names of the formats, in the person's language."""

    def title(self, name: str) -> str:
        """Return what a person calls a format."""
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


class ExportMenu(QMenu):
    """Offers the formats.

    Signals:
        chosen: a key of `EXPORTERS`.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(self.tr("E&xport"), parent)
        words = FormatWords(self)
        for name in EXPORTERS:
            action = self.addAction(words.title(name))
            action.triggered.connect(partial(self._choose, name))

    def _choose(self, name: str, _checked: bool = False) -> None:
        self.chosen.emit(name)
