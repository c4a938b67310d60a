"""Recordings are dropped and pasted, in every form."""

import os
import sys
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from fi_desktop.core.job import JobState
from fi_desktop.core.values import NumberStyle, Priority
from fi_desktop.gui.adding.vocabulary_dialog import VocabularyDialog
from fi_desktop.gui.drag_and_drop import dropped_files, paths_in
from tests.gui.events import drop, drop_files, files_data

CONTROL = Qt.KeyboardModifier.ControlModifier


def text_data(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data


@pytest.fixture
def paste(qtbot, window):
    """Copy something and press Ctrl+V in the window."""

    def copy_and_paste(data: QMimeData) -> None:
        QGuiApplication.clipboard().setMimeData(data)
        qtbot.keyClick(window, Qt.Key.Key_V, CONTROL)

    yield copy_and_paste
    QGuiApplication.clipboard().clear()


def names(window) -> set[str]:
    return {window.jobs.row(window.jobs.index(i, 0)).name for i in range(window.jobs.rowCount())}


class TestPathsInText:
    def test_one_path_per_line_in_every_form(self):
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
    def test_other_text_holds_no_paths(self, text):
        assert paths_in(text) == ()

    def test_urls_take_precedence_over_text(self):
        data = files_data([Path("/a.wav")])
        data.setText("/a.wav")
        assert not dropped_files(data).typed


class TestPaste:
    def test_files_copied_in_a_file_manager(self, qtbot, window, paste, recordings):
        paste(files_data(recordings))
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)

    def test_text_that_is_paths(self, qtbot, window, paste, recordings):
        paste(text_data("\n".join(f'"{path}"' for path in recordings)))
        qtbot.waitUntil(lambda: names(window) == {path.name for path in recordings})

    def test_a_missing_path_is_named_and_the_others_are_added(self, qtbot, window, paste, recordings):
        paste(text_data(f"{recordings[0]}\n/not/there.wav"))
        qtbot.waitUntil(lambda: names(window) == {"First.wav"})
        told = "There is no file or folder /not/there.wav. 1 recording added: 2 speakers."
        qtbot.waitUntil(lambda: window.message.text == told)

    @pytest.mark.parametrize("text", ["Dear colleague,", "https://example.org/a.wav"])
    def test_other_text_is_refused_with_a_message(self, qtbot, window, paste, text):
        paste(text_data(text))
        qtbot.waitUntil(window.message.isVisible)
        assert window.message.text == "Only files and folders on this computer can be added."

    def test_an_empty_clipboard_is_refused_with_a_message(self, qtbot, window):
        QGuiApplication.clipboard().clear()
        window.commands.paste.trigger()
        assert window.message.isVisible()

    def test_a_text_field_pastes_text(self, qtbot, window, paste, recordings):
        window.options.menu.edit_words.trigger()
        dialog = window.options.menu._dialog
        assert QTest.qWaitForWindowExposed(dialog)
        QGuiApplication.clipboard().setMimeData(text_data(str(recordings[0])))
        qtbot.keyClick(dialog.field, Qt.Key.Key_V, CONTROL)
        assert dialog.field.toPlainText() == str(recordings[0])
        dialog.reject()
        assert window.jobs.rowCount() == 0


def test_dropped_paths_are_added(qtbot, window, recordings):
    drop(window, text_data(str(recordings[1])))
    qtbot.waitUntil(lambda: names(window) == {"Second ñ.mp3"})


class TestLeftOut:
    """Whatever is not added is reported."""

    def urls(self, *urls: QUrl) -> QMimeData:
        data = QMimeData()
        data.setUrls(list(urls))
        return data

    def test_remote_files_are_named_along_with_what_is_added(self, qtbot, window, recordings):
        away = [
            QUrl("sftp://ana:secret@server/visits/Ana%E2%80%AE.wav"),
            QUrl("smb://server/b.wav"),
            QUrl("https://example.org/c.wav"),
        ]
        drop(window, self.urls(*away, QUrl.fromLocalFile(str(recordings[0]))))
        told = (
            "3 of these are not on this computer, such as sftp://server/visits/Ana�.wav. Copy them "
            "here and add the copies. 1 recording added: 2 speakers."
        )
        qtbot.waitUntil(lambda: window.message.text == told)
        qtbot.waitUntil(lambda: names(window) == {"First.wav"})

    def test_remote_files_alone_are_refused_with_advice(self, window):
        drop(window, self.urls(QUrl("smb://server/b.wav")))
        assert window.message.text == (
            "smb://server/b.wav is not on this computer. Copy it here and add the copy."
        )

    @pytest.mark.skipif(os.name == "nt", reason="a host is a share's there")
    def test_urls_with_this_computers_name_are_local(self, qtbot, window, recordings):
        address = QUrl(f"file://localhost{recordings[0]}")
        assert dropped_files(self.urls(address)).paths == (recordings[0],)
        assert paths_in(address.toString()) == (recordings[0],)
        elsewhere = QUrl(f"file://server{recordings[0]}")
        assert dropped_files(self.urls(elsewhere)).remote == (elsewhere.toString(),)

    @pytest.mark.skipif(sys.platform != "linux", reason="only there may a name be no text")
    def test_a_name_that_is_not_utf8_is_the_same_file(self, qtbot, window, program, tmp_path):
        odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/consulta \xf1% \xff#?.wav"))
        odd.write_bytes(b"RIFF")
        data = QMimeData()
        data.setData("text/uri-list", b"file://" + quote_from_bytes(os.fsencode(odd)).encode() + b"\r\n")
        drop(window, data)
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
        assert Path(program.service.job(1).result(120).path) == odd

    def test_files_of_other_types_are_counted(self, qtbot, window, tmp_path):
        for name in ("a.wav", "1.ds2", "2.ds2", "letter.txt"):
            (tmp_path / name).write_bytes(name.encode())
        drop_files(window, tmp_path)
        told = "3 files of other types were skipped (2 .ds2, 1 .txt). 1 recording added: 2 speakers."
        qtbot.waitUntil(lambda: window.message.text == told)

    def test_a_folder_of_other_types_is_not_called_empty(self, qtbot, window, tmp_path):
        (tmp_path / "1.ds2").write_bytes(b"x")
        drop_files(window, tmp_path)
        told = "No audio or video was found, only files of other types (1 .ds2)."
        qtbot.waitUntil(lambda: window.message.text == told)

    @pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
    def test_unreadable_files_are_named_and_the_others_are_added(self, qtbot, window, recordings, tmp_path):
        refused = tmp_path / "Ana\u202e"
        refused.symlink_to(refused)  # unreadable for root too
        drop_files(window, refused / "a.wav", *recordings)
        told = (
            "Ana�/a.wav cannot be read (Too many levels of symbolic links). 3 recordings added: 2 speakers."
        )
        qtbot.waitUntil(lambda: window.message.text.endswith(told))
        drop_files(window, refused)
        qtbot.waitUntil(lambda: window.message.text.startswith("Nothing was added. "))
        assert "\u202e" not in window.message.text

    def test_a_mistyped_path_cannot_reverse_the_message(self, qtbot, window, paste):
        paste(text_data("/not/gp3\u202evaw.exe"))
        qtbot.waitUntil(lambda: window.message.text == "There is no file or folder /not/gp3�vaw.exe.")


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
    assert window.jobs.rowCount() == 1  # the drop does not wait for them
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 501)
    heart.stop()
    assert beats.count(1) > 2  # the event loop kept running
    assert window.jobs.job(running.id).state is JobState.RUNNING


def test_names_and_system_messages_cannot_reverse_a_message(window):
    window.message.info("gp3\u202evaw.exe cannot be read (\x1b[31m).\nSecond line.")
    assert window.message.text == "gp3�vaw.exe cannot be read (�[31m).\nSecond line."
    assert window.message.accessibleDescription() == window.message.text


class TestSheet:
    @pytest.fixture
    def sheet(self, qtbot, window, recordings):
        """The sheet, open for three recordings just dropped."""
        drop_files(window, *recordings)
        told = "3 recordings added: 2 speakers."
        qtbot.waitUntil(lambda: window.message.text == told and window.jobs.rowCount() == 3)
        qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
        assert window.add_controller.sheet.isVisible()
        return window.add_controller.sheet

    def options(self, program, job_id):
        return program.service.job(job_id).result(120).options

    def test_a_drop_opens_nothing_and_takes_no_focus(self, qtbot, window, recordings):
        window.options.speakers.setFocus()
        drop_files(window, recordings[0])
        qtbot.waitUntil(lambda: window.message.text == "1 recording added: 2 speakers.")
        assert not window.add_controller.sheet.isVisible()
        assert window.message.action_button.text() == "Change…"

    def test_waiting_jobs_are_changed(self, qtbot, window, program, sheet):
        qtbot.keyClick(sheet.form.speakers, Qt.Key.Key_3)
        sheet.form.language.setCurrentText("Spanish")
        sheet.form.priority.setCurrentText("Urgent")
        qtbot.mouseClick(sheet.apply, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.message.text == "3 recordings changed: 3 speakers · Spanish · Urgent.")
        jobs = [program.service.job(job_id).result(120) for job_id in (1, 2, 3)]
        assert {(str(job.options.speakers), job.options.language) for job in jobs} == {("3", "es")}
        assert {job.priority for job in jobs} == {Priority.URGENT}
        assert str(window.options.options().speakers) == "2"  # the next recordings keep their options

    def test_started_jobs_are_counted_and_can_be_processed_again(self, qtbot, window, hand, program, sheet):
        begun = hand.claim()
        sheet.form.language.setCurrentText("Spanish")
        qtbot.keyClick(sheet.form.language, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: "1 recording has already started" in window.message.text)
        assert window.message.text.startswith("2 recordings changed: 2 speakers · Spanish.")
        assert self.options(program, begun.id).language is None
        qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 4)
        again = program.service.job(4).result(120)
        assert (again.path, again.options.language) == (begun.path, "es")

    def test_a_profile_fills_the_form(self, qtbot, window, sheet):
        form = sheet.form
        assert form.profile.currentText() == "Consultation, 2 people"
        form.profile.setCurrentText("Dictation, 1 person")
        form.profile.activated.emit(form.profile.currentIndex())
        assert form.speakers.currentText() == "1"
        form.language.setCurrentText("English")
        assert form.profile.currentText() == "None"

    def test_vocabulary_lists_and_numbers_are_changed(self, qtbot, window, program, sheet):
        sheet.form.numbers.setCurrentText("Numbers in digits (40 mg)")
        qtbot.mouseClick(sheet.form.vocabulary, Qt.MouseButton.LeftButton)
        dialog = window.findChild(VocabularyDialog)
        dialog.boxes.box("oncology").setChecked(True)
        dialog.field.setPlainText("Dra. Núñez")
        dialog.accept()
        assert sheet.form.vocabulary.text() == "&Vocabulary: Oncology, Dra. Núñez…"
        options = sheet.form.choice().options
        assert (options.vocabulary, options.vocabulary_lists) == (("Dra. Núñez",), ("oncology",))
        assert options.numbers is NumberStyle.DIGITS
        sheet.form.profile.setCurrentIndex(1)
        sheet.form.profile.activated.emit(1)
        assert sheet.form.vocabulary.text() == "&Vocabulary…"

    def test_escape_changes_nothing(self, qtbot, window, program, sheet):
        qtbot.keyClick(sheet.form.speakers, Qt.Key.Key_3)
        qtbot.keyClick(sheet.form.speakers, Qt.Key.Key_Escape)
        assert not sheet.isVisible()
        assert str(self.options(program, 1).speakers) == "2"

    def test_the_offer_is_withdrawn_once_all_have_started(self, qtbot, window, hand, recordings):
        drop_files(window, *recordings[:2])
        qtbot.waitUntil(window.message.isVisible)
        hand.claim("worker-1")
        hand.claim("worker-2")
        qtbot.waitUntil(lambda: not window.message.isVisible())

    def test_it_fits_the_smallest_window(self, qtbot, window, sheet):
        window.resize(760, 420)
        qtbot.waitUntil(lambda: window.width() == 760)
        assert (window.width(), window.height()) == (760, 420)
        for widget in (sheet.apply, sheet.form.priority, sheet.form.transcriber):
            corner = widget.mapTo(window, widget.rect().bottomRight())
            assert window.rect().contains(corner)
            assert widget.height() > widget.fontMetrics().height() + 6
        assert window.table.height() > 80
