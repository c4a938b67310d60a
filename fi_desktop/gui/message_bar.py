"""Messages in the window: the message bar, the question on closing, and the update notice."""

from __future__ import annotations

import time
from collections.abc import Callable
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

_CHECK_EVERY_MS = 3_600_000
_DAY_S = 86_400
_LAST_CHECK = "updates/asked"


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A button in a message.

    Attributes:
        label: the button's text.
        run: called when the button is clicked.
    """

    label: str
    run: Callable[[], None]


class MessageBar(QWidget):
    """Shows one message until it is dismissed or replaced.

    Attributes:
        action_button: runs the message's action; hidden if it has none.

    Signals:
        dismissed: the person closed the message.
    """

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        """Show nothing yet. `closable`: whether the person can close a message."""
        super().__init__(parent)
        self._tone = "info"
        self._icon = QLabel(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a message may quote a file
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
        """The current message."""
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
        text = harmless(sentence)  # may quote file names and system errors
        self._text.setText(text)
        self.setAccessibleDescription(text)
        self._apply_colours()
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def update_text(self, sentence: str) -> None:
        """Change the message's text, such as a count, without announcing it again."""
        self._text.setText(harmless(sentence))

    @Slot()
    def dismiss(self) -> None:
        """Hide the message."""
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

    def _apply_colours(self) -> None:
        colour = theme.tone(self._tone, self.palette())
        name = {"info": "info", "warn": "warning", "bad": "error"}[self._tone]
        self._icon.setPixmap(theme.pixmap(name, 20, colour, self.devicePixelRatioF()))
        self._close.setIcon(theme.icon("close", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.isVisible():
            self._apply_colours()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a tinted background with a line at the bottom."""
        painter = QPainter(self)
        colour: QColor = theme.tone(self._tone, self.palette())
        base = self.palette().color(QPalette.ColorRole.Base)
        painter.fillRect(self.rect(), theme.mix(base, colour, 0.12))
        painter.fillRect(self.rect().adjusted(0, self.height() - 1, 0, 0), theme.mix(base, colour, 0.35))


class CloseQuestion(QObject):
    """Asks whether to continue in the background or stop; one question at a time.

    Signals:
        keep_chosen: continue in the background.
        stop_chosen: stop safely and quit.
    """

    keep_chosen = Signal()
    stop_chosen = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.box: QMessageBox | None = None

    def ask(self, running: int, waiting: int, *, tray: bool) -> None:
        """Ask. `tray`: the program continues in the tray, otherwise as a minimised window."""
        if self.box is not None:
            self.box.raise_()
            self.box.activateWindow()
            return
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Close fi-desktop"),
            self.tr("Recordings are being processed: {running} running, {waiting} waiting.").format(
                running=running, waiting=waiting
            ),
            self.tr(
                "Nothing is lost if you stop: these recordings go back to the queue and are processed the "
                "next time you open fi-desktop."
            ),
        )
        keep_text = self.tr("Continue in the background") if tray else self.tr("Continue minimized")
        keep = box.addButton(keep_text, QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(self.tr("Stop and quit"), QMessageBox.ButtonRole.DestructiveRole)
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


class UpdateNotice(QObject):
    """Checks for a new version once a day while the setting is on, and announces it in the message bar."""

    def __init__(self, settings: Settings, bridge: Bridge, message: MessageBar) -> None:
        super().__init__(message)
        self._enabled = settings.check_updates
        self._window_state = WindowState(settings.home)
        self._bridge, self._message = bridge, message
        self._timer = QTimer(self)
        self._timer.setInterval(_CHECK_EVERY_MS)
        self._timer.timeout.connect(self.check)

    def apply_settings(self, settings: Settings) -> None:
        """Use other settings from now on."""
        before, self._enabled = self._enabled, settings.check_updates
        if self._enabled and not before:
            self.check()

    @Slot()
    def check(self) -> None:
        """Check if that is enabled and due."""
        self._timer.start()
        now = time.time()
        if not self._enabled or not _is_due(self._window_state.number(_LAST_CHECK), now):
            return
        self._window_state.save_number(_LAST_CHECK, int(now))  # first: a failed check waits a day too
        self._bridge.run_in_thread("updates", _newer_release, self._announce, _ignore_failure)

    def _announce(self, release: Release | None) -> None:
        if release is None or not self._enabled or self._message.isVisible():
            return
        sentence = self.tr("Version {version} is available.").format(version=release.version)
        self._message.info(
            sentence, MessageAction(self.tr("Open in the browser"), partial(_open_page, release.page))
        )


def _is_due(last_check: int | None, now: float) -> bool:
    # also due if the clock was set back
    return last_check is None or not 0 <= now - last_check < _DAY_S


def _newer_release() -> Release | None:
    from fi_desktop.system import updates

    return updates.newer_release(__version__, updates.ADDRESS)


def _open_page(page: str) -> None:
    QDesktopServices.openUrl(QUrl(page))


def _ignore_failure(_sentence: str) -> None:
    """Show nothing: the person did not ask for the check."""
