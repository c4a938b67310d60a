"""The sheet of keys: made from the window's own menus, so that it cannot be wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFont, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import room, theme


class ShortcutSheet(QDialog):
    """Lists every action of the window that has a key.

    Attributes:
        keys: each action's name with its keys, in the order of the menus.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        room.resize(self, (460, 560), least=(380, 300))
        self.keys: list[tuple[str, str]] = []
        content = QWidget(self)
        content.setAutoFillBackground(True)
        content.setBackgroundRole(QPalette.ColorRole.Base)
        self._grid = QGridLayout(content)
        self._grid.setContentsMargins(24, 8, 24, 18)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(0, 1)
        for action in window.menuBar().actions():
            menu = action.menu()
            found = _with_keys(menu.actions()) if isinstance(menu, QMenu) else []
            if found:
                self._add_heading(_plain(action.text()))
            for each in found:
                self._add(each)
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName(self.tr("Keyboard shortcuts"))
        scroll.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)

    def _add_heading(self, text: str) -> None:
        heading = QLabel(text, self)
        heading.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        heading.setContentsMargins(0, 12, 0, 2)
        self._grid.addWidget(heading, self._grid.rowCount(), 0, 1, 2)

    def _add(self, action: QAction) -> None:
        name = _plain(action.text())
        native = QKeySequence.SequenceFormat.NativeText
        keys = "   ".join(each.toString(native) for each in action.shortcuts()[:2])
        self.keys.append((name, keys))
        row = self._grid.rowCount()
        shown = QLabel(keys, self)
        shown.setObjectName("quiet")
        shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label = QLabel(name, self)
        label.setAccessibleDescription(keys)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(shown, row, 1)


def _with_keys(actions: list[QAction]) -> list[QAction]:
    """Return the actions that have a key, those of menus in between too."""
    found: list[QAction] = []
    for action in actions:
        menu = action.menu()
        if isinstance(menu, QMenu):
            found += _with_keys(menu.actions())
        elif action.shortcuts():
            found.append(action)
    return found


def _plain(text: str) -> str:
    return text.replace("&", "").removesuffix("…")
