import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QAbstractItemModelTester

from fi_desktop.core.messages import verbatim
from fi_desktop.core.values import Stage
from fi_desktop.gui import theme
from fi_desktop.gui.monitor.monitor_labels import STATE_ICONS, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import Cell, CellsModel, ColumnHeading, SegmentedControl
from fi_desktop.gui.monitor.plots import HistoryPlots
from fi_desktop.gui.monitor.workers_panel import WorkersPanel
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


def snapshot(*gauges, running=(), gpu_bytes=None):
    return MonitorSnapshot(NOW, gauges, gpu_bytes or {}, tuple(running), (), 0, 0, 0, {})


def workers_changed(*states):
    infos = [WorkerInfo(f"worker-{n}", 1, state, None, NOW, 0, 0) for n, state in enumerate(states, 1)]
    return WorkersChanged(tuple(infos))


def row(model, number):
    return [model.index(number, column).data() for column in range(model.columnCount())]


@pytest.fixture
def workers(qapp):
    return checked(WorkersModel(MonitorLabels()))


@pytest.fixture
def cells(qapp):
    return checked(CellsModel((ColumnHeading("Name"), ColumnHeading("Figure", "A tip", figures=True))))


def test_changed_cells_are_updated_in_place(qtbot, cells):
    cells.show_rows([(Cell("a"), Cell("1")), (Cell("b"), Cell("2"))])
    with qtbot.assertNotEmitted(cells.rowsInserted), qtbot.waitSignal(cells.dataChanged) as changed:
        cells.show_rows([(Cell("a"), Cell("1")), (Cell("b"), Cell("3", spoken="Met"))])
    assert changed.args[0].row() == changed.args[1].row() == 1
    assert row(cells, 1) == ["b", "3"]
    assert cells.index(1, 1).data(Qt.ItemDataRole.AccessibleDescriptionRole) == "Met"
    with qtbot.assertNotEmitted(cells.dataChanged):
        cells.show_rows(list(cells.rows))


def test_rows_are_added_and_removed_at_the_end(cells):
    for number in (3, 1, 0, 2):
        cells.show_rows([(Cell(str(number)), Cell("")) for number in range(number)])
        assert [cells.index(number, 0).data() for number in range(cells.rowCount())] == [
            str(number) for number in range(number)
        ]
    assert cells.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == "A tip"


def test_worker_row_shows_job_progress_and_resources(workers):
    job = running(7, NOW - 90, NOW - 40, name="Visit.wav")
    used = gauge(1, cpu=87.4, rss=412_000_000, uptime_s=12_140, done=5, failed=1, silent_s=2.0)
    workers.show_snapshot(snapshot(used, gauge(2, rss=40_000_000), running=[job]))
    workers.apply([workers_changed(WorkerState.BUSY, WorkerState.IDLE), JobProgressed(7, Stage.SPEECH, 0.5)])
    figures = ["87 %", "412 MB", "–", "5", "1", "3:22:20", "2.0 s"]
    assert row(workers, 0) == ["Worker 1", "Working", "Visit.wav", *figures]
    assert workers.detail(workers.worker(workers.index(0, 0)), WorkerColumn.WORKER) == "Processor · PID 4001"
    description = workers.index(0, WorkerColumn.JOB).data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert description.startswith("Finding speech · ")
    assert row(workers, 1)[:3] == ["Worker 2", "Idle", "–"]


def test_worker_states_are_inferred_from_claims_before_the_first_event(workers):
    workers.show_snapshot(
        snapshot(gauge(1), gauge(2), gauge(3, uptime_s=0.0), running=[running(7, NOW, NOW)])
    )
    assert [row(workers, number)[1] for number in range(3)] == ["Working", "Idle", "Not running"]


def test_progress_survives_the_next_snapshot(workers):
    job = running(7, NOW, NOW)
    workers.show_snapshot(snapshot(gauge(1), running=[job]))
    workers.apply([JobProgressed(7, Stage.DIARIZE, 0.5)])
    workers.show_snapshot(snapshot(gauge(1), running=[job]))
    assert workers.worker(workers.index(0, 0)).job.stage is Stage.DIARIZE


def test_finished_job_leaves_its_worker_at_once(workers):
    workers.show_snapshot(snapshot(gauge(1), running=[running(7, NOW, NOW)]))
    workers.apply([JobChanged(done(7, NOW, NOW, NOW), None)])
    assert row(workers, 0)[1:3] == ["Idle", "–"]


def test_workers_are_added_and_removed(workers):
    for number in (1, 3, 2):
        workers.show_snapshot(snapshot(*(gauge(number + 1) for number in range(number))))
        assert workers.rowCount() == number


def test_cpu_history_is_limited_and_can_be_cleared(workers):
    for load in range(CPU_SAMPLES + 5):
        workers.show_snapshot(snapshot(gauge(1, cpu=float(load), rss=1)))
    cpus = workers.worker(workers.index(0, 0)).cpus
    assert len(cpus) == CPU_SAMPLES
    assert cpus[-1] == CPU_SAMPLES + 4
    workers.clear_history()
    workers.show_snapshot(snapshot(gauge(1, cpu=3.0, rss=1)))
    assert workers.worker(workers.index(0, 0)).cpus == (3.0,)


def test_gpu_memory_is_shown_only_with_a_gpu(qtbot):
    page = WorkersPanel(MonitorLabels())
    qtbot.addWidget(page)
    page.show_snapshot(snapshot(gauge(1)))
    assert page.table.isColumnHidden(WorkerColumn.GPU)
    page.show_snapshot(snapshot(gauge(1, device="cuda:0"), gauge(2), gpu_bytes={4001: 2_312_000_000}))
    assert not page.table.isColumnHidden(WorkerColumn.GPU)
    assert [row(page.model, number)[WorkerColumn.GPU] for number in range(2)] == ["2.3 GB", "–"]


def test_workers_cannot_be_added_if_no_process_can_start(qtbot):
    page = WorkersPanel(MonitorLabels())
    qtbot.addWidget(page)
    page.show_snapshot(snapshot(gauge(1)))
    page.apply([WorkersChanged((), verbatim("Worker processes cannot be started."))])
    assert not page.more.isEnabled()
    assert not page.fewer.isEnabled()


def test_each_worker_state_has_a_distinct_icon(qapp):
    signs = {state: theme.pixmap(name, 16, QColor("#000"), 1.0) for state, name in STATE_ICONS.items()}
    assert not any(sign.isNull() for sign in signs.values())
    words = MonitorLabels()
    assert len({(STATE_ICONS[state], words.state(state)) for state in signs}) == len(signs)


def test_arrow_keys_move_the_segmented_control(qtbot):
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


def test_keys_move_the_cursor_of_the_plots(qtbot, plots):
    jobs = [done(1, NOW - 95, NOW - 90, NOW - 65), done(2, NOW - 95, NOW - 65, NOW - 35)]
    plots.show_history(history(jobs, now=NOW, window_s=100.0, steps=10))
    assert "Recordings waiting at most 2" in plots.accessibleDescription()
    qtbot.keyClick(plots, Qt.Key.Key_Home)
    assert plots.selected_step == 0
    assert "Recordings waiting 2" in plots.accessibleDescription()
    for _ in range(3):
        qtbot.keyClick(plots, Qt.Key.Key_Right)
    assert "attempt 25 s" in plots.accessibleDescription()
    qtbot.keyClick(plots, Qt.Key.Key_PageDown)
    assert plots.selected_step == 9
    qtbot.keyClick(plots, Qt.Key.Key_Escape)
    assert plots.selected_step is None


def test_plots_paint_any_history(qtbot, plots):
    plots.grab()  # without a history
    for window_s in (3600.0, 86_400.0, None):
        plots.show_history(history(clinic_days(NOW, days=2), now=NOW, window_s=window_s, steps=120))
        plots.select_step(60)
        plots.grab()
    plots.setFocus()
    ground = plots.palette().color(QPalette.ColorRole.Base)
    assert plots.grab().toImage().pixelColor(5, 5) == ground  # the focus frame is not filled
    plots.show_history(history([], now=NOW, window_s=None, steps=120))
    plots.select_step(None)
    plots.grab()
