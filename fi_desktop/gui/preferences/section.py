"""A page of the dialog: a heading, and its settings below it."""

from __future__ import annotations

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.preferences.row import Line


class Section(QWidget):
    """A heading with lines below it.

    Attributes:
        lines: the settings and deeds of the page.
    """

    def __init__(self, title: str, lines: list[Line], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = lines
        heading = QLabel(title, self)
        heading.setFont(theme.scaled(self.font(), 1.35, QFont.Weight.DemiBold))
        heading.setContentsMargins(24, 18, 24, 6)
        self._rules: list[QFrame] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(heading)
        for line in lines:
            rule = QFrame(self)
            rule.setObjectName("line")
            rule.setFixedHeight(1)
            self._rules.append(rule)
            column.addWidget(rule)
            column.addWidget(line)

    def seek(self, sought: str) -> bool:
        """Show the lines in which something is sought is found; return whether there is one."""
        found = [line.seek(sought) for line in self.lines]
        for line, rule, there in zip(self.lines, self._rules, found, strict=True):
            line.setVisible(there)
            rule.setVisible(there)
        if True in found:
            self._rules[found.index(True)].hide()  # none right below the heading
        return any(found)
