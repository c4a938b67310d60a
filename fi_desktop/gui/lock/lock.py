"""Locks the program: whatever window it has is taken away, and a cover stands in its place.

Windows are hidden and their native halves destroyed: so neither a picture of the screen nor a screen reader
finds anything of them. One that wants to be shown meanwhile waits until it is unlocked. Jobs go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.lock.cover import Cover
from fi_desktop.viewmodel import pin
from fi_desktop.viewmodel.pin import Tries

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


class Lock(QObject):
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
        self.cover: Cover | None = None
        self.tries = Tries(time.monotonic)
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
        self.cover = Cover(self._home, self._bridge, self.tries)
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
