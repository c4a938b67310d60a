"""Keeps the windows out of pictures of the screen: screenshots, shared screens, Windows Recall.

Windows and macOS let a program do so; X11 and Wayland do not. It keeps honest programs from it, and nobody
who photographs the screen.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QGuiApplication, QWindow

from fi_desktop.system import log

# https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-setwindowdisplayaffinity
_WDA_NONE = 0x00
_WDA_EXCLUDEFROMCAPTURE = 0x11
# https://developer.apple.com/documentation/appkit/nswindow/sharingtype-swift.enum
_NS_WINDOW_SHARING_NONE = 0
_NS_WINDOW_SHARING_READ_ONLY = 1


def system_can_hide() -> bool:
    """Whether this system lets a program hide its windows from pictures of the screen."""
    return sys.platform in ("win32", "darwin")


def hide_window(handle: int, *, hidden: bool) -> bool:
    """Hide a top-level window from pictures of the screen, or show it in them; return whether that worked.

    handle: `QWindow.winId`: a HWND, or an NSView.
    """
    if sys.platform == "win32":
        affinity = _WDA_EXCLUDEFROMCAPTURE if hidden else _WDA_NONE
        return bool(ctypes.windll.user32.SetWindowDisplayAffinity(ctypes.c_void_p(handle), affinity))
    if sys.platform == "darwin":
        objc = ctypes.CDLL("/usr/lib/libobjc.dylib")
        objc.sel_registerName.restype = ctypes.c_void_p
        pointer, integer = ctypes.c_void_p, ctypes.c_ulong
        get = ctypes.CFUNCTYPE(pointer, pointer, pointer)(("objc_msgSend", objc))
        put = ctypes.CFUNCTYPE(None, pointer, pointer, integer)(("objc_msgSend", objc))
        window = get(handle, objc.sel_registerName(b"window"))
        if not window:
            return False
        sharing = _NS_WINDOW_SHARING_NONE if hidden else _NS_WINDOW_SHARING_READ_ONLY
        put(window, objc.sel_registerName(b"setSharingType:"), sharing)
        return True
    return False


class ScreenCapture(QObject):
    """Hides each window of the application once it is shown."""

    def __init__(
        self,
        application: QCoreApplication,
        *,
        allowed: bool,
        hide: Callable[..., bool] = hide_window,
        able: bool | None = None,
    ) -> None:
        """Hide windows from now on, unless pictures of them are allowed.

        hide: hides a window, as `hide_window` does. able: whether it can; None: see `system_can_hide`.
        """
        super().__init__(application)
        self._hide, self._allowed = hide, allowed
        self._able = system_can_hide() if able is None else able
        if self._able:
            application.installEventFilter(self)

    def set_allowed(self, *, allowed: bool) -> None:
        """Allow pictures of the windows, or no longer."""
        if self._able and allowed != self._allowed:
            self._allowed = allowed
            for window in QGuiApplication.topLevelWindows():
                if window.isVisible():
                    self._apply(window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hide a window that is being shown."""
        if event.type() == QEvent.Type.Show and isinstance(watched, QWindow) and watched.isTopLevel():
            self._apply(watched)
        return False

    def _apply(self, window: QWindow) -> None:
        if not self._hide(int(window.winId()), hidden=not self._allowed) and not self._allowed:
            log.event("WINDOW_NOT_HIDDEN_FROM_CAPTURE")
