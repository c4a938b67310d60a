"""The figures of a conversation in the result: opened by button and key, following corrections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from fi_desktop.core.conversation import conversation_of
from fi_desktop.core.revision import Assign, Describe
from fi_desktop.core.text import percent
from fi_desktop.core.transcript import Role, Segment, Transcript
from fi_desktop.exporters.figures import SHARE_COLUMN
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.figures_dialog import FiguresDialog
from fi_desktop.gui.result.view import ResultView
from tests.gui import samples

TALK = samples.three_people()


def shown(qtbot: QtBot, bridge: Bridge, talk: Transcript) -> ResultView:
    view = ResultView(samples.session_of(talk, bridge), "/recordings/Intake.wav", bridge)
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.show()
    assert QTest.qWaitForWindowExposed(view)
    return view


@pytest.fixture
def view(qtbot: QtBot, dressed, bridge: Bridge) -> ResultView:
    return shown(qtbot, bridge, TALK)


def opened(qtbot: QtBot, view: ResultView) -> FiguresDialog:
    qtbot.mouseClick(view.lanes_panel.figures, Qt.MouseButton.LeftButton)
    dialog = view.figures.dialog
    assert dialog is not None
    assert QTest.qWaitForWindowExposed(dialog)
    return dialog


def rows(dialog: FiguresDialog) -> list[list[str]]:
    model = dialog.model
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_button_and_key_open_the_same_figures(qtbot, view):
    dialog = opened(qtbot, view)
    figures = rows(dialog)
    assert [row[0] for row in figures] == ["Speaker 1", "Speaker 2", "Speaker 3"]
    assert sum(int(row[SHARE_COLUMN].split("\u00a0")[0]) for row in figures) == pytest.approx(100, abs=1)
    found = conversation_of(TALK)
    assert [int(row[4]) for row in figures] == [speaker.interruptions for speaker in found.speakers]
    assert found.interruptions > 0
    assert dialog.facts["Interruptions"].text() == str(found.interruptions)
    qtbot.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    view.lanes.setFocus()
    qtbot.keyClick(view.lanes, Qt.Key.Key_F7)
    qtbot.waitUntil(dialog.isVisible)
    assert view.figures.dialog is dialog
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_figures_say_what_an_interruption_is(qtbot, view):
    dialog = opened(qtbot, view)
    sentence = (
        "An interruption is a turn that begins at least a quarter of a second before another person stops"
    )
    assert sentence in dialog.notes.text()
    tips = [
        dialog.model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) or ""
        for column in range(dialog.model.columnCount())
    ]
    assert [tip.startswith(sentence) for tip in tips].count(True) == 1


def test_figures_follow_corrections_names_and_roles(qtbot, view):
    dialog = opened(qtbot, view)
    before = rows(dialog)
    view.session.edit(Describe("SPEAKER_00", "Dra. Salas", Role.CLINICIAN))
    view.session.edit(Describe("SPEAKER_02", "", Role.CLINICIAN))
    qtbot.waitUntil(lambda: len(rows(dialog)) == 4)
    named = rows(dialog)
    assert [row[0] for row in named] == ["Dra. Salas (Clinician)", "Speaker 2", "Clinician", "Clinician (2)"]
    assert [row[1:] for row in named[:3]] == [row[1:] for row in before]
    assert int(named[3][3]) == int(named[0][3]) + int(named[2][3])
    longest = max(range(len(TALK.segments)), key=lambda number: len(TALK.segments[number].words))
    taken = TALK.segments[longest].speaker
    view.session.edit(Assign(longest, "SPEAKER_02" if taken != "SPEAKER_02" else "SPEAKER_00"))
    qtbot.waitUntil(lambda: rows(dialog) != named)
    found = conversation_of(view.session.transcript)
    assert [int(row[3]) for row in rows(dialog)[:3]] == [speaker.turns for speaker in found.speakers]
    assert [row[2] for row in rows(dialog)[:3]] == [percent(speaker.share) for speaker in found.speakers]


def test_bars_have_the_speakers_colours_and_shares(qtbot, view):
    dialog = opened(qtbot, view)
    table = dialog.table
    shot = table.viewport().grab().toImage()
    widths = []
    for row, speaker in enumerate(conversation_of(TALK).speakers):
        area = table.visualRect(dialog.model.index(row, SHARE_COLUMN))
        colour = theme.speaker_colour(row, dialog.palette())
        widths.append(painted(shot, area.left(), area.right(), area.center(), colour))
        assert widths[-1] > 0, speaker
    shares = [speaker.share for speaker in conversation_of(TALK).speakers]
    order = sorted(range(3), key=lambda row: shares[row])
    assert sorted(range(3), key=lambda row: widths[row]) == order


def painted(shot: QImage, left: int, right: int, middle: QPoint, colour: QColor) -> int:
    ratio = shot.devicePixelRatio()
    y = round((middle.y() + 1) * ratio)
    return sum(shot.pixelColor(x, y) == colour for x in range(round(left * ratio), round(right * ratio)))


def test_cells_are_named_for_screen_readers(qtbot, view):
    dialog = opened(qtbot, view)
    table = QAccessible.queryAccessibleInterface(dialog.table)
    assert table.text(QAccessible.Text.Name) == "Figures of the conversation"
    cell = dialog.model.index(0, 4)
    assert (
        dialog.model.data(cell, Qt.ItemDataRole.AccessibleDescriptionRole) == f"Interruptions: {cell.data()}"
    )
    assert dialog.facts["Silence"].accessibleName().startswith("Silence: 0:")


def test_figures_without_words_have_no_words_per_minute(qtbot, dressed, bridge):
    dialog = opened(qtbot, shown(qtbot, bridge, samples.conversation(40)))
    headings = [heading.text for heading in dialog.model.headings]
    assert "Words/min" not in headings
    assert len(rows(dialog)[0]) == len(headings) == 7


def test_result_that_does_not_know_who_speaks_has_no_figures(qtbot, dressed, bridge):
    talk = samples.conversation(3)
    unknown = tuple(Segment(part.start, part.end, None, "Sí.") for part in talk.segments)
    view = shown(qtbot, bridge, replace(talk, turns=(), segments=unknown))
    assert not view.lanes_panel.figures.isEnabled()
    qtbot.keyClick(view.lanes, Qt.Key.Key_F7)
    assert view.figures.dialog is None


def test_figures_close_with_their_result(qtbot, dressed, bridge):
    window = QWidget()
    qtbot.addWidget(window)
    view = ResultView(samples.session_of(TALK, bridge), "/recordings/Intake.wav", bridge, window)
    window.resize(900, 640)
    window.show()
    assert QTest.qWaitForWindowExposed(window)
    dialog = opened(qtbot, view)
    with qtbot.waitSignal(dialog.destroyed):
        view.deleteLater()
