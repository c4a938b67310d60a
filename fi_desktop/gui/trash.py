"""The system's trash. Needs no application, so commands use it too; imports nothing but QtCore."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFile


def move_to_trash(path: Path) -> bool:
    """Move a file to the system's trash; return False, and leave it, if that is impossible. Any thread."""
    return bool(QFile.moveToTrash(str(path)))
