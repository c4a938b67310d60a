"""The table model of all jobs.

There is no proxy model; `viewmodel/visible_rows.py` explains how 100,000 jobs stay fast.

Events are collected and shown together, at most ten times a second and at once when nothing was shown for a
while. They are processed in slices, so that the event loop keeps running. A few changed lines are reported to
views one by one, many as one reset, whose cost does not grow with their number.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from fi_desktop.core.events import Completed
from fi_desktop.core.job import Done, Job, JobState
from fi_desktop.gui.job_table.columns import COLUMNS, NAME, CellTexts, Column
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, QueueEvent, QueueHeld
from fi_desktop.jobs.speed import Speeds
from fi_desktop.jobs.store import JobsPage
from fi_desktop.viewmodel.progress import QueueForecast, keep_progress, progressed
from fi_desktop.viewmodel.ranking import runs
from fi_desktop.viewmodel.rows import Row, row_of, row_of_done
from fi_desktop.viewmodel.search import RowTest
from fi_desktop.viewmodel.visible_rows import RowChanges, SortKey, VisibleRows, newest_first

_COLLECT_MS = 100
_LISTING_MS = 400  # while older jobs are listed, which are out of view: each update repaints the table
_SLICE_S = 0.006  # of events processed before the event loop runs again
_PAUSE_MS = 1  # between two slices
_REST_FACTOR = 4  # pause after an update, in multiples of what it took: the window stays usable at any size
_PORTION = 2500  # new rows shown without waiting for more, if all are appended
_FEW = 12  # changed lines reported one by one
_HINTED = "QList<QPersistentModelIndex>,QAbstractItemModel::LayoutChangeHint"
_Index = QModelIndex | QPersistentModelIndex


class JobsModel(QAbstractTableModel):
    """All jobs, one line each or one line per collapsed batch.

    Attributes:
        columns: the columns, from left to right.
        texts: texts of cells.
        speeds: how fast this machine is, learned from the jobs.

    Signals:
        jobs_changed: ids (frozenset of int) of jobs that were added, changed or removed.
    """

    jobs_changed = Signal(object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        retries: int = 3,
        now: Callable[[], float] = time.time,
        columns: Sequence[Column] = COLUMNS,
    ) -> None:
        """Make an empty model.

        Args:
            parent: its owner.
            retries: how often a job is retried.
            now: UTC, seconds since the epoch.
            columns: the columns; the first one names the row.
        """
        super().__init__(parent)
        self.now = now
        self.columns = tuple(columns)
        self.texts = CellTexts(self, retries=retries)
        self.speeds = Speeds()
        self._visible = VisibleRows(newest_first)
        self._sorted_by: tuple[Column | None, bool] = (None, True)  # column, descending
        self._incoming: deque[Job | Done | JobsPage | QueueEvent] = deque()
        self._page = self._shown_page = JobsPage()  # latest page of the store processed, and shown
        self._changed: dict[int, Row | None] = {}
        self._collect = QTimer(self, singleShot=True)
        self._collect.timeout.connect(self._on_collected)
        self._shown_at, self._took_s = 0.0, 0.0
        self._forecast = QueueForecast()

    @property
    def counts(self) -> Counter[JobState]:
        """Number of jobs in each state, including jobs that are filtered out."""
        if not self.listing:
            return self._visible.counts
        hidden = map(self._visible.job, self._visible.hidden)
        return Counter(self._shown_page.counts) - Counter(row.state for row in hidden if row is not None)

    @property
    def to_review(self) -> int:
        """Number of completed jobs whose result nobody has checked, of those that are listed."""
        return self._visible.to_review

    @property
    def listing(self) -> bool:
        """Whether older jobs are still being listed."""
        return self._shown_page.before is not None

    @property
    def total(self) -> int:
        """Number of jobs, including jobs that are filtered out."""
        return self.counts.total()

    @property
    def settled(self) -> bool:
        """Whether everything received is shown."""
        return not (self._incoming or self._unshown or self.listing)

    @property
    def active(self) -> bool:
        """Whether any job is waiting or running."""
        return any(self.counts[state] for state in JobState if not state.final)

    @property
    def running(self) -> list[Row]:
        """The running jobs, oldest first, including jobs that are filtered out."""
        return [self._visible.row(job_id) for job_id in sorted(self._visible.running)]

    @property
    def left_s(self) -> float | None:
        """Predicted time until the queue is empty, seconds; None if unknown."""
        return self._forecast.left_s(self.running, self.counts, self.now())

    def row(self, index: _Index) -> Row:
        """Return the row at an index; for a collapsed batch, the batch's."""
        return self._visible.row(self._visible.ranking[index.row()])

    def entry_at(self, position: int) -> int:
        """Return what a line shows: a job's id, or minus a collapsed batch's id."""
        return self._visible.ranking[position]

    def jobs_at(self, *positions: int) -> list[Row]:
        """Return the jobs on these lines, including all jobs of collapsed batches."""
        entries = map(self._visible.ranking.__getitem__, positions)
        if self._visible.collapsed:
            return [row for entry in entries for row in self._visible.jobs_of(entry)]
        return list(map(self._visible.row, entries))

    def job(self, job_id: int) -> Row | None:
        """Return a job's latest row, shown or not; None if it does not exist or is being removed."""
        return None if job_id in self._visible.hidden else self._latest(job_id)

    def jobs(self) -> Iterator[Row]:
        """Return the rows of all jobs, filtered out or not, in no order."""
        return self._visible.jobs()

    def state_of(self, job_id: int) -> JobState | None:
        """Return a job's state, even while it is being removed; None if it does not exist."""
        row = self._latest(job_id)
        return None if row is None else row.state

    def index_of_job(self, job_id: int) -> QModelIndex:
        """Return where a job or its collapsed batch is shown; invalid if it is not."""
        entry = self._visible.entry_of(job_id)
        return QModelIndex() if entry is None else self.index(self._visible.ranking.position(entry), 0)

    def index_of_entry(self, entry: int) -> QModelIndex:
        """Return where an entry is shown; invalid if it is not."""
        ranking = self._visible.ranking
        return self.index(ranking.position(entry), 0) if entry in ranking else QModelIndex()

    @Slot(object)
    def add_page(self, page: JobsPage) -> None:
        """Add jobs as the store lists them, newest first."""
        self.speeds.learn_all([job for job in reversed(page.jobs) if isinstance(job, Job)])
        self._incoming.extend(page.jobs)
        self._incoming.append(page)
        self._schedule()

    @Slot()
    def end_listing(self) -> None:
        """Stop waiting for pages, because the store cannot be read."""
        self._incoming.append(JobsPage())
        self._schedule()

    @Slot(object)
    def apply_events(self, events: Sequence[QueueEvent]) -> None:
        """Apply what happened in the queue."""
        for event in events:
            if isinstance(event, QueueHeld):
                self._hold(event)
        self._incoming.extend(
            event for event in events if isinstance(event, JobChanged | JobRemoved | JobProgressed)
        )
        self._schedule()

    def _hold(self, held: QueueHeld) -> None:
        self.texts.held = held
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(self.columns) - 1))

    def sort_by_submission(self) -> None:
        """Show the newest jobs first, which is the default."""
        self._sort(None, descending=True)

    def show_cases(self, shown: bool) -> None:
        """Call jobs by their cases, or by their files' names."""
        if shown == self.texts.shows_cases:
            return
        self.texts.shows_cases = shown
        column, descending = self._sorted_by
        if column is not None and column.sort_key_by is not None:
            key = self._sort_key(column)
            self._reorder(lambda: self._visible.sort(key, descending=descending))
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(self.columns) - 1))

    def filter(self, test: RowTest | None) -> None:
        """Show only jobs that pass a test; None shows all."""
        self._reset(lambda: self._visible.filter(test))

    @property
    def collapsed(self) -> set[int]:
        """The collapsed batches."""
        return set(self._visible.collapsed)

    def collapse_all(self) -> None:
        """Collapse every batch of at least two visible jobs."""
        self.collapse(self._visible.batches())

    def expand_all(self) -> None:
        """Expand every batch."""
        self.expand(self.collapsed)

    def collapse(self, batches: Iterable[int]) -> None:
        """Show each of these batches on one line."""
        self._reset(lambda: self._visible.collapse(batches))

    def expand(self, batches: Iterable[int]) -> None:
        """Show the jobs of these batches on separate lines."""
        self._reset(lambda: self._visible.expand(batches))

    def hide(self, ids: Iterable[int]) -> None:
        """Stop showing and counting these jobs, which are about to be removed."""
        hidden = tuple(ids)
        self._apply(self._visible.hide(hidden))
        self.jobs_changed.emit(frozenset(hidden))

    def restore(self, ids: Iterable[int]) -> None:
        """Show hidden jobs again."""
        restored = tuple(ids)
        self._apply(self._visible.restore(restored))
        self.jobs_changed.emit(frozenset(restored))

    @property
    def _unshown(self) -> bool:
        """Whether anything was processed and not shown yet."""
        return bool(self._changed) or self._page is not self._shown_page

    def _latest(self, job_id: int) -> Row | None:
        return self._changed[job_id] if job_id in self._changed else self._visible.job(job_id)

    def _schedule(self) -> None:
        if self._incoming and not self._collect.isActive():
            self._collect.start(0 if self._due() else round(self._rest_s() * 1000))

    def _rest_s(self) -> float:
        """Return how long to wait before the next update."""
        interval_ms = _COLLECT_MS if self._page.before is None else _LISTING_MS
        pause_s = max(interval_ms / 1000, _REST_FACTOR * self._took_s)
        return max(0.0, pause_s - (time.monotonic() - self._shown_at))

    def _due(self) -> bool:
        appended = self._sorted_by[0] is None
        return self._rest_s() == 0 or (appended and len(self._changed) >= _PORTION)

    @Slot()
    def _on_collected(self) -> None:
        until = time.monotonic() + _SLICE_S
        while self._incoming and time.monotonic() < until:
            self._process(self._incoming.popleft())
        if self._due():
            self._show_changes()
        if self._incoming:
            self._collect.start(_PAUSE_MS)
        elif self._unshown:
            self._collect.start(round(self._rest_s() * 1000))

    def _process(self, item: Job | Done | JobsPage | QueueEvent) -> None:
        match item:
            case Done(id=job_id):
                self._changed[job_id] = row_of_done(item)
            case JobProgressed(job_id=job_id):
                row = self._latest(job_id)
                if row is not None and row.state is JobState.RUNNING:
                    self._changed[job_id] = progressed(row, item, self.speeds, self.now())
            case JobRemoved(job_id=job_id):
                self._changed[job_id] = None
            case JobChanged(job=job, event=event):
                if isinstance(event, Completed):
                    self.speeds.learn(job)
                    self._forecast.learn(job)
                self._change(job.id, row_of(job, event, self.speeds))
            case Job():
                self._change(item.id, row_of(item, speeds=self.speeds))
            case JobsPage():
                self._page = item

    def _change(self, job_id: int, row: Row) -> None:
        old = self._latest(job_id)
        self._changed[job_id] = keep_progress(old, row) if old is not None else row

    def _show_changes(self) -> None:
        started = time.monotonic()
        changed, self._changed = self._changed, {}
        # a job removed before it was ever shown is no change
        changed = {id_: row for id_, row in changed.items() if row is not None or self._visible.job(id_)}
        self._apply(self._visible.plan(changed))
        self._shown_page = self._page
        self.jobs_changed.emit(frozenset(changed))
        self._shown_at = time.monotonic()
        self._took_s = self._shown_at - started

    def _apply(self, changes: RowChanges) -> None:
        """Change the lines, and report it to views line by line or as a reset."""
        ranking = self._visible.ranking
        removed = runs(ranking.position(entry) for entry in changes.removed)
        gaps = ranking.gaps(changes.inserted) if len(removed) <= _FEW else {}
        if len(removed) + len(gaps) > _FEW:
            self._reset(lambda: self._visible.apply(changes))
        else:
            if removed:
                self._remove(removed)
                gaps = ranking.gaps(changes.inserted)  # positions have shifted
            self._insert(gaps)
            self._report_updated(changes.updated)
            if changes.moved:
                self._reorder(lambda: self._visible.apply(RowChanges(moved=changes.moved)))
        self._visible.forget()

    def _remove(self, removed: list[tuple[int, int]]) -> None:
        for first, last in removed:
            self.beginRemoveRows(QModelIndex(), first, last)
            self._visible.ranking.remove(first, last)
            self.endRemoveRows()

    def _insert(self, gaps: Mapping[int, Mapping[int, Any]]) -> None:
        for position in sorted(gaps, reverse=True):
            self.beginInsertRows(QModelIndex(), position, position + len(gaps[position]) - 1)
            self._visible.ranking.insert(position, gaps[position])
            self.endInsertRows()

    def _report_updated(self, updated: Iterable[int]) -> None:
        last_column = len(self.columns) - 1
        for first, last in runs(self._visible.ranking.position(entry) for entry in updated):
            self.dataChanged.emit(self.index(first, 0), self.index(last, last_column))

    def _reset(self, change: Callable[[], None]) -> None:
        """Change the lines in any way."""
        self.beginResetModel()
        change()
        self.endResetModel()

    def _reorder(self, change: Callable[[], None]) -> None:
        """Change only the order of the lines."""
        # with this hint, a selection keeps one persistent index per line instead of one per cell
        hint = QAbstractItemModel.LayoutChangeHint.VerticalSortHint
        self.layoutAboutToBeChanged[_HINTED].emit([], hint)  # type: ignore[index]
        kept = self.persistentIndexList()
        entries = [self._visible.ranking[index.row()] for index in kept]
        change()
        position = self._visible.ranking.position
        moved = [
            self.index(position(entry), index.column()) for entry, index in zip(entries, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged[_HINTED].emit([], hint)  # type: ignore[index]

    def _sort(self, column: Column | None, *, descending: bool) -> None:
        timed = column is not None and column.sort_key_at is not None
        if (column, descending) == self._sorted_by and not timed:
            return  # Qt sorts twice for each click
        self._sorted_by = (column, descending)
        key = self._sort_key(column)
        self._reorder(lambda: self._visible.sort(key, descending=descending))

    def _sort_key(self, column: Column | None) -> SortKey:
        if column is None:
            return newest_first
        if column.sort_key_by is not None:
            return column.sort_key_by(self.texts)
        return column.sort_key if column.sort_key_at is None else column.sort_key_at(self.now())

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 Qt's signature
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._visible.ranking)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, tooltip or accessible description."""
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(self.texts, self.row(index), self.now())
            case Qt.ItemDataRole.ToolTipRole:
                return column.cell_tip(self.texts, self.row(index), self.now()) or None
            case Qt.ItemDataRole.AccessibleDescriptionRole if index.column() == NAME:
                return self.texts.detail(self.row(index), self.now())
            case _:
                return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's heading, tooltip or alignment."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.heading
            case Qt.ItemDataRole.ToolTipRole:
                return column.heading_tip or None
            case Qt.ItemDataRole.TextAlignmentRole:
                return column.align
            case _:
                return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 restores the default order."""
        if column < 0:
            self.sort_by_submission()
        else:
            self._sort(self.columns[column], descending=order is Qt.SortOrder.DescendingOrder)
