"""What the program puts on the clipboard: marked as secret, and cleared when the program is locked."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QClipboard, QGuiApplication

# KDE's Klipper, and clipboard managers that follow it, do not keep what has this mark
_HINT = "x-kde-passwordManagerHint"
# tells it from what others put there, where the platform does not
_OWN = "application/x-fi-desktop"


def copy_text(text: str) -> None:
    """Put text of a patient on the clipboard."""
    data = QMimeData()
    data.setText(text)
    copy(data)


def copy(data: QMimeData) -> None:
    """Put data of a patient on the clipboard."""
    data.setData(_HINT, b"secret")
    data.setData(_OWN, b"1")
    QGuiApplication.clipboard().setMimeData(data)


def clear() -> None:
    """Clear clipboard and selection if they hold what this program put there."""
    clipboard = QGuiApplication.clipboard()
    held = clipboard.mimeData()
    if clipboard.ownsClipboard() or (held is not None and held.hasFormat(_OWN)):
        clipboard.clear(QClipboard.Mode.Clipboard)
    if clipboard.supportsSelection() and clipboard.ownsSelection():
        clipboard.clear(QClipboard.Mode.Selection)
