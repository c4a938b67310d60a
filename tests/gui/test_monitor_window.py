"""The monitor on a real queue: with real workers, or with a queue thread that the test drives."""

from dataclasses import replace

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from fi_desktop.app import App
from fi_desktop.core.case_labels import LabelChange
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.monitor.monitor_widgets import CellsModel
from fi_desktop.gui.monitor.window import MonitorWindow
from fi_desktop.gui.monitor.workers_table import WorkerColumn
from fi_desktop.gui.widgets import ReadOnlyTable
from fi_desktop.gui.window_state import WindowState, available
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.settings import load
from fi_desktop.viewmodel import monitor as monitor_module
from fi_desktop.viewmodel.monitor import MonitorReader
from tests.gui import samples
from tests.gui.conftest import TIMEOUT_S, FakeApp

TIMEOUT_MS = round(TIMEOUT_S * 1000)


class MonitoredFakeApp(FakeApp):
    """A manually driven queue with made-up workers."""

    def __init__(self, home):
        super().__init__(home)
        self.workers = [WorkerGauge("worker-1", 1, "cpu", 12.0, 90_000_000, 60.0, 1.0, 0, 0)]
        self.asked: list[int] = []

    def gauges(self):
        return tuple(self.workers)

    def resize_workers(self, workers):
        self.asked.append(workers)


@pytest.fixture
def program(home):
    program = MonitoredFakeApp(home)
    program.hand.start()
    yield program
    program.hand.stop()


@pytest.fixture
def bridge(dressed, program):
    bridge = Bridge(program.service)
    bridge.listen()
    yield bridge
    bridge.close()


@pytest.fixture
def hurried(monkeypatch):
    """Snapshots ten times a second, and measurements as often."""
    monkeypatch.setattr("fi_desktop.viewmodel.monitor._REST_S", 0.05)
    monkeypatch.setattr("fi_desktop.gui.monitor.window._SNAPSHOT_MS", 100)


@pytest.fixture
def monitor(qtbot, program, bridge, hurried):
    monitor = MonitorWindow(bridge, program)
    qtbot.addWidget(monitor)
    monitor.show()
    yield monitor
    monitor.close()


def add(program, recordings):
    return program.service.submit(recordings).result(TIMEOUT_S).ids


def cells(model: CellsModel, row):
    return [model.index(row, column).data() for column in range(model.columnCount())]


def until(qtbot, true):
    qtbot.waitUntil(true, timeout=TIMEOUT_MS)


def put_off(program, job):
    error = ErrorInfo(ErrorKind.TRANSIENT, "file.busy", "The drive is not there.")
    program.hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))


def test_queue_and_computer_are_in_figures(qtbot, program, monitor, recordings):
    ids = add(program, recordings)
    done, broken = program.hand.claim(), program.hand.claim()
    program.hand.complete(done, samples.conversation(4))
    put_off(program, broken)
    until(qtbot, lambda: monitor.now.tiles.texts[:5] == ("1", "0", "1", "1", "0"))
    assert all(text != "–" for text in monitor.now.tiles.texts[5:])  # of this computer
    hour = cells(monitor.history.figures, 0)
    assert hour[0] == "1 hour"
    assert hour[7:10] == [str(len(ids)), "1", "0"]
    starts_in, _, name, attempt, why = cells(monitor.failures.scheduled, 0)
    assert starts_in != "–"
    assert (name, attempt, why) == ("Second ñ.mp3", "2", "The drive is not there.")


def test_recordings_are_called_by_their_cases_if_wanted(qtbot, program, monitor, recordings):
    add(program, recordings)
    put_off(program, program.hand.claim())
    program.service.relabel({1: LabelChange("0042 García")}).result(TIMEOUT_S)
    until(qtbot, lambda: cells(monitor.failures.scheduled, 0)[2] == "First.wav")
    monitor.show_cases(True)
    until(qtbot, lambda: cells(monitor.failures.scheduled, 0)[2] == "0042 García")


def test_earlier_jobs_are_read_page_by_page(qtbot, program, bridge, recordings, monkeypatch):
    monkeypatch.setattr(monitor_module, "_PAGE", 2)
    add(program, recordings)
    for _ in recordings:
        program.hand.complete(program.hand.claim(), samples.conversation(4))
    monitor = MonitorWindow(bridge, program)
    qtbot.addWidget(monitor)
    monitor.show()
    until(qtbot, lambda: monitor.now.tiles.texts[:4] == ("0", "0", "0", "3"))
    monitor.close()


def test_targets_are_compared_with_measurements(qtbot, program, monitor, recordings):
    add(program, recordings)
    program.hand.complete(program.hand.claim(), samples.conversation(4))
    targets = monitor.history.targets.targets
    until(qtbot, lambda: targets.rowCount() == 5 and cells(targets, 0)[2] == "100.0 %")
    assert cells(targets, 0)[1:] == ["≥ 95 %", "100.0 %", "100.0 %", "100.0 %"]
    description = targets.index(0, 2).data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert description == "Met"
    assert targets.cell(targets.index(0, 2)).icon == "state-completed"
    assert cells(targets, 3)[2:] == ["–", "–", "100.0 %"]
    until(qtbot, lambda: monitor.history.targets.plots.plots != ())
    monitor.pages.choose(2)
    monitor.history.parts.choose(2)
    monitor.history.targets.span.choose(2)
    assert "Attempts finished" in monitor.history.targets.plots.accessibleDescription()


def test_queue_is_paused_and_resumed(qtbot, program, monitor):
    button = monitor.now.pause_button
    until(qtbot, button.isEnabled)
    assert button.text() == "Pause the queue"
    button.click()
    until(qtbot, lambda: button.text() == "Resume the queue")
    assert program.service.paused().result(TIMEOUT_S)
    assert button.accessibleName() == "Resume the queue"
    button.click()
    until(qtbot, lambda: button.text() == "Pause the queue")
    assert not program.service.paused().result(TIMEOUT_S)


def answer(box, word):
    next(button for button in box.buttons() if button.text() == word).click()


def test_queue_is_emptied_after_two_confirmations(qtbot, program, monitor, recordings):
    add(program, recordings)
    runs = program.hand.claim()
    until(qtbot, monitor.now.purge_button.isEnabled)
    until(qtbot, lambda: monitor.now.tiles.texts[:2] == ("2", "1"))
    monitor.now.purge_button.click()
    first = monitor.purge.box
    assert "2 recordings waiting" in first.informativeText()
    assert first.defaultButton().text() == "Keep"
    answer(first, "Empty the queue…")
    second = monitor.purge.box
    assert second is not first
    assert second.text() == "Remove 2 waiting recordings?"
    assert len(program.service.jobs().result(TIMEOUT_S)) == 3
    answer(second, "Remove")
    until(qtbot, lambda: "2 waiting recordings removed" in monitor.message.text)
    assert [job.id for job in program.service.jobs().result(TIMEOUT_S)] == [runs.id]
    until(qtbot, lambda: not monitor.now.purge_button.isEnabled())


@pytest.mark.parametrize("confirmations", [0, 1])
def test_queue_is_not_emptied_without_both_confirmations(qtbot, program, monitor, recordings, confirmations):
    add(program, recordings)
    until(qtbot, monitor.now.purge_button.isEnabled)
    monitor.now.purge_button.click()
    if confirmations:
        answer(monitor.purge.box, "Empty the queue…")
    with qtbot.assertNotEmitted(monitor.purge.confirmed):
        answer(monitor.purge.box, "Keep")
    assert monitor.purge.box is None
    assert len(program.service.jobs().result(TIMEOUT_S)) == 3


def test_workers_are_added_and_removed_by_buttons(qtbot, program, monitor, monkeypatch):
    monkeypatch.setattr(monitor.now.workers, "_max_workers", 3)
    until(qtbot, monitor.now.workers.more.isEnabled)
    assert not monitor.now.workers.fewer.isEnabled()
    monitor.now.workers.more.click()
    monitor.now.workers.more.click()
    assert not monitor.now.workers.more.isEnabled()
    monitor.now.workers.fewer.click()
    assert program.asked == [2, 3, 2]


def test_worker_actions_work_by_button_key_and_menu(qtbot, program, monitor):
    page, actions = monitor.now.workers, monitor.now.workers.worker_actions
    program.workers.append(replace(program.workers[0], name="worker-2"))
    until(qtbot, lambda: page.model.rowCount() == 2)
    assert not any(action.isEnabled() for action in actions.all_actions())  # no worker is selected
    page.table.selectRow(1)
    assert actions.restart.isEnabled()
    button = next(b for b in actions.findChildren(QAbstractButton) if b.text() == actions.restart.text())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    page.table.setFocus()
    monitor.activateWindow()
    until(qtbot, page.table.hasFocus)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(page.table, Qt.Key.Key_R, both)
    assert page.table.contextMenuPolicy() is Qt.ContextMenuPolicy.ActionsContextMenu
    assert page.table.actions() == actions.all_actions()
    qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    assert program.calls == ["restart worker-2", "recycle worker-2", "retire worker-2"]
    assert page.target == 1
    assert not actions.retire.isEnabled()  # the last worker cannot be removed


def test_number_of_workers_is_saved(qtbot, program, monitor, monkeypatch):
    monkeypatch.setattr(monitor.now.workers, "_max_workers", 3)
    until(qtbot, monitor.now.workers.more.isEnabled)
    monitor.now.workers.more.click()
    monitor.close()  # before the timer saves the number
    until(qtbot, lambda: program.settings.workers == 2)
    assert load({"FI_DESKTOP_HOME": str(program.settings.home)}).workers == 2


def test_geometry_of_the_monitor_is_saved(qtbot, program, bridge):
    window_state = WindowState(program.settings.home)
    for height in (700, 580):
        monitor = MonitorWindow(bridge, program, window_state=window_state)
        qtbot.addWidget(monitor)
        monitor.show()
        assert monitor.height() == min(height, available(monitor).height() - 48)  # limited by the screen
        monitor.resize(940, 580)
        monitor.close()


def test_hidden_monitor_does_not_follow_the_queue(qtbot, program, monitor):
    until(qtbot, lambda: monitor.now.workers.model.rowCount() == 1)
    listeners = len(program.service._listeners)
    monitor.close()
    assert len(program.service._listeners) == listeners - 1
    monitor.show()
    assert len(program.service._listeners) == listeners
    program.workers.clear()
    until(qtbot, lambda: monitor.now.workers.model.rowCount() == 0)


def test_closed_reader_ignores_pages(program, recordings):
    add(program, recordings)
    reader = MonitorReader(program)
    reader.close()
    program.hand.do(lambda _service: None)  # answers the page
    with pytest.raises(RuntimeError):
        reader.snapshot()


def test_unreadable_queue_shows_the_reason(qtbot, program, monitor):
    monitor.close()
    program.hand.stop()
    monitor.show()
    until(qtbot, lambda: "closing" in monitor.message.text)


def test_pages_have_shortcuts(qtbot, monitor):
    assert QTest.qWaitForWindowActive(monitor)
    for number in (1, 2, 3, 4, 0):
        qtbot.keyClick(monitor, Qt.Key(Qt.Key.Key_1 + number), Qt.KeyboardModifier.ControlModifier)
        assert monitor.pages.current == number
    qtbot.keyClick(monitor, Qt.Key.Key_Escape)
    assert not monitor.isVisible()


def test_escape_dismisses_the_message_first(qtbot, monitor):
    monitor.message.error("The disk is full.")
    qtbot.keyClick(monitor, Qt.Key.Key_Escape)
    assert not monitor.message.isVisible()
    assert monitor.isVisible()


def test_missed_target_has_text_and_icon(qtbot, program, monitor, recordings):
    add(program, recordings)
    for _ in recordings:
        job = program.hand.claim()
        error = ErrorInfo(ErrorKind.USER, "audio.bad", "This file is damaged.")
        program.hand.do(lambda service, job=job, e=error: service.transitions.failed(job.id, job.claim, e))
    targets = monitor.history.targets.targets
    until(qtbot, lambda: targets.rowCount() == 5 and cells(targets, 0)[2] == "0.0 %")
    index = targets.index(0, 2)
    assert index.data(Qt.ItemDataRole.AccessibleDescriptionRole) == "Missed"
    assert (targets.cell(index).icon, targets.cell(index).tone) == ("warning", "bad")


def test_every_button_has_a_name_and_takes_focus(monitor):
    named = (button for button in monitor.findChildren(QAbstractButton) if button.objectName())
    buttons = [button for button in named if not button.objectName().startswith("qt_")]
    assert len(buttons) >= 4
    for button in (
        *buttons,
        *monitor.pages.buttons,
        *monitor.history.parts.buttons,
        *monitor.history.targets.span.buttons,
    ):
        assert button.accessibleName(), button.text()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.text()


def test_monitor_shows_real_workers_and_what_becomes_of_them(qtbot, dressed, home, hurried):
    app = App(load({"FI_DESKTOP_HOME": str(home), "FI_DESKTOP_WORKERS": "1"}))
    bridge = Bridge(app.service)
    bridge.listen()
    app.start()
    monitor = MonitorWindow(bridge, app)
    qtbot.addWidget(monitor)
    monitor.now.workers._max_workers = 2
    model = monitor.now.workers.model

    def states():
        return [model.index(number, WorkerColumn.STATE).data() for number in range(model.rowCount())]

    try:
        monitor.show()
        until(qtbot, lambda: states() == ["Idle"])
        until(qtbot, lambda: model.index(0, WorkerColumn.MEMORY).data().endswith("MB"))
        monitor.now.workers.more.click()
        until(qtbot, lambda: states() == ["Idle", "Idle"])
        monitor.now.workers.fewer.click()
        until(qtbot, lambda: states() == ["Idle"])
        assert model.index(0, WorkerColumn.UPTIME).data().endswith("s")
        psutil.Process(model.worker(model.index(0, 0)).pid).kill()
        events = monitor.history.events

        def happened():
            return [events.index(row, 1).data() for row in range(events.rowCount())]

        until(qtbot, lambda: {"Worker died", "Worker replaced", "Worker stopped"} <= set(happened()))
        assert happened()[-1] == "Program started"
        monitor.close()
    finally:
        app.stop()
        bridge.close()


def test_headings_are_readable_at_twice_the_font_size(qtbot, qapp, program, bridge):
    before = qapp.font()
    font = QFont(before)
    font.setPointSizeF(2 * before.pointSizeF())
    qapp.setFont(font)
    try:
        monitor = MonitorWindow(bridge, program)
        qtbot.addWidget(monitor)
        monitor.resize(1000, 600)
        monitor.show()
        for table in monitor.findChildren(ReadOnlyTable):
            header, letter = table.horizontalHeader(), table.fontMetrics().averageCharWidth()
            for column in range(header.count()):
                heading = str(table.model().headerData(column, Qt.Orientation.Horizontal))
                room = min(table.fontMetrics().horizontalAdvance(heading), 30 * letter)
                assert table.isColumnHidden(column) or header.sectionSize(column) >= room, heading
    finally:
        qapp.setFont(before)
