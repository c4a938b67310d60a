"""Openers: create a dialog on demand, raise it if it is open, and delete it once it is closed."""

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
    """Opens one dialog; subclasses create it.

    Attributes:
        dialog: the dialog; None while it is closed.
    """

    dialog: QDialog | None = None

    @Slot()
    def open(self) -> None:
        """Open the dialog, or raise it."""
        if self.dialog is None:
            self.dialog = self._make()
            self.dialog.finished.connect(self._on_finished)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def close(self) -> None:
        """Cancel the dialog if it is open."""
        if self.dialog is not None:
            self.dialog.reject()

    def _make(self) -> QDialog:
        raise NotImplementedError

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


class SettingsOwner(Protocol):
    """The part of the program that the settings dialog uses."""

    settings: Settings

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Save changes and apply those that can take effect at once; blocks."""


class PreferencesOpener(DialogOpener):
    """Opens the settings dialog.

    Signals:
        changed: the new Settings; the dialog has closed.
        pin_requested: set or change the PIN.
    """

    dialog: PreferencesDialog | None
    changed = Signal(object)
    pin_requested = Signal()

    def __init__(self, program: SettingsOwner, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._program, self._bridge, self._window = program, bridge, window

    def _make(self) -> PreferencesDialog:
        from fi_desktop.gui.preferences import PreferencesDialog

        program, packs = self._program, self._window.options.menu.packs
        dialog = PreferencesDialog(
            program.settings, program.change_settings, self._bridge, self._window, packs=packs
        )
        # queued: a change of language deletes this dialog's window
        dialog.settings_changed.connect(self.changed, Qt.ConnectionType.QueuedConnection)
        dialog.models_requested.connect(self._window.models.show)
        dialog.watched_requested.connect(self._window.commands.watch.trigger)
        dialog.pin_requested.connect(self.pin_requested)
        return dialog


class WelcomeOpener(DialogOpener):
    """Opens the welcome dialog.

    Signals:
        language_requested: "system" or the language to switch to.
    """

    dialog: WelcomeDialog | None
    language_requested = Signal(str)

    def __init__(self, settings: Settings, language: str, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._settings, self._language = settings, language
        self._bridge, self._window = bridge, window
        window.help.welcome.triggered.connect(self.open)

    def open_first(self) -> None:
        """Open the dialog if the data folder is new; call before the queue starts."""
        if not self._settings.store.exists():
            self.open()

    def _make(self) -> WelcomeDialog:
        from fi_desktop.gui.help import WelcomeDialog

        dialog = WelcomeDialog(self._settings, self._language, self._bridge, self._window)
        dialog.language_requested.connect(self.language_requested)
        dialog.models_requested.connect(self._window.models.show)
        dialog.sample_requested.connect(self._window.empty.sample_requested)
        return dialog
