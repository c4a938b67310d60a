"""Files that macOS opens with the program: they come as events, not as arguments."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent


class FileOpenings(QObject):
    """Listens for files that are opened from the Finder or dropped on the program's icon.

    Signals:
        opened: paths (list of str).
    """

    opened = Signal(object)

    def __init__(self, application: QCoreApplication) -> None:
        super().__init__(application)
        application.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Take what opens a file; leave everything else."""
        if not isinstance(event, QFileOpenEvent):
            return False
        if path := event.file():  # an address that is no file's has none
            self.opened.emit([path])
        return True
