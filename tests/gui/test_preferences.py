from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from fi_desktop.gui import theme
from fi_desktop.gui.models_dialog.dialog import ModelsDialog
from fi_desktop.gui.preference_fields import PreferenceWords
from fi_desktop.settings import ABOUT, DEFAULTS, load
from fi_desktop.settings.pages import SETTINGS, Deed


@pytest.fixture
def dialog(qtbot, desktop, window):
    window.commands.preferences.trigger()
    assert QTest.qWaitForWindowExposed(desktop.preferences.dialog)
    return desktop.preferences.dialog


def retype(dialog, name: str, text: str) -> None:
    line = dialog.rows[name].field.editor
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)


def choose(dialog, name: str, value: str) -> None:
    combo = dialog.rows[name].field.editor
    assert isinstance(combo, QComboBox)
    combo.setCurrentIndex(combo.findData(value))


def press_ok(qtbot, desktop, dialog) -> None:
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.preferences.dialog is None)


def test_every_setting_has_a_place_and_means_what_the_documentation_says(qtbot, dressed):
    shown = [name for names in SETTINGS.values() for name in names]
    assert sorted(shown) == sorted(ABOUT)
    words = PreferenceWords()
    assert {name: words.means(name) for name in shown} == {name: ABOUT[name].means for name in shown}
    for about in ABOUT.values():
        assert all(words.choice(value) for value in about.choices)


def test_the_defaults_are_shown_and_change_nothing(desktop, dialog):
    assert dialog.changes == {}
    shown = {name: row.value for name, row in dialog.rows.items()}
    assert shown == {**DEFAULTS, "language": "en"}
    assert [name for name, row in dialog.rows.items() if not row.reset.isHidden()] == ["language"]


def test_what_was_changed_is_written_and_used_for_the_next_recordings(
    qtbot, desktop, window, program, dialog, home
):
    choose(dialog, "speakers", "3")
    choose(dialog, "spoken_language", "es")
    retype(dialog, "retry_delays_s", "5, 10.5")
    dialog.rows["vocabulary"].field.editor.setPlainText("enalapril\n\nñandú")
    press_ok(qtbot, desktop, dialog)
    written = load({"FI_DESKTOP_HOME": str(home)})
    assert replace(written, language="en") == program.settings
    assert (written.speakers, written.retry_delays_s) == ("3", (5.0, 10.5))
    qtbot.waitUntil(lambda: window.options.options() == written.job_options)
    assert written.job_options.vocabulary == ("enalapril", "ñandú")
    assert window.jobs.cells.retries == 2


def test_a_bad_value_is_refused_where_it_is_typed(qtbot, dialog):
    dialog.pages.setCurrentRow(2)
    row = dialog.rows["workers"]
    retype(dialog, "workers", "many")
    assert row.trouble == "A whole number from 0 to 64 is wanted."
    assert row.isVisible()
    assert not dialog.ok.isEnabled()
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert (row.trouble, row.value, row.reset.isHidden()) == ("", 0, True)
    assert dialog.ok.isEnabled()


def test_a_search_finds_names_and_sentences_on_all_pages(dialog):
    QTest.keyClicks(dialog.search, "worker")
    shown = {name for name, row in dialog.rows.items() if row.isVisible()}
    assert {"hard_limit_s", "stuck_after_s", "stop_grace_s", "recycle_mb"} <= shown
    assert "speakers" not in shown
    dialog.search.setText("xyz")
    assert not [name for name, row in dialog.rows.items() if row.isVisible()]
    dialog.pages.setCurrentRow(1)
    assert dialog.search.text() == ""
    assert {name for name, row in dialog.rows.items() if row.isVisible()} == set(list(SETTINGS.values())[1])


def test_a_folder_that_cannot_be_written_is_said(qtbot, desktop, dialog, home):
    (home / "settings.toml").mkdir()
    choose(dialog, "theme", "light")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.message.isVisible())
    assert dialog.isVisible()
    assert dialog.ok.isEnabled()


def test_a_last_limit_before_the_limit_is_refused_in_a_sentence(qtbot, desktop, dialog, home):
    retype(dialog, "hard_limit_s", "500")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.message.isVisible())
    assert dialog.message.text == "The last time limit must not be shorter than the time limit."
    assert not (home / "settings.toml").exists()
    retype(dialog, "soft_limit_s", "500")
    press_ok(qtbot, desktop, dialog)
    assert load({"FI_DESKTOP_HOME": str(home)}).hard_limit_s == 500.0


def test_cancel_changes_nothing(qtbot, desktop, dialog, program):
    retype(dialog, "keep_days", "1")
    qtbot.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert desktop.preferences.dialog is None
    assert program.settings.keep_days == 30.0


def test_models_and_watched_folders_are_a_click_away(qtbot, desktop, window, dialog):
    dialog.deeds[Deed.OPEN_WATCHED].button.click()
    assert desktop.watch.dialog.isVisible()
    dialog.deeds[Deed.OPEN_MODELS].button.click()
    assert isinstance(window.models.dialog, ModelsDialog)
    assert window.models.dialog.isVisible()


class TestOverridden:
    @pytest.fixture
    def program(self, program, home):
        program.settings = load({"FI_DESKTOP_HOME": str(home), "FI_DESKTOP_SPEAKERS": "4"})
        return program

    def test_what_the_environment_gave_is_shown_and_not_changed(self, dialog):
        row = dialog.rows["speakers"]
        assert row.value == "4"
        assert not row.field.isEnabled()
        assert row.reset.isHidden()


def test_another_language_is_spoken_at_once(qtbot, desktop, window, dialog, home):
    choose(dialog, "language", "es")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window is not window)
    assert desktop.language.tongue == "es"
    assert load({"FI_DESKTOP_HOME": str(home)}).language == "es"


def test_the_appearance_follows_the_setting(qtbot, desktop, dialog):
    before = QApplication.palette()
    choose(dialog, "theme", "dark")
    press_ok(qtbot, desktop, dialog)
    qtbot.waitUntil(lambda: theme.is_dark(QApplication.palette()))
    theme.apply_scheme("system")
    assert QApplication.palette() == before
