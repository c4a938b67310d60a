"""Where windows stood, how wide columns were, and the options chosen last, in `window.ini` in the home."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHeaderView, QWidget

from fi_desktop.exporters import EXPORTERS
from fi_desktop.watch.config import Choice, choice_from_json, choice_to_json

# of each window: as it opens before the person chose another size, and how small it may get
_SIZES = {
    "main": ((1120, 700), (760, 420)),
    "job": ((940, 620), (560, 400)),
    "monitor": ((1100, 700), (920, 560)),
}


class WindowState:
    """Window geometry and columns on disk."""

    def __init__(self, home: Path) -> None:
        self._settings = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)

    def restore(
        self, name: str, window: QWidget, header: QHeaderView | None = None, *, over: QWidget | None = None
    ) -> bool:
        """Put a window where it was, or on its default size, in the middle of another one or of the screen.

        Returns: whether its columns are as wide as they should be: kept in another language or size of text,
            they are in their places, but somebody has to measure them again.
        """
        resize_to_screen(window, *_SIZES[name])
        geometry = self._settings.value(f"{name}/geometry")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            center(window, over)  # what opens over the first window has to know where it is
        else:
            keep_on_screen(window)
        columns = self._settings.value(f"{name}/columns")
        # what an older program stored knows nothing of columns that came later: rather as at first
        known = self._settings.value(f"{name}/columns_count", type=int)
        if header is not None and isinstance(columns, QByteArray) and known == header.count():
            return header.restoreState(columns) and self._settings.value(f"{name}/columns_for") == _measure(
                header
            )
        return True

    def restore_choice(self, usual: Choice) -> Choice:
        """Return the options that were chosen last, or the usual ones where these are others by now."""
        try:
            kept = json.loads(str(self._settings.value("options/chosen")))
            chosen, was_usual = choice_from_json(kept["chosen"]), choice_from_json(kept["usual"])
        except (AttributeError, KeyError, TypeError, ValueError):
            return usual
        return chosen if was_usual == usual else usual

    def save_choice(self, usual: Choice, chosen: Choice) -> None:
        """Remember which options are chosen, and which ones are usual now."""
        kept = {"usual": choice_to_json(usual), "chosen": choice_to_json(chosen)}
        self._settings.setValue("options/chosen", json.dumps(kept))

    def format(self) -> str:
        """Return the format of the last export, or the one that most people read."""
        kept = self._settings.value("export/format")
        return kept if kept in EXPORTERS else "txt"

    def save_format(self, name: str) -> None:
        """Remember in which format something was exported."""
        self._settings.setValue("export/format", name)
        self._settings.sync()

    def number(self, key: str) -> int | None:
        """Return a number that was kept; None: there is none."""
        value = self._settings.value(key)
        return int(value) if isinstance(value, str | int) and str(value).isdecimal() else None

    def save_number(self, key: str, number: int) -> None:
        """Remember a number."""
        self._settings.setValue(key, number)
        self._settings.sync()

    def save(self, name: str, window: QWidget, header: QHeaderView | None = None) -> None:
        """Remember where a window is."""
        self._settings.setValue(f"{name}/geometry", window.saveGeometry())
        if header is not None:
            self._settings.setValue(f"{name}/columns", header.saveState())
            self._settings.setValue(f"{name}/columns_count", header.count())
            self._settings.setValue(f"{name}/columns_for", _measure(header))
        self._settings.sync()


def _measure(header: QHeaderView) -> str:
    """Return what the widths of columns depend on: the font, and the words."""
    model, across = header.model(), Qt.Orientation.Horizontal
    headings = [str(model.headerData(column, across)) for column in range(header.count())]
    return f"{header.font().key()} {' '.join(headings)}"


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


def resize_to_screen(window: QWidget, usual: tuple[int, int], least: tuple[int, int] | None = None) -> None:
    """Make a window as large as usual, or as its screen has room for; `least`: its minimum size, likewise."""
    room = available(window).size() - _FRAME
    if least is not None:
        window.setMinimumSize(QSize(*least).boundedTo(room))
    window.resize(QSize(*usual).boundedTo(room))


def center(window: QWidget, over: QWidget | None = None) -> None:
    """Put a window in the middle of another one, or of the screen, and wholly on the screen if it fits."""
    place = window.rect()
    place.moveCenter((available(window) if over is None else over.frameGeometry()).center())
    window.move(_within(window, place.topLeft()))


def keep_on_screen(window: QWidget) -> None:
    """Make a window that was last used on a larger screen fit on this one."""
    if _fills(window):
        return
    room = available(window).size() - _FRAME
    if window.size().boundedTo(room) != window.size():
        window.resize(window.size().boundedTo(room))
        window.move(_within(window, window.pos()))


def cascade(window: QWidget, others: Iterable[QWidget]) -> None:
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
