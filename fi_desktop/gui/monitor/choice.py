"""A choice of one of a few: buttons in a row, of which one is down. The arrow keys go along them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


class MonitorChoice(QWidget):
    """Offers words, one of which is chosen.

    Attributes:
        buttons: one a word.

    Signals:
        chosen: the place of the word, from 0; by the person, or by `choose`.
    """

    chosen = Signal(int)

    def __init__(self, name: str, words: Sequence[str], parent: QWidget | None = None) -> None:
        """Offer `words`, the first of them chosen; `name` is what a screen reader calls the choice."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self.buttons: list[_Word] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for place, word in enumerate(words):
            button = _Word(self)
            button.setText(word)
            button.setCheckable(True)
            button.setAccessibleName(word)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.stepped.connect(self._on_stepped)
            self._group.addButton(button, place)
            self.buttons.append(button)
            row.addWidget(button)
        self.buttons[0].setChecked(True)
        self._group.idToggled.connect(self._on_toggled)

    @property
    def place(self) -> int:
        """The place of the word that is chosen."""
        return self._group.checkedId()

    def choose(self, place: int) -> None:
        """Choose a word."""
        self.buttons[place].setChecked(True)

    @Slot(int, bool)
    def _on_toggled(self, place: int, checked: bool) -> None:
        if checked:
            self.chosen.emit(place)

    @Slot(int)
    def _on_stepped(self, by: int) -> None:
        place = (self.place + by) % len(self.buttons)
        self.choose(place)
        self.buttons[place].setFocus()


class _Word(QToolButton):
    """A word of the choice.

    Signals:
        stepped: the person goes so many words on, by an arrow key; Qt's own would move the focus alone.
    """

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the next word."""
        if event.key() in _STEPS:
            self.stepped.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)
