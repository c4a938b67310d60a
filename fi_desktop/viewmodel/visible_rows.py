"""What the table shows of all jobs: those that match, folded by batch, in order. Knows nothing of Qt.

An *entry* is what has a line of its own: a job's id, or a folded batch's id with a minus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fi_desktop.core.job import JobState
from fi_desktop.viewmodel.batches import Batch
from fi_desktop.viewmodel.ranking import Ranking
from fi_desktop.viewmodel.rows import Row

Test = Callable[[Row], bool]
Key = Callable[[Row], Any]


@dataclass(slots=True)
class RowChanges:
    """What a change of rows does to the lines.

    Attributes:
        gone: entries whose line goes.
        new: entries that get a line, with their keys.
        other: entries whose line says something else now.
        moved: those of them that stand elsewhere, with their new keys.
    """

    gone: set[int] = field(default_factory=set)
    new: dict[int, Any] = field(default_factory=dict)
    other: set[int] = field(default_factory=set)
    moved: dict[int, Any] = field(default_factory=dict)


class VisibleRows:
    """All rows, and the lines that are shown of them.

    Attributes:
        counts: the jobs in each state, whether they match or not; without those that are set aside.
        ranking: the entries that have a line, in order.
        folds: the folded batches.
        aside: jobs that are not shown, whatever they are: they are about to be removed.
        running: those of the counted jobs that run.
    """

    def __init__(self, key: Key) -> None:
        self.counts: Counter[JobState] = Counter()
        self.ranking = Ranking()
        self.folds: dict[int, Batch] = {}
        self.aside: set[int] = set()
        self.running: set[int] = set()
        self._rows: dict[int, Row] = {}
        self._fold_rows: dict[int, Row] = {}
        self._leaving: dict[int, Row] = {}  # rows of lines that are about to go
        self._key = key
        self._matches: Test | None = None

    def row(self, entry: int) -> Row:
        """Return the row of a line."""
        found = self._rows.get(entry)
        if found is None:
            found = self._fold_rows.get(entry) or self._leaving[entry]
        return found

    def known(self, job_id: int) -> Row | None:
        """Return a job's row, whether it has a line or not."""
        return self._rows.get(job_id)

    def members(self, entry: int) -> list[Row]:
        """Return the jobs behind a line."""
        if entry > 0:
            return [self._rows[entry]]
        return [self._rows[job_id] for job_id in sorted(self.folds[-entry].ids)]

    def entry_of(self, job_id: int) -> int | None:
        """Return the line on which a job is, alone or with its batch; None where it has none."""
        row = self._rows.get(job_id)
        entry = job_id if row is None or row.batch not in self.folds else -row.batch
        return entry if entry in self.ranking else None

    def plan(self, changed: Mapping[int, Row | None]) -> RowChanges:
        """Take changed jobs in (None: removed) and return what becomes of the lines.

        The lines themselves stay as they are until `ranking` is changed, and what left keeps its row until
        `forget`.
        """
        plan = RowChanges()
        stirred: set[int] = set()
        for job_id, row in changed.items():
            before = self._rows.get(job_id)
            self._count(job_id, before, row)
            either = row or before
            batch = None if either is None else either.batch
            shows = row is not None and self._passes(row)
            if batch in self.folds and batch is not None:
                self._refold(self.folds[batch], before, row if shows else None)
                stirred.add(batch)
            elif job_id in self.ranking:
                self._replan(plan, job_id, row if shows else None)
            elif shows and row is not None:
                plan.new[job_id] = self._key(row)
            if row is not None:
                self._rows[job_id] = row
            elif before is not None:
                self._leaving[job_id] = self._rows.pop(job_id)
                self.aside.discard(job_id)
        for batch in stirred:
            self._restir(plan, batch)
        return plan

    def rank(self, plan: RowChanges) -> None:
        """Carry a plan out, all at once."""
        changes = len(plan.gone) + len(plan.new) + len(plan.moved)
        if changes > len(self.ranking) // 200:
            keys = self.ranking.keys() | plan.new | plan.moved
            for entry in plan.gone:
                del keys[entry]
            self.ranking = Ranking(keys, descending=self.ranking.descending)
            return
        for entry in plan.gone:
            place = self.ranking.place(entry)
            self.ranking.remove(place, place)
        for entry, key in plan.new.items():
            self.ranking.insert(self.ranking.place_for(entry, key), {entry: key})
        for entry, key in plan.moved.items():
            self.ranking.move(entry, key)

    def forget(self) -> None:
        """Drop the rows of lines that are gone."""
        self._leaving.clear()

    def recall(self, ids: Iterable[int]) -> dict[int, Row | None]:
        """Return these jobs as changes, so that they are judged anew."""
        return {job_id: self._rows[job_id] for job_id in ids if job_id in self._rows}

    def set_aside(self, ids: Iterable[int]) -> RowChanges:
        """Show these jobs no longer, as if they were removed."""
        given = {job_id for job_id in ids if job_id in self._rows and job_id not in self.aside}
        for job_id in given:
            self.counts[self._rows[job_id].state] -= 1
        self.running -= given
        self.aside.update(given)
        return self.plan(self.recall(given))

    def put_back(self, ids: Iterable[int]) -> RowChanges:
        """Show these jobs again."""
        given = {job_id for job_id in ids if job_id in self.aside}
        self.aside.difference_update(given)
        for job_id in given:
            self.counts[self._rows[job_id].state] += 1
            if self._rows[job_id].state is JobState.RUNNING:
                self.running.add(job_id)
        return self.plan(self.recall(given))

    def sort(self, key: Key, *, descending: bool) -> None:
        """Order the lines by another key, or by the same one the other way round."""
        if key is self._key:
            self.ranking = self.ranking if descending == self.ranking.descending else self.ranking.turned()
            return
        self._key = key
        rows = self._rows
        if self.folds or len(self.ranking) < len(rows):
            rows = {entry: self.row(entry) for entry in self.ranking}
        self.ranking = Ranking(dict(zip(rows, map(key, rows.values()), strict=True)), descending=descending)

    def match(self, matches: Test | None) -> None:
        """Show only jobs that pass this test; None: all."""
        self._matches = matches
        self._arrange()

    def fold(self, batches: Iterable[int]) -> None:
        """Batch these batches; those folded before stay so."""
        for batch in batches:
            self.folds.setdefault(batch, Batch(batch))
        self._arrange()

    def unfold(self, batches: Iterable[int]) -> None:
        """Give each job of these batches its own line again."""
        for batch in tuple(batches):
            self.folds.pop(batch, None)
        self._arrange()

    def batches(self) -> set[int]:
        """Return the batches of which more than one job is shown."""
        found = Counter(row.batch for row in self._passing() if row.batch is not None)
        return {batch for batch, number in found.items() if number > 1}

    def _arrange(self) -> None:
        """Make all lines anew."""
        self.folds = {batch: Batch(batch) for batch in self.folds}
        keys: dict[int, Any] = {}
        key, folds = self._key, self.folds
        for row in self._passing():
            if folds and row.batch in folds:
                folds[row.batch].add(row)
            else:
                keys[row.id] = key(row)
        self._fold_rows = {-batch: fold.row() for batch, fold in folds.items() if fold.ids}
        keys.update((entry, key(row)) for entry, row in self._fold_rows.items())
        self.ranking = Ranking(keys, descending=self.ranking.descending)

    def _passing(self) -> Iterator[Row]:
        rows: Iterable[Row] = self._rows.values()
        if self._matches is not None:
            rows = filter(self._matches, rows)
        if self.aside:
            return (row for row in rows if row.id not in self.aside)
        return iter(rows)

    def _passes(self, row: Row) -> bool:
        return row.id not in self.aside and (self._matches is None or self._matches(row))

    def _count(self, job_id: int, before: Row | None, row: Row | None) -> None:
        if job_id in self.aside:
            return
        if before is not None:
            self.counts[before.state] -= 1
            self.running.discard(job_id)
        if row is not None:
            self.counts[row.state] += 1
            if row.state is JobState.RUNNING:
                self.running.add(job_id)

    def _refold(self, fold: Batch, before: Row | None, row: Row | None) -> None:
        if before is not None and before.id in fold.ids:
            fold.discard(before)
        if row is not None:
            fold.add(row)

    def _restir(self, plan: RowChanges, batch: int) -> None:
        """Say anew what a folded batch's line says."""
        fold, entry = self.folds[batch], -batch
        if fold.ids:
            row = fold.row()
            self._fold_rows[entry] = row
            if entry in self.ranking:
                self._replan(plan, entry, row)
            else:
                plan.new[entry] = self._key(row)
        elif entry in self.ranking:
            self._leaving[entry] = self._fold_rows.pop(entry)
            plan.gone.add(entry)

    def _replan(self, plan: RowChanges, entry: int, row: Row | None) -> None:
        if row is None:
            plan.gone.add(entry)
            return
        plan.other.add(entry)
        key = self._key(row)
        if key != self.ranking.key(entry):
            plan.moved[entry] = key
