"""Recordings that are dropped or pasted, in whatever form they come."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QGuiApplication

from fi_desktop.core.job import JobState
from fi_desktop.ui.intake.paths import given_paths, paths_in
from tests.ui.events import drop, drop_files, files_data

CONTROL = Qt.KeyboardModifier.ControlModifier


def text_data(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data


@pytest.fixture
def paste(qtbot, window):
    """Copy something, and press Ctrl+V in the window."""

    def copy_and_paste(data: QMimeData) -> None:
        QGuiApplication.clipboard().setMimeData(data)
        qtbot.keyClick(window, Qt.Key.Key_V, CONTROL)

    yield copy_and_paste
    QGuiApplication.clipboard().clear()


def names(window) -> set[str]:
    return {window.jobs.job_row(window.jobs.index(i, 0)).name for i in range(window.jobs.rowCount())}


class TestPathsInText:
    def test_one_a_line_in_every_form(self):
        text = "/a/First.wav\n\n  '/b/it is.mp3'  \r\n\"/c/x.m4a\"\nfile:///d/se%C3%B1ora.wav\n~/e.wav\n"
        assert paths_in(text) == (
            Path("/a/First.wav"),
            Path("/b/it is.mp3"),
            Path("/c/x.m4a"),
            Path("/d/señora.wav"),
            Path.home() / "e.wav",
        )

    @pytest.mark.parametrize(
        "text", ["", "hello", "/a.wav\nand more", "https://example.org/a.wav", "a.wav", "file:", "/a\0b", '"']
    )
    def test_anything_else_is_none(self, text):
        assert paths_in(text) == ()

    def test_addresses_come_before_the_text_that_file_managers_send_along(self):
        data = files_data([Path("/a.wav")])
        data.setText("/a.wav")
        assert not given_paths(data).typed


class TestPaste:
    def test_files_copied_in_a_file_manager(self, qtbot, window, paste, recordings):
        paste(files_data(recordings))
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)

    def test_text_that_is_paths(self, qtbot, window, paste, recordings):
        paste(text_data("\n".join(f'"{path}"' for path in recordings)))
        qtbot.waitUntil(lambda: names(window) == {path.name for path in recordings})

    def test_a_path_that_is_not_there_is_named_and_the_others_are_taken(
        self, qtbot, window, paste, recordings
    ):
        paste(text_data(f"{recordings[0]}\n/not/there.wav"))
        qtbot.waitUntil(lambda: names(window) == {"First.wav"})
        assert window.message.text == "There is no file or folder /not/there.wav."

    @pytest.mark.parametrize("text", ["Dear colleague,", "https://example.org/a.wav"])
    def test_anything_else_is_refused_in_a_sentence(self, window, paste, text):
        paste(text_data(text))
        assert window.message.isVisible()
        assert window.message.text == "Only files and folders of this computer can be added."

    def test_an_empty_clipboard_too(self, qtbot, window):
        QGuiApplication.clipboard().clear()
        window.commands.paste.trigger()
        assert window.message.isVisible()

    def test_a_text_field_keeps_its_own_paste(self, qtbot, window, paste, recordings):
        window.options.menu.edit_words.trigger()
        dialog = window.options.menu._dialog
        qtbot.waitExposed(dialog)
        QGuiApplication.clipboard().setMimeData(text_data(str(recordings[0])))
        qtbot.keyClick(dialog.field, Qt.Key.Key_V, CONTROL)
        assert dialog.field.toPlainText() == str(recordings[0])
        dialog.reject()
        assert window.jobs.rowCount() == 0


def test_a_drop_of_paths_as_text_is_taken_too(qtbot, window, recordings):
    drop(window, text_data(str(recordings[1])))
    qtbot.waitUntil(lambda: names(window) == {"Second ñ.mp3"})


def test_an_address_in_the_web_beside_a_file_is_passed_over(qtbot, window, recordings):
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.wav"), QUrl.fromLocalFile(str(recordings[0]))])
    drop(window, data)
    qtbot.waitUntil(lambda: names(window) == {"First.wav"})


def test_a_drop_of_nested_folders_while_a_job_runs_does_not_freeze_the_window(qtbot, window, hand, tmp_path):
    for number in range(500):
        folder = tmp_path / f"{number // 50}" / f"{number // 10}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.wav").write_bytes(b"RIFF%d" % number)
    first = tmp_path / "first.wav"
    first.write_bytes(b"RIFF")
    drop_files(window, first)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    running = hand.claim()
    beats = []
    heart = QTimer(window, interval=0)
    heart.timeout.connect(lambda: beats.append(window.jobs.rowCount()))
    heart.start()
    drop_files(window, *(tmp_path / str(number) for number in range(10)))
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 501)
    heart.stop()
    assert len(set(beats)) > 2  # the window lived while they came in
    assert window.jobs.row_by_id(running.id).state is JobState.RUNNING
