"""The fields of the settings that say how results are written by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu, QWidget

from fi_desktop.core.text import one_line
from fi_desktop.exporters import EXPORTERS
from fi_desktop.gui.labels import translated
from fi_desktop.gui.setting_fields import FIELD_WIDTH, ChoiceField, SettingField, show_elided, wide_button
from fi_desktop.gui.widgets import FileDialog


class FolderField(SettingField):
    """A button that shows a folder, and opens a dialog that chooses one."""

    def __init__(self, question: str, parent: QWidget | None = None) -> None:
        """question: what the folder is chosen for."""
        super().__init__(parent)
        self._question, self._value = question, ""
        self._dialog: FileDialog | None = None
        self._button = wide_button(self)
        self._button.clicked.connect(self._on_clicked)
        self._set_editor(self._button)

    def raw_value(self) -> Any:
        """Return the folder's path; "" for none."""
        return self._value

    def show_value(self, value: Any) -> None:
        """Show a folder."""
        self._value = value
        show_elided(self._button, value or self.tr("Choose a folder…"), Qt.TextElideMode.ElideMiddle)

    def text_of(self, value: Any) -> str:
        """Return a folder's path."""
        return value or self.tr("no folder")

    @Slot()
    def _on_clicked(self) -> None:
        dialog = FileDialog(self, self._question)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        if self._value:
            dialog.setDirectory(self._value)
        dialog.fileSelected.connect(self._on_chosen)
        dialog.finished.connect(dialog.deleteLater)
        self._dialog = dialog
        dialog.open()

    @Slot(str)
    def _on_chosen(self, folder: str) -> None:
        self.show_value(str(Path(folder)))
        self.edited.emit()


class FormatsField(SettingField):
    """A button with a menu of formats, several of which may be chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = wide_button(self)
        menu = QMenu(self._button)
        self._actions: dict[str, QAction] = {}
        for format in EXPORTERS:
            action = menu.addAction(self._title(format))
            action.setCheckable(True)
            action.triggered.connect(self._on_triggered)
            self._actions[format] = action
        self._unknown: tuple[str, ...] = ()  # a plugin's that is not installed
        self._button.setMenu(menu)
        self._set_editor(self._button)

    def raw_value(self) -> Any:
        """Return the chosen formats."""
        return (*(name for name, action in self._actions.items() if action.isChecked()), *self._unknown)

    def show_value(self, value: Any) -> None:
        """Choose formats."""
        self._unknown = tuple(name for name in value if name not in self._actions)
        for name, action in self._actions.items():
            action.setChecked(name in value)
        self._show()

    def text_of(self, value: Any) -> str:
        """Return the titles of formats."""
        return ", ".join(map(self._title, value))

    def _title(self, format: str) -> str:
        return translated(EXPORTERS[format].title) if format in EXPORTERS else format

    def _show(self) -> None:
        text = self.text_of(self.raw_value()) or self.tr("Choose formats…")
        show_elided(self._button, text, Qt.TextElideMode.ElideRight)

    @Slot()
    def _on_triggered(self) -> None:
        self._show()
        self.edited.emit()


class TemplateField(ChoiceField):
    """A list of templates; one that is missing or cannot be used is in it only while it is chosen."""

    def __init__(self, templates: Iterable[tuple[str, str]], parent: QWidget | None = None) -> None:
        """Offer templates: pairs of title and name."""
        super().__init__([("", ""), *templates], parent, label=one_line)
        self._combo.setItemText(0, self.tr("None"))


class TextField(SettingField):
    """A line of text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        self._line.setFixedWidth(FIELD_WIDTH)
        self._line.textEdited.connect(self.edited)
        self._set_editor(self._line)

    def raw_value(self) -> Any:
        """Return the text."""
        return self._line.text().strip()

    def show_value(self, value: Any) -> None:
        """Show a text."""
        self._line.setText(value)
