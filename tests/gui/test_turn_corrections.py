"""A result without words is corrected in its list of turns: the keys and the menu of the text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from fi_desktop.core.alignment import segments_of
from fi_desktop.core.review import canonical
from fi_desktop.core.transcript import Role, Transcript, Turn
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.speaker_dialog import SpeakerDialog
from fi_desktop.gui.result.view import ResultView
from tests.gui import samples
from tests.gui.conftest import FakeApp
from tests.gui.test_borders import spans, talk, view, without_words
from tests.gui.test_corrections import action, saved

__all__ = ["view"]
ALT = Qt.KeyboardModifier.AltModifier


def choose(qtbot: QtBot, view: ResultView, row: int) -> None:
    view.turns.table.selectRow(row)
    view.turns.table.setFocus()
    qtbot.waitUntil(view.turns.table.hasFocus)


def press(qtbot: QtBot, view: ResultView, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    qtbot.keyClick(view.turns.table, key, modifier or Qt.KeyboardModifier.NoModifier)


def speakers(transcript: Transcript) -> list[str]:
    return [turn.speaker[-2:] for turn in transcript.turns]


def name(view: ResultView, row: int) -> str:
    return view.turns.table.model().index(row, 3).data()


@without_words
def test_keys_give_turns_to_speakers_and_roles_to_people(qtbot: QtBot, view: ResultView, program: FakeApp):
    before = canonical(view.session.transcript)
    choose(qtbot, view, 1)
    press(qtbot, view, Qt.Key.Key_1)
    assert speakers(view.session.transcript) == ["00", "00", "00"]
    assert view.turns.table.currentIndex().row() == 1
    press(qtbot, view, Qt.Key.Key_2)  # nobody is second any more
    assert speakers(view.session.transcript) == ["00", "00", "00"]
    view.review.undo.trigger()
    press(qtbot, view, Qt.Key.Key_2, ALT)
    assert name(view, 1) == "Patient"
    assert "Patient" in view.lanes.accessibleDescription()
    stored = saved(qtbot, view, program)
    assert stored.person("SPEAKER_01").role is Role.PATIENT
    assert segments_of(stored.turns) == stored.segments
    while view.session.can_undo:
        view.review.undo.trigger()
    assert canonical(view.session.transcript) == before


@without_words
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("This is said by", "Speaker 1"), ["00", "00", "00"]),
        (("This is said by", "A new speaker"), ["00", "02", "00"]),
        (("From here on, said by", "A new speaker"), ["00", "02", "00"]),
        (("Speaker 2 is the same person as", "Speaker 1"), ["00", "00", "00"]),
        (("Swap Speaker 2 with", "Speaker 1"), ["01", "00", "01"]),
    ],
)
def test_menu_gives_turns_to_speakers(
    qtbot: QtBot, view: ResultView, program: FakeApp, path: tuple[str, ...], expected: list[str]
):
    choose(qtbot, view, 1)
    action(view.turn_corrections.menu(1), *path).trigger()
    assert speakers(view.session.transcript) == expected
    stored = saved(qtbot, view, program)
    assert segments_of(stored.turns) == stored.segments


@without_words
def test_menu_opens_by_mouse_and_by_key(qtbot: QtBot, view: ResultView):
    table = view.turns.table
    place = table.visualRect(table.model().index(2, 0)).center()
    choose(qtbot, view, 1)
    for reason, row in ((QContextMenuEvent.Reason.Keyboard, 1), (QContextMenuEvent.Reason.Mouse, 2)):
        at = table.viewport().mapToGlobal(place)
        QApplication.sendEvent(table.viewport(), QContextMenuEvent(reason, place, at))
        menu = next(child for child in table.findChildren(QMenu) if child.isVisible())
        assert table.currentIndex().row() == row
        menu.close()
        qtbot.waitUntil(lambda: not any(child.isVisible() for child in table.findChildren(QMenu)))


@without_words
def test_turn_is_split_where_it_is_heard_and_joined(qtbot: QtBot, view: ResultView, program: FakeApp):
    choose(qtbot, view, 0)
    split = "Split at the moment that is heard"
    assert not action(view.turn_corrections.menu(0), split).isEnabled()
    place = QPoint(round(view.lanes.x_of(3.0)), view.lanes.top_of(view.lanes.lanes[0]) + 26)
    qtbot.mouseClick(view.lanes.viewport(), Qt.MouseButton.LeftButton, pos=place)  # plays from 0.5 s before
    view.player.toggle()
    at = view.player.position_s
    choose(qtbot, view, 0)
    press(qtbot, view, Qt.Key.Key_S)
    assert spans(view)[:2] == [(1.0, pytest.approx(at, abs=0.01)), (pytest.approx(at, abs=0.01), 4.0)]
    assert view.turns.table.model().rowCount() == 4
    action(view.turn_corrections.menu(0), "Join with the next").trigger()
    assert spans(view) == [(1.0, 4.0), (4.0, 5.5), (9.0, 10.0)]
    action(view.turn_corrections.menu(0), f"Split at 0:0{at:.1f}").trigger()
    press(qtbot, view, Qt.Key.Key_2)
    assert speakers(view.session.transcript) == ["01", "00", "01", "00"]
    stored = saved(qtbot, view, program)
    assert segments_of(stored.turns) == stored.segments


@without_words
def test_person_gets_a_name(qtbot: QtBot, view: ResultView):
    action(view.turn_corrections.menu(0), "Who is Speaker 1?…").trigger()
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, SpeakerDialog))
    qtbot.keyClicks(dialog.name, "Dra. Robles")
    dialog.accept()
    assert [name(view, row) for row in range(3)] == ["Dra. Robles", "Speaker 2", "Dra. Robles"]


@without_words
def test_turn_is_heard_by_key_and_double_click_and_repeated(qtbot: QtBot, view: ResultView):
    choose(qtbot, view, 2)
    press(qtbot, view, Qt.Key.Key_Return)
    assert view.player.playing
    assert view.player.position_s == pytest.approx(8.5)
    press(qtbot, view, Qt.Key.Key_Space)
    assert not view.player.playing
    table = view.turns.table
    place = table.visualRect(table.model().index(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.player.position_s == pytest.approx(3.5)
    view.controls.repeat.click()
    assert view.player.loop == (4.0, 5.5)
    view.controls.repeat.click()
    assert view.player.loop is None


def test_turn_without_a_segment_keeps_its_speaker_but_can_be_named(
    qtbot: QtBot, bridge: Bridge, dressed: QApplication
):
    heard, noise = talk(words=False), Turn(14.0, 15.0, "SPEAKER_02")
    view = ResultView(
        samples.session_of(replace(heard, turns=(*heard.turns, noise)), bridge), "/r/Call.flac", bridge
    )
    qtbot.addWidget(view)
    view.show()
    menu = view.turn_corrections.menu(3)
    here = next(each for each in menu.actions() if each.text() == "This is said by")
    assert not here.menu().isEnabled()
    choose(qtbot, view, 3)
    press(qtbot, view, Qt.Key.Key_1)
    assert speakers(view.session.transcript)[3] == "02"
    press(qtbot, view, Qt.Key.Key_6, ALT)
    assert name(view, 3) == "Other"
