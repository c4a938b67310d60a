"""The eye in the status line: how many folders are watched, and whether one of them is in trouble."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from fi_desktop.gui import icons, plain, theme
from fi_desktop.gui.adding.folder_words import FolderWords
from fi_desktop.watch.watched import FolderState, Look, WatchedFolder


class WatchSign(QToolButton):
    """Shown while folders are watched; a click opens their list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = FolderWords(self)
        self._trouble = False
        self.setObjectName("small")
        self.setAutoRaise(True)
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.hide()

    def tell(self, looks: Mapping[WatchedFolder, Look | None]) -> None:
        """Show how the folders do."""
        troubled = sum(look.state is not FolderState.WATCHING for look in looks.values() if look)
        self._trouble = troubled > 0
        name = self.tr("%Ln folder(s) watched", "", len(looks))
        lines = [f"{folder.path}: {self._words.state(look)}" for folder, look in looks.items()]
        well = self.tr("{number} of {all}").format(number=len(looks) - troubled, all=len(looks))
        self.setText(well if troubled else str(len(looks)))
        self.setAccessibleName(name)
        self.setAccessibleDescription(". ".join(lines))
        self.setToolTip(plain.tip("\n".join((name, *lines))))
        self.setVisible(bool(looks))
        self._dress()

    def _dress(self) -> None:
        if self._trouble:
            self.setIcon(icons.icon_in("eye", theme.tone("warn", self.palette())))
        else:
            self.setIcon(icons.icon("eye", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_trouble"):
            self._dress()
