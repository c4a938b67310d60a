"""Dialogs that open over the main window: openers for the large ones, and the dialog of the PIN.

An opener creates its dialog on demand, raises it if it is open, and deletes it once it is closed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.settings import Page, Settings
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import PinAttempts
from fi_desktop.viewmodel.unlocking import SealedProgram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fi_desktop.gui.encryption.encryption_dialog import EncryptionDialog
    from fi_desktop.gui.help import WelcomeDialog
    from fi_desktop.gui.preferences import PreferencesDialog
    from fi_desktop.vault.vault import Vault


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
    vault: Vault | None

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Save changes and apply those that can take effect at once; blocks."""


class PreferencesOpener(DialogOpener):
    """Opens the settings dialog.

    Signals:
        changed: the new Settings; the dialog has closed.
        pin_requested: set or change the PIN.
        encryption_requested: open what encrypts data at rest.
    """

    dialog: PreferencesDialog | None
    changed = Signal(object)
    pin_requested = Signal()
    encryption_requested = Signal()

    def __init__(self, program: SettingsOwner, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._program, self._bridge, self._window = program, bridge, window

    def _make(self) -> PreferencesDialog:
        from fi_desktop.gui.preferences import PreferencesDialog

        program, packs = self._program, self._window.options.menu.packs
        templates, refusals = self._window.templates.offered()
        dialog = PreferencesDialog(
            program.settings,
            program.change_settings,
            self._bridge,
            self._window,
            packs=packs,
            term_lists=self._window.options.menu.term_lists,
            templates=templates,
            template_refusals=refusals,
        )
        # queued: a change of language deletes this dialog's window
        dialog.settings_changed.connect(self.changed, Qt.ConnectionType.QueuedConnection)
        dialog.models_requested.connect(self._window.models.show)
        dialog.watched_requested.connect(self._window.commands.watch.trigger)
        dialog.pin_requested.connect(self.pin_requested)
        dialog.encryption.button.clicked.connect(self.encryption_requested)
        dialog.show_encryption(program.vault)
        dialog.templates.button.clicked.connect(self._window.templates.open_folder)
        return dialog

    def show_page(self, page: Page) -> None:
        """Show a page, if the dialog is open."""
        if self.dialog is not None:
            self.dialog.pages.setCurrentRow(list(Page).index(page))

    @Slot()
    def show_encryption(self) -> None:
        """Show the state of encryption, if the dialog is open."""
        if self.dialog is not None:
            self.dialog.show_encryption(self._program.vault)


class EncryptionOpener(DialogOpener):
    """Opens the dialog of encryption at rest.

    Signals:
        changed: the state of encryption has changed.
    """

    dialog: EncryptionDialog | None
    changed = Signal()

    def __init__(
        self, program: SealedProgram, attempts: PinAttempts, bridge: Bridge, window: MainWindow
    ) -> None:
        super().__init__(window)
        self._program, self._attempts, self._bridge, self._window = program, attempts, bridge, window
        self._recovered = False

    @Slot()
    def open_recovered(self) -> None:
        """Open it after a recovery key was used: something else should unlock the data from now on."""
        self._recovered = True
        self.open()

    def _make(self) -> EncryptionDialog:
        from fi_desktop.gui.encryption.encryption_dialog import EncryptionDialog

        recovered, self._recovered = self._recovered, False
        dialog = EncryptionDialog(
            self._program, self._attempts, self._bridge, self._window, recovered=recovered
        )
        dialog.changed.connect(self.changed)
        return dialog


class WelcomeOpener(DialogOpener):
    """Opens the welcome dialog.

    Signals:
        language_requested: "system" or the language to switch to.
        encryption_requested: open what encrypts data at rest.
    """

    dialog: WelcomeDialog | None
    language_requested = Signal(str)
    encryption_requested = Signal()

    def __init__(self, program: SealedProgram, language: str, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self._program, self._settings, self._language = program, program.settings, language
        self._bridge, self._window = bridge, window
        window.help.welcome.triggered.connect(self.open)

    def open_first(self) -> None:
        """Open the dialog if the data folder is new; call before the queue starts."""
        if not self._settings.store.exists():
            self.open()

    def _make(self) -> WelcomeDialog:
        from fi_desktop.gui.help import WelcomeDialog

        dialog = WelcomeDialog(self._program, self._language, self._bridge, self._window)
        dialog.encryption.requested.connect(self.encryption_requested)
        dialog.language_requested.connect(self.language_requested)
        dialog.models_requested.connect(self._window.models.show)
        dialog.install_requested.connect(self._window.models.offer_recommended)
        dialog.sample_requested.connect(self._window.empty.sample_requested)
        return dialog


class PinDialog(QDialog):
    """Asks for the current PIN, if there is one, and twice for a new one.

    Attributes:
        current, new, repeat: the fields; `current` is hidden if no PIN is set.
        save: sets the PIN.
        remove: removes the PIN; hidden if none is set.

    Signals:
        changed: whether a PIN is set now.
    """

    changed = Signal(bool)

    def __init__(
        self, home: Path, bridge: Bridge, attempts: PinAttempts, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._home, self._bridge, self._attempts = home, bridge, attempts
        is_set = pin.is_set(home)
        self.setWindowTitle(self.tr("PIN"))
        about = QLabel(
            self.tr(
                "With a PIN, you can lock the window with File › Lock, or have it lock when idle. The PIN "
                "does not encrypt anything; see Settings › Privacy › Encryption for that."
            ),
            self,
        )
        about.setWordWrap(True)
        about.setObjectName("quiet")
        self._form = QFormLayout()
        self._form.setSpacing(8)
        self.current = self._add_field(self.tr("Current PIN"))
        self.new = self._add_field(self.tr("New PIN"))
        self.repeat = self._add_field(self.tr("Repeat the new PIN"))
        self._form.setRowVisible(self.current, is_set)
        self._error = QLabel(self)
        self._error.setWordWrap(True)
        palette = QPalette(self.palette())
        palette.setColor(self._error.foregroundRole(), theme.tone("bad", self.palette()))
        self._error.setPalette(palette)
        self.save = QPushButton(self.tr("Set PIN"), self)
        self.save.setObjectName("primary")
        self.save.setDefault(True)
        self.remove = QPushButton(self.tr("Remove PIN"), self)
        cancel = QPushButton(self.tr("Cancel"), self)
        for button in (self.remove, cancel):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self.remove.setVisible(is_set)
        self.save.clicked.connect(self._on_save)
        self.remove.clicked.connect(self._on_remove)
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.remove)
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 14)
        column.setSpacing(12)
        column.addWidget(about)
        column.addLayout(self._form)
        column.addWidget(self._error)
        column.addLayout(foot)
        self.setMinimumWidth(420)

    @property
    def error(self) -> str:
        """Why the PIN was not changed."""
        return self._error.text()

    def _add_field(self, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setAccessibleName(name)
        self._form.addRow(name, field)
        return field

    @Slot()
    def _on_save(self) -> None:
        if len(self.new.text()) < pin.MIN_LENGTH:
            sentence = self.tr("The PIN must have at least {number} characters.")
            self._error.setText(sentence.format(number=pin.MIN_LENGTH))
        elif self.new.text() != self.repeat.text():
            self._error.setText(self.tr("The PINs do not match."))
        else:
            self._change(self.new.text())

    @Slot()
    def _on_remove(self) -> None:
        self._change("")

    def _change(self, new: str) -> None:
        if self._attempts.wait_s > 0:
            self._error.setText(self.tr("Current PIN is incorrect. Wait a moment before you try again."))
            return
        change = partial(pin.change, self._home, self.current.text(), new)
        self._bridge.run_task(
            partial(self._attempts.checked, change), partial(self._on_changed, bool(new)), self._error.setText
        )

    def _on_changed(self, is_set: bool, correct: bool) -> None:
        self._attempts.record(correct=correct)
        if correct:
            self.changed.emit(is_set)
            self.accept()
        else:
            self._error.setText(self.tr("Current PIN is incorrect."))
