"""`WindowState`: geometry, columns and last options, saved in `window.ini` in the data folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHeaderView, QWidget

from fi_desktop.exporters import EXPORTERS
from fi_desktop.vault import keys_folder, vault_exists
from fi_desktop.vault.home_files import TYPED_KEY, WINDOW_STATE
from fi_desktop.watch.config import Choice, choice_from_json, choice_to_json

# default and minimum size of each window
_SIZES = {
    "main": ((1220, 700), (760, 420)),
    "job": ((1180, 700), (560, 400)),
    "monitor": ((1100, 700), (920, 560)),
    "find": ((900, 620), (640, 360)),
}

_CASCADED = ("job",)  # there are several of them


class WindowState:
    """Saves and restores what the person arranged."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._settings = QSettings(str(home / WINDOW_STATE), QSettings.Format.IniFormat)

    def restore(
        self, name: str, window: QWidget, header: QHeaderView | None = None, *, over: QWidget | None = None
    ) -> bool:
        """Restore a window's geometry and columns; the default is centred over a window or on the screen.

        Returns: whether the widths of the columns are right. Widths saved with another font or language are
            not: the order of the columns is restored, but they need measuring again.
        """
        resize_to_screen(window, *_SIZES[name], cascaded=name in _CASCADED)
        geometry = self._settings.value(f"{name}/geometry")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            center(window, over)  # the default position depends on the screen
        else:
            keep_on_screen(window)
        columns = self._settings.value(f"{name}/columns")
        # columns saved by an older version, which had fewer of them, are ignored
        known = self._settings.value(f"{name}/columns_count", type=int)
        if header is not None and isinstance(columns, QByteArray) and known == header.count():
            return header.restoreState(columns) and self._settings.value(f"{name}/columns_for") == _width_key(
                header
            )
        return True

    def restore_choice(self, defaults: Choice) -> Choice:
        """Return the options chosen last; the defaults if these have changed since."""
        try:
            saved = json.loads(str(self._settings.value(self._options_key)))
            chosen, previous = choice_from_json(saved["chosen"]), choice_from_json(saved["usual"])
        except (AttributeError, KeyError, TypeError, ValueError):
            return defaults
        if not self._sealed:
            return chosen if previous == defaults else defaults
        return _with_words(chosen, defaults) if previous == _with_words(defaults, Choice()) else defaults

    def save_choice(self, defaults: Choice, chosen: Choice) -> None:
        """Save the chosen options with the defaults they were chosen against.

        Of a home that is encrypted, no word that was typed is saved: this file is in clear.
        """
        if self._sealed:
            defaults, chosen = _with_words(defaults, Choice()), _with_words(chosen, Choice())
            self._settings.remove(TYPED_KEY)
        saved = {"usual": choice_to_json(defaults), "chosen": choice_to_json(chosen)}
        self._settings.setValue(self._options_key, json.dumps(saved))

    @property
    def _sealed(self) -> bool:
        return vault_exists(keys_folder(self._home))

    @property
    def _options_key(self) -> str:
        return "options/last" if self._sealed else TYPED_KEY

    def format(self) -> str:
        """Return the format of the last export; plain text at first."""
        saved = self._settings.value("export/format")
        return saved if saved in EXPORTERS else "txt"

    def save_format(self, name: str) -> None:
        """Save the format of an export."""
        self._settings.setValue("export/format", name)
        self._settings.sync()

    def template(self, default: str) -> str:
        """Return the template chosen last; the default if that has changed since."""
        chosen, previous = (self._settings.value(f"export/{key}") for key in ("template", "usual_template"))
        return str(chosen) if chosen is not None and (previous or "") == default else default

    def save_template(self, default: str, name: str) -> None:
        """Save the chosen template with the default it was chosen against."""
        self._settings.setValue("export/template", name)
        self._settings.setValue("export/usual_template", default)
        self._settings.sync()

    def number(self, key: str) -> int | None:
        """Return a saved number, or None."""
        value = self._settings.value(key)
        return int(value) if isinstance(value, str | int) and str(value).isdecimal() else None

    def save_number(self, key: str, number: int) -> None:
        """Save a number."""
        self._settings.setValue(key, number)
        self._settings.sync()

    def save(self, name: str, window: QWidget, header: QHeaderView | None = None) -> None:
        """Save a window's geometry and columns."""
        self._settings.setValue(f"{name}/geometry", window.saveGeometry())
        if header is not None:
            self._settings.setValue(f"{name}/columns", header.saveState())
            self._settings.setValue(f"{name}/columns_count", header.count())
            self._settings.setValue(f"{name}/columns_for", _width_key(header))
        self._settings.sync()


def _with_words(choice: Choice, source: Choice) -> Choice:
    """Return a choice with the words that were typed for another one."""
    words = source.options
    return replace(choice, options=replace(choice.options, prompt=words.prompt, vocabulary=words.vocabulary))


def _width_key(header: QHeaderView) -> str:
    """Return what the widths of columns depend on: the font and the headings."""
    model, across = header.model(), Qt.Orientation.Horizontal
    headings = [str(model.headerData(column, across)) for column in range(header.count())]
    return f"{header.font().key()} {' '.join(headings)}"


_FRAME = QSize(16, 48)  # title bar and borders; their size is only known once a window is shown
_STEP = QPoint(28, 28)
_SIDE_BY_SIDE = 3  # corners of a cascade on a small screen
_SAME_PX = 12  # windows whose corners are closer than this hide each other's title


def available(window: QWidget) -> QRect:
    """Return the available area of a window's screen; a hidden dialog uses its parent's screen."""
    parent = window.parentWidget()
    visible = parent.window() if parent is not None and not window.isVisible() else window
    # not `QWidget.screen`: if Python owns the window, deleting the wrapper deletes Qt's screen too
    screen = QGuiApplication.screenAt(visible.frameGeometry().center()) or QGuiApplication.primaryScreen()
    return screen.availableGeometry()


def room(window: QWidget) -> QSize:
    """Return the largest size that a window can have on its screen."""
    return available(window).size() - _FRAME


def resize_to_screen(
    window: QWidget,
    default: tuple[int, int],
    minimum: tuple[int, int] | None = None,
    *,
    cascaded: bool = False,
) -> None:
    """Set a window's size and minimum size (`minimum`), limited to its screen.

    cascaded: leave room for others like it, see `cascade`.
    """
    largest = room(window)
    if minimum is not None:
        window.setMinimumSize(QSize(*minimum).boundedTo(largest))
    if cascaded:
        largest -= QSize(_SIDE_BY_SIDE * _STEP.x(), 0)
    window.resize(QSize(*default).boundedTo(largest))


def center(window: QWidget, over: QWidget | None = None) -> None:
    """Centre a window over another one or on the screen, without leaving the screen."""
    frame = window.rect()
    frame.moveCenter((available(window) if over is None else over.frameGeometry()).center())
    window.move(_within(window, frame.topLeft()))


def keep_on_screen(window: QWidget) -> None:
    """Move and shrink a window that was saved on a larger screen."""
    if not _fills(window) and window.size().boundedTo(room(window)) != window.size():
        fit_on_screen(window, window.size())


def fit_on_screen(window: QWidget, size: QSize) -> None:
    """Resize a window, limited to its screen, and move it where it would leave the screen."""
    window.resize(size.boundedTo(room(window)))
    window.move(_within(window, window.pos()))


def cascade(window: QWidget, others: Iterable[QWidget]) -> None:
    """Move a window that would exactly cover another one."""
    taken = [other.pos() for other in others if other is not window]
    if _fills(window):
        return
    for _ in range(len(taken)):
        if not any((window.pos() - other).manhattanLength() < _SAME_PX for other in taken):
            return
        free, corner = _free(window), window.pos() + _STEP
        x, y = corner.x() - free.left(), corner.y() - free.top()
        # wrap around at the edges of the screen
        window.move(free.left() + x % free.width(), free.top() + y % free.height())


def _fills(window: QWidget) -> bool:
    return window.isMaximized() or window.isFullScreen()


def _free(window: QWidget) -> QRect:
    """Return where a window's corner can be without leaving the screen; at least 1 × 1 pixel."""
    left = room(window) - window.size()
    return QRect(available(window).topLeft(), left.expandedTo(QSize(1, 1)))


def _within(window: QWidget, corner: QPoint) -> QPoint:
    free = _free(window)
    return QPoint(
        max(free.left(), min(corner.x(), free.right())), max(free.top(), min(corner.y(), free.bottom()))
    )
