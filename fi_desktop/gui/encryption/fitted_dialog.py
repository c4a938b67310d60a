"""A dialog as high as its texts need: Qt sizes dialogs without regard to how texts wrap."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QDialog


class FittedDialog(QDialog):
    """Grows and shrinks with its content; its width is fixed by its content, or by the dialog."""

    def event(self, event: QEvent) -> bool:
        """Fit the height after each change of the layout."""
        handled = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._fit()
        return handled

    def _fit(self) -> None:
        layout = self.layout()
        if layout is None:
            return
        layout.activate()
        width = max(self.minimumWidth(), layout.minimumSize().width())
        height = (
            layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        )
        self.setMinimumHeight(height)
        self.resize(width, height)
