"""The dialog that sets, changes or removes the PIN."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
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
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import PinAttempts


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
                "does not encrypt your recordings, which are as safe as your account on this computer."
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
        self._bridge.run_task(change, partial(self._on_changed, bool(new)), self._error.setText)

    def _on_changed(self, is_set: bool, correct: bool) -> None:
        self._attempts.record(correct=correct)
        if correct:
            self.changed.emit(is_set)
            self.accept()
        else:
            self._error.setText(self.tr("Current PIN is incorrect."))
