"""The fields that edit the values of settings, one class for each kind of value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QLocale, Qt, QTime, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTimeEdit,
    QWidget,
)

from fi_desktop.gui.adding.languages_dialog import LanguagesDialog
from fi_desktop.gui.adding.vocabulary_dialog import TermListBoxes
from fi_desktop.gui.labels import UiLabels, clock_time

_NUMBER_WIDTH = 80
FIELD_WIDTH = 240
_CLOCK = "HH:mm"


class SettingField(QWidget):
    """Edits one value.

    Attributes:
        editor: the widget that takes keyboard focus.

    Signals:
        edited: the value may have changed.
    """

    edited = Signal()
    editor: QWidget

    def raw_value(self) -> Any:
        """Return what is typed or chosen, unparsed."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def text_of(self, value: Any) -> str:
        """Return a value as text for people."""
        return str(value)

    def _set_editor(self, editor: QWidget) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(editor)
        self.editor = editor
        self.setFocusProxy(editor)


class ChoiceField(SettingField):
    """A drop-down list."""

    def __init__(
        self,
        choices: Sequence[tuple[str, str]],
        parent: QWidget | None = None,
        *,
        label: Callable[[str], str] = str,
    ) -> None:
        """Offer `choices`: pairs of label and value. label: of any other value that is set."""
        super().__init__(parent)
        self._label = label
        self._combo = QComboBox(self)
        self._combo.setFixedWidth(FIELD_WIDTH)
        for text, value in choices:
            self._combo.addItem(text, value)
        self._combo.currentIndexChanged.connect(self.edited)
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._set_editor(self._combo)

    def raw_value(self) -> Any:
        """Return the chosen value."""
        return self._combo.currentData()

    def show_value(self, value: Any) -> None:
        """Choose a value; add it if it is not in the list."""
        if self._combo.findData(value) < 0:
            self._combo.addItem(self._label(value), value)
        self._combo.setCurrentIndex(self._combo.findData(value))

    def text_of(self, value: Any) -> str:
        """Return the label of a value."""
        index = self._combo.findData(value)
        return self._combo.itemText(index) if index >= 0 else str(value)


class FlagField(SettingField):
    """A check box."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QCheckBox(self)
        self._box.toggled.connect(self.edited)
        self._set_editor(self._box)

    def raw_value(self) -> Any:
        """Return whether the box is checked."""
        return self._box.isChecked()

    def show_value(self, value: Any) -> None:
        """Check or uncheck the box."""
        self._box.setChecked(value)

    def text_of(self, value: Any) -> str:
        """Return "on" or "off"."""
        return self.tr("on") if value else self.tr("off")


class NumberField(SettingField):
    """A line for one number, or for several separated by commas."""

    def __init__(self, parent: QWidget | None = None, *, several: bool = False) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        self._line.setFixedWidth(2 * _NUMBER_WIDTH if several else _NUMBER_WIDTH)
        self._line.setAlignment(Qt.AlignmentFlag.AlignLeft if several else Qt.AlignmentFlag.AlignRight)
        self._line.textEdited.connect(self.edited)
        self._set_editor(self._line)

    def raw_value(self) -> Any:
        """Return the typed text."""
        return self._line.text().strip()

    def show_value(self, value: Any) -> None:
        """Show one or several numbers."""
        self._line.setText(self.text_of(value))

    def text_of(self, value: Any) -> str:
        """Return a number without trailing zeros."""
        if isinstance(value, tuple):
            return ", ".join(map(self.text_of, value))
        return f"{value:.10g}"


class TermsField(SettingField):
    """A text box for terms, one per line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QPlainTextEdit(self)
        self._edit.setFixedSize(FIELD_WIDTH, 84)
        self._edit.setTabChangesFocus(True)
        self._edit.setPlaceholderText(self.tr("One per line"))
        self._edit.textChanged.connect(self.edited)
        self._set_editor(self._edit)

    def raw_value(self) -> Any:
        """Return the terms without duplicates."""
        lines = (" ".join(line.split()) for line in self._edit.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def show_value(self, value: Any) -> None:
        """Show terms."""
        self._edit.setPlainText("\n".join(value))

    def text_of(self, value: Any) -> str:
        """Return the terms on one line."""
        return ", ".join(value)


class ClockField(SettingField):
    """A box for a time of the day."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QTimeEdit(self)
        self._edit.setDisplayFormat(QLocale().timeFormat(QLocale.FormatType.ShortFormat))
        self._edit.timeChanged.connect(self._on_changed)
        self._edit.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._edit.setMinimumSize(_NUMBER_WIDTH, 30)
        self._set_editor(self._edit)

    def raw_value(self) -> Any:
        """Return the time as "HH:MM"."""
        return self._edit.time().toString(_CLOCK)

    def show_value(self, value: Any) -> None:
        """Show a time."""
        self._edit.setTime(QTime.fromString(value, _CLOCK))

    def text_of(self, value: Any) -> str:
        """Return the time in the person's locale."""
        return clock_time(value)

    @Slot()
    def _on_changed(self) -> None:
        self.edited.emit()


class LanguagesField(SettingField):
    """A button that names the chosen languages and opens the list of all."""

    def __init__(self, question: str, parent: QWidget | None = None) -> None:
        """question: what the languages are chosen for."""
        super().__init__(parent)
        self._question, self._labels = question, UiLabels(self)
        self._value: tuple[str, ...] = ()
        self._dialog: LanguagesDialog | None = None
        self._button = wide_button(self)
        self._button.clicked.connect(self._on_clicked)
        self._set_editor(self._button)

    def raw_value(self) -> Any:
        """Return the codes of the chosen languages."""
        return self._value

    def show_value(self, value: Any) -> None:
        """Show languages."""
        self._value = tuple(value)
        show_elided(self._button, self.text_of(value), Qt.TextElideMode.ElideRight)

    def text_of(self, value: Any) -> str:
        """Return the names of languages."""
        return self._labels.language(",".join(value)) if value else self.tr("any language")

    @Slot()
    def _on_clicked(self) -> None:
        self._dialog = LanguagesDialog(self._value, self._question, self)
        self._dialog.accepted.connect(self._on_accepted)
        self._dialog.open()

    @Slot()
    def _on_accepted(self) -> None:
        if self._dialog is not None:
            self.show_value(self._dialog.languages)
            self.edited.emit()


class TermListsField(SettingField):
    """Check boxes for vocabulary lists."""

    def __init__(self, available: Iterable[str], parent: QWidget | None = None) -> None:
        """Offer these lists."""
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._boxes = TermListBoxes(available, self)
        self._boxes.changed.connect(self.edited)
        self._set_editor(self._boxes)

    def raw_value(self) -> Any:
        """Return the names of the chosen lists."""
        return self._boxes.chosen

    def show_value(self, value: Any) -> None:
        """Choose lists."""
        self._boxes.choose(value)

    def text_of(self, value: Any) -> str:
        """Return the titles of lists."""
        return ", ".join(map(self._labels.term_list, value))


def wide_button(parent: QWidget) -> QPushButton:
    """Return a button as wide as the other fields."""
    button = QPushButton(parent)
    button.setObjectName("plain")
    button.setAutoDefault(False)
    button.setFixedWidth(FIELD_WIDTH)
    return button


def show_elided(button: QPushButton, text: str, mode: Qt.TextElideMode) -> None:
    """Show a text on a button as far as there is room, and whole as its tip."""
    elided = button.fontMetrics().elidedText(text, mode, FIELD_WIDTH - 40)
    button.setText(elided.replace("&", "&&"))
    button.setToolTip(text)
