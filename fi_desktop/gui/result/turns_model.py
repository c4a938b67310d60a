"""The turns of a result as a list: when, how long, who, and what was said where words were written down."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel.times import precise

Index = QModelIndex | QPersistentModelIndex


class TurnColumn(IntEnum):
    """The list's columns, from the left."""

    START = 0
    END = 1
    LENGTH = 2
    SPEAKER = 3


class TurnsModel(QAbstractTableModel):
    """The turns of one transcript, in order of time; they never change."""

    def __init__(self, transcript: Transcript, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turns = transcript.turns
        self._numbers = {label: number for number, label in enumerate(transcript.speakers)}
        self._words = UiLabels(self)

    def speaker_number(self, row: int) -> int:
        """Return the number of the speaker of a turn, from 0."""
        return self._numbers[self._turns[row].speaker]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of turns."""
        return 0 if parent.isValid() else len(self._turns)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(TurnColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell says."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() != TurnColumn.SPEAKER:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        turn = self._turns[index.row()]
        match index.column():
            case TurnColumn.START:
                return precise(turn.start)
            case TurnColumn.END:
                return precise(turn.end)
            case TurnColumn.LENGTH:
                return precise(turn.duration)
            case _:
                return self._words.speaker(self._numbers[turn.speaker])

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's heading."""
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
