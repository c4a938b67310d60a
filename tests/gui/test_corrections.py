"""Hear, correct and sign a result: real events on the real window, a real store, files read back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core.alignment import segments_of_words
from fi_desktop.core.transcript import Provenance, Role, Transcript, Turn, Word
from fi_desktop.core.values import JobOptions, ReviewState
from fi_desktop.exporters.files import rendered
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.review_bar import SignDialog
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.speaker_dialog import SpeakerDialog
from fi_desktop.gui.result.view import ResultView
from tests.gui.conftest import FakeApp
from tests.gui.test_player import Recorder

MADE = Provenance("1.0", "builtin", "", {}, "00", "Call.flac", "2026-11-29T10:00:00+00:00", "whisper", "base")
LINES = (
    ("SPEAKER_00", 1.0, "Good morning how are you"),
    ("SPEAKER_01", 8.0, "Not so well doctor"),
    ("SPEAKER_00", 12.0, "Since when"),
    ("SPEAKER_01", 15.0, "Two weeks ago it began"),
)


def talk() -> Transcript:
    """Return four turns of two people; "well", "Since" and "began" were hard to hear."""
    words, turns = [], []
    for speaker, start, line in LINES:
        texts = line.split()
        for at, text in enumerate(texts):
            sure = 0.2 if text in ("well", "Since", "began") else 0.99
            words.append(Word(start + at * 0.5, start + at * 0.5 + 0.4, text, sure, speaker))
        turns.append(Turn(start, start + len(texts) * 0.5, speaker))
    return Transcript(30.0, 8.0, tuple(turns), segments_of_words(words), MADE)


@pytest.fixture
def job_id(program: FakeApp) -> Iterator[int]:
    """A completed job with the talk as its result."""
    program.hand.start()
    program.service.submit([phone_call()], JobOptions(), again=True).result(30)
    job = program.hand.claim()
    program.hand.complete(job, talk())
    yield job.id
    program.hand.stop()


@pytest.fixture
def view(
    qtbot: QtBot, dressed: QApplication, bridge: Bridge, program: FakeApp, job_id: int
) -> Iterator[ResultView]:
    view = opened(qtbot, bridge, program, job_id)
    yield view
    view.close_player()


def opened(qtbot: QtBot, bridge: Bridge, program: FakeApp, job_id: int) -> ResultView:
    stored = program.service.folders.result(job_id)
    session = ReviewSession(job_id, stored, program.service, bridge, now=lambda: 1_764_410_400.0)
    recorder = Recorder()
    view = ResultView(session, str(phone_call()), bridge, output=lambda: recorder)
    recorder.setParent(view)
    qtbot.addWidget(view, before_close_func=ResultView.close_player)
    view.resize(1100, 760)
    view.show()
    qtbot.waitExposed(view)
    return view


def texts(view: ResultView) -> list[str]:
    return [segment.text for segment in view.session.transcript.segments]


def speakers(view: ResultView) -> list[str | None]:
    return [segment.speaker for segment in view.session.transcript.segments]


def what_was_said(transcript: Transcript) -> tuple[object, ...]:
    return transcript.turns, transcript.segments, transcript.people


def saved(qtbot: QtBot, view: ResultView, program: FakeApp) -> Transcript:
    """Return what is on disk once everything is saved."""
    qtbot.waitUntil(lambda: view.session.all_saved, timeout=30_000)
    return program.service.folders.transcript(view.session.job_id)


def click_word(qtbot: QtBot, view: ResultView, row: int, word: int) -> None:
    place = word_place(view, row, word)
    qtbot.mouseClick(view.text.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def word_place(view: ResultView, row: int, word: int) -> QPoint:
    """Return the middle of a word in the viewport."""
    assert view.text is not None
    table = view.text.table
    text = view.text.text_of(row)
    start = sum(len(each) + 1 for each in text.split()[:word])
    layout = table.itemDelegate().paragraphs.layout(row)
    line = layout.lineForTextPosition(start)
    left, right = (line.cursorToX(at)[0] for at in (start, start + len(text.split()[word])))
    corner = table.text_rect(row).topLeft()
    return corner + QPoint(round((left + right) / 2), round(line.y() + line.height() / 2))


def press(
    qtbot: QtBot,
    view: ResultView,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    qtbot.keyClick(QApplication.focusWidget() or view.text.table, key, modifier)


def choose(view: ResultView, row: int) -> None:
    view.text.table.choose(row)
    view.text.table.setFocus()


def action(menu: QMenu, *path: str):
    """Return the action at a path of titles."""
    for title in path:
        found = next(each for each in menu.actions() if each.text() == title)
        if found.menu() is not None:
            menu = found.menu()
    return found


class TestHear:
    def test_click_on_a_word_plays_from_half_a_second_before(self, qtbot: QtBot, view: ResultView):
        with qtbot.waitSignal(view.player.moved, timeout=60_000):
            click_word(qtbot, view, 1, 2)
        assert view.player.playing
        assert 8.5 <= view.player.position_s < 9.4  # "well" is at 9.0

    def test_word_that_is_heard_is_marked_and_followed(self, qtbot: QtBot, view: ResultView):
        view.player.play(12.6)
        delegate = view.text.table.itemDelegate()
        qtbot.waitUntil(lambda: delegate._spoken is not None and delegate._spoken.row == 2, timeout=60_000)
        assert delegate._spoken.start == len("Since ")

    def test_space_plays_and_pauses_in_text_and_lanes(self, qtbot: QtBot, view: ResultView):
        for widget in (view.text.table, view.lanes):
            widget.setFocus()
            qtbot.keyClick(widget, Qt.Key.Key_Space)
            assert view.player.playing
            qtbot.keyClick(widget, Qt.Key.Key_Space)
            assert not view.player.playing

    def test_turn_is_repeated(self, qtbot: QtBot, view: ResultView):
        choose(view, 2)
        view.controls.repeat.click()
        assert view.player.loop == (12.0, pytest.approx(12.9))
        view.controls.repeat.click()
        assert view.player.loop is None

    def test_lane_is_played_where_it_is_clicked(self, qtbot: QtBot, view: ResultView):
        x = round(view.lanes.x_of(8.5))
        qtbot.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, 30 + 52 + 26))
        assert view.player.playing
        assert view.player.position_s == pytest.approx(8.0, abs=0.2)


class TestCorrect:
    def test_text_is_edited_where_it_is_clicked(self, qtbot: QtBot, view: ResultView, program: FakeApp):
        place = word_place(view, 1, 2)
        qtbot.mouseDClick(view.text.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        editor = view.corrections.editor
        assert editor.isVisible()
        assert editor.textCursor().position() in range(len("Not so "), len("Not so well") + 1)
        editor.selectAll()
        qtbot.keyClicks(editor, "Not so good, doctor")
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        assert texts(view)[1] == "Not so good, doctor"
        assert view.text.text_of(1) == "Not so good, doctor"
        words = saved(qtbot, view, program).segments[1].words
        assert [word.interpolated for word in words] == [False, False, True, False]
        assert words[0] == talk().segments[1].words[0]

    def test_escape_drops_what_was_typed(self, qtbot: QtBot, view: ResultView):
        choose(view, 0)
        press(qtbot, view, Qt.Key.Key_F2)
        qtbot.keyClicks(view.corrections.editor, " nonsense")
        qtbot.keyClick(view.corrections.editor, Qt.Key.Key_Escape)
        assert texts(view)[0] == "Good morning how are you"
        assert QApplication.focusWidget() is view.text.table

    def test_keys_give_turns_to_speakers(self, qtbot: QtBot, view: ResultView, program: FakeApp):
        choose(view, 1)
        press(qtbot, view, Qt.Key.Key_1)
        assert speakers(view) == ["SPEAKER_00", "SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]
        press(qtbot, view, Qt.Key.Key_2)
        assert speakers(view)[1] == "SPEAKER_01"
        press(qtbot, view, Qt.Key.Key_9)
        assert speakers(view)[1] == "SPEAKER_01"
        assert saved(qtbot, view, program).turns == talk().turns

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            (("This is said by", "Speaker 1"), ["SPEAKER_00", "SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]),
            (("This is said by", "A new speaker"), ["SPEAKER_00", "SPEAKER_02", "SPEAKER_00", "SPEAKER_01"]),
            (
                ("From here on, said by", "A new speaker"),
                ["SPEAKER_00", "SPEAKER_02", "SPEAKER_00", "SPEAKER_02"],
            ),
            (("Speaker 2 is the same person as", "Speaker 1"), ["SPEAKER_00"] * 4),
            (
                ("Swap Speaker 2 with", "Speaker 1"),
                ["SPEAKER_01", "SPEAKER_00", "SPEAKER_01", "SPEAKER_00"],
            ),
        ],
    )
    def test_menu_gives_turns_to_speakers(self, view: ResultView, path: tuple[str, ...], expected: list[str]):
        choose(view, 1)
        action(view.corrections.menu(1, -1), *path).trigger()
        assert speakers(view) == expected

    def test_turn_is_split_at_a_word_and_joined(self, view: ResultView):
        choose(view, 0)
        action(view.corrections.menu(0, len("Good morning ")), "Split before this word").trigger()
        assert texts(view)[:2] == ["Good morning", "how are you"]
        assert view.text.table.model().rowCount() == 5
        action(view.corrections.menu(0, -1), "Join with the next").trigger()
        assert texts(view) == [line for _speaker, _start, line in LINES]

    def test_speaker_gets_a_name_and_a_role_everywhere(
        self, qtbot: QtBot, view: ResultView, program: FakeApp
    ):
        view.naming.rename("SPEAKER_00")
        dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, SpeakerDialog))
        qtbot.keyClicks(dialog.name, "Dra. Robles")
        dialog.roles[Role.CLINICIAN].click()
        dialog.hear.click()
        assert view.player.playing
        dialog.accept()
        assert view.text._model.name(0) == "Dra. Robles"
        assert "Dra. Robles" in view.lanes.accessibleDescription()
        assert saved(qtbot, view, program).person("SPEAKER_00").role is Role.CLINICIAN
        assert b"Dra. Robles: Good morning" in rendered(view.session.reviewed, "txt")

    def test_role_has_a_key(self, qtbot: QtBot, view: ResultView):
        choose(view, 1)
        press(qtbot, view, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
        assert view.text._model.name(1) == "Patient"
        press(qtbot, view, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
        assert view.text._model.name(1) == "Speaker 2"

    def test_undo_after_the_window_was_closed(
        self, qtbot: QtBot, view: ResultView, bridge: Bridge, program: FakeApp, job_id: int
    ):
        choose(view, 1)
        press(qtbot, view, Qt.Key.Key_1)
        saved(qtbot, view, program)
        again = opened(qtbot, bridge, program, job_id)
        choose(again, 0)
        assert speakers(again)[1] == "SPEAKER_00"
        again.review.undo.trigger()
        assert what_was_said(again.session.transcript) == what_was_said(talk())
        again.review.redo.trigger()
        assert speakers(again)[1] == "SPEAKER_00"
        assert saved(qtbot, again, program).segments[1].speaker == "SPEAKER_00"

    def test_result_that_was_changed_elsewhere_is_not_overwritten(
        self, qtbot: QtBot, view: ResultView, bridge: Bridge, program: FakeApp, job_id: int
    ):
        other = opened(qtbot, bridge, program, job_id)
        choose(other, 1)
        action(other.corrections.menu(1, -1), "This is said by", "Speaker 1").trigger()
        saved(qtbot, other, program)
        choose(view, 2)
        action(view.corrections.menu(2, -1), "This is said by", "Speaker 2").trigger()
        qtbot.waitUntil(lambda: "changed somewhere else" in view.message.text, timeout=30_000)
        assert not view.session.all_saved
        assert [part.speaker for part in program.service.folders.transcript(job_id).segments][1:3] == [
            "SPEAKER_00",
            "SPEAKER_00",
        ]


class TestCheck:
    def test_all_doubts_by_keys_alone_then_review_and_sign(
        self, qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int
    ):
        assert view.review.left_text == "3 doubts left"
        view.text.table.setFocus()
        press(qtbot, view, Qt.Key.Key_F8)
        doubt = view.text.table.itemDelegate()._doubt
        assert (doubt.row, doubt.start, doubt.length) == (1, len("Not so "), len("well"))
        assert view.player.playing
        press(qtbot, view, Qt.Key.Key_Return)
        assert view.review.left_text == "2 doubts left"
        assert view.text.table.itemDelegate()._doubt.row == 2
        press(qtbot, view, Qt.Key.Key_Right)  # another speaker said it
        assert speakers(view)[2] == "SPEAKER_01"
        press(qtbot, view, Qt.Key.Key_F2)
        view.corrections.editor.selectAll()
        qtbot.keyClicks(view.corrections.editor, "And when")
        qtbot.keyClick(view.corrections.editor, Qt.Key.Key_Tab)
        assert texts(view)[2] == "And when"
        assert view.text.table.itemDelegate()._doubt.row == 3
        press(qtbot, view, Qt.Key.Key_Tab)
        assert view.review.left_text == "No doubts left"
        view.review.mark.click()
        assert view.session.state is ReviewState.REVIEWED
        view.review.sign.click()
        dialog = view.review.findChild(SignDialog)
        qtbot.waitUntil(dialog.name.hasFocus)
        assert not dialog.left.isVisible()
        dialog.name.clear()
        assert not dialog.sign.isEnabled()
        qtbot.keyClicks(dialog.name, "Dra. Robles ")
        qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
        assert view.session.state is ReviewState.SIGNED
        assert view.review.state_text.startswith("Signed: Dra. Robles, ")
        assert "may be wrong" not in view.verdict
        saved(qtbot, view, program)
        stored = program.service.folders.reviewed(job_id)
        assert (stored.state, stored.by) == (ReviewState.SIGNED, "Dra. Robles")
        exported = json.loads(rendered(stored, "json"))
        assert exported["signature"]["sha256"] == stored.sha256

    def test_signing_tells_how_many_doubts_are_left(self, qtbot: QtBot, view: ResultView):
        view.review.sign.click()
        dialog = view.review.findChild(SignDialog)
        assert dialog.left.text() == view.review.left_text != "No doubts left"
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert view.session.state is ReviewState.DRAFT

    def test_editing_at_a_doubt_selects_it(self, qtbot: QtBot, view: ResultView):
        view.review.next_doubt.trigger()
        doubt = view.text.table.itemDelegate()._doubt
        press(qtbot, view, Qt.Key.Key_F2)
        selected = view.corrections.editor.textCursor().selectedText()
        assert selected == texts(view)[doubt.row][doubt.start :][: doubt.length] != ""

    def test_change_after_signing_is_a_new_draft_and_the_signed_one_stays(
        self, qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int
    ):
        view.session.sign("Dra. Robles")
        choose(view, 1)
        qtbot.keyClick(view.text.table, Qt.Key.Key_1)
        assert view.review.state_text == "Draft"
        saved(qtbot, view, program)
        review = program.service.folders.result(job_id).review
        assert what_was_said(review.signed(review.signatures[0])) == what_was_said(talk())

    def test_tab_leaves_the_text_unless_a_doubt_is_checked(self, qtbot: QtBot, view: ResultView):
        choose(view, 0)
        press(qtbot, view, Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is not view.text.table
        choose(view, 0)
        press(qtbot, view, Qt.Key.Key_Left)
        assert what_was_said(view.session.transcript) == what_was_said(talk())
