"""Who a speaker is: name and role, with a sample of the voice."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.revision import Describe
from fi_desktop.core.transcript import Person, Role
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.result.player import Player
from fi_desktop.gui.result.review_session import ReviewSession

_COLUMNS = 3
_SAMPLE_S = 5.0


class SpeakerDialog(QDialog):
    """Asks for name and role of a speaker.

    Attributes:
        name: the field for the name.
        roles: the button of each role.
        hear: plays some seconds of the voice.

    Signals:
        hear_asked: play some seconds of the voice.
    """

    hear_asked = Signal()

    def __init__(self, shown_name: str, person: Person, parent: QWidget | None = None) -> None:
        """shown_name: what the speaker is called now."""
        super().__init__(parent)
        self._labels = UiLabels(self)
        self.setWindowTitle(self.tr("Who is {speaker}?").format(speaker=shown_name))
        self.name = QLineEdit(person.name, self)
        self.name.setAccessibleName(self.tr("Name"))
        self.name.setPlaceholderText(self.tr("Name"))
        self.name.selectAll()
        self.roles: dict[Role, QPushButton] = {}
        grid = QGridLayout()
        for number, role in enumerate(Role):
            button = QPushButton(self._labels.role(role), self)
            button.setObjectName("plain")
            button.setCheckable(True)
            button.setChecked(role is person.role)
            button.setShortcut(QKeySequence(f"Alt+{number + 1}"))
            button.setToolTip(button.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            button.clicked.connect(partial(self._on_role, role))
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
            self.roles[role] = button
        self.hear = QPushButton(self.tr("Hear this voice"), self)
        self.hear.setObjectName("plain")
        self.hear.clicked.connect(self.hear_asked)
        done, cancel = QPushButton(self.tr("OK"), self), QPushButton(self.tr("Cancel"), self)
        done.setObjectName("primary")
        done.setDefault(True)
        cancel.setObjectName("plain")
        done.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.hear)
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(done)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(self.name)
        column.addWidget(QLabel(self.tr("Role"), self))
        column.addLayout(grid)
        column.addSpacing(6)
        column.addLayout(buttons)

    @property
    def role(self) -> Role | None:
        """The chosen role."""
        return next((role for role, button in self.roles.items() if button.isChecked()), None)

    @Slot()
    def _on_role(self, role: Role) -> None:
        for other, button in self.roles.items():
            if other is not role:
                button.setChecked(False)


class SpeakerNaming(QObject):
    """Asks who a speaker is, and lets their voice be heard meanwhile."""

    def __init__(self, session: ReviewSession, player: Player, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._player = player
        self._over = parent
        self._labels = UiLabels(self)

    @Slot(str)
    def rename(self, label: str) -> None:
        """Ask for name and role of a speaker."""
        if not self._session.may_change():
            return
        transcript = self._session.transcript
        dialog = SpeakerDialog(self._labels.speaker(label, transcript), transcript.person(label), self._over)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.hear_asked.connect(partial(self.hear, label))
        dialog.accepted.connect(partial(self._on_accepted, label, dialog))
        dialog.open()

    def hear(self, label: str) -> None:
        """Play some seconds of a speaker's longest turn."""
        turns = [turn for turn in self._session.transcript.turns if turn.speaker == label]
        if turns:
            longest = max(turns, key=lambda turn: turn.duration)
            self._player.set_loop(None)
            self._player.play(max(longest.start, (longest.start + longest.end - _SAMPLE_S) / 2))

    def _on_accepted(self, label: str, dialog: SpeakerDialog) -> None:
        name, role = " ".join(dialog.name.text().split()), dialog.role
        person = self._session.transcript.person(label)
        if (name, role) != (person.name, person.role):
            self._session.edit(Describe(label, name, role))
