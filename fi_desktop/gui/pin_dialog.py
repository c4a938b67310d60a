"""Sets the PIN, changes it, or takes it away."""

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
    """Asks for a PIN, twice, and for the one that there is.

    Attributes:
        current, new, again: the fields; `current` is hidden where there is no PIN yet.
        keep: sets the PIN.
        remove: takes it away; hidden where there is none.

    Signals:
        changed: whether there is a PIN now.
    """

    changed = Signal(bool)

    def __init__(self, home: Path, bridge: Bridge, tries: PinAttempts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home, self._bridge, self._tries = home, bridge, tries
        there = pin.exists(home)
        self.setWindowTitle(self.tr("PIN"))
        about = QLabel(
            self.tr(
                "With a PIN, the window can be covered while you are away: by File › Lock, or by itself. "
                "It encrypts nothing: your recordings are as safe as your account on this computer."
            ),
            self,
        )
        about.setWordWrap(True)
        about.setObjectName("quiet")
        self._form = QFormLayout()
        self._form.setSpacing(8)
        self.current = self._add(self.tr("Current PIN"))
        self.new = self._add(self.tr("New PIN"))
        self.again = self._add(self.tr("Once more"))
        self._form.setRowVisible(self.current, there)
        self._trouble = QLabel(self)
        self._trouble.setWordWrap(True)
        palette = QPalette(self.palette())
        palette.setColor(self._trouble.foregroundRole(), theme.tone("bad", self.palette()))
        self._trouble.setPalette(palette)
        self.keep = QPushButton(self.tr("Set the PIN"), self)
        self.keep.setObjectName("primary")
        self.keep.setDefault(True)
        self.remove = QPushButton(self.tr("Remove the PIN"), self)
        drop = QPushButton(self.tr("Cancel"), self)
        for button in (self.remove, drop):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self.remove.setVisible(there)
        self.keep.clicked.connect(self._on_keep)
        self.remove.clicked.connect(self._on_remove)
        drop.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.remove)
        foot.addStretch(1)
        foot.addWidget(drop)
        foot.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 14)
        column.setSpacing(12)
        column.addWidget(about)
        column.addLayout(self._form)
        column.addWidget(self._trouble)
        column.addLayout(foot)
        self.setMinimumWidth(420)

    @property
    def trouble(self) -> str:
        """Why it was not set."""
        return self._trouble.text()

    def _add(self, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setAccessibleName(name)
        self._form.addRow(name, field)
        return field

    @Slot()
    def _on_keep(self) -> None:
        if len(self.new.text()) < pin.LEAST:
            sentence = self.tr("A PIN has {number} characters at least.")
            self._trouble.setText(sentence.format(number=pin.LEAST))
        elif self.new.text() != self.again.text():
            self._trouble.setText(self.tr("The two are not the same."))
        else:
            self._change(self.new.text())

    @Slot()
    def _on_remove(self) -> None:
        self._change("")

    def _change(self, new: str) -> None:
        if self._tries.wait_s > 0:
            self._trouble.setText(self.tr("That is not the PIN. Wait a little before you try again."))
            return
        work = partial(pin.change, self._home, self.current.text(), new)
        self._bridge.run_task(work, partial(self._on_changed, bool(new)), self._trouble.setText)

    def _on_changed(self, there: bool, right: bool) -> None:
        self._tries.take(right=right)
        if right:
            self.changed.emit(there)
            self.accept()
        else:
            self._trouble.setText(self.tr("The current PIN is another one."))
