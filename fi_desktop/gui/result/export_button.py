"""The button that makes a file of a result."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtWidgets import QToolButton, QWidget

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.export_controller import ExportController, ExportMenu
from fi_desktop.viewmodel.export_files import Exportable


class ExportButton(QToolButton):
    """Offers the formats."""

    def __init__(self, transcript: Transcript, desk: ExportController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result = Exportable(transcript.provenance.source_name, lambda: transcript)
        self._desk = desk
        self.setObjectName("bordered")
        self.setText(self.tr("Export"))
        self.setAccessibleName(self.tr("Export"))
        self.setToolTip(self.tr("Save the result as a file"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setIconSize(QSize(18, 18))
        menu = ExportMenu(self)
        menu.chosen.connect(self._on_chosen)
        self.setMenu(menu)
        self._dress()

    @Slot(str)
    def _on_chosen(self, format: str) -> None:
        self._desk.ask([self._result], format)

    def _dress(self) -> None:
        self.setIcon(theme.icon("export", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_desk"):
            self._dress()
