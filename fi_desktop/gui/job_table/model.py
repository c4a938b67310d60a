"""The jobs as the table shows them: slim rows, one ordered list of lines, and no proxy.

Events are gathered and shown together, ten times a second at most and the first of a burst at once. They are
taken in slices, so that the event loop goes round however many there are. Few changes of the lines are told
one by one; many of them as a reset, which costs the view the same however many they are.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
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

from fi_desktop.core.codec import Done
from fi_desktop.core.events import Completed
from fi_desktop.core.job import Job, JobState
from fi_desktop.gui.job_table.columns import FIGURES, Cells, Column, key_of
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, QueueEvent
from fi_desktop.jobs.speed import Speeds
from fi_desktop.jobs.store import JobsPage
from fi_desktop.viewmodel.progress import Forecast, keep_progress, progressed
from fi_desktop.viewmodel.ranking import runs
from fi_desktop.viewmodel.rows import Row, row_of, row_of_done
from fi_desktop.viewmodel.visible_rows import RowChanges, Test, VisibleRows

_GATHER_MS = 100
_LIST_MS = 400  # while older jobs are listed, which are out of view: each time the table is painted
_SLICE_S = 0.006  # of news taken in without a look at the event loop
_PAUSE_MS = 1  # between two slices
_REST = 4  # times as long as showing took, nothing is shown: the program stays usable with any number of jobs
_PORTION = 2500  # new rows that are shown without waiting for more, where they are all put at one end
_FEW = 12  # changes of the lines that are told one by one
_HINTED = "QList<QPersistentModelIndex>,QAbstractItemModel::LayoutChangeHint"
Index = QModelIndex | QPersistentModelIndex


class JobsModel(QAbstractTableModel):
    """All jobs.

    Attributes:
        cells: what the cells say.
        speeds: how fast this machine is, learnt from the jobs.

    Signals:
        jobs_changed: ids (frozenset of int) of the jobs whose rows are new, other, or gone.
    """

    jobs_changed = Signal(object)

    def __init__(
        self, parent: QObject | None = None, *, retries: int = 3, now: Callable[[], float] = time.time
    ) -> None:
        """Make an empty model.

        Args:
            parent: its owner.
            retries: how many a job gets.
            now: UTC, seconds since the epoch.
        """
        super().__init__(parent)
        self.now = now
        self.cells = Cells(self, retries=retries)
        self.speeds = Speeds()
        self._shown = VisibleRows(key_of(None, now))
        self._sorted: tuple[Column | None, bool] = (None, True)
        self._waiting: deque[Job | Done | JobsPage | QueueEvent] = deque()
        self._page = self._shown_page = JobsPage()  # last read, last shown
        self._changed: dict[int, Row | None] = {}
        self._gather = QTimer(self, singleShot=True)
        self._gather.timeout.connect(self._on_gathered)
        self._shown_at, self._took_s = 0.0, 0.0
        self._forecast = Forecast()

    @property
    def counts(self) -> Counter[JobState]:
        """How many jobs there are in each state, whether they are filtered out or not."""
        if not self.listing:
            return self._shown.counts
        aside = map(self._shown.known, self._shown.aside)
        return Counter(self._shown_page.counts) - Counter(row.state for row in aside if row is not None)

    @property
    def listing(self) -> bool:
        """Whether older jobs are still to come from the store."""
        return self._shown_page.before is not None

    @property
    def total(self) -> int:
        """How many jobs there are, whether they are filtered out or not."""
        return self.counts.total()

    @property
    def settled(self) -> bool:
        """Whether all that was told is shown."""
        return not (self._waiting or self._unshown or self.listing)

    @property
    def alive(self) -> bool:
        """Whether any job waits or runs, so that its times go on."""
        return any(self.counts[state] for state in JobState if not state.final)

    @property
    def running(self) -> list[Row]:
        """The jobs that run, whether they are filtered out or not, the first submitted first."""
        return [self._shown.row(job_id) for job_id in sorted(self._shown.running)]

    @property
    def left_s(self) -> float | None:
        """How long all that waits and runs will take, as many at a time as now; None: it is not known."""
        return self._forecast.left_s(self.running, self.counts, self.now())

    def job_row(self, index: Index) -> Row:
        """Return the row behind an index; of a folded batch, its own."""
        return self._shown.row(self._shown.ranking[index.row()])

    def entry_at(self, place: int) -> int:
        """Return what stands on a line: a job's id, or a folded batch's with a minus."""
        return self._shown.ranking[place]

    def rows_at(self, *places: int) -> list[Row]:
        """Return the jobs on these lines: one each, or all of a folded batch."""
        entries = map(self._shown.ranking.__getitem__, places)
        if self._shown.folds:
            return [row for entry in entries for row in self._shown.members(entry)]
        return list(map(self._shown.row, entries))

    def row_by_id(self, job_id: int) -> Row | None:
        """Return a job's row as it is known now, shown or not; None where there is none."""
        if job_id in self._shown.aside:
            return None
        return self._latest(job_id)

    def state_of(self, job_id: int) -> JobState | None:
        """Return a job's state, even where the job is set aside; None where there is none."""
        row = self._latest(job_id)
        return None if row is None else row.state

    def place_of(self, job_id: int) -> QModelIndex:
        """Return where a job is shown, alone or folded; an invalid index where it is not."""
        entry = self._shown.entry_of(job_id)
        return QModelIndex() if entry is None else self.index(self._shown.ranking.place(entry), 0)

    def line_of(self, entry: int) -> QModelIndex:
        """Return where an entry stands; an invalid index where it has no line."""
        ranking = self._shown.ranking
        return self.index(ranking.place(entry), 0) if entry in ranking else QModelIndex()

    @Slot(object)
    def take_page(self, page: JobsPage) -> None:
        """Take jobs as they stand in the store, newest first."""
        self.speeds.learn_all([job for job in reversed(page.jobs) if isinstance(job, Job)])
        self._waiting.extend(page.jobs)
        self._waiting.append(page)
        self._schedule()

    @Slot()
    def end_listing(self) -> None:
        """Wait for no more pages: the store cannot be read any further."""
        self._waiting.append(JobsPage())
        self._schedule()

    @Slot(object)
    def take_news(self, news: Iterable[QueueEvent]) -> None:
        """Take what happened since."""
        self._waiting.extend(
            item for item in news if isinstance(item, JobChanged | JobRemoved | JobProgressed)
        )
        self._schedule()

    def sort_by_submission(self) -> None:
        """Show the newest first, as at the start."""
        self._sort(None, descending=True)

    def show_only(self, matches: Test | None) -> None:
        """Show only the jobs whose row passes this test; None: all."""
        self._rearrange(lambda: self._shown.match(matches))

    @property
    def folded(self) -> set[int]:
        """The batches that are folded."""
        return set(self._shown.folds)

    def fold_all(self) -> None:
        """Fold every batch of which more than one job is shown."""
        self.fold(self._shown.batches())

    def unfold_all(self) -> None:
        """Give each job its own line."""
        self.unfold(self.folded)

    def fold(self, batches: Iterable[int]) -> None:
        """Show each of these batches on one line."""
        self._rearrange(lambda: self._shown.fold(batches))

    def unfold(self, batches: Iterable[int]) -> None:
        """Show the jobs of these batches on lines of their own."""
        self._rearrange(lambda: self._shown.unfold(batches))

    def set_aside(self, ids: Iterable[int]) -> None:
        """Show and count these jobs no longer, though the queue still has them."""
        given = tuple(ids)
        self._apply(self._shown.set_aside(given))
        self.jobs_changed.emit(frozenset(given))

    def put_back(self, ids: Iterable[int]) -> None:
        """Show these jobs again."""
        given = tuple(ids)
        self._apply(self._shown.put_back(given))
        self.jobs_changed.emit(frozenset(given))

    @property
    def _unshown(self) -> bool:
        """Whether something was taken in that is not shown yet."""
        return bool(self._changed) or self._page is not self._shown_page

    def _latest(self, job_id: int) -> Row | None:
        return self._changed[job_id] if job_id in self._changed else self._shown.known(job_id)

    def _schedule(self) -> None:
        if self._waiting and not self._gather.isActive():
            self._gather.start(0 if self._due() else round(self._rest_s() * 1000))

    def _rest_s(self) -> float:
        more = self._page.before is not None
        pause = max((_LIST_MS if more else _GATHER_MS) / 1000, _REST * self._took_s)
        return max(0.0, pause - (time.monotonic() - self._shown_at))

    def _due(self) -> bool:
        at_one_end = self._sorted[0] is None
        return self._rest_s() == 0 or (at_one_end and len(self._changed) >= _PORTION)

    @Slot()
    def _on_gathered(self) -> None:
        until = time.monotonic() + _SLICE_S
        while self._waiting and time.monotonic() < until:
            self._take(self._waiting.popleft())
        if self._due():
            self._show_changes()
        if self._waiting:
            self._gather.start(_PAUSE_MS)
        elif self._unshown:
            self._gather.start(round(self._rest_s() * 1000))

    def _take(self, item: Job | Done | JobsPage | QueueEvent) -> None:
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
        begun = time.monotonic()
        changed, self._changed = self._changed, {}
        known = {
            job_id: row for job_id, row in changed.items() if row is not None or self._shown.known(job_id)
        }
        self._apply(self._shown.plan(known))
        self._shown_page = self._page
        self.jobs_changed.emit(frozenset(known))
        self._shown_at = time.monotonic()
        self._took_s = self._shown_at - begun

    def _apply(self, plan: RowChanges) -> None:
        """Change the lines as planned."""
        ranking = self._shown.ranking
        leaving = runs(ranking.place(entry) for entry in plan.gone)
        gaps = ranking.gaps(plan.new) if len(leaving) <= _FEW else {}
        if len(leaving) + len(gaps) > _FEW:
            self._rearrange(lambda: self._shown.rank(plan))
        else:
            if leaving:
                self._remove(leaving)
                gaps = ranking.gaps(plan.new)  # each a little further up
            self._insert(gaps)
            self._tell(plan.other)
            if plan.moved:
                self._reseat(lambda: self._move(plan.moved))
        self._shown.forget()

    def _remove(self, leaving: list[tuple[int, int]]) -> None:
        for first, last in leaving:
            self.beginRemoveRows(QModelIndex(), first, last)
            self._shown.ranking.remove(first, last)
            self.endRemoveRows()

    def _insert(self, gaps: Mapping[int, Mapping[int, Any]]) -> None:
        for place in sorted(gaps, reverse=True):
            self.beginInsertRows(QModelIndex(), place, place + len(gaps[place]) - 1)
            self._shown.ranking.insert(place, gaps[place])
            self.endInsertRows()

    def _tell(self, other: Iterable[int]) -> None:
        last_column = len(Column) - 1
        for first, last in runs(self._shown.ranking.place(entry) for entry in other):
            self.dataChanged.emit(self.index(first, 0), self.index(last, last_column))

    def _move(self, moved: Mapping[int, Any]) -> None:
        self._shown.rank(RowChanges(moved=dict(moved)))

    def _rearrange(self, change: Callable[[], None]) -> None:
        """Change which lines there are in any way."""
        self.beginResetModel()
        change()
        self.endResetModel()

    def _reseat(self, change: Callable[[], None]) -> None:
        """Change the order of the lines alone."""
        # with the hint, selections keep one index a line, and not one a cell
        hint = QAbstractItemModel.LayoutChangeHint.VerticalSortHint
        self.layoutAboutToBeChanged[_HINTED].emit([], hint)  # type: ignore[index]
        kept = self.persistentIndexList()
        entries = [self._shown.ranking[index.row()] for index in kept]
        change()
        place = self._shown.ranking.place
        moved = [self.index(place(entry), index.column()) for entry, index in zip(entries, kept, strict=True)]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged[_HINTED].emit([], hint)  # type: ignore[index]

    def _sort(self, column: Column | None, *, descending: bool) -> None:
        if (column, descending) == self._sorted and column is not Column.LEFT:
            return  # Qt asks twice for each click, and the order is always kept
        self._sorted = (column, descending)
        key = key_of(column, self.now)
        self._reseat(lambda: self._shown.sort(key, descending=descending))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._shown.ranking)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell says."""
        if not index.isValid():
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.cells.text(self.job_row(index), index.column(), self.now())
            case Qt.ItemDataRole.ToolTipRole:
                return self.cells.tip(self.job_row(index), index.column(), self.now())
            case Qt.ItemDataRole.AccessibleDescriptionRole if index.column() == Column.FILE:
                return self.cells.detail(self.job_row(index), self.now())
            case _:
                return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's heading."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cells.heading(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.cells.heading_tip(section) or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in FIGURES else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1: by submission, the newest first."""
        if column < 0:
            self.sort_by_submission()
        else:
            self._sort(Column(column), descending=order is Qt.SortOrder.DescendingOrder)
