"""A field to type what is sought into."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget


class SearchField(QLineEdit):
    """A field that says what it is for, with a button that empties it."""

    def __init__(self, purpose: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(purpose)
        self.setAccessibleName(purpose)
        self.setClearButtonEnabled(True)
        for button in self.findChildren(QToolButton):  # Qt gives its own button no name
            button.setAccessibleName(self.tr("Clear"))
