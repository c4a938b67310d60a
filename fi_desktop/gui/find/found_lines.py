"""The lines that were found, as a model that reads further pages as the list is scrolled."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from fi_desktop.core.case_labels import day_of
from fi_desktop.core.text import clock, one_line
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.labels import UiLabels, export_labels
from fi_desktop.gui.local_dates import shown_date
from fi_desktop.jobs.transcript_search import FoundLine, FoundPage
from fi_desktop.viewmodel.found import Excerpt, excerpt, speaker_of

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class FoundLinesModel(QAbstractListModel):
    """Lines of the newest jobs first.

    Signals:
        more_asked: the next page is needed; what continues the search.
    """

    more_asked = Signal(object)

    def __init__(self, jobs: JobsModel, parent: QObject) -> None:
        """Start without lines; jobs: where the names of recordings are."""
        super().__init__(parent)
        self._jobs = jobs
        self._labels = UiLabels(self)
        self._found: list[FoundLine] = []
        self._excerpts: list[Excerpt] = []
        self._next: int | None = None
        self._asked = False

    @property
    def complete(self) -> bool:
        """Whether there are no more lines than these."""
        return self._next is None

    def found_at(self, row: int) -> FoundLine:
        """Return a line."""
        return self._found[row]

    def excerpt_at(self, row: int) -> Excerpt:
        """Return a line's text as it is shown."""
        return self._excerpts[row]

    def recording_at(self, row: int) -> str:
        """Return what the recording is called, and the day when it was made, or else added."""
        found = self._found[row]
        job = self._jobs.job(found.job)
        name = (
            self._jobs.texts.title(job)
            if job is not None
            else self.tr("Job {number}").format(number=found.job)
        )
        day = shown_date(day_of(job.recorded_at)) if job is not None else ""
        return f"{one_line(name)}  ·  {day or self._labels.day(found.at)}"

    def speaker_at(self, row: int) -> str:
        """Return when in the recording it is said, and by whom."""
        line = self._found[row].line
        return f"{clock(line.start)}  {one_line(speaker_of(line, export_labels()))}"

    def show_page(self, page: FoundPage) -> None:
        """Show the first lines of a search in place of all others."""
        self.beginResetModel()
        self._found, self._excerpts = list(page.lines), [excerpt(found) for found in page.lines]
        self._next, self._asked = page.next, False
        self.endResetModel()

    def add_page(self, page: FoundPage) -> None:
        """Add the lines that follow."""
        self._next, self._asked = page.next, False
        if page.lines:
            first = len(self._found)
            self.beginInsertRows(QModelIndex(), first, first + len(page.lines) - 1)
            self._found += page.lines
            self._excerpts += [excerpt(found) for found in page.lines]
            self.endInsertRows()

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._found)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a line as text; for screen readers with who says it, and in which recording."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._excerpts[index.row()].text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            row = index.row()
            return f"{self.speaker_at(row)}: {self._excerpts[row].text} ({self.recording_at(row)})"
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        """Return whether another page can be asked for."""
        return not parent.isValid() and self._next is not None and not self._asked

    def fetchMore(self, parent: _Index) -> None:
        """Ask for the next page."""
        if self.canFetchMore(parent):
            self._asked = True
            self.more_asked.emit(self._next)
