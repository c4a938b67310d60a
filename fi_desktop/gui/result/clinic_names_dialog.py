"""The clinic's own list of names, in a dialog."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.exporters.deidentified.identifiers import IdentifierKind
from fi_desktop.exporters.deidentified.name_lists import parsed, save_clinic_text
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.vault.home_files import HomeFiles

_EXAMPLE = "Xóchitl Quetzalpa\nTorre Azul = place\n!Rosa"  # the same in every language


class ClinicNamesDialog(QDialog):
    """Edits the list, one name a line; a list that cannot be used is not saved.

    Attributes:
        field: the list.
        error: why it was not saved.
        save: saves it.

    Signals:
        list_saved: the list, parsed.
    """

    list_saved = Signal(object)

    def __init__(self, text: str, files: HomeFiles, bridge: Bridge, parent: QWidget | None = None) -> None:
        """text: of the list; files: of the data folder."""
        super().__init__(parent)
        self._files, self._bridge = files, bridge
        self.setWindowTitle(self.tr("Names of this clinic"))
        about = QLabel(
            self.tr(
                "These are found in every recording: people who work here, places, whatever must not be in "
                "a de-identified copy. One per line."
            ),
            self,
        )
        about.setWordWrap(True)
        self.field = QPlainTextEdit(text, self)
        self.field.setAccessibleName(self.windowTitle())
        self.field.setTabChangesFocus(True)
        self.field.setPlaceholderText(_EXAMPLE)
        hint = QLabel(
            self.tr(
                "After “=”, a line can say what it is: {kinds}. What starts with “!” is never replaced."
            ).format(kinds=", ".join(kind.value for kind in IdentifierKind)),
            self,
        )
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        self.error = QLabel(self)
        self.error.setWordWrap(True)
        palette = QPalette(self.palette())
        palette.setColor(self.error.foregroundRole(), theme.tone("bad", self.palette()))
        self.error.setPalette(palette)
        self.error.hide()
        self.save, cancel = QPushButton(self.tr("Save"), self), QPushButton(self.tr("Cancel"), self)
        self.save.setObjectName("primary")
        self.save.clicked.connect(self._on_save)
        cancel.setObjectName("plain")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        for widget in (about, self.field, hint, self.error):
            column.addWidget(widget)
        column.addLayout(buttons)
        resize_to_screen(self, (460, 420))

    @Slot()
    def _on_save(self) -> None:
        text = self.field.toPlainText()
        self._bridge.run_task(
            partial(save_clinic_text, self._files, text), partial(self._on_saved, text), self._on_refused
        )

    def _on_saved(self, text: str, _nothing: None) -> None:
        self.list_saved.emit(parsed(text))
        self.accept()

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.show()
