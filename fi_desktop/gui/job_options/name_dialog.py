"""Asks under which name a profile is kept."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.watch.profiles import LONGEST_NAME


class NameDialog(QDialog):
    """One field; says when a name is taken.

    Attributes:
        field: where the name is typed.
        save: keeps it.
        hint: says what a taken name means.
    """

    def __init__(self, title: str, taken: Iterable[str], refused: Iterable[str], parent: QWidget) -> None:
        """Prepare.

        Args:
            title: what the name is asked for.
            taken: names of profiles that would be replaced.
            refused: names that cannot be given.
            parent: the window.
        """
        super().__init__(parent)
        self._taken, self._refused = frozenset(taken), frozenset(refused)
        self.setWindowTitle(title)
        label = QLabel(self.tr("&Name of the profile:"), self)
        self.field = QLineEdit(self)
        self.field.setMaxLength(LONGEST_NAME)
        self.field.setAccessibleName(self.tr("Name of the profile"))
        self.field.textChanged.connect(self._on_typed)
        label.setBuddy(self.field)
        self.hint = QLabel(self)
        self.hint.setObjectName("quiet")
        self.hint.setWordWrap(True)
        self.save, cancel = QPushButton(self.tr("Save"), self), QPushButton(self.tr("Cancel"), self)
        self.save.setObjectName("primary")
        cancel.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        self.save.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        for widget in (label, self.field, self.hint, buttons):
            column.addWidget(widget)
        self.setMinimumWidth(360)
        self._on_typed()

    @property
    def name(self) -> str:
        """What was typed."""
        return " ".join(self.field.text().split())

    @Slot()
    def _on_typed(self) -> None:
        self.save.setEnabled(bool(self.name) and self.name not in self._refused)
        if self.name in self._refused:
            self.hint.setText(self.tr("A built-in profile has this name."))
        elif self.name in self._taken:
            self.hint.setText(self.tr("There is a profile of this name: it is replaced."))
        else:
            self.hint.setText(self.tr("Speakers, language, engine, words and priority are kept in it."))
