import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from fi_desktop.gui import theme
from fi_desktop.gui.models_dialog.dialog import ModelsDialog
from fi_desktop.gui.preferences import PreferencesDialog
from fi_desktop.settings import SPECS, Page, load, save_changes
from tests.jobs.alert_servers import HookServer


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


def test_each_page_shows_its_settings(dialog):
    for index, page in enumerate(Page):
        dialog.pages.setCurrentRow(index)
        assert dialog.pages.currentItem().text() == page.value
        visible = {name for name, row in dialog.rows.items() if row.isVisible()}
        assert visible == {name for name, spec in SPECS.items() if spec.page is page}


def test_the_fields_title_and_help_come_from_the_spec(dialog):
    for name, spec in SPECS.items():
        editor = dialog.rows[name].field.editor
        assert editor.accessibleName() == spec.title
        assert editor.accessibleDescription().startswith(spec.help)


def test_defaults_are_shown_and_are_no_change(desktop, dialog):
    assert dialog.changes == {}
    shown = {name: row.value for name, row in dialog.rows.items()}
    assert shown == {name: spec.default for name, spec in SPECS.items()} | {"language": "en"}
    assert [name for name, row in dialog.rows.items() if not row.reset.isHidden()] == ["language"]


def test_changes_are_saved_and_apply_to_the_next_recordings(qtbot, desktop, window, program, dialog, home):
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
    assert window.jobs.texts.retries == 2


def test_invalid_input_shows_a_hint_and_disables_ok(qtbot, dialog):
    dialog.pages.setCurrentRow(2)
    row = dialog.rows["workers"]
    retype(dialog, "workers", "many")
    assert row.error == "Enter a whole number from 0 to 64."
    assert row.isVisible()
    assert not dialog.ok.isEnabled()
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert (row.error, row.value, row.reset.isHidden()) == ("", 0, True)
    assert dialog.ok.isEnabled()


def test_search_finds_titles_and_helps_on_all_pages(dialog):
    QTest.keyClicks(dialog.search, "worker")
    shown = {name for name, row in dialog.rows.items() if row.isVisible()}
    assert {"hard_limit_s", "stuck_after_s", "stop_grace_s", "recycle_mb"} <= shown
    assert "speakers" not in shown
    dialog.search.setText("xyz")
    assert not [name for name, row in dialog.rows.items() if row.isVisible()]
    dialog.pages.setCurrentRow(1)
    assert dialog.search.text() == ""
    visible = {name for name, row in dialog.rows.items() if row.isVisible()}
    assert visible == {name for name, spec in SPECS.items() if spec.page is Page.RECORDINGS}


def test_a_file_that_cannot_be_written_shows_an_error(qtbot, desktop, dialog, home):
    (home / "settings.toml").mkdir()
    choose(dialog, "theme", "light")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.message.isVisible())
    assert dialog.isVisible()
    assert dialog.ok.isEnabled()


def test_a_hard_limit_below_the_limit_shows_an_error(qtbot, desktop, dialog, home):
    retype(dialog, "hard_limit_s", "500")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.message.isVisible())
    assert dialog.message.text == "The hard time limit must not be shorter than the time limit."
    assert not (home / "settings.toml").exists()
    retype(dialog, "soft_limit_s", "500")
    press_ok(qtbot, desktop, dialog)
    assert load({"FI_DESKTOP_HOME": str(home)}).hard_limit_s == 500.0


def test_results_are_written_to_a_folder_once_it_is_chosen(qtbot, desktop, dialog, home, tmp_path):
    choose(dialog, "export_when", "reviewed")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.message.isVisible())
    assert dialog.message.text == "Choose the folder and the formats in which results are written."
    dialog.pages.setCurrentRow(list(Page).index(Page.EXPORTS))
    qtbot.mouseClick(dialog.rows["export_folder"].field.editor, Qt.MouseButton.LeftButton)
    dialog.rows["export_folder"].field._dialog.fileSelected.emit(str(tmp_path))
    menu = dialog.rows["export_formats"].field.editor.menu()
    next(action for action in menu.actions() if "PDF" in action.text()).trigger()
    retype(dialog, "export_name", "{date} {patient}")
    row = dialog.rows["export_name"]
    assert row.error.startswith("File names cannot contain {patient}.")
    assert not dialog.ok.isEnabled()
    retype(dialog, "export_name", "{date} {name}")
    press_ok(qtbot, desktop, dialog)
    written = load({"FI_DESKTOP_HOME": str(home)})
    assert (written.export_when, written.export_folder) == ("reviewed", str(tmp_path))
    assert (written.export_formats, written.export_name) == (("docx", "pdf"), "{date} {name}")


def test_cancel_changes_nothing(qtbot, desktop, dialog, program):
    retype(dialog, "keep_days", "1")
    qtbot.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert desktop.preferences.dialog is None
    assert program.settings.keep_days == 30.0


def test_models_and_watched_folders_open_from_the_dialog(qtbot, desktop, window, dialog):
    dialog.watched_folders.button.click()
    assert desktop.watch.dialog.isVisible()
    dialog.models.button.click()
    assert isinstance(window.models.dialog, ModelsDialog)
    assert window.models.dialog.isVisible()


class TestOverridden:
    @pytest.fixture
    def program(self, program, home):
        program.settings = load({"FI_DESKTOP_HOME": str(home), "FI_DESKTOP_SPEAKERS": "4"})
        return program

    def test_a_setting_of_the_environment_is_shown_read_only(self, dialog):
        row = dialog.rows["speakers"]
        assert row.value == "4"
        assert not row.field.isEnabled()
        assert row.reset.isHidden()


def test_language_changes_at_once(qtbot, desktop, window, dialog, home):
    choose(dialog, "language", "es")
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window is not window)
    assert desktop.language.code == "es"
    assert load({"FI_DESKTOP_HOME": str(home)}).language == "es"


def test_appearance_changes_at_once(qtbot, desktop, dialog):
    before = QApplication.palette()
    choose(dialog, "theme", "dark")
    press_ok(qtbot, desktop, dialog)
    qtbot.waitUntil(lambda: theme.is_dark(QApplication.palette()))
    theme.apply_scheme("system")
    assert QApplication.palette() == before


def test_a_pattern_shows_what_it_reads_and_a_bad_one_why(dialog):
    row = dialog.rows["name_pattern"]
    assert row.field.example.text() == "20261127_103000.wav → 11/27/26 10:30\u202fAM"
    row.field.editor.setEditText("{date} {case}")
    assert row.field.example.text() == "2026-11-27 García 12.wav → case García 12, 11/27/26"
    row.field.editor.setEditText("{date} {patient}")
    assert row.field.example.text() == ""
    assert "{patient}" in row.error
    assert not dialog.ok.isEnabled()
    row.field.editor.setCurrentIndex(1)
    assert (row.value, row.error) == ("{case}_{date}", "")


def test_settings_within_the_clinics_policy_are_shown_as_such(
    qtbot, tmp_path, monkeypatch: pytest.MonkeyPatch, bridge
):
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'keep_days = {min = 1, max = 30}\nexport_when = {fixed = "never"}\n'
        'notify = {only = ["never", "end"]}\n'
        "lock_after_min = {max = 15}\nkeep_trail_days = {min = 400}"
    )
    monkeypatch.setenv("FI_DESKTOP_POLICY", str(policy))
    settings = load()
    saved = []

    def change(changes):
        saved.append(changes)
        return save_changes(settings, changes)

    dialog = PreferencesDialog(settings, change, bridge)
    qtbot.addWidget(dialog)
    dialog.show()
    notes = {name: row.note for name, row in dialog.rows.items()}
    assert notes["export_when"] == "Set by your clinic"
    assert not dialog.rows["export_when"].field.isEnabled()
    assert notes["keep_days"].endswith("your clinic allows 1 to 30 days")
    assert notes["lock_after_min"] == "Default: 15 minutes  ·  your clinic allows at most 15 minutes"
    assert notes["keep_trail_days"].endswith("your clinic allows 400 days or more")
    assert notes["notify"].endswith("limited by your clinic")
    combo = dialog.rows["notify"].field.editor
    assert [combo.itemData(index) for index in range(combo.count())] == ["never", "end"]
    dialog.pages.setCurrentRow(list(Page).index(Page.STORAGE))
    for typed, hint in (
        ("31", "Enter a number from 1 to 30."),
        ("0", "Enter a number from 1 to 30."),
        ("9", ""),
    ):
        retype(dialog, "keep_days", typed)
        assert dialog.rows["keep_days"].error == hint
        assert dialog.ok.isEnabled() is not bool(hint)
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert saved == [{"keep_days": 9.0}]
    assert load().keep_days == 9.0


def test_a_test_of_the_alerts_is_sent_as_the_fields_say(qtbot, dialog, home):
    dialog.pages.setCurrentRow(list(Page).index(Page.ALERTS))
    button = dialog.alert_test.button
    button.click()
    qtbot.waitUntil(lambda: "No place is set" in dialog.message.text)
    server = HookServer()
    try:
        retype(dialog, "alert_webhook", server.address)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.message.text == "The test was sent: Web address.")
        assert json.loads(server.received.get(timeout=60)[1])["alert"] == "test"
        server.status = 503
        button.click()
        qtbot.waitUntil(lambda: "503" in dialog.message.text)
    finally:
        server.close()
    retype(dialog, "alert_webhook", "http://example.org")
    assert dialog.rows["alert_webhook"].error == "Enter an address that begins with https://."
    assert not button.isEnabled()
    assert load({"FI_DESKTOP_HOME": str(home)}).alert_webhook == ""
