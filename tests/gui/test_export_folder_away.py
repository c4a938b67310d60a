"""Results written automatically to folders that go away and come back: window, worker, exports are real."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from fi_desktop.app import App
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.gui.app_controller import AppController
from fi_desktop.jobs.export_rules import ExportRule
from fi_desktop.settings import load, save
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import Choice, Profile, save_profiles
from tests.gui.events import drop_files
from tests.jobs.clinic import DRAFT


@pytest.fixture
def common(home: Path, tmp_path: Path) -> Path:
    """The folder of the settings."""
    folder = tmp_path / "Results"
    folder.mkdir()
    save(home, {"export_when": "completed", "export_folder": str(folder), "export_formats": ("txt", "docx")})
    save_profiles(HomeFiles(home), [Profile("Therapy", Choice(JobOptions()))])
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "Therapy"
    folder.mkdir()
    return folder


@pytest.fixture
def program(home: Path, common: Path) -> App:
    program = App(load({"FI_DESKTOP_HOME": str(home), "FI_DESKTOP_LANGUAGE": "en"}))
    assert program.exports is not None
    program.exports._look_s = 0.05
    return program


@pytest.fixture
def desktop(qtbot, dressed, program: App) -> Iterator[AppController]:
    desktop = AppController(program)
    desktop.window.show()
    desktop.start([])
    yield desktop
    if not desktop.window.closable:
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
    desktop.window.deleteLater()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def waits_for(*folders: Path) -> str:
    if len(folders) > 1:
        return f"Nothing can be written to {len(folders)} folders for results now. "
    return f"The folder for results “{folders[0]}” is not connected. "


def test_results_wait_for_folders_that_are_away_and_the_window_says_for_which(
    qtbot, desktop, program, ten_seconds: Path, tmp_path: Path, common: Path, own: Path
):
    window = desktop.window
    qtbot.waitUntil(lambda: len(window.profiles.custom) == 1)
    window.profiles.set_exports(
        window.profiles.custom[0], ExportRule("completed", str(own), formats=("srt",))
    )
    away = {folder: folder.with_name(f"{folder.name} away") for folder in (common, own)}
    for folder, elsewhere in away.items():
        folder.rename(elsewhere)
    drop_files(window, shutil.copy(ten_seconds, tmp_path / "Visit.wav"))
    qtbot.waitUntil(lambda: window.message.text.startswith(waits_for(common)))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    window.options.choose(window.profiles.custom[0].choice)
    drop_files(window, shutil.copy(ten_seconds, tmp_path / "Session.wav"))
    qtbot.waitUntil(lambda: window.message.text.startswith(waits_for(common, own)))

    away[own].rename(own)  # while the other one is still away
    qtbot.waitUntil(lambda: names(own) == ["Session.srt"])
    qtbot.waitUntil(lambda: window.message.text.startswith(waits_for(common)))
    assert not common.exists()
    away[common].rename(common)
    qtbot.waitUntil(lambda: names(common) == ["Visit.docx", "Visit.txt"])
    qtbot.waitUntil(lambda: not window.message.isVisible())

    row = window.jobs.row(window.jobs.index(0, 0))
    opened = window.windows.open(row.id)
    qtbot.waitUntil(lambda: opened.result is not None)
    reviewed = next(
        button for button in opened.findChildren(QPushButton) if button.text() == "Mark as reviewed"
    )
    assert DRAFT in (common / "Visit.txt").read_text(encoding="utf-8-sig")
    qtbot.mouseClick(reviewed, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: DRAFT not in (common / "Visit.txt").read_text(encoding="utf-8-sig"))
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    assert (names(common), names(own)) == (["Visit.docx", "Visit.txt"], ["Session.srt"])  # none twice
