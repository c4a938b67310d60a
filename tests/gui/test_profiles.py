"""Profiles in the window, and saved options."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.settings import load as load_settings
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import Choice, Profile, load_profiles, save_profiles
from tests.gui.events import drop_files

NIGHT = Profile("Night", Choice(JobOptions(SpeakerCount(2, 4), language="ca"), Priority.LOW))
DAY = Profile("Day", Choice(JobOptions(SpeakerCount(3, 3))))


def action(menu, text):
    (found,) = [action for action in menu.actions() if action.text() == text]
    return found


@pytest.fixture
def program(program, home):
    """A program with two saved profiles."""
    save_profiles(HomeFiles(home), [NIGHT, DAY])
    return program


@pytest.fixture
def menu(qtbot, window):
    menu = window.options.menu.profiles
    qtbot.waitUntil(lambda: window.profiles.custom == (NIGHT, DAY))
    return menu


def test_profile_is_chosen_summarized_and_used(qtbot, window, hand, menu, recordings):
    action(menu, "Night").trigger()
    assert window.options.choice() == NIGHT.choice
    assert window.options.speakers.currentText() == "2–4"
    assert window.options.more.text() == "Night"
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    job = hand.claim()
    assert (job.options, job.priority) == (NIGHT.choice.options, Priority.LOW)
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions() if a.isChecked()] == ["Night"]
    action(menu, "Consultation, 2 people").trigger()
    assert window.options.choice() == Choice()


def test_options_are_saved_as_a_profile(qtbot, window, menu, home):
    window.options.speakers.setCurrentText("5")
    action(menu, "&Save as profile…").trigger()
    dialog = window.profiles._dialog
    assert QTest.qWaitForWindowExposed(dialog)
    assert not dialog.save.isEnabled()
    qtbot.keyClicks(dialog.field, "Dictation, 1 person")
    assert not dialog.save.isEnabled()
    assert dialog.hint.text() == "This is the name of a built-in profile."
    dialog.field.clear()
    qtbot.keyClicks(dialog.field, "  Family   round ")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert [profile.name for profile in window.profiles.custom] == ["Night", "Day", "Family round"]
    qtbot.waitUntil(lambda: len(load_profiles(HomeFiles(home))) == 3)
    assert load_profiles(HomeFiles(home))[2].choice == Choice(JobOptions(SpeakerCount(5, 5)))
    assert window.options.more.text() == "Family round"


def test_profile_of_the_same_name_is_replaced(qtbot, window, menu):
    action(menu, "&Save as profile…").trigger()
    dialog = window.profiles._dialog
    dialog.field.setText("Day")
    assert dialog.hint.text() == "The profile of this name will be replaced."
    dialog.accept()
    assert window.profiles.custom == (NIGHT, Profile("Day", Choice()))


def test_profiles_are_renamed_deleted_and_restored(qtbot, window, menu, home):
    action(menu, "&Edit profiles…").trigger()
    dialog = window.profiles._dialog
    assert QTest.qWaitForWindowExposed(dialog)
    assert dialog.summary.text() == "2–4 speakers · Catalan · Low\nExport: as in the settings"
    with qtbot.waitSignal(window.profiles.renamed) as renamed:
        dialog.list.item(0).setText(" Nights ")
    assert renamed.args == ["Night", "Nights"]
    dialog.list.item(0).setText("Day")  # taken
    assert [profile.name for profile in window.profiles.custom] == ["Nights", "Day"]
    qtbot.mouseClick(dialog.delete, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.delete, Qt.MouseButton.LeftButton)
    assert window.profiles.custom == ()
    assert not dialog.delete.isEnabled()
    qtbot.mouseClick(dialog.undo, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.undo, Qt.MouseButton.LeftButton)
    assert [profile.name for profile in window.profiles.custom] == ["Nights", "Day"]
    assert not dialog.undo.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: [profile.name for profile in load_profiles(HomeFiles(home))] == ["Nights", "Day"])


class TestDamaged:
    @pytest.fixture
    def program(self, program, home):
        (home / "profiles.json").write_text("[")
        return program

    def test_damaged_profiles_show_one_sentence(self, qtbot, window):
        qtbot.waitUntil(lambda: "set aside as profiles-unreadable.json" in window.message.text)
        assert action(window.options.menu.profiles, "Dictation, 1 person").isEnabled()
        assert not action(window.options.menu.profiles, "&Edit profiles…").isEnabled()


def test_last_options_are_kept_until_the_defaults_change(qtbot, window, program):
    window.options.choose(NIGHT.choice)

    def opened_again(**settings) -> MainWindow:
        changed = load_settings({"FI_DESKTOP_HOME": str(program.settings.home)}, **settings)
        again = MainWindow(program.service, changed, window._bridge)
        again.closable = True
        qtbot.addWidget(again)
        return again

    assert opened_again().options.choice() == NIGHT.choice
    assert str(opened_again(speakers="4").options.options().speakers) == "4"


def test_chosen_model_is_kept_until_it_is_listed(window):
    window.options.choose(Choice(JobOptions(transcriber="faster-whisper-small")))
    assert window.options.options().transcriber == "auto"
    window.options.offer_packs(["faster-whisper-small"])
    assert window.options.options().transcriber == "faster-whisper-small"
