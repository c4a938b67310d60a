"""Find and replace in the text of a result, by keys and buttons; one undo step, the same bytes afterwards."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fi_desktop.core.review import canonical
from fi_desktop.gui.result.find_bar import FindBar
from fi_desktop.gui.result.view import ResultView
from tests.gui.conftest import FakeApp
from tests.gui.test_corrections import choose, job_id, saved, talk, texts, view

__all__ = ["job_id", "view"]
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def bar(qtbot: QtBot, view: ResultView) -> FindBar:
    """The bar, opened by its key."""
    choose(view, 0)
    qtbot.waitUntil(view.text.table.hasFocus)
    qtbot.keyClick(view.text.table, Qt.Key.Key_H, CTRL)
    return view.text.bar


def type_both(qtbot: QtBot, wanted: str, text: str) -> None:
    """Type into the two fields by keys alone."""
    qtbot.keyClicks(QApplication.focusWidget(), wanted)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    qtbot.keyClicks(QApplication.focusWidget(), text)


def test_all_are_replaced_by_keys_alone_and_undone_to_the_bytes(
    qtbot: QtBot, view: ResultView, bar: FindBar, program: FakeApp
):
    before = canonical(view.session.transcript)
    assert bar.replacing
    assert QApplication.focusWidget() is bar.field
    type_both(qtbot, "Ó", "0")
    qtbot.keyClick(bar.replacement, Qt.Key.Key_Return, CTRL)
    assert texts(view) == [
        "G00d m0rning h0w are y0u",
        "N0t s0 well d0ct0r",
        "Since when",
        "Tw0 weeks ag0 it began",
    ]
    assert bar.outcome_text == "11 replaced"
    assert bar.count_text == "Not found"
    after, machine = saved(qtbot, view, program).segments, talk().segments
    assert [(word.start, word.end) for part in after for word in part.words] == [
        (word.start, word.end) for part in machine for word in part.words
    ]
    assert after[2].words == machine[2].words
    assert len(view.session._review.steps) == 1
    view.review.undo.trigger()
    assert canonical(view.session.transcript) == before
    assert bar.count_text.endswith("of 11")


def test_one_is_replaced_and_the_next_is_shown(qtbot: QtBot, view: ResultView, bar: FindBar):
    type_both(qtbot, "we", "WE")
    assert bar.count_text == "1 of 2"
    qtbot.keyClick(bar.replacement, Qt.Key.Key_Return)
    assert texts(view)[1] == "Not so WEll doctor"
    assert bar.outcome_text == "1 replaced"
    assert bar.count_text == "2 of 2"  # the first one is still found, whatever its case
    bar.replace.click()
    assert texts(view)[3] == "Two WEeks ago it began"
    bar.replace.click()  # round again: it is what it is to be
    assert bar.outcome_text == "0 replaced"
    assert len(view.session._review.steps) == 2


def test_replaced_words_count_as_checked(view: ResultView, bar: FindBar):
    assert view.review.left_text == "3 doubts left"
    bar.field.setText("began")
    bar.replacement.setText("started")
    bar.replace_all.click()
    assert texts(view)[3] == "Two weeks ago it started"
    assert view.review.left_text == "2 doubts left"


def test_nothing_found_is_not_replaced(view: ResultView, bar: FindBar):
    bar.field.setText("zzz")
    assert not bar.replace.isEnabled()
    assert not bar.replace_all.isEnabled()
    bar.replacement.setText("x")
    bar.replace_all_asked.emit()
    assert not view.session.changed_here


def test_escape_closes_and_find_opens_with_one_line(qtbot: QtBot, view: ResultView, bar: FindBar):
    bar.field.setText("so")
    qtbot.keyClick(bar.replacement, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert view.isVisible()
    choose(view, 0)
    qtbot.keyClick(view.text.table, Qt.Key.Key_F, CTRL)
    assert bar.isVisible()
    assert not bar.replacing
    qtbot.keyClick(bar.field, Qt.Key.Key_H, CTRL)
    assert bar.replacing
    assert QApplication.focusWidget() is bar.replacement  # what to find is known
