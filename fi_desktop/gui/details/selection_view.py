"""Several jobs at once: how many, in which states, how long together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.gui import theme
from fi_desktop.gui.details.attempt_card import set_text, text_label
from fi_desktop.gui.details.words import DetailWords
from fi_desktop.viewmodel.rows import Row


class SelectionView(QWidget):
    """Shows a sum of the selected jobs."""

    def __init__(self, words: DetailWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.heading, self.states, self.length = (text_label(self) for _ in range(3))
        self.heading.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self.length.setObjectName("quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 14)
        column.setSpacing(8)
        for label in (self.heading, self.states, self.length):
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            column.addWidget(label)
        column.addStretch()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show a sum of these jobs."""
        counts = Counter(row.state for row in rows)
        set_text(self.heading, self.tr("%Ln job(s)", "", len(rows)))
        lines = [f"{self._words.common.state(state)}: {counts[state]}" for state in JobState if counts[state]]
        set_text(self.states, "\n".join(lines))
        total_s = sum(row.duration_s or 0.0 for row in rows)
        set_text(self.length, self._words.total(total_s) if total_s else "")
