"""Locks the program: whatever window it has is taken away, and a cover stands in its place.

Windows are hidden and their native halves destroyed: so neither a picture of the screen nor a screen reader
finds anything of them. One that wants to be shown meanwhile waits until it is unlocked. Jobs go on.
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
from fi_desktop.gui.drag_and_drop import is_ours
from fi_desktop.gui.widgets import path_from_url
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import PinAttempts

_INPUT = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.Drop,
    }
)


_PASSING = frozenset({Qt.WindowType.Popup, Qt.WindowType.ToolTip, Qt.WindowType.SplashScreen})


class ScreenLock(QObject):
    """Covers all windows, and takes the cover away again.

    Attributes:
        cover: while it is locked.
        tries: how often the PIN was wrong.

    Signals:
        changed: whether it is locked now.
        pin_wanted: it cannot be locked before there is a PIN.
        dropped: paths that were dropped on the cover, a list of Path.
        end_asked: the person logs out.
    """

    changed = Signal(bool)
    pin_wanted = Signal()
    dropped = Signal(object)
    end_asked = Signal()

    def __init__(self, home: Path, bridge: Bridge, window: Callable[[], QWidget]) -> None:
        """Prepare; `window`: returns the main window, which the cover stands in for."""
        super().__init__()
        self._home, self._bridge, self._window = home, bridge, window
        self._hidden: list[QWidget] = []
        self.cover: LockScreen | None = None
        self.tries = PinAttempts(time.monotonic)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._on_idle)
        self._watching = False

    @property
    def locked(self) -> bool:
        """Whether the program is locked."""
        return self.cover is not None

    def lock_after(self, minutes: int) -> None:
        """Lock after so many minutes without input; 0: never."""
        self._idle.stop()
        self._idle.setInterval(minutes * 60_000)
        if minutes:
            self._idle.start()
        self._watch()

    @Slot()
    def lock(self) -> None:
        """Lock, or say that there is no PIN yet."""
        if self.locked:
            self.raise_up()
        elif pin.exists(self._home):
            self._lock()
        else:
            self.pin_wanted.emit()

    def begin(self) -> None:
        """Be locked where the program ended so."""
        if pin.was_locked(self._home):
            self._lock()

    @Slot()
    def raise_up(self) -> None:
        """Show the cover and bring it to the front; only while it is locked."""
        if self.cover is not None:
            if self.cover.isMinimized():
                self.cover.showNormal()
            self.cover.show()
            self.cover.raise_()
            self.cover.activateWindow()
            self.cover.field.setFocus()

    def close(self) -> None:
        """Take the cover away for good, with nothing shown behind it; the next start is locked, too."""
        self._idle.stop()
        self._hidden.clear()
        self._drop_cover()
        self._watch()

    def _lock(self) -> None:
        window = self._window()
        seen, geometry = window.isVisible(), window.geometry()
        state, minimised = window.windowState(), window.isMinimized()
        self._idle.stop()
        pin.mark(self._home, locked=True)
        self.cover = LockScreen(self._home, self._bridge, self.tries)
        self.cover.opened.connect(self._on_opened)
        self.cover.dropped.connect(self.dropped)
        self.cover.end_asked.connect(self.end_asked)
        self._watch()
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        self._take_all_away()
        self.changed.emit(True)
        self.cover.setGeometry(geometry)
        self.cover.setWindowState(state)
        if minimised:
            self.cover.show()
        elif seen:
            self.raise_up()

    def _take_all_away(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if widget is self.cover or widget.windowType() in _PASSING:
                continue
            if widget.isVisible():
                if widget not in self._hidden:
                    self._hidden.append(widget)
                widget.hide()
            if widget.windowHandle() is not None:  # one that was hidden is read by screen readers, too
                widget.destroy()

    def _drop_cover(self) -> None:
        if self.cover is not None:
            self.cover.hide()
            self.cover.deleteLater()
            self.cover = None

    @Slot()
    def _on_opened(self) -> None:
        if self.cover is None:
            return
        pin.mark(self._home, locked=False)
        geometry, window = self.cover.geometry(), self._window()
        self._drop_cover()
        self._watch()
        hidden, self._hidden = self._hidden, []
        window.show()
        if not (window.isMaximized() or window.isFullScreen()):
            window.setGeometry(geometry)
        for widget in hidden:
            if shiboken6.isValid(widget):  # a job may have been removed meanwhile, and its window with it
                widget.show()
        window.activateWindow()
        self.changed.emit(False)
        if self._idle.interval():
            self._idle.start()

    @Slot()
    def _on_idle(self) -> None:
        if pin.exists(self._home) and not self.locked:
            self._lock()

    def _watch(self) -> None:
        """Look at the program's events while there is a reason to: each costs a little."""
        application = QApplication.instance()
        wanted = self.locked or self._idle.isActive()
        if application is None or wanted == self._watching:
            return
        self._watching = wanted
        if wanted:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Put the lock off while somebody is there; keep other windows away while it is locked."""
        kind = event.type()
        if self._idle.isActive() and kind in _INPUT:
            self._idle.start()
        elif (
            kind == QEvent.Type.Show
            and self.locked
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and watched is not self.cover
        ):
            watched.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)  # the screen comes after the event
            QTimer.singleShot(0, watched, partial(self._put_off, watched))
        return False

    def _put_off(self, widget: QWidget) -> None:
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, False)
        if self.locked:
            self._take_all_away()  # a dialog brings the native half of its parent back


_WIDTH = 340
_TICK_MS = 250


class LockScreen(QWidget):
    """Stands where the window stood.

    Attributes:
        field: where the PIN is typed.
        unlock: tries it.
        forgot: says what can be done without it.

    Signals:
        opened: the PIN was right.
        dropped: paths that were dropped, a list of Path.
        end_asked: the person logs out.
    """

    opened = Signal()
    dropped = Signal(object)
    end_asked = Signal()

    def __init__(self, home: Path, bridge: Bridge, tries: PinAttempts) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._home, self._bridge, self._tries = home, bridge, tries
        self._asking = False
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self.setMinimumSize(420, 360)
        self.setAcceptDrops(True)
        self._sign, title = QLabel(self), QLabel(self.tr("fi-desktop is locked"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        more = QLabel(self.tr("Recordings that wait are worked on meanwhile."), self)
        more.setObjectName("quiet")
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(self.tr("PIN"))
        self.field.setAccessibleName(self.tr("PIN"))
        self.field.setFixedWidth(200)
        self.unlock = QPushButton(self.tr("Unlock"), self)
        self.unlock.setObjectName("primary")
        self._trouble = QLabel(self)
        self.forgot = QPushButton(self.tr("Forgot the PIN?"), self)
        self.forgot.setObjectName("link")
        self._way_out = QLabel(
            self.tr(
                "The PIN keeps passing eyes out; your recordings are as safe as your account on this "
                "computer. To remove it, delete this file and unlock with an empty field:"
            ),
            self,
        )
        self._way_out.setObjectName("quiet")
        self._path = QLineEdit(str(pin.pin_file(home)), self)
        self._path.setReadOnly(True)
        self._path.setAccessibleName(self.tr("File of the PIN"))
        self._path.setFixedWidth(_WIDTH)
        self._path.setCursorPosition(0)
        for label in (self._trouble, self._way_out):
            label.setWordWrap(True)
            label.setFixedWidth(_WIDTH)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._way_out.setMinimumHeight(self._way_out.heightForWidth(_WIDTH))
        self._show_way_out(False)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_wait)
        self.field.returnPressed.connect(self._on_unlock)
        self.unlock.clicked.connect(self._on_unlock)
        self.forgot.clicked.connect(partial(self._show_way_out, True))
        self._lay_out((self._sign, title, more))
        self._dress()
        self._show_wait()

    @property
    def trouble(self) -> str:
        """Why it did not open."""
        return self._trouble.text()

    def _lay_out(self, head: tuple[QWidget, ...]) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.field)
        row.addWidget(self.unlock)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        for widget in head:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(14)
        column.addLayout(row)
        for widget in (self._trouble, self.forgot, self._way_out, self._path):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def _show_way_out(self, shown: bool) -> None:
        self._way_out.setVisible(shown)
        self._path.setVisible(shown)

    @Slot()
    def _on_unlock(self) -> None:
        if self._asking or self._tries.wait_s > 0:
            return
        self._asking = True
        work = partial(pin.fits, self._home, self.field.text())
        self._bridge.run_task(work, self._on_tried, self._on_failed)

    def _on_tried(self, right: bool) -> None:
        self._asking = False
        self._tries.take(right=right)
        self.field.clear()
        if right:
            self.opened.emit()
        else:
            self._show_wait()

    def _on_failed(self, sentence: str) -> None:
        self._asking = False
        self._trouble.setText(sentence)

    @Slot()
    def _show_wait(self) -> None:
        wait_s = self._tries.wait_s
        self.field.setEnabled(wait_s <= 0)
        self.unlock.setEnabled(wait_s <= 0)
        if wait_s > 0:
            sentence = self.tr("That is not the PIN. Try again in {seconds} s.")
            self._trouble.setText(sentence.format(seconds=math.ceil(wait_s)))
            self._tick.start()
        else:
            self._trouble.setText(self.tr("That is not the PIN.") if self._tries.wrong else "")
            self._tick.stop()
            self.field.setFocus()

    def _dress(self) -> None:
        colour = theme.tone("bad", self.palette())
        palette = QPalette(self.palette())
        palette.setColor(self._trouble.foregroundRole(), colour)
        self._trouble.setPalette(palette)
        quiet = theme.quiet(self.palette())
        self._sign.setPixmap(theme.pixmap("lock", 48, quiet, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_tick"):
            self._dress()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stay: behind it is the window, which asks before it ends. A log-out is not held up."""
        event.ignore()
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication) and application.isSavingSession():
            self.end_asked.emit()
        else:
            self.showMinimized()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take recordings all the same."""
        if is_ours(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand them on; nothing is shown of them."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        urls = event.mimeData().urls()
        self.dropped.emit([path for url in urls if (path := path_from_url(url)) is not None])
