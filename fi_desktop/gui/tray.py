"""The icon in the tray: there while the program runs, so that it can go on without its window."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QLocale, QObject, Signal, Slot
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.gui import icons
from fi_desktop.gui.notifications.ring import ring_icon


class Tray(QObject):
    """The tray's icon with its menu.

    Attributes:
        pause: pauses the queue, or has it go on.
        last: what was done last; opens it.

    Signals:
        show_asked: the person wants to see the window.
        last_asked: the person wants to see what was done last.
        pause_asked: whether the queue is to pause.
        quit_asked: the person wants to end the program.
    """

    show_asked = Signal()
    last_asked = Signal()
    pause_asked = Signal(bool)
    quit_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._paused = False
        self._menu = QMenu(parent)
        self._menu.addAction(self.tr("Show fi-desktop")).triggered.connect(self.show_asked)
        self.last = self._menu.addAction("")
        self.last.setVisible(False)
        self.last.triggered.connect(self.last_asked)
        self._menu.addSeparator()
        self.pause = self._menu.addAction(self.tr("Pause the queue"))
        self.pause.triggered.connect(self._on_pause)
        self._menu.addSeparator()
        self._menu.addAction(self.tr("Stop safely and quit")).triggered.connect(self.quit_asked)
        self._icon = QSystemTrayIcon(icons.app_icon(), self)
        self._icon.setToolTip("fi-desktop")
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.last_asked)

    @staticmethod
    def available() -> bool:
        """Whether this desktop has a tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def tip(self) -> str:
        """What it says of the queue."""
        return self._icon.toolTip()

    def show(self) -> None:
        """Show the icon."""
        self._icon.show()

    def hide(self) -> None:
        """Take it away."""
        self._icon.hide()

    def show_queue(self, counts: Counter[JobState], share: float | None, *, paused: bool) -> None:
        """Say how much is under way; no file's name, as others may see the screen.

        share: how much of it is done, 0 to 1; None: nothing is under way.
        """
        parts = [self.tr("Paused")] if paused else []
        if share is not None:
            parts.append(self.tr("{percent} % done").format(percent=QLocale().toString(int(100 * share))))
        running, waiting = counts[JobState.RUNNING], counts[JobState.QUEUED] + counts[JobState.RETRYING]
        parts.append(self.tr("%Ln running", "", running))
        parts.append(self.tr("%Ln waiting", "", waiting))
        self._icon.setToolTip(self.tr("fi-desktop: {state}").format(state=", ".join(parts)))
        self._icon.setIcon(ring_icon(share, paused=paused))
        self._paused = paused
        self.pause.setText(self.tr("Resume the queue") if paused else self.tr("Pause the queue"))

    def show_last(self, sentence: str) -> None:
        """Say what was done last; "": nothing yet."""
        self.last.setText(sentence.replace("&", "&&"))
        self.last.setVisible(bool(sentence))

    def tell(self, title: str, text: str) -> None:
        """Show a notification."""
        self._icon.showMessage(title, text, icons.app_icon())

    @Slot()
    def _on_pause(self) -> None:
        self.pause_asked.emit(not self._paused)

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.show_asked.emit()
