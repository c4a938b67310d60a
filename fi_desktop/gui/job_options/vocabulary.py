"""Asks for words that may come up and are seldom heard, such as names of drugs."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import room


class VocabularyDialog(QDialog):
    """One field, one word a line.

    Attributes:
        field: where they are typed.
    """

    def __init__(self, vocabulary: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Words that may come up"))
        label = QLabel(
            self.tr("&Names of drugs, places or people in the recordings that you add next, one a line:"),
            self,
        )
        label.setWordWrap(True)
        self.field = QPlainTextEdit("\n".join(vocabulary), self)
        self.field.setAccessibleName(self.tr("Words that may come up"))
        self.field.setAccessibleDescription(self.tr("One a line"))
        self.field.setPlaceholderText("sumatriptán\nlorazepam")
        self.field.setTabChangesFocus(True)
        label.setBuddy(self.field)
        hint = QLabel(self.tr("They are more likely to be spelt right. A few dozen at most."), self)
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        use, drop = QPushButton(self.tr("Use them"), self), QPushButton(self.tr("Cancel"), self)
        use.setObjectName("primary")
        drop.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(drop, QDialogButtonBox.ButtonRole.RejectRole)
        use.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(label)
        column.addWidget(self.field, 1)
        column.addWidget(hint)
        column.addWidget(buttons)
        room.resize(self, (420, 340))

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, each once, in the order they were typed."""
        lines = (" ".join(line.split()) for line in self.field.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))
