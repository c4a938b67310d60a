"""What the program is: version, licence, and everybody whose work is in it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop import __version__
from fi_desktop.gui import icons, room, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.viewmodel import parts


class AboutDialog(QDialog):
    """Says what the program is.

    Attributes:
        others: libraries and models with their licences.
        copy: copies the versions.
    """

    def __init__(self, bridge: Bridge, model_roots: tuple[Path, ...], parent: QWidget | None = None) -> None:
        """Show it; what lies in files is read on another thread."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("About fi-desktop"))
        room.resize(self, (560, 520), least=(480, 380))
        self.others = QPlainTextEdit(self)
        self.others.setReadOnly(True)
        self.others.setTabChangesFocus(True)
        self.others.setAccessibleName(self.tr("Libraries and models, with their licences"))
        self.others.setPlainText(self.tr("Reading…"))
        self.copy = QPushButton(self.tr("Copy version"), self)
        self.copy.setToolTip(self.tr("Copy what to say when you ask for help; nothing of yours is in it"))
        self.close_button = QPushButton(self.tr("Close"), self)
        for button in (self.copy, self.close_button):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self.copy.clicked.connect(self._on_copy)
        self.close_button.clicked.connect(self.close)
        self._lay_out()
        self.close_button.setFocus()
        bridge.work(partial(_read, model_roots), self._on_read, self.others.setPlainText)

    def _lay_out(self) -> None:
        icon, name = QLabel(self), QLabel("fi-desktop", self)
        icon.setPixmap(icons.app_icon().pixmap(QSize(56, 56)))
        name.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        number = QLabel(self.tr("Version {version}").format(version=__version__), self)
        number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        licence = QLabel(self.tr("© 2026 The fi-desktop authors. Free software: MIT licence."), self)
        network = QLabel(
            self.tr(
                "Recordings, results and voices never leave this computer: fi-desktop uses the network only "
                "to fetch a model that you ask for."
            ),
            self,
        )
        whose = QLabel(self.tr("Libraries and models that fi-desktop is made of:"), self)
        for label in (number, licence):
            label.setObjectName("quiet")
        titles = QVBoxLayout()
        titles.setSpacing(2)
        for label in (name, number, licence):
            titles.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(icon)
        head.addLayout(titles, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.copy)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addLayout(head)
        for label in (network, whose):
            label.setWordWrap(True)
            column.addWidget(label)
        column.addWidget(self.others, 1)
        column.addLayout(foot)

    def _on_read(self, read: tuple[list[str], list[str]]) -> None:
        libraries, models = read
        blocks = ((self.tr("Models"), *models), (self.tr("Libraries"), *libraries))
        self.others.setPlainText("\n\n".join("\n".join(block) for block in blocks))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(parts.version())


def _read(model_roots: tuple[Path, ...]) -> tuple[list[str], list[str]]:
    return parts.libraries(), parts.models(model_roots)
