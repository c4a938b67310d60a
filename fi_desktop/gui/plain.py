"""Words shown letter by letter: Qt takes what looks like HTML for HTML, and a file may be called anything."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as Text
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget


def tip(text: str) -> str:
    """Return a tooltip that shows this text, which may hold a name."""
    if not Text.mightBeRichText(text):
        return text
    return f"<qt>{escape(text).replace(chr(10), '<br>')}</qt>"


def message_box(parent: QWidget, icon: QMessageBox.Icon, title: str, text: str, more: str) -> QMessageBox:
    """Return a question of one line, with `more` in smaller letters below; the buttons are yet to come."""
    box = QMessageBox(parent)
    box.setIcon(icon)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    for label in box.findChildren(QLabel):  # `setTextFormat` is not for the informative text
        label.setTextFormat(Qt.TextFormat.PlainText)
    return box
