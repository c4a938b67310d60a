"""One model in the models dialog: what it is, how it stands, and what can be done with it."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QEvent, Qt, Signal, SignalInstance
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import errors, theme, widgets
from fi_desktop.gui.models_dialog.words import ModelWords
from fi_desktop.gui.models_dialog.work import Meter
from fi_desktop.viewmodel.models_state import Shown


class Doing(Enum):
    """What is done with a model just now."""

    NOTHING = auto()
    FETCHING = auto()
    CHECKING = auto()


class ModelRow(QWidget):
    """Shows one model.

    Attributes:
        name: the pack's.
        install, pause, cancel, check, remove: its buttons; those that make sense are shown.

    Signals (each with the pack's name):
        install_asked: fetch it, go on fetching it, or mend it.
        pause_asked: stop fetching, and keep what has come.
        cancel_asked: forget what has come.
        check_asked: compare every byte.
        remove_asked: delete it.
    """

    install_asked = Signal(str)
    pause_asked = Signal(str)
    cancel_asked = Signal(str)
    check_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, shown: Shown, words: ModelWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = shown.name
        self._words = words
        self._shown = shown
        self._doing = Doing.NOTHING
        self._tone = "neutral"
        self._title, self._icon, self._state = QLabel(self), QLabel(self), QLabel(self)
        self._title.setFont(theme.scaled(self.font(), 1.08, QFont.Weight.DemiBold))
        self._purpose, self._facts, self._trouble = QLabel(self), QLabel(self), QLabel(self)
        self._facts.setObjectName("quiet")
        for label in (self._purpose, self._facts, self._trouble):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)  # a manifest may hold anything
        self._facts.setFont(theme.scaled(self.font(), 0.93))
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setRange(0, 1000)
        self._pace = QLabel(self)
        self._pace.setObjectName("quiet")
        self._pace.setFont(theme.tabular(theme.scaled(self.font(), 0.93)))
        self.install, self.pause = self._button(self.install_asked), self._button(self.pause_asked)
        self.cancel, self.check = self._button(self.cancel_asked), self._button(self.check_asked)
        self.remove = self._button(self.remove_asked)
        self._lay_out()
        self.show_model(shown, Doing.NOTHING)

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        return self._state.text()

    @property
    def doing(self) -> Doing:
        """What is done with it now."""
        return self._doing

    def show_model(self, shown: Shown, doing: Doing) -> None:
        """Show how the model stands."""
        self._shown, self._doing = shown, doing
        title = self._words.title(shown.name)
        self._title.setText(title)
        self._title.setToolTip(widgets.plain_tooltip(f"{shown.name}\n{shown.attribution}"))
        self._purpose.setText(self._words.purpose(shown.name))
        self._facts.setText(self._words.facts(shown))
        self._trouble.setText(errors.sentence(shown.trouble))
        self._trouble.setVisible(bool(shown.trouble))
        busy = doing is not Doing.NOTHING
        paused = bool(shown.fetched_bytes) and not shown.installed and not busy
        self._bar.setVisible(busy or paused)
        self._pace.setVisible(busy or paused)
        if paused:
            self._show_progress(shown.fetched_bytes, max(shown.fetched_bytes, shown.size_bytes), 0.0)
        words = self._say_state(paused=paused)
        self._name_buttons(title, paused=paused)
        self.install.setVisible(not busy and shown.known and (not shown.installed or bool(shown.trouble)))
        self.pause.setVisible(doing is Doing.FETCHING)
        self.cancel.setVisible(busy or paused)
        self.check.setVisible(not busy and shown.installed and not shown.trouble)
        self.remove.setVisible(not busy and shown.installed and not shown.bundled)
        self.setAccessibleName(title)
        self.setAccessibleDescription(f"{words}. {self._purpose.text()} {self._facts.text()}")
        self._dress()

    def show_meter(self, meter: Meter, now: float) -> None:
        """Show how far the work is; `now`: seconds, monotonic."""
        pace = meter.pace(now)
        if meter.stopping:
            self._state.setText(self.tr("Stopping…"))
            self.pause.setEnabled(False)
            self.cancel.setEnabled(False)
        elif meter.total:
            self._show_progress(meter.done, meter.total, pace)
        else:
            self._pace.setText(self.tr("Asking what there is…"))

    def _say_state(self, *, paused: bool) -> str:
        match self._doing:
            case Doing.FETCHING:
                words, self._tone = self.tr("Downloading"), "info"
            case Doing.CHECKING:
                words, self._tone = self.tr("Checking"), "info"
            case _ if self._shown.trouble:
                words, self._tone = self.tr("Cannot be used"), "bad"
            case _ if self._shown.installed:
                words, self._tone = self.tr("Installed"), "good"
            case _ if paused:
                words, self._tone = self.tr("Paused"), "warn"
            case _:
                words, self._tone = self.tr("Needs a free account") if self._shown.gated else "", "neutral"
                if self._shown.recommended:
                    words, self._tone = self.tr("Recommended for this computer"), "good"
        self._state.setText(words)
        return words or self.tr("Not installed")

    def _name_buttons(self, title: str, *, paused: bool) -> None:
        mend = self.tr("Repair") if self._shown.installed else self.tr("Install…")
        texts = {
            self.install: self.tr("Resume") if paused else mend,
            self.pause: self.tr("Pause"),
            self.cancel: self.tr("Cancel"),
            self.check: self.tr("Check"),
            self.remove: self.tr("Remove…"),
        }
        for button, text in texts.items():
            button.setText(text)
            button.setAccessibleName(f"{text.removesuffix('…')}: {title}")
            button.setEnabled(True)
        self._bar.setAccessibleName(self.tr("Progress: {title}").format(title=title))

    def _show_progress(self, done: int, total: int, pace: float) -> None:
        self._bar.setValue(round(1000 * done / total) if total else 0)
        self._pace.setText(self._words.progress(done, total, pace))

    def _button(self, asked: SignalInstance) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        button.clicked.connect(lambda: asked.emit(self.name))
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._title)
        head.addSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._state)
        head.addStretch()
        text = QVBoxLayout()
        text.setSpacing(3)
        text.addLayout(head)
        text.addWidget(self._purpose)
        text.addWidget(self._facts)
        text.addWidget(self._trouble)
        text.addSpacing(3)
        text.addWidget(self._bar)
        text.addWidget(self._pace)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 13, 24, 12)
        row.setSpacing(8)
        row.addLayout(text, 1)
        row.addSpacing(16)
        for button in (self.install, self.pause, self.check, self.cancel, self.remove):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    def _dress(self) -> None:
        colour = theme.tone(self._tone, self.palette())
        names = {"good": "state-completed", "bad": "error", "warn": "state-retrying", "info": "state-running"}
        self._icon.setVisible(self._tone in names)
        self._stress()
        if self._tone in names:
            self._icon.setPixmap(theme.pixmap(names[self._tone], 16, colour, self.devicePixelRatioF()))
        for label, tone in ((self._state, self._tone), (self._trouble, "bad")):
            palette = QPalette(self.palette())
            palette.setColor(label.foregroundRole(), theme.tone(tone, self.palette()))
            label.setPalette(palette)

    def _stress(self) -> None:
        """Have the button of the recommended model stand out."""
        name = "primary" if self._shown.recommended and self._doing is Doing.NOTHING else "plain"
        if self.install.objectName() != name:
            self.install.setObjectName(name)
            self.install.style().polish(self.install)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "remove"):
            self._dress()
