"""Small widgets and helpers that several views share: tables, labels, fields, dialogs, file URLs."""

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
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QShowEvent,
)
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
    QSizePolicy,
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
_LINE_EDIT_MARGIN_PX = 2  # Qt's, on each side of the text


class ReadOnlyTable(QTableView):
    """A read-only table: arrow keys move between rows, Tab leaves the table."""

    def __init__(self, name: str, row_height: int, parent: QWidget | None = None) -> None:
        """Create an empty table. `name`: for screen readers; `row_height`: pixels."""
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
            CurrentRowPainter(self)


def paint_background(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Paint a cell's selection and bottom line."""
    if option.state & QStyle.StateFlag.State_Selected:
        # one pixel wider: otherwise fractional scales show seams between cells
        painter.fillRect(option.rect.adjusted(0, 0, 1, 0), theme.selected(option.palette))
    painter.fillRect(option.rect.adjusted(0, option.rect.height() - 1, 0, 0), theme.hairline(option.palette))


def paint_focus(painter: QPainter, option: QStyleOptionViewItem, view: QTableView, row: int) -> None:
    """Mark the row that has keyboard focus."""
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
    """Draw one line of text, elided if it does not fit."""
    painter.setFont(font)
    painter.setPen(colour)
    elided = QFontMetrics(font).elidedText(text, elide, area.width())
    painter.drawText(area, _RIGHT if right else _LEFT, elided)


class CurrentRowPainter(QObject):
    """Repaints whole rows when the current row changes; Qt repaints only the two current cells."""

    def __init__(self, table: QTableView) -> None:
        """Watch a table that has its model."""
        super().__init__(table)
        self._table = table
        table.selectionModel().currentRowChanged.connect(self._on_changed)

    @Slot(QModelIndex, QModelIndex)
    def _on_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        viewport = self._table.viewport()
        for row in (current.row(), previous.row()):
            top = self._table.rowViewportPosition(row)
            viewport.update(QRect(0, top, viewport.width(), self._table.rowHeight(row)))


class StretchedColumn(QObject):
    """Gives one column the space that the others leave, but never less than it needs.

    Qt's own stretched section shrinks until nothing can be read in it.
    """

    def __init__(self, table: QTableView, column: int, *, min_chars: int) -> None:
        """Stretch a column. `min_chars`: minimum width in average characters."""
        super().__init__(table)
        self._table, self._column, self._min_chars = table, column, min_chars
        self._header = table.horizontalHeader()
        self._header.sectionResized.connect(self._on_resized)
        self._header.geometriesChanged.connect(self.fit)
        table.viewport().installEventFilter(self)
        self.fit()

    @Slot()
    def fit(self) -> None:
        """Set the column's width."""
        header, column = self._header, self._column
        # a table that is being destroyed deletes its header first, and then resizes its viewport
        if not isValid(header) or header.count() <= column:
            return
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        others = sum(header.sectionSize(other) for other in range(header.count()) if other != column)
        minimum = self._min_chars * self._table.fontMetrics().averageCharWidth()
        width = max(minimum, self._table.viewport().width() - others)
        if header.sectionSize(column) != width:
            header.resizeSection(column, width)

    @Slot(int, int, int)
    def _on_resized(self, column: int, _before: int, _now: int) -> None:
        if column != self._column:
            self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the table's width."""
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return super().eventFilter(watched, event)


class ElidedLabel(QLabel):
    """One line of text, elided in the middle; the tooltip shows the whole text unless another one is set."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def shown(self) -> str:
        """Return the visible text."""
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, width)

    def sizeHint(self) -> QSize:
        """Return the size of the whole text."""
        return super().sizeHint().expandedTo(self._with_margins(theme.text_width(self.font(), self.text())))

    def minimumSizeHint(self) -> QSize:
        """Return the size of a few characters."""
        return self._with_margins(self.fontMetrics().averageCharWidth() * 8)

    def _with_margins(self, width: int) -> QSize:
        return QSize(width, self.fontMetrics().height()).grownBy(self.contentsMargins())

    def event(self, event: QEvent) -> bool:
        """Show the whole text as a tooltip if it is elided."""
        if isinstance(event, QHelpEvent) and not self.toolTip() and self.shown() != self.text():
            QToolTip.showText(event.globalPos(), plain_tooltip(self.text()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text that fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), aligned, self.shown())


class SearchField(QLineEdit):
    """A search field with a placeholder and a clear button."""

    def __init__(self, purpose: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(purpose)
        self.setAccessibleName(purpose)
        self.setClearButtonEnabled(True)
        for button in self.findChildren(QToolButton):  # Qt leaves its button without a name
            button.setAccessibleName(self.tr("Clear"))


class ItemList(QListWidget):
    """A list that lays out its items when it is shown.

    With a screen reader, Qt asks for the position of items before the style is applied, and caches it.
    """

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the items out."""
        super().showEvent(event)
        self.doItemsLayout()


def action_button(action: QAction, parent: QWidget, icon_size: int = 18) -> QToolButton:
    """Return a small button for an action, with its key in the tooltip; the caller sets the icon."""
    button = QToolButton(parent)
    button.setObjectName("small")
    button.setIconSize(QSize(icon_size, icon_size))
    button.setAccessibleName(action.text())
    key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    button.setToolTip(f"{action.text()} ({key})")
    button.clicked.connect(action.trigger)
    return button


def plain_tooltip(text: str) -> str:
    """Return text for `setToolTip` that is never rendered as HTML: file names may look like it."""
    if not Text.mightBeRichText(text):
        return text
    return f"<qt>{escape(text).replace(chr(10), '<br>')}</qt>"


def message_box(parent: QWidget, icon: QMessageBox.Icon, title: str, text: str, more: str) -> QMessageBox:
    """Return a message box without buttons; `more` is shown below the text, and neither is HTML."""
    box = QMessageBox(parent)
    box.setIcon(icon)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    for label in box.findChildren(QLabel):  # `setTextFormat` does not apply to the informative text
        label.setTextFormat(Qt.TextFormat.PlainText)
    return box


# Qt stores folder names in the user's own settings, outside of this program's data folder
_HISTORY_KEYS = ("FileDialog/history", "FileDialog/lastVisited")
_MISSING_FROM_QT = (QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Folder"),)
"""Texts of the dialog that Qt's own catalogues do not translate."""


class FileDialog(QFileDialog):
    """Chooses files or folders; starts in the last folder, and leaves no names in Qt's settings."""

    _last_folder = ""  # not saved: on disk, names would outlive removed jobs

    def __init__(self, window: QWidget, title: str) -> None:
        """Create a dialog for `window`."""
        history = _history()
        super().__init__(window, title)
        self.setDirectory(FileDialog._last_folder or _documents())
        self.setLabelText(QFileDialog.DialogLabel.LookIn, self.tr("&Look in:"))
        self.setLabelText(QFileDialog.DialogLabel.FileType, self.tr("Files of &type:"))
        self.accepted.connect(self._on_accepted)
        self.destroyed.connect(partial(_restore_history, history))

    @Slot()
    def _on_accepted(self) -> None:
        FileDialog._last_folder = self.directory().absolutePath()


def _settings() -> QSettings:
    return QSettings(QSettings.Scope.UserScope, "QtProject")


def _history() -> dict[str, Any]:
    settings = _settings()
    return {key: settings.value(key) for key in _HISTORY_KEYS if settings.contains(key)}


def _restore_history(history: dict[str, Any]) -> None:
    """Restore Qt's settings: a dialog saves its folders when it is destroyed."""
    settings = _settings()
    for key in _HISTORY_KEYS:
        if key in history:
            settings.setValue(key, history[key])
        else:
            settings.remove(key)
    settings.sync()


def _documents() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)


_LOCAL_HOSTS = ("", "localhost")


def path_from_url(url: QUrl) -> Path | None:
    """Return the local path of a URL; None if it is not local.

    Preserves names that are not UTF-8, which QUrl's own conversion changes.
    """
    if not url.isLocalFile():
        return None
    if os.name == "nt":
        return Path(url.toLocalFile())  # a host names a network share
    if url.host().lower() not in _LOCAL_HOSTS:
        return None
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    path = os.fsdecode(unquote_to_bytes(encoded))
    return Path(path) if path and "\0" not in path else None


def url_from_path(path: Path) -> QUrl:
    """Return the `file:` URL of a path, which need not be UTF-8."""
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


class PathLine(QLineEdit):
    """A path on one line, elided in the middle until it has the focus; it can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fact")
        self.setReadOnly(True)
        self.setFrame(False)
        self.setTextMargins(-_LINE_EDIT_MARGIN_PX, 0, -_LINE_EDIT_MARGIN_PX, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_path(self, text: str) -> None:
        """Show a path, also as tooltip; an unchanged path keeps its selection."""
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)
            self.setToolTip(plain_tooltip(text))

    def visible_text(self) -> str:
        """Return the text as painted."""
        if self.hasFocus():
            return self.text()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())

    def sizeHint(self) -> QSize:
        """Return the height of a label."""
        return QSize(self.fontMetrics().averageCharWidth() * 8, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the width of a few characters."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the elided path, if it is too long."""
        text = self.visible_text()
        if text == self.text():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
