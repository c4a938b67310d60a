"""When the welcome is shown: once, at the first start on a data folder, and when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from fi_desktop.settings import Settings
from fi_desktop.ui.bridge import Bridge
from fi_desktop.ui.main_window import MainWindow

if TYPE_CHECKING:
    from fi_desktop.ui.welcome.dialog import WelcomeDialog


class Welcome(QObject):
    """The way to the welcome.

    Attributes:
        dialog: while it is open.

    Signals:
        language_asked: "system", or the language that the window is to speak.
    """

    language_asked = Signal(str)

    def __init__(self, settings: Settings, language: str, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._settings, self._language = settings, language
        self._bridge, self._window = bridge, window
        self.dialog: WelcomeDialog | None = None
        window.help.welcome.triggered.connect(self.open)

    def open_first(self) -> None:
        """Show it where the data folder is new: before the queue starts, which makes the folder old."""
        if not self._settings.store.exists():
            self.open()

    @Slot()
    def open(self) -> None:
        """Show it, or raise it."""
        if self.dialog is None:
            from fi_desktop.ui.welcome.dialog import WelcomeDialog

            self.dialog = WelcomeDialog(self._settings, self._language, self._bridge, self._window)
            self.dialog.language_asked.connect(self.language_asked)
            self.dialog.models_asked.connect(self._window.models.show)
            self.dialog.sample_asked.connect(self._window.empty.sample_asked)
            self.dialog.finished.connect(self._on_finished)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def close(self) -> None:
        """Close it, if it is open."""
        if self.dialog is not None:
            self.dialog.reject()

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
