"""Printing results: from the table, several at once, and from a result's window."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog

from fi_desktop.exporters.exporter import LABELS, ExportOptions
from fi_desktop.exporters.html_ import render
from fi_desktop.exporters.template import PLAIN, DoubtStyle, PaperSize
from fi_desktop.gui.print_controller import print_pages
from fi_desktop.system.files import RESULT
from tests.gui import samples
from tests.gui.test_export import TITLE, done

__all__ = ["done"]  # a fixture

NUMBERING = LABELS["en"].page


def text_of(pdf: Path) -> list[str]:
    """Return the text of each page."""
    read = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True)
    return read.stdout.split("\f")[:-1]


def dialog_of(qtbot, controller) -> QPrintDialog:
    qtbot.waitUntil(lambda: controller.printing.dialog is not None)
    return controller.printing.dialog


def print_into(dialog: QPrintDialog, file: Path) -> None:
    """Choose a PDF file as the printer."""
    dialog.printer().setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    dialog.printer().setOutputFileName(str(file))
    dialog.done(QDialog.DialogCode.Accepted)


def pdf_printer(file: Path) -> QPrinter:
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(file))
    return printer


def test_results_of_the_table_are_printed_each_from_a_new_sheet(qtbot, window, done, tmp_path):
    file = tmp_path / "printed.pdf"
    window.table.selectAll()
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    print_into(dialog_of(qtbot, window.job_controller.exports), file)
    assert window.message.text == "2 results given to the printer."  # the waiting job has none
    pages = text_of(file)
    assert len(pages) == 2
    for page in pages:
        assert page.count(TITLE) >= 2  # as the heading, and at the bottom
        assert "Draft, not reviewed." in page
        assert "Page 1 of 1" in page


def test_result_is_printed_from_its_window(qtbot, window, done, tmp_path):
    file = tmp_path / "printed.pdf"
    window.windows.open(done[0])
    (opened,) = window.windows.all()
    qtbot.waitUntil(lambda: opened.result is not None)
    qtbot.keyClick(opened, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of(qtbot, opened.result.exports)
    assert dialog.isVisible()
    assert dialog.printer().docName() == "fi-desktop"  # a printer's queue names no patient
    print_into(dialog, file)
    assert opened.result.message.text == "1 result given to the printer."
    assert TITLE in text_of(file)[0]


def test_closed_dialog_prints_nothing_and_opens_again(qtbot, window, done, tmp_path):
    window.table.select(done[0])
    controller = window.job_controller.exports
    window.commands.export.print_requested.emit()
    dialog = dialog_of(qtbot, controller)
    dialog.printer().setOutputFileName(str(tmp_path / "printed.pdf"))
    dialog.reject()
    assert controller.printing.dialog is None
    assert not list(tmp_path.glob("*.pdf"))
    window.commands.export.print_requested.emit()
    dialog_of(qtbot, controller).reject()


def test_result_that_cannot_be_read_is_named(qtbot, window, program, done):
    (program.service.folders.folder(done[0]) / RESULT).write_text("{")
    window.table.select(done[0])
    window.commands.export.print_requested.emit()
    sentence = "1 result cannot be read. Retry the recording to make it again."
    qtbot.waitUntil(lambda: window.message.text == sentence)
    assert window.job_controller.exports.printing.dialog is None


def test_printer_that_does_not_take_the_pages_is_named(qtbot, qtlog, window, done, tmp_path):
    window.table.select(done[0])
    window.commands.export.print_requested.emit()
    dialog = dialog_of(qtbot, window.job_controller.exports)
    with qtlog.disabled():  # Qt warns, too
        print_into(dialog, tmp_path / "missing" / "printed.pdf")
    assert window.message.text == "The printer did not take the pages. Choose another one."


def test_pages_are_numbered_within_each_result_and_can_be_chosen(qtbot, tmp_path):
    pages = [render(samples.conversation(turns), ExportOptions()).decode() for turns in (5, 150)]
    whole = tmp_path / "whole.pdf"
    assert print_pages(pdf_printer(whole), pages, NUMBERING)
    numbers = [page.rstrip().splitlines()[-1].rpartition("Page ")[2] for page in text_of(whole)]
    assert len(numbers) > 4
    assert numbers == ["1 of 1", *(f"{number} of {len(numbers) - 1}" for number in range(1, len(numbers)))]
    printer = pdf_printer(tmp_path / "part.pdf")
    printer.setPrintRange(QPrinter.PrintRange.PageRange)
    printer.setFromTo(3, 4)
    assert print_pages(printer, pages, NUMBERING)
    assert text_of(tmp_path / "part.pdf") == text_of(whole)[2:4]


def test_nothing_is_lost_between_pages(qtbot, tmp_path):
    talk = samples.consultation()
    page = render(talk, ExportOptions()).decode()
    printer = pdf_printer(tmp_path / "printed.pdf")
    printer.setPageMargins(printer.pageLayout().margins() * 4)
    assert print_pages(printer, [page], NUMBERING)
    printed = " ".join(" ".join(text_of(tmp_path / "printed.pdf")).split())
    for segment in talk.segments:
        assert segment.text.split()[-1] in printed


@pytest.mark.parametrize(("paper", "width_mm"), [(PaperSize.A4, 210.0), (PaperSize.LETTER, 215.9)])
def test_template_says_the_paper(qtbot, window, done, tmp_path, paper, width_mm):
    controller = window.job_controller.exports
    template = replace(PLAIN, page=paper, doubts=DoubtStyle.UNDERLINED)
    window.table.select(done[0])
    results = window.job_controller.selected_results()
    controller.printing.request(results, ExportOptions(template=template), None)
    print_into(dialog_of(qtbot, controller), tmp_path / "printed.pdf")
    with pikepdf.open(tmp_path / "printed.pdf") as pdf:
        left, _, right, _ = map(float, pdf.pages[0].mediabox)
    assert (right - left) / 72 * 25.4 == pytest.approx(width_mm, abs=0.5)
