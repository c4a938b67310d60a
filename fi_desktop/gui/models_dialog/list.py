"""The models below their headings, in an order that does not move."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.models_dialog.row import Doing, ModelRow
from fi_desktop.gui.models_dialog.words import ModelWords
from fi_desktop.models import PackKind
from fi_desktop.viewmodel.models_state import Shelf


class ModelsList(QScrollArea):
    """Shows all models.

    Attributes:
        rows: the row of each model, by the pack's name.
    """

    def __init__(self, words: ModelWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, ModelRow] = {}
        self._words = words
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Models"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._page = QWidget(self)
        self._page.setAutoFillBackground(True)
        self._page.setBackgroundRole(QPalette.ColorRole.Base)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 0, 12)
        self._column.setSpacing(0)
        self._sections = {kind: self._section(kind) for kind in PackKind}
        self._column.addStretch()
        self.setWidget(self._page)

    def show_shelf(self, shelf: Shelf, doing: dict[str, Doing]) -> list[ModelRow]:
        """Show every model as it stands; return the rows that are new."""
        there = {shown.name for shown in shelf.models}
        for name in [name for name in self.rows if name not in there]:
            row = self.rows.pop(name)
            row.hide()
            row.deleteLater()
        new: list[ModelRow] = []
        places = dict.fromkeys(PackKind, 1)  # below the heading
        for shown in shelf.models:
            if shown.name not in self.rows:
                row = self.rows[shown.name] = ModelRow(shown, self._words, self._page)
                self._sections[shown.kind].insertWidget(places[shown.kind], row)
                new.append(row)
                if shown.recommended:  # once all is laid out
                    QTimer.singleShot(0, self, partial(self.ensureWidgetVisible, row))
            places[shown.kind] += 1
            self.rows[shown.name].show_model(shown, doing.get(shown.name, Doing.NOTHING))
        return new

    def _section(self, kind: PackKind) -> QVBoxLayout:
        holder = QWidget(self._page)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        heading = QLabel(self._words.kind(kind), holder)
        heading.setObjectName("quiet")
        heading.setFont(theme.scaled(self.font(), 0.95, QFont.Weight.DemiBold))
        heading.setContentsMargins(24, 16, 24, 2)
        column.addWidget(heading)
        self._column.addWidget(holder)
        return column
