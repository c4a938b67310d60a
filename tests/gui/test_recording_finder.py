"""A recording that was moved: found nearby, by file and by folder, refused if it is another; real files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import phone_call, source_sha256
from fi_desktop.core import messages
from fi_desktop.core.values import JobOptions
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.view import ResultView
from fi_desktop.jobs.moved_recording import SoughtRecording
from tests.gui.conftest import FakeApp
from tests.gui.test_corrections import talk
from tests.gui.test_player import Recorder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recordings" / "2025" / "call.wav"
    path.parent.mkdir(parents=True)
    shutil.copy(phone_call(), path)
    return path


@pytest.fixture
def job_id(program: FakeApp, recording: Path) -> Iterator[int]:
    """A completed job, whose recording is there."""
    program.hand.start()
    program.service.submit([recording], JobOptions()).result(30)
    job = program.hand.claim()
    program.hand.complete(job, talk())
    yield job.id
    program.hand.stop()


@pytest.fixture
def view(
    qtbot: QtBot, dressed: QApplication, bridge: Bridge, program: FakeApp, job_id: int, recording: Path
) -> Iterator[ResultView]:
    stored = program.service.folders.result(job_id)
    recorder = Recorder()
    session = ReviewSession(job_id, stored, program.service, bridge)
    view = ResultView(session, str(recording), bridge, output=lambda: recorder)
    recorder.setParent(view)
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.show()
    qtbot.waitExposed(view)
    yield view
    view.close_player()


def miss(qtbot: QtBot, view: ResultView) -> None:
    """Play what is not there."""
    view.player.play(12.0)
    qtbot.waitUntil(lambda: view.player.gone)


def choose(qtbot: QtBot, view: ResultView, action: int, path: Path) -> None:
    """Choose a file (0) or a folder (1) by the button's menu."""
    view.finder.menu.actions()[action].trigger()
    (dialog,) = (found for found in view.findChildren(QFileDialog) if found.isVisible())
    dialog.setDirectory(str(path.parent))
    dialog.selectFile(str(path))
    qtbot.waitUntil(lambda: dialog.selectedFiles() == [str(path)])
    dialog.accept()
    assert not dialog.isVisible()


def test_renamed_folder_is_found_without_asking_and_used_on_a_click(
    qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int, recording: Path
):
    result = program.service.folders.folder(job_id) / "result.json"
    before = result.read_bytes()
    assert not view.controls.find_it.isVisible()
    moved = recording.parent.rename(recording.parent.with_name("2025 archive")) / "call.wav"
    miss(qtbot, view)
    assert view.player.error == messages.AUDIO_AWAY.code
    assert view.controls.find_it.isVisible()
    qtbot.waitUntil(lambda: str(moved) in view.message.text)
    qtbot.mouseClick(view.message.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.path == str(moved))
    assert program.service.job(job_id).result(30).path == str(moved)
    assert str(moved) in view._name.toolTip()
    assert not view.controls.find_it.isVisible()
    assert result.read_bytes() == before
    view.player.play(12.0)
    qtbot.waitUntil(lambda: view.player.position_s > 12.2)
    assert view.player.error == ""


def test_recording_that_is_gone_is_looked_for_before_anybody_plays_it(
    qtbot: QtBot, bridge: Bridge, program: FakeApp, job_id: int, recording: Path
):
    moved = recording.rename(recording.with_name("other name.wav"))
    stored = program.service.folders.result(job_id)
    recorder = Recorder()
    session = ReviewSession(job_id, stored, program.service, bridge)
    view = ResultView(session, str(recording), bridge, output=lambda: recorder)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(view.controls.find_it.isVisible)
    assert view.player.error == messages.AUDIO_MISSING.code
    assert recorder.starts == 0
    moved.rename(recording)  # it is back
    view.player.play(12.0)
    qtbot.waitUntil(lambda: view.player.position_s > 12.1)
    assert not view.controls.find_it.isVisible()
    view.close_player()


def test_recording_is_found_without_an_audio_device_too(
    qtbot: QtBot, bridge: Bridge, program: FakeApp, job_id: int, recording: Path
):
    moved = recording.parent.rename(recording.parent.with_name("2024")) / recording.name
    session = ReviewSession(job_id, program.service.folders.result(job_id), program.service, bridge)
    view = ResultView(session, str(recording), bridge, output=lambda: None)
    qtbot.addWidget(view)
    view.show()
    view.player.play(1.0)
    assert view.player.error == messages.PLAY_NO_DEVICE.code
    qtbot.waitUntil(view.controls.find_it.isVisible)
    qtbot.waitUntil(lambda: str(moved) in view.message.text)
    qtbot.mouseClick(view.message.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.path == str(moved))
    assert program.service.job(job_id).result(30).path == str(moved)
    view.player.play(1.0)
    assert view.player.error == messages.PLAY_NO_DEVICE.code
    view.close_player()


def test_chosen_file_is_used_only_if_it_is_the_recording(
    qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int, recording: Path, tmp_path: Path
):
    other = tmp_path / "away" / "other.wav"
    other.parent.mkdir()
    other.write_bytes(recording.read_bytes()[:-2] + b"\1\1")
    moved = recording.rename(other.parent / "renamed.wav")
    miss(qtbot, view)
    choose(qtbot, view, 0, other)
    qtbot.waitUntil(lambda: view.message.text.startswith("This is another recording."))
    assert program.service.job(job_id).result(30).path == str(recording)
    choose(qtbot, view, 0, moved)
    qtbot.waitUntil(lambda: view.path == str(moved))
    assert program.service.job(job_id).result(30).path == str(moved)


def test_folder_is_searched(
    qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int, recording: Path, tmp_path: Path
):
    empty, full = tmp_path / "empty", tmp_path / "full"
    (full / "deep").mkdir(parents=True)
    empty.mkdir()
    moved = recording.rename(full / "deep" / "renamed.wav")
    miss(qtbot, view)
    choose(qtbot, view, 1, empty)
    qtbot.waitUntil(lambda: view.message.text == "The recording is not in this folder.")
    choose(qtbot, view, 1, full)
    qtbot.waitUntil(lambda: view.path == str(moved))


def test_search_is_cancelled_with_its_message(
    qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int, recording: Path, tmp_path: Path
):
    moved = recording.rename(tmp_path / "call.wav")
    miss(qtbot, view)
    qtbot.waitUntil(lambda: str(moved) in view.message.text)  # what it found by itself
    calls = view.finder._bridge._callbacks
    qtbot.waitUntil(lambda: not calls)
    job = program.service.job(job_id).result(30)
    sought = SoughtRecording(recording, source_sha256(moved), job.fingerprint, job.options)
    view.finder._search_folder(tmp_path, sought)
    search = view.finder._search
    assert search is not None
    assert view.message.text.startswith("Searching")
    view.message._close.click()
    assert search.cancelled
    qtbot.waitUntil(lambda: not calls)
    assert not view.message.isVisible()
    assert view.path == str(recording)


def test_open_window_follows_a_job_whose_recording_was_found(
    qtbot: QtBot, view: ResultView, program: FakeApp, job_id: int, recording: Path, tmp_path: Path
):
    moved = recording.rename(tmp_path / "call.wav")
    miss(qtbot, view)
    view.show_path(str(moved))
    assert view.player.error == ""
    view.player.play(3.0)
    qtbot.waitUntil(lambda: view.player.position_s > 3.2)
