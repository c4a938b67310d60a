"""A list whose items are measured in the style they are shown in."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QListWidget


class ItemList(QListWidget):
    """Measures its items again when it is shown.

    With a screen reader, Qt asks where items are as soon as one is current, before the style is applied.
    """

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the items out."""
        super().showEvent(event)
        self.doItemsLayout()
