"""The options for new recordings, and their summary."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolBar, QToolButton

from fi_desktop.core.values import JobOptions, NumberStyle, SpeakerCount
from fi_desktop.engines import term_lists
from fi_desktop.gui.adding.languages_dialog import LanguagesDialog
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.window_state import WindowState
from fi_desktop.vault import keys_folder
from fi_desktop.vault.vault import Vault
from fi_desktop.watch.config import Choice

PACKS = ("faster-whisper-small", "faster-whisper-large-v3")


@pytest.fixture
def bar(qtbot, dressed):
    bar = OptionsBar(JobOptions(), packs=PACKS)
    qtbot.addWidget(bar)
    bar.show()
    return bar


def choose(bar, text):
    menus = [bar.menu, *(action.menu() for action in bar.menu.actions() if action.menu())]
    (action,) = [action for menu in menus for action in menu.actions() if action.text() == text]
    action.trigger()


def summary(bar):
    shown = bar.more.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    return bar.more.text() if shown else ""


def test_options_start_with_the_defaults(bar):
    assert bar.options() == JobOptions()
    assert summary(bar) == ""
    assert "Language: Detect automatically" in bar.more.toolTip()
    assert "Transcription: Automatic (best installed)" in bar.more.accessibleDescription()


def test_language_and_transcriber_are_chosen_and_summarized(bar):
    choose(bar, "Spanish")
    choose(bar, "Whisper Small")
    assert bar.options() == JobOptions(language="es", transcriber="faster-whisper-small")
    assert summary(bar) == "Whisper Small · Spanish"
    choose(bar, "Catalan")
    assert bar.options().language == "ca"
    choose(bar, "None (only who spoke when)")
    assert summary(bar) == "No transcript · Catalan"
    assert "Transcription: None (only who spoke when)" in bar.more.toolTip()


def test_installed_and_removed_packs_change_the_menu(bar):
    choose(bar, "Whisper Small")
    bar.offer_packs((*PACKS, "mine"))
    assert bar.options().transcriber == "faster-whisper-small"
    choose(bar, "mine")
    bar.offer_packs(PACKS)
    assert bar.options().transcriber == "auto"
    assert summary(bar) == ""


def test_vocabulary_is_edited(qtbot, bar):
    bar.menu.edit_words.trigger()
    dialog = bar.menu._dialog
    assert QTest.qWaitForWindowExposed(dialog)
    qtbot.keyClicks(dialog.field, "  lorazepam ")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    qtbot.keyClicks(dialog.field, "Ely  Lilly")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    qtbot.keyClicks(dialog.field, "lorazepam")
    dialog.accept()
    assert bar.options().vocabulary == ("lorazepam", "Ely Lilly")
    assert summary(bar) == "2 words"
    assert "Vocabulary: lorazepam, Ely Lilly" in bar.more.toolTip()
    bar.menu.edit_words.trigger()
    assert bar.menu._dialog.field.toPlainText() == "lorazepam\nEly Lilly"
    bar.menu._dialog.field.clear()
    bar.menu._dialog.reject()
    assert bar.options().vocabulary == ("lorazepam", "Ely Lilly")


def test_vocabulary_lists_and_numbers_are_chosen(qtbot, bar):
    bar.offer_term_lists((*term_lists.SPECIALTIES, "our_people"))
    bar.menu.edit_words.trigger()
    dialog = bar.menu._dialog
    assert QTest.qWaitForWindowExposed(dialog)
    assert dialog.boxes.box("our_people").text() == "our people"
    for name in ("cardiology", "our_people"):
        qtbot.mouseClick(dialog.boxes.box(name), Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    dialog.accept()
    choose(bar, "Numbers in digits (40 mg)")
    assert bar.options() == JobOptions(
        vocabulary_lists=("cardiology", "our_people"), numbers=NumberStyle.DIGITS
    )
    assert "Vocabulary lists: Cardiology, our people" in bar.more.toolTip()
    bar.choose(Choice(JobOptions(vocabulary_lists=("removed",))))
    bar.menu.edit_words.trigger()
    assert bar.menu._dialog.boxes.chosen == ("removed",)
    bar.menu._dialog.reject()


def test_narrow_toolbar_keeps_the_bar_and_drops_its_summary(qtbot, dressed):
    toolbar = QToolBar()
    qtbot.addWidget(toolbar)
    bar = OptionsBar(JobOptions(), toolbar)
    toolbar.addWidget(bar)
    choose(bar, "Spanish")
    toolbar.resize(toolbar.sizeHint().width() + 300, 50)
    toolbar.show()
    qtbot.waitUntil(lambda: summary(bar) == "Spanish")
    toolbar.resize(bar.sizeHint().width() - 30, 50)
    qtbot.waitUntil(lambda: summary(bar) == "")
    assert bar.isVisible()


@pytest.mark.parametrize("width", [760, 850, 1000, 1500])
def test_options_are_reachable_at_any_window_width(qtbot, window, width):
    choose(window.options, "Spanish")
    window.resize(width, 420)
    qtbot.waitUntil(lambda: window.width() == width)
    for widget in (window.options.speakers, window.options.more):
        assert widget.isVisible()
        assert window.rect().contains(widget.geometry().translated(window.options.mapTo(window, QPoint())))
    (cancel,) = [b for b in window.findChildren(QToolButton) if b.accessibleName() == "Cancel"]
    words = cancel.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    assert words or width < 1500


def test_menu_opens(qtbot, bar):
    bar.menu.popup(bar.mapToGlobal(bar.rect().bottomLeft()))
    (languages,) = [a.menu() for a in bar.menu.actions() if a.menu() and a.text() == "Other languages"]
    languages.popup(bar.mapToGlobal(bar.rect().topRight()))
    assert not languages.grab().isNull()
    languages.hide()
    bar.menu.hide()


def test_settings_are_selected_at_the_start_and_not_summarized(qtbot):
    usual = JobOptions(SpeakerCount(3, 3), "builtin", "cy", transcriber=PACKS[0], vocabulary=("enalapril",))
    bar = OptionsBar(usual, packs=PACKS)
    qtbot.addWidget(bar)
    assert bar.options() == usual
    assert bar.more.text() == ""


def test_both_languages_of_a_clinic_are_chosen_at_once(bar):
    assert [action.text() for action in bar.menu._languages.actions()][:2] == [
        "Detect automatically",
        "Spanish and English",
    ]
    choose(bar, "Spanish and English")
    assert bar.options().languages == ("es", "en")
    assert summary(bar) == "Spanish and English"


def test_several_languages_are_checked_in_a_list(qtbot, bar):
    bar.menu.edit_languages.trigger()
    dialog = bar.findChild(LanguagesDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.languages == ("es", "en")
    items = [dialog.list.item(row) for row in range(dialog.list.count())]
    for item in items[:2]:
        item.setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.use.isEnabled()
    for item in items[:5]:
        item.setCheckState(Qt.CheckState.Checked)
    assert not dialog.use.isEnabled()
    for item in items[2:5]:
        item.setCheckState(Qt.CheckState.Unchecked)
    (french,) = [item for item in items if item.text() == "French"]
    french.setCheckState(Qt.CheckState.Checked)
    dialog.use.click()
    assert bar.options().languages == ("es", "en", "fr")
    assert summary(bar).startswith("Spanish, English and")
    bar.choose(Choice(JobOptions()))
    bar.choose(Choice(JobOptions(language="es,en,fr")))
    assert bar.options().language == "es,en,fr"


def test_what_was_typed_for_a_recording_is_not_saved_in_clear(qtbot, home):
    usual = Choice()
    typed = replace(
        usual, options=JobOptions(language="es", prompt="Sospecha", vocabulary=("Quiquirimundi",))
    )
    WindowState(home).save_choice(usual, typed)
    assert WindowState(home).restore_choice(usual) == typed
    Vault.create(keys_folder(home), keyring=False, passphrase="caballo grapa pila").close()
    state = WindowState(home)
    state.save_choice(usual, typed)
    assert state.restore_choice(usual) == replace(usual, options=JobOptions(language="es"))
    del state
    QCoreApplication.processEvents()
    assert b"Quiquirimundi" not in (home / "window.ini").read_bytes()
