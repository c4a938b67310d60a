"""The dialog that opens the vault at the program's start, over the window that is still empty."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.core import messages
from fi_desktop.gui import labels, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.encryption.common import FittedDialog
from fi_desktop.gui.encryption.unlock_form import Secret, UnlockForm
from fi_desktop.viewmodel import unlocking
from fi_desktop.viewmodel.pin import PinAttempts
from fi_desktop.viewmodel.unlocking import SealedProgram

_TEXT_PX = 400
_FIELD_PX = 280
_REASONS = {message.code: message for message in (messages.VAULT_NOT_IN_KEYRING, messages.VAULT_NO_KEYRING)}


class UnlockDialog(FittedDialog):
    """Asks for the passphrase, or for a recovery key; without a passphrase, the keyring is tried again.

    Attributes:
        form: the field for the passphrase or the recovery key, and the button.
        recovery: asks for a recovery key; hidden if no key was made, or it is asked for.
        again: tries the keyring again; hidden if its key is not what is missing.
        quit: ends the program.
        recovered: a recovery key was used: something else should unlock it the next time.

    Signals:
        opened: the vault is unlocked, or the keyring should be tried again.
        quit_requested: end the program.
    """

    opened = Signal()
    quit_requested = Signal()

    def __init__(
        self, program: SealedProgram, code: str, attempts: PinAttempts, bridge: Bridge, parent: QWidget
    ) -> None:
        """Ask for what is missing; code: of the error that the start of the program ended with."""
        super().__init__(parent)
        self.recovered = False
        vault = program.vault
        with_passphrase = vault is not None and vault.state.passphrase is not None
        recoverable = vault is not None and bool(vault.state.recovery)
        by_keyring = code in _REASONS
        self.setWindowTitle("fi-desktop")
        self._icon = QLabel(self)
        title = QLabel(self.tr("Your results are encrypted"), self)
        title.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        self._text = QLabel(self)
        self._text.setObjectName("quiet")
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        for label in (title, self._text):
            label.setWordWrap(True)
            label.setFixedWidth(_TEXT_PX)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.form = UnlockForm(
            self._passphrase(),
            partial(unlocking.opens, program),
            attempts,
            bridge,
            field_px=_FIELD_PX,
            error_px=_TEXT_PX,
            parent=self,
        )
        self.form.opened.connect(self.opened)
        self.recovery = QPushButton(self.tr("Use a recovery key…"), self)
        self.recovery.setObjectName("link")
        self.recovery.setVisible(recoverable)
        self.recovery.clicked.connect(self._on_recovery_chosen)
        self.again = QPushButton(self.tr("Try again"), self)
        self.again.setObjectName("primary")
        self.again.clicked.connect(self.opened)
        self.again.setVisible(by_keyring)
        self.quit = QPushButton(self.tr("Quit"), self)
        self.quit.setObjectName("plain")
        self.quit.clicked.connect(self.quit_requested)
        for button in (self.recovery, self.again, self.quit):
            button.setAutoDefault(False)
        if by_keyring:
            self._text.setText(labels.sentence(_REASONS[code]()))
            self.form.hide()
        elif with_passphrase:
            self._text.setText(self.tr("Enter the passphrase to open them."))
        self._lay_out(title)
        self._apply_colours()
        if not by_keyring:
            self.form.field.setFocus()

    def _passphrase(self) -> Secret:
        return Secret(
            self.tr("Passphrase"),
            self.tr("This is not the passphrase."),
            self.tr("This is not the passphrase. Try again in {seconds} s."),
        )

    def _lay_out(self, title: QLabel) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.recovery)
        foot.addStretch(1)
        foot.addWidget(self.quit)
        foot.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 18)
        column.setSpacing(10)
        for widget in (self._icon, title, self._text):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(6)
        column.addWidget(self.form)
        column.addSpacing(6)
        column.addLayout(foot)

    @Slot()
    def _on_recovery_chosen(self) -> None:
        self.recovered = True
        self.recovery.hide()
        self.again.hide()
        self._text.setText(
            self.tr(
                "Enter the recovery key: one line that begins with AGE-SECRET-KEY-1. Afterwards you choose "
                "what unlocks your results from then on."
            )
        )
        self.form.show()
        self.form.ask_for(
            Secret(
                self.tr("Recovery key"),
                self.tr("This is not a recovery key of these results."),
                self.tr("This is not a recovery key of these results. Try again in {seconds} s."),
            )
        )

    def _apply_colours(self) -> None:
        quiet = theme.quiet(self.palette())
        self._icon.setPixmap(theme.pixmap("lock", 40, quiet, self.devicePixelRatioF()))

    def reject(self) -> None:
        """End the program: without its data there is nothing to show."""
        self.quit_requested.emit()
