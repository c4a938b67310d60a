"""Legal hold in the window: the row menu, the table, the details; and a clock that jumped."""

import random
import time
from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fi_desktop.core.job import JobState
from fi_desktop.gui.job_table.columns import column_index
from fi_desktop.gui.job_table.operations import RowMenu
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.retention import DAY_S, KeepTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load
from tests.gui.conftest import FakeApp
from tests.gui.events import drop_files


@pytest.fixture
def added(qtbot, window, recordings):
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    window.table.select(2)
    return window


def choose(window, text: str) -> None:
    actions = window.commands
    menu = RowMenu(actions.job_actions, actions.export, window.job_controller, window.table, window)
    (action,) = (each for each in menu.actions() if each.text().replace("&", "") == text)
    assert action.isEnabled()
    action.trigger()


def test_a_held_job_says_so_and_cannot_be_removed(qtbot, added, program):
    window, service = added, program.service
    choose(window, "Place legal hold")
    qtbot.waitUntil(lambda: window.jobs.job(2).on_hold)
    assert [window.jobs.job(number).on_hold for number in (1, 2, 3)] == [False, True, False]
    (row,) = (row for row in range(3) if window.jobs.entry_at(row) == 2)
    state = column_index("state")
    qtbot.waitUntil(lambda: window.jobs.index(row, state).data() == "Waiting · Legal hold")
    qtbot.waitUntil(lambda: not window.commands.jobs["remove"].isEnabled())
    QTest.keyClick(window.table, Qt.Key.Key_Delete)
    window.commands.details.trigger()
    qtbot.waitUntil(lambda: window.details.panel is not None and window.details.panel.isVisible())
    form = window.details.panel.job.form
    qtbot.waitUntil(lambda: bool(form.hold.text()))
    assert "Legal hold placed by" in window.details.panel.job.events.text.toPlainText()
    assert [job.id for job in service.jobs().result(60)] == [1, 2, 3]
    window.table.setFocus()
    choose(window, "Release legal hold")
    qtbot.waitUntil(lambda: not window.jobs.job(2).on_hold)
    qtbot.waitUntil(window.commands.jobs["remove"].isEnabled)
    qtbot.waitUntil(lambda: not form.hold.isVisible())
    QTest.keyClick(window.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)


@pytest.fixture
def old_job(home):
    """A job that ended long ago in a data folder that was last used then."""
    long_ago = time.time() - 100 * DAY_S
    folders = JobFolders(home / "jobs")
    service = JobService(
        partial(JobStore, home / "store"), folders, now=lambda: long_ago, rng=random.Random(1)
    )
    recording = home / "old.wav"
    recording.write_bytes(b"RIFF")
    service.open(lambda: None)
    submitted = service.submit([recording])
    while not submitted.done():
        with service.transaction():
            pass
    cancelled = service.cancel([1])
    with service.transaction():
        service.transitions.store.rows.put("m:clock", int(long_ago))
    assert cancelled.done()
    service.close()


@pytest.fixture
def program(home):
    return FakeApp(home, KeepTimes.of(load({"FI_DESKTOP_HOME": str(home)})))


def test_the_window_asks_about_a_clock_that_jumped(qtbot, old_job, desktop, program):
    message = desktop.window.message
    qtbot.waitUntil(lambda: "clock is 100 days later" in message.text)
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 1)
    assert desktop.window.jobs.job(1).state is JobState.CANCELLED
    assert message.action_button.text() == "The clock is right"
    qtbot.mouseClick(message.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 0)
    assert program.service.jobs().result(60) == []
