"""What a person does in the window is in the audit trail, and nothing that names anybody."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QDialog, QFileDialog

from fi_desktop.audio.media_files import phone_call
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.formats import of_people
from fi_desktop.audit.places import record_prints
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail
from fi_desktop.core.job import JobState
from fi_desktop.gui.result.review_bar import SignDialog
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.view import ResultView
from fi_desktop.jobs.audit_check import check_jobs, evidence_of
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.system.files import RESULT
from tests.gui.conftest import FakeApp, ManualQueueThread
from tests.gui.events import drop_files
from tests.gui.test_corrections import click_word, talk
from tests.gui.test_player import Recorder

NAME = "Zutanita Quiquirimundi.wav"


class AuditedApp(FakeApp):
    """The fake app with a real audit trail."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        folders = self.service.folders
        self.trail = AuditTrail(
            self.settings.audit, program="window", evidence=partial(evidence_of, folders), now=time.time
        )
        self.service = JobService(
            partial(JobStore, self.settings.store),
            folders,
            now=time.time,
            rng=random.Random(1),
            trail=self.trail,
        )
        self.hand = ManualQueueThread(self.service, self.settings)


@pytest.fixture
def program(home: Path) -> Iterator[AuditedApp]:
    program = AuditedApp(home)
    yield program
    program.trail.close()


def entries(program: AuditedApp) -> list[Entry]:
    verified = verify_trail(TrailStore(program.settings.audit))
    assert verified.findings == []
    return of_people(verified.entries)


def kinds(program: AuditedApp) -> list[str]:
    return [entry.fields["kind"] for entry in entries(program)]


@pytest.fixture
def job_id(qtbot, window, hand, tmp_path):
    """A completed job of a recording that is named after a patient."""
    recording = tmp_path / NAME
    recording.write_bytes(b"RIFF")
    drop_files(window, recording)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    job = hand.claim()
    hand.complete(job, talk())
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1)
    return job.id


def test_open_copy_export_and_remove_are_recorded(qtbot, window, job_id, program, tmp_path):
    window.table.select(job_id)
    qtbot.keyClick(window.table, Qt.Key.Key_Return)
    (opened,) = window.windows.all()
    qtbot.waitUntil(lambda: opened.result is not None)
    opened.result.text.table.choose(1)
    opened.result.text.table.setFocus()
    qtbot.keySequence(opened.result.text.table, QKeySequence(QKeySequence.StandardKey.Copy))
    opened.result.exports.request([opened.result.export._result()], "txt")
    (dialog,) = (d for d in opened.findChildren(QFileDialog) if d.isVisible())
    dialog.fileSelected.emit(str(tmp_path / "Zutanita.txt"))
    dialog.done(QFileDialog.DialogCode.Accepted)
    qtbot.waitUntil((tmp_path / "Zutanita.txt").exists)
    window.job_controller.copy_names()
    window.finder.open().close()
    opened.close()
    program.service.remove([job_id]).result(120)
    qtbot.waitUntil(lambda: "removed" in kinds(program))
    found = {entry.fields["kind"]: entry.fields for entry in entries(program)}
    # the queue's own acts are collected for a moment, so their order among the others varies
    assert sorted(kinds(program)) == [
        "added",
        "completed",
        "copied",
        "copied",
        "exported",
        "opened",
        "removed",
        "searched",
    ]
    assert found["added"]["name"] == program.trail.code(NAME)
    assert found["opened"]["result"] == found["exported"]["result"] != ""
    exported = found["exported"]["detail"]
    assert (exported["format"], exported["place"]) == ("txt", "other")
    assert exported["folder"] == program.trail.code(str(tmp_path))
    assert found["removed"]["detail"] == {"by": "person"}
    whole = b"".join(line.content for line in TrailStore(program.settings.audit).lines()).decode()
    for private in ("Zutanita", "Quiquirimundi", str(tmp_path), "morning", "doctor"):
        assert private not in whole


def test_prints_are_recorded_with_where_they_went(qtbot, window, job_id, program, tmp_path):
    window.table.select(job_id)
    window.commands.export.print_requested.emit()
    controller = window.job_controller.exports.printing
    qtbot.waitUntil(lambda: controller.dialog is not None)
    printer = controller.dialog.printer()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "Zutanita.pdf"))
    controller.dialog.done(QDialog.DialogCode.Accepted)
    record_prints(program.trail, [job_id], None)  # as with a printer, which this machine lacks
    file, printer = (e.fields for e in entries(program) if e.fields["kind"] == "printed")
    assert printer["detail"] == {"place": "printer"}
    assert printer["job"] == file["job"] == job_id
    where = {"folder": program.trail.code(str(tmp_path)), "file": program.trail.code("Zutanita.pdf")}
    assert file["detail"] == {"place": "other", **where}
    assert file["result"]


@pytest.fixture
def view(qtbot, dressed, bridge, program):
    """A result on its own, with something that plays."""
    program.hand.start()
    program.service.submit([phone_call()], again=True).result(120)
    job = program.hand.claim()
    program.hand.complete(job, talk())
    session = ReviewSession(job.id, program.service.folders.result(job.id), program.service, bridge)
    recorder = Recorder()
    view = ResultView(session, str(phone_call()), bridge, output=lambda: recorder)
    recorder.setParent(view)
    qtbot.addWidget(view, before_close_func=ResultView.close_player)
    view.resize(1100, 760)
    view.show()
    qtbot.waitExposed(view)
    yield view
    view.close_player()
    program.hand.stop()


def test_played_edited_and_signed_are_recorded(qtbot, view, program):
    click_word(qtbot, view, 1, 2)
    assert view.player.playing
    click_word(qtbot, view, 0, 1)
    view.text.table.choose(0)
    qtbot.keyClick(view.text.table, Qt.Key.Key_F2)
    qtbot.keyClicks(view.corrections.editor, " friend")
    qtbot.keyClick(view.corrections.editor, Qt.Key.Key_Return)
    view.review.sign.click()
    dialog = view.review.findChild(SignDialog)
    qtbot.waitUntil(dialog.name.hasFocus)
    dialog.name.clear()
    qtbot.keyClicks(dialog.name, "Dra. Robles")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.session.all_saved)
    qtbot.waitUntil(lambda: "signed" in kinds(program))
    assert sorted(kinds(program)) == ["added", "completed", "edited", "played", "reviewed", "signed"]
    signed = entries(program)[-1].fields
    review = next(program.service.folders.folder(view.session.job_id).glob("review-*"))
    assert len(signed["detail"]["review"]) == 64
    assert "Robles" not in str(signed)
    ids = [view.session.job_id]
    assert list(check_jobs(entries(program), ids, program.service.folders)) == []
    review.write_bytes(review.read_bytes().replace(b"friend", b"enemy!"))
    (finding,) = check_jobs(entries(program), ids, program.service.folders)
    assert str(finding).startswith(f"The result of job {ids[0]} is not the one in entry ")


def test_a_changed_a_lost_and_an_erased_result_are_named(qtbot, window, job_id, program):
    qtbot.waitUntil(lambda: "completed" in kinds(program))
    folders = program.service.folders
    found = entries(program)
    result = folders.folder(job_id) / RESULT
    content = result.read_bytes()
    result.write_bytes(content.replace(b"doctor", b"driver"))
    (changed,) = check_jobs(found, [job_id], folders)
    assert str(changed).startswith(f"The result of job {job_id} is not the one in entry ")
    result.unlink()
    (gone,) = check_jobs(found, [job_id], folders)
    assert str(gone).endswith("is gone.")
    assert [str(note) for note in check_jobs(found, [], folders)] == [
        f"Job {job_id} is gone, and the audit trail has no entry about its removal."
    ]
