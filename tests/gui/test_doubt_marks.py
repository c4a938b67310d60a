"""Doubts as marks on the ruler: what they say, where a click leads, and how many are painted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fi_desktop.core.revision import Check
from fi_desktop.core.transcript import Segment
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.lanes_canvas import AXIS, MARK
from fi_desktop.gui.result.view import ResultView
from fi_desktop.viewmodel.doubts import DoubtKind, doubts_of
from tests.bench.viewer import conversation
from tests.gui import samples
from tests.gui.test_corrections import job_id, talk, view

__all__ = ["job_id", "view"]


def mark_of(view: ResultView, moment_s: float) -> QPoint:
    return QPoint(round(view.lanes.x_of(moment_s)) + 1, AXIS - MARK - 2)


def told(view: ResultView, moment_s: float) -> str:
    return view.lanes.describe_at(QPointF(mark_of(view, moment_s)))


def test_mark_says_what_is_not_sure_and_a_click_goes_there(qtbot: QtBot, view: ResultView):
    assert told(view, 9.0) == "Not sure of this word: well"
    assert told(view, 5.0) == ""
    QTest.mouseMove(view.lanes.viewport(), mark_of(view, 9.0))
    assert view.lanes.viewport().cursor().shape() is Qt.CursorShape.PointingHandCursor
    QTest.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=mark_of(view, 9.0))
    doubt = view.text.table.itemDelegate()._doubt
    assert (doubt.row, doubt.start, doubt.length) == (1, len("Not so "), len("well"))
    assert view.player.playing
    assert view.player.position_s == pytest.approx(8.5)
    assert QApplication.focusWidget() is view.text.table


def test_mark_vanishes_when_its_doubt_is_accepted_and_comes_back_with_undo(qtbot: QtBot, view: ResultView):
    QTest.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=mark_of(view, 9.0))
    qtbot.keyClick(view.text.table, Qt.Key.Key_Return)
    assert told(view, 9.0) == ""
    assert told(view, 12.0) == "Not sure of this word: Since"
    view.review.undo.trigger()
    assert told(view, 9.0) == "Not sure of this word: well"


def test_click_between_marks_plays_from_there(view: ResultView):
    QTest.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=mark_of(view, 6.0))
    assert view.player.position_s == pytest.approx(5.5, abs=0.1)
    assert view.text.table.itemDelegate()._doubt is None


@pytest.fixture
def mixed(qtbot: QtBot, dressed: QApplication, bridge: Bridge) -> ResultView:
    """A result with words that were spoken over, and with speech without words."""
    said = talk()
    first = said.segments[0]
    spoken_over = [replace(word, overlap=at in (1, 2)) for at, word in enumerate(first.words)]
    spoken_over[4] = replace(spoken_over[4], unsure_speaker=True)
    missing = Segment(20.0, 24.0, "SPEAKER_00", missing=True)
    segments = (replace(first, words=tuple(spoken_over)), *said.segments[1:], missing)
    view = ResultView(samples.session_of(replace(said, segments=segments), bridge), "/r/Call.flac", bridge)
    qtbot.addWidget(view)
    view.resize(1100, 760)
    view.show()
    return view


def test_each_kind_of_doubt_has_its_mark(mixed: ResultView):
    assert told(mixed, 1.5) == "Someone else spoke at the same time: morning how"
    assert told(mixed, 9.0) == "Not sure of this word: well"
    assert told(mixed, mixed.session.transcript.segments[0].words[4].start) == "Not sure who says: you"
    assert mixed.text.table.model().texts[0].unsure
    mixed.session.edit(Check(0, 4, 5))
    assert not mixed.text.table.model().texts[0].unsure
    place = QPoint(round(mixed.lanes.x_of(22.0)), AXIS - 2)
    assert mixed.lanes.describe_at(QPointF(place)).startswith("Not understood: 0:20.0 to 0:24.0")
    QTest.mouseClick(mixed.lanes.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert mixed.text.table.itemDelegate()._doubt.row == 4


def test_many_doubts_are_a_density(qtbot: QtBot, dressed: QApplication, bridge: Bridge):
    hours = conversation(30_000)
    view = ResultView(samples.session_of(hours, bridge), "/r/Long.m4a", bridge)
    qtbot.addWidget(view)
    view.resize(1100, 760)
    view.show()
    view.lanes.grab()
    columns = view.lanes._marks._columns[DoubtKind.WORDS]
    assert len(doubts_of(hours)) > 5000
    assert len(columns) <= view.lanes.viewport().width() / 5
    unsure, spoken_over = told(view, 3600.0).splitlines()
    assert unsure.startswith("Not sure of these words: ")
    assert unsure.endswith(" …")
    assert spoken_over.startswith("Someone else spoke at the same time: ")
    for _ in range(20):
        view.lanes.zoom_in()
    view.lanes.grab()
    assert len(view.lanes._marks._columns[DoubtKind.WORDS]) > 5000
