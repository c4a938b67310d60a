"""Dragging completed jobs out of the table as files."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import JobState
from fi_desktop.gui.drag_and_drop import export_data
from fi_desktop.gui.job_table.columns import column_index
from fi_desktop.gui.window_state import WindowState
from fi_desktop.system.files import RESULT
from tests.gui import samples
from tests.gui.events import drag_in, drop_files

LEFT = Qt.MouseButton.LeftButton
NOTHING = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def done(qtbot, window, hand, recordings) -> list[int]:
    """The first two jobs are completed, the third is waiting."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    jobs = [hand.claim(), hand.claim()]
    for seed, job in enumerate(jobs):
        hand.complete(job, samples.conversation(5, seed=seed))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 2)
    return [job.id for job in jobs]


def place(table, job_id: int, column: int = column_index("name")) -> QPoint:
    index = table.model().index_of_job(job_id)
    return table.visualRect(index.siblingAtColumn(column)).center()


def pull(table, at: QPoint, by: int = 60) -> None:
    """Press, move in small steps, and release."""
    ground = table.viewport()
    ending = QTimer(interval=10)  # on a real display, nobody releases the mouse
    ending.timeout.connect(QDrag.cancel)
    ending.start()
    QTest.mousePress(ground, LEFT, NOTHING, at)
    for step in range(1, by + 1, 4):
        QTest.mouseMove(ground, at + QPoint(0, -step))
    QTest.mouseRelease(ground, LEFT, NOTHING, at - QPoint(0, by))


def dragged(table) -> list[Path]:
    """Return the files of the last drag; offscreen, Qt ends it at once."""
    return [
        Path(url.toLocalFile())
        for drag in table.findChildren(QDrag)
        for url in drag.mimeData().urls()
        if drag.supportedActions() == Qt.DropAction.CopyAction
    ]


def test_dragging_a_name_drags_its_file(window, home, done):
    pull(window.table, place(window.table, done[0]))
    (file,) = dragged(window.table)
    assert file.name == "First.txt"
    assert "Speaker 1" in file.read_text(encoding="utf-8")
    assert "Draft, not reviewed." in file.read_text(encoding="utf-8")
    assert file.is_relative_to(home)
    assert [folder.stat().st_mode & 0o777 for folder in (file.parent, file.parent.parent)] == [0o700] * 2


def test_selected_jobs_are_dragged_together_in_the_last_format(window, home, done):
    WindowState(home).save_format("srt")
    window.table.selectAll()
    pull(window.table, place(window.table, done[0], column_index("state")))
    assert sorted(file.name for file in dragged(window.table)) == ["First.srt", "Second ñ.srt"]
    assert len(window.table.selected_rows()) == 3
    (drag,) = window.table.findChildren(QDrag)
    assert not drag.pixmap().isNull()


def test_small_move_starts_no_drag(window, done):
    pull(window.table, place(window.table, done[0]), by=QApplication.startDragDistance() - 1)
    assert not window.table.findChildren(QDrag)
    assert [row.id for row in window.table.selected_rows()] == [done[0]]


def test_jobs_without_a_result_cannot_be_dragged(window, done):
    waiting = max(done) + 1
    pull(window.table, place(window.table, waiting))
    assert not window.table.findChildren(QDrag)


def test_dragging_outside_the_name_extends_the_selection(window, done):
    table = window.table
    lower = max(done, key=lambda job_id: place(table, job_id).y())
    pull(table, place(table, lower, column_index("state")), by=table.rowHeight(0) * 2)
    assert not table.findChildren(QDrag)
    assert len(table.selected_rows()) > 1


def test_collapsed_batch_is_dragged_as_its_files(window, done):
    window.commands.collapse.trigger()
    table = window.table
    pull(table, table.visualRect(window.jobs.index(0, column_index("name"))).center())
    assert sorted(file.name for file in dragged(table)) == ["First.txt", "Second ñ.txt"]


def test_unreadable_result_is_reported(window, program, done):
    (program.service.folders.folder(done[0]) / RESULT).unlink()
    pull(window.table, place(window.table, done[0]))
    assert not window.table.findChildren(QDrag)
    assert window.message.text == "1 result cannot be read and was left out."


def test_too_many_files_are_refused_in_a_sentence(qtbot, window, hand, tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(31):
        (many / f"{number}.wav").write_bytes(b"RIFF" + str(number).encode())
    drop_files(window, many)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 31)
    for _ in range(31):
        hand.complete(hand.claim(), samples.conversation(2))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 31)
    window.table.selectAll()
    pull(window.table, window.table.visualRect(window.jobs.index(3, column_index("name"))).center())
    assert not window.table.findChildren(QDrag)
    assert window.message.text == "At most 30 files can be dragged. Use Export for more."


def test_files_of_our_own_drag_are_not_added(window, tmp_path):
    assert not drag_in(window, export_data([tmp_path / "First.txt"])).isAccepted()


def test_dragged_files_are_deleted_at_start_and_exit(qtbot, home, dressed, request):
    left = home / "outgoing" / "old" / "First.txt"
    left.parent.mkdir(parents=True)
    left.write_text("private")
    request.getfixturevalue("desktop")
    qtbot.waitUntil(lambda: not left.exists())
    window = request.getfixturevalue("window")
    done = request.getfixturevalue("done")
    pull(window.table, place(window.table, done[0]))
    (file,) = dragged(window.table)
    assert file.exists()
    desktop = request.getfixturevalue("desktop")
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    assert not (home / "outgoing").exists()


def test_dragged_files_follow_the_template_or_say_why_not(window, home, done):
    (home / "templates").mkdir()
    file = home / "templates" / "casa.toml"
    file.write_text('heading = "Clínica del Valle"\nfile_name = "{name} (copia)"', encoding="utf-8")
    window.templates.choose("casa")
    window.table.select(done[0])
    pull(window.table, place(window.table, done[0]))
    (dragged_file,) = dragged(window.table)
    assert dragged_file.name == "First (copia).txt"
    assert dragged_file.read_text(encoding="utf-8").startswith("Clínica del Valle\n")
    file.unlink()
    pull(window.table, place(window.table, done[0]))
    assert dragged(window.table) == [dragged_file]
    assert window.message.text == "There is no template casa. There are: consultation, interview."
