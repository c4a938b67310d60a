from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QDate, QDateTime, QLocale, Qt, QTime, QTranslator
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialogButtonBox, QMenuBar

from fi_desktop.core.job import JobState
from fi_desktop.core.values import ReviewState
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.job_table.columns import column_index
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.language import LANGUAGES, WindowLanguage, language_of, locale_of
from fi_desktop.gui.monitor.window import MonitorWindow
from fi_desktop.settings import load
from fi_desktop.system.files import resource
from fi_desktop.viewmodel.catalog_state import TaskProgress
from tests.gui import samples
from tests.gui.conftest import FakeApp
from tests.gui.events import drop_files, open_windows

SPAIN, MEXICO, GERMANY = QLocale("es_ES"), QLocale("es_MX"), QLocale("de_DE")


@pytest.fixture
def spanish(dressed) -> Iterator[WindowLanguage]:
    language = WindowLanguage(dressed, "es")
    yield language
    language.choose("system")
    language.close()


def menu(desktop: AppController, choice: str) -> QAction:
    (action,) = [each for each in desktop.window.commands.languages.actions() if each.data() == choice]
    return action


def menus(desktop: AppController) -> list[str]:
    return [action.text().replace("&", "") for action in desktop.window.findChild(QMenuBar).actions()][:3]


def change(qtbot, desktop: AppController, choice: str) -> None:
    """Choose a language in the menu, and wait for the windows to be new."""
    before = desktop.window
    menu(desktop, choice).trigger()
    qtbot.waitUntil(lambda: desktop.window is not before)


@pytest.mark.parametrize(
    ("choice", "system", "code", "locale"),
    [
        ("system", SPAIN, "es", SPAIN),
        ("system", MEXICO, "es", MEXICO),
        ("system", GERMANY, "en", GERMANY),
        ("es", MEXICO, "es", MEXICO),
        ("es", GERMANY, "es", MEXICO),  # a point in numbers, as in most of Latin America
        ("es", QLocale("en_US"), "es", MEXICO),
        ("en", SPAIN, "en", QLocale("en")),
    ],
)
def test_words_and_figures_follow_the_choice_and_the_system(choice, system, code, locale):
    assert language_of(choice, system) == code
    assert locale_of(choice, system) == locale


def test_spanish_reaches_qts_own_buttons_dates_and_numbers(qtbot, spanish):
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert box.buttons()[0].text().replace("&", "") == "Cancelar"
    assert QLocale().toString(QDate(2026, 1, 3), "MMMM") == "enero"
    assert QLocale().toString(1234567.5, "f", 1) == "1,234,567.5"


def test_an_unknown_choice_is_as_the_system(dressed):
    language = WindowLanguage(dressed, "tlh")
    assert language.choice == "system"
    language.close()


@pytest.mark.parametrize("code", LANGUAGES)
def test_compiled_catalogues_say_what_their_sources_say(dressed, code):
    compiled = QTranslator()
    folder = resource("i18n")
    assert compiled.load(f"fi_desktop_{code}", str(folder))
    for context in ElementTree.parse(folder / f"fi_desktop_{code}.ts").iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            assert translation is not None
            forms = translation.findall("numerusform")
            said = [
                compiled.translate(
                    context.findtext("name"), message.findtext("source"), message.findtext("comment"), number
                )
                for number in ([1, 2] if forms else [-1])
            ]
            assert said == ([form.text for form in forms] if forms else [translation.text])


def test_the_window_speaks_another_language_at_once_and_at_the_next_start(
    qtbot, desktop, program, hand, recordings, home
):
    drop_files(desktop.window, *recordings)
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 3)
    assert menus(desktop) == ["File", "Job", "Queue"]
    change(qtbot, desktop, "es")
    assert menus(desktop) == ["Archivo", "Trabajo", "Cola"]
    assert menu(desktop, "es").isChecked()
    assert desktop.window.jobs.rowCount() == 3
    qtbot.waitUntil(lambda: load({"FI_DESKTOP_HOME": str(home)}).language == "es")
    again = AppController(FakeApp(home))
    assert menus(again) == ["Archivo", "Trabajo", "Cola"]
    again.language.close()
    again.window.deleteLater()
    job = hand.claim()
    qtbot.waitUntil(lambda: desktop.window.jobs.job(job.id).state is JobState.RUNNING)
    qtbot.waitUntil(lambda: "1 en curso" in desktop.window.status.jobs_text)
    change(qtbot, desktop, "en")
    assert menus(desktop) == ["File", "Job", "Queue"]


def test_nobody_loses_their_place(qtbot, desktop, hand, recordings):
    drop_files(desktop.window, *recordings)
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 3)
    window = desktop.window
    window.resize(780, 500)
    window.panel.search.setText("i")  # of "First" and "Third"
    window.panel.chips.choose(frozenset({JobState.QUEUED, ReviewState.DRAFT}))
    window.panel.apply()
    window.table.select_jobs([1, 3])
    window.options.speakers.setCurrentIndex(window.options.speakers.findData("4"))
    window.options.menu.vocabulary = ("sumatriptán",)
    window.windows.open(2).resize(700, 480)
    window.commands.monitor.trigger()
    (monitor,) = open_windows(MonitorWindow)
    monitor.pages.choose(2)
    monitor.history.parts.choose(1)
    change(qtbot, desktop, "es")
    new = desktop.window
    assert new is not window
    assert not window.isVisible()
    assert new.isVisible()
    assert (new.width(), new.height()) == (780, 500)
    assert {row.id for row in new.table.selected_rows()} == {1, 3}
    assert str(new.options.options().speakers) == "4"
    assert new.options.options().vocabulary == ("sumatriptán",)
    assert new.panel.search.text() == "i"
    assert new.panel.chips.states == {JobState.QUEUED, ReviewState.DRAFT}
    assert new.jobs.rowCount() == 2
    (result,) = new.windows.all()
    assert (result.job_id, result.width(), result.height()) == (2, 700, 480)
    (monitor,) = open_windows(MonitorWindow)
    assert (monitor.pages.current, monitor.history.parts.current) == (2, 1)


def test_a_result_and_dialogs_stand_as_they_stood(qtbot, desktop, hand, recordings):
    window = desktop.window
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    hand.complete(hand.claim(), samples.consultation())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    shown = window.windows.open(1)
    qtbot.waitUntil(lambda: shown.result is not None)
    qtbot.keyClick(shown.result.lanes, Qt.Key.Key_Plus)
    qtbot.keyClick(shown.result.lanes, Qt.Key.Key_Plus)
    scale = shown.result.lanes.scale
    assert scale is not None
    qtbot.keyClick(shown.result, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(shown.result.text.bar.field, "the")
    shown.result.lanes.horizontalScrollBar().setValue(60)
    window.commands.watch.trigger()
    window.commands.preferences.trigger()
    desktop.preferences.dialog.pages.setCurrentRow(2)
    change(qtbot, desktop, "es")
    (shown,) = desktop.window.windows.all()
    qtbot.waitUntil(lambda: shown.result is not None and shown.result.text.bar.isVisible())
    assert shown.result.lanes.scale == scale
    assert shown.result.position.lanes_scroll == 60
    assert shown.result.text.bar.field.text() == "the"
    assert desktop.watch.dialog.isVisible()
    assert desktop.preferences.dialog.isVisible()
    assert desktop.preferences.dialog.pages.currentRow() == 2


def test_a_model_on_its_way_keeps_the_language(qtbot, desktop, window):
    window.models.show()
    window.models.dialog.controller.progress["whisper"] = TaskProgress()
    menu(desktop, "es").trigger()
    qtbot.waitUntil(lambda: window.message.text != "")
    assert desktop.window is window
    assert menu(desktop, "en").isChecked()
    window.models.dialog.controller.progress.clear()


@pytest.mark.parametrize("width", [760, 1200])
def test_names_of_recordings_can_be_told_apart_in_the_longer_language(qtbot, desktop, recordings, width):
    drop_files(desktop.window, *recordings)
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 3)
    change(qtbot, desktop, "es")
    desktop.window.resize(width, 420)
    table = desktop.window.table
    assert table.columnWidth(column_index("name")) >= 24 * table.fontMetrics().averageCharWidth()


def test_keys_are_called_as_they_are_printed_and_alike_everywhere(qtbot, desktop):
    change(qtbot, desktop, "es")
    window, commands = desktop.window, desktop.window.commands
    told = [
        action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        for action in (commands.monitor, commands.jobs["remove"], commands.jobs["open"])
    ]
    assert told == ["Ctrl+Mayús+W", "Supr", "Intro"]
    assert commands.monitor.toolTip().endswith("(Ctrl+Mayús+W)")
    assert window.panel.search.placeholderText() == "Buscar (Ctrl+F)"


def test_a_moment_is_written_alike_everywhere(spanish):
    words, at = UiLabels(), QDateTime(QDate(2026, 11, 28), QTime(13, 14, 15)).toSecsSinceEpoch()
    assert words.exact(at).replace(":15", "", 1) == words.moment(at)
    assert words.moment(at).startswith(words.day(at))


def test_all_default_columns_fit_into_a_window_of_the_default_size(qtbot, desktop, recordings):
    drop_files(desktop.window, recordings[0])
    qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 1)
    for choice in ("system", "es"):
        if choice == "es":
            change(qtbot, desktop, choice)
            qtbot.waitUntil(lambda: desktop.window.jobs.rowCount() == 1)
        desktop.window.resize(1220, 700)
        table = desktop.window.table
        qtbot.waitUntil(lambda table=table: table.viewport().width() > 1200)
        assert table.horizontalHeader().length() <= table.viewport().width(), choice
