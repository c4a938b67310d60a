"""The rows that the job table shows: all jobs, filtered, collapsed by batch, in order.

How 100,000 jobs stay fast:

- A job is a `Row`, a slim tuple; a change makes a new one. There is no proxy model: filtering, batches and
  order are decided here, once per changed job.
- An *entry* is what occupies one line: a job's id, or minus a collapsed batch's id. `Ranking` keeps the
  entries sorted, so that a position is found by bisection and the newest job is appended.
- `plan` computes what changed rows do to the lines, without touching them. The model then applies a few
  changes with Qt's insert, remove and move signals, or many with one reset, whose cost does not grow.
- A collapsed batch keeps running totals, so that one changed job costs the same in a batch of 10,000.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fi_desktop.core.job import JobState
from fi_desktop.viewmodel.ranking import Ranking
from fi_desktop.viewmodel.rows import Batch, Row
from fi_desktop.viewmodel.search import RowTest

SortKey = Callable[[Row], Any]


def newest_first(row: Row) -> int:
    """Sort key of the default order, which descends."""
    return abs(row.id)


@dataclass(slots=True)
class RowChanges:
    """What changed rows do to the lines.

    Attributes:
        removed: entries whose line disappears.
        inserted: entries that get a line, with their keys.
        updated: entries whose line has other content.
        moved: the updated entries that belong elsewhere, with their new keys.
    """

    removed: set[int] = field(default_factory=set)
    inserted: dict[int, Any] = field(default_factory=dict)
    updated: set[int] = field(default_factory=set)
    moved: dict[int, Any] = field(default_factory=dict)


class VisibleRows:
    """All rows, and the entries that have a line.

    Attributes:
        counts: jobs in each state, whether filtered out or not, without the hidden ones.
        to_review: the counted jobs whose result nobody has checked.
        ranking: entries with a line, in order.
        collapsed: the collapsed batches by id.
        hidden: jobs that are not shown because they are about to be removed.
        running: the counted jobs that are running.
    """

    def __init__(self, key: SortKey) -> None:
        self.counts: Counter[JobState] = Counter()
        self.to_review = 0
        self.ranking = Ranking()
        self.collapsed: dict[int, Batch] = {}
        self.hidden: set[int] = set()
        self.running: set[int] = set()
        self._rows: dict[int, Row] = {}
        self._batch_rows: dict[int, Row] = {}
        self._leaving: dict[int, Row] = {}  # rows of lines that are about to disappear
        self._key = key
        self._filter: RowTest | None = None

    def row(self, entry: int) -> Row:
        """Return an entry's row."""
        row = self._rows.get(entry)
        if row is None:
            row = self._batch_rows.get(entry) or self._leaving[entry]
        return row

    def job(self, job_id: int) -> Row | None:
        """Return a job's row, visible or not; None if there is no such job."""
        return self._rows.get(job_id)

    def jobs(self) -> Iterator[Row]:
        """Return all jobs, filtered out or not, without the hidden ones, in no order."""
        return (row for row in self._rows.values() if row.id not in self.hidden)

    def jobs_of(self, entry: int) -> list[Row]:
        """Return an entry's jobs: one, or all of a collapsed batch that pass the filter."""
        if entry > 0:
            return [self.row(entry)]
        return [self._rows[job_id] for job_id in sorted(self.collapsed[-entry].ids)]

    def entry_of(self, job_id: int) -> int | None:
        """Return the entry that shows a job, by itself or with its batch; None if it is not visible."""
        row = self._rows.get(job_id)
        entry = job_id if row is None or row.batch not in self.collapsed else -row.batch
        return entry if entry in self.ranking else None

    def plan(self, changed: Mapping[int, Row | None]) -> RowChanges:
        """Store changed rows (None: removed) and return what they do to the lines.

        `ranking` stays as it is until the changes are applied; removed entries keep their row until `forget`.
        """
        changes = RowChanges()
        changed_batches: set[int] = set()
        for job_id, row in changed.items():
            before = self._rows.get(job_id)
            self._count(job_id, before, row)
            either = row or before
            batch = None if either is None else either.batch
            visible = row is not None and self._passes(row)
            if batch in self.collapsed and batch is not None:
                self._update_batch(self.collapsed[batch], before, row if visible else None)
                changed_batches.add(batch)
            elif job_id in self.ranking:
                self._plan_update(changes, job_id, row if visible else None)
            elif visible and row is not None:
                changes.inserted[job_id] = self._key(row)
            if row is not None:
                self._rows[job_id] = row
            elif before is not None:
                self._leaving[job_id] = self._rows.pop(job_id)
                self.hidden.discard(job_id)
        for batch in changed_batches:
            self._plan_batch(changes, batch)
        return changes

    def apply(self, changes: RowChanges) -> None:
        """Apply all changes to the ranking."""
        number = len(changes.removed) + len(changes.inserted) + len(changes.moved)
        if number > len(self.ranking) // 200:
            keys = self.ranking.keys() | changes.inserted | changes.moved
            for entry in changes.removed:
                del keys[entry]
            self.ranking = Ranking(keys, descending=self.ranking.descending)
            return
        for entry in changes.removed:
            position = self.ranking.position(entry)
            self.ranking.remove(position, position)
        for entry, key in changes.inserted.items():
            self.ranking.insert(self.ranking.position_for(entry, key), {entry: key})
        for entry, key in changes.moved.items():
            self.ranking.move(entry, key)

    def forget(self) -> None:
        """Drop the rows of removed entries."""
        self._leaving.clear()

    def hide(self, ids: Iterable[int]) -> RowChanges:
        """Stop showing and counting these jobs, as if they were removed."""
        hidden = {job_id for job_id in ids if job_id in self._rows and job_id not in self.hidden}
        for job_id in hidden:
            self.counts[self._rows[job_id].state] -= 1
            self.to_review -= self._rows[job_id].to_review
        self.running -= hidden
        self.hidden.update(hidden)
        return self.plan({job_id: self._rows[job_id] for job_id in hidden})

    def restore(self, ids: Iterable[int]) -> RowChanges:
        """Show hidden jobs again."""
        restored = {job_id for job_id in ids if job_id in self.hidden}
        self.hidden.difference_update(restored)
        for job_id in restored:
            self.counts[self._rows[job_id].state] += 1
            self.to_review += self._rows[job_id].to_review
            if self._rows[job_id].state is JobState.RUNNING:
                self.running.add(job_id)
        return self.plan({job_id: self._rows[job_id] for job_id in restored})

    def sort(self, key: SortKey, *, descending: bool) -> None:
        """Sort the lines by a key; the same key in the other direction needs no sorting."""
        if key is self._key:
            self.ranking = self.ranking if descending == self.ranking.descending else self.ranking.flipped()
            return
        self._key = key
        rows = self._rows
        if self.collapsed or len(self.ranking) < len(rows):
            rows = {entry: self.row(entry) for entry in self.ranking}
        self.ranking = Ranking(dict(zip(rows, map(key, rows.values()), strict=True)), descending=descending)

    def filter(self, test: RowTest | None) -> None:
        """Show only jobs that pass a test; None shows all."""
        self._filter = test
        self._rebuild()

    def collapse(self, batches: Iterable[int]) -> None:
        """Show each of these batches on one line."""
        for batch in batches:
            self.collapsed.setdefault(batch, Batch(batch))
        self._rebuild()

    def expand(self, batches: Iterable[int]) -> None:
        """Show the jobs of these batches on separate lines."""
        for batch in tuple(batches):
            self.collapsed.pop(batch, None)
        self._rebuild()

    def batches(self) -> set[int]:
        """Return the batches of which at least two jobs pass the filter."""
        sizes = Counter(row.batch for row in self._passing() if row.batch is not None)
        return {batch for batch, size in sizes.items() if size > 1}

    def _rebuild(self) -> None:
        self.collapsed = {batch: Batch(batch) for batch in self.collapsed}
        keys: dict[int, Any] = {}
        key, collapsed = self._key, self.collapsed
        for row in self._passing():
            if collapsed and row.batch in collapsed:
                collapsed[row.batch].add(row)
            else:
                keys[row.id] = key(row)
        self._batch_rows = {-number: batch.row() for number, batch in collapsed.items() if batch.ids}
        keys.update((entry, key(row)) for entry, row in self._batch_rows.items())
        self.ranking = Ranking(keys, descending=self.ranking.descending)

    def _passing(self) -> Iterator[Row]:
        rows: Iterable[Row] = self._rows.values()
        if self._filter is not None:
            rows = filter(self._filter, rows)
        if self.hidden:
            return (row for row in rows if row.id not in self.hidden)
        return iter(rows)

    def _passes(self, row: Row) -> bool:
        return row.id not in self.hidden and (self._filter is None or self._filter(row))

    def _count(self, job_id: int, before: Row | None, row: Row | None) -> None:
        if job_id in self.hidden:
            return
        if before is not None:
            self.counts[before.state] -= 1
            self.to_review -= before.to_review
            self.running.discard(job_id)
        if row is not None:
            self.counts[row.state] += 1
            self.to_review += row.to_review
            if row.state is JobState.RUNNING:
                self.running.add(job_id)

    def _update_batch(self, batch: Batch, before: Row | None, row: Row | None) -> None:
        if before is not None and before.id in batch.ids:
            batch.discard(before)
        if row is not None:
            batch.add(row)

    def _plan_batch(self, changes: RowChanges, number: int) -> None:
        batch, entry = self.collapsed[number], -number
        if batch.ids:
            row = batch.row()
            self._batch_rows[entry] = row
            if entry in self.ranking:
                self._plan_update(changes, entry, row)
            else:
                changes.inserted[entry] = self._key(row)
        elif entry in self.ranking:
            self._leaving[entry] = self._batch_rows.pop(entry)
            changes.removed.add(entry)

    def _plan_update(self, changes: RowChanges, entry: int, row: Row | None) -> None:
        if row is None:
            changes.removed.add(entry)
            return
        changes.updated.add(entry)
        key = self._key(row)
        if key != self.ranking.key(entry):
            changes.moved[entry] = key
