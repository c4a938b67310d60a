"""The details panel shows the selected job, follows its changes, and opens only if there is room."""

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.transcript import summarize
from fi_desktop.core.values import SpeakerCount, Stage, StageEnd, StageTime, Summary
from fi_desktop.gui.app_controller import AppController
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.system.files import RESULT
from tests.gui import samples

TRACEBACK = "Traceback (most recent call last):\n" + "\n".join(f"frame {n}" for n in range(30))
ERROR = ErrorInfo(ErrorKind.BUG, "engine.unexpected", "Something unexpected went wrong.", TRACEBACK)
TOOK = (StageTime(Stage.DECODE, 2.0), StageTime(Stage.SPEECH, 3.5, StageEnd.BROKEN_OFF))


@pytest.fixture
def window(desktop, qtbot, program, recordings):
    """The details of the first of three jobs."""
    window = desktop.window
    window.resize(1120, 700)
    program.service.submit(recordings).result(120)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    window.table.select(1)
    window.commands.details.trigger()
    qtbot.waitUntil(lambda: window.details.panel is not None and window.details.panel.isVisible())
    return window


@pytest.fixture
def view(window, qtbot):
    view = window.details.panel.job
    qtbot.waitUntil(lambda: view.form.size_bytes.text() != "")
    qtbot.waitUntil(lambda: view.copy.isEnabled())
    return view


def fail(hand, job, **more):
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, ERROR, stages=TOOK, **more))


def test_facts_show_the_recording_and_its_options(view, recordings, window):
    form = view.form
    assert (form.file.text(), form.folder.text()) == (recordings[0].name, str(recordings[0].parent))
    assert form.added.text() == "just now"
    assert form.added.toolTip()
    assert form.speakers.text() == "2"
    assert not form.finished.isVisible()
    assert [card.isVisible() for card in view.cards()] == []


def test_a_missing_model_is_named(view):
    assert view.form.transcriber.text() == "None: no model is installed"


def test_a_completed_job_shows_what_was_found_and_by_which_models(qtbot, view, hand, window):
    assert view.form.language.text() == "Detect automatically"
    job = hand.claim()
    talk = samples.consultation()
    made = replace(talk.provenance, transcriber="whisper", transcriber_model="faster-whisper-small")
    folder = hand._service.folders.folder(job.id)
    folder.mkdir(parents=True)
    talk = replace(talk, provenance=made, language="es")
    (folder / RESULT).write_text(json.dumps(transcript_to_json(talk)))
    hand.do(lambda service: service.transitions.completed(job.id, job.claim, summarize(talk)))
    qtbot.waitUntil(lambda: view.form.language.text() == "Spanish")
    qtbot.waitUntil(lambda: view.form.transcriber.text() == "Whisper · faster-whisper-small")
    assert view.form.diarizer.text() == "Built-in"
    number = sum(len(part.words) for part in talk.segments)
    assert (
        view.form.words.text()
        == f"{number} · About {round(100 * talk.wrong_share)} in 100 words may be wrong."
    )


def test_the_number_of_speakers_that_the_voices_suggest_is_offered(qtbot, view, hand, program):
    assert not view.other_number.isVisible()
    job = hand.claim()
    hand.complete(job, samples.crosstalk())
    qtbot.waitUntil(view.other_number.isVisible)
    assert view.other_number.text() == "Process again with 3 speakers"
    qtbot.mouseClick(view.other_number, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view.other_number.isVisible())
    again = program.service.job(job.id).result(120)
    assert again.options == replace(job.options, speakers=SpeakerCount(3, 3))
    assert again.earlier.options == job.options


def test_a_result_without_transcript_says_why(qtbot, view, hand, window):
    hand.complete(hand.claim(), samples.conversation(5))
    qtbot.waitUntil(lambda: view.form.version.text() != "")
    assert view.form.transcriber.text() == "None: no model is installed"
    # there is no transcript to detect it from; the job and its files are read separately
    qtbot.waitUntil(lambda: not view.form.language.isVisible())


def test_a_long_path_is_elided_in_the_middle_until_it_has_the_focus(view, qtbot, window):
    line, label = view.form.folder, view.form.size_bytes
    line.show_path("/" + "very long names of folders/" * 9 + "last")
    assert line.visible_text().startswith("/very")
    assert line.visible_text().endswith("last")
    assert line.fontMetrics().horizontalAdvance(line.visible_text()) <= line.width()
    assert (line.height(), line.x()) == (label.height(), label.x())
    line.setFocus()
    assert line.visible_text() == line.text() == line.toolTip()


def test_a_missing_recording_is_reported(view, recordings, window, hand, qtbot):
    recordings[0].unlink()
    hand.claim()
    qtbot.waitUntil(lambda: view.form.size_bytes.text() == "The file no longer exists")


def test_each_attempt_shows_its_stages_and_error(view, hand, qtbot, window):
    fail(hand, hand.claim("worker-2"))
    qtbot.waitUntil(lambda: len(view.cards()) == 1 and view.cards()[0].error.isVisible())
    card = view.cards()[0]
    assert card.error.text() == "Something unexpected went wrong."
    assert not card.traceback.text.isVisible()
    card.traceback.button.setFocus()
    qtbot.keyClick(card.traceback.button, Qt.Key.Key_Space)
    assert card.traceback.text.isVisible()
    assert "frame 29" in card.traceback.text.toPlainText()
    assert "Attempt 1: Failed" in texts(card)
    assert any("Worker 2 · Processor" in text for text in texts(card))
    stages = [text for text in texts(card) if "Reading the file: 2.0 s" in text]
    assert "interrupted after 3.5 s" in stages[0]


def test_updates_keep_the_scroll_position_and_expanded_texts(view, hand, qtbot, program, window):
    window.resize(1120, 420)
    fail(hand, hand.claim())
    qtbot.waitUntil(lambda: len(view.cards()) == 1 and view.cards()[0].traceback.isVisible())
    card = view.cards()[0]
    qtbot.mouseClick(card.traceback.button, Qt.MouseButton.LeftButton)
    card.traceback.text.verticalScrollBar().setValue(9)
    bar = view.area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 100)
    bar.setValue(90)
    program.service.retry([1]).result(120)
    job = hand.claim("worker-2")
    hand.do(lambda service: service.publish(JobProgressed(job.id, Stage.DIARIZE, 0.5, 60.0)))
    qtbot.waitUntil(lambda: len(view.cards()) == 2 and view.progress.value() > 0)
    assert view.cards()[0] is card
    assert card.traceback.text.isVisible()
    assert card.traceback.text.verticalScrollBar().value() == 9
    assert bar.value() == 90
    assert view.form.length.text() == "1:00"


def test_the_history_is_in_order(view, hand, qtbot, window):
    fail(hand, hand.claim())
    qtbot.waitUntil(lambda: view.events.text.toPlainText().count("\n") >= 2)
    happened = [line.split("  ", 1)[1] for line in view.events.text.toPlainText().splitlines()]
    assert happened[:3] == ["Added", "Started by Worker 1", "Failed: Something unexpected went wrong."]


def test_retry_and_open_act_on_the_selected_job(view, hand, qtbot, window):
    job = hand.claim()
    hand.do(lambda service: service.transitions.completed(job.id, job.claim, Summary(2, 60.0, "builtin")))
    qtbot.waitUntil(lambda: view.open.isVisible() and view.retry.isVisible())
    qtbot.mouseClick(view.open, Qt.MouseButton.LeftButton)
    assert [opened.job_id for opened in window.windows.all()] == [1]
    window.windows.close_all()
    qtbot.mouseClick(view.retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.job(1).state is JobState.QUEUED)


def test_diagnostics_are_copied_without_the_recordings_name(view, hand, qtbot, recordings, window):
    fail(hand, hand.claim())
    qtbot.waitUntil(lambda: len(view.cards()) == 1 and view.cards()[0].error.isVisible())
    qtbot.mouseClick(view.copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "error: bug engine.unexpected" in copied
    assert recordings[0].stem not in copied
    assert str(recordings[0].parent) not in copied


def test_several_jobs_show_totals_and_none_a_hint(view, window, hand, qtbot):
    job = hand.claim()
    hand.do(lambda service: service.transitions.completed(job.id, job.claim, Summary(2, 60.0, "builtin")))
    window.table.selectAll()
    panel = window.details.panel
    qtbot.waitUntil(lambda: panel.several.states.text() == "Waiting: 2\nCompleted: 1")
    assert panel.several.heading.text() == "3 recordings"
    assert panel.several.length.text() == "1:00 of audio"
    window.table.clearSelection()
    assert panel.currentWidget() is panel.hint


def test_a_key_shows_and_hides_the_details_without_resizing_the_window(window, qtbot):
    panel, size = window.details.panel, window.size()
    qtbot.keyClick(window, Qt.Key.Key_F4)
    assert not panel.isVisible()
    assert window.size() == size
    qtbot.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert panel.isVisible()
    assert window.size() == size


def test_visibility_and_width_are_remembered(window, qtbot, program, desktop):
    window.details.setSizes([870, 250])
    width = window.details.panel.width()
    qtbot.keyClick(window, Qt.Key.Key_F4)
    qtbot.keyClick(window, Qt.Key.Key_F4)
    window.save_state()
    window.resize(900, 700)
    other = AppController(program)
    other.window.show()
    other.window.jobs.add_page(program.service.page(10).result(120))
    qtbot.waitUntil(lambda: other.window.details.panel is not None and other.window.details.panel.isVisible())
    assert other.window.details.panel.width() == width
    qtbot.keyClick(other.window, Qt.Key.Key_F4)
    other.window.save_state()
    third = AppController(program)
    third.window.show()
    assert not third.window.commands.details.isChecked()
    for opened in (other, third):
        opened.window.closable = True
        opened.window.close()
        opened.window.deleteLater()


def test_a_narrow_window_does_not_show_the_details(desktop, qtbot, program, recordings):
    window = desktop.window
    window.hide()
    other = AppController(program)
    other.window.resize(760, 420)
    other.window.show()
    other.window.jobs.add_page(program.service.page(10).result(120))
    assert not other.window.commands.details.isChecked()
    assert other.window.details.panel is None
    other.window.closable = True
    other.window.close()
    other.window.deleteLater()


def texts(card):
    return [label.text() for label in card.findChildren(type(card.error))]
