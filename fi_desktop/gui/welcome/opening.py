"""When the welcome is shown: once, at the first start on a data folder, and when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.dialog_opening import DialogOpening
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from fi_desktop.gui.welcome.dialog import WelcomeDialog


class Welcome(DialogOpening):
    """The way to the welcome.

    Signals:
        language_asked: "system", or the language that the window is to speak.
    """

    dialog: WelcomeDialog | None
    language_asked = Signal(str)

    def __init__(self, settings: Settings, language: str, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._settings, self._language = settings, language
        self._bridge, self._window = bridge, window
        window.help.welcome.triggered.connect(self.open)

    def open_first(self) -> None:
        """Show it where the data folder is new: before the queue starts, which makes the folder old."""
        if not self._settings.store.exists():
            self.open()

    def _make(self) -> WelcomeDialog:
        from fi_desktop.gui.welcome.dialog import WelcomeDialog

        dialog = WelcomeDialog(self._settings, self._language, self._bridge, self._window)
        dialog.language_asked.connect(self.language_asked)
        dialog.models_asked.connect(self._window.models.show)
        dialog.sample_asked.connect(self._window.empty.sample_asked)
        return dialog
