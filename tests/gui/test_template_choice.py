"""Choosing a template in the window and in the settings, exporting, and the folder of templates."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMenu

from fi_desktop.core.job import JobState
from fi_desktop.gui.template_choice import TemplateMenu
from fi_desktop.gui.window_state import WindowState
from fi_desktop.settings import Page, load, save
from tests.gui import samples
from tests.gui.events import drop_files
from tests.gui.test_export import RecordedUrls, answer, choose_format, names

OWN = """
name = { en = "Home & garden", es = "Casa" }
heading = "Clínica del Valle"
file_name = "{name}, {speakers}"
"""


@pytest.fixture
def own(home: Path) -> Path:
    folder = home / "templates"
    folder.mkdir()
    (folder / "casa.toml").write_text(OWN, encoding="utf-8")
    return folder


@pytest.fixture
def done(qtbot, own, window, hand, recordings) -> list[int]:
    """Two completed jobs."""
    drop_files(window, *recordings[:2])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)
    ids = []
    for seed in (1, 2):
        job = hand.claim()
        hand.complete(job, samples.conversation(5, seed=seed))
        ids.append(job.id)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
    return ids


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def opened(export: QMenu) -> TemplateMenu:
    """Open the menu of templates with the keyboard's events."""
    (menu,) = (a.menu() for a in export.actions() if a.menu() and a.text() == a.menu().title() == "&Template")
    menu.popup(export.pos())
    assert QTest.qWaitForWindowExposed(menu)
    return menu


def pick(menu: QMenu, word: str) -> None:
    """Click an entry."""
    (action,) = (action for action in menu.actions() if word in action.text())
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def checked(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.isChecked()]


def entry(menu: QMenu, word: str) -> QAction:
    (action,) = (action for action in menu.actions() if word in action.text())
    return action


def shown_dialog(qtbot, window) -> QFileDialog:
    def visible() -> list[QFileDialog]:
        return [dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible()]

    qtbot.waitUntil(lambda: len(visible()) == 1)
    return visible()[0]


def paragraphs(file: Path) -> list[str]:
    return [paragraph.text for paragraph in docx.Document(str(file)).paragraphs]


def test_chosen_template_gives_the_file_its_look_and_name(qtbot, window, home, done, target):
    window.table.select(done[0])
    menu = opened(window.commands.export)
    assert [action.text() for action in menu.actions() if action.text()] == [
        "&None",
        "Consultation",
        "Interview",
        "Home && garden",
        "Open the &folder of templates",
    ]
    assert checked(menu) == ["&None"]
    pick(menu, "garden")
    choose_format(window, "Word")
    dialog = shown_dialog(qtbot, window)
    (name,) = (Path(name).name for name in dialog.selectedFiles())
    assert name.startswith("First, Speaker 1")
    assert name.endswith(".docx")
    answer(window, target / name)
    qtbot.waitUntil(lambda: window.message.text.startswith("Saved as First, Speaker 1"))
    assert paragraphs(target / name)[0] == "Clínica del Valle"
    assert checked(opened(window.commands.export)) == ["Home && garden"]
    assert WindowState(home).template("") == "casa"


def test_table_of_the_consultation_is_in_the_file(qtbot, window, done, target):
    window.table.select(done[0])
    pick(opened(window.commands.export), "Consultation")
    choose_format(window, "Word")
    shown_dialog(qtbot, window)
    answer(window, target / "a.docx")
    qtbot.waitUntil((target / "a.docx").exists)
    (table,) = docx.Document(str(target / "a.docx")).tables
    assert [cell.text for cell in table.rows[0].cells] == ["Time", "Speaker", "Text"]


def test_several_results_get_their_own_names(qtbot, window, done, target):
    window.table.selectAll()
    pick(opened(window.commands.export), "garden")
    choose_format(window, "Text")
    shown_dialog(qtbot, window)
    answer(window, target)
    qtbot.waitUntil(lambda: window.message.text == "2 files written.")
    assert [name.split(",")[0] for name in names(target)] == ["First", "Second ñ"]
    assert all("Speaker 1" in name for name in names(target))


def test_bad_template_cannot_be_chosen_and_says_why(qtbot, window, own, done):
    (own / "mala.toml").write_text("times = 1")
    menu = opened(window.commands.export)
    bad = entry(menu, "mala")
    assert not bad.isEnabled()
    assert bad.toolTip() == "The template mala.toml is not used: times must be true or false."
    assert menu.toolTipsVisible()
    pick(menu, "mala")
    assert window.templates.name == ""
    menu.close()


def test_template_that_vanished_while_chosen_is_said_and_nothing_is_written(qtbot, window, own, done, target):
    window.table.select(done[0])
    pick(opened(window.commands.export), "garden")
    (own / "casa.toml").unlink()
    choose_format(window, "Word")
    said = "There is no template casa. There are: consultation, interview."
    qtbot.waitUntil(lambda: window.message.text == said)
    assert not [dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible()]
    window.message.dismiss()
    window.commands.export.note_requested.emit()
    qtbot.waitUntil(lambda: window.message.text == said)
    menu = opened(window.commands.export)
    assert checked(menu) == ["casa (missing)"]
    pick(menu, "None")
    choose_format(window, "Word")
    answer(window, target / "a.docx")
    qtbot.waitUntil((target / "a.docx").exists)


def test_template_broken_while_chosen_is_said_in_the_windows_language(qtbot, desktop, window, own, done):
    pick(opened(window.commands.export), "garden")
    (own / "casa.toml").write_text('layout = "tabla"')
    desktop.set_language("es")
    window = desktop.window
    assert window.templates.name == "casa"
    window.table.select(done[0])
    window.job_controller.export("docx")
    said = "La plantilla casa.toml no se usa: layout debe ser uno de estos: table, paragraphs, questions."
    qtbot.waitUntil(lambda: window.message.text == said)


def test_note_follows_the_template(qtbot, window, done):
    window.table.select(done[0])
    pick(opened(window.commands.export), "garden")
    window.commands.export.note_requested.emit()
    qtbot.waitUntil(lambda: window.message.text == "1 result copied as a note.")
    assert QApplication.clipboard().text().startswith("Clínica del Valle\n")
    assert "Draft, not reviewed." in QApplication.clipboard().text()


def test_result_window_follows_the_same_template(qtbot, window, done, target):
    pick(opened(window.commands.export), "garden")
    job = window.windows.open(done[0])
    qtbot.waitUntil(lambda: job.result is not None)
    assert checked(opened(job.result.export.formats)) == ["Home && garden"]
    entry(job.result.export.formats, "Word").trigger()
    shown_dialog(qtbot, job)
    answer(job, target / "a.docx")
    qtbot.waitUntil((target / "a.docx").exists)
    assert paragraphs(target / "a.docx")[0] == "Clínica del Valle"


def test_folder_of_templates_gets_copies_and_opens(qtbot, window, own):
    opened_urls = RecordedUrls()
    pick(opened(window.commands.export), "folder")
    qtbot.waitUntil(lambda: len(opened_urls.urls) == 1)
    opened_urls.close()
    assert Path(opened_urls.urls[0].toLocalFile()) == own
    assert names(own) == ["casa.toml", "consultation.toml", "interview.toml"]


def test_setting_is_followed_until_another_is_chosen_in_the_menu(qtbot, desktop, window, own, home, program):
    pick(opened(window.commands.export), "Interview")
    window.commands.preferences.trigger()
    dialog = desktop.preferences.dialog
    assert QTest.qWaitForWindowExposed(dialog)
    dialog.pages.setCurrentRow(list(Page).index(Page.EXPORTS))
    row = dialog.rows["export_template"]
    combo = row.field.editor
    assert [combo.itemText(number) for number in range(combo.count())] == [
        "None",
        "Consultation",
        "Interview",
        "Home & garden",
    ]
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Down)
    assert row.value == "consultation"
    recorded = RecordedUrls()
    qtbot.mouseClick(dialog.templates.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(recorded.urls) == 1)
    recorded.close()
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.preferences.dialog is None)
    assert load({"FI_DESKTOP_HOME": str(home)}).export_template == "consultation"
    qtbot.waitUntil(lambda: window.templates.name == "consultation")
    pick(opened(window.commands.export), "None")
    assert window.templates.name == ""
    assert WindowState(home).template("consultation") == ""


def test_settings_say_why_a_template_is_not_offered(qtbot, desktop, window, own):
    (own / "mala.toml").write_text("times = 1")
    (own / "peor.toml").write_text("[")
    window.commands.preferences.trigger()
    dialog = desktop.preferences.dialog
    assert QTest.qWaitForWindowExposed(dialog)
    assert dialog.rows["export_template"].field.editor.findData("mala") < 0
    shown = [label.text() for label in dialog.templates.findChildren(QLabel)]
    assert (
        "The template mala.toml is not used: times must be true or false.\n"
        "The template peor.toml is not used: line 1 is not written as TOML requires."
    ) in shown
    dialog.reject()


class TestMissing:
    @pytest.fixture
    def program(self, program, home):
        save(home, {"export_template": "perdida"})
        program.settings = load({"FI_DESKTOP_HOME": str(home), "FI_DESKTOP_LANGUAGE": "en"})
        return program

    def test_missing_template_stays_in_the_settings_until_another_is_chosen(self, qtbot, desktop, window):
        window.commands.preferences.trigger()
        dialog = desktop.preferences.dialog
        assert QTest.qWaitForWindowExposed(dialog)
        combo = dialog.rows["export_template"].field.editor
        assert (combo.currentText(), dialog.changes) == ("perdida", {})
        dialog.reject()
