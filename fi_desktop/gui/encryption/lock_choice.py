"""`LockChoice`: what unlocks the encrypted data, and the new passphrase, typed twice."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.viewmodel.pin import SHORTEST_PASSPHRASE, Strength, strength

_TONES = {Strength.SHORT: "neutral", Strength.WEAK: "warn", Strength.FAIR: "neutral", Strength.GOOD: "good"}


class LockChoice(QWidget):
    """Chooses the keyring, a passphrase, or both.

    Attributes:
        keyring, passphrase, both: the choices.
        current: the passphrase until now; hidden if none is set.
        new, repeat: the new passphrase; hidden if none is needed.
        hint: how hard the new one is to guess.

    Signals:
        changed: something was chosen or typed.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Offer everything; call `show_state` before it is shown."""
        super().__init__(parent)
        self.keyring = QRadioButton(self.tr("This account's keyring: nothing to type"), self)
        self.passphrase = QRadioButton(self.tr("A passphrase, asked for at each start"), self)
        self.both = QRadioButton(self.tr("Both together"), self)
        self._group = QButtonGroup(self)
        self._form = QFormLayout()
        self._form.setSpacing(8)
        self.current = self._add_field(self.tr("Current passphrase"))
        self.new = self._add_field(self.tr("New passphrase"))
        self.repeat = self._add_field(self.tr("Repeat the passphrase"))
        self.hint = QLabel(self)
        self.hint.setWordWrap(True)
        self.hint.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self._form.addRow("", self.hint)
        self._none = QLabel(self.tr("This computer has no keyring, or it is locked."), self)
        self._none.setObjectName("quiet")
        self._none.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for button in (self.keyring, self.passphrase, self.both):
            self._group.addButton(button)
            column.addWidget(button)
            button.toggled.connect(self._on_changed)
        column.addWidget(self._none)
        column.addLayout(self._form)
        for field in (self.current, self.new, self.repeat):
            field.textChanged.connect(self._on_changed)

    @property
    def with_keyring(self) -> bool:
        """Whether the keyring is chosen, alone or with a passphrase."""
        return not self.passphrase.isChecked()

    @property
    def with_passphrase(self) -> bool:
        """Whether a passphrase is chosen, alone or with the keyring."""
        return not self.keyring.isChecked()

    @property
    def problem(self) -> str:
        """Why this cannot be used, as a sentence; "" if it can."""
        if not self.with_passphrase:
            return ""
        if len(self.new.text()) < SHORTEST_PASSPHRASE:
            return self.tr("The passphrase must have at least {number} characters.").format(
                number=SHORTEST_PASSPHRASE
            )
        if self.new.text() != self.repeat.text():
            return self.tr("The passphrases do not match.")
        return ""

    def show_state(self, *, keyring: bool, passphrase: bool, available: bool, ask_current: bool) -> None:
        """Show what unlocks it now.

        Args:
            keyring: the keyring does.
            passphrase: a passphrase does.
            available: this account has a keyring.
            ask_current: the present passphrase is needed for a change.
        """
        chosen = self.keyring
        if passphrase or not (keyring or available):
            chosen = self.both if keyring else self.passphrase
        chosen.setChecked(True)
        for button in (self.keyring, self.both):
            button.setEnabled(available)
        self._none.setVisible(not available)
        self._form.setRowVisible(self.current, ask_current)
        for field in (self.current, self.new, self.repeat):
            field.clear()
        self._on_changed()

    def _add_field(self, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setAccessibleName(name)
        self._form.addRow(name, field)
        return field

    @Slot()
    def _on_changed(self) -> None:
        for widget in (self.new, self.repeat, self.hint):
            self._form.setRowVisible(widget, self.with_passphrase)
        self._show_hint()
        self.changed.emit()

    def _show_hint(self) -> None:
        found = strength(self.new.text())
        self.hint.setText(self._words(found))
        palette = QPalette(self.palette())
        palette.setColor(self.hint.foregroundRole(), theme.tone(_TONES[found], self.palette()))
        self.hint.setPalette(palette)

    def _words(self, found: Strength) -> str:
        match found:
            case Strength.SHORT:
                return self.tr(
                    "At least {number} characters; four words that do not belong together are good."
                ).format(number=SHORTEST_PASSPHRASE)
            case Strength.WEAK:
                return self.tr("Easy to guess. Add words that do not belong together.")
            case Strength.FAIR:
                return self.tr("Fair. One more word makes it hard to guess.")
        return self.tr("Hard to guess.")

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_none"):
            self._show_hint()
