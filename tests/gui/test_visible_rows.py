"""Filter, collapsed batches and order compared with a naive model, over any sequence of changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester

from fi_desktop.core import events as ev
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.gui.job_table.columns import COLUMNS
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved
from fi_desktop.viewmodel.ranking import Ranking, runs
from fi_desktop.viewmodel.rows import row_of
from fi_desktop.viewmodel.search import combine, parse
from fi_desktop.viewmodel.visible_rows import newest_first

pytestmark = pytest.mark.usefixtures("qapp")

NOW = 1_790_000_000.0
IDS = st.integers(1, 24)
STATES = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED, JobState.CANCELLED)
QUERIES = ("", "alv", "state:failed", "-state:failed", "batch:1 a")
STEPS = st.one_of(
    st.tuples(st.just("job"), st.lists(st.tuples(IDS, st.sampled_from(STATES)), min_size=1, max_size=20)),
    st.tuples(st.just("gone"), st.lists(IDS, min_size=1, max_size=15)),
    st.tuples(st.just("hide"), st.lists(IDS, max_size=5)),
    st.tuples(st.just("restore"), st.lists(IDS, max_size=5)),
    st.tuples(st.just("query"), st.sampled_from(QUERIES)),
    st.tuples(st.just("collapse"), st.sampled_from((1, 9, 17))),
    st.tuples(st.just("expand"), st.sampled_from((1, 9, 17))),
    st.tuples(
        st.just("sort"),
        st.tuples(st.sampled_from((None, *COLUMNS)), st.sampled_from(tuple(Qt.SortOrder))),
    ),
)


def job(job_id: int, state: JobState) -> Job:
    """Return a job of one of three batches, or of none, with one of four names."""
    batch = {0: 1, 1: 9, 2: 17, 3: None}[job_id // 8] if job_id != 8 else None
    name = ("Alvarez", "Zoë", "zoe", "mañana")[job_id % 4]
    at = NOW - (batch or job_id % 5)  # jobs of a batch are submitted together
    return Job(job_id, f"/r/{name}.wav", JobOptions(), Priority.NORMAL, at, state, batch=batch)


class Naive:
    """Computes from scratch what the table should show."""

    def __init__(self):
        self.jobs, self.hidden, self.collapsed = {}, set(), set()
        self.test, self.column, self.descending = None, None, True

    def lines(self):
        rows = [row_of(job) for job in self.jobs.values() if job.id not in self.hidden]
        rows = [row for row in rows if self.test is None or self.test(row)]
        lines = [(row, (row.id,)) for row in rows if row.batch not in self.collapsed]
        for batch in self.collapsed:
            members = [row for row in rows if row.batch == batch]
            if members:
                lines.append((self._head(batch, members), tuple(sorted(row.id for row in members))))
        key = newest_first if self.column is None else self.column.sort_key
        if self.column is not None and self.column.sort_key_at is not None:
            key = self.column.sort_key_at(NOW)
        lines.sort(key=lambda line: abs(line[0].id), reverse=True)
        lines.sort(key=lambda line: key(line[0]), reverse=self.descending)
        return [members for _, members in lines]

    def _head(self, batch, members):
        """Return the sort key of a batch, computed from all its jobs."""
        order = (*STATES[1:2], JobState.RETRYING, JobState.QUEUED, JobState.COMPLETED, JobState.FAILED)
        states = {row.state for row in members}
        state = next((state for state in order if state in states), JobState.CANCELLED)
        first = min(members, key=lambda row: row.id)
        ended = sum(row.state.final for row in members)
        return first._replace(
            id=-batch,
            name="r",
            search_key="r",
            state=state,
            share=ended / len(members),
            since=min(row.submitted_at for row in members),
            submitted_at=min(row.submitted_at for row in members),
            engine="",
            language=None,
            attempts=0,
            speakers=None,
            finished_at=None,
        )


def shown(model: JobsModel):
    return [tuple(row.id for row in model.jobs_at(place)) for place in range(model.rowCount())]


def settle(model: JobsModel):
    """Apply pending updates without an event loop."""
    while not model.settled:
        model._shown_at = model._took_s = 0.0
        model._on_collected()


def step(model: JobsModel, naive: Naive, kind: str, what):
    match kind:
        case "job":
            jobs = {job_id: job(job_id, state) for job_id, state in what}
            naive.jobs.update(jobs)
            model.apply_events([JobChanged(one, ev.Due(one.id, NOW)) for one in jobs.values()])
        case "gone":
            for job_id in what:
                naive.jobs.pop(job_id, None)
                naive.hidden.discard(job_id)
            model.apply_events([JobRemoved(job_id) for job_id in what])
        case "hide":
            naive.hidden.update(job_id for job_id in what if job_id in naive.jobs)
            model.hide(what)
        case "restore":
            naive.hidden.difference_update(what)
            model.restore(what)
        case "query":
            naive.test = combine(parse(what).tests, frozenset())
            model.filter(naive.test)
        case "collapse":
            naive.collapsed.add(what)
            model.collapse([what])
        case "expand":
            naive.collapsed.discard(what)
            model.expand([what])
        case _:
            naive.column, order = what
            naive.descending = naive.column is None or order is Qt.SortOrder.DescendingOrder
            model.sort(-1 if naive.column is None else COLUMNS.index(naive.column), order)
    settle(model)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_lines_match_the_naive_model(steps):
    model, naive = JobsModel(now=lambda: NOW), Naive()
    for kind, what in steps:
        step(model, naive, kind, what)
        assert shown(model) == naive.lines(), kind
        there = [one for one in naive.jobs.values() if one.id not in naive.hidden]
        assert model.total == len(there)
        assert all(model.counts[state] == sum(one.state is state for one in there) for state in JobState)


@settings(max_examples=8, deadline=None)
@given(st.lists(STEPS, max_size=10))
def test_signals_describe_every_change(steps):
    model, naive = JobsModel(now=lambda: NOW), Naive()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    copy = []  # what a view would know from the signals alone

    def inserted(_parent, first, last):
        copy[first:first] = shown(model)[first : last + 1]

    def removed(_parent, first, last):
        del copy[first : last + 1]

    def reset():
        copy[:] = shown(model)

    def changed(first, last):
        copy[first.row() : last.row() + 1] = shown(model)[first.row() : last.row() + 1]

    for signal, slot in (
        (model.rowsInserted, inserted),
        (model.rowsRemoved, removed),
        (model.modelReset, reset),
        (model.layoutChanged, reset),
        (model.dataChanged, changed),
    ):
        signal.connect(slot)
    for kind, what in steps:
        step(model, naive, kind, what)
        assert copy == naive.lines(), kind
    assert isinstance(tester.model(), QAbstractItemModel)


@given(
    st.dictionaries(st.integers(1, 60), st.integers(0, 5)),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5))),
    st.booleans(),
)
def test_ranking_finds_every_position(keys, moves, descending):
    ranking = Ranking(keys, descending=descending)
    for entry, key in moves:
        if entry in ranking:
            ranking.move(entry, key)
        else:
            ranking.insert(ranking.position_for(entry, key), {entry: key})
        keys[entry] = key
    expected = sorted(keys, reverse=True)
    expected.sort(key=keys.__getitem__, reverse=descending)
    assert list(ranking) == expected
    assert [ranking.position(entry) for entry in expected] == list(range(len(expected)))
    assert list(ranking.flipped()) == list(Ranking(keys, descending=not descending))
    assert list(ranking) == expected


@pytest.mark.parametrize(
    ("places", "expected"), [([], []), ([3], [(3, 3)]), ([1, 5, 2, 4, 9], [(9, 9), (4, 5), (1, 2)])]
)
def test_runs_of_adjacent_rows(places, expected):
    assert runs(places) == expected
