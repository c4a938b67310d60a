"""Tables that are read, not changed: one set-up for all of them, and what their delegates paint alike."""

from __future__ import annotations

import os
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from PySide6.QtCore import (
    QT_TRANSLATE_NOOP,
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QRect,
    QSettings,
    QSize,
    QStandardPaths,
    Qt,
    QUrl,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPalette, QShowEvent
from PySide6.QtGui import Qt as Text
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QToolTip,
    QWidget,
)
from shiboken6 import isValid

from fi_desktop.gui import theme

PAD = 10
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ReadOnlyTable(QTableView):
    """A table that is read, not changed: rows are walked with the arrows, Tab leaves it."""

    def __init__(self, name: str, row_height: int, parent: QWidget | None = None) -> None:
        """Make an empty table; `name` is what a screen reader calls it, `row_height` is in pixels."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(row_height)
        header = self.horizontalHeader()
        header.setAccessibleName(self.tr("Columns"))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(40)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show a model."""
        super().setModel(model)
        if model is not None:
            CurrentRow(self)


def paint_background(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Paint what lies below a cell: the selection, and a line."""
    ground = option.rect.adjusted(0, 0, 1, 0)  # a pixel more, or fractional scales show seams
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(ground, theme.selected(option.palette))
    painter.fillRect(option.rect.adjusted(0, option.rect.height() - 1, 0, 0), theme.hairline(option.palette))


def paint_focus(painter: QPainter, option: QStyleOptionViewItem, view: QTableView, row: int) -> None:
    """Mark the row in which the keyboard is."""
    if view.hasFocus() and view.currentIndex().row() == row:
        accent = option.palette.color(QPalette.ColorRole.Highlight)
        painter.fillRect(option.rect.adjusted(0, 0, 0, 1 - option.rect.height()), accent)
        painter.fillRect(option.rect.adjusted(0, option.rect.height() - 1, 0, 0), accent)


def draw_text(
    painter: QPainter,
    area: QRect,
    text: str,
    font: QFont,
    colour: QColor,
    *,
    right: bool = False,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """Write one line, shortened where it does not fit."""
    painter.setFont(font)
    painter.setPen(colour)
    shown = QFontMetrics(font).elidedText(text, elide, area.width())
    painter.drawText(area, _RIGHT if right else _LEFT, shown)


class CurrentRow(QObject):
    """Has both whole rows painted again when another one becomes the current one."""

    def __init__(self, table: QTableView) -> None:
        """Take care of a table that has its model."""
        super().__init__(table)
        self._table = table
        table.selectionModel().currentRowChanged.connect(self._on_changed)

    @Slot(QModelIndex, QModelIndex)
    def _on_changed(self, now: QModelIndex, before: QModelIndex) -> None:
        viewport = self._table.viewport()
        for row in (now.row(), before.row()):
            top = self._table.rowViewportPosition(row)
            viewport.update(QRect(0, top, viewport.width(), self._table.rowHeight(row)))


class StretchedColumn(QObject):
    """Keeps one column of a table as wide as there is room; the table scrolls where there is too little."""

    def __init__(self, table: QTableView, column: int, *, min_chars: int) -> None:
        """Take care of a column. `min_chars`: so many letters always have room."""
        super().__init__(table)
        self._table, self._column, self._least = table, column, min_chars
        self._header = table.horizontalHeader()
        self._header.sectionResized.connect(self._on_resized)
        self._header.geometriesChanged.connect(self.fit)
        table.viewport().installEventFilter(self)
        self.fit()

    @Slot()
    def fit(self) -> None:
        """Give it what the others leave."""
        header, column = self._header, self._column
        # a table that is being destroyed deletes its header first, and then resizes its viewport
        if not isValid(header) or header.count() <= column:
            return
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        others = sum(header.sectionSize(other) for other in range(header.count()) if other != column)
        least = self._least * self._table.fontMetrics().averageCharWidth()
        wanted = max(least, self._table.viewport().width() - others)
        if header.sectionSize(column) != wanted:
            header.resizeSection(column, wanted)

    @Slot(int, int, int)
    def _on_resized(self, column: int, _before: int, _now: int) -> None:
        if column != self._column:
            self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the width of the table."""
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return super().eventFilter(watched, event)


class ElidedLabel(QLabel):
    """One line of text, elided in the middle; the whole of it is the tooltip unless another one is set."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def shown(self) -> str:
        """Return what is to be read."""
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, width)

    def sizeHint(self) -> QSize:
        """Return room for the whole text."""
        return super().sizeHint().expandedTo(self._with_margins(theme.text_width(self.font(), self.text())))

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters."""
        return self._with_margins(self.fontMetrics().averageCharWidth() * 8)

    def _with_margins(self, width: int) -> QSize:
        return QSize(width, self.fontMetrics().height()).grownBy(self.contentsMargins())

    def event(self, event: QEvent) -> bool:
        """Tell the whole text where it is shortened."""
        if isinstance(event, QHelpEvent) and not self.toolTip() and self.shown() != self.text():
            QToolTip.showText(event.globalPos(), plain_tooltip(self.text()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as much as fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), aligned, self.shown())


class SearchField(QLineEdit):
    """A field that says what it is for, with a button that empties it."""

    def __init__(self, purpose: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(purpose)
        self.setAccessibleName(purpose)
        self.setClearButtonEnabled(True)
        for button in self.findChildren(QToolButton):  # Qt gives its own button no name
            button.setAccessibleName(self.tr("Clear"))


class ItemList(QListWidget):
    """Measures its items again when it is shown.

    With a screen reader, Qt asks where items are as soon as one is current, before the style is applied.
    """

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the items out."""
        super().showEvent(event)
        self.doItemsLayout()


def plain_tooltip(text: str) -> str:
    """Return a tooltip that shows this text, which may hold a name."""
    if not Text.mightBeRichText(text):
        return text
    return f"<qt>{escape(text).replace(chr(10), '<br>')}</qt>"


def message_box(parent: QWidget, icon: QMessageBox.Icon, title: str, text: str, more: str) -> QMessageBox:
    """Return a question of one line, with `more` in smaller letters below; the buttons are yet to come."""
    box = QMessageBox(parent)
    box.setIcon(icon)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    for label in box.findChildren(QLabel):  # `setTextFormat` is not for the informative text
        label.setTextFormat(Qt.TextFormat.PlainText)
    return box


# in the user's own settings, out of this program's folder; every Qt program reads and writes them
_NAMES = ("FileDialog/history", "FileDialog/lastVisited")
_LACKING = (QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Folder"),)
"""What Qt's own catalogues lack of its dialog."""


class FileDialog(QFileDialog):
    """Qt's dialog, or the system's where there is one."""

    _last_folder = ""  # while the program runs; on disk it would outlive what was removed

    def __init__(self, window: QWidget, title: str) -> None:
        """Prepare, above `window`."""
        kept = _names()
        super().__init__(window, title)
        self.setDirectory(FileDialog._last_folder or _documents())
        self.setLabelText(QFileDialog.DialogLabel.LookIn, self.tr("&Look in:"))
        self.setLabelText(QFileDialog.DialogLabel.FileType, self.tr("Files of &type:"))
        self.accepted.connect(self._on_accepted)
        self.destroyed.connect(partial(_put_back, kept))

    @Slot()
    def _on_accepted(self) -> None:
        FileDialog._last_folder = self.directory().absolutePath()


def _settings() -> QSettings:
    return QSettings(QSettings.Scope.UserScope, "QtProject")


def _names() -> dict[str, Any]:
    settings = _settings()
    return {key: settings.value(key) for key in _NAMES if settings.contains(key)}


def _put_back(kept: dict[str, Any]) -> None:
    """Have Qt's settings name what they did before: a dialog writes its folders as it is destroyed."""
    settings = _settings()
    for key in _NAMES:
        if key in kept:
            settings.setValue(key, kept[key])
        else:
            settings.remove(key)
    settings.sync()


def _documents() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)


_THIS_COMPUTER = ("", "localhost")


def path_from_url(url: QUrl) -> Path | None:
    """Return the file or folder of this computer at an address; None: it is another address."""
    if not url.isLocalFile():
        return None
    if os.name == "nt":
        return Path(url.toLocalFile())  # a host is a share's
    if url.host().lower() not in _THIS_COMPUTER:
        return None
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    path = os.fsdecode(unquote_to_bytes(encoded))
    return Path(path) if path and "\0" not in path else None


def url_from_path(path: Path) -> QUrl:
    """Return the address of a file or folder of this computer."""
    if os.name == "nt":
        return QUrl.fromLocalFile(str(path))
    return QUrl.fromEncoded(b"file://" + quote_from_bytes(os.fsencode(path)).encode("ascii"))


def separator(parent: QWidget, orientation: Qt.Orientation = Qt.Orientation.Horizontal) -> QFrame:
    """Return a line one pixel wide."""
    line = QFrame(parent)
    line.setObjectName("line")
    if orientation is Qt.Orientation.Horizontal:
        line.setFixedHeight(1)
    else:
        line.setFixedWidth(1)
    return line
