"""A result that is processed again, on the real window: versions, and what a person did in each of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import phone_call
from fi_desktop.cli import main as command_line
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.revision import Describe
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import JobOptions, ReviewState, SpeakerCount
from fi_desktop.exporters.files import rendered
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.result.review_bar import SignDialog
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.speaker_dialog import SpeakerDialog
from fi_desktop.gui.result.text_editor import TextEditor
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.result.window import JobWindow
from fi_desktop.system.files import RESULT
from tests.gui.conftest import FakeApp, ManualQueueThread
from tests.gui.events import drop_files
from tests.gui.test_corrections import talk
from tests.gui.test_player import Recorder

CTRL = Qt.KeyboardModifier.ControlModifier
GONE = ErrorInfo(ErrorKind.USER, "audio.gone", "The recording is not there any more.")


def with_third_voice() -> Transcript:
    """Return the talk with a third speaker in its last turn."""
    result = talk()
    last = "SPEAKER_02"
    words = tuple(replace(word, speaker=last) for word in result.segments[-1].words)
    segments = (*result.segments[:-1], replace(result.segments[-1], speaker=last, words=words))
    return replace(
        result, turns=(*result.turns[:-1], replace(result.turns[-1], speaker=last)), segments=segments
    )


def later(result: Transcript) -> Transcript:
    """Return the same result, made an hour later."""
    return replace(result, provenance=replace(result.provenance, created_at="2026-11-29T11:00:00+00:00"))


@pytest.fixture
def job(qtbot: QtBot, window: MainWindow, hand: ManualQueueThread, recordings) -> Job:
    """A completed job whose result has words."""
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    job = hand.claim()
    hand.complete(job, talk())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    return job


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, job: Job) -> JobWindow:
    """Its window."""
    opened = window.windows.open(job.id)
    opened.resize(1100, 760)
    shown(qtbot, opened)
    return opened


def shown(qtbot: QtBot, opened: JobWindow) -> ResultView:
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.isVisible())
    return opened.result


def process_again(qtbot: QtBot, opened: JobWindow, *, speakers: str = "", language: str = "") -> None:
    """Ask for another version as a person does."""
    qtbot.mouseClick(opened.result.again, Qt.MouseButton.LeftButton)
    dialog = opened.versions.dialog
    qtbot.waitUntil(dialog.isVisible)
    if speakers:
        qtbot.keyClicks(dialog.speakers, speakers)
    if language:
        dialog.language.setCurrentText(language)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(opened.rerun_bar.isVisible)


def correct(qtbot: QtBot, view: ResultView) -> None:
    """Name the first speaker."""
    view.naming.rename("SPEAKER_00")
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, SpeakerDialog) and w.isVisible())
    qtbot.keyClicks(dialog.name, "Dra. Robles")
    dialog.accept()
    qtbot.waitUntil(lambda: view.session.all_saved)


def type_after(qtbot: QtBot, opened: JobWindow, row: int, text: str) -> TextEditor:
    """Open the editor of a segment and type at its end."""
    view = opened.result
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    view.text.table.choose(row)
    view.text.table.setFocus()
    qtbot.keyClick(view.text.table, Qt.Key.Key_F2)
    editor = view.corrections.editor
    assert editor.isVisible()
    qtbot.keyClicks(editor, text)
    return editor


def sign(qtbot: QtBot, view: ResultView) -> None:
    qtbot.mouseClick(view.review.sign, Qt.MouseButton.LeftButton)
    dialog = view.review.findChild(SignDialog)
    dialog.name.setText("Dra. Robles")
    qtbot.mouseClick(dialog.sign, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.session.all_saved)


def finish(qtbot: QtBot, opened: JobWindow, hand: ManualQueueThread, result: Transcript) -> ResultView:
    """Complete the new run; show the new version."""
    before = opened.result
    hand.complete(hand.claim(), result)
    announced = lambda: opened.versions.bar.text.startswith("A new version is ready")  # noqa: E731
    qtbot.waitUntil(lambda: opened.result is not before or announced())
    if opened.result is before:  # it is in use, and gives way when asked
        qtbot.mouseClick(opened.versions.bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: opened.result is not before and opened.result.isVisible())
    qtbot.waitUntil(lambda: opened.result.versions.isVisible())
    return opened.result


def switch(qtbot: QtBot, opened: JobWindow, key: Qt.Key) -> ResultView:
    """Choose the version above or below in the list."""
    before = opened.result
    box = before.versions
    box.setFocus()
    qtbot.keyClick(box, key)
    qtbot.waitUntil(lambda: opened.result is not before and opened.result.isVisible())
    qtbot.waitUntil(lambda: opened.result.versions.isVisible())
    return opened.result


def name_of_first(view: ResultView) -> str:
    return view.session.transcript.person("SPEAKER_00").name


class TestNewVersion:
    def test_it_has_the_chosen_options_and_leaves_the_corrected_one(
        self, qtbot: QtBot, opened: JobWindow, hand: ManualQueueThread, program: FakeApp, job: Job
    ):
        view = opened.result
        assert not view.versions.isVisible()
        correct(qtbot, view)
        process_again(qtbot, opened, speakers="3", language="Spanish")
        assert opened.rerun_bar.text == "Waiting: The earlier result stays until the new one is ready."
        assert opened.result is view
        assert name_of_first(view) == "Dra. Robles"
        assert not view.again.isEnabled()
        view = finish(qtbot, opened, hand, with_third_voice())
        options = program.service.job(job.id).result(120).options
        assert options == replace(job.options, speakers=SpeakerCount(3, 3), language="es")
        assert name_of_first(view) == ""
        assert len(view.session.transcript.speakers) == 3
        assert view.versions.currentText().startswith("Version 2 of 2 (current) · Draft · made ")
        assert view.versions.currentText().endswith(" · 3 speakers, base")
        assert not opened.versions.bar.isVisible()
        view = switch(qtbot, opened, Qt.Key.Key_Up)
        assert name_of_first(view) == "Dra. Robles"
        assert opened.versions.bar.text.startswith("This is an earlier version, 1 of 2, which")

    def test_cancelling_the_dialog_changes_nothing(self, qtbot: QtBot, opened: JobWindow, window: MainWindow):
        qtbot.mouseClick(opened.result.again, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(opened.versions.dialog.isVisible)
        qtbot.keyClick(opened.versions.dialog, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: opened.versions.dialog is None)
        assert window.jobs.counts[JobState.COMPLETED] == 1

    def test_dialog_offers_the_options_of_the_result_and_the_installed_models(
        self, qtbot: QtBot, opened: JobWindow, window: MainWindow
    ):
        window.options.offer_packs(["faster-whisper-base"])
        qtbot.mouseClick(opened.result.again, Qt.MouseButton.LeftButton)
        dialog = opened.versions.dialog
        names = [dialog.transcriber.itemData(index) for index in range(dialog.transcriber.count())]
        assert names == ["auto", "none", "faster-whisper-base"]
        assert dialog.options() == JobOptions()
        dialog.transcriber.setCurrentIndex(2)
        assert dialog.options() == JobOptions(transcriber="faster-whisper-base")
        dialog.reject()

    def test_it_is_made_of_a_recording_that_was_moved(
        self, qtbot: QtBot, opened: JobWindow, program: FakeApp, job: Job, recordings
    ):
        moved = recordings[0].rename(recordings[0].with_name("Moved.wav"))
        program.service.relocate(job.id, moved).result(120)
        qtbot.waitUntil(lambda: opened.versions.path == str(moved))  # after the table has it
        process_again(qtbot, opened, speakers="3")
        again = program.service.job(job.id).result(120)
        assert (again.path, again.state) == (str(moved), JobState.QUEUED)
        assert again.fingerprint is not None
        assert again.fingerprint != job.fingerprint

    def test_it_waits_while_a_person_types(self, qtbot: QtBot, opened: JobWindow, hand: ManualQueueThread):
        view = opened.result
        process_again(qtbot, opened, speakers="3")
        editor = type_after(qtbot, opened, 2, " exactly")
        hand.complete(hand.claim(), with_third_voice())
        qtbot.waitUntil(opened.versions.bar.isVisible)
        assert opened.versions.bar.text == "A new version is ready. You see version 1 of 2, which stays."
        assert opened.result is view
        assert editor.isVisible()
        qtbot.mouseClick(opened.versions.bar.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: opened.result is not view and opened.result.isVisible())
        qtbot.waitUntil(lambda: opened.result.versions.isVisible())
        view = switch(qtbot, opened, Qt.Key.Key_Up)
        assert view.session.transcript.segments[2].text == "Since when exactly"

    def test_retry_by_key_keeps_a_corrected_result(
        self,
        qtbot: QtBot,
        opened: JobWindow,
        window: MainWindow,
        hand: ManualQueueThread,
        program: FakeApp,
        job: Job,
    ):
        correct(qtbot, opened.result)
        opened.close()
        window.table.select(job.id)
        window.activateWindow()
        window.table.setFocus()
        qtbot.waitUntil(window.isActiveWindow)
        qtbot.keyClick(window.table, Qt.Key.Key_R, CTRL)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 1)
        text = window.jobs.texts.state(window.jobs.job(job.id), 0.0)
        assert text == "Waiting · Result kept"
        place = window.table.visualRect(window.jobs.index_of_job(job.id)).center()
        qtbot.mouseClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        (again,) = window.windows.all()
        assert name_of_first(shown(qtbot, again)) == "Dra. Robles"
        view = finish(qtbot, again, hand, later(talk()))
        assert name_of_first(view) == ""
        assert name_of_first(switch(qtbot, again, Qt.Key.Key_Up)) == "Dra. Robles"


def test_question_about_a_speaker_closes_with_its_result(qtbot: QtBot, opened: JobWindow):
    """Otherwise it names a speaker of a result that is gone, and plays what is closed."""
    opened.result.naming.rename("SPEAKER_00")
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, SpeakerDialog) and w.isVisible())
    opened.show_job(opened.job_id)
    qtbot.waitUntil(lambda: not shiboken6.isValid(dialog))
    shown(qtbot, opened)


class TestRunWithoutResult:
    def test_failed_run_leaves_the_result_with_its_corrections(
        self,
        qtbot: QtBot,
        opened: JobWindow,
        window: MainWindow,
        hand: ManualQueueThread,
        program: FakeApp,
        job: Job,
    ):
        view = opened.result
        correct(qtbot, view)
        process_again(qtbot, opened, speakers="3")
        failing = hand.claim()
        hand.do(lambda service: service.transitions.failed(failing.id, failing.claim, GONE))
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.FAILED] == 1)
        assert opened.result is view
        assert name_of_first(view) == "Dra. Robles"
        row = window.jobs.job(job.id)
        assert window.jobs.texts.state(row, 0.0) == "Failed · Result kept"
        assert window.jobs.texts.detail(row, 0.0) == (
            "The recording is not there any more. The earlier result is still there."
        )
        assert opened.rerun_bar.action_button.text() == "Keep the earlier result"
        qtbot.mouseClick(opened.rerun_bar.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
        qtbot.waitUntil(lambda: not opened.rerun_bar.isVisible())
        assert opened.result is view
        assert program.service.job(job.id).result(120).options == job.options
        assert view.session.edit(Describe("SPEAKER_01", "Ana"))

    def test_cancelled_run_leaves_what_is_being_typed(
        self, qtbot: QtBot, opened: JobWindow, window: MainWindow
    ):
        view = opened.result
        process_again(qtbot, opened, speakers="3")
        editor = type_after(qtbot, opened, 2, " exactly")
        qtbot.mouseClick(opened.rerun_bar.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
        qtbot.waitUntil(lambda: view.again.isEnabled())
        assert opened.result is view
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: view.session.all_saved)
        assert view.session.transcript.segments[2].text == "Since when exactly"


@pytest.fixture
def redone(qtbot: QtBot, opened: JobWindow, hand: ManualQueueThread) -> JobWindow:
    """The window with two versions: the first is corrected and signed, the second has three speakers."""
    correct(qtbot, opened.result)
    sign(qtbot, opened.result)
    process_again(qtbot, opened, speakers="3")
    finish(qtbot, opened, hand, with_third_voice())
    return opened


class TestEarlierVersion:
    def test_signed_one_is_read_copied_exported_and_proved(
        self, qtbot: QtBot, redone: JobWindow, tmp_path, capsys
    ):
        view = switch(qtbot, redone, Qt.Key.Key_Up)
        assert view.review.state_text.startswith("Signed: Dra. Robles")
        assert view.versions.currentText().startswith("Version 1 of 2 · Signed · made ")
        assert view.versions.currentText().endswith(" · 2 speakers, base")
        exported = tmp_path / "signed.json"
        exported.write_bytes(rendered(view.session.reviewed, "json"))
        assert command_line(["verify", str(exported)]) == 0
        assert "is as Dra. Robles signed it" in capsys.readouterr().out
        data = json.loads(exported.read_bytes())
        data["segments"][0]["words"][0]["text"] = "Bad"
        exported.write_text(json.dumps(data))
        assert command_line(["verify", str(exported)]) == 1
        view.text.table.choose(0)
        view.text.table.setFocus()
        qtbot.keyClick(view.text.table, Qt.Key.Key_C, CTRL)
        assert "Good morning how are you" in QApplication.clipboard().text()

    def test_it_is_played(self, qtbot: QtBot, redone: JobWindow, bridge: Bridge, program: FakeApp, job: Job):
        stored = program.service.folders.result(job.id, "result-1.json")
        session = ReviewSession(job.id, stored, program.service, bridge, read_only=True)
        recorder = Recorder()
        view = ResultView(session, str(phone_call()), bridge, output=lambda: recorder)
        recorder.setParent(view)
        qtbot.addWidget(view)
        view.show()
        qtbot.waitExposed(view)
        view.activateWindow()
        qtbot.waitUntil(view.isActiveWindow)
        view.text.table.setFocus()
        with qtbot.waitSignal(view.player.moved):
            qtbot.keyClick(view.text.table, Qt.Key.Key_Space)
        view.close_player()

    def test_it_cannot_be_changed_by_accident(self, qtbot: QtBot, redone: JobWindow):
        view = switch(qtbot, redone, Qt.Key.Key_Up)
        steps, table = len(view.session._review.steps), view.text.table
        table.choose(1)
        table.setFocus()
        for key in (Qt.Key.Key_F2, Qt.Key.Key_1, Qt.Key.Key_F9):
            qtbot.keyClick(table, key)
        qtbot.keyClick(table, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
        qtbot.keyClick(view, Qt.Key.Key_Z, CTRL)
        view.naming.rename("SPEAKER_00")
        assert not any(isinstance(w, SpeakerDialog) and w.isVisible() for w in QApplication.topLevelWidgets())
        assert not view.corrections.editor.isVisible()
        assert len(view.session._review.steps) == steps
        assert not view.review.sign.isVisible()
        assert not view.review.mark.isVisible()
        entries = [each.text() for each in view.corrections.menu(1, -1).actions()]
        assert entries == ["Play from here", "&Copy"]
        assert view.message.text == "Only the current version can be corrected."

    def test_it_becomes_the_current_one_in_table_exports_and_command_line(
        self, qtbot: QtBot, redone: JobWindow, window: MainWindow, program: FakeApp, job: Job
    ):
        assert window.jobs.job(job.id).speakers == 3
        view = switch(qtbot, redone, Qt.Key.Key_Up)
        qtbot.mouseClick(redone.versions.bar.action_button, Qt.MouseButton.LeftButton)
        current = "Version 1 of 2 (current) · Signed"
        qtbot.waitUntil(lambda: view.versions.currentText().startswith(current))
        qtbot.waitUntil(lambda: window.jobs.job(job.id).speakers == 2)
        assert not redone.versions.bar.isVisible()
        assert redone.result is view
        assert window.jobs.job(job.id).review is ReviewState.SIGNED
        window.panel.search.setText("robles")
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
        window.table.select(job.id)
        (result,) = window.job_controller.selected_results()
        assert result.read().transcript.person("SPEAKER_00").name == "Dra. Robles"
        assert view.session.edit(Describe("SPEAKER_01", "Ana"))
        qtbot.waitUntil(lambda: view.session.all_saved)
        qtbot.waitUntil(lambda: window.jobs.job(job.id).review is ReviewState.DRAFT)
        newer = switch(qtbot, redone, Qt.Key.Key_Down)
        assert redone.versions.bar.text.startswith("This is version 2 of 2, which")
        assert len(newer.session.transcript.speakers) == 3
        assert newer.session.read_only
        folders = program.service.folders
        assert folders.versions(job.id) == [RESULT, "result-2.json"]

    def test_a_third_version_is_made_from_the_first(
        self, qtbot: QtBot, redone: JobWindow, hand: ManualQueueThread, program: FakeApp, job: Job
    ):
        switch(qtbot, redone, Qt.Key.Key_Up)
        qtbot.mouseClick(redone.result.again, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: redone.versions.dialog is not None)
        assert redone.versions.dialog.options().speakers == SpeakerCount(2, 2)
        redone.versions.dialog.accept()
        qtbot.waitUntil(redone.rerun_bar.isVisible)
        view = finish(qtbot, redone, hand, later(talk()))
        assert view.versions.count() == 3
        assert program.service.job(job.id).result(120).options.speakers == SpeakerCount(2, 2)

    def test_version_is_not_chosen_while_a_new_one_is_made(
        self, qtbot: QtBot, redone: JobWindow, program: FakeApp, job: Job
    ):
        view = switch(qtbot, redone, Qt.Key.Key_Up)
        program.service.retry([job.id]).result(120)
        qtbot.mouseClick(redone.versions.bar.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(view.message.isVisible)
        assert view.message.text.startswith("This recording is being processed again.")
        assert redone.versions.bar.isVisible()

    def test_list_fits_a_narrow_window(self, qtbot: QtBot, redone: JobWindow):
        redone.resize(620, 560)
        box = redone.result.versions
        qtbot.waitUntil(lambda: redone.width() == 620)
        assert box.mapTo(redone, QPoint(box.width(), 0)).x() <= 620
