"""A dialog that is made when it is asked for, raised where it is open, and forgotten when it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fi_desktop.gui.help import WelcomeDialog
    from fi_desktop.gui.preferences import PreferencesDialog


class DialogOpener(QObject):
    """The way to a dialog; who inherits it makes the dialog.

    Attributes:
        dialog: while it is open.
    """

    dialog: QDialog | None = None

    @Slot()
    def open(self) -> None:
        """Show the dialog, or raise it."""
        if self.dialog is None:
            self.dialog = self._make()
            self.dialog.finished.connect(self._on_finished)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def close(self) -> None:
        """Close the dialog without a change, if it is open."""
        if self.dialog is not None:
            self.dialog.reject()

    def _make(self) -> QDialog:
        raise NotImplementedError

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


class Changeable(Protocol):
    """What the dialog needs of the program."""

    settings: Settings

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Write other settings, and use at once what can be; blocks."""


class PreferencesOpener(DialogOpener):
    """The way to the settings dialog.

    Signals:
        changed: the new Settings; the dialog has closed.
        pin_asked: the person wants to set or change the PIN.
    """

    dialog: PreferencesDialog | None
    changed = Signal(object)
    pin_asked = Signal()

    def __init__(self, program: Changeable, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._program, self._bridge, self._window = program, bridge, window

    def _make(self) -> PreferencesDialog:
        from fi_desktop.gui.preferences import PreferencesDialog

        program, packs = self._program, self._window.options.menu.packs
        dialog = PreferencesDialog(
            program.settings, program.change_settings, self._bridge, self._window, packs=packs
        )
        # queued: another language builds all windows anew, this dialog's too
        dialog.settings_changed.connect(self.changed, Qt.ConnectionType.QueuedConnection)
        dialog.models_asked.connect(self._window.models.show)
        dialog.watched_asked.connect(self._window.commands.watch.trigger)
        dialog.pin_asked.connect(self.pin_asked)
        return dialog


class WelcomeOpener(DialogOpener):
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
        from fi_desktop.gui.help import WelcomeDialog

        dialog = WelcomeDialog(self._settings, self._language, self._bridge, self._window)
        dialog.language_asked.connect(self.language_asked)
        dialog.models_asked.connect(self._window.models.show)
        dialog.sample_asked.connect(self._window.empty.sample_asked)
        return dialog
