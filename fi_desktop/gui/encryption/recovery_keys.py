"""Recovery keys: the list of public keys, and the dialog that shows a new key once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import clipboard, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.widgets import FileDialog, ItemList
from fi_desktop.system.files import write_whole

_PRIVATE = 0o600
_LIST_PX = 84


class RecoveryKeys(QWidget):
    """Lists the public keys of those who can recover the data.

    Attributes:
        list: the public keys.
        make, add, remove: the buttons.

    Signals:
        wanted: the public keys that there should be, a list of str.
        make_requested: make a new recovery key.
    """

    wanted = Signal(object)
    make_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        about = QLabel(
            self.tr(
                "A recovery key opens the results if the keyring is lost or the passphrase is forgotten. "
                "Keep it away from this computer."
            ),
            self,
        )
        about.setWordWrap(True)
        about.setObjectName("quiet")
        self.list = ItemList(self)
        self.list.setAccessibleName(self.tr("Recovery keys"))
        self.list.setFixedHeight(_LIST_PX)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.make = QPushButton(self.tr("New recovery key…"), self)
        self.add = QPushButton(self.tr("Add a public key…"), self)
        self.remove = QPushButton(self.tr("Remove"), self)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.make, self.add, self.remove):
            button.setObjectName("plain")
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(about)
        column.addWidget(self.list)
        column.addLayout(row)
        self.make.clicked.connect(self.make_requested)
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self.list.itemSelectionChanged.connect(self._on_selected)

    @property
    def keys(self) -> list[str]:
        """The public keys."""
        return [self.list.item(row).text() for row in range(self.list.count())]

    def show_keys(self, keys: list[str]) -> None:
        """Show the public keys that there are."""
        self.list.clear()
        for key in keys:
            item = QListWidgetItem(key)
            item.setToolTip(key)
            self.list.addItem(item)
        self._on_selected()

    @Slot()
    def _on_selected(self) -> None:
        self.remove.setEnabled(bool(self.list.selectedItems()))

    @Slot()
    def _on_add(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle(self.tr("Add a public key"))
        dialog.setLabelText(self.tr("Public key of age, which begins with age1:"))
        dialog.setOkButtonText(self.tr("Add"))
        dialog.setCancelButtonText(self.tr("Cancel"))
        dialog.resize(520, dialog.sizeHint().height())
        dialog.textValueSelected.connect(self._on_added)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_added(self, key: str) -> None:
        if (key := key.strip()) and key not in self.keys:
            self.wanted.emit([*self.keys, key])

    @Slot()
    def _on_remove(self) -> None:
        gone = {item.text() for item in self.list.selectedItems()}
        self.wanted.emit([key for key in self.keys if key not in gone])


class NewRecoveryKeyDialog(QDialog):
    """Shows a new recovery key, once: it is nowhere stored.

    Attributes:
        key: the key, to read and copy.
        copy, save: the buttons that put it somewhere.
        kept: the person has it; enabled once it was copied or saved.
        message: where it was saved, or why it was not.
        public: its public key.
    """

    def __init__(self, identity: str, public: str, bridge: Bridge, parent: QWidget) -> None:
        """Show an age identity and its public key."""
        super().__init__(parent)
        self.public, self._identity, self._bridge = public, identity, bridge
        self.setWindowTitle(self.tr("New recovery key"))
        title = QLabel(self.tr("This key is shown only now"), self)
        title.setFont(theme.scaled(self.font(), 1.25, QFont.Weight.DemiBold))
        about = QLabel(
            self.tr(
                "With this key and this computer, anybody can read all results. Keep it in a safe place that "
                "is not on this computer: on paper, or on a stick."
            ),
            self,
        )
        about.setWordWrap(True)
        self.key = QLineEdit(identity, self)
        self.key.setReadOnly(True)
        self.key.setAccessibleName(self.tr("Recovery key"))
        self.key.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.key.setMinimumWidth(self.key.fontMetrics().horizontalAdvance(identity) + 24)
        self.key.setCursorPosition(0)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setObjectName("quiet")
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.copy = QPushButton(self.tr("Copy"), self)
        self.save = QPushButton(self.tr("Save to a file…"), self)
        cancel = QPushButton(self.tr("Cancel"), self)
        self.kept = QPushButton(self.tr("I have kept it"), self)
        self.kept.setObjectName("primary")
        self.kept.setEnabled(False)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        for button in (self.copy, self.save, cancel):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        foot.addWidget(self.copy)
        foot.addWidget(self.save)
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.kept)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        for widget in (title, about, self.key, self.message):
            column.addWidget(widget)
        column.addLayout(foot)
        self.copy.clicked.connect(self._on_copy)
        self.save.clicked.connect(self._on_save)
        cancel.clicked.connect(self.reject)
        self.kept.clicked.connect(self.accept)

    @Slot()
    def _on_copy(self) -> None:
        clipboard.copy_text(self._identity)
        self.message.setText(self.tr("Copied. It is removed from the clipboard when the program is locked."))
        self.kept.setEnabled(True)

    @Slot()
    def _on_save(self) -> None:
        dialog = FileDialog(self, self.tr("Save the recovery key"))
        dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(FileDialog.FileMode.AnyFile)
        dialog.selectFile("fi-desktop-recovery-key.txt")
        dialog.fileSelected.connect(self.save_to)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def save_to(self, path: str) -> None:
        """Save it to a file that only this account can read, as age-keygen does."""
        text = f"# public key: {self.public}\n{self._identity}\n"
        write = partial(write_whole, Path(path), text.encode(), mode=_PRIVATE)
        self._bridge.run_task(write, partial(self._on_saved, path), self.message.setText)

    def _on_saved(self, path: str, _outcome: object) -> None:
        self.message.setText(self.tr("Saved to {path}.").format(path=path))
        self.kept.setEnabled(True)
