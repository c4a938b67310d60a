"""Remove asks first if there is a result, and takes the recording along if the person says so."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from fi_desktop.audit.acts import ActKind
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.audit.verification import verify_trail
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.gui.job_table import removal_question
from tests.gui.events import drop_files
from tests.jobs.archive import VISIT, transcript


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's trash, in a folder of the test."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    return data / "Trash" / "files"


@pytest.fixture
def trail(program, home):
    trail = AuditTrail(home / "audit", program="window")
    program.service.trail = trail
    yield trail
    trail.close()


@pytest.fixture
def finished(qtbot, trash, trail, window, hand, recordings):
    """Three recordings; the first two have results."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    for _ in range(2):
        hand.complete(hand.claim(), transcript(*VISIT))
    # what is shown follows what is known in batches
    qtbot.waitUntil(lambda: sum(row.exportable for row in shown(window.jobs)) == 2)
    return window


def shown(jobs) -> list:
    return [jobs.row(jobs.index(number, 0)) for number in range(jobs.rowCount())]


def press_delete(qtbot, window, *ids: int) -> QMessageBox:
    window.table.clearSelection()
    model = window.table.selectionModel()
    for row in range(window.jobs.rowCount()):
        if window.jobs.entry_at(row) in ids:
            model.select(window.jobs.index(row, 0), model.SelectionFlag.Select | model.SelectionFlag.Rows)
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_Delete)
    question = window.job_controller.remove_question
    qtbot.waitUntil(lambda: question.box is not None and question.box.isVisible())
    return question.box


def press(qtbot, box: QMessageBox, text: str) -> None:
    (button,) = (button for button in box.buttons() if button.text().replace("&", "") == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def tick(qtbot, box: QMessageBox) -> None:
    """Tick the box, by a click on the square itself, wherever the text ends."""
    check = box.checkBox()
    qtbot.waitUntil(lambda: check.isVisible() and check.height() > 0)
    qtbot.mouseClick(check, Qt.MouseButton.LeftButton, pos=QPoint(8, check.height() // 2))
    assert check.isChecked()


def stored(program) -> list[int]:
    return [job.id for job in program.service.jobs().result(60)]


def test_the_question_says_what_goes_and_what_stays(qtbot, finished, program, recordings):
    box = press_delete(qtbot, finished, 1, 2, 3)
    assert box.text() == "Remove 3 recordings from the list?"
    assert box.informativeText() == (
        "Deleted: 2 results with all corrections.\n\n"
        "Kept: the recordings, exported files, and the entries in the audit trail."
    )
    assert not box.checkBox().isChecked()
    press(qtbot, box, "Cancel")
    qtbot.waitUntil(lambda: finished.job_controller.remove_question.box is None)
    assert finished.jobs.rowCount() == 3
    press(qtbot, press_delete(qtbot, finished, 1, 2, 3), "Remove")
    qtbot.waitUntil(finished.empty.isVisible)
    assert stored(program) == [1, 2, 3]  # can still be undone
    finished.job_controller.removal.carry_out()
    qtbot.waitUntil(lambda: stored(program) == [])
    assert all(recording.exists() for recording in recordings)


def test_jobs_without_a_result_are_removed_without_a_question(qtbot, finished, program):
    finished.table.select(3)
    finished.table.setFocus()
    QTest.keyClick(finished.table, Qt.Key.Key_Delete)
    assert finished.message.text == "1 recording removed"
    assert finished.job_controller.remove_question.box is None


def test_recordings_go_to_the_trash_with_an_entry_first(qtbot, finished, program, recordings, trash, trail):
    content = recordings[0].read_bytes()
    box = press_delete(qtbot, finished, 1)
    tick(qtbot, box)
    assert box.checkBox().isChecked()
    assert box.informativeText().endswith("\n\nKept: exported files and the entries in the audit trail.")
    press(qtbot, box, "Remove")
    qtbot.waitUntil(lambda: finished.message.text == "1 recording moved to the trash")
    assert (trash / recordings[0].name).read_bytes() == content
    assert not recordings[0].exists()
    assert recordings[1].exists()
    assert stored(program) == [2, 3]
    assert not program.service.folders.folder(1).exists()
    trail.close()
    (entry,) = (
        entry
        for entry in verify_trail(trail.store).entries
        if entry.fields["kind"] == ActKind.RECORDING_TRASHED
    )
    assert (entry.fields["job"], len(entry.fields["recording"])) == (1, 64)
    assert recordings[0].name not in entry.line.decode()


def test_recordings_stay_that_changed_are_shared_or_have_no_result(
    qtbot, finished, program, hand, recordings, trash
):
    recordings[0].write_bytes(b"another take")
    other = JobOptions(SpeakerCount(3, 3))
    program.service.submit([recordings[1]], other).result(60)
    qtbot.waitUntil(lambda: finished.jobs.rowCount() == 4)
    box = press_delete(qtbot, finished, 1, 2, 3)
    tick(qtbot, box)
    press(qtbot, box, "Remove")
    qtbot.waitUntil(lambda: "moved to the trash" in finished.message.text)
    said = finished.message.text
    assert said.startswith("0 recordings moved to the trash.")
    assert "First.wav stays: it is no longer the recording that was processed." in said
    assert "stays: another job in the list uses it." in said
    assert "Third.m4a stays: there is no result to compare it with." in said
    assert all(recording.exists() for recording in recordings)
    assert stored(program) == [4]


def test_recordings_stay_if_a_job_cannot_be_removed(qtbot, finished, program, hand, recordings):
    box = press_delete(qtbot, finished, 1, 3)
    tick(qtbot, box)
    hand.claim()  # the third starts meanwhile
    press(qtbot, box, "Remove")
    qtbot.waitUntil(lambda: "is running" in finished.message.text)
    assert stored(program) == [1, 2, 3]
    assert all(recording.exists() for recording in recordings)


def test_a_drive_without_a_trash_keeps_the_recording(
    qtbot, finished, program, recordings, tmp_path, monkeypatch
):
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"a file, in which nobody can create a folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(blocked))
    box = press_delete(qtbot, finished, 1)
    tick(qtbot, box)
    press(qtbot, box, "Remove")
    qtbot.waitUntil(lambda: "cannot move it to the trash" in finished.message.text)
    assert recordings[0].exists()
    assert stored(program) == [2, 3]
    assert removal_question.move_to_trash(tmp_path / "gone.wav") is False
