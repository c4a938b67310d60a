"""The turns of a result without words, and why it has none."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSignalBlocker,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetrics, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.labels import NoTranscriptLabels, NoTranscriptReason, UiLabels, no_transcript_reason
from fi_desktop.gui.widgets import PAD, ReadOnlyTable, paint_focus, separator
from fi_desktop.viewmodel.result import speaker_number

Index = QModelIndex | QPersistentModelIndex

_ICON_PX = 20
_SWATCH_PX = 10


class TurnsPanel(QWidget):
    """Replaces the text if there are no words: a note on the reason, above the list of turns.

    Attributes:
        note: says why there are no words; None if nobody speaks.
        table: the turns.
    """

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = NoWordsNote(transcript, self) if transcript.segments else None
        self.table = TurnsTable(transcript, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        if self.note is not None:
            column.addWidget(self.note)
            column.addWidget(separator(self))
        column.addWidget(self.table, 1)

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected; the current row stays."""
        self.table.show_transcript(transcript)


class NoWordsNote(QWidget):
    """Says why there are no words, and offers what can be done about it.

    Attributes:
        why: the reason.
        words: button that adds words.
        models: button that opens the models dialog; shown if no model was installed.
        again: button that processes the recording again.

    Signals:
        words_asked: add words to the result.
        models_asked: open the models dialog.
        again_asked: process the recording again.
    """

    words_asked = Signal()
    models_asked = Signal()
    again_asked = Signal()

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.why = no_transcript_reason(transcript.provenance, transcript.notes)
        sentences = NoTranscriptLabels(self)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._icon = QLabel(self)
        self._title = QLabel(self.tr("No transcription"), self)
        self._title.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        self._reason = QLabel(sentences.sentence(self.why, transcript.notes), self)
        self._advice = QLabel(sentences.advice(self.why), self)
        self._advice.setObjectName("quiet")
        for label in (self._reason, self._advice):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._advice.setVisible(bool(self._advice.text()))
        self.words = QPushButton(self.tr("Add words"), self)
        self.words.setObjectName("primary")
        self.words.setToolTip(self.tr("Transcribe what was said; who spoke when stays as it is"))
        self.words.clicked.connect(self.words_asked)
        self.words.setVisible(self.why is not NoTranscriptReason.NOTHING_HEARD)
        self.models = QPushButton(self.tr("Choose a model…"), self)
        self.models.setObjectName("plain")
        self.models.clicked.connect(self.models_asked)
        self.models.setVisible(self.why is NoTranscriptReason.NO_MODEL)
        self.again = QPushButton(self.tr("Process again"), self)
        self.again.setObjectName("plain")
        self.again.clicked.connect(self.again_asked)
        self.again.setVisible(self.why in (NoTranscriptReason.NO_MODEL, NoTranscriptReason.FAILED))
        for button in (self.words, self.models, self.again):
            button.setAccessibleName(button.text().removesuffix("…"))
        self._lay_out()
        self._apply_theme()

    @property
    def reason(self) -> str:
        """Why there are no words, as a sentence."""
        return self._reason.text()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(7)
        head.addWidget(self._icon)
        head.addWidget(self._title, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.words)
        buttons.addWidget(self.models)
        buttons.addWidget(self.again)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._reason)
        column.addWidget(self._advice)
        if self.words.isVisibleTo(self):
            column.addSpacing(2)
            column.addLayout(buttons)

    def _apply_theme(self) -> None:
        warns = self.why in (NoTranscriptReason.NO_MODEL, NoTranscriptReason.FAILED)
        colour = theme.tone("warn", self.palette()) if warns else theme.quiet(self.palette())
        name = "warning" if warns else "info"
        self._icon.setPixmap(theme.pixmap(name, _ICON_PX, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "again"):
            self._apply_theme()


class TurnsTable(ReadOnlyTable):
    """Lists turns.

    Signals:
        turn_chosen: index of the turn that the person moved to.
        play_asked: play the current turn.
        menu_asked: open a menu for a turn, at a place on the screen.
    """

    turn_chosen = Signal(int)
    play_asked = Signal()
    menu_asked = Signal(int, QPoint)

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

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected; the current row stays."""
        row = self.currentIndex().row()
        self._turns.show_transcript(transcript)
        if row >= 0:
            self.choose(min(row, self._turns.rowCount() - 1))

    def choose(self, number: int) -> None:
        """Select a turn and scroll to it, without a signal."""
        if self.currentIndex().row() != number:
            with QSignalBlocker(self.selectionModel()):
                self.selectRow(number)
            self.viewport().update()
        self.scrollTo(self._turns.index(number, 0))

    @Slot(QModelIndex)
    def _on_current_row_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self.turn_chosen.emit(current.row())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Play a turn that is double-clicked."""
        super().mouseDoubleClickEvent(event)
        if event.button() is Qt.MouseButton.LeftButton and self.indexAt(event.position().toPoint()).isValid():
            self.play_asked.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the turn, by mouse or key."""
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if index.isValid():
            self.selectRow(index.row())
            corner = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
            self.menu_asked.emit(index.row(), corner if by_key else event.globalPos())


class _TurnDelegate(QStyledItemDelegate):
    """Paints a turn: times in tabular figures, and the speaker's colour before the name."""

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
            swatch = QRectF(area.left(), area.center().y() - _SWATCH_PX / 2 + 1, _SWATCH_PX, _SWATCH_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.speaker_colour(self._model.speaker_number(index.row()), palette))
            painter.drawRoundedRect(swatch, 3, 3)
            area = area.adjusted(_SWATCH_PX + 8, 0, 0, 0)
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


class TurnColumn(IntEnum):
    """The columns, from the left."""

    START = 0
    END = 1
    LENGTH = 2
    SPEAKER = 3


class TurnsModel(QAbstractTableModel):
    """The turns of one transcript, by start."""

    def __init__(self, transcript: Transcript, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._transcript = transcript
        self._labels = UiLabels(self)

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected."""
        self.beginResetModel()
        self._transcript = transcript
        self.endResetModel()

    def speaker_number(self, row: int) -> int:
        """Return the number of a turn's speaker; see `viewmodel.result.speaker_number`."""
        return speaker_number(self._transcript.turns[row].speaker, self._transcript.speakers)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of turns."""
        return 0 if parent.isValid() else len(self._transcript.turns)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(TurnColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text or alignment."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() != TurnColumn.SPEAKER:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        turn = self._transcript.turns[index.row()]
        match index.column():
            case TurnColumn.START:
                return clock(turn.start, decimals=1)
            case TurnColumn.END:
                return clock(turn.end, decimals=1)
            case TurnColumn.LENGTH:
                return clock(turn.duration, decimals=1)
            case _:
                return self._labels.speaker(turn.speaker, self._transcript)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a heading's text or alignment."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = section != TurnColumn.SPEAKER
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        match section:
            case TurnColumn.START:
                return self.tr("From")
            case TurnColumn.END:
                return self.tr("To")
            case TurnColumn.LENGTH:
                return self.tr("Length")
            case _:
                return self.tr("Speaker")
