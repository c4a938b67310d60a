"""The screen lock: hides all windows behind a lock screen until the PIN is entered.

Windows are hidden and their native windows destroyed, so that neither screenshots nor screen readers find
their content. Windows that open while locked stay hidden until the lock is opened. Jobs keep running.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.drag_and_drop import is_export
from fi_desktop.gui.widgets import path_from_url
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import PinAttempts

_INPUT_EVENTS = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.Drop,
    }
)
_TRANSIENT_WINDOWS = frozenset({Qt.WindowType.Popup, Qt.WindowType.ToolTip, Qt.WindowType.SplashScreen})
_TEXT_WIDTH = 340
_COUNTDOWN_MS = 250


class ScreenLock(QObject):
    """Locks and unlocks all windows.

    Attributes:
        screen: the lock screen; None while unlocked.
        attempts: counts wrong PINs.

    Signals:
        changed: whether the windows are locked now.
        pin_needed: a PIN must be set before the windows can be locked.
        files_dropped: paths dropped on the lock screen, a list of Path.
        end_requested: the person logs out.
    """

    changed = Signal(bool)
    pin_needed = Signal()
    files_dropped = Signal(object)
    end_requested = Signal()

    def __init__(self, home: Path, bridge: Bridge, window: Callable[[], QWidget]) -> None:
        """Prepare; `window` returns the main window, whose place the lock screen takes."""
        super().__init__()
        self._home, self._bridge, self._window = home, bridge, window
        self._hidden: list[QWidget] = []
        self.screen: LockScreen | None = None
        self.attempts = PinAttempts(time.monotonic)
        self._idle_timer = QTimer(self)
        self._idle_timer.setSingleShot(True)
        self._idle_timer.timeout.connect(self._on_idle)
        self._filtering = False

    @property
    def locked(self) -> bool:
        """Whether the windows are locked."""
        return self.screen is not None

    def set_timeout(self, minutes: int) -> None:
        """Lock after this many minutes without input; 0: never."""
        self._idle_timer.stop()
        self._idle_timer.setInterval(minutes * 60_000)
        if minutes:
            self._idle_timer.start()
        self._update_event_filter()

    @Slot()
    def lock(self) -> None:
        """Lock, or emit `pin_needed` if there is no PIN yet."""
        if self.locked:
            self.bring_to_front()
        elif pin.is_set(self._home):
            self._lock()
        else:
            self.pin_needed.emit()

    def restore(self) -> None:
        """Lock if the program was locked when it ended."""
        if pin.was_locked(self._home):
            self._lock()

    @Slot()
    def bring_to_front(self) -> None:
        """Show the lock screen in front of all other windows, if locked."""
        if self.screen is not None:
            if self.screen.isMinimized():
                self.screen.showNormal()
            self.screen.show()
            self.screen.raise_()
            self.screen.activateWindow()
            self.screen.pin_field.setFocus()

    def close(self) -> None:
        """Remove the lock screen without showing any window; the next start is locked again."""
        self._idle_timer.stop()
        self._hidden.clear()
        self._remove_screen()
        self._update_event_filter()

    def _lock(self) -> None:
        window = self._window()
        visible, geometry = window.isVisible(), window.geometry()
        state, minimised = window.windowState(), window.isMinimized()
        self._idle_timer.stop()
        pin.save_locked(self._home, locked=True)
        self.screen = LockScreen(self._home, self._bridge, self.attempts)
        self.screen.unlocked.connect(self._on_unlocked)
        self.screen.files_dropped.connect(self.files_dropped)
        self.screen.end_requested.connect(self.end_requested)
        self._update_event_filter()
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        self._hide_windows()
        self.changed.emit(True)
        self.screen.setGeometry(geometry)
        self.screen.setWindowState(state)
        if minimised:
            self.screen.show()
        elif visible:
            self.bring_to_front()

    def _hide_windows(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if widget is self.screen or widget.windowType() in _TRANSIENT_WINDOWS:
                continue
            if widget.isVisible():
                if widget not in self._hidden:
                    self._hidden.append(widget)
                widget.hide()
            if widget.windowHandle() is not None:  # screen readers read hidden windows too
                widget.destroy()

    def _remove_screen(self) -> None:
        if self.screen is not None:
            self.screen.hide()
            self.screen.deleteLater()
            self.screen = None

    @Slot()
    def _on_unlocked(self) -> None:
        if self.screen is None:
            return
        pin.save_locked(self._home, locked=False)
        geometry, window = self.screen.geometry(), self._window()
        self._remove_screen()
        self._update_event_filter()
        hidden, self._hidden = self._hidden, []
        window.show()
        if not (window.isMaximized() or window.isFullScreen()):
            window.setGeometry(geometry)
        for widget in hidden:
            if shiboken6.isValid(widget):  # the window of a job that was removed meanwhile is gone
                widget.show()
        window.activateWindow()
        self.changed.emit(False)
        if self._idle_timer.interval():
            self._idle_timer.start()

    @Slot()
    def _on_idle(self) -> None:
        if pin.is_set(self._home) and not self.locked:
            self._lock()

    def _update_event_filter(self) -> None:
        """Filter the application's events only while necessary: it costs time for every event."""
        application = QApplication.instance()
        needed = self.locked or self._idle_timer.isActive()
        if application is None or needed == self._filtering:
            return
        self._filtering = needed
        if needed:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Restart the idle timer on input; hide windows that open while locked."""
        kind = event.type()
        if self._idle_timer.isActive() and kind in _INPUT_EVENTS:
            self._idle_timer.start()
        elif (
            kind == QEvent.Type.Show
            and self.locked
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and watched is not self.screen
        ):
            # the event comes before the native window is shown
            watched.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
            QTimer.singleShot(0, watched, partial(self._hide_late, watched))
        return False

    def _hide_late(self, widget: QWidget) -> None:
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, False)
        if self.locked:
            self._hide_windows()  # showing a dialog recreates the native window of its parent


class LockScreen(QWidget):
    """The window shown while the program is locked: its name, and a field for the PIN.

    Attributes:
        pin_field: the PIN as typed.
        unlock: checks the PIN.
        forgot: explains how to remove the PIN.

    Signals:
        unlocked: the PIN was correct.
        files_dropped: paths dropped here, a list of Path.
        end_requested: the person logs out.
    """

    unlocked = Signal()
    files_dropped = Signal(object)
    end_requested = Signal()

    def __init__(self, home: Path, bridge: Bridge, attempts: PinAttempts) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._home, self._bridge, self._attempts = home, bridge, attempts
        self._checking = False
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self.setMinimumSize(420, 360)
        self.setAcceptDrops(True)
        self._icon, title = QLabel(self), QLabel(self.tr("fi-desktop is locked"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        subtitle = QLabel(self.tr("Recordings are still being processed."), self)
        subtitle.setObjectName("quiet")
        self.pin_field = QLineEdit(self)
        self.pin_field.setEchoMode(QLineEdit.EchoMode.Password)
        self.pin_field.setPlaceholderText(self.tr("PIN"))
        self.pin_field.setAccessibleName(self.tr("PIN"))
        self.pin_field.setFixedWidth(200)
        self.unlock = QPushButton(self.tr("Unlock"), self)
        self.unlock.setObjectName("primary")
        self._error = QLabel(self)
        self.forgot = QPushButton(self.tr("Forgot the PIN?"), self)
        self.forgot.setObjectName("link")
        self._help = QLabel(
            self.tr(
                "The PIN only keeps others from looking. It does not encrypt your recordings, which are as "
                "safe as your account on this computer. To remove the PIN, delete this file and unlock with "
                "an empty field:"
            ),
            self,
        )
        self._help.setObjectName("quiet")
        self._path = QLineEdit(str(pin.pin_file(home)), self)
        self._path.setReadOnly(True)
        self._path.setAccessibleName(self.tr("PIN file"))
        self._path.setFixedWidth(_TEXT_WIDTH)
        self._path.setCursorPosition(0)
        for label in (self._error, self._help):
            label.setWordWrap(True)
            label.setFixedWidth(_TEXT_WIDTH)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._help.setMinimumHeight(self._help.heightForWidth(_TEXT_WIDTH))
        self._show_help(False)
        self._countdown = QTimer(self)
        self._countdown.setInterval(_COUNTDOWN_MS)
        self._countdown.timeout.connect(self._show_wait)
        self.pin_field.returnPressed.connect(self._on_unlock)
        self.unlock.clicked.connect(self._on_unlock)
        self.forgot.clicked.connect(partial(self._show_help, True))
        self._lay_out((self._icon, title, subtitle))
        self._apply_colours()
        self._show_wait()

    @property
    def error(self) -> str:
        """Why the windows are still locked."""
        return self._error.text()

    def _lay_out(self, head: tuple[QWidget, ...]) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.pin_field)
        row.addWidget(self.unlock)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        for widget in head:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        column.addLayout(row)
        for widget in (self._error, self.forgot, self._help, self._path):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def _show_help(self, shown: bool) -> None:
        self._help.setVisible(shown)
        self._path.setVisible(shown)

    @Slot()
    def _on_unlock(self) -> None:
        if self._checking or self._attempts.wait_s > 0:
            return
        self._checking = True
        check = partial(pin.matches, self._home, self.pin_field.text())
        self._bridge.run_task(check, self._on_checked, self._on_failed)

    def _on_checked(self, correct: bool) -> None:
        self._checking = False
        self._attempts.record(correct=correct)
        self.pin_field.clear()
        if correct:
            self.unlocked.emit()
        else:
            self._show_wait()

    def _on_failed(self, sentence: str) -> None:
        self._checking = False
        self._error.setText(sentence)

    @Slot()
    def _show_wait(self) -> None:
        wait_s = self._attempts.wait_s
        self.pin_field.setEnabled(wait_s <= 0)
        self.unlock.setEnabled(wait_s <= 0)
        if wait_s > 0:
            sentence = self.tr("Incorrect PIN. Try again in {seconds} s.")
            self._error.setText(sentence.format(seconds=math.ceil(wait_s)))
            self._countdown.start()
        else:
            self._error.setText(self.tr("Incorrect PIN.") if self._attempts.failures else "")
            self._countdown.stop()
            self.pin_field.setFocus()

    def _apply_colours(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(self._error.foregroundRole(), theme.tone("bad", self.palette()))
        self._error.setPalette(palette)
        quiet = theme.quiet(self.palette())
        self._icon.setPixmap(theme.pixmap("lock", 48, quiet, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_countdown"):
            self._apply_colours()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Minimise instead of closing; end the program if the person logs out."""
        event.ignore()
        if is_session_ending():
            self.end_requested.emit()
        else:
            self.showMinimized()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept recordings."""
        if is_export(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Pass on recordings without showing them."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        urls = event.mimeData().urls()
        self.files_dropped.emit([path for url in urls if (path := path_from_url(url)) is not None])


def is_session_ending() -> bool:
    """Whether the person is logging out: nothing should ask or wait then."""
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()
