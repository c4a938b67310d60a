"""Exporting results from the table, one or several, and from a job window."""

import re
from collections.abc import Iterator
from pathlib import Path

import docx
import pikepdf
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QAction,
    QClipboard,
    QContextMenuEvent,
    QFont,
    QTextBlock,
    QTextDocument,
    QTextFragment,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
)

from fi_desktop.core.job import JobState
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.files import target_files
from fi_desktop.gui.job_table.operations import RowMenu
from fi_desktop.gui.window_state import WindowState
from fi_desktop.system.files import RESULT
from tests.gui import samples
from tests.gui.events import drop_files
from tests.gui.monkey import UrlSink

TITLE = "Intake interview – room 2"  # of the results of `samples`


@pytest.fixture
def done(qtbot, window, hand, recordings) -> list[int]:
    """Two completed jobs and a waiting one."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    ids = []
    for seed in (1, 2):
        job = hand.claim()
        hand.complete(job, samples.conversation(5, seed=seed))
        ids.append(job.id)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
    return ids


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "Transcripts ñ"
    folder.mkdir()
    return folder


def format_of(menu: QMenu, word: str) -> QAction:
    (export,) = (action for action in menu.actions() if action.text() == "E&xport")
    assert export.isEnabled()
    formats = list(export.menu().actions())
    for action in formats:
        formats += action.menu().actions() if action.menu() else []
    return next(action for action in formats if word in action.text())


def choose_format(window, word: str) -> None:
    """Choose a format in the row menu."""
    table = window.table
    at = table.visualRect(table.currentIndex()).center()
    place = table.viewport().mapToGlobal(at)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, place)
    QApplication.sendEvent(table.viewport(), event)
    menu = window.findChild(RowMenu)
    format_of(menu, word).trigger()
    menu.close()


def answer(window, target: Path) -> QFileDialog:
    """Choose a file or folder in the open dialog."""
    (dialog,) = (d for d in window.findChildren(QFileDialog) if d.isVisible())
    dialog.fileSelected.emit(str(target))
    dialog.done(QFileDialog.DialogCode.Accepted)
    return dialog


def press(qtbot, window, word: str) -> None:
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)))
    (box,) = window.findChildren(QMessageBox)
    (button,) = (b for b in box.findChildren(QPushButton) if b.text() == word)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_one_row_is_exported_to_the_chosen_file(qtbot, window, done, target):
    window.table.select(done[0])
    choose_format(window, "SRT")
    dialog = answer(window, target / "Mine.srt")
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    assert [Path(name).name for name in dialog.selectedFiles()] == ["First.srt"]
    qtbot.waitUntil(lambda: window.message.text == "Saved as Mine.srt.")
    assert (target / "Mine.srt").read_text(encoding="utf-8").startswith("1\n")


def test_several_rows_are_exported_to_a_folder_that_can_be_opened(qtbot, window, done, target):
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    qtbot.waitUntil(lambda: window.message.text == "2 files written.")
    assert names(target) == ["First.txt", "Second ñ.txt"]  # the waiting job has no result
    opened = RecordedUrls()
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
    opened.close()
    assert [Path(url.toLocalFile()) for url in opened.urls] == [target]


def test_text_is_in_the_windows_language(qtbot, desktop, window, done, target):
    desktop.set_language("es")
    window = desktop.window
    window.table.select(done[0])
    window.job_controller.export("txt")
    answer(window, target / "Nota.txt")
    qtbot.waitUntil((target / "Nota.txt").exists)
    text = (target / "Nota.txt").read_text(encoding="utf-8")
    assert " Hablante 1\n" in text or " Hablante 1:" in text
    assert "\nBorrador sin revisar." in text
    assert "Speaker" not in text
    assert "Made by" not in text


def test_menu_bar_exports_and_the_format_is_saved(qtbot, window, home, done, target):
    job = next(a.menu() for a in window.menuBar().actions() if a.text() == "&Job")
    window.table.select(done[1])
    format_of(job, "WebVTT").trigger()
    answer(window, target / "a.vtt")
    qtbot.waitUntil((target / "a.vtt").exists)
    qtbot.waitUntil(lambda: WindowState(home).format() == "vtt")


def test_export_is_disabled_without_a_result(window, done):
    waiting = next(
        row.id
        for place in range(3)
        if (row := window.jobs.row(window.jobs.index(place, 0))).state is JobState.QUEUED
    )
    window.table.select(waiting)
    assert not window.commands.export.menuAction().isEnabled()
    window.table.select(done[0])
    assert window.commands.export.menuAction().isEnabled()


def test_collapsed_batch_exports_its_jobs(qtbot, window, done, target):
    window.commands.collapse.trigger()
    assert window.jobs.rowCount() == 1
    window.table.selectAll()
    choose_format(window, "JSON")
    answer(window, target)
    qtbot.waitUntil(lambda: names(target) == ["First.json", "Second ñ.json"])


@pytest.mark.parametrize(
    ("word", "left"),
    [
        ("Keep both", {"First.txt": False, "First (2).txt": True, "Second ñ.txt": True}),
        ("Replace", {"First.txt": True, "Second ñ.txt": True}),
        ("Cancel", {"First.txt": False}),
    ],
)
def test_existing_files_are_asked_about_once(qtbot, window, done, target, word, left):
    (target / "First.txt").write_text("my notes")
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    press(qtbot, window, word)

    def are_left() -> None:
        assert names(target) == sorted(left)
        assert {name: (target / name).read_text(encoding="utf-8") != "my notes" for name in left} == left

    qtbot.waitUntil(are_left)


def test_recordings_with_the_same_name_do_not_overwrite_each_other(qtbot, window, hand, tmp_path, target):
    for folder in ("Monday", "Tuesday"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Visit.wav").write_bytes(b"RIFF" + folder.encode())
    drop_files(window, tmp_path / "Monday", tmp_path / "Tuesday")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)
    for seed in (1, 2):
        hand.complete(hand.claim(), samples.conversation(5, seed=seed))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    qtbot.waitUntil(lambda: names(target) == ["Visit (2).txt", "Visit.txt"])
    assert (target / "Visit.txt").read_bytes() != (target / "Visit (2).txt").read_bytes()


def test_names_that_differ_only_in_case_or_form_get_different_files(tmp_path):
    given = ["a.wav", "A.mp3", "a.ogg", "nin\u0303o.wav", "ni\u00f1o.wav"]
    chosen = [file.name for file in target_files(given, "txt", tmp_path, taken={"a (2).txt"})]
    assert chosen == ["a.txt", "A (3).txt", "a (4).txt", "nin\u0303o.txt", "ni\u00f1o (2).txt"]


def test_unreadable_result_does_not_stop_the_others(qtbot, window, program, done, target):
    (program.service.folders.folder(done[0]) / RESULT).write_text("{")
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    said = "1 file written. 1 result cannot be read. Retry the recording to make it again."
    qtbot.waitUntil(lambda: window.message.text == said)
    assert names(target) == ["Second ñ.txt"]


def test_unwritable_file_does_not_stop_the_others(qtbot, window, done, target):
    (target / "Second ñ.txt").mkdir()
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    press(qtbot, window, "Replace")
    told = (
        "1 file written. Second ñ.txt was not written. The file could not be written. Choose another folder."
    )
    qtbot.waitUntil(lambda: window.message.text == told)
    assert (target / "First.txt").is_file()


def test_missing_folder_is_reported_in_a_sentence(qtbot, window, done, target):
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target / "gone")
    said = "The file could not be written. Choose another folder."
    qtbot.waitUntil(lambda: window.message.text == said)


def test_long_export_shows_progress_and_can_be_stopped(qtbot, window, hand, tmp_path, target):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(90):
        (many / f"Visit {number}.wav").write_bytes(b"RIFF" + str(number).encode())
    drop_files(window, many)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 90)
    talk = samples.conversation(3)
    for _ in range(90):
        hand.complete(hand.claim(), talk)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 90)
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    qtbot.waitUntil(lambda: "of 90 files written" in window.message.text)
    assert window.message.action_button.text() == "Stop"
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.message.text.endswith("files written."))
    assert 20 <= len(names(target)) < 90
    assert window.message.text == f"{len(names(target))} files written."


@pytest.mark.slow
def test_two_hundred_are_exported_next_to_files_of_the_same_names(qtbot, window, hand, tmp_path, target):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(200):
        (many / f"Visit {number}.wav").write_bytes(b"RIFF" + str(number).encode())
    drop_files(window, many)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 200)
    talk = samples.conversation(3)
    for _ in range(200):
        hand.complete(hand.claim(), talk)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 200)
    taken = [target / f"Visit {number}.txt" for number in (7, 77, 177)]
    for file in taken:
        file.write_text("my notes")
    window.table.selectAll()
    choose_format(window, "Text")
    answer(window, target)
    press(qtbot, window, "Keep both")
    qtbot.waitUntil(lambda: window.message.text == "200 files written.")
    numbered = {7, 77, 177}
    made = {
        f"Visit {number} (2).txt" if number in numbered else f"Visit {number}.txt" for number in range(200)
    }
    assert set(names(target)) == made | {file.name for file in taken}
    assert {file.read_text() for file in taken} == {"my notes"}
    titles = {(target / name).read_text(encoding="utf-8-sig").splitlines()[0] for name in made}
    assert titles == {f"{TITLE}.wav"}


def test_word_files_are_numbered_next_to_files_of_the_same_names(qtbot, window, done, target):
    (target / "First.docx").write_text("my notes")
    window.table.selectAll()
    choose_format(window, "Word")
    answer(window, target)
    press(qtbot, window, "Keep both")
    qtbot.waitUntil(lambda: window.message.text == "2 files written.")
    assert names(target) == ["First (2).docx", "First.docx", "Second ñ.docx"]
    assert (target / "First.docx").read_text() == "my notes"
    document = docx.Document(str(target / "First (2).docx"))
    assert document.paragraphs[0].text == TITLE


def test_documents_come_first_and_formats_for_programs_are_below(window, done):
    window.table.select(done[0])
    menu = window.commands.export
    assert [action.text() for action in menu.actions() if action.text()] == [
        "Word",
        "PDF",
        "&Copy as note",
        "&Print…",
        "Text (to read)",
        "&Other formats",
        "&Template",
    ]
    (others, _templates) = (action.menu() for action in menu.actions() if action.menu())
    titles = [action.text() for action in others.actions()]
    assert len(titles) == len(EXPORTERS) - 3
    assert {"JSON (everything)", "RTTM (speaker turns)", "ELAN"} <= set(titles)


def test_word_and_pdf_are_written_in_the_windows_language(qtbot, desktop, window, done, target):
    desktop.set_language("es")
    window = desktop.window
    window.table.select(done[0])
    for format in ("docx", "pdf"):
        window.job_controller.export(format)
        answer(window, target / f"Nota.{format}")
        qtbot.waitUntil((target / f"Nota.{format}").exists)
    said = [paragraph.text for paragraph in docx.Document(str(target / "Nota.docx")).paragraphs]
    assert "Borrador sin revisar." in said
    assert any("\tHablante 1" in text for text in said)
    with pikepdf.open(target / "Nota.pdf") as pdf:
        assert str(pdf.Root.Lang) == "es-MX"


@pytest.fixture
def clipboard() -> Iterator[QClipboard]:
    """The clipboard, emptied before the application ends: what it holds would be deleted too late."""
    clipboard = QApplication.clipboard()
    yield clipboard
    clipboard.clear()


def test_note_is_pasted_with_bold_names_and_as_plain_text(qtbot, window, done, clipboard):
    window.table.select(done[0])
    format_of(next(a.menu() for a in window.menuBar().actions() if a.text() == "&Job"), "note").trigger()
    qtbot.waitUntil(lambda: window.message.text == "1 result copied as a note.")
    rich, plain = QTextEdit(), QPlainTextEdit()
    for editor in (rich, plain):
        qtbot.addWidget(editor)
        editor.paste()
    title, state = plain.toPlainText().splitlines()[:2]
    assert re.fullmatch(rf"{TITLE} – \d{{4}}-\d\d-\d\d \d\d:\d\d", title)
    assert state == "Draft, not reviewed."
    bold = [
        fragment.text()
        for block in blocks_of(rich.document())
        for fragment in fragments_of(block)
        if fragment.charFormat().fontWeight() >= QFont.Weight.Bold
    ]
    assert bold[0] == title
    assert bold[1:3] == ["Speaker 1", "Speaker 2"]
    spoken = "".join(rich.toPlainText().split())
    assert spoken == "".join(plain.toPlainText().split())


def test_notes_of_several_results_are_copied_together(qtbot, window, program, done, clipboard):
    window.table.selectAll()
    window.commands.export.note_requested.emit()
    qtbot.waitUntil(lambda: window.message.text == "2 results copied as a note.")
    both = clipboard.text()
    assert both.count(TITLE) == 2
    (program.service.folders.folder(done[0]) / RESULT).write_text("{")
    window.commands.export.note_requested.emit()
    qtbot.waitUntil(lambda: window.message.text.startswith("1 result copied as a note. 1 result cannot"))
    second = clipboard.text()
    assert second.count(TITLE) == 1
    assert both.endswith(second)


def blocks_of(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def fragments_of(block: QTextBlock) -> Iterator[QTextFragment]:
    at = block.begin()
    while not at.atEnd():
        yield at.fragment()
        at += 1


class RecordedUrls(UrlSink):
    """Records URLs that would be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    def take(self, url: QUrl) -> None:
        self.urls.append(url)
