"""What was said, as a list: one row a segment, each with its time, its speaker and its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from fi_desktop.core.names import harmless
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.txt import line_of
from fi_desktop.gui.export_controller import style
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel import finding
from fi_desktop.viewmodel.passages import NOTHING, Passage, passages_of
from fi_desktop.viewmodel.times import clock

Index = QModelIndex | QPersistentModelIndex


class ReadingModel(QAbstractListModel):
    """The segments of one transcript, in its order; they never change.

    Attributes:
        passages: the segments as they are read.
        named: whether anybody's voice is known, so that names mean something.
        doubtful, overlapping: how many words were hard to hear, and how many somebody else spoke over.
    """

    def __init__(self, transcript: Transcript, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = UiLabels(self)
        self._segments = transcript.segments
        self.passages = passages_of(transcript)
        self.named = any(passage.speaker is not None for passage in self.passages)
        marks = [mark.word for passage in self.passages for mark in passage.marks]
        self.doubtful = sum(word.doubtful for word in marks)
        self.overlapping = sum(word.overlap for word in marks)

    @cached_property
    def _folded(self) -> list[str]:
        return [finding.fold(passage.text) for passage in self.passages]

    def name(self, row: int) -> str:
        """Return who says it."""
        number = self.passages[row].speaker
        return self._words.nobody() if number is None else self._words.speaker(number)

    def moment(self, row: int) -> str:
        """Return when it begins."""
        return clock(self.passages[row].start)

    def find(self, needle: str) -> list[finding.Match]:
        """Return where something stands, in order."""
        return list(finding.find(needle, self._folded))

    def copied(self, rows: Iterable[int]) -> str:
        """Return rows as text to paste, a line each: "[00:01:02] Speaker 1: text"."""
        return harmless("\n".join(self._copied(row) for row in sorted(rows)))

    def remark(self, row: int, place: int) -> str | None:
        """Return what a person should know of the word over a character of a row."""
        mark = self.passages[row].mark_at(place)
        if mark is None:
            return None
        remarks = []
        if mark.word.doubtful:
            remarks.append(self.tr("Hard to hear: listen again"))
        if mark.word.overlap:
            remarks.append(self.tr("Somebody else spoke at the same time"))
        return "\n".join(remarks)

    def _copied(self, row: int) -> str:
        segment = self._segments[row]
        if not segment.text.strip():
            segment = replace(segment, text=NOTHING)
        return line_of(segment, style(), named=self.named)

    def _said(self, passage: Passage, row: int) -> str:
        if not self.named:
            return f"{clock(passage.start)}: {passage.text}"
        return self.tr("{speaker}, {time}: {text}").format(
            speaker=self.name(row), time=clock(passage.start), text=passage.text
        )

    def _described(self, passage: Passage) -> str:
        doubtful = [mark.word.text for mark in passage.marks if mark.word.doubtful]
        overlapping = [mark.word.text for mark in passage.marks if mark.word.overlap]
        parts = []
        if doubtful:
            parts.append(self.tr("Hard to hear: {words}").format(words=", ".join(doubtful)))
        if overlapping:
            parts.append(self.tr("Spoken over: {words}").format(words=", ".join(overlapping)))
        return ". ".join(parts)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of segments."""
        return 0 if parent.isValid() else len(self.passages)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a segment's text; for a screen reader with who says it when."""
        if not index.isValid():
            return None
        passage = self.passages[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return passage.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._said(passage, index.row())
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return self._described(passage)
            case _:
                return None
