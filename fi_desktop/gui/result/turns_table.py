"""The list of turns beside the lanes; choosing a turn in one chooses it in the other."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.result.turns_model import TurnColumn, TurnsModel
from fi_desktop.gui.widgets import PAD, ReadOnlyTable, paint_focus

_SWATCH = 10


class TurnsTable(ReadOnlyTable):
    """Lists turns.

    Signals:
        turn_chosen: a turn's number; the person went to it.
    """

    turn_chosen = Signal(int)

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__("", 0, parent)
        self.setAccessibleName(self.tr("Turns"))
        self._turns = TurnsModel(transcript, self)
        self.setModel(self._turns)
        self.setItemDelegate(_TurnDelegate(self, self._turns))
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.horizontalHeader()
        header.setStretchLastSection(True)
        width = theme.digits_width(self.font(), "0:00:00.0") + 2 * PAD + 14
        for column in (TurnColumn.START, TurnColumn.END, TurnColumn.LENGTH):
            header.resizeSection(column, width)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)

    def choose(self, number: int) -> None:
        """Select a turn and bring it into view, without telling."""
        if self.currentIndex().row() != number:
            chooser = self.selectionModel()
            chooser.blockSignals(True)
            self.selectRow(number)
            chooser.blockSignals(False)
            self.viewport().update()
        self.scrollTo(self._turns.index(number, 0))

    @Slot(QModelIndex)
    def _on_current_row_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self.turn_chosen.emit(current.row())


class _TurnDelegate(QStyledItemDelegate):
    """Paints a turn: figures of one width, and the speaker's colour before the name."""

    def __init__(self, view: QTableView, model: TurnsModel) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._figures = theme.tabular(view.font())

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        painter.save()
        palette = option.palette
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect.adjusted(0, 0, 1, 0), theme.selected(palette))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = option.rect.adjusted(PAD, 0, -PAD, 0)
        text = str(index.data())
        if index.column() == TurnColumn.SPEAKER:
            swatch = QRectF(area.left(), area.center().y() - _SWATCH / 2 + 1, _SWATCH, _SWATCH)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.speaker_colour(self._model.speaker_number(index.row()), palette))
            painter.drawRoundedRect(swatch, 3, 3)
            area = area.adjusted(_SWATCH + 8, 0, 0, 0)
            align = Qt.AlignmentFlag.AlignLeft
            painter.setFont(option.font)
        else:
            align = Qt.AlignmentFlag.AlignRight
            painter.setFont(self._figures)
        quiet = index.column() in (TurnColumn.END, TurnColumn.LENGTH)
        painter.setPen(theme.quiet(palette) if quiet else palette.color(QPalette.ColorRole.Text))
        shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, align | Qt.AlignmentFlag.AlignVCenter, shown)
        paint_focus(painter, option, self._view, index.row())
        painter.restore()
