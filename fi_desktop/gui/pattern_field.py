"""The field of the setting that says how files are named, with an example of what is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from fi_desktop.core.errors import UserError
from fi_desktop.core.name_patterns import READY_PATTERNS, label_of_file, name_pattern
from fi_desktop.gui.local_dates import shown_date
from fi_desktop.gui.setting_fields import FIELD_WIDTH, SettingField

_MORNING = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)  # a day that is no month
_RECORDERS_NAME = "20261127_103000"


class PatternField(SettingField):
    """A list of patterns, another one may be typed; below it what is read from a name of that form.

    Attributes:
        example: says what is read.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._combo = QComboBox(self)
        self._combo.setEditable(True)
        self._combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._combo.setFixedWidth(FIELD_WIDTH)
        self._combo.addItems(["", *READY_PATTERNS])
        line = self._combo.lineEdit()
        assert line is not None  # it is editable
        line.setPlaceholderText(self.tr("only dates of recorders"))
        self.example = QLabel(self)
        self.example.setObjectName("quiet")
        self.example.setTextFormat(Qt.TextFormat.PlainText)
        self.example.setWordWrap(True)
        self.example.setFixedWidth(FIELD_WIDTH)
        self.example.setAccessibleName(self.tr("Example"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._combo)
        column.addWidget(self.example)
        self.editor = self._combo
        self.setFocusProxy(self._combo)
        self._combo.editTextChanged.connect(self._on_changed)
        self._show_example()

    def raw_value(self) -> Any:
        """Return the pattern."""
        return self._combo.currentText().strip()

    def show_value(self, value: Any) -> None:
        """Show a pattern."""
        self._combo.setEditText(value)

    @Slot()
    def _on_changed(self) -> None:
        self._show_example()
        self.edited.emit()

    def _show_example(self) -> None:
        self.example.setText(self._example(self.raw_value()))

    def _example(self, pattern: str) -> str:
        """Return a name of this form, and what is read from it; "" if the pattern makes no sense."""
        moment = _MORNING.replace(tzinfo=None)
        try:
            name = name_pattern(pattern).filled("García 12", moment) if pattern else _RECORDERS_NAME
        except UserError:
            return ""
        label = label_of_file(name, pattern, modified_at=None, now=_MORNING.timestamp())
        read = [self.tr("case {case}").format(case=label.case)] if label.case else []
        read += [shown_date(label.recorded_at)] if label.recorded_at else []
        return f"{name}.wav → {', '.join(read)}"
