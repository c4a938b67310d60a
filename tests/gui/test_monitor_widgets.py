import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QAbstractItemModelTester

from fi_desktop.core.values import Stage
from fi_desktop.gui import theme
from fi_desktop.gui.monitor.monitor_labels import STATE_ICONS, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import Cell, CellsModel, ColumnHeading, SegmentedControl
from fi_desktop.gui.monitor.plots import HistoryPlots
from fi_desktop.gui.monitor.workers_page import WorkersPage
from fi_desktop.gui.monitor.workers_table import WorkerColumn, WorkersModel
from fi_desktop.jobs.metrics import history
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.viewmodel.monitor import MonitorSnapshot
from fi_desktop.viewmodel.worker_rows import CPU_SAMPLES
from tests.gui.monitor_samples import clinic_days, done, gauge, running

NOW = 1_790_000_000.0


def checked(model):
    model.tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def look(*gauges, running=(), gpu_bytes=None):
    return MonitorSnapshot(NOW, gauges, gpu_bytes or {}, tuple(running), (), 0, 0, 0, {})


def told(*states):
    infos = [WorkerInfo(f"worker-{n}", 1, state, None, NOW, 0, 0) for n, state in enumerate(states, 1)]
    return WorkersChanged(tuple(infos))


def row(model, place):
    return [model.index(place, column).data() for column in range(model.columnCount())]


@pytest.fixture
def workers(qapp):
    return checked(WorkersModel(MonitorLabels()))


@pytest.fixture
def cells(qapp):
    return checked(CellsModel((ColumnHeading("Name"), ColumnHeading("Figure", "A tip", figures=True))))


def test_cells_are_shown_anew_in_place(qtbot, cells):
    cells.show_rows([(Cell("a"), Cell("1")), (Cell("b"), Cell("2"))])
    with qtbot.assertNotEmitted(cells.rowsInserted), qtbot.waitSignal(cells.dataChanged) as changed:
        cells.show_rows([(Cell("a"), Cell("1")), (Cell("b"), Cell("3", spoken="Met"))])
    assert changed.args[0].row() == changed.args[1].row() == 1
    assert row(cells, 1) == ["b", "3"]
    assert cells.index(1, 1).data(Qt.ItemDataRole.AccessibleDescriptionRole) == "Met"
    with qtbot.assertNotEmitted(cells.dataChanged):
        cells.show_rows(list(cells.rows))


def test_rows_come_and_go_at_the_end(cells):
    for number in (3, 1, 0, 2):
        cells.show_rows([(Cell(str(place)), Cell("")) for place in range(number)])
        assert [cells.index(place, 0).data() for place in range(cells.rowCount())] == [
            str(place) for place in range(number)
        ]
    assert cells.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == "A tip"


def test_a_worker_shows_what_it_does_and_uses(workers):
    job = running(7, NOW - 90, NOW - 40, name="Visit.wav")
    used = gauge(1, cpu=87.4, rss=412_000_000, uptime_s=12_140, done=5, failed=1)
    workers.show_snapshot(look(used, gauge(2, rss=40_000_000), running=[job]))
    workers.apply([told(WorkerState.BUSY, WorkerState.IDLE), JobProgressed(7, Stage.SPEECH, 0.5)])
    assert row(workers, 0) == ["Worker 1", "Working", "Visit.wav", "87 %", "412 MB", "–", "5", "1", "3h 22m"]
    said = workers.index(0, WorkerColumn.JOB).data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert said.startswith("Finding speech · ")
    assert row(workers, 1)[:3] == ["Worker 2", "Idle", "–"]


def test_a_claim_tells_who_works_where_nothing_was_told_yet(workers):
    workers.show_snapshot(look(gauge(1), gauge(2), gauge(3, uptime_s=0.0), running=[running(7, NOW, NOW)]))
    assert [row(workers, place)[1] for place in range(3)] == ["Working", "Idle", "Not running"]


def test_progress_stays_with_the_next_look(workers):
    job = running(7, NOW, NOW)
    workers.show_snapshot(look(gauge(1), running=[job]))
    workers.apply([JobProgressed(7, Stage.DIARIZE, 0.5)])
    workers.show_snapshot(look(gauge(1), running=[job]))
    assert workers.worker(workers.index(0, 0)).job.stage is Stage.DIARIZE


def test_a_job_that_ended_is_gone_at_once(workers):
    workers.show_snapshot(look(gauge(1), running=[running(7, NOW, NOW)]))
    workers.apply([JobChanged(done(7, NOW, NOW, NOW), None)])
    assert row(workers, 0)[1:3] == ["Idle", "–"]


def test_workers_come_and_go(workers):
    for number in (1, 3, 2):
        workers.show_snapshot(look(*(gauge(place + 1) for place in range(number))))
        assert workers.rowCount() == number


def test_curves_are_as_long_as_is_remembered(workers):
    for load in range(CPU_SAMPLES + 5):
        workers.show_snapshot(look(gauge(1, cpu=float(load), rss=1)))
    cpus = workers.worker(workers.index(0, 0)).cpus
    assert len(cpus) == CPU_SAMPLES
    assert cpus[-1] == CPU_SAMPLES + 4
    workers.clear_history()
    workers.show_snapshot(look(gauge(1, cpu=3.0, rss=1)))
    assert workers.worker(workers.index(0, 0)).cpus == (3.0,)


def test_gpu_memory_is_shown_where_there_is_a_gpu(qtbot):
    page = WorkersPage(MonitorLabels())
    qtbot.addWidget(page)
    page.show_snapshot(look(gauge(1)))
    assert page.table.isColumnHidden(WorkerColumn.GPU)
    page.show_snapshot(look(gauge(1, device="cuda:0"), gauge(2), gpu_bytes={4001: 2_312_000_000}))
    assert not page.table.isColumnHidden(WorkerColumn.GPU)
    assert [row(page.model, place)[WorkerColumn.GPU] for place in range(2)] == ["2.3 GB", "–"]


def test_the_pool_is_not_resized_where_no_process_can_be_started(qtbot):
    page = WorkersPage(MonitorLabels())
    qtbot.addWidget(page)
    page.show_snapshot(look(gauge(1)))
    page.apply([WorkersChanged((), "No worker process can be started here.")])
    assert not page.more.isEnabled()
    assert not page.fewer.isEnabled()


def test_every_workers_state_has_its_own_sign(qapp):
    signs = {state: theme.pixmap(name, 16, QColor("#000"), 1.0) for state, name in STATE_ICONS.items()}
    assert not any(sign.isNull() for sign in signs.values())
    words = MonitorLabels()
    assert len({(STATE_ICONS[state], words.state(state)) for state in signs}) == len(signs)


def test_a_choice_is_made_with_the_arrow_keys(qtbot):
    choice = SegmentedControl("Page", ["One", "Two", "Three"])
    qtbot.addWidget(choice)
    choice.show()
    choice.buttons[0].setFocus()
    with qtbot.waitSignal(choice.chosen) as chosen:
        qtbot.keyClick(choice.buttons[0], Qt.Key.Key_Right)
    assert chosen.args == [1]
    assert choice.current == 1


@pytest.fixture
def plots(qtbot):
    plots = HistoryPlots(MonitorLabels())
    qtbot.addWidget(plots)
    plots.resize(640, 360)
    with qtbot.waitActive(plots):
        plots.show()
    return plots


def test_plots_are_read_off_with_the_keys(qtbot, plots):
    jobs = [done(1, NOW - 95, NOW - 90, NOW - 65), done(2, NOW - 95, NOW - 65, NOW - 35)]
    plots.show_history(history(jobs, now=NOW, window_s=100.0, steps=10))
    assert "Recordings waiting at most 2" in plots.accessibleDescription()
    qtbot.keyClick(plots, Qt.Key.Key_Home)
    assert plots.selected_step == 0
    assert "Recordings waiting 2" in plots.accessibleDescription()
    for _ in range(3):
        qtbot.keyClick(plots, Qt.Key.Key_Right)
    assert "attempt 25s" in plots.accessibleDescription()
    qtbot.keyClick(plots, Qt.Key.Key_PageDown)
    assert plots.selected_step == 9
    qtbot.keyClick(plots, Qt.Key.Key_Escape)
    assert plots.selected_step is None


def test_plots_paint_whatever_there_is(qtbot, plots):
    plots.grab()  # nothing yet
    for window_s in (3600.0, 86_400.0, None):
        plots.show_history(history(clinic_days(NOW, days=2), now=NOW, window_s=window_s, steps=120))
        plots.select_step(60)
        plots.grab()
    plots.setFocus()
    ground = plots.palette().color(QPalette.ColorRole.Base)
    assert plots.grab().toImage().pixelColor(5, 5) == ground  # the frame of the focus is not filled
    plots.show_history(history([], now=NOW, window_s=None, steps=120))
    plots.select_step(None)
    plots.grab()
