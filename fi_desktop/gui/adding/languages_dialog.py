"""The dialog that chooses the languages that may be spoken in a recording, one or several."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.window_state import resize_to_screen

FIRST_LANGUAGES = ("es", "en")
# Widely spoken languages that Whisper knows, and those of Spain; all hundred would be too long a list.
OTHER_LANGUAGES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "eu", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
MOST_LANGUAGES = 4


class LanguagesDialog(QDialog):
    """Checks one to four languages in a list.

    Attributes:
        list: the languages, those chosen and the most common ones first.
        use: accepts the choice; disabled without one.
    """

    def __init__(self, chosen: Iterable[str], question: str, parent: QWidget | None = None) -> None:
        """Check the chosen languages, ISO 639-1; question: what they are chosen for."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Languages"))
        labels, chosen = UiLabels(self), tuple(chosen)
        label = QLabel(question, self)
        label.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Languages"))
        others = sorted(OTHER_LANGUAGES, key=labels.language)
        for code in dict.fromkeys((*chosen, *FIRST_LANGUAGES, *others)):
            item = QListWidgetItem(labels.language(code), self.list)
            item.setData(Qt.ItemDataRole.UserRole, code)
            item.setCheckState(Qt.CheckState.Checked if code in chosen else Qt.CheckState.Unchecked)
        self.list.setCurrentRow(0)
        hint = QLabel(self.tr("Fewer languages are easier to tell apart. Four at most."), self)
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        self.use = QPushButton(self.tr("Use these languages"), self)
        self.use.setObjectName("primary")
        self.use.setDefault(True)
        cancel = QPushButton(self.tr("Cancel"), self)
        cancel.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(self.use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        for widget in (label, self.list, hint, buttons):
            column.addWidget(widget, 1 if widget is self.list else 0)
        self.list.itemChanged.connect(self._on_checked)
        self._on_checked()
        resize_to_screen(self, (340, 420))

    @property
    def languages(self) -> tuple[str, ...]:
        """The checked languages, in the order of the list."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        )

    @Slot()
    def _on_checked(self) -> None:
        self.use.setEnabled(1 <= len(self.languages) <= MOST_LANGUAGES)
