"""Asks once whether recordings may be sent to the clinic's server; nothing is sent before that.

The answer is a setting that names the server. If the server or the folder for transfers changes, it is asked
again.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.dialogs import DialogOpener, SettingsOwner
from fi_desktop.settings import Settings
from fi_desktop.workers.cluster.link import agreement, destination, is_agreement_missing

_WIDTH_PX = 480


class SendingDialog(QDialog):
    """Says where recordings go, and asks whether they may.

    Attributes:
        place: the server and the folder for transfers, see `destination`.
        send: agrees.
        stay: processes recordings on this computer only, if the clinic's policy allows that.

    Signals:
        chosen: the settings to change (dict by name); empty if there are none.
    """

    chosen = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = destination(settings)
        self._agrees = agreement(settings)
        self._may_stay = not settings.policy.fixes("backend")
        server, _, transfer = self.place.partition(" ")
        self.setWindowTitle(self.tr("Server"))
        title = self._line(self.tr("Recordings are sent to {server}").format(server=server))
        title.setFont(theme.scaled(self.font(), 1.25, QFont.Weight.DemiBold))
        about = self._line(
            self.tr(
                "Your clinic's server processes them. Their sound is encrypted on this computer and sent by "
                "way of {folder}. It is there only while it is processed, and is then deleted."
            ).format(folder=transfer.removeprefix("file://"))
        )
        stays = self._line(
            self.tr(
                "Recordings stay where they are, the names of files are not sent, and results are stored on "
                "this computer."
            )
        )
        later = self._line(self.tr("Change this at any time in File › Settings › Server."))
        later.setObjectName("quiet")
        self.send = QPushButton(self.tr("Send to the server"), self)
        self.send.setObjectName("primary")
        self.stay = QPushButton(
            self.tr("Work on this computer only") if self._may_stay else self.tr("Do not send"), self
        )
        self.stay.setObjectName("plain")
        for button in (self.send, self.stay):
            button.setAutoDefault(False)  # not by a press of Enter that was meant for something else
        self.send.clicked.connect(self._on_send)
        self.stay.clicked.connect(self._on_stay)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(self.stay)
        foot.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 18)
        column.setSpacing(12)
        for line in (title, about, stays, later):
            column.addWidget(line)
        column.addStretch(1)
        column.addLayout(foot)
        self.setMinimumWidth(_WIDTH_PX)

    def _line(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)  # it quotes settings
        label.setWordWrap(True)
        return label

    @Slot()
    def _on_send(self) -> None:
        self._choose(self._agrees)

    @Slot()
    def _on_stay(self) -> None:
        self._choose({"backend": "local"} if self._may_stay else {})

    def _choose(self, changes: dict[str, Any]) -> None:
        self.chosen.emit(changes)
        self.accept()


class SendingOpener(DialogOpener):
    """Opens the dialog if the settings name a server to which nobody has agreed.

    Signals:
        settings_requested: save these settings (dict by name).
    """

    dialog: SendingDialog | None
    settings_requested = Signal(object)

    def __init__(self, program: SettingsOwner, window: QWidget) -> None:
        super().__init__(window)
        self._program, self._window = program, window
        self._answered = ""  # for which server, if the answer was to send nothing

    def ask(self) -> None:
        """Ask, if that is needed; close the question if it is not needed any more."""
        settings = self._program.settings
        place = destination(settings) if is_agreement_missing(settings) else ""
        if self.dialog is not None and self.dialog.place != place:
            self.close()
        if place and place != self._answered and self.dialog is None:
            self.open()

    def _make(self) -> SendingDialog:
        dialog = SendingDialog(self._program.settings, self._window)
        dialog.chosen.connect(self._on_chosen)
        return dialog

    @Slot(object)
    def _on_chosen(self, changes: dict[str, Any]) -> None:
        self._answered = "" if changes else destination(self._program.settings)
        if changes:
            self.settings_requested.emit(changes)
