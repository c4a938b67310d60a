"""Find in transcripts, by real keys: from a word to the place in the result where it is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from fi_desktop.core.job import Job
from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.revision import Describe, Write
from fi_desktop.core.transcript import Role
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.find.find_window import FindWindow
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.result.player import LEAD_S
from fi_desktop.jobs.indexing import IndexingThread
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.jobs.transcript_index import INDEX_FILE
from tests.gui.conftest import FakeApp, ManualQueueThread
from tests.gui.events import drop_files
from tests.jobs.archive import VISIT, transcript


@pytest.fixture
def index(program: FakeApp, desktop: AppController) -> Iterator[IndexingThread]:
    thread = IndexingThread(program.service)
    thread.start()
    yield thread
    thread.close()


@pytest.fixture
def visits(
    qtbot: QtBot, window: MainWindow, hand: ManualQueueThread, index: IndexingThread, recordings
) -> list[Job]:
    """Two results: a consultation, and one with a hundred lines."""
    drop_files(window, *recordings[:2])
    qtbot.waitUntil(lambda: window.jobs.rowCount() >= 1 and window.jobs.total == 2)
    jobs = [hand.claim("worker-1"), hand.claim("worker-2")]
    hand.complete(jobs[0], transcript(*VISIT))
    hand.complete(jobs[1], transcript(*(f"Fiebre número {number}" for number in range(120))))
    index.compare(hurry=True)
    assert index.caught_up.wait(120)
    return jobs


@pytest.fixture
def found(qtbot: QtBot, window: MainWindow, visits: list[Job]) -> FindWindow:
    window.commands.find.trigger()
    find = window.finder.window
    assert find is not None
    qtbot.waitUntil(lambda: find.isVisible() and find.field.hasFocus())
    return find


def type_words(qtbot: QtBot, find: FindWindow, words: str) -> None:
    find.field.selectAll()
    QTest.keyClicks(find.field, words)


def texts(find: FindWindow) -> list[str]:
    return [find.lines.found_at(row).line.text for row in range(find.lines.rowCount())]


def test_the_key_opens_one_window(qtbot: QtBot, window: MainWindow, visits):
    qtbot.keyClick(
        window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    first = window.finder.window
    assert first is not None
    qtbot.waitUntil(first.isVisible)
    window.commands.find.trigger()
    assert window.finder.window is first


def test_lines_are_found_as_words_are_typed(qtbot: QtBot, found: FindWindow):
    QAbstractItemModelTester(found.lines, QAbstractItemModelTester.FailureReportingMode.Fatal)
    type_words(qtbot, found, "parace")
    qtbot.waitUntil(lambda: texts(found) == [VISIT[3]])
    assert found.status.text() == "1 line"
    QTest.keyClicks(found.field, "x")
    qtbot.waitUntil(lambda: found.status.text() == "Nothing was found.")
    assert texts(found) == []
    type_words(qtbot, found, "dolor")
    qtbot.waitUntil(lambda: texts(found) == [VISIT[1], VISIT[3]])
    accessible = found.lines.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert accessible.startswith(f"0:08  Speaker 2: {VISIT[3]} (First.wav  ·  ")
    for row in (0, 1):
        excerpt = found.lines.excerpt_at(row)
        assert [excerpt.text[start:end] for start, end in excerpt.marks] == [["dolores"], ["dolor"]][row]
    assert not found.grab().toImage().isNull()


def test_further_lines_come_when_the_list_is_scrolled(qtbot: QtBot, found: FindWindow):
    type_words(qtbot, found, "fiebre")
    qtbot.waitUntil(lambda: found.lines.rowCount() >= 50)
    bar = found.table.verticalScrollBar()

    def scrolled() -> bool:
        bar.setValue(bar.maximum())
        return found.lines.rowCount() == 120

    qtbot.waitUntil(scrolled)
    assert texts(found) == [f"Fiebre número {number}" for number in range(120)]
    qtbot.waitUntil(lambda: found.status.text() == "120 lines")


def test_enter_opens_the_result_at_the_word_and_plays(
    qtbot: QtBot, window: MainWindow, found: FindWindow, visits
):
    type_words(qtbot, found, "nauseas")
    qtbot.waitUntil(lambda: texts(found) == [VISIT[1]])
    qtbot.keyClick(found.field, Qt.Key.Key_Return)
    (opened,) = window.windows.all()
    assert opened.job_id == visits[0].id
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.text.table.currentIndex().row() == 1)
    word = opened.result.session.transcript.segments[1].words[-1]
    assert word.text == "náuseas."
    qtbot.waitUntil(lambda: opened.result.player.position_s == pytest.approx(word.start - LEAD_S))


def test_double_click_opens_another_place_of_an_open_result(
    qtbot: QtBot, window: MainWindow, found: FindWindow, visits
):
    opened = window.windows.open(visits[0].id)
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.isVisible())
    type_words(qtbot, found, "dolor")
    qtbot.waitUntil(lambda: found.lines.rowCount() == 2)
    place = found.table.visualRect(found.lines.index(1)).center()
    qtbot.mouseClick(found.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(found.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: opened.result.text.table.currentIndex().row() == 3)
    word = opened.result.session.transcript.segments[3].words[4]
    assert word.text == "dolor"
    qtbot.waitUntil(lambda: opened.result.player.position_s == pytest.approx(word.start - LEAD_S))


def test_arrow_keys_and_enter_choose_a_line(qtbot: QtBot, window: MainWindow, found: FindWindow, visits):
    type_words(qtbot, found, "dolor")
    qtbot.waitUntil(lambda: found.lines.rowCount() == 2)
    qtbot.keyClick(found.field, Qt.Key.Key_Down)
    assert found.table.hasFocus()
    qtbot.keyClick(found.table, Qt.Key.Key_Down)
    qtbot.keyClick(found.table, Qt.Key.Key_Return)
    (opened,) = window.windows.all()
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.text.table.currentIndex().row() == 3)


def test_lines_are_found_by_speaker_and_day(
    qtbot: QtBot, program: FakeApp, found: FindWindow, index: IndexingThread, visits
):
    stored = program.service.folders.result(visits[0].id)
    named = Describe("SPEAKER_01", "María Ruiz", Role.PATIENT)
    step = Step(StepKind.EDIT, 5.0, "Ana", (named, Write(2, 0, 2, "¿Le dio dolor con")))
    stored.review.add(step)
    outcome = ReviewOutcome.of(stored.review)
    program.service.add_steps(visits[0].id, stored.version, [step], after=0, outcome=outcome).result(120)

    type_words(qtbot, found, "dolor")

    qtbot.waitUntil(lambda: found.lines.rowCount() > 0)
    assert index.caught_up.wait(120)
    type_words(qtbot, found, "dolor ")
    qtbot.waitUntil(lambda: found.lines.rowCount() == 3)
    found.speaker.setCurrentIndex(found.speaker.findData("patient"))
    qtbot.waitUntil(lambda: texts(found) == [VISIT[1], VISIT[3]])
    assert "María Ruiz" in found.lines.speaker_at(0)
    found.speaker.setCurrentIndex(found.speaker.findData("clinician"))
    qtbot.waitUntil(lambda: texts(found) == [])
    found.speaker.setEditText("maria")
    qtbot.waitUntil(lambda: len(texts(found)) == 2)
    found.days.setCurrentIndex(found.days.findData("last month"))
    qtbot.waitUntil(lambda: texts(found) == [])
    found.days.setCurrentIndex(found.days.findData("today"))
    qtbot.waitUntil(lambda: len(texts(found)) == 2)
    found.days.setCurrentIndex(found.days.findData("between"))
    qtbot.waitUntil(lambda: len(texts(found)) == 2)
    assert found.first.isVisible()
    found.last.setDate(QDate.currentDate().addDays(-1))
    found.first.setDate(QDate.currentDate().addDays(-9))
    qtbot.waitUntil(lambda: texts(found) == [])


def test_the_window_says_that_results_are_not_indexed_yet(qtbot: QtBot, window: MainWindow, index):
    window.commands.find.trigger()
    find = window.finder.window
    assert find is not None
    qtbot.waitUntil(lambda: find.status.text() == "The results are not indexed yet.")
    index.compare(hurry=True)
    qtbot.waitUntil(lambda: find.status.text() == "")


def test_a_damaged_index_is_made_again_while_the_window_is_open(
    qtbot: QtBot, program: FakeApp, found: FindWindow, index: IndexingThread
):
    index.close()
    file = program.service.folders.index_place().folder / INDEX_FILE
    file.write_bytes(b"\xff" * file.stat().st_size)
    type_words(qtbot, found, "dolor")
    qtbot.waitUntil(lambda: "The search index is damaged." in found.status.text())
    again = IndexingThread(program.service)
    again.start()
    again.compare(hurry=True)
    assert again.caught_up.wait(120)
    type_words(qtbot, found, "paracetamol")
    qtbot.waitUntil(lambda: texts(found) == [VISIT[3]])
    again.close()


def test_another_language_keeps_what_is_found(
    qtbot: QtBot, desktop: AppController, found: FindWindow, visits
):
    found.speaker.setEditText("speaker")
    found.speaker.setCurrentIndex(found.speaker.findData("other"))
    found.days.setCurrentIndex(found.days.findData("this year"))
    type_words(qtbot, found, "dolor")
    desktop.set_language("es")
    again = desktop.window.finder.window
    assert again is not None
    assert again is not found
    assert (again.field.text(), again.speaker.currentText(), again.days.currentText()) == (
        "dolor",
        "Otra persona",
        "Este año",
    )
    again.speaker.setCurrentIndex(0)
    qtbot.waitUntil(lambda: len(texts(again)) == 2)
    assert again.status.text() == "2 líneas"
    qtbot.keyClick(again.field, Qt.Key.Key_Escape)
    assert not again.isVisible()
