"""A sentence across the window's top: what went wrong, and never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QDesktopServices,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QSizePolicy, QToolButton, QWidget

from fi_desktop import __version__
from fi_desktop.core.text import harmless
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.widgets import message_box
from fi_desktop.gui.window_state import WindowState
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from fi_desktop.system.updates import Release


@dataclass(frozen=True, slots=True)
class MessageAction:
    """What a person can do about a message.

    Attributes:
        label: the button's text.
        run: called when the button is clicked.
    """

    label: str
    run: Callable[[], None]


class MessageBar(QWidget):
    """Shows one sentence until it is dismissed, or another one takes its place.

    Attributes:
        action_button: runs the message's action; hidden if it has none.

    Signals:
        dismissed: the person put the sentence away.
    """

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        """Show nothing yet. `closable`: whether a person can put the sentence away."""
        super().__init__(parent)
        self._tone = "info"
        self._icon = QLabel(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a sentence may hold what a file says
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Dismiss this message"))
        self._close.setToolTip(self.tr("Dismiss (Esc)"))
        self._close.clicked.connect(self._on_closed)
        self._close.setVisible(closable)
        self.action_button = QPushButton(self)
        self.action_button.setObjectName("plain")
        self.action_button.setAccessibleName(self.tr("Answer to this message"))
        self.action_button.clicked.connect(self._on_action_clicked)
        self._action: MessageAction | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 7, 8, 7)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addWidget(self.action_button)
        row.addWidget(self._close)
        self.setAccessibleName(self.tr("Message"))
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def info(self, sentence: str, action: MessageAction | None = None) -> None:
        """Show a message that needs no attention."""
        self.show_message(sentence, "info", action)

    def warning(self, sentence: str, action: MessageAction | None = None) -> None:
        """Show a warning."""
        self.show_message(sentence, "warn", action)

    def error(self, sentence: str, action: MessageAction | None = None) -> None:
        """Show an error."""
        self.show_message(sentence, "bad", action)

    def show_message(self, sentence: str, tone: str, action: MessageAction | None = None) -> None:
        """Show a message with an optional action. `tone`: "info", "warn" or "bad"."""
        self._tone = tone
        self._action = action
        if action is not None:
            self.action_button.setText(action.label)
            self.action_button.setAccessibleName(action.label)
        self.action_button.setVisible(action is not None)
        shown = harmless(sentence)  # names and reasons of the system stand in it
        self._text.setText(shown)
        self.setAccessibleDescription(shown)
        self._dress()
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    @Slot()
    def dismiss(self) -> None:
        """Take the sentence away."""
        self.hide()

    @Slot()
    def _on_closed(self) -> None:
        self.dismiss()
        self.dismissed.emit()

    @Slot()
    def _on_action_clicked(self) -> None:
        action = self._action
        self.dismiss()
        if action is not None:
            action.run()

    def _dress(self) -> None:
        colour = theme.tone(self._tone, self.palette())
        name = {"info": "info", "warn": "warning", "bad": "error"}[self._tone]
        self._icon.setPixmap(theme.pixmap(name, 20, colour, self.devicePixelRatioF()))
        self._close.setIcon(theme.icon("close", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.isVisible():
            self._dress()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a tinted ground with a line below."""
        painter = QPainter(self)
        colour: QColor = theme.tone(self._tone, self.palette())
        base = self.palette().color(QPalette.ColorRole.Base)
        painter.fillRect(self.rect(), theme.mix(base, colour, 0.12))
        painter.fillRect(self.rect().adjusted(0, self.height() - 1, 0, 0), theme.mix(base, colour, 0.35))


class CloseQuestion(QObject):
    """Asks whether to go on in the background or to stop; one question at a time.

    Signals:
        keep_chosen: go on in the background.
        stop_chosen: give running jobs back to the queue, and end.
    """

    keep_chosen = Signal()
    stop_chosen = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.box: QMessageBox | None = None

    def ask(self, running: int, waiting: int, *, tray: bool) -> None:
        """Ask. `tray`: the program can go on in the tray, else as a minimised window."""
        if self.box is not None:
            self.box.raise_()
            self.box.activateWindow()
            return
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Close fi-desktop"),
            self.tr("Work is under way: {running} running, {waiting} waiting.").format(
                running=running, waiting=waiting
            ),
            self.tr(
                "Nothing is lost if you stop: the recordings go back to the queue, and are done when you "
                "open fi-desktop again."
            ),
        )
        keep_text = self.tr("Keep running in the background") if tray else self.tr("Keep running, minimised")
        keep = box.addButton(keep_text, QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(self.tr("Stop safely"), QMessageBox.ButtonRole.DestructiveRole)
        box.setEscapeButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        box.setDefaultButton(keep)
        keep.clicked.connect(self.keep_chosen)
        stop.clicked.connect(self.stop_chosen)
        box.finished.connect(self._on_finished)
        self.box = box
        box.open()

    @Slot()
    def _on_finished(self) -> None:
        if self.box is not None:
            self.box.deleteLater()
            self.box = None


_LOOK_EVERY_MS = 3_600_000
_DAY_S = 86_400
_ASKED = "updates/asked"


class UpdateNotice(QObject):
    """Asks once a day while the setting is on, and never else."""

    def __init__(self, settings: Settings, bridge: Bridge, message: MessageBar) -> None:
        super().__init__(message)
        self._wanted = settings.check_updates
        self._window_state = WindowState(settings.home)
        self._bridge, self._message = bridge, message
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)

    def take_settings(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        before, self._wanted = self._wanted, settings.check_updates
        if self._wanted and not before:
            self.look()

    @Slot()
    def look(self) -> None:
        """Ask where that is wanted and due."""
        self._timer.start()
        now = time.time()
        if not self._wanted or not _is_due(self._window_state.number(_ASKED), now):
            return
        self._window_state.keep_number(
            _ASKED, int(now)
        )  # first: who does not answer is not asked again at once
        future: Future[Release | None] = Future()
        # daemon: the program does not wait for it when it ends
        threading.Thread(target=partial(_ask, future), name="updates", daemon=True).start()
        self._bridge.when_done(future, self._tell, _stay_quiet)

    def _tell(self, release: Release | None) -> None:
        if release is None or not self._wanted or self._message.isVisible():
            return
        sentence = self.tr("Version {version} is there.").format(version=release.version)
        self._message.info(
            sentence, MessageAction(self.tr("Show it in the browser"), partial(_show, release.page))
        )


def _is_due(asked: int | None, now: float) -> bool:
    # a clock that was set back is no reason to wait for it
    return asked is None or not 0 <= now - asked < _DAY_S


def _show(page: str) -> None:
    QDesktopServices.openUrl(QUrl(page))


def _stay_quiet(_sentence: str) -> None:
    """Nobody asked: nobody is told that there was no answer."""


def _ask(future: Future[Release | None]) -> None:
    from fi_desktop.system import updates

    try:
        future.set_result(updates.newer_release(__version__, updates.ADDRESS))
    except Exception as error:  # noqa: BLE001 carried over to the GUI thread
        future.set_exception(error)
