"""Profiles and watched folders that have results written in their own way, by real events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QMenu, QPushButton, QWidget

from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.gui.adding.own_exports_dialog import OwnExportsDialog
from fi_desktop.jobs.automatic_exports import ExportingThread
from fi_desktop.jobs.export_rules import ExportRule, load_rules
from fi_desktop.settings import save
from fi_desktop.settings.policy import Policy, Rule
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import Choice, Profile, WatchedFolder, load_folders, load_profiles, save_profiles
from tests.gui import samples
from tests.gui.conftest import FakeApp
from tests.gui.events import drop_files


@pytest.fixture
def common(home: Path, tmp_path: Path) -> Path:
    """The folder of the settings."""
    folder = tmp_path / "Results"
    folder.mkdir()
    save(home, {"export_when": "completed", "export_folder": str(folder), "export_formats": ("txt",)})
    return folder


@pytest.fixture
def program(common, home) -> FakeApp:
    """The program with a profile for therapy."""
    save_profiles(HomeFiles(home), [Profile("Therapy", Choice(JobOptions(language="ca")))])
    return FakeApp(home)


@pytest.fixture
def damaged(program, home) -> None:
    """The profile's rule was damaged."""
    save_profiles(HomeFiles(home), [Profile("Therapy", Choice(exports="a1"))])
    (home / "export-rules.json").write_text("{", encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "Therapy"
    folder.mkdir()
    return folder


@pytest.fixture
def exports(program, desktop) -> Iterator[ExportingThread]:
    thread = ExportingThread(program.service, program.settings, now=time.time, look_s=0.05)
    thread.start()
    yield thread
    thread.close()


@pytest.fixture
def profiles(qtbot, window, exports):
    """The dialog of profiles."""
    qtbot.waitUntil(lambda: len(window.profiles.custom) == 1)
    window.profiles._on_edit_requested()
    dialog = window.profiles._dialog
    assert QTest.qWaitForWindowExposed(dialog)
    return dialog


def choose(field, label: str) -> None:
    """Choose an entry of a drop-down list by its keys."""
    combo = field.findChild(QComboBox)
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.count()):
        if combo.currentText() == label:
            return
        QTest.keyClick(combo, Qt.Key.Key_Down)
    raise AssertionError(f"no {label} among {[combo.itemText(row) for row in range(combo.count())]}")


def choose_folder(qtbot, field, folder: Path) -> None:
    qtbot.mouseClick(field.findChild(QPushButton), Qt.MouseButton.LeftButton)
    (dialog,) = (each for each in field.findChildren(QFileDialog) if each.isVisible())
    dialog.selectFile(str(folder))
    dialog.fileSelected.emit(str(folder))
    dialog.done(QFileDialog.DialogCode.Accepted)


def choose_format(field, *titles: str) -> None:
    menu = field.findChild(QMenu)
    menu.popup(QPoint(0, 0))
    for action in menu.actions():
        if (action.text() in titles) != action.isChecked():
            action.trigger()
    menu.close()


def press_export(qtbot, dialog) -> OwnExportsDialog:
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    (opened,) = (each for each in dialog.findChildren(OwnExportsDialog) if each.isVisible())
    return opened


def finish(qtbot, window, hand, number: int) -> None:
    job = hand.claim()
    hand.complete(job, samples.conversation(3))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == number)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_profile_has_its_results_written_to_its_own_folder(
    qtbot, window, hand, home, exports, profiles, recordings, common, own
):
    dialog = press_export(qtbot, profiles)
    assert dialog.when.findChild(QComboBox).currentText() == "As in the settings"
    assert not dialog.folder.isVisible()
    choose(dialog.when, "When they are completed")
    assert (dialog.hint.text(), dialog.save.isEnabled()) == ("Choose the folder for the results.", False)
    choose_folder(qtbot, dialog.folder, own)
    choose_format(dialog.formats)
    assert (dialog.hint.text(), dialog.save.isEnabled()) == ("Choose at least one format.", False)
    choose_format(dialog.formats, "Text (to read)")
    line = dialog.name.findChild(QLineEdit)
    line.selectAll()
    QTest.keyClicks(line, "{nombre}")
    assert dialog.hint.text().startswith("File names cannot contain {nombre}.")
    line.selectAll()
    QTest.keyClicks(line, "T {name}")
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    said = f"Export: When they are completed · {own} · Text (to read)"
    assert profiles.summary.text().splitlines()[1] == said
    qtbot.waitUntil(
        lambda: (
            bool(load_profiles(HomeFiles(home))) and bool(load_profiles(HomeFiles(home))[0].choice.exports)
        )
    )
    (key,) = load_rules(HomeFiles(home))
    assert load_profiles(HomeFiles(home))[0].choice.exports == key

    window.options.choose(window.profiles.custom[0].choice)
    assert window.options.more.toolTip().endswith("Export: as the profile says")
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    finish(qtbot, window, hand, 1)
    qtbot.waitUntil(lambda: names(own) == ["T First.txt"])
    assert names(common) == []

    window.options.menu.own_export.trigger()  # only this time as in the settings
    assert window.options.choice().exports == ""
    drop_files(window, recordings[1])
    qtbot.waitUntil(lambda: window.jobs.total == 2)
    finish(qtbot, window, hand, 2)
    qtbot.waitUntil(lambda: names(common) == ["Second ñ.txt"])
    assert names(own) == ["T First.txt"]


def test_a_profile_that_is_deleted_or_renamed_keeps_results_from_the_common_folder(
    qtbot, window, hand, home, exports, profiles, recordings, common
):
    dialog = press_export(qtbot, profiles)
    choose(dialog.when, "Never")
    assert not dialog.folder.isVisible()
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert profiles.summary.text().splitlines()[1] == "Export: Never"
    window.profiles.rename(window.profiles.custom[0], "Family therapy")
    window.options.choose(window.profiles.custom[0].choice)
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    assert "own export" in window.message.text
    qtbot.mouseClick(profiles.delete, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [rule.owned for rule in load_rules(HomeFiles(home)).values()] == [False])
    window.options.choose(Choice())
    drop_files(window, recordings[1])
    qtbot.waitUntil(lambda: window.jobs.total == 2)
    for number in (1, 2):
        finish(qtbot, window, hand, number)
    qtbot.waitUntil(lambda: names(common) == ["Second ñ.txt"])
    assert exports.caught_up.wait(60)
    qtbot.mouseClick(profiles.undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [rule.owned for rule in load_rules(HomeFiles(home)).values()] == [True])
    assert names(common) == ["Second ñ.txt"]


def test_a_profile_that_is_saved_from_another_one_has_its_own_rule(
    qtbot, window, home, exports, profiles, own
):
    window.profiles.set_exports(window.profiles.custom[0], ExportRule("completed", str(own)))
    window.options.choose(window.profiles.custom[0].choice)
    window.profiles.save("Couples", window.options.choice())
    first, second = (profile.choice.exports for profile in window.profiles.custom)
    assert window.options.choice().exports == second != first
    window.profiles.set_exports(window.profiles.custom[1], ExportRule("never"))
    assert window.profiles.exports.rule(first).when == "completed"
    assert window.options.choice() == window.profiles.custom[1].choice  # the window follows
    window.profiles.save("Couples", Choice())
    assert window.profiles.custom[1].choice == Choice()
    qtbot.waitUntil(
        lambda: {rule.when for rule in load_rules(HomeFiles(home)).values()} == {"completed", "settings"}
    )


def test_recordings_just_added_take_the_export_of_another_profile(
    qtbot, window, hand, exports, recordings, common, own
):
    qtbot.waitUntil(lambda: len(window.profiles.custom) == 1)
    window.profiles.set_exports(
        window.profiles.custom[0], ExportRule("completed", str(own), formats=("srt",))
    )
    drop_files(window, recordings[0])
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    qtbot.waitUntil(lambda: window.message.action_button.text() == "Change…")
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
    form = window.add_controller.sheet.form
    form.profile.setCurrentIndex(form.profile.findData("Therapy"))
    form.profile.activated.emit(form.profile.currentIndex())
    qtbot.mouseClick(window.add_controller.sheet.apply, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.message.text.startswith("1 recording changed: "))
    finish(qtbot, window, hand, 1)
    qtbot.waitUntil(lambda: names(own) == ["First.srt"])
    assert names(common) == []


def test_a_watched_folder_has_results_written_next_to_its_recordings(
    qtbot, desktop, window, hand, home, exports, tmp_path, common
):
    shared = tmp_path / "Shared"
    (shared / "Monday").mkdir(parents=True)
    desktop.watch.watcher.interval_s = 0.02
    window.commands.watch.trigger()
    watched = desktop.watch.dialog
    assert QTest.qWaitForWindowExposed(watched)
    watched.propose(WatchedFolder(shared, subfolders=True))
    qtbot.waitUntil(lambda: watched.list.count() == 1)
    assert watched.exported.text() == "As the profile says"
    dialog = press_export(qtbot, watched)
    choose(dialog.when, "When they are completed")
    assert dialog.place.findChild(QComboBox).currentText() == "Next to the recordings"
    assert not dialog.folder.isVisible()
    choose(dialog.place, "Subfolder “Transcripts”")
    choose_format(dialog.formats, "Text (to read)")
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    said = "When they are completed · in a subfolder “Transcripts” · Text (to read)"
    qtbot.waitUntil(lambda: watched.exported.text() == said)
    qtbot.waitUntil(
        lambda: (
            bool(load_folders(HomeFiles(home)))
            and load_folders(HomeFiles(home))[0].exports in load_rules(HomeFiles(home))
        )
    )
    (shared / "Monday" / "a.wav").write_bytes(b"RIFF a")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    finish(qtbot, window, hand, 1)
    results = shared / "Monday" / "Transcripts"
    qtbot.waitUntil(lambda: results.is_dir() and names(results) == ["a.txt"])

    def state() -> str:
        return watched.list.item(0).text().splitlines()[1]

    (shared / "letter.odt").write_text("Dear colleague")  # so that the folder was scanned since
    qtbot.waitUntil(lambda: "(1 .odt)" in state())  # what the program wrote is not counted
    assert names(common) == []
    assert window.jobs.total == 1

    dialog = press_export(qtbot, watched)
    choose(dialog.when, "As the profile says")
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: load_folders(HomeFiles(home)) == (WatchedFolder(shared, subfolders=True),))
    (shared / "b.wav").write_bytes(b"RIFF b")
    qtbot.waitUntil(lambda: window.jobs.total == 2)
    finish(qtbot, window, hand, 2)
    qtbot.waitUntil(lambda: names(common) == ["b.txt"])
    assert names(results) == ["a.txt"]


def test_damaged_rules_are_announced_and_the_profile_exports_nothing(
    qtbot, damaged, window, hand, home, exports, recordings, common
):
    said = "The export settings of profiles and watched folders were damaged"
    qtbot.waitUntil(lambda: window.message.text.startswith(said))
    assert (home / "export-rules-unreadable.json").read_text(encoding="utf-8") == "{"
    qtbot.waitUntil(lambda: len(window.profiles.custom) == 1)
    window.options.choose(window.profiles.custom[0].choice)
    drop_files(window, recordings[0])
    window.options.choose(Choice())
    drop_files(window, recordings[1])
    qtbot.waitUntil(lambda: window.jobs.total == 2)
    for number in (1, 2):
        finish(qtbot, window, hand, number)
    qtbot.waitUntil(lambda: names(common) == ["Second ñ.txt"])
    assert exports.caught_up.wait(60)
    assert names(common) == ["Second ñ.txt"]


def test_a_rule_stays_within_the_clinics_policy(qtbot, dressed, tmp_path):
    rules = {"export_when": Rule(only=("never", "signed")), "export_formats": Rule(only=("pdf",))}
    host = QWidget()
    qtbot.addWidget(host)
    start = ExportRule(folder=str(tmp_path))
    dialog = OwnExportsDialog(start, "As in the settings", host, policy=Policy(rules))
    dialog.show()
    choose(dialog.when, "When they are completed")
    said = "Setting export_when: your clinic allows only never, signed."
    assert (dialog.hint.text(), dialog.save.isEnabled()) == (said, False)
    choose(dialog.when, "When they are signed")
    said = "Setting export_formats: your clinic allows only pdf."
    assert (dialog.hint.text(), dialog.save.isEnabled()) == (said, False)
    choose_format(dialog.formats, "PDF")
    assert dialog.save.isEnabled()
