"""What a setting's value is chosen or typed in: one widget a kind, all used alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from fi_desktop.settings import Kind

_NUMBER_WIDTH = 80
_WIDTH = 240


class Field(QWidget):
    """Holds one value.

    Attributes:
        editor: the widget that has the focus while the person types.

    Signals:
        edited: the value may be another.
    """

    edited = Signal()
    editor: QWidget

    def given(self) -> Any:
        """Return what is there, as it was typed or chosen."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def text_of(self, value: Any) -> str:
        """Return a value as a person reads it."""
        return str(value)

    def _hold(self, *widgets: QWidget) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in widgets:
            row.addWidget(widget)
        self.editor = widgets[0]
        self.setFocusProxy(self.editor)


class ChoiceField(Field):
    """One of a list."""

    def __init__(self, choices: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """Offer `choices`: each a word and its value."""
        super().__init__(parent)
        self._combo = QComboBox(self)
        self._combo.setFixedWidth(_WIDTH)
        for word, value in choices:
            self._combo.addItem(word, value)
        self._combo.currentIndexChanged.connect(self.edited)
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._hold(self._combo)

    def given(self) -> Any:
        """Return the value that is chosen."""
        return self._combo.currentData()

    def show_value(self, value: Any) -> None:
        """Choose a value; one that is not offered is added."""
        if self._combo.findData(value) < 0:
            self._combo.addItem(str(value), value)
        self._combo.setCurrentIndex(self._combo.findData(value))

    def text_of(self, value: Any) -> str:
        """Return the word of a value."""
        place = self._combo.findData(value)
        return self._combo.itemText(place) if place >= 0 else str(value)


class TruthField(Field):
    """Yes or no."""

    def __init__(self, words: tuple[str, str], parent: QWidget | None = None) -> None:
        """Show a box to tick; `words`: what off and on are called."""
        super().__init__(parent)
        self._words = words
        self._box = QCheckBox(self)
        self._box.toggled.connect(self.edited)
        self._hold(self._box)

    def given(self) -> Any:
        """Return whether it is ticked."""
        return self._box.isChecked()

    def show_value(self, value: Any) -> None:
        """Tick it, or not."""
        self._box.setChecked(value)

    def text_of(self, value: Any) -> str:
        """Return the word for on or off."""
        return self._words[bool(value)]


class NumberField(Field):
    """A number, or several with commas between them."""

    def __init__(self, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        several = kind is Kind.NUMBERS
        self._line.setFixedWidth(2 * _NUMBER_WIDTH if several else _NUMBER_WIDTH)
        self._line.setAlignment(Qt.AlignmentFlag.AlignLeft if several else Qt.AlignmentFlag.AlignRight)
        self._line.textEdited.connect(self.edited)
        self._hold(self._line)

    def given(self) -> Any:
        """Return what is typed."""
        return self._line.text().strip()

    def show_value(self, value: Any) -> None:
        """Show a number, or several."""
        self._line.setText(self.text_of(value))

    def text_of(self, value: Any) -> str:
        """Return a number without needless digits."""
        if isinstance(value, tuple):
            return ", ".join(map(self.text_of, value))
        return f"{value:.10g}"


class WordsField(Field):
    """Words, one a line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QPlainTextEdit(self)
        self._edit.setFixedSize(_WIDTH, 84)
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText(self.tr("One a line"))
        self._edit.textChanged.connect(self.edited)
        self._hold(self._edit)

    def given(self) -> Any:
        """Return the words, each once."""
        lines = (" ".join(line.split()) for line in self._edit.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def show_value(self, value: Any) -> None:
        """Show words."""
        self._edit.setPlainText("\n".join(value))

    def text_of(self, value: Any) -> str:
        """Return the words in a line."""
        return ", ".join(value)
