"""A row of large figures, each over what it counts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.words import NOTHING


class Tiles(QWidget):
    """Shows a few figures; all have the same width, so that none moves when another grows."""

    def __init__(self, captions: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._captions = tuple(captions)
        self._figures: list[QLabel] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 16)
        row.setSpacing(16)
        for caption in captions:
            figure, below = QLabel(NOTHING, self), QLabel(caption, self)
            figure.setFont(theme.tabular(theme.scaled(self.font(), 2.0, QFont.Weight.DemiBold)))
            below.setObjectName("quiet")
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(figure)
            column.addWidget(below)
            row.addLayout(column, 1)
            self._figures.append(figure)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown."""
        return tuple(figure.text() for figure in self._figures)

    def show_texts(self, texts: Sequence[str]) -> None:
        """Show these figures, one a caption."""
        for figure, caption, text in zip(self._figures, self._captions, texts, strict=True):
            figure.setText(text)
            figure.setAccessibleName(f"{caption}: {text}")
