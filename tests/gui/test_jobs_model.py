from dataclasses import replace

import pytest
import shiboken6
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QMainWindow

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.values import Stage
from fi_desktop.gui.job_table.columns import COLUMNS, column_index
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.jobs.queue_events import JobProgressed, JobRemoved
from fi_desktop.jobs.store import JobsPage
from tests.gui import samples

NOW = 1_790_000_000.0
Flag = QItemSelectionModel.SelectionFlag


@pytest.fixture
def model(qapp):
    model = JobsModel(now=lambda: NOW)
    model.tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def names(model):
    return [model.index(place, column_index("name")).data() for place in range(model.rowCount())]


def text(model, place, column):
    return model.index(place, column).data()


def take(qtbot, model, *news):
    model.apply_events(news)
    qtbot.waitUntil(lambda: model.settled)


def test_new_jobs_are_on_top_newest_first(qtbot, model):
    take(qtbot, model, *(samples.submitted(i, f"{i}.wav", at=NOW) for i in (1, 2, 3)))
    take(qtbot, model, *(samples.submitted(i, f"{i}.wav", at=NOW) for i in (4, 5)))
    assert names(model) == ["5.wav", "4.wav", "3.wav", "2.wav", "1.wav"]


def test_a_job_that_is_listed_and_reported_is_shown_once(qtbot, model):
    news = [samples.submitted(i, at=NOW) for i in range(1, 6)]
    with qtbot.waitSignal(model.jobs_changed):
        model.apply_events(news[2:])
        model.add_page(JobsPage(samples.jobs_of(news)))
        model.apply_events([samples.claimed(news[4], NOW)])
    assert model.rowCount() == 5
    assert model.job(5).state is JobState.RUNNING
    assert model.counts[JobState.QUEUED] == 4


def test_a_job_removed_before_it_was_listed_is_not_shown(qtbot, model):
    take(qtbot, model, samples.submitted(1, at=NOW), JobRemoved(1), samples.submitted(2, at=NOW))
    assert [model.job(1), model.job(2).id, model.rowCount()] == [None, 2, 1]


def test_progress_is_shown_and_never_goes_back(qtbot, model):
    job = samples.claimed(samples.submitted(1, at=NOW - 60), NOW - 40)
    take(qtbot, model, job, JobProgressed(1, Stage.DIARIZE, 0.5))
    assert text(model, 0, column_index("stage")) == "Identifying speakers, 90\u00a0%"
    take(qtbot, model, JobProgressed(1, Stage.DIARIZE, 0.1))
    assert model.job(1).share == pytest.approx(0.905)
    assert text(model, 0, column_index("time")) == "0:40"
    assert text(model, 0, column_index("left")) == "calculating…"


def batch_of(news, batch=1):
    """The same jobs as one batch."""
    return [replace(item, job=replace(item.job, batch=batch)) for item in news]


def test_a_completed_batch_says_how_many_jobs_failed(qtbot, model):
    news = []
    for job_id in range(1, 6):
        begun = samples.claimed(samples.submitted(job_id, at=NOW - 60), NOW - 40)
        ended = (
            samples.failed(begun, NOW - 30, "Empty.") if job_id < 3 else samples.completed(begun, NOW - 20)
        )
        news.append(ended)
    take(qtbot, model, *batch_of(news))
    model.collapse([1])
    assert model.row(model.index(0, 0)).state is JobState.COMPLETED
    assert text(model, 0, column_index("state")) == "Completed · 2 failed"
    assert text(model, 0, column_index("stage")) == "100\u00a0%"
    take(qtbot, model, *(JobRemoved(i) for i in (3, 4, 5)))
    assert text(model, 0, column_index("state")) == "Failed"


def test_a_batchs_time_left_is_predicted_from_its_completed_jobs(qtbot, model):
    waiting = [samples.submitted(i, at=NOW - 600) for i in range(1, 11)]
    begun = [samples.claimed(item, NOW - 60) for item in waiting[:4]]
    take(qtbot, model, *batch_of([*begun, *waiting[4:]]))
    model.collapse([1])
    assert text(model, 0, column_index("left")) == "calculating…"
    assert model.left_s is None
    done = [
        samples.completed(item, NOW - 60 + took_s) for item, took_s in zip(begun[:2], (20, 40), strict=True)
    ]
    take(qtbot, model, *batch_of(done))
    # ten jobs, two completed and two running: eight times 30 s, two at a time
    assert text(model, 0, column_index("left")) == "≈ 2:00"
    assert model.left_s == pytest.approx(120.0)


def test_progress_of_a_finished_or_unknown_job_is_ignored(qtbot, model):
    job = samples.claimed(samples.submitted(1, at=NOW - 60), NOW - 40)
    ended = samples.completed(job, NOW - 1)
    take(qtbot, model, job, ended, JobProgressed(1, Stage.DIARIZE, 0.5), JobProgressed(7, Stage.JOIN, 1))
    assert model.job(1).stage is None
    assert model.rowCount() == 1


def test_a_second_attempt_starts_without_progress(qtbot, model):
    first = samples.claimed(samples.submitted(1, at=NOW - 60), NOW - 40)
    again = samples.then(first, ev.Released(1, NOW - 20, first.job.claim))
    take(qtbot, model, first, JobProgressed(1, Stage.DIARIZE, 0.5))
    take(qtbot, model, again, samples.claimed(again, NOW - 10))
    assert model.job(1).share == 0


def test_cells_describe_the_job(qtbot, model):
    news = samples.busy_day(NOW)
    take(qtbot, model, *(item for item in news if not hasattr(item, "workers")))
    said = {name: place for place, name in enumerate(names(model))}
    doubtful = said["WS330117.WMA"]
    assert text(model, doubtful, column_index("state")) == "Completed"
    assert text(model, doubtful, column_index("stage")) == "Please check"
    assert text(model, doubtful, column_index("length")) == "6:52"
    described = model.index(doubtful, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert described == "The voices are hard to tell apart, or there is only one. Please check."
    retrying = said["Consultation Mr Okafor, second part.flac"]
    described = model.index(retrying, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert described == "Retry 1/3 in 1:32 · The disk is full. Free some space, and the job continues."
    assert text(model, said["Consulta 0118.wav"], column_index("speakers")) == "Auto"
    assert text(model, said["Consulta 0117.wav"], column_index("speakers")) == "2–4"
    assert "/Telehealth 14-30.webm" in model.index(said["Telehealth 14-30.webm"], 0).data(
        Qt.ItemDataRole.ToolTipRole
    )


@pytest.mark.parametrize("order", list(Qt.SortOrder))
@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_every_column_sorts(qtbot, model, column, order):
    take(qtbot, model, *(item for item in samples.busy_day(NOW) if not hasattr(item, "workers")))
    model.sort(column, order)
    assert len(set(names(model))) == 12
    model.sort(-1)
    assert names(model)[0] == "Consulta 0118.wav"


def test_sorting_by_name_ignores_case_and_sorts_new_jobs_in(qtbot, model):
    take(qtbot, model, *(samples.submitted(i, n, at=NOW) for i, n in enumerate(("b.wav", "A.wav"), 1)))
    model.sort(column_index("name"), Qt.SortOrder.AscendingOrder)
    take(qtbot, model, samples.submitted(3, "Ab.wav", at=NOW))
    assert names(model) == ["A.wav", "Ab.wav", "b.wav"]


def test_scattered_jobs_are_removed(qtbot, model):
    take(qtbot, model, *(samples.submitted(i, f"{i}", at=NOW) for i in range(1, 11)))
    take(qtbot, model, *(JobRemoved(i) for i in (1, 4, 5, 10, 77)))
    assert names(model) == ["9", "8", "7", "6", "3", "2"]
    assert model.counts[JobState.QUEUED] == 6
    assert not model.index_of_job(4).isValid()


def test_a_burst_of_changes_is_few_updates_and_keeps_the_selection(qtbot, model):
    jobs = [samples.submitted(i, f"{i}.wav", at=NOW) for i in range(1, 601)]
    take(qtbot, model, *jobs)
    table = JobsTable(model)
    qtbot.addWidget(table)
    table.select(70)
    table.selectionModel().select(
        model.index_of_job(140),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    updates = []
    model.dataChanged.connect(lambda *_: updates.append("changed"))
    model.layoutChanged.connect(lambda *_: updates.append("sorted"))
    model.rowsInserted.connect(lambda *_: updates.append("inserted"))
    model.sort(column_index("state"), Qt.SortOrder.AscendingOrder)
    for job in jobs:
        model.apply_events([samples.claimed(job, NOW)])
    model.apply_events([samples.submitted(i, f"{i}.wav", at=NOW) for i in range(2001, 2051)])
    qtbot.waitUntil(lambda: model.counts[JobState.RUNNING] == 600)
    assert len(updates) < 20, updates
    assert {row.id for row in table.selected_rows()} == {70, 140}


def test_failed_jobs_say_why(qtbot, model):
    job = samples.failed(
        samples.claimed(samples.submitted(1, at=NOW - 9), NOW - 8), NOW - 7, "No sound.", kind=ErrorKind.USER
    )
    take(qtbot, model, job)
    assert text(model, 0, column_index("state")) == "Failed"
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole).endswith("No sound.")


def test_selected_jobs_that_are_removed_can_be_read_while_their_lines_disappear(qtbot, model):
    """The selection changes with each line, when the jobs of the others have gone already."""
    take(qtbot, model, *(samples.submitted(i, at=NOW) for i in range(1, 6)))
    take(qtbot, model, *batch_of([samples.submitted(i, at=NOW) for i in (6, 7)]))
    model.collapse([1])
    table = JobsTable(model)
    qtbot.addWidget(table)
    table.select_jobs([2, 4])
    read = []
    table.selection_changed.connect(lambda: read.append([row.id for row in table.selected_rows()]))
    take(qtbot, model, JobRemoved(2), JobRemoved(4))
    assert read[-1] == []
    assert model.rowCount() == 4


def test_table_ends_with_a_window_that_is_deleted_while_visible(qtbot, model):
    """Qt hides it then, when Python can no longer reach its header."""
    take(qtbot, model, samples.submitted(1, at=NOW))
    window = QMainWindow()
    window.setCentralWidget(JobsTable(model))
    window.show()
    qtbot.waitExposed(window)
    shiboken6.delete(window)
