"""The icon in the tray: there while the program runs, so that it can go on without its window."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.ui import icons


class Tray(QObject):
    """The tray's icon with its menu.

    Signals:
        show_asked: the person wants to see the window.
        quit_asked: the person wants to end the program.
    """

    show_asked = Signal()
    quit_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._menu = QMenu(parent)
        self._menu.addAction(self.tr("Show fi-desktop")).triggered.connect(self.show_asked)
        self._menu.addSeparator()
        self._menu.addAction(self.tr("Stop safely and quit")).triggered.connect(self.quit_asked)
        self._icon = QSystemTrayIcon(icons.app_icon(), self)
        self._icon.setToolTip("fi-desktop")
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)

    @staticmethod
    def available() -> bool:
        """Whether this desktop has a tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        """Show the icon."""
        self._icon.show()

    def hide(self) -> None:
        """Take it away."""
        self._icon.hide()

    def show_counts(self, counts: Counter[JobState]) -> None:
        """Say how much is under way; no file's name, as others may see the screen."""
        self._icon.setToolTip(
            self.tr("fi-desktop: {running} running, {waiting} waiting").format(
                running=counts[JobState.RUNNING], waiting=counts[JobState.QUEUED] + counts[JobState.RETRYING]
            )
        )

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.show_asked.emit()
