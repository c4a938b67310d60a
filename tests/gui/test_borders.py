"""Borders of turns are dragged in the lanes and moved by keys: real events, a real store, the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core.alignment import segments_of, segments_of_words
from fi_desktop.core.review import canonical
from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Transcript, Turn, Word
from fi_desktop.core.values import JobOptions
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.view import ResultView
from tests.gui.conftest import FakeApp
from tests.gui.test_corrections import MADE, opened, saved, texts

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LINES = (
    ("SPEAKER_00", 1.0, "Good morning how are you Not"),
    ("SPEAKER_01", 4.0, "so well doctor"),
    ("SPEAKER_00", 9.0, "Since when"),
)


def talk(*, words: bool = True) -> Transcript:
    """Return two turns that meet at 4 s, where a word went to the wrong speaker, and one after a pause."""
    spoken, turns = [], []
    for speaker, start, line in LINES:
        said = line.split()
        spoken += [
            Word(start + at * 0.5, start + at * 0.5 + 0.4, text, 0.99, speaker)
            for at, text in enumerate(said)
        ]
        turns.append(Turn(start, start + len(said) * 0.5, speaker))
    segments = segments_of_words(spoken) if words else segments_of(tuple(turns))
    return Transcript(20.0, 5.5, tuple(turns), segments, MADE)


@pytest.fixture(params=[True, False], ids=["words", "turns"])
def view(
    qtbot: QtBot, dressed: QApplication, bridge: Bridge, program: FakeApp, request: pytest.FixtureRequest
) -> Iterator[ResultView]:
    program.hand.start()
    program.service.submit([phone_call()], JobOptions(), again=True).result(30)
    job = program.hand.claim()
    program.hand.complete(job, talk(words=request.param))
    view = opened(qtbot, bridge, program, job.id)
    yield view
    view.close_player()
    program.hand.stop()


with_words = pytest.mark.parametrize("view", [True], indirect=True, ids=["words"])
without_words = pytest.mark.parametrize("view", [False], indirect=True, ids=["turns"])


def place(view: ResultView, moment_s: float, lane: int) -> QPoint:
    lanes = view.lanes
    return QPoint(round(lanes.x_of(moment_s)), lanes.top_of(lanes.lanes[lane]) + 26)


def drag(view: ResultView, start_s: float, end_s: float, lane: int, *, release: bool = True) -> None:
    ground, left = view.lanes.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(ground, left, pos=place(view, start_s, lane))
    for share in (0.25, 0.5, 0.75, 1.0):
        QTest.mouseMove(ground, place(view, start_s + share * (end_s - start_s), lane))
    if release:
        QTest.mouseRelease(ground, left, pos=place(view, end_s, lane))


def spans(view: ResultView) -> list[tuple[float, float]]:
    return [(round(turn.start, 2), round(turn.end, 2)) for turn in view.session.transcript.turns]


def test_pointer_tells_where_a_border_can_be_grabbed(view: ResultView):
    ground = view.lanes.viewport()
    for moment_s, shape in (
        (4.0, Qt.CursorShape.SplitHCursor),
        (2.5, Qt.CursorShape.PointingHandCursor),
        (7.0, Qt.CursorShape.ArrowCursor),
        (1.0, Qt.CursorShape.SplitHCursor),
    ):
        QTest.mouseMove(ground, place(view, moment_s, 0))
        assert ground.cursor().shape() is shape, moment_s


@with_words
def test_words_follow_a_dragged_border_and_undo_restores_the_bytes(
    qtbot: QtBot, view: ResultView, program: FakeApp
):
    before = canonical(view.session.transcript)
    drag(view, 4.0, 3.52, 0)  # near the start of "Not"
    assert texts(view)[:2] == ["Good morning how are you", "Not so well doctor"]
    assert spans(view) == [(1.0, 3.5), (3.5, 5.5), (9.0, 10.0)]
    assert len(view.session._review.steps) == 1
    assert saved(qtbot, view, program).turns == view.session.transcript.turns
    assert view.lanes.chosen == 0
    assert not view.player.playing
    view.review.undo.trigger()
    assert canonical(view.session.transcript) == before


def test_both_sides_of_a_border_move_together(view: ResultView):
    drag(view, 4.0, 4.6, 1)  # from the other side
    assert len(view.session.transcript.turns) == 3
    (_, end), (start, _), _ = spans(view)
    assert end == start == pytest.approx(4.6, abs=0.11)


def test_border_at_silence_moves_alone(view: ResultView):
    drag(view, 10.0, 12.0, 0)
    assert spans(view)[:2] == [(1.0, 4.0), (4.0, 5.5)]
    assert spans(view)[2] == (9.0, pytest.approx(12.0, abs=0.1))
    drag(view, 9.0, 8.0, 0)
    assert spans(view)[2][0] == pytest.approx(8.0, abs=0.1)
    view.review.undo.trigger()
    view.review.undo.trigger()
    assert view.session.transcript.segments == talk(words=view.text is not None).segments


def test_border_shows_its_time_on_the_way_and_escape_abandons_it(qtbot: QtBot, view: ResultView):
    before = view.lanes.grab().toImage()
    view.lanes.setFocus()
    drag(view, 4.0, 4.8, 0, release=False)
    assert view.lanes._drag.at == pytest.approx(4.8, abs=0.15)  # a word's border may be near
    assert view.lanes.grab().toImage() != before
    QTest.keyClick(view.lanes, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=place(view, 4.8, 0))
    assert view.isVisible()
    assert not view.session.changed_here
    assert not view.player.playing
    assert spans(view) == [(1.0, 4.0), (4.0, 5.5), (9.0, 10.0)]


def test_lanes_scroll_when_a_border_is_dragged_out_of_sight(view: ResultView):
    lanes, left = view.lanes, Qt.MouseButton.LeftButton
    lanes.zoom_to(200.0, 1500)
    assert lanes.x_of(10.0) < lanes.viewport().width()
    QTest.mousePress(lanes.viewport(), left, pos=place(view, 10.0, 0))
    QTest.mousePress(lanes.viewport(), Qt.MouseButton.RightButton, pos=place(view, 10.0, 0))
    QTest.mouseRelease(lanes.viewport(), Qt.MouseButton.RightButton, pos=place(view, 10.0, 0))
    for _ in range(20):
        for beyond in (30, 40):
            at = QPoint(lanes.viewport().width() + beyond, place(view, 10.0, 0).y())
            QTest.mouseMove(lanes.viewport(), at)
    assert lanes.horizontalScrollBar().value() > 1600
    QTest.mouseRelease(lanes.viewport(), left, pos=at)
    assert spans(view)[2][1] > 11.0


def test_click_on_a_border_is_still_a_click(view: ResultView):
    QTest.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=place(view, 3.97, 0))
    assert not view.session.changed_here
    assert view.player.playing


@with_words
def test_border_stops_before_a_turn_loses_its_last_word(view: ResultView):
    drag(view, 4.0, 8.0, 0)
    assert texts(view)[:2] == ["Good morning how are you Not so well", "doctor"]
    drag(view, spans(view)[0][1], 0.2, 0)
    assert texts(view)[:2] == ["Good", "morning how are you Not so well doctor"]


def test_keys_move_start_and_end_of_the_selected_turn(view: ResultView):
    view.lanes.setFocus()
    QTest.keyClick(view.lanes, Qt.Key.Key_Home)
    QTest.keyClick(view.lanes, Qt.Key.Key_Left, CTRL)
    assert spans(view)[0] == (0.9, 4.0)
    QTest.keyClick(view.lanes, Qt.Key.Key_Right, CTRL)
    assert spans(view)[0] == (1.0, 4.0)
    for _ in range(3):
        QTest.keyClick(view.lanes, Qt.Key.Key_Left, CTRL | SHIFT)
    assert spans(view)[:2] == [(1.0, 3.7), (3.7, 5.5)]
    QTest.keyClick(view.lanes, Qt.Key.Key_Right, CTRL | SHIFT)
    assert spans(view)[:2] == [(1.0, 3.8), (3.8, 5.5)]
    assert view.lanes.chosen == 0


def test_keys_move_the_turn_that_is_selected_below_the_lanes(view: ResultView):
    table = view._list
    table.setFocus()
    table.selectRow(1)
    QTest.keyClick(table, Qt.Key.Key_Right, CTRL)
    assert spans(view)[:2] == [(1.0, 4.1), (4.1, 5.5)]
    assert table.currentIndex().row() == 1
    QTest.keyClick(table, Qt.Key.Key_Left, CTRL | SHIFT)
    assert spans(view)[1] == (4.1, 5.4)


@without_words
def test_segments_without_words_follow_their_turns(qtbot: QtBot, view: ResultView, program: FakeApp):
    drag(view, 4.0, 3.0, 0)
    drag(view, 9.0, 8.5, 0)
    starts = [clock(turn.start, decimals=1) for turn in view.session.transcript.turns]
    stored = saved(qtbot, view, program)
    assert segments_of(stored.turns) == stored.segments
    model = view.turns.table.model()
    assert [model.index(row, 0).data() for row in range(3)] == starts


def test_menu_of_a_turn_opens_in_the_lanes(qtbot: QtBot, view: ResultView):
    ground = view.lanes.viewport()
    at = place(view, 5.0, 1)
    QTest.mouseClick(ground, Qt.MouseButton.LeftButton, pos=place(view, 2.0, 0))
    for reason, row in ((QContextMenuEvent.Reason.Keyboard, 0), (QContextMenuEvent.Reason.Mouse, 1)):
        event = QContextMenuEvent(reason, at, ground.mapToGlobal(at))
        QApplication.sendEvent(view.lanes if row == 0 else ground, event)
        menu = next(child for child in view._list.findChildren(QMenu) if child.isVisible())
        assert view._list.currentIndex().row() == row
        assert f"Who is Speaker {row + 1}?…" in [each.text() for each in menu.actions()]
        menu.close()
        qtbot.waitUntil(lambda: not any(each.isVisible() for each in view._list.findChildren(QMenu)))


def test_narrow_turns_are_not_grabbed(view: ResultView):
    view.lanes.zoom_to(3.0, 0)
    for moment_s in (2.5, 10.0):
        QTest.mouseMove(view.lanes.viewport(), place(view, moment_s, 0))
    assert view.lanes.viewport().cursor().shape() is Qt.CursorShape.PointingHandCursor
