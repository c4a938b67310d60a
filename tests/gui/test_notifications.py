import shutil
import subprocess
import sys

import pytest
from PySide6.QtWidgets import QSystemTrayIcon

from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.gui.notifications import progress_icon
from fi_desktop.jobs.queue_events import AlertsChanged
from fi_desktop.settings import save_changes
from fi_desktop.viewmodel.progress import ActiveJobs, FinishedJobs
from tests.gui.events import drop_files
from tests.gui.samples import consultation

BAD_FILE = ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty.")


@pytest.fixture
def tray(monkeypatch):
    """A desktop with a tray; returns the notifications it shows."""
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda icon: None)
    monkeypatch.setattr(
        QSystemTrayIcon, "showMessage", lambda icon, title, text, *_: shown.append((title, text))
    )
    return shown


@pytest.fixture
def hidden(qtbot, tray, desktop, window, recordings):
    """Three recordings wait, and the window is hidden."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 3)
    window.hide()
    return desktop


def finish(hand, outcomes: str) -> None:
    """Finish jobs: "c" completes one, "f" fails it."""
    for outcome in outcomes:
        job = hand.claim()
        if outcome == "c":
            hand.complete(job, consultation())
        else:
            hand.do(lambda service, job=job: service.transitions.failed(job.id, job.claim, BAD_FILE))


def test_the_end_of_the_queue_is_notified_without_names(qtbot, tray, hidden, hand):
    finish(hand, "cc")
    assert tray == []
    finish(hand, "f")
    qtbot.waitUntil(lambda: tray == [("fi-desktop", "Recordings: 2 done, 1 failed")])
    qtbot.waitUntil(lambda: hidden._tray.last.text() == "Recording 3 failed")


def test_a_click_on_a_notification_shows_the_window_and_selects_the_job(qtbot, tray, hidden, hand, window):
    finish(hand, "ccc")
    qtbot.waitUntil(lambda: len(tray) == 1)
    hidden._tray._icon.messageClicked.emit()
    assert window.isVisible()
    assert [row.id for row in window.table.selected_rows()] == [3]


def test_each_recording_is_notified_by_name_if_the_settings_say_so(qtbot, tray, hidden, hand, program):
    program.settings = save_changes(program.settings, {"notify": "each", "names_in_notifications": True})
    finish(hand, "cf")
    qtbot.waitUntil(lambda: [text for _, text in tray] == ["First.wav is done", "Second ñ.mp3 failed"])


def test_no_notification_while_the_window_is_active_or_if_switched_off(
    qtbot, tray, desktop, hand, window, program, recordings
):
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 3)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    finish(hand, "ccc")
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 3)
    window.hide()
    program.settings = save_changes(program.settings, {"notify": "never"})
    program.service.retry([1]).result(120)
    finish(hand, "c")
    qtbot.waitUntil(lambda: desktop._tray.last.text() == "Recording 1 is done")
    assert tray == []


def test_the_tray_shows_progress_and_pauses_the_queue(qtbot, tray, hidden, hand, window):
    finish(hand, "c")
    hand.claim()
    qtbot.waitUntil(lambda: hidden._tray.tooltip == "fi-desktop: 33 % done, 1 running, 1 waiting")
    hidden._tray.pause.trigger()
    qtbot.waitUntil(lambda: hidden._tray.tooltip.startswith("fi-desktop: Paused, 33 %"))
    assert hidden._tray.pause.text() == "Resume the queue"
    assert window.status.jobs_text.startswith("Paused")
    window.commands.pause.trigger()
    qtbot.waitUntil(lambda: not window.status.paused)
    assert hidden._tray.pause.text() == "Pause the queue"


def test_the_progress_ring_fills(dressed):
    shown = [progress_icon(share, paused=False).pixmap(64).toImage() for share in (None, 0.0, 0.5, 1.0)]
    shown.append(progress_icon(0.5, paused=True).pixmap(64).toImage())
    assert all(one != other for i, one in enumerate(shown) for other in shown[:i])


def test_active_jobs_count_finished_jobs_and_forget_removed_ones(program, recordings):
    program.start()
    ids = program.service.submit(recordings).result(120).ids
    jobs = [program.service.job(job_id).result(120) for job_id in ids]
    active = ActiveJobs()
    assert [active.add(job) for job in jobs] == [None] * 3
    running = program.hand.claim()
    active.add(running)
    assert active.progress({ids[0]: 0.5}) == pytest.approx(0.5 / 3)
    program.service.cancel(ids[2:]).result(120)
    assert active.add(program.service.job(ids[2]).result(120)) is None
    program.hand.complete(running, consultation())
    done = program.service.job(ids[0]).result(120)
    assert active.add(done) == FinishedJobs(completed=(ids[0],))
    assert active.add(done) is None
    assert (active.progress({}), active.take_finished()) == (0.5, None)
    active.discard(ids[1])
    assert active.take_finished() == FinishedJobs(completed=(ids[0],))
    assert (active.progress({}), active.take_finished()) == (None, None)
    program.stop()


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="needs dbus-run-session")
def test_the_taskbar_shows_progress_over_dbus():
    """In a process with a private bus, which returns the message."""
    script = """
import sys
from PySide6.QtCore import QCoreApplication, QObject, SLOT, QTimer, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from fi_desktop.gui.notifications import show_progress

class Taskbar(QObject):
    @Slot(QDBusMessage)
    def on_update(self, message):
        print(message.arguments()[0], flush=True)
        application.quit()

application = QCoreApplication(sys.argv)
taskbar = Taskbar()
QDBusConnection.sessionBus().connect(
    "", "", "com.canonical.Unity.LauncherEntry", "Update", taskbar, SLOT("on_update(QDBusMessage)")
)
show_progress(0.25)
QTimer.singleShot(10_000, application.quit)
application.exec()
"""
    command = ["dbus-run-session", "--", sys.executable, "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == ["application://fi-desktop.desktop"], done.stderr


def test_an_alert_is_notified_once_if_the_person_wants_that(qtbot, tray, hidden, program):
    note = messages.ALERT_DISK(free=1_000_000_000, limit=5_000_000_000)

    def announce(*notes):
        program.service.announce(AlertsChanged(notes)).result(120)
        qtbot.waitUntil(lambda: hidden._bridge.alerts.raised == notes)

    announce(note)
    announce()
    program.settings = save_changes(program.settings, {"alert_notify": True})
    announce(note)
    announce(note, messages.ALERT_RESTARTS(number=3, limit=3))
    qtbot.waitUntil(lambda: len(tray) == 2)
    assert [text for _, text in tray] == [
        "Free disk space: 1.0 GB, less than 5.0 GB.",
        "Workers replaced within an hour: 3 (limit: 3).",
    ]
