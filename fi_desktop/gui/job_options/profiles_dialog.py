"""Renames and deletes the person's own profiles; a deleted one can be put back while the dialog is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import room
from fi_desktop.gui.item_list import ItemList
from fi_desktop.gui.job_options.told import ChoiceWords
from fi_desktop.watch.profiles import LONGEST_NAME, Profile

if TYPE_CHECKING:
    from fi_desktop.gui.job_options.profiles import ProfileDesk


class ProfilesDialog(QDialog):
    """A list of the person's profiles; a name is edited in its place.

    Attributes:
        list: the profiles.
        delete: deletes the one that is chosen.
        undo: puts back what was deleted last.
        told: what the chosen profile holds.
    """

    def __init__(self, desk: ProfileDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._words = ChoiceWords(self)
        self._gone: list[tuple[Profile, int]] = []
        self.setWindowTitle(self.tr("Edit profiles"))
        self.list = ItemList(self)
        self.list.setAccessibleName(self.tr("Your profiles"))
        self.told = QLabel(self)
        self.told.setObjectName("quiet")
        self.told.setWordWrap(True)
        rename = QPushButton(self.tr("&Rename"), self)
        self.delete = QPushButton(self.tr("&Delete"), self)
        self.undo = QPushButton(self.tr("&Undo"), self)
        row = QHBoxLayout()
        for button in (rename, self.delete, self.undo):
            button.setObjectName("plain")
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch()
        done = QPushButton(self.tr("Done"), self)
        done.setObjectName("primary")
        buttons = QDialogButtonBox(self)
        buttons.addButton(done, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.list, 1)
        column.addWidget(self.told)
        column.addLayout(row)
        column.addWidget(buttons)
        rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.delete.clicked.connect(self._on_delete_asked)
        self.undo.clicked.connect(self._on_undo_asked)
        self.list.currentRowChanged.connect(self._on_chosen)
        self.list.itemChanged.connect(self._on_edited)
        room.resize(self, (400, 320))
        self._fill(0)

    def _fill(self, row: int) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for profile in self._desk.own:
            item = QListWidgetItem(profile.name, self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.list.setCurrentRow(min(row, self.list.count() - 1))
        self.list.blockSignals(False)
        self._on_chosen()

    @Slot()
    def _on_chosen(self) -> None:
        row = self.list.currentRow()
        self.told.setText(self._words.told(self._desk.own[row].choice) if row >= 0 else "")
        self.delete.setEnabled(row >= 0)
        self.undo.setEnabled(bool(self._gone))

    @Slot(QListWidgetItem)
    def _on_edited(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        profile, name = self._desk.own[row], " ".join(item.text().split())[:LONGEST_NAME]
        others = [self._desk.title(other) for other in self._desk.all() if other != profile]
        if name and name not in others and name != profile.name:
            self._desk.rename(profile, name)
        self._fill(row)

    @Slot()
    def _on_delete_asked(self) -> None:
        row = self.list.currentRow()
        profile = self._desk.own[row]
        self._gone.append((profile, row))
        self._desk.delete(profile)
        self._fill(row)

    @Slot()
    def _on_undo_asked(self) -> None:
        profile, row = self._gone.pop()
        if self._desk.find(profile.name) is None:
            self._desk.put_back(profile, row)
        self._fill(row)
