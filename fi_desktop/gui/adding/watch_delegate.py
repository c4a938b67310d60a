"""How a watched folder is painted: its name and where it lies, and below how it does."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from fi_desktop.gui import theme

PATH_ROLE = int(Qt.ItemDataRole.UserRole)
STATE_ROLE = PATH_ROLE + 1
_PAD = 8
_RADIUS = 4
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_MIDDLE, _RIGHT = Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight


class WatchDelegate(QStyledItemDelegate):
    """Paints the folder's own name first: of a long path it is what tells folders apart."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a folder."""
        path = PurePath(index.data(PATH_ROLE))
        text, quiet = option.palette.color(QPalette.ColorRole.Text), theme.quiet(option.palette)
        small, font = theme.scaled(option.font, 0.9), theme.scaled(option.font, 1.0, QFont.Weight.Medium)
        painter.save()
        self._paint_ground(painter, option)
        area = option.rect.adjusted(_PAD, _PAD - 1, -_PAD, -_PAD)
        top = QRect(area.left(), area.top(), area.width(), QFontMetrics(font).height())
        name = QFontMetrics(font).elidedText(path.name or str(path), _MIDDLE, top.width())
        _write(painter, top, name, font, text)
        if path.name:
            used = theme.text_width(font, name) + _PAD
            _write(painter, top.adjusted(used, 0, 0, 0), str(path.parent), small, quiet, _MIDDLE)
        below = QRect(area.left(), top.bottom() + 2, area.width(), area.bottom() - top.bottom())
        _write(painter, below, index.data(STATE_ROLE), small, quiet)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        if not option.state & QStyle.StateFlag.State_Selected:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.selected(option.palette))
        focused = self._view.hasFocus()
        painter.setPen(option.palette.color(QPalette.ColorRole.Highlight) if focused else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(option.rect.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return two lines' height."""
        small = QFontMetrics(theme.scaled(option.font, 0.9))
        return QSize(0, QFontMetrics(option.font).height() + small.height() + 2 * _PAD + 2)


def _write(
    painter: QPainter,
    area: QRect,
    text: str,
    font: QFont,
    colour: QColor,
    elide: Qt.TextElideMode = _RIGHT,
) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(area, _LEFT, QFontMetrics(font).elidedText(text, elide, area.width()))
