import pytest
from PySide6.QtCore import Qt

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.values import Stage
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.system.files import RESULT
from tests.gui import samples
from tests.gui.events import drop_files


@pytest.fixture
def job(qtbot, window, hand, recordings):
    """A job that a worker has."""
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    job = hand.claim()
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RUNNING] == 1)
    return job


@pytest.fixture
def done(qtbot, window, hand, job):
    """A job that was completed."""
    hand.complete(job, samples.conversation(12, name="First.wav"))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    return job


def shown_result(qtbot, opened):
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.isVisible())
    return opened.result


def test_double_click_shows_who_spoke_when(qtbot, window, done, program):
    place = window.table.visualRect(window.jobs.place_of(done.id)).center()
    viewport = window.table.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    (opened,) = window.windows.all()
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 12
    assert opened.windowTitle() == "First.wav – fi-desktop"
    qtbot.waitUntil(lambda: program.service.job(done.id).result(120).seen_at is not None)


def test_enter_opens_and_escape_closes(qtbot, window, done):
    window.table.select(done.id)
    qtbot.keyClick(window.table, Qt.Key.Key_Return)
    (opened,) = window.windows.all()
    shown_result(qtbot, opened)
    qtbot.keyClick(opened, Qt.Key.Key_Escape)
    assert not window.windows.all()


def test_a_job_has_one_window(window, done):
    assert window.windows.open(done.id) is window.windows.open(done.id)


def test_it_follows_the_job_to_its_result(qtbot, window, hand, job):
    opened = window.windows.open(job.id)
    hand.do(lambda service: service.publish(JobProgressed(job.id, Stage.SPEECH, 0.5)))
    qtbot.waitUntil(lambda: opened.page.progress.value() == 45)
    assert opened.page.isVisible()
    hand.complete(job, samples.conversation(7))
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 7


def test_a_failed_job_says_why_and_can_be_retried(qtbot, window, hand, job):
    error = ErrorInfo(ErrorKind.USER, "test.code", "This recording is empty.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.FAILED] == 1)
    opened = window.windows.open(job.id)
    qtbot.waitUntil(lambda: opened.page.attempts.count() == 1)
    told = opened.page.attempts.item(0).text()
    assert "  ·  Worker 1  ·  " in told
    assert told.endswith("Failed: This recording is empty.")
    assert opened.page.detail == "This recording is empty."
    qtbot.mouseClick(opened.page.retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 1)
    qtbot.waitUntil(lambda: not opened.page.retry.isVisible())


def test_a_waiting_retry_counts_down(qtbot, window, hand, job):
    error = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RETRYING] == 1)
    opened = window.windows.open(job.id)
    assert opened.page.detail.startswith("Retry 1/3 in ")
    before = opened.page.detail
    qtbot.waitUntil(lambda: opened.page.detail != before)
    qtbot.mouseClick(opened.page.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.CANCELLED] == 1)


def test_a_job_that_waits_for_room_on_the_disk_counts_no_retries(qtbot, window, hand, job):
    error = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RETRYING] == 1)
    said = window.windows.open(job.id).page.detail
    assert said.startswith("Tried again in ")
    assert " · The disk is full" in said


def test_an_unknown_job_is_answered_in_a_sentence(qtbot, window):
    opened = window.windows.open(4711)
    qtbot.waitUntil(lambda: opened.note == "This job no longer exists.")


def test_its_window_goes_with_a_removed_job(qtbot, window, done, program):
    shown_result(qtbot, window.windows.open(done.id))
    program.service.remove([done.id])
    qtbot.waitUntil(lambda: not window.windows.all())


@pytest.mark.parametrize("damage", ["gone", "half"])
def test_a_damaged_result_says_what_to_do(qtbot, window, done, program, damage):
    path = program.service.folders.folder(done.id) / RESULT
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:200])
    opened = window.windows.open(done.id)
    qtbot.waitUntil(lambda: opened.note == "The result cannot be read. Retry the job to create it again.")


def test_a_job_done_again_shows_its_result_until_there_is_another(qtbot, window, hand, done, program):
    opened = window.windows.open(done.id)
    shown_result(qtbot, opened)
    program.service.retry([done.id])
    qtbot.waitUntil(opened.rerun_bar.isVisible)
    assert opened.rerun_bar.text == "Waiting: The earlier result stays until the new one is ready."
    assert opened.result.isVisible()
    hand.complete(hand.claim(), samples.conversation(21))
    qtbot.waitUntil(lambda: opened.result.isVisible() and opened.result.turns.table.model().rowCount() == 21)
    assert not opened.rerun_bar.isVisible()


def test_a_result_is_opened_and_exported_although_doing_it_again_failed(qtbot, window, hand, done, program):
    program.service.retry([done.id])
    job = hand.claim()
    error = ErrorInfo(ErrorKind.USER, "audio.gone", "The recording is not there any more.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.FAILED] == 1)
    opened = window.windows.open(done.id)
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 12
    assert opened.rerun_bar.text.endswith(
        "The recording is not there any more. The earlier result is still there."
    )
    window.table.select(done.id)
    assert window.commands.export.menuAction().isEnabled()


def test_cancelling_brings_the_job_back_to_its_result(qtbot, window, hand, done, program):
    program.service.retry([done.id])
    opened = window.windows.open(done.id)
    qtbot.waitUntil(opened.rerun_bar.isVisible)
    qtbot.mouseClick(opened.rerun_bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    qtbot.waitUntil(lambda: not opened.rerun_bar.isVisible())
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 12


def test_a_damaged_result_can_be_made_again(qtbot, window, hand, done, program):
    (program.service.folders.folder(done.id) / RESULT).unlink()
    opened = window.windows.open(done.id)
    qtbot.waitUntil(lambda: opened.note.startswith("The result cannot be read."))
    program.service.retry([done.id])
    qtbot.waitUntil(opened.page.isVisible)
    hand.complete(hand.claim(), samples.conversation(21))
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 21


def test_stopping_closes_them(qtbot, desktop, window, done):
    shown_result(qtbot, window.windows.open(done.id))
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    assert not window.windows.all()


def test_a_result_without_words_leads_to_a_model_that_is_recommended(qtbot, window, done):
    opened = window.windows.open(done.id)
    view = shown_result(qtbot, opened)
    qtbot.mouseClick(view.turns.note.models, Qt.MouseButton.LeftButton)
    dialog = window.models.dialog
    qtbot.waitUntil(lambda: dialog.isVisible() and bool(dialog.list.rows))
    recommended = [row for row in dialog.list.rows.values() if row.state == "Recommended for this computer"]
    assert [row.name.startswith("faster-whisper-") for row in recommended] == [True]
    viewport = dialog.list.viewport()
    middle = lambda: recommended[0].mapTo(viewport, recommended[0].rect().center())  # noqa: E731
    qtbot.waitUntil(lambda: viewport.rect().contains(middle()))
    assert recommended[0].install.objectName() == "primary"
    qtbot.mouseClick(view.turns.note.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(opened.rerun_bar.isVisible)
