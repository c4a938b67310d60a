"""The jobs that have a result, as a model: the list at the left of a result window.

It holds ids only; what a row says is read from `JobsModel` when it is painted. It does not depend on what the
main window searches, sorts or collapses.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot

from fi_desktop.core.case_labels import day_of
from fi_desktop.core.text import clock
from fi_desktop.gui import widgets
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.local_dates import shown_date
from fi_desktop.viewmodel.ranking import Ranking, runs
from fi_desktop.viewmodel.rows import Row
from fi_desktop.viewmodel.search import RowTest, combine, parse

_FEW = 12  # runs of changed lines reported one by one; the cost of a reset does not grow
_Index = QModelIndex | QPersistentModelIndex


class ResultsModel(QAbstractListModel):
    """The jobs that have a result and match a filter, newest first.

    Attributes:
        total: how many have a result, whether or not they match.
    """

    def __init__(self, jobs: JobsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._with_result: set[int] = set()
        self._test: RowTest | None = None
        self._ranking = Ranking()
        self._read()
        jobs.jobs_changed.connect(self._on_jobs_changed)

    @property
    def total(self) -> int:
        """How many jobs have a result, whether or not they match."""
        return len(self._with_result)

    def filter(self, text: str) -> None:
        """Show only results whose file, speakers or state of review match a search; "" shows all."""
        labels = self._jobs.texts.labels
        self._test = combine(parse(text, reviews=labels.reviews()).tests, frozenset())
        self.beginResetModel()
        self._read()
        self.endResetModel()

    def row(self, index: _Index) -> Row | None:
        """Return the job of a line; None if it was removed and the line is about to disappear."""
        return self._jobs.job(self.job_at(index.row()))

    def job_at(self, position: int) -> int:
        """Return the id of the job on a line."""
        return self._ranking[position]

    def index_of(self, job_id: int) -> QModelIndex:
        """Return the line of a job; invalid if it has none."""
        return self.index(self._ranking.position(job_id)) if job_id in self._ranking else QModelIndex()

    def neighbour(self, job_id: int, by: int) -> int | None:
        """Return the job `by` lines below another one, which may have no line; None beyond the ends."""
        if job_id in self._ranking:
            position = self._ranking.position(job_id) + by
        else:
            position = self._ranking.position_for(job_id, job_id) + (by if by < 0 else by - 1)
        return self._ranking[position] if 0 <= position < len(self._ranking) else None

    def facts(self, row: Row) -> str:
        """Return when it was recorded, or else ready, and how long it is."""
        at = row.finished_at if row.finished_at is not None else row.submitted_at
        day = shown_date(day_of(row.recorded_at)) or self._jobs.texts.labels.day(at)
        length = clock(row.duration_s) if row.duration_s is not None else ""
        return " · ".join(filter(None, (day, length)))

    def title(self, row: Row) -> str:
        """Return what a job is called."""
        return self._jobs.texts.title(row)

    def _read(self) -> None:
        rows = [row for row in self._jobs.jobs() if row.exportable]
        self._with_result = {row.id for row in rows}
        shown = rows if self._test is None else filter(self._test, rows)
        self._ranking = Ranking({row.id: row.id for row in shown})

    @Slot(object)
    def _on_jobs_changed(self, ids: frozenset[int]) -> None:
        rows = {job_id: self._jobs.job(job_id) for job_id in ids}
        shown = set()
        for job_id, row in rows.items():
            if row is None or not row.exportable:
                self._with_result.discard(job_id)
                continue
            self._with_result.add(job_id)
            if self._test is None or self._test(row):
                shown.add(job_id)
        here = {job_id for job_id in ids if job_id in self._ranking}
        removed = runs(map(self._ranking.position, here - shown))
        added = {job_id: job_id for job_id in shown - here}
        if len(removed) + len(self._ranking.gaps(added)) > _FEW:
            self.beginResetModel()
            self._read()
            self.endResetModel()
            return
        for first, last in removed:
            self.beginRemoveRows(QModelIndex(), first, last)
            self._ranking.remove(first, last)
            self.endRemoveRows()
        gaps = self._ranking.gaps(added)
        for position in sorted(gaps, reverse=True):
            self.beginInsertRows(QModelIndex(), position, position + len(gaps[position]) - 1)
            self._ranking.insert(position, gaps[position])
            self.endInsertRows()
        for first, last in runs(map(self._ranking.position, here & shown)):
            self.dataChanged.emit(self.index(first), self.index(last))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 Qt's signature
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._ranking)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a result's name, path or description."""
        row = self.row(index) if index.isValid() else None
        if row is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._jobs.texts.title(row)
            case Qt.ItemDataRole.ToolTipRole:
                return widgets.plain_tooltip(row.path)
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return f"{self._jobs.texts.labels.review_state(row.review)} · {self.facts(row)}"
            case _:
                return None
