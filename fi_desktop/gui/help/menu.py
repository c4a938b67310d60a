"""The help menu; its dialogs are made when they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from fi_desktop.gui.bridge import Bridge

if TYPE_CHECKING:
    from fi_desktop.gui.help.about import AboutDialog
    from fi_desktop.gui.help.shortcuts import ShortcutSheet


class HelpMenu(QMenu):
    """Offers the welcome, the keys and what the program is.

    Attributes:
        welcome, keys, about: its actions.
        sheet: the keys, once they were asked for.
        about_dialog: what the program is, once that was asked for.
    """

    def __init__(self, window: QMainWindow, bridge: Bridge, model_roots: tuple[Path, ...]) -> None:
        super().__init__(window)
        self._window, self._bridge, self._roots = window, bridge, model_roots
        self.sheet: ShortcutSheet | None = None
        self.about_dialog: AboutDialog | None = None
        self.setTitle(self.tr("&Help"))
        self.welcome = self.addAction(self.tr("&Welcome"))
        self.keys = self.addAction(self.tr("&Keyboard shortcuts"))
        self.keys.setShortcuts([QKeySequence("F1"), QKeySequence("Ctrl+?")])
        self.keys.triggered.connect(self._on_keys_asked)
        self.addSeparator()
        self.about = self.addAction(self.tr("&About fi-desktop"))
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.about.triggered.connect(self._on_about_asked)

    @Slot()
    def _on_keys_asked(self) -> None:
        from fi_desktop.gui.help.shortcuts import ShortcutSheet

        if self.sheet is not None:
            self.sheet.deleteLater()  # actions may have come since
        self.sheet = ShortcutSheet(self._window)
        self.sheet.show()

    @Slot()
    def _on_about_asked(self) -> None:
        if self.about_dialog is None:
            from fi_desktop.gui.help.about import AboutDialog

            self.about_dialog = AboutDialog(self._bridge, self._roots, self._window)
        self.about_dialog.show()
        self.about_dialog.raise_()
        self.about_dialog.activateWindow()
