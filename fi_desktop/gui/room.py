"""How large a window may be on its screen, and where it opens."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

_FRAME = QSize(16, 48)  # title bar and borders; how large they are is known only once a window is shown
_STEP = QPoint(28, 28)
_SAME_PX = 12  # windows whose corners are this close hide each other's title


def available(window: QWidget) -> QRect:
    """Return what of its screen a window can fill; a dialog that is not shown yet goes by its parent."""
    parent = window.parentWidget()
    seen = parent.window() if parent is not None and not window.isVisible() else window
    # not `QWidget.screen`: where Python owns the window, the wrapper takes Qt's screen along when it goes
    screen = QGuiApplication.screenAt(seen.frameGeometry().center()) or QGuiApplication.primaryScreen()
    return screen.availableGeometry()


def resize(window: QWidget, usual: tuple[int, int], least: tuple[int, int] | None = None) -> None:
    """Make a window as large as usual, or as its screen has room for; `least`: its minimum size, likewise."""
    room = available(window).size() - _FRAME
    if least is not None:
        window.setMinimumSize(QSize(*least).boundedTo(room))
    window.resize(QSize(*usual).boundedTo(room))


def centre(window: QWidget, over: QWidget | None = None) -> None:
    """Put a window in the middle of another one, or of the screen, and wholly on the screen if it fits."""
    place = window.rect()
    place.moveCenter((available(window) if over is None else over.frameGeometry()).center())
    window.move(_within(window, place.topLeft()))


def keep(window: QWidget) -> None:
    """Make a window that was last used on a larger screen fit on this one."""
    if _fills(window):
        return
    room = available(window).size() - _FRAME
    if window.size().boundedTo(room) != window.size():
        window.resize(window.size().boundedTo(room))
        window.move(_within(window, window.pos()))


def step_aside(window: QWidget, others: Iterable[QWidget]) -> None:
    """Move a window that would open exactly upon another one."""
    taken = [other.pos() for other in others if other is not window]
    if _fills(window):
        return
    for _ in range(len(taken)):
        if not any((window.pos() - other).manhattanLength() < _SAME_PX for other in taken):
            return
        free, place = _free(window), window.pos() + _STEP
        across, down = place.x() - free.left(), place.y() - free.top()
        # beyond the edge it begins again at the other one
        window.move(free.left() + across % free.width(), free.top() + down % free.height())


def _fills(window: QWidget) -> bool:
    return window.isMaximized() or window.isFullScreen()


def _free(window: QWidget) -> QRect:
    """Return where a window's corner may be so that all of it is on the screen; a pixel at least."""
    room = available(window)
    left = room.size() - window.size() - _FRAME
    return QRect(room.topLeft(), left.expandedTo(QSize(1, 1)))


def _within(window: QWidget, corner: QPoint) -> QPoint:
    free = _free(window)
    return QPoint(
        max(free.left(), min(corner.x(), free.right())), max(free.top(), min(corner.y(), free.bottom()))
    )
