"""The list of results at the left of a result window: mouse, keys, edits that are kept, live changes."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.job import JobState
from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.revision import Describe
from fi_desktop.core.transcript import Role
from fi_desktop.core.values import ReviewState
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.result.results_model import ResultsModel
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.result.window import JobWindow
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.system.files import RESULT, write_whole
from fi_desktop.viewmodel.rows import Row
from tests.gui import samples
from tests.gui.conftest import FakeApp, ManualQueueThread
from tests.gui.events import drop_files
from tests.gui.scene import _store
from tests.gui.test_language import change
from tests.gui.test_player import Recorder
from tests.gui.view_checks import cut

ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton
NAMES = ("First.flac", "Second ñ.flac", "Third.flac")


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Three recordings that can be played."""
    files = [tmp_path / name for name in NAMES]
    for file in files:
        shutil.copyfile(phone_call(), file)
        with file.open("ab") as stream:
            stream.write(file.name.encode())  # each has its own content
    return files


@pytest.fixture
def three(qtbot: QtBot, window: MainWindow, hand: ManualQueueThread, recordings: list[Path]) -> list[int]:
    """The ids of three jobs with results, oldest first."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    ids = []
    for name in NAMES:
        job = hand.claim()
        hand.complete(job, samples.consultation(8, name=name))
        ids.append(job.id)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 3)
    return ids


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, three: list[int]) -> JobWindow:
    """The window of the newest result."""
    opened = window.windows.open(three[-1])
    opened.resize(1180, 700)
    shown(qtbot, opened, three[-1])
    model = opened.results.model
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    assert QTest.qWaitForWindowActive(opened)
    return opened


def shown(qtbot: QtBot, opened: JobWindow, job_id: int) -> ResultView:
    """Return the view of a job's result, once the window shows it."""

    def is_shown() -> bool:
        view = opened.result
        return view is not None and view.session.job_id == job_id and view.isVisible()

    qtbot.waitUntil(is_shown)
    assert opened.result is not None
    return opened.result


def names(opened: JobWindow) -> list[str]:
    model = opened.results.model
    return [model.index(place).data() for place in range(model.rowCount())]


def marked(opened: JobWindow) -> list[int]:
    """Return the jobs that the list marks as shown."""
    selected = opened.results.view.selectionModel().selectedIndexes()
    return [opened.results.model.job_at(index.row()) for index in selected]


def state_of(opened: JobWindow, job_id: int) -> str:
    index = opened.results.model.index_of(job_id)
    return str(index.data(Qt.ItemDataRole.AccessibleDescriptionRole))


def type_text(qtbot: QtBot, view: ResultView, row: int, text: str) -> QWidget:
    """Type at the end of a segment; the editor stays open."""
    assert view.text is not None
    assert view.corrections is not None
    view.text.table.choose(row)
    view.text.table.setFocus()
    qtbot.keyClick(view.text.table, Qt.Key.Key_F2)
    qtbot.keyClicks(view.corrections.editor, text)
    assert view.corrections.editor.hasFocus()
    return view.corrections.editor


def text_on_disk(program: FakeApp, job_id: int, row: int) -> str:
    return program.service.folders.transcript(job_id).segments[row].text


class TestGoing:
    def test_newest_result_is_first_and_the_shown_one_is_marked(self, opened: JobWindow, three: list[int]):
        assert names(opened) == list(reversed(NAMES))
        assert marked(opened) == [three[-1]]
        assert opened.results.isVisible()
        assert not opened.results.previous.isEnabled()
        assert opened.results.next.isEnabled()

    def test_keys_go_on_while_typing_and_keep_what_was_typed(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int], program: FakeApp
    ):
        first, second, third = three
        view = shown(qtbot, opened, third)
        before = view.session.transcript.segments[1].text
        editor = type_text(qtbot, view, 1, " ayer")
        qtbot.keyClick(editor, Qt.Key.Key_Down, ALT)
        view = shown(qtbot, opened, second)
        assert text_on_disk(program, third, 1) == f"{before} ayer"
        editor = type_text(qtbot, view, 2, " hoy")
        qtbot.keyClick(editor, Qt.Key.Key_PageDown, CTRL)
        shown(qtbot, opened, first)
        assert opened.windowTitle() == "First.flac – fi-desktop"
        assert marked(opened) == [first]
        assert not opened.results.next.isEnabled()
        assert text_on_disk(program, second, 2).endswith(" hoy")
        qtbot.keyClick(opened, Qt.Key.Key_PageUp, CTRL)
        shown(qtbot, opened, second)
        qtbot.keyClick(opened, Qt.Key.Key_Up, ALT)
        view = shown(qtbot, opened, third)
        assert view.session.transcript.segments[1].text == f"{before} ayer"
        assert view.session.can_undo
        assert window.windows.all() == [opened]

    def test_held_key_ends_at_the_last_result(self, qtbot: QtBot, opened: JobWindow, three: list[int]):
        for _ in range(5):  # before any of them is read
            qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        shown(qtbot, opened, three[0])
        assert opened.job_id == three[0]
        qtbot.keyClick(opened, Qt.Key.Key_Up, ALT)
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        qtbot.keyClick(opened, Qt.Key.Key_Up, ALT)
        shown(qtbot, opened, three[1])
        assert opened.windowTitle() == "Second ñ.flac – fi-desktop"

    def test_click_shows_a_result_and_arrows_do_not(self, qtbot: QtBot, opened: JobWindow, three: list[int]):
        first, second, third = three
        lines = opened.results.view
        place = lines.visualRect(opened.results.model.index_of(second)).center()
        qtbot.mouseClick(lines.viewport(), LEFT, pos=place)
        shown(qtbot, opened, second)
        assert lines.hasFocus()
        qtbot.keyClick(lines, Qt.Key.Key_Down)
        assert opened.results.model.job_at(lines.currentIndex().row()) == first
        assert (opened.job_id, marked(opened)) == (second, [second])
        qtbot.keyClick(lines, Qt.Key.Key_Return)
        view = shown(qtbot, opened, first)
        assert lines.hasFocus()
        qtbot.keyClick(lines, Qt.Key.Key_Return)  # it is shown already
        assert view.lanes.hasFocus()
        assert third in {row.id for row in opened._jobs.jobs()}

    def test_result_that_has_a_window_is_raised(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int]
    ):
        other = window.windows.open(three[1])
        shown(qtbot, other, three[1])
        opened.activateWindow()
        assert QTest.qWaitForWindowActive(opened)
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        qtbot.waitUntil(lambda: QApplication.activeWindow() is other)
        assert (opened.job_id, marked(opened)) == (three[2], [three[2]])
        assert set(window.windows.all()) == {opened, other}

    def test_place_in_a_result_is_kept(self, qtbot: QtBot, opened: JobWindow, three: list[int]):
        view = shown(qtbot, opened, three[2])
        assert view.text is not None
        view.text.search("dolor")
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        view = shown(qtbot, opened, three[1])
        assert view.text is not None
        assert view.text.query is None
        qtbot.keyClick(opened, Qt.Key.Key_Up, ALT)
        view = shown(qtbot, opened, three[2])
        qtbot.waitUntil(lambda: view.text is not None and view.text.query == "dolor")

    def test_sound_stops_and_its_process_ends(self, qtbot: QtBot, opened: JobWindow, three: list[int]):
        view = shown(qtbot, opened, three[2])
        recorder = Recorder()
        recorder.setParent(opened)
        view.player._open_output = lambda: recorder
        view.player.play(0.0)
        (process,) = multiprocessing.active_children()
        assert process.name == "playback"
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        shown(qtbot, opened, three[1])
        assert process not in multiprocessing.active_children()
        assert not view.player.playing

    def test_edit_that_cannot_be_saved_keeps_the_window_there(
        self, qtbot: QtBot, opened: JobWindow, three: list[int], program: FakeApp
    ):
        stored = program.service.folders.result(three[2])
        step = Step(StepKind.EDIT, 1.0, "Somebody else", (Describe("SPEAKER_00", "Ana", None),))
        stored.review.add(step)
        outcome = ReviewOutcome.of(stored.review)
        program.service.add_steps(three[2], stored.version, [step], after=0, outcome=outcome).result(60)
        view = shown(qtbot, opened, three[2])
        editor = type_text(qtbot, view, 1, " ayer")
        qtbot.keyClick(editor, Qt.Key.Key_Down, ALT)
        qtbot.waitUntil(lambda: "changed somewhere else" in view.message.text)
        assert (opened.job_id, opened.result) == (three[2], view)
        assert view.session.transcript.segments[1].text.endswith(" ayer")
        assert marked(opened) == [three[2]]
        assert not opened.close()
        assert view.message.text.endswith("Close the window again to leave without your last corrections.")
        assert opened.isVisible()
        assert opened.close()

    def test_closing_the_window_keeps_what_is_being_typed(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int], program: FakeApp
    ):
        view = shown(qtbot, opened, three[2])
        view.session.edit(Describe("SPEAKER_00", "Ana", None))  # its answer is still to come
        type_text(qtbot, view, 1, " ayer")
        opened.close()
        assert window.windows.all() == []
        program.service.job(three[2]).result(60)  # after all that was asked before
        assert text_on_disk(program, three[2], 1).endswith(" ayer")

    def test_removed_neighbour_is_skipped(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int]
    ):
        window.jobs.hide([three[1]])
        assert names(opened) == [NAMES[2], NAMES[0]]
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        shown(qtbot, opened, three[0])
        window.jobs.restore([three[1]])
        assert names(opened) == list(reversed(NAMES))


class TestLive:
    def test_list_follows_jobs(
        self,
        qtbot: QtBot,
        window: MainWindow,
        opened: JobWindow,
        three: list[int],
        hand: ManualQueueThread,
        program: FakeApp,
        tmp_path: Path,
    ):
        new = tmp_path / "Fourth.wav"
        new.write_bytes(b"RIFF fourth")
        drop_files(window, new)
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 4)
        assert len(names(opened)) == 3  # it has no result yet
        hand.complete(hand.claim(), samples.consultation(4, name="Fourth.wav"))
        qtbot.waitUntil(lambda: names(opened) == ["Fourth.wav", *reversed(NAMES)])
        assert marked(opened) == [three[2]]
        assert opened.results.previous.isEnabled()
        program.service.remove([three[0]]).result(60)
        qtbot.waitUntil(lambda: names(opened) == ["Fourth.wav", *list(reversed(NAMES))[:2]])
        assert opened.result is not None

    def test_signed_result_says_so_in_every_list(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int]
    ):
        assert state_of(opened, three[2]).startswith("Draft · ")
        view = shown(qtbot, opened, three[2])
        other = window.windows.open(three[1])
        view.session.sign("Dra. Robles")
        for each in (opened, other):
            qtbot.waitUntil(lambda each=each: state_of(each, three[2]).startswith("Signed · "))

    def test_list_does_not_depend_on_what_the_table_shows(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int]
    ):
        qtbot.keyClicks(window.panel.search, "first")
        window.jobs.collapse_all()
        assert names(opened) == list(reversed(NAMES))

    def test_filter_by_name_speaker_and_review(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int]
    ):
        view = shown(qtbot, opened, three[2])
        view.session.edit(Describe("SPEAKER_00", "Dra. Robles", Role.CLINICIAN))
        view.session.mark_reviewed("Dra. Robles")
        qtbot.waitUntil(lambda: window.jobs.job(three[2]).review is ReviewState.REVIEWED)
        field = opened.results.field
        field.setFocus()
        for typed, left in (
            ("second", [NAMES[1]]),
            ("robles", [NAMES[2]]),
            ("clinician", [NAMES[2]]),
            ("draft", [NAMES[1], NAMES[0]]),
            ("nobody", []),
        ):
            field.clear()
            qtbot.keyClicks(field, typed)
            qtbot.waitUntil(lambda left=left: names(opened) == left)
        qtbot.keyClick(field, Qt.Key.Key_Escape)
        assert opened.isVisible()
        assert marked(opened) == [three[2]]
        qtbot.keyClicks(field, "draft")
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)  # the shown one is not among them
        shown(qtbot, opened, three[1])
        qtbot.keyClick(field, Qt.Key.Key_Down)
        assert opened.results.view.hasFocus()


class TestCollapsing:
    def test_list_stays_collapsed_and_keeps_its_width(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int], home: Path
    ):
        opened.split._split.setSizes([312, 800])
        assert opened.results.width() == 312
        qtbot.keyClick(opened, Qt.Key.Key_F4)
        assert not opened.results.isVisible()
        assert opened.split._strip.isVisible()
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)  # the keys go on without the list
        shown(qtbot, opened, three[1])
        opened.close()
        assert WindowState(home).number("results/open") == 0
        again = window.windows.open(three[0])
        again.resize(1180, 700)
        shown(qtbot, again, three[0])
        assert not again.results.isVisible()
        button = again.split._buttons[0][0]
        assert (button.accessibleName(), button.toolTip()) == ("Show the results", "Show the results (F4)")
        qtbot.mouseClick(button, LEFT)
        assert again.results.isVisible()
        assert again.results.width() == 312
        assert again.results.view.hasFocus()
        button = again.results._buttons[2][0]
        assert (button.accessibleName(), button.toolTip()) == ("Hide the results", "Hide the results (F4)")
        qtbot.mouseClick(button, LEFT)
        assert not again.results.isVisible()
        assert again.result is not None
        assert again.result.lanes.hasFocus()

    def test_narrow_window_shows_the_strip_and_grows_for_the_list(
        self, qtbot: QtBot, opened: JobWindow, three: list[int]
    ):
        opened.resize(opened.minimumSize())
        qtbot.waitUntil(lambda: not opened.results.isVisible())
        assert opened.split._strip.isVisible()
        qtbot.keyClick(opened, Qt.Key.Key_F4)
        assert opened.results.isVisible()
        content = opened.split._content
        assert content.width() >= content.minimumSizeHint().width()

    @pytest.mark.parametrize("choice", ["en", "es"])
    def test_narrowest_list_cuts_no_text(
        self, qtbot: QtBot, desktop: AppController, opened: JobWindow, three: list[int], choice: str
    ):
        if choice != "en":
            change(qtbot, desktop, choice)
            (opened,) = desktop.window.windows.all()
            shown(qtbot, opened, three[2])
            opened.resize(1180, 700)
        opened.split._split.setSizes([1, 10_000])
        assert opened.results.isVisible()
        assert cut(opened.results) == []

    def test_single_result_has_no_list(
        self, qtbot: QtBot, window: MainWindow, opened: JobWindow, three: list[int], program: FakeApp
    ):
        program.service.remove(three[:2]).result(60)
        qtbot.waitUntil(lambda: len(names(opened)) == 1)
        assert not opened.results.isVisible()
        assert not opened.split._strip.isVisible()

    def test_list_survives_a_change_of_language(
        self, qtbot: QtBot, desktop: AppController, opened: JobWindow, three: list[int]
    ):
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        shown(qtbot, opened, three[1])
        change(qtbot, desktop, "es")
        (again,) = desktop.window.windows.all()
        shown(qtbot, again, three[1])
        assert state_of(again, three[1]).startswith("Borrador · ")


MANY = 2000


class TestMany:
    @pytest.fixture
    def many(self, qtbot: QtBot, window: MainWindow, hand: ManualQueueThread, program: FakeApp) -> list[int]:
        now = time.time()
        news = [samples.finished(n, f"Visit {n}.m4a", now, ago_s=n, took_s=9) for n in range(1, MANY + 1)]
        hand.do(partial(_store, news))
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == MANY)
        job_ids = [news.job.id for news in news]
        for job_id in (job_ids[-1], job_ids[-2], job_ids[0]):
            write_result(program, job_id)
        return job_ids

    def test_thousands_of_results_are_painted_only_where_they_are_seen(
        self, qtbot: QtBot, window: MainWindow, many: list[int], monkeypatch: pytest.MonkeyPatch
    ):
        read: list[int] = []
        real: Callable[[ResultsModel, QModelIndex | QPersistentModelIndex], Row | None] = ResultsModel.row

        def counted(model: ResultsModel, index: QModelIndex | QPersistentModelIndex) -> Row | None:
            read.append(index.row())
            return real(model, index)

        monkeypatch.setattr(ResultsModel, "row", counted)
        opened = window.windows.open(many[-1])
        opened.resize(1180, 700)
        shown(qtbot, opened, many[-1])
        lines = opened.results.view
        picture = opened.grab().toImage()
        assert picture.format() != QImage.Format.Format_Invalid
        fitting = lines.viewport().height() // lines.rowHeight(0)
        assert len(set(read)) <= fitting + 2
        assert len(lines.viewport().findChildren(QWidget)) == 0
        read.clear()
        qtbot.keyClick(lines, Qt.Key.Key_End)
        opened.grab()
        assert opened.results.model.job_at(lines.currentIndex().row()) == many[0]
        assert len(set(read)) <= 2 * (fitting + 2)
        qtbot.keyClick(lines, Qt.Key.Key_Return)
        shown(qtbot, opened, many[0])
        assert not opened.results.next.isEnabled()

    def test_many_changes_at_once_keep_the_shown_result_marked(
        self, qtbot: QtBot, window: MainWindow, many: list[int]
    ):
        opened = window.windows.open(many[-1])
        opened.resize(1180, 700)
        shown(qtbot, opened, many[-1])
        every_third = many[1:-1:3]
        window.jobs.hide(every_third)
        assert opened.results.model.rowCount() == MANY - len(every_third)
        assert marked(opened) == [many[-1]]
        window.jobs.restore(every_third)
        assert opened.results.model.rowCount() == MANY
        assert marked(opened) == [many[-1]]
        qtbot.keyClick(opened, Qt.Key.Key_Down, ALT)
        shown(qtbot, opened, many[-2])


def write_result(program: FakeApp, job_id: int) -> None:
    """Write a result for a made-up job."""
    folder = program.service.folders.folder(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RESULT, json.dumps(transcript_to_json(samples.consultation(8))).encode())
