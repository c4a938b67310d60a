"""The dialog of encryption at rest: what unlocks the data, recovery keys, a new key for all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.encryption.common import FittedDialog, FittedScrollArea, StateWords
from fi_desktop.gui.encryption.lock_choice import LockChoice
from fi_desktop.gui.encryption.recovery_keys import NewRecoveryKeyDialog, RecoveryKeys
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.widgets import separator
from fi_desktop.system import keyring_access
from fi_desktop.viewmodel import unlocking
from fi_desktop.viewmodel.pin import PinAttempts
from fi_desktop.viewmodel.unlocking import SealedProgram

_POLL_MS = 300
_WIDTH_PX = 560
_UNSEAL_COMMAND = "fi-desktop vault unseal"


class EncryptionDialog(FittedDialog):
    """Encrypts data at rest, and changes what unlocks it.

    Attributes:
        state: says whether data is encrypted, and what opens it.
        choice: what unlocks it.
        apply: encrypts, or changes what unlocks it.
        recovery: the recovery keys; hidden while data is in clear.
        rotate: makes a new key for all; hidden while data is in clear.
        message: what was done, or why it was not.
        busy: something is being done.

    Signals:
        changed: the state of encryption has changed.
    """

    changed = Signal()

    def __init__(
        self,
        program: SealedProgram,
        attempts: PinAttempts,
        bridge: Bridge,
        parent: QWidget,
        *,
        recovered: bool = False,
    ) -> None:
        """Show the state; recovered: a recovery key was used, and the passphrase is not known."""
        super().__init__(parent)
        self._program, self._attempts, self._bridge, self._recovered = program, attempts, bridge, recovered
        self._words = StateWords(self)
        self._available = False
        self.busy = False
        self.setWindowTitle(self.tr("Encryption"))
        self.state, self._unseal = QLabel(self), QLabel(self)
        self.message = MessageBar(self)
        self.choice = LockChoice(self)
        self.apply = QPushButton(self)
        self.apply.setObjectName("primary")
        self.apply.setDefault(True)
        self.recovery = RecoveryKeys(self)
        self.rotate = QPushButton(self.tr("New key for all"), self)
        self.rotate.setToolTip(
            self.tr("Replaces the key of all keys: copies of the old keys open nothing new. Takes a moment.")
        )
        self.close_button = QPushButton(self.tr("Close"), self)
        for button in (self.rotate, self.close_button):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._show_progress)
        self._lay_out()
        self.choice.changed.connect(self._on_choice_changed)
        self.apply.clicked.connect(self._on_apply)
        self.recovery.wanted.connect(self._on_recipients_wanted)
        self.recovery.make_requested.connect(self._on_make_requested)
        self.rotate.clicked.connect(self._on_rotate)
        self.close_button.clicked.connect(self.reject)
        self._show_state()
        if recovered:
            self.apply.setFocus()
            self.message.info(
                self.tr("The recovery key opened your results. Choose what opens them from now on.")
            )
        bridge.run_task(keyring_access.available, self._on_keyring_found, self.message.error)

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("What unlocks them"), self)
        self._recovery_heading = QLabel(self.tr("Recovery keys"), self)
        for label in (heading, self._recovery_heading):
            label.setFont(theme.scaled(self.font(), 1.1, QFont.Weight.DemiBold))
        self._unseal.setText(
            self.tr("To write everything in clear again, close the program and run: {command}").format(
                command=_UNSEAL_COMMAND
            )
        )
        self._unseal.setObjectName("quiet")
        self._unseal.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self.state, self._unseal):
            label.setWordWrap(True)
        self._line = separator(self)
        action = QHBoxLayout()
        action.addStretch(1)
        action.addWidget(self.apply)
        foot = QHBoxLayout()
        foot.addWidget(self.rotate)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        foot.setContentsMargins(24, 10, 24, 12)
        content = QWidget(self)
        inner = QVBoxLayout(content)
        inner.setContentsMargins(24, 16, 24, 16)
        inner.setSpacing(12)
        head: tuple[QWidget, ...] = (self.state, heading, self.choice)
        for widget in head:
            inner.addWidget(widget)
        inner.addLayout(action)
        for widget in (self._line, self._recovery_heading, self.recovery, self._unseal):
            inner.addWidget(widget)
        inner.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.message)
        column.addWidget(FittedScrollArea(content, self), 1)
        column.addWidget(separator(self))
        column.addLayout(foot)
        self.setFixedWidth(_WIDTH_PX)

    def _show_state(self) -> None:
        vault = self._program.vault
        sealed = vault is not None
        # read before the sentence, and once: sealing ends on another thread at any moment
        mixed = vault is not None and vault.state.mixed
        self.state.setText(self._words.sentence(vault))
        self.apply.setText(self.tr("Change") if sealed else self.tr("Encrypt"))
        for widget in (self._line, self._recovery_heading, self.recovery, self.rotate, self._unseal):
            widget.setVisible(sealed)
        with_passphrase = vault is not None and vault.state.passphrase is not None
        self.choice.show_state(
            keyring=vault.state.keyring if vault is not None else self._available,
            passphrase=with_passphrase,
            available=self._available,
            ask_current=with_passphrase and not self._recovered,
        )
        if vault is not None:
            self.recovery.show_keys([each.recipient for each in vault.state.recovery])
        if mixed:
            self._poll.start()
        self.rotate.setEnabled(not self._recovered)
        self.recovery.setEnabled(not self._recovered)
        self._on_choice_changed()

    def _on_keyring_found(self, available: bool) -> None:
        self._available = available
        self._show_state()

    @Slot()
    def _show_progress(self) -> None:
        """Say that earlier results are being encrypted, until they are."""
        vault = self._program.vault
        mixed = vault is not None and vault.state.mixed  # before the sentence, see `_show_state`
        self.state.setText(self._words.sentence(vault))
        if not mixed:
            self._poll.stop()
            self.changed.emit()

    @Slot()
    def _on_choice_changed(self) -> None:
        self.apply.setEnabled(not self.busy and not self.choice.problem)

    @Slot()
    def _on_apply(self) -> None:
        if self.busy or self.choice.problem:
            return
        keyring = self.choice.with_keyring
        passphrase = self.choice.new.text() if self.choice.with_passphrase else ""
        program, vault = self._program, self._program.vault
        if vault is None:
            self._begin()
            seal = partial(program.seal, keyring=keyring, passphrase=passphrase)
            done = partial(self._on_done, self.tr("From now on everything is encrypted."))
            self._bridge.run_in_thread("encryption", seal, done, self._on_failed, daemon=False)
            return
        change = partial(vault.change_lock, keyring=keyring, passphrase=passphrase)
        if vault.state.passphrase is None or self._recovered:
            self._do(change, self.tr("What unlocks your results was changed."))
        elif self._attempts.wait_s > 0:
            self.message.error(
                self.tr("This is not the current passphrase. Wait a moment before you try again.")
            )
        else:
            self._begin()
            current = self.choice.current.text()
            check = partial(self._attempts.checked, partial(unlocking.opens, program, current))
            self._bridge.run_task(check, partial(self._on_current_checked, change), self._on_failed)

    def _on_current_checked(self, change: Callable[[], None], correct: bool) -> None:
        self._attempts.record(correct=correct)
        if correct:
            self._do(change, self.tr("What unlocks your results was changed."))
        else:
            self._on_failed(self.tr("This is not the current passphrase."))

    @Slot(object)
    def _on_recipients_wanted(self, recipients: list[str]) -> None:
        if self._program.vault is not None:
            rotate = partial(self._program.vault.rotate, recipients=recipients)
            self._do(rotate, self.tr("The recovery keys were changed."))

    @Slot()
    def _on_make_requested(self) -> None:
        import pyrage

        identity = pyrage.x25519.Identity.generate()
        dialog = NewRecoveryKeyDialog(str(identity), str(identity.to_public()), self._bridge, self)
        dialog.accepted.connect(partial(self._on_made, dialog.public))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_made(self, public: str) -> None:
        self._on_recipients_wanted([*self.recovery.keys, public])

    @Slot()
    def _on_rotate(self) -> None:
        if self._program.vault is not None:
            self._do(self._program.vault.rotate, self.tr("The key of all keys was replaced."))

    def _do(self, change: Callable[[], None], said: str) -> None:
        self._begin()
        done = partial(self._on_done, said)
        self._bridge.run_in_thread("encryption", change, done, self._on_failed, daemon=False)

    def _begin(self) -> None:
        self.busy = True
        self.message.dismiss()
        for widget in (self.apply, self.recovery, self.rotate):
            widget.setEnabled(False)

    def _on_done(self, said: str, _outcome: object) -> None:
        self.busy, self._recovered = False, False
        if self._bridge.trail is not None:
            self._bridge.trail.record(Act(ActKind.SETTINGS_CHANGED, detail={"settings": ["encryption"]}))
        self._show_state()
        self.message.info(said)
        self.changed.emit()

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self.busy = False
        for widget in (self.recovery, self.rotate):
            widget.setEnabled(not self._recovered)
        self._on_choice_changed()
        self.message.error(sentence)

    def reject(self) -> None:
        """Close, unless something is being done."""
        if not self.busy:
            super().reject()
