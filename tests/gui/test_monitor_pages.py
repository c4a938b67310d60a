"""The monitor's failures, history and machines on a real queue, and what they export."""

import csv
import io
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.values import ServerLoad
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.monitor.window import MonitorWindow
from fi_desktop.jobs.queue_events import AlertsChanged, WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.jobs.queue_history import HistoryEntry, HistoryKind
from fi_desktop.viewmodel.worker_rows import SILENT_S
from tests.gui.conftest import TIMEOUT_S
from tests.gui.monitor_samples import gauge, week
from tests.gui.test_monitor_window import MonitoredFakeApp, add, cells, until

EMPTY = ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty.")
NOW, FAILURES, HISTORY, MACHINES = range(4)


@pytest.fixture
def program(home):
    program = MonitoredFakeApp(home)
    program.hand.start()
    yield program
    program.hand.stop()


@pytest.fixture
def monitor(qtbot, dressed, program, monkeypatch):
    monkeypatch.setattr("fi_desktop.viewmodel.monitor._REST_S", 0.05)
    monkeypatch.setattr("fi_desktop.gui.monitor.window._SNAPSHOT_MS", 100)
    bridge = Bridge(program.service)
    bridge.listen()
    monitor = MonitorWindow(bridge, program)
    qtbot.addWidget(monitor)
    monitor.show()
    yield monitor
    monitor.close()
    bridge.close()


def write(program, *entries):
    with program.settings.history.open("ab") as file:
        file.write(b"".join(entry.line for entry in entries))


def fail(program, *jobs, error=EMPTY):
    for job in jobs:
        program.hand.do(lambda service, job=job: service.transitions.failed(job.id, job.claim, error))


def table(monitor):
    name, content = monitor.table()
    return name, list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture
def failed(program, recordings):
    add(program, recordings)
    first, second, third = (program.hand.claim() for _ in recordings)
    fail(program, first, third)
    fail(program, second, error=ErrorInfo(ErrorKind.USER, "audio.no_speech", "No speech."))
    return first, second, third


def test_failures_are_grouped_by_cause_and_a_group_is_retried(qtbot, program, monitor, failed):
    page = monitor.failures
    until(qtbot, lambda: page.causes.rowCount() == 2)
    sentence, code, number, first, last = cells(page.causes, 0)
    assert (code, number) == ("audio.empty", "2")
    assert sentence.endswith(".")
    assert first
    assert last
    assert not page.retry.isEnabled()  # no group is chosen
    monitor.pages.choose(FAILURES)
    page.table.selectRow(0)
    qtbot.mouseClick(page.retry, Qt.MouseButton.LeftButton)
    until(qtbot, lambda: "2 recordings" in monitor.message.text)
    states = {job.id: job.state for job in program.service.jobs().result(TIMEOUT_S)}
    assert states == {1: JobState.QUEUED, 2: JobState.FAILED, 3: JobState.QUEUED}
    until(qtbot, lambda: page.causes.rowCount() == 1)
    assert cells(page.causes, 0)[1] == "audio.no_speech"


def test_a_group_is_copied_as_numbers_and_cause_and_with_names_if_asked(qtbot, monitor, failed):
    page = monitor.failures
    until(qtbot, lambda: page.causes.rowCount() == 2)
    page.table.selectRow(0)
    cause = cells(page.causes, 0)[0]
    page.copy.click()
    assert QGuiApplication.clipboard().text() == f"1\taudio.empty\t{cause}\n3\taudio.empty\t{cause}"
    page.with_names.click()
    page.copy.click()
    until(qtbot, lambda: "First.wav" in QGuiApplication.clipboard().text())
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["First.wav", "Third.m4a"]


def test_history_follows_the_file_and_is_filtered(qtbot, program, monitor):
    now = time.time()
    page = monitor.history
    write(program, *week(now))
    until(qtbot, lambda: page.events.rowCount() == len(week(now)))
    died = next(row for row in range(page.events.rowCount()) if cells(page.events, row)[1] == "Worker died")
    assert cells(page.events, died)[2:] == ["Worker 1", "3977", "41", "signal 9"]
    page.kinds.setCurrentIndex(1)
    assert {entry.kind.value.partition(" ")[0] for entry in page.shown} == {"worker"}
    page.search.setText("worker 2")
    assert {entry.worker for entry in page.shown} == {"worker-2"}
    page.search.setText("no such thing")
    assert page.events.rowCount() == 0
    page.search.clear()
    page.kinds.setCurrentIndex(4)
    assert [cells(page.events, row)[5] for row in range(2)] == ["Recordings waiting"] * 2
    page.kinds.setCurrentIndex(0)
    write(program, HistoryEntry(now, HistoryKind.SETTING_CHANGED, code="workers"))
    until(qtbot, lambda: cells(page.events, 0)[1] == "Setting changed")
    assert cells(page.events, 0)[5] == "Recordings at a time"
    program.settings.history.unlink()
    until(qtbot, lambda: page.events.rowCount() == 0)


def test_the_current_hour_is_counted(qtbot, monitor, failed):
    page = monitor.history

    def totals():
        hours = [(hour.submitted, hour.completed, hour.failed) for hour in page.by_hour]
        return [sum(counts) for counts in zip(*hours, strict=True)]

    until(qtbot, lambda: totals() == [3, 0, 3])
    assert page.hours.rowCount() == len(page.by_hour) == 48


def test_machines_are_this_one_and_those_that_workers_name(qtbot, program, monitor):
    page = monitor.machines
    until(qtbot, lambda: page.machines.rowCount() == 1)
    here = cells(page.machines, 0)
    assert here[0] == "This computer"
    assert here[2:4] == ["1", "0"]
    assert here[5].endswith("GB")
    assert here[7].endswith("B")
    silent = replace(gauge(7, rss=2_000_000_000, done=4, host="servidor-2"), silent_s=SILENT_S + 1)
    program.workers += [silent, gauge(8, rss=1_000_000_000, failed=1, host="servidor-2")]
    until(qtbot, lambda: page.machines.rowCount() == 2)
    assert cells(page.machines, 1)[:3] == ["servidor-2", "Does not answer", "2"]
    assert cells(page.machines, 1)[5:10] == ["3.0 GB", "–", "–", "4", "1"]
    away = [
        WorkerInfo(each.name, 0, WorkerState.AWAY, None, 0.0, 0, 0, host=each.host)
        for each in program.workers
    ]
    program.workers[1] = replace(silent, silent_s=None)
    program.service.announce(WorkersChanged(tuple(away[1:]))).result(TIMEOUT_S)
    until(
        qtbot, lambda: [cells(page.machines, row)[1] for row in range(2)] == ["No workers", "Does not answer"]
    )


def test_load_of_the_server_is_shown_while_it_can_be_reached(qtbot, program, monitor):
    page = monitor.machines
    monitor.pages.choose(MACHINES)
    until(qtbot, lambda: page.isVisible() and page.machines.rowCount() == 1)
    assert not page.server.isVisible()
    load = ServerLoad("server.example.org", waiting=1234, working=3, processes=4, commands_s=56.0)
    program.workers.append(replace(gauge(7, host="servidor-2"), server=load))
    until(qtbot, page.server.isVisible)
    assert page.server.text() == (
        "Server server.example.org, for all computers   ·   waiting in Redis: 1,234   ·   "
        "being processed: 3 of 4   ·   Redis commands a second: 56"
    )
    program.workers[-1] = replace(program.workers[-1], server=replace(load, commands_s=None))
    until(qtbot, lambda: page.server.text().endswith("a second: –"))
    program.workers[-1] = replace(program.workers[-1], server=None)
    until(qtbot, lambda: not page.server.isVisible())


def test_each_page_is_exported_without_names(qtbot, program, monitor, failed, tmp_path):
    write(program, HistoryEntry(1.79e9, HistoryKind.WORKER_DIED, "worker-1", pid=7, exit=-9, job=2))
    until(qtbot, lambda: monitor.failures.causes.rowCount() == 2 and monitor.history.events.rowCount() == 1)
    name, rows = table(monitor)
    assert (name, rows[1][0]) == ("workers.csv", "worker-1")
    monitor.pages.choose(FAILURES)
    name, rows = table(monitor)
    assert (name, [row[:2] for row in rows[1:3]]) == (
        "failures.csv",
        [["1", "audio.empty"], ["3", "audio.empty"]],
    )
    monitor.pages.choose(HISTORY)
    name, rows = table(monitor)
    # a spreadsheet would take the signal for a formula
    assert (name, rows[1][:6]) == (
        "history.csv", ["2026-09-21T14:13:20Z", "worker died", "worker-1", "7", "'-9", "2"],
    )  # fmt: skip
    monitor.history.parts.choose(1)
    name, rows = table(monitor)
    assert (name, len(rows)) == ("hours.csv", 49)
    monitor.pages.choose(MACHINES)
    name, rows = table(monitor)
    assert (name, rows[1][:3]) == ("machines.csv", ["", "1", "0"])
    monitor.export.click()
    dialog = monitor.findChild(QFileDialog)
    file = tmp_path / "equipos.csv"
    dialog.fileSelected.emit(str(file))
    dialog.close()
    until(qtbot, lambda: "equipos.csv" in monitor.message.text)
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"computer"')
    monitor.pages.choose(4)
    assert monitor.export.isHidden()  # the audit trail has its own


def test_alerts_that_are_raised_are_shown_and_open_their_settings(qtbot, program, monitor):
    assert monitor.alerts.text() == "Alerts…"
    note = messages.ALERT_QUEUE(number=25, limit=20, minutes=15)
    program.service.announce(AlertsChanged((note,))).result(TIMEOUT_S)
    until(qtbot, lambda: monitor.alerts.text() == "1 alert")
    assert "25, more than 20" in monitor.alerts.toolTip()
    assert "25, more than 20" in monitor.alerts.accessibleName()
    with qtbot.waitSignal(monitor.alert_settings_requested):
        monitor.alerts.click()
    program.service.announce(AlertsChanged(())).result(TIMEOUT_S)
    until(qtbot, lambda: monitor.alerts.text() == "Alerts…")
