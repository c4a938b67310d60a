"""Watched folders in the window: added, announced and removed."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fi_desktop.audio.media_files import LeftOut, Unreadable
from fi_desktop.core.errors import error_info
from fi_desktop.core.messages import verbatim
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.gui.adding.watched_folders import WatchedFolderLabels
from fi_desktop.gui.app_controller import AppController
from fi_desktop.system.files import disk_full
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import Choice, WatchedFolder, load_folders, save_folders
from fi_desktop.watch.watcher import FolderScan, FolderState, unseen
from tests.gui.conftest import FakeApp

FULL = error_info(disk_full())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Recorder"
    folder.mkdir()
    return folder


@pytest.fixture
def watch(desktop):
    """The controller of watched folders, with frequent scans."""
    desktop.watch.watcher.interval_s = 0.02
    return desktop.watch


@pytest.fixture
def dialog(qtbot, window, watch):
    window.commands.watch.trigger()
    assert QTest.qWaitForWindowExposed(watch.dialog)
    return watch.dialog


def press(qtbot, box, text):
    (button,) = [button for button in box.buttons() if button.text().replace("&", "") == text]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def state(dialog, row=0):
    return dialog.list.item(row).text().splitlines()[1]


def test_new_recording_is_added_and_announced_once(qtbot, window, watch, dialog, folder, home):
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.list.count() == 1 and state(dialog) == "Watching")
    qtbot.waitUntil(lambda: load_folders(HomeFiles(home)) == (WatchedFolder(folder),))
    assert watch.indicator.isVisible()
    assert (watch.indicator.text(), watch.indicator.accessibleName()) == ("1", "1 folder watched")
    for number in range(3):
        (folder / f"{number}.wav").write_bytes(b"RIFF%d" % number)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    qtbot.waitUntil(lambda: window.message.text == "3 recordings added from watched folders.")
    (folder / "4.wav").write_bytes(b"RIFF four")
    qtbot.waitUntil(lambda: window.message.text == "4 recordings added from watched folders.")
    assert state(dialog).startswith("Watching, 4 added, last ")
    (folder / "letter.txt").write_text("Dear colleague")
    told = "Watching, 1 file of another type skipped (1 .txt), 4 added, last "
    qtbot.waitUntil(lambda: state(dialog).startswith(told))
    assert told in watch.indicator.toolTip()


def test_existing_recordings_are_asked_about(qtbot, window, watch, dialog, folder):
    for number in range(2):
        (folder / f"{number}.wav").write_bytes(b"RIFF%d" % number)
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.question is not None)
    assert dialog.question.text() == "Add the 2 recordings already in this folder?"
    press(qtbot, dialog.question, "Cancel")
    assert watch.watcher.folders == ()
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.question is not None)
    press(qtbot, dialog.question, "Only new ones")
    qtbot.waitUntil(lambda: watch.watcher.folders == (WatchedFolder(folder),))
    (folder / "new.wav").write_bytes(b"RIFF new")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    assert window.jobs.row(window.jobs.index(0, 0)).name == "new.wav"


def test_existing_recordings_and_subfolders_can_be_included(qtbot, window, watch, dialog, folder, home):
    (folder / "a.wav").write_bytes(b"RIFF a")
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.question is not None)
    press(qtbot, dialog.question, "Add them")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    # written after the job is queued
    qtbot.waitUntil(lambda: not unseen(HomeFiles(home), WatchedFolder(folder)))
    (folder / "below").mkdir()
    (folder / "below" / "b.wav").write_bytes(b"RIFF b")
    qtbot.mouseClick(dialog.subfolders, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.question is not None)
    assert dialog.question.text() == "Add the recording already in this folder?"
    press(qtbot, dialog.question, "Add them")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)
    assert dialog.subfolders.isChecked()


def test_folder_uses_its_profile(qtbot, window, watch, dialog, folder, hand, home):
    night = Choice(JobOptions(language="ca"), Priority.LOW)
    window.profiles.save("Night", night)
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.list.count() == 1)
    dialog.profile.setCurrentText("Night")
    dialog.profile.activated.emit(dialog.profile.currentIndex())
    qtbot.waitUntil(lambda: watch.watcher.folders == (WatchedFolder(folder, profile="Night"),))
    window.profiles.rename(window.profiles.custom[0], "Nights")
    assert watch.watcher.folders == (WatchedFolder(folder, profile="Nights"),)
    assert dialog.profile.currentText() == "Nights"
    (folder / "a.wav").write_bytes(b"RIFF a")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    job = hand.claim()
    assert (job.options, job.priority) == (night.options, Priority.LOW)
    qtbot.waitUntil(lambda: load_folders(HomeFiles(home)) == (WatchedFolder(folder, profile="Nights"),))


def test_missing_folder_is_announced_once_until_it_returns(qtbot, window, watch, dialog, folder):
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.list.count() == 1 and state(dialog) == "Watching")
    folder.rmdir()
    sentence = "The watched folder “Recorder” is not available. It will be checked again."
    qtbot.waitUntil(lambda: window.message.text == sentence)
    assert state(dialog) == "Not available"
    assert "Not available" in watch.indicator.toolTip()
    assert watch.indicator.text() == "0 of 1"
    folder.mkdir()
    qtbot.waitUntil(lambda: not window.message.isVisible())
    assert state(dialog) == "Watching"


def test_each_missing_folder_is_announced(qtbot, window, watch, folder, tmp_path):
    other = tmp_path / "Other"
    watch.watch(WatchedFolder(folder), [])
    watch.watch(WatchedFolder(other), [])
    qtbot.waitUntil(lambda: "“Other” is not available" in window.message.text)
    folder.rmdir()
    qtbot.waitUntil(lambda: "“Recorder” is not available" in window.message.text)
    other.mkdir()
    qtbot.waitUntil(lambda: watch.scans()[WatchedFolder(other)].state is FolderState.WATCHING)
    qtbot.waitUntil(lambda: watch.indicator.text() == "1 of 2")
    assert "“Recorder” is not available" in window.message.text


def test_folder_is_removed_from_the_list(qtbot, window, watch, dialog, folder, home):
    dialog.propose(WatchedFolder(folder))
    qtbot.waitUntil(lambda: dialog.list.count() == 1)
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert dialog.list.count() == 0
    assert not dialog.remove.isEnabled()
    assert not watch.indicator.isVisible()
    qtbot.waitUntil(lambda: load_folders(HomeFiles(home)) == ())


def test_missing_folder_is_refused_in_a_sentence(qtbot, window, watch, dialog, folder):
    dialog.propose(WatchedFolder(folder / "nowhere"))
    qtbot.waitUntil(lambda: "nowhere cannot be read" in window.message.text)
    assert watch.watcher.folders == ()


def test_watched_folders_survive_a_restart_and_a_language_change(qtbot, dressed, home, folder):
    save_folders(HomeFiles(home), [WatchedFolder(folder)])
    desktop = AppController(FakeApp(home))
    desktop.window.show()
    desktop.start([])
    qtbot.waitUntil(lambda: desktop.watch.indicator.text() == "1" and desktop.watch.indicator.isVisible())
    qtbot.waitUntil(lambda: bool(desktop.watch.watcher.scans))
    desktop.set_language("es")
    assert desktop.watch.indicator.isVisible()
    assert desktop.watch.indicator.accessibleName() == "1 carpeta vigilada"
    desktop.watch.open()
    assert state(desktop.watch.dialog) == "Vigilando"
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    assert desktop.watch.watcher.folders == ()


@pytest.mark.parametrize(
    ("look", "words", "sentence"),
    [
        (None, "Scanning for the first time…", ""),
        (
            FolderScan(FolderState.WATCHING, 0, None, growing=2, locked=1),
            "Watching, 2 still being written, 1 cannot be opened",
            "",
        ),
        (
            FolderScan(
                FolderState.WATCHING,
                0,
                None,
                left_out=LeftOut(((".ds2", 3),), (Unreadable("/x/y", verbatim("No")),)),
            ),
            "Watching, 1 folder cannot be read, 3 files of other types skipped (3 .ds2)",
            "",
        ),
        (
            FolderScan(FolderState.UNREADABLE, 0, None, reason="Permission denied"),
            "Cannot be read (Permission denied)",
            "The watched folder “x” cannot be read: Permission denied.",
        ),
        (
            FolderScan(FolderState.REFUSED, 0, None, refusal=FULL),
            "Watching; recordings cannot be added now",
            "The watched folder “x”: The disk is full. Free some space, and the job continues.",
        ),
    ],
)
def test_each_state_has_a_label(window, look, words, sentence):
    said = WatchedFolderLabels(window)
    assert said.state(look) == words
    trouble = said.problem(WatchedFolder(Path("/x")), look) if look is not None else ""
    assert trouble == sentence
