"""The welcome's line about encryption: what is done by itself, or a question if there is no keyring."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.encryption.common import StateWords
from fi_desktop.gui.window_state import WindowState
from fi_desktop.system import keyring_access
from fi_desktop.viewmodel.unlocking import SealedProgram

_LATER = "welcome/encryption_later"


class EncryptionRow(QWidget):
    """Says that results are encrypted, or asks whether they should be.

    Attributes:
        text: the line.
        encrypt: opens what encrypts them; hidden if they are, or will be by themselves.
        later: remembers that nothing should be asked; hidden with `encrypt`, or once that was chosen.

    Signals:
        requested: open what encrypts data at rest.
    """

    requested = Signal()

    def __init__(self, program: SealedProgram, bridge: Bridge, parent: QWidget) -> None:
        """Show the line; the keyring is looked for on another thread."""
        super().__init__(parent)
        self._program = program
        self._state = WindowState(program.settings.home)
        self.text = QLabel(self.tr("Checking…"), self)
        self.text.setWordWrap(True)
        self.encrypt = QPushButton(self.tr("Encrypt with a passphrase…"), self)
        self.later = QPushButton(self.tr("Not now"), self)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.encrypt, self.later):
            button.setObjectName("plain")
            button.setAutoDefault(False)
            button.hide()
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.text)
        column.addLayout(buttons)
        self.encrypt.clicked.connect(self._on_encrypt)
        self.later.clicked.connect(self._on_later)
        bridge.run_task(keyring_access.available, self._on_keyring_found, self.text.setText)

    def _on_keyring_found(self, available: bool) -> None:
        vault = self._program.vault
        if vault is not None:
            self.text.setText(StateWords(self).sentence(vault))
        elif available and self._program.settings.seal:
            self.text.setText(
                self.tr("Results, words and names are encrypted; this account's keyring opens them.")
            )
        else:
            asked = self._state.number(_LATER) is None
            sentence = self.tr("This account has no keyring, so results are not encrypted by themselves.")
            self.text.setText(StateWords(self).sentence(None) if available else sentence)
            self.encrypt.show()
            self.later.setVisible(asked)

    @Slot()
    def _on_encrypt(self) -> None:
        self.requested.emit()

    @Slot()
    def _on_later(self) -> None:
        self._state.save_number(_LATER, 1)
        self.later.hide()
