"""Opens the settings dialog, once, when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import Qt, Signal

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.dialog_opening import DialogOpening
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fi_desktop.gui.preferences.dialog import PreferencesDialog


class Changeable(Protocol):
    """What the dialog needs of the program."""

    settings: Settings

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Write other settings, and use at once what can be; blocks."""


class Preferences(DialogOpening):
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
        from fi_desktop.gui.preferences.dialog import PreferencesDialog

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
