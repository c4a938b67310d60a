"""A dialog that is made when it is asked for, raised where it is open, and forgotten when it is closed."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog


class DialogOpening(QObject):
    """The way to a dialog; who inherits it makes the dialog.

    Attributes:
        dialog: while it is open.
    """

    dialog: QDialog | None = None

    @Slot()
    def open(self) -> None:
        """Show the dialog, or raise it."""
        if self.dialog is None:
            self.dialog = self._make()
            self.dialog.finished.connect(self._on_finished)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def close(self) -> None:
        """Close the dialog without a change, if it is open."""
        if self.dialog is not None:
            self.dialog.reject()

    def _make(self) -> QDialog:
        raise NotImplementedError

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
