"""The screen lock: hides all windows behind a lock screen until the PIN or the passphrase is entered.

Windows are hidden and their native windows destroyed, so that neither screenshots nor screen readers find
their content. Windows that open while locked stay hidden until the lock is opened. Jobs keep running. The
vault is locked too, if data is encrypted: finished results cannot be read then, by no part of the program.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.gui import clipboard, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.drag_and_drop import is_export
from fi_desktop.gui.encryption.unlock_form import Secret, UnlockForm
from fi_desktop.gui.widgets import path_from_url
from fi_desktop.viewmodel import pin, unlocking
from fi_desktop.viewmodel.pin import PinAttempts
from fi_desktop.viewmodel.unlocking import LockKind, SealedProgram

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
_FIELD_WIDTH = 200


class ScreenLock(QObject):
    """Locks and unlocks all windows.

    Attributes:
        screen: the lock screen; None while unlocked.
        attempts: counts wrong PINs and passphrases.

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

    def __init__(self, program: SealedProgram, bridge: Bridge, window: Callable[[], QWidget]) -> None:
        """Prepare; `window` returns the main window, whose place the lock screen takes."""
        super().__init__()
        self._program, self._home = program, program.settings.home
        self._bridge, self._window = bridge, window
        self._ready = False
        self._hidden: list[QWidget] = []
        self.screen: LockScreen | None = None
        self.attempts = PinAttempts(time.monotonic, pin.attempts_file(self._home))
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

    @property
    def kind(self) -> LockKind:
        """What the lock protects."""
        return unlocking.lock_kind(self._program.settings.keys)

    @Slot()
    def lock(self) -> None:
        """Lock, or emit `pin_needed` if something must be chosen first that unlocks the windows."""
        if self.locked:
            self.bring_to_front()
        elif self.kind is LockKind.PASSPHRASE:
            if self._ready:  # else the dialog that asks for the passphrase is open, and nothing can be seen
                self._lock()
        elif pin.is_set(self._home):
            self._lock()
        else:
            self.pin_needed.emit()

    @Slot()
    def lock_if_possible(self) -> None:
        """Lock if there is something that unlocks the windows again."""
        if not self.locked and (self.kind is LockKind.PASSPHRASE or pin.is_set(self._home)):
            self.lock()

    def restore(self) -> None:
        """Lock if the program was locked when it ended; a passphrase is asked for at the start anyway."""
        if pin.was_locked(self._home) and self.kind is not LockKind.PASSPHRASE:
            self._lock()

    def set_ready(self) -> None:
        """Lock the vault too from now on: the queue works, and the window has its list of jobs."""
        if self._ready:
            return
        self._ready = True
        if self.locked:
            self._lock_vault()
        else:
            pin.save_locked(self._home, locked=False)  # the passphrase was given at the start

    @Slot()
    def bring_to_front(self) -> None:
        """Show the lock screen in front of all other windows, if locked."""
        if self.screen is not None:
            if self.screen.isMinimized():
                self.screen.showNormal()
            self.screen.show()
            self.screen.raise_()
            self.screen.activateWindow()
            self.screen.form.field.setFocus()

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
        self.screen = LockScreen(self._program, self._bridge, self.attempts)
        self.screen.unlocked.connect(self._on_unlocked)
        self.screen.files_dropped.connect(self.files_dropped)
        self.screen.end_requested.connect(self.end_requested)
        self._update_event_filter()
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        self._hide_windows()
        clipboard.clear()
        if self._bridge.trail is not None:
            self._bridge.trail.record(Act(ActKind.LOCKED))
        if self._ready:
            self._lock_vault()
        self.changed.emit(True)
        self.screen.setGeometry(geometry)
        self.screen.setWindowState(state)
        if minimised:
            self.screen.show()
        elif visible:
            self.bring_to_front()

    def _lock_vault(self) -> None:
        """Remove the key from memory; on the thread on which it is unlocked, so after each other."""
        self._bridge.run_task(self._program.lock, None, self._on_vault_not_locked)

    @Slot(str)
    def _on_vault_not_locked(self, sentence: str) -> None:
        if self.screen is not None:
            self.screen.form.show_problem(sentence)

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
        self._bridge.retry()
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
        self.lock_if_possible()

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
    """The window shown while the program is locked: its name, and a field for the PIN or the passphrase.

    Attributes:
        form: checks what is typed.
        forgot: explains what can be done without the PIN or the passphrase.

    Signals:
        unlocked: the PIN or the passphrase was correct.
        files_dropped: paths dropped here, a list of Path.
        end_requested: the person logs out.
    """

    unlocked = Signal()
    files_dropped = Signal(object)
    end_requested = Signal()

    def __init__(self, program: SealedProgram, bridge: Bridge, attempts: PinAttempts) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._kind = unlocking.lock_kind(program.settings.keys)
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self.setMinimumSize(420, 360)
        self.setAcceptDrops(True)
        self._icon, title = QLabel(self), QLabel(self.tr("fi-desktop is locked"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        subtitle = QLabel(self.tr("Recordings are still being processed."), self)
        subtitle.setObjectName("quiet")
        self.form = UnlockForm(
            self._secret(),
            partial(unlocking.unlocks, program),
            attempts,
            bridge,
            field_px=_FIELD_WIDTH,
            error_px=_TEXT_WIDTH,
            parent=self,
        )
        self.form.opened.connect(self.unlocked)
        by_passphrase = self._kind is LockKind.PASSPHRASE
        self.forgot = QPushButton(
            self.tr("Forgot the passphrase?") if by_passphrase else self.tr("Forgot the PIN?"), self
        )
        self.forgot.setObjectName("link")
        self._help = QLabel(self._help_text(), self)
        self._help.setObjectName("quiet")
        self._path = QLineEdit(str(pin.pin_file(program.settings.home)), self)
        self._path.setReadOnly(True)
        self._path.setAccessibleName(self.tr("PIN file"))
        self._path.setFixedWidth(_TEXT_WIDTH)
        self._path.setCursorPosition(0)
        self._help.setWordWrap(True)
        self._help.setFixedWidth(_TEXT_WIDTH)
        self._help.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._help.setMinimumHeight(self._help.heightForWidth(_TEXT_WIDTH))
        self._show_help(False)
        self.forgot.clicked.connect(partial(self._show_help, True))
        self._lay_out((self._icon, title, subtitle))
        self._apply_colours()

    @property
    def help(self) -> str:
        """What can be done without the PIN or the passphrase."""
        return self._help.text()

    def _secret(self) -> Secret:
        if self._kind is LockKind.PASSPHRASE:
            return Secret(
                self.tr("Passphrase"),
                self.tr("This is not the passphrase."),
                self.tr("This is not the passphrase. Try again in {seconds} s."),
            )
        wait = self.tr("Incorrect PIN. Try again in {seconds} s.")
        return Secret(self.tr("PIN"), self.tr("Incorrect PIN."), wait, optional=True)

    def _help_text(self) -> str:
        match self._kind:
            case LockKind.PASSPHRASE:
                return self.tr(
                    "Your results are encrypted, and the key is not in memory. Only the passphrase opens "
                    "them, or a recovery key, which you can enter instead. There is no other way."
                )
            case LockKind.KEYRING:
                return self.tr(
                    "The PIN only keeps others from looking. Your results are encrypted, but this account's "
                    "keyring opens them without the PIN. To remove the PIN, delete this file and unlock with "
                    "an empty field:"
                )
        return self.tr(
            "The PIN only keeps others from looking. It does not encrypt your recordings, which are as "
            "safe as your account on this computer. To remove the PIN, delete this file and unlock with "
            "an empty field:"
        )

    def _lay_out(self, head: tuple[QWidget, ...]) -> None:
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        for widget in head:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        column.addWidget(self.form)
        for widget in (self.forgot, self._help, self._path):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def _show_help(self, shown: bool) -> None:
        self._help.setVisible(shown)
        self._path.setVisible(shown and self._kind is not LockKind.PASSPHRASE)

    def _apply_colours(self) -> None:
        quiet = theme.quiet(self.palette())
        self._icon.setPixmap(theme.pixmap("lock", 48, quiet, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_path"):
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
