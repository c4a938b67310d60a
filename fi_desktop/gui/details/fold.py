"""Something that is folded away below a triangle until it is asked for."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

_LINES = 10


class Fold(QWidget):
    """A heading with a triangle, and a text below it that can be read, scrolled and copied."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton(self)
        self.button.setObjectName("fold")
        self.button.setText(heading)
        self.button.setAccessibleName(heading)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.text = QPlainTextEdit(self)
        self.text.setAccessibleName(heading)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.button)
        column.addWidget(self.text)
        self.button.toggled.connect(self._on_toggled)

    def set_code(self) -> None:
        """Show the text in letters of one width."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * 0.9)
        self.text.setFont(font)

    def show_lines(self, lines: str) -> None:
        """Show a text; nothing at all where it is empty. What was scrolled to stays where it is."""
        self.setVisible(bool(lines))
        if lines == self.text.toPlainText():
            return
        across, down = self.text.horizontalScrollBar().value(), self.text.verticalScrollBar().value()
        self.text.setPlainText(lines)
        shown = min(_LINES, lines.count("\n") + 1)
        self.text.setFixedHeight(round((shown + 1.5) * self.text.fontMetrics().lineSpacing()) + 12)
        self.text.horizontalScrollBar().setValue(across)
        self.text.verticalScrollBar().setValue(down)

    @Slot(bool)
    def _on_toggled(self, unfolded: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.text.setVisible(unfolded)
