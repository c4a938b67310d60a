import json
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton

from fi_desktop.core import messages
from fi_desktop.core.codec import transcript_from_json
from fi_desktop.core.messages import verbatim
from fi_desktop.core.transcript import Grade
from fi_desktop.gui.result.lanes import LanesView
from fi_desktop.gui.result.turns_panel import TurnsModel
from fi_desktop.gui.result.view import ResultView
from tests.gui import samples

TALK = samples.conversation(40)


@pytest.fixture
def view(qtbot, dressed, bridge):
    view = ResultView(samples.session_of(TALK, bridge), "/recordings/Intake.wav", bridge)
    qtbot.addWidget(view)
    view.resize(760, 560)
    view.show()
    assert QTest.qWaitForWindowExposed(view)
    return view


def middle_of_turn(lanes: LanesView, number: int) -> QPoint:
    turn = TALK.turns[number]
    lane = TALK.speakers.index(turn.speaker)
    x = lanes.x_of((turn.start + turn.end) / 2)
    return QPoint(round(x), lanes.top_of(lanes.lanes[lane]) + 26)


def test_turns_model_keeps_qts_rules(qapp):
    model = TurnsModel(TALK)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    assert model.rowCount() == 40
    assert [model.index(0, column).data() for column in range(4)] == [
        "0:01.2",
        "0:03.3",
        "0:02.1",
        "Speaker 1",
    ]
    headings = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert headings == ["From", "To", "Length", "Speaker"]


def test_clicking_a_lane_selects_the_turn_in_the_list(qtbot, view):
    number = max(range(40), key=lambda n: TALK.turns[n].duration)
    qtbot.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=middle_of_turn(view.lanes, number))
    assert view.turns.table.currentIndex().row() == number
    assert view.turns.table.selectionModel().isRowSelected(number)


def test_selecting_a_row_selects_the_turn_in_the_lanes(qtbot, view):
    view.turns.table.setFocus()
    view.turns.table.selectRow(3)
    qtbot.keyClick(view.turns.table, Qt.Key.Key_Down)
    assert view.turns.table.currentIndex().row() == 4
    assert view.lanes.chosen == 4


def test_keys_move_between_turns(qtbot, view):
    for key, expected in (
        (Qt.Key.Key_Right, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_End, 39),
        (Qt.Key.Key_Right, 39),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(view.lanes, key)
        assert (view.lanes.chosen, view.turns.table.currentIndex().row()) == (expected, expected)


def test_lanes_zoom_by_key_button_and_wheel(qtbot, view):
    lanes = view.lanes
    whole = lanes.pixels_per_s
    assert lanes.horizontalScrollBar().maximum() == 0
    qtbot.keyClick(lanes, Qt.Key.Key_Plus)
    assert lanes.pixels_per_s == pytest.approx(whole * 1.5)
    qtbot.mouseClick(view.lanes_panel.zooms["zoom-in"], Qt.MouseButton.LeftButton)
    assert lanes.pixels_per_s == pytest.approx(whole * 2.25)
    place = QPointF(400, 40)
    kept = lanes.time_at(place.x())
    wheel = QWheelEvent(
        place,
        lanes.viewport().mapToGlobal(place),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(lanes.viewport(), wheel)
    assert lanes.pixels_per_s > whole * 4
    assert lanes.time_at(place.x()) == pytest.approx(kept, abs=1 / lanes.pixels_per_s)
    assert lanes.horizontalScrollBar().maximum() > 0
    qtbot.keyClick(lanes, Qt.Key.Key_0)
    assert lanes.pixels_per_s == pytest.approx(whole)
    for _ in range(60):
        qtbot.keyClick(lanes, Qt.Key.Key_Plus)
    view.grab()


def test_dragging_pans_the_lanes(qtbot, view):
    lanes = view.lanes
    for _ in range(6):
        qtbot.keyClick(lanes, Qt.Key.Key_Plus)
    lanes.horizontalScrollBar().setValue(500)
    ground = lanes.viewport()
    qtbot.mousePress(ground, Qt.MouseButton.LeftButton, pos=QPoint(500, 50))
    qtbot.mouseMove(ground, QPoint(400, 50))
    qtbot.mouseRelease(ground, Qt.MouseButton.LeftButton, pos=QPoint(400, 50))
    assert lanes.horizontalScrollBar().value() == 600
    assert lanes.chosen is None


def test_tooltip_names_speaker_and_time(qtbot, view):
    number = max(range(40), key=lambda n: TALK.turns[n].duration)
    assert view.lanes.describe_at(QPointF(middle_of_turn(view.lanes, number))).startswith("Speaker ")
    assert view.lanes.describe_at(QPointF(5, 5)) == ""


def test_selected_turn_is_scrolled_into_view(view):
    for _ in range(10):
        view.lanes.zoom_in()
    view.lanes.choose(39)
    x = view.lanes.x_of(TALK.turns[39].start)
    assert 176 <= x <= view.lanes.viewport().width()


def test_screen_reader_gets_speaking_shares(view):
    sentence = view.lanes.accessibleDescription()
    assert sentence.startswith("Speaker 1: ")
    assert "Speaker 2: " in sentence
    assert "%" in sentence


@pytest.mark.parametrize(
    ("grade", "sentence"),
    [
        (Grade.CLEAR, "The voices are clearly different."),
        (Grade.FAIR, "The voices are fairly different: worth a quick check."),
        (Grade.DOUBTFUL, "The voices are hard to tell apart, or there is only one. Please check."),
    ],
)
def test_grade_is_a_sentence(qtbot, bridge, grade, sentence):
    notes = (samples.DOUBT,) if grade is Grade.DOUBTFUL else ()
    view = ResultView(
        samples.session_of(samples.conversation(9, grade=grade, notes=notes), bridge),
        "/x.wav",
        bridge,
    )
    qtbot.addWidget(view)
    assert view.verdict == sentence


def test_doubtful_result_says_how_many_speakers_the_voices_suggest(qtbot, bridge):
    note = messages.RESULT_PROBABLY_ONE(asked="2")
    talk = samples.conversation(9, grade=Grade.DOUBTFUL, notes=(note,))
    view = ResultView(
        samples.session_of(replace(talk, probable_speakers=1), bridge),
        "/x.wav",
        bridge,
    )
    qtbot.addWidget(view)
    assert view.verdict == "The voices suggest one speaker instead of 2. Please check."


def test_another_number_of_speakers_is_offered_only_if_the_voices_suggest_one(qtbot, dressed, bridge):
    one = replace(samples.crosstalk(), probable_speakers=1)
    for talk, label in ((one, "Process again with 1 speaker"), (TALK, "")):
        view = ResultView(samples.session_of(talk, bridge), "/x.wav", bridge)
        qtbot.addWidget(view)
        view.show()
        assert (view.other_number.isVisible(), view.other_number.text()) == (bool(label), label)
        if label:
            with qtbot.waitSignal(view.number_asked) as asked:
                qtbot.mouseClick(view.other_number, Qt.MouseButton.LeftButton)
            assert asked.args == [1]


def test_notes_are_shown_without_a_grade(qtbot, bridge):
    view = ResultView(
        samples.session_of(samples.conversation(9, grade=None, notes=(verbatim("It ends early."),)), bridge),
        "/x.wav",
        bridge,
    )
    qtbot.addWidget(view)
    assert view.verdict == "It ends early."


@pytest.mark.parametrize(("ending", "begins"), [("rttm", "SPEAKER"), ("json", "{"), ("txt", "")])
def test_result_is_exported_in_each_format(qtbot, view, tmp_path, ending, begins):
    menu = view.export.menu()
    below = (action for other in menu.actions() if other.menu() for action in other.menu().actions())
    next(action for action in (*menu.actions(), *below) if action.data() == ending).trigger()
    (dialog,) = view.findChildren(QFileDialog)
    target = tmp_path / f"out.{ending}"
    dialog.fileSelected.emit(str(target))
    dialog.reject()
    qtbot.waitUntil(lambda: view.message.text == f"Saved as out.{ending}.")
    text = target.read_text(encoding="utf-8")
    assert text.startswith(begins)
    if ending == "json":
        assert transcript_from_json(json.loads(text)) == TALK


def test_note_is_copied_by_a_key(qtbot, view):
    with qtbot.waitExposed(view):
        view.show()
    QApplication.clipboard().clear()
    qtbot.keyClick(
        view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    qtbot.waitUntil(lambda: view.message.text == "1 result copied as a note.")
    copied = QApplication.clipboard().mimeData()
    assert copied.hasHtml()
    assert "Draft, not reviewed." in copied.text()


def test_failed_export_says_why(qtbot, view, tmp_path):
    view.export.menu().actions()[0].trigger()
    (dialog,) = view.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "nowhere" / "out.rttm"))
    dialog.reject()
    qtbot.waitUntil(lambda: view.message.isVisible())
    assert view.message.text == "The file could not be written. Choose another folder."


def test_three_hours_with_5000_turns_paint_quickly(qtbot, bridge):
    talk = samples.conversation(5000, speakers=4)
    assert talk.duration > 3 * 3600
    view = ResultView(samples.session_of(talk, bridge), "/x.wav", bridge)
    qtbot.addWidget(view)
    view.resize(1200, 700)
    view.show()
    assert QTest.qWaitForWindowExposed(view)
    spent = []
    for _ in range(12):
        begun = time.process_time()
        view.lanes.grab()
        spent.append(time.process_time() - begun)
        view.lanes.zoom_in()
    view.lanes.choose(4321)
    view.turns.table.choose(4321)
    view.grab()
    # median CPU time: other processes may use the cores
    assert sorted(spent)[6] < 0.25


def test_result_with_one_short_turn_is_shown(qtbot, bridge):
    view = ResultView(
        samples.session_of(samples.conversation(1, speakers=1), bridge),
        "/x.wav",
        bridge,
    )
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.grab()
    qtbot.keyClick(view.lanes, Qt.Key.Key_Right)
    assert view.lanes.chosen == 0


def without_words(qtbot, bridge, *, asked="auto", by="", notes=()):
    made = replace(TALK.provenance, options={"transcriber": asked}, transcriber=by)
    view = ResultView(
        samples.session_of(replace(TALK, provenance=made, notes=notes), bridge),
        "/recordings/Intake.wav",
        bridge,
    )
    qtbot.addWidget(view)
    view.show()
    return view


@pytest.mark.parametrize(
    ("how", "sentence", "buttons"),
    [
        (
            {},
            "No transcription model was installed when this recording was processed.",
            ["Add words", "Choose a model…", "Process again"],
        ),
        ({"asked": "none"}, "Transcription was switched off for this recording.", ["Add words"]),
        (
            {"notes": (messages.RESULT_WORDS_MISSING(reason=verbatim("The model is damaged.")),)},
            "Transcription failed: The model is damaged.",
            ["Add words", "Process again"],
        ),
        ({"by": "whisper"}, "No words were recognized in this recording.", []),
    ],
)
def test_result_without_words_says_why(qtbot, dressed, bridge, how, sentence, buttons):
    view = without_words(qtbot, bridge, **how)
    assert view.turns.note.reason == sentence
    shown = [b.text() for b in view.turns.note.findChildren(QPushButton) if b.isVisible()]
    assert shown == buttons
    assert view.turns.table.isVisible()  # the turns are listed below the note


def test_note_on_missing_words_offers_remedies(qtbot, dressed, bridge):
    view = without_words(qtbot, bridge)
    with qtbot.waitSignal(view.words_asked):
        qtbot.mouseClick(view.turns.note.words, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(view.models_asked):
        qtbot.mouseClick(view.turns.note.models, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(view.again_asked):
        qtbot.mouseClick(view.turns.note.again, Qt.MouseButton.LeftButton)
