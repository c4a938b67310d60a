from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.values import SpeakerCount, Stage
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.system.files import RESULT
from tests.gui import samples
from tests.gui.events import drop_files


@pytest.fixture
def job(qtbot, window, hand, recordings):
    """A running job."""
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    job = hand.claim()
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RUNNING] == 1)
    return job


@pytest.fixture
def done(qtbot, window, hand, job):
    """A completed job."""
    hand.complete(job, samples.conversation(12, name="First.wav"))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    return job


def shown_result(qtbot, opened):
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.isVisible())
    return opened.result


def test_double_click_opens_the_result(qtbot, window, done, program):
    place = window.table.visualRect(window.jobs.index_of_job(done.id)).center()
    viewport = window.table.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    (opened,) = window.windows.all()
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 12
    assert opened.windowTitle() == "First.wav – fi-desktop"
    qtbot.waitUntil(lambda: program.service.job(done.id).result(120).seen_at is not None)


def test_enter_opens_and_escape_closes_the_window(qtbot, window, done):
    window.table.select(done.id)
    qtbot.keyClick(window.table, Qt.Key.Key_Return)
    (opened,) = window.windows.all()
    shown_result(qtbot, opened)
    qtbot.keyClick(opened, Qt.Key.Key_Escape)
    assert not window.windows.all()


def test_job_has_one_window(window, done):
    assert window.windows.open(done.id) is window.windows.open(done.id)


def test_window_follows_the_job_to_its_result(qtbot, window, hand, job):
    opened = window.windows.open(job.id)
    hand.do(lambda service: service.publish(JobProgressed(job.id, Stage.SPEECH, 0.5)))
    qtbot.waitUntil(lambda: opened.page.progress.value() == 45)
    assert opened.page.isVisible()
    hand.complete(job, samples.conversation(7))
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 7


def test_failed_job_says_why_and_can_be_retried(qtbot, window, hand, job):
    error = ErrorInfo(ErrorKind.USER, "test.code", "This recording is empty.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.FAILED] == 1)
    opened = window.windows.open(job.id)
    qtbot.waitUntil(lambda: opened.page.attempts.count() == 1)
    attempt = opened.page.attempts.item(0).text()
    assert "  ·  Worker 1  ·  " in attempt
    assert attempt.endswith("Failed: This recording is empty.")
    assert opened.page.detail == "This recording is empty."
    qtbot.mouseClick(opened.page.retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 1)
    qtbot.waitUntil(lambda: not opened.page.retry.isVisible())


def test_scheduled_retry_counts_down(qtbot, window, hand, job):
    error = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RETRYING] == 1)
    opened = window.windows.open(job.id)
    assert opened.page.detail.startswith("Retry 1/3 in ")
    before = opened.page.detail
    qtbot.waitUntil(lambda: opened.page.detail != before)
    qtbot.mouseClick(opened.page.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.CANCELLED] == 1)


def test_retry_after_a_full_disk_has_no_number(qtbot, window, hand, job):
    error = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.RETRYING] == 1)
    detail = window.windows.open(job.id).page.detail
    assert detail.startswith("Trying again in ")
    assert " · The disk is full" in detail


def test_unknown_job_shows_a_sentence(qtbot, window):
    opened = window.windows.open(4711)
    qtbot.waitUntil(lambda: opened.note == "This job no longer exists.")


def test_window_of_a_removed_job_closes(qtbot, window, done, program):
    shown_result(qtbot, window.windows.open(done.id))
    program.service.remove([done.id])
    qtbot.waitUntil(lambda: not window.windows.all())


@pytest.mark.parametrize("damage", ["gone", "half"])
def test_damaged_result_says_what_to_do(qtbot, window, done, program, damage):
    path = program.service.folders.folder(done.id) / RESULT
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:200])
    opened = window.windows.open(done.id)
    qtbot.waitUntil(lambda: opened.note == "The result cannot be read. Retry the job to create it again.")


def test_rerun_job_shows_its_earlier_result_until_the_new_one(qtbot, window, hand, done, program):
    opened = window.windows.open(done.id)
    shown_result(qtbot, opened)
    program.service.retry([done.id])
    qtbot.waitUntil(opened.rerun_bar.isVisible)
    assert opened.rerun_bar.text == "Waiting: The earlier result stays until the new one is ready."
    assert opened.result.isVisible()
    hand.complete(hand.claim(), samples.conversation(21))
    qtbot.waitUntil(lambda: opened.result.isVisible() and opened.result.turns.table.model().rowCount() == 21)
    assert not opened.rerun_bar.isVisible()


def test_earlier_result_is_available_after_a_failed_rerun(qtbot, window, hand, done, program):
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


def test_cancelling_a_rerun_restores_the_result(qtbot, window, hand, done, program):
    program.service.retry([done.id])
    opened = window.windows.open(done.id)
    qtbot.waitUntil(opened.rerun_bar.isVisible)
    qtbot.mouseClick(opened.rerun_bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    qtbot.waitUntil(lambda: not opened.rerun_bar.isVisible())
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 12


def test_result_offers_the_number_of_speakers_that_the_voices_suggest(qtbot, window, hand, job, program):
    hand.complete(job, samples.crosstalk())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    opened = window.windows.open(job.id)
    view = shown_result(qtbot, opened)
    assert view.verdict.startswith("The voices suggest 3 speakers instead of 2. Please check.")
    assert view.other_number.text() == "Process again with 3 speakers"
    qtbot.mouseClick(view.other_number, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(opened.rerun_bar.isVisible)
    assert opened.rerun_bar.text == "Waiting: The earlier result stays until the new one is ready."
    assert opened.result is view
    assert not view.other_number.isEnabled()
    again = hand.claim()
    assert again.options == replace(job.options, speakers=SpeakerCount(3, 3))
    hand.complete(again, samples.conversation(21, speakers=3))
    qtbot.waitUntil(lambda: opened.result is not view and opened.result.isVisible())
    assert not opened.result.other_number.isVisible()
    assert not opened.rerun_bar.isVisible()
    assert program.service.job(job.id).result(120).summary.speakers == 3


def test_cancelling_another_number_of_speakers_restores_the_options(qtbot, window, hand, job, program):
    hand.complete(job, samples.crosstalk())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    opened = window.windows.open(job.id)
    qtbot.mouseClick(shown_result(qtbot, opened).other_number, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(opened.rerun_bar.isVisible)
    qtbot.mouseClick(opened.rerun_bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    qtbot.waitUntil(opened.result.other_number.isEnabled)
    assert program.service.job(job.id).result(120).options == job.options


def test_number_of_speakers_that_another_job_has_is_not_processed_again(
    qtbot, window, hand, job, program, recordings
):
    hand.complete(job, samples.crosstalk())
    three = replace(job.options, speakers=SpeakerCount(3, 3))
    program.service.submit(recordings[:1], three).result(120)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)
    opened = window.windows.open(job.id)
    view = shown_result(qtbot, opened)
    qtbot.mouseClick(view.other_number, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(view.message.isVisible)
    assert view.message.text == "Another job in the list has this recording and these options."
    assert window.jobs.job(job.id).state is JobState.COMPLETED


def test_damaged_result_can_be_created_again(qtbot, window, hand, done, program):
    (program.service.folders.folder(done.id) / RESULT).unlink()
    opened = window.windows.open(done.id)
    qtbot.waitUntil(lambda: opened.note.startswith("The result cannot be read."))
    program.service.retry([done.id])
    qtbot.waitUntil(opened.page.isVisible)
    hand.complete(hand.claim(), samples.conversation(21))
    assert shown_result(qtbot, opened).turns.table.model().rowCount() == 21


def test_stopping_the_program_closes_job_windows(qtbot, desktop, window, done):
    shown_result(qtbot, window.windows.open(done.id))
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    assert not window.windows.all()


def test_result_without_words_leads_to_the_recommended_model(qtbot, window, done):
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
