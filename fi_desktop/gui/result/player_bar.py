"""The controls of the player, below the text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from fi_desktop.audio.playback import SPEEDS
from fi_desktop.core.messages import MESSAGES
from fi_desktop.core.text import clock
from fi_desktop.gui import theme
from fi_desktop.gui.labels import sentence
from fi_desktop.gui.result.player import Player
from fi_desktop.gui.widgets import action_button

_SKIP_S = 5.0


class PlayerBar(QWidget):
    """Play, skip, speed, repeat and follow, with the moment that is heard.

    Attributes:
        play, back, forward: the actions; they work while text is edited.
        find_it: finds the recording, while it is gone.
        repeat: repeats the current turn while it is checked.
        follow: keeps what is heard in view while it is checked.

    Signals:
        repeat_changed: whether to repeat the current turn.
    """

    repeat_changed = Signal(bool)

    def __init__(self, player: Player, duration_s: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self._duration_s = duration_s
        self.play = self._action(self.tr("Play"), "Ctrl+Space", player.toggle)
        self.back = self._action(self.tr("5 seconds back"), "Alt+Left", self._on_back)
        self.forward = self._action(self.tr("5 seconds forward"), "Alt+Right", self._on_forward)
        self._buttons = [
            (action_button(self.back, self, 20), "back"),
            (action_button(self.play, self, 20), "play"),
            (action_button(self.forward, self, 20), "forward"),
        ]
        self._time = QLabel(self)
        self._time.setFont(theme.tabular(self.font()))
        self._message = QLabel(self)
        self._message.setObjectName("quiet")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        self.find_it = QPushButton(self.tr("Find it…"), self)
        self.find_it.setObjectName("plain")
        self.find_it.setAccessibleName(self.tr("Find the recording"))
        self.find_it.hide()
        self.speed = QComboBox(self)
        self.speed.setAccessibleName(self.tr("Speed"))
        self.speed.setToolTip(self.tr("Speed"))
        for value in SPEEDS:
            self.speed.addItem(f"{self.locale().toString(value, 'f', 2).rstrip('0').rstrip('.,')}×", value)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.activated.connect(self._on_speed)
        self.repeat = self._toggle(self.tr("Repeat this turn"), "loop")
        self.repeat.toggled.connect(self.repeat_changed)
        self.follow = self._toggle(self.tr("Follow the sound"), "eye")
        self.follow.setChecked(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(4)
        for button, _icon in self._buttons[:3]:
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self._time)
        row.addSpacing(12)
        row.addWidget(self._message, 1)
        row.addWidget(self.find_it)
        row.addWidget(self.speed)
        row.addWidget(self.repeat)
        row.addWidget(self.follow)
        player.moved.connect(self._show_time)
        player.changed.connect(self._on_changed)
        self._on_changed()

    @property
    def message(self) -> str:
        """Why nothing is heard, or ""."""
        return self._message.text()

    def _action(self, text: str, key: str, on_triggered: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(on_triggered)
        self.addAction(action)
        return action

    def _toggle(self, name: str, icon: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("small")
        button.setCheckable(True)
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(name)
        button.setToolTip(name)
        self._buttons.append((button, icon))
        return button

    @Slot()
    def _on_back(self) -> None:
        self._player.skip(-_SKIP_S)

    @Slot()
    def _on_forward(self) -> None:
        self._player.skip(+_SKIP_S)

    @Slot(int)
    def _on_speed(self, index: int) -> None:
        self._player.set_speed(SPEEDS[index])

    @Slot(float)
    def _show_time(self, moment_s: float) -> None:
        self._time.setText(f"{clock(moment_s, decimals=1)} / {clock(self._duration_s)}")
        waiting = self._player.waiting
        if waiting or not self._player.error:
            self._message.setText(self.tr("Reading the recording…") if waiting else "")

    @Slot()
    def _on_changed(self) -> None:
        playing = self._player.playing
        self.play.setText(self.tr("Pause") if playing else self.tr("Play"))
        button = self._buttons[1][0]
        button.setAccessibleName(self.play.text())
        key = self.play.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        button.setToolTip(f"{self.play.text()} ({key})")
        self._buttons[1] = (button, "pause" if playing else "play")
        self.speed.setCurrentIndex(SPEEDS.index(self._player.speed))
        self._show_time(self._player.position_s)
        self.find_it.setVisible(self._player.gone)
        if error := self._player.error:
            message = MESSAGES.get(error)
            self._message.setText(sentence(message()) if message and not message.placeholders else error)
        self._apply_theme()

    def _apply_theme(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(theme.icon(icon, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "follow"):
            self._apply_theme()
